//! From a photo collection and any encoder to a finished model pack.
//!
//! # What it does
//! The encoder stays frozen. Photos become features, once; small heads map features to a photo space and to a space of
//! places; the photos become a gallery; the numbers of the vote and a model of confidence are fitted on queries that their
//! heads have not seen, in three regimes: as the gallery is, without the query's author, with nothing near the truth. At
//! the end stands a pack, and a report on photos that nothing was fitted to.
//!
//! Each [`Step`] keeps what it made in the work directory, under a name made of its settings and inputs. A build that is
//! stopped continues where it was; a setting that changes makes anew what depends on it, and no more. Features are made
//! in parts that machines can share ([`Shard`]). The same photos, settings and seed give the same bytes.
//!
//! # Main types
//! [`BuildConfig`] is the `pack.toml` of a build, [`build`] runs it, [`Run`] carries progress and the wish to stop,
//! [`BuildError`] says what is wrong and what to do about it.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//! use pack_builder::{BuildConfig, BuildOptions, Run, build};
//!
//! let config = BuildConfig::open("pack.toml".as_ref())?;
//! let run = Run { stop: &AtomicBool::new(false), tell: &|_| {} };
//! let built = build(&config, &BuildOptions::default(), &run)?;
//! println!("{}", built.report);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! A graph of tasks of a workflow engine. There are nine steps in one order, and what matters is that their keys are right,
//! which no engine knows better. Fine-tuning the encoder: see the front page of `train`.
#![forbid(unsafe_code)]

mod build;
mod choose;
mod confidence;
mod config;
mod corpus;
mod error;
mod evidence;
mod features;
mod field;
mod folds;
mod gallery_files;
mod judge;
mod list;
mod near_duplicates;
mod pack_files;
mod places;
mod plan;
mod report;
mod space;
mod work;

use std::sync::atomic::AtomicBool;

pub use build::{BuildOptions, Built, Step, build};
pub use config::{
    BuildConfig, ConfidenceConfig, EncoderConfig, FoldsConfig, HeadsConfig, LocationsConfig, PhotosConfig,
    RankerChoice, RankerConfig, RefuseConfig, RetrievalConfig,
};
pub use error::BuildError;
pub use features::Shard;
pub use plan::plan;

/// What a running build says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A step begins, or is there already.
    Step {
        /// Which.
        step: Step,
        /// Whether it was made by an earlier run.
        known: bool,
    },
    /// So much of the step's present work is done.
    Count {
        /// Done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// Something to know.
    Note(&'a str),
}

/// How a build is watched and stopped.
pub struct Run<'a> {
    /// Set it, and the build ends soon; what was made is kept.
    pub stop: &'a AtomicBool,
    /// Is told what happens, from several threads.
    pub tell: &'a (dyn Fn(Event<'_>) + Sync),
}

impl Run<'_> {
    fn tell(&self, event: Event<'_>) {
        (self.tell)(event);
    }
}
