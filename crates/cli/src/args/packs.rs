//! Arguments of `georanker packs`.

use clap::Args;

use super::PackArguments;

/// `georanker packs`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Packs are looked for in GEORANKER_PACKS (default: ~/.local/share/georanker/packs), in `packs` beside the program and in \
the working directory; a pack named with --pack or GEORANKER_PACK is listed too.")]
pub struct PacksArguments {
    /// The pack to list as well.
    #[command(flatten)]
    pub pack: PackArguments,
    /// Read every file and verify its checksum; otherwise only presence and lengths are checked.
    #[arg(long)]
    pub verify: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}
