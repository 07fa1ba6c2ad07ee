//! What can be said in the TOML file of a training.
//!
//! # What it does
//! The file has one table, in which the settings of the loop and of the model stand side by side. Serde reads both; what
//! neither knows is refused with the name that was probably meant, and every error names the file, the line, the field
//! and what it may be. What was read, defaults included, is the [`Record`] of the run: it is written beside the
//! checkpoints, and a resumed run must have the same.
//!
//! # Main types
//! [`EngineSettings`] are those of the loop, shared by all rankers; [`VlmSettings`] and [`SetSettings`] those of the
//! models. [`Configuration`] is a file of both. `docs/src/training.md` lists all fields.
//!
//! ```
//! use train::configuration::{Configuration, SetSettings};
//!
//! let text = "out = 'run'\nmodel = 'pack'\ndata = 'train.parquet'\nphotos = 'photos'\n";
//! let configuration = Configuration::<SetSettings>::parse("train.toml", &format!("{text}steps = 100\n"))?;
//! assert_eq!(configuration.engine.steps, Some(100));
//! let wrong = Configuration::<SetSettings>::parse("train.toml", &format!("{text}batch_querys = 4\n"));
//! assert_eq!(wrong.unwrap_err().to_string(), "train.toml, line 5: batch_querys: no such field");
//! # Ok::<(), train::configuration::ConfigurationError>(())
//! ```
//!
//! # Alternatives considered
//! `#[serde(flatten)]` of both settings into one struct. It would lose the path to the field in every error.

mod engine;
mod error;
mod models;
mod source;

pub use engine::{BestBy, CountOrShare, EngineSettings, SaveWhich};
pub use error::ConfigurationError;
pub use models::{SetSettings, VlmSettings};
pub use source::{Configuration, ModelSettings, Record, Source};
