//! The loop that trains a ranker, whatever ranker it is.
//!
//! # What it does
//! A model is a pure function of its parameters ([`TrainableRanker`]); everything that changes lives here: the f32 master
//! values, the optimiser's moments, the step. What a step does depends on the run's seed and the step's number alone,
//! never on what happened before in this process, so a run that was killed and resumed makes the same steps, bit for
//! bit, as one that was not.
//!
//! # Main types
//! [`train`] runs; [`AdamW`], [`Schedule`] and [`clip_to_norm`] make a step of gradients; [`DataOrder`] says which queries
//! a step looks at; `checkpoint` and `logs` keep what was done; [`Collective`] is where several processes meet;
//! [`Progress`] is told what happens.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//! use train::configuration::{EngineSettings, Record};
//! use train::engine::{NoProgress, Run, SingleProcess, TrainableRanker, train};
//!
//! fn run(ranker: &dyn TrainableRanker) -> Result<(), train::engine::EngineError> {
//!     let settings = EngineSettings { steps: Some(100), ..EngineSettings::default() };
//!     let outcome = train(Run {
//!         ranker,
//!         settings: &settings,
//!         record: &Record::new(),
//!         resume: false,
//!         collective: &SingleProcess,
//!         progress: &mut NoProgress,
//!         stop: &AtomicBool::new(false),
//!     })?;
//!     println!("{} steps", outcome.steps);
//!     Ok(())
//! }
//! ```
//!
//! # Alternatives considered
//! An optimiser over the model's own tensors (candle's). It would keep state where only candle can find it, and tie
//! every model to one framework; a flat f32 vector a parameter is what a checkpoint, an all-reduce and a test can read.

mod checkpoint;
mod collective;
mod error;
mod finished;
mod logs;
mod not_finite;
mod optimizer;
mod order;
pub mod plots;
mod progress;
mod run;
mod run_directory;
mod schedule;
mod step;
mod trainable;
mod validation;

pub use collective::{Collective, SingleProcess};
pub use error::EngineError;
pub use finished::{End, Outcome};
pub use logs::{LogRow, ValidationRow, read_log};
pub use optimizer::{AdamW, clip_to_norm, global_norm};
pub use order::DataOrder;
pub use progress::{NoProgress, Plan, Progress};
pub use run::{Run, train};
pub use run_directory::can_begin;
pub use schedule::{Schedule, Shape};
pub use trainable::{Gradients, GroupReport, Parameter, StepContext, TrainableRanker, ValidationGroup};
