//! The real binary, run as its users run it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod binary;
mod curate;
mod gallery;
mod locate;
mod official;
mod retrieval;
mod score;
mod score_golden;
mod train;
