//! What a checkpoint says about writing: `generation_config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::NetworkError;
use crate::fields::Fields;

/// Where texts end, and how the publisher would have them written.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationDefaults {
    /// Tokens that end a text; from `generation_config.json`, else from `config.json`. Empty: only its length does.
    pub end_tokens: Vec<u32>,
    /// `repetition_penalty`, 1 if nothing is said.
    pub repetition_penalty: f64,
}

impl GenerationDefaults {
    /// Reads the files of a checkpoint directory; `generation_config.json` may be missing. `vocabulary` is that of the
    /// network. Temperature, `top_k` and `top_p` are not read: the published ones (0.01, 1, 0.001) make every sample the
    /// same text.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::Config`].
    pub fn from_directory(directory: &Path, vocabulary: usize) -> Result<Self, NetworkError> {
        let mut defaults = Self { end_tokens: Vec::new(), repetition_penalty: 1.0 };
        for name in ["generation_config.json", "config.json"] {
            let path = directory.join(name);
            let file = path.display().to_string();
            let json = match std::fs::read_to_string(&path) {
                Ok(json) => json,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(NetworkError::Read { file, source }),
            };
            let object: Map<String, Value> =
                serde_json::from_str(&json).map_err(|error| NetworkError::Config {
                    file: file.clone(),
                    field: format!("line {}", error.line()),
                    why: error.to_string(),
                })?;
            let top = Fields { file: &file, prefix: "", object: &object, fallback: None };
            if name == "generation_config.json" {
                defaults.repetition_penalty = top.positive("repetition_penalty", 100.0, Some(1.0))?;
            }
            let nested = top.object("text_config")?;
            let fields = Fields { fallback: nested, ..top };
            defaults.end_tokens = end_tokens(&fields, vocabulary)?;
            if !defaults.end_tokens.is_empty() {
                break;
            }
        }
        Ok(defaults)
    }
}

/// `eos_token_id`: one, a list, or none.
fn end_tokens(fields: &Fields<'_>, vocabulary: usize) -> Result<Vec<u32>, NetworkError> {
    const FIELD: &str = "eos_token_id";
    let Some(value) = fields.get(FIELD) else { return Ok(Vec::new()) };
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter()
        .map(|value| {
            value
                .as_u64()
                .and_then(|id| u32::try_from(id).ok())
                .filter(|&id| (id as usize) < vocabulary)
                .ok_or_else(|| {
                    fields.error(FIELD, format!("{value} is not a token below the vocabulary's {vocabulary}"))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<GenerationDefaults, String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        GenerationDefaults::from_directory(directory.path(), 100).map_err(|error| error.to_string())
    }

    #[test]
    fn end_tokens_come_from_the_first_file_that_names_some() {
        let config = ("config.json", r#"{"eos_token_id": 7}"#);
        let both = read(&[config, ("generation_config.json", r#"{"eos_token_id": [3, 5], "top_k": 1}"#)]);
        assert_eq!(both.unwrap().end_tokens, [3, 5]);
        let one = read(&[config, ("generation_config.json", r#"{"repetition_penalty": 1.05}"#)]).unwrap();
        assert_eq!((one.end_tokens, one.repetition_penalty), (vec![7], 1.05));
        let nested = read(&[("config.json", r#"{"text_config": {"eos_token_id": 9}}"#)]).unwrap();
        assert_eq!((nested.end_tokens, nested.repetition_penalty), (vec![9], 1.0));
        assert!(read(&[]).unwrap().end_tokens.is_empty());
    }

    #[test]
    fn what_is_no_token_is_named() {
        for bad in [r#"{"eos_token_id": 100}"#, r#"{"eos_token_id": ["x"]}"#, r#"{"eos_token_id": -1}"#] {
            let message = read(&[("generation_config.json", bad)]).unwrap_err();
            assert!(message.contains("generation_config.json: eos_token_id"), "{message}");
        }
    }
}
