//! Where a pack's encoder or a training runs.

use std::num::NonZeroUsize;

use clap::Args;
use contract::Failure;
use georanker::{DeviceChoice, LoadOptions};

/// Device and threads: the part of [`LoadOptions`] that a pack or a training configuration leaves open.
#[derive(Clone, Debug, Args)]
pub struct DeviceArguments {
    /// Device to run on: cpu, or cuda in a build with `--features cuda`.
    #[arg(long, value_name = "cpu|cuda|cuda:N", default_value = "cpu")]
    pub device: String,
    /// Number of threads [default: one per core].
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

impl DeviceArguments {
    /// The options. Threads are not among them: the pool belongs to the whole process.
    ///
    /// # Errors
    /// [`contract::ErrorKind::Usage`] for a device that has another name.
    pub fn resolve(&self) -> Result<LoadOptions, Failure> {
        Ok(LoadOptions { device: device("", &self.device)?, ..LoadOptions::default() })
    }
}

/// Reads the value of `--device`, in the command's own words; `prefix` is what its options start with, such as `judge-`.
///
/// # Errors
/// [`contract::ErrorKind::Usage`] naming the option.
pub(super) fn device(prefix: &str, name: &str) -> Result<DeviceChoice, Failure> {
    name.parse().map_err(|error| {
        let failure = Failure::from_error(&error);
        Failure { message: format!("--{prefix}{}", failure.message), ..failure }
    })
}
