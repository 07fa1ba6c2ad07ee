//! The training engine on a small analytic model.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]
#![allow(clippy::float_cmp, reason = "what is exact must be exact")]

mod configuration;
mod directory;
mod learning;
mod model;
mod parallel;
mod resume;
mod steps;
mod trouble;
