//! The LVLM ranker: prompts, scoring, photo features that are kept.

pub mod prompt;
