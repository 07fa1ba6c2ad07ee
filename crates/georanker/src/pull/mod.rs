//! Published weights: fetched, checked, and described as packs.
//!
//! # What it does
//! A pack that is too large for a repository is a [`Recipe`]: names of repositories and of the files that are wanted of
//! them. [`Puller::pull`] fetches what is missing and writes `recipe.toml` into a pack directory: every file's length,
//! SHA-256, licence and place. Files of Hugging Face repositories lie in the cache that the Python library uses too, so
//! nothing is downloaded or stored twice; beside `recipe.toml` is a link for each part, which other commands take as a
//! model's directory (`--model packs/georanker-7b/model`), and for encoders a `pack.toml`, so that `gallery build --pack` and
//! `locate --pack` open it.
//!
//! # Main types
//! [`recipes`] knows the official repositories; [`hub`] speaks to the hub and keeps its cache; [`Puller`] does the work,
//! watched by a [`Watch`]; [`PulledPack`] is `recipe.toml` read back, and checked; [`shelf`] finds the packs of a machine.
//!
//! ```
//! use georanker::pull::recipes;
//!
//! let recipe = recipes::named("georanker-7b").expect("a built-in recipe");
//! let parts: Vec<&str> = recipe.parts.iter().map(|part| part.name.as_str()).collect();
//! assert_eq!(parts, ["model", "adapter"]);
//! ```
//!
//! # Alternatives considered
//! The crate `hf-hub` (0.5). It keeps the same cache, but compares no checksum, knows nothing of `HF_HUB_OFFLINE`, tells a
//! gated repository from a missing one by a status code in a string only, and cannot fetch the two official parts that lie
//! on GitHub. What remains of it, a request and a range header, is [`fetch`] on `ureq`, which the program has anyway.

mod checksum;
mod error;
pub mod fetch;
pub mod hub;
mod manifest;
mod merge;
mod pack_file;
mod puller;
pub mod recipes;
mod redirect;
mod release;
mod shards;
pub mod shelf;
mod standing;
mod wheel;

pub use self::checksum::Checksum;
pub use self::error::PullError;
pub use self::fetch::{NoWatch, Watch};
pub use self::manifest::{PackProblem, PulledFile, PulledPack, PulledPart, RECIPE_FILE, RECIPE_FORMAT};
pub use self::puller::{PullOptions, Puller};
pub use self::recipes::{PackKind, Part, Recipe, Source, Wheel};
