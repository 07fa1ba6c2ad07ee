//! The real binary, run as its users run it.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod bad_input;
mod binary;
mod certainty;
mod chat_server;
mod curate;
mod encoders;
#[path = "../../../georanker/tests/fake_hub/mod.rs"]
mod fake_hub;
mod folders;
mod gallery;
mod generate;
mod generate_care;
mod generate_local;
mod generate_models;
mod generate_places;
mod judge;
mod local_chat;
mod locate;
mod metadata;
#[cfg(target_os = "linux")]
mod no_locks;
mod official;
mod outputs;
mod pack_build;
mod pull;
mod retrieval;
mod score;
mod score_golden;
mod several;
#[path = "../../../georanker/tests/tiny_clip/mod.rs"]
mod tiny_clip;
mod train;
mod written;
