//! `--force` of all commands that write files.

/// The way past a refusal to overwrite.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct ForceArguments {
    /// Replace files that georanker did not write or that were changed since.
    #[arg(long)]
    pub force: bool,
}
