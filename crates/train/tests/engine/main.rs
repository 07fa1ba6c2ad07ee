//! The training engine on a small analytic model.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod configuration;
mod directory;
mod learning;
mod model;
mod parallel;
mod resume;
mod steps;
mod trouble;
