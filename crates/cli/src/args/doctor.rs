//! Arguments of `georanker doctor`.

use std::path::PathBuf;

use clap::Args;

use super::PackArguments;

/// `georanker doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The model pack.
    #[command(flatten)]
    pub pack: PackArguments,
    /// Look at this gallery instead of the pack's own.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub gallery: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}
