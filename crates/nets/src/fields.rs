//! Reading numbers out of a `config.json`, with errors that name file and field.

use serde_json::{Map, Value};

use crate::error::NetworkError;

/// An object of a configuration file, and where its fields may lie as well.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    /// The file, for messages.
    pub(crate) file: &'a str,
    /// What stands before a field's name in messages, as `vision_config.`.
    pub(crate) prefix: &'a str,
    /// The object.
    pub(crate) object: &'a Map<String, Value>,
    /// Where to look for a field that the object lacks.
    pub(crate) fallback: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    /// A field; null counts as absent, as in Python.
    pub(crate) fn get(&self, field: &str) -> Option<&'a Value> {
        let present = |object: &'a Map<String, Value>| object.get(field).filter(|value| !value.is_null());
        present(self.object).or_else(|| self.fallback.and_then(present))
    }

    pub(crate) fn error(&self, field: &str, why: impl Into<String>) -> NetworkError {
        NetworkError::Config {
            file: self.file.into(),
            field: format!("{}{field}", self.prefix),
            why: why.into(),
        }
    }

    fn missing(&self, field: &str) -> NetworkError {
        self.error(field, "the field is missing")
    }

    /// An object inside this one.
    pub(crate) fn object(&self, field: &str) -> Result<Option<&'a Map<String, Value>>, NetworkError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(self.error(field, format!("{other} is not an object"))),
        }
    }

    /// A count in `1..=most`. Without a default the field must be there.
    pub(crate) fn count(
        &self,
        field: &str,
        most: usize,
        default: Option<usize>,
    ) -> Result<usize, NetworkError> {
        let Some(value) = self.get(field) else { return default.ok_or_else(|| self.missing(field)) };
        value
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| (1..=most).contains(count))
            .ok_or_else(|| self.error(field, format!("{value} is not a whole number in 1..={most}")))
    }

    /// A positive, finite number of at most `most`. Without a default the field must be there.
    pub(crate) fn positive(&self, field: &str, most: f64, default: Option<f64>) -> Result<f64, NetworkError> {
        let Some(value) = self.get(field) else { return default.ok_or_else(|| self.missing(field)) };
        value
            .as_f64()
            .filter(|&number| number > 0.0 && number <= most)
            .ok_or_else(|| self.error(field, format!("{value} is not a number above 0 and up to {most}")))
    }

    /// The id of a token of the vocabulary. Without a default the field must be there.
    pub(crate) fn token(
        &self,
        field: &str,
        vocabulary: usize,
        default: Option<u32>,
    ) -> Result<u32, NetworkError> {
        let id = match self.get(field) {
            None => default.ok_or_else(|| self.missing(field))?,
            Some(value) => value
                .as_u64()
                .and_then(|id| u32::try_from(id).ok())
                .ok_or_else(|| self.error(field, format!("{value} is not a token id")))?,
        };
        if (id as usize) < vocabulary {
            Ok(id)
        } else {
            Err(self.error(field, format!("{id} is not below the vocabulary's size, {vocabulary}")))
        }
    }

    /// A flag.
    pub(crate) fn flag(&self, field: &str, default: bool) -> Result<bool, NetworkError> {
        match self.get(field) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.error(field, format!("{other} is neither true nor false"))),
        }
    }

    /// A word.
    pub(crate) fn word(&self, field: &str) -> Result<Option<&'a str>, NetworkError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(word)) => Ok(Some(word)),
            Some(other) => Err(self.error(field, format!("{other} is not a text"))),
        }
    }

    /// A word that must be one of those known, if it is there.
    pub(crate) fn only(&self, field: &str, known: &[&str]) -> Result<(), NetworkError> {
        match self.word(field)? {
            Some(word) if !known.contains(&word) => {
                Err(self.error(field, format!("{word:?} is not supported, only {}", known.join(" or "))))
            }
            _ => Ok(()),
        }
    }
}
