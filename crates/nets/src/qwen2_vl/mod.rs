//! Qwen2-VL: the vision-language network behind the LVLM ranker.

pub mod chat_template;
pub mod config;
mod fields;
pub mod patches;
pub mod tensor_names;
pub mod tokenizer;
