//! The LVLM ranker: prompts, scoring, photo features that are kept.

pub mod prompt;
pub mod score;
pub mod vision_cache;
