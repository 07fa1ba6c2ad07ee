//! Arguments of `georanker pull`.

use std::path::PathBuf;

use clap::Args;
use contract::{ErrorKind, Failure};
use georanker::pull::{Part, PullOptions, Recipe, Source, recipes};

/// `georanker pull`.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files from the Hugging Face hub are stored in the cache of the Python library and are not downloaded twice. HF_HOME, \
HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE work as they do there. Interrupted downloads resume where they \
stopped. Every file's checksum is verified.

The pack, a directory with recipe.toml and one link per part, is written to GEORANKER_PACKS (default: \
~/.local/share/georanker/packs): `georanker score --model PACKS/georanker-7b/model --adapter PACKS/georanker-7b/adapter`.")]
pub struct PullArguments {
    /// Pack to download: g3, geoclip, georanker-7b, or any checkpoint on the hub as ORGANISATION/NAME or
    /// ORGANISATION/NAME@REVISION.
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<String>,
    /// Download a part from another repository of the hub; may be repeated.
    #[arg(long = "repo", value_name = "[PART=]ORGANISATION/NAME[@REVISION]")]
    pub repositories: Vec<String>,
    /// Take the part that this wheel of the Python package index holds from it (geoclip 1.3.0), not from GitHub.
    #[arg(long, value_name = "FILE")]
    pub wheel: Option<PathBuf>,
    /// Create the pack's directory in DIR.
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Work offline, using cached files only (as HF_HUB_OFFLINE=1).
    #[arg(long)]
    pub offline: bool,
    /// List the packs that can be downloaded, then exit.
    #[arg(long, conflicts_with_all = ["repositories", "wheel", "into", "offline", "name"])]
    pub list: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What was asked for, checked.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// What to fetch.
    pub recipe: Recipe,
    /// From where, to where.
    pub options: PullOptions,
}

impl PullArguments {
    /// Finds the recipe and what the environment says.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self) -> Result<PullRequest, Failure> {
        let name = self.name.clone().unwrap_or_default();
        let Some(mut recipe) = recipes::named(&name) else {
            let known: Vec<String> = recipes::all().into_iter().map(|recipe| recipe.name).collect();
            return Err(Failure::from_error(&georanker::pull::PullError::UnknownPack {
                name,
                known: known.join(", "),
            }));
        };
        for given in &self.repositories {
            recipe = recipe.with_repository(given)?;
        }
        let mut options = PullOptions::from_environment();
        if let Some(directory) = &self.into {
            if directory.is_file() {
                let message = format!("--into {}: that is a file", directory.display());
                return Err(Failure::new(ErrorKind::Usage, message).with_hint("name a directory"));
            }
            options.packs.clone_from(directory);
        }
        options.hub.offline |= self.offline;
        let holds = |part: &Part| matches!(&part.source, Source::GitHub { wheel: Some(_), .. });
        if self.wheel.is_some() && !recipe.parts.iter().any(holds) {
            let failure = Failure::new(
                ErrorKind::Usage,
                format!("--wheel: no part of {} comes in a wheel", recipe.name),
            );
            return Err(failure.with_hint("leave --wheel out; geoclip without --repo weights=... takes one"));
        }
        options.wheel.clone_from(&self.wheel);
        Ok(PullRequest { recipe, options })
    }
}
