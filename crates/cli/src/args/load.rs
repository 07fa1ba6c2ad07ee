//! How a network is loaded: one set of options for every command that opens one.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use contract::{ErrorKind, Failure};
use nets::{ComputeType, DeviceChoice, LoadOptions};

/// What `--weights` can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WeightStorage {
    /// Number format of the computation.
    #[default]
    Stored,
    /// 8 bits per weight.
    Q8,
    /// 4 bits per weight.
    Q4,
}

/// What was typed; `prefix` is what the command's options start with, such as `judge-`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    pub(super) prefix: &'a str,
    pub(super) device: &'a str,
    pub(super) dtype: ComputeType,
    pub(super) weights: WeightStorage,
    pub(super) weights_cache: Option<&'a Path>,
}

impl Typed<'_> {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub(super) fn resolve(self) -> Result<LoadOptions, Failure> {
        let Self { prefix, device, dtype, weights, weights_cache } = self;
        if weights_cache.is_some() && weights == WeightStorage::Stored {
            let message = format!("--{prefix}weights-cache keeps quantised weights, and none were asked for");
            return Err(
                Failure::new(ErrorKind::Usage, message).with_hint(format!("add --{prefix}weights q4 or q8"))
            );
        }
        let device = super::device::device(prefix, device)?;
        // What this build or this machine lacks is said before anything is read.
        device.open().map_err(|error| Failure {
            message: format!("--{prefix}device: {error}"),
            ..Failure::from(error)
        })?;
        if device != DeviceChoice::Cpu && weights != WeightStorage::Stored {
            let message = format!("--{prefix}weights q8 and q4 are for the CPU");
            return Err(Failure::new(ErrorKind::Usage, message)
                .with_hint(format!("on a GPU use --{prefix}dtype bf16")));
        }
        Ok(LoadOptions {
            device,
            dtype,
            weights: match weights {
                WeightStorage::Stored => nets::WeightStorage::AsInFile,
                WeightStorage::Q8 => nets::WeightStorage::Q8,
                WeightStorage::Q4 => nets::WeightStorage::Q4,
            },
            weights_cache: weights_cache.map(PathBuf::from),
            ..LoadOptions::default()
        })
    }
}
