//! What can be said in the TOML file of a training.
//!
//! # Idea
//! A file is read field by field, each with its range and default, through [`Fields`]; what nobody asked for is refused
//! with the name that was probably meant. What was read, defaults included, is the [`Record`] of the run: it is written
//! beside the checkpoints, and a resumed run must have the same.
//!
//! # Cast
//! [`EngineSettings`] are those of the loop, shared by all rankers; [`VlmSettings`] and [`SetSettings`] those of the
//! models. `docs/src/training.md` lists all of them.
//!
//! ```
//! use train::configuration::{EngineSettings, Fields};
//!
//! let mut fields = Fields::parse("train.toml", "out = 'run'\nsteps = 100\nbatch_querys = 4\n")?;
//! let settings = EngineSettings::read(&mut fields)?;
//! assert_eq!(settings.steps, Some(100));
//! let message = fields.finish().unwrap_err().to_string();
//! assert!(message.contains("batch_querys"), "{message}");
//! # Ok::<(), train::configuration::ConfigurationError>(())
//! ```
//!
//! # The choice not taken
//! Deriving a reader. It would say what is wrong in the words of a parser; here every message names the file, the line,
//! the field, and what it may be.

mod engine;
mod error;
mod fields;
mod models;

pub use engine::{BestBy, EngineSettings, SaveWhich};
pub use error::ConfigurationError;
pub use fields::{CountOrShare, Fields, Record};
pub use models::{SetSettings, TrainDtype, TrainReencode, VlmSettings};
