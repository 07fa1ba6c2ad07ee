//! The text of a configuration: read by serde, with errors that name the field and its line.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use contract::closest_name;
use formats::complaint::Complaint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use toml::Value;

use super::engine::LossFields;
use super::{ConfigurationError, EngineSettings};
use crate::engine::Schedule;

/// What a run was told, defaults included: field to value, in the order of names.
pub type Record = serde_json::Map<String, Json>;

/// Fields that hold paths: those that are not absolute start at the configuration's folder.
const PATHS: [&str; 6] = ["model", "adapter", "data", "validation", "photos", "out"];

/// Settings of a model, as they stand in the file beside those of the loop.
pub trait ModelSettings: Default + Serialize + DeserializeOwned {
    /// Checks what their types do not say.
    ///
    /// # Errors
    /// A field that is missing or out of range.
    fn check(&self, source: &Source) -> Result<(), ConfigurationError>;
}

/// A configuration file, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration<M> {
    /// Settings of the loop.
    pub engine: EngineSettings,
    /// Settings of the model.
    pub model: M,
    /// All of them as they stand in a file, defaults included, paths absolute.
    pub record: Record,
}

impl<M: ModelSettings> Configuration<M> {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML; a field that is unknown, missing, of the wrong kind or out of range; a
    /// path whose folder is not named in UTF-8.
    pub fn read(file: &Path) -> Result<Self, ConfigurationError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigurationError::Read { file: file.to_path_buf(), source })?;
        Self::parse(file, &text)
    }

    /// Reads a text; `file` is its name in messages, and paths in it start at the file's folder.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(file: impl AsRef<Path>, text: &str) -> Result<Self, ConfigurationError> {
        let source = Source::parse(file.as_ref(), text)?;
        let defaults = [
            names(&EngineSettings::default()),
            names(&LossFields::default()),
            names(&Schedule::default()),
            names(&M::default()),
        ];
        source.only_known(&defaults.iter().flat_map(Record::keys).map(String::as_str).collect::<Vec<_>>())?;
        let mut engine: EngineSettings = source.settings()?;
        engine.check(&source)?;
        let mut loss: LossFields = source.settings()?;
        engine.loss = loss.check(&source)?;
        engine.schedule = source.settings()?;
        let model: M = source.settings()?;
        model.check(&source)?;
        let mut record = names(&engine);
        record.extend([names(&loss), names(&engine.schedule), names(&model)].into_iter().flatten());
        for name in PATHS {
            let given = record.get(name).and_then(Json::as_str);
            if let Some(absolute) = given.and_then(|path| std::path::absolute(path).ok()) {
                let absolute = text_of(file.as_ref(), name, absolute)?;
                record.insert(name.to_owned(), absolute.into());
            }
        }
        Ok(Self { engine, model, record })
    }
}

/// Settings as they stand in a file, by their names there.
fn names(settings: &impl Serialize) -> Record {
    match serde_json::to_value(settings) {
        Ok(Json::Object(fields)) => fields,
        // Numbers, texts and nothing: always an object.
        _ => Record::new(),
    }
}

/// A path as a text: what a file and the record can hold.
fn text_of(file: &Path, field: &str, path: PathBuf) -> Result<String, ConfigurationError> {
    path.into_os_string().into_string().map_err(|path| ConfigurationError::NotUtf8 {
        file: file.to_path_buf(),
        field: field.to_owned(),
        path: path.into(),
    })
}

/// A text and what it says.
#[derive(Debug)]
pub struct Source {
    file: PathBuf,
    text: String,
    table: toml::Table,
}

impl Source {
    fn parse(file: &Path, text: &str) -> Result<Self, ConfigurationError> {
        let mut table = text.parse::<toml::Table>().map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            ConfigurationError::Syntax { file: file.to_path_buf(), line, problem: error.message().to_owned() }
        })?;
        let folder = file.parent().unwrap_or(Path::new(""));
        for name in PATHS {
            if let Some(Value::String(path)) = table.get_mut(name)
                && !path.is_empty()
            {
                *path = text_of(file, name, folder.join(&*path))?;
            }
        }
        Ok(Self { file: file.to_path_buf(), text: text.to_owned(), table })
    }

    fn only_known(&self, known: &[&str]) -> Result<(), ConfigurationError> {
        let Some(name) = self.table.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let hint = match closest_name(name, known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the fields are {}", known.join(", ")),
        };
        Err(self.refuse(name, "no such field", Some(hint)))
    }

    /// Those of the settings that have the names of `T`'s fields.
    fn settings<T: Default + Serialize + DeserializeOwned>(&self) -> Result<T, ConfigurationError> {
        let names = names(&T::default());
        let own = self.table.iter().filter(|(name, _)| names.contains_key(*name));
        let own = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        serde_path_to_error::deserialize(Value::Table(own))
            .map_err(|error| self.wrong_kind(&error.path().to_string(), error.inner().message()))
    }

    /// A complaint of serde about a field.
    fn wrong_kind(&self, field: &str, message: &str) -> ConfigurationError {
        let quoted = |word: &String| format!("\"{word}\"");
        let expected = match Complaint::parse(message) {
            Complaint::UnknownWord { found, known } => {
                let words: Vec<&str> = known.iter().map(String::as_str).collect();
                let hint = closest_name(&found, &words).map(|meant| format!("did you mean \"{meant}\"?"));
                let known = known.iter().map(quoted).collect::<Vec<_>>().join(", ");
                return self.refuse(field, format_args!("expected one of {known}, found \"{found}\""), hint);
            }
            // TOML's own words for a value where one of some words belongs.
            Complaint::Unexpected { expected, .. } if expected == "string only" => "a text in quotes".into(),
            Complaint::Unexpected { expected, .. } => expected,
            // Said by types of this crate: what they expect.
            _ => message.to_owned(),
        };
        let Some(found) = self.table.get(field) else { return self.refuse(field, message, None) };
        let hint = match found {
            Value::String(text) if text.parse::<f64>().is_ok() => {
                Some("write the number without quotes".into())
            }
            Value::String(text) if ["true", "false"].contains(&text.as_str()) => {
                Some(format!("write {text} without quotes"))
            }
            _ => None,
        };
        self.refuse(field, format_args!("expected {expected}, found {}", shown(found)), hint)
    }

    /// A complaint about a field.
    pub fn refuse(&self, field: &str, problem: impl Display, hint: Option<String>) -> ConfigurationError {
        let line = self.text.lines().position(|line| {
            let rest = line.trim_start().trim_start_matches(['"', '\'', '[']).strip_prefix(field);
            rest.is_some_and(|rest| {
                rest.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(['=', ']', '.'])
            })
        });
        ConfigurationError::Field {
            file: self.file.clone(),
            line: line.map(|line| line + 1),
            field: field.to_owned(),
            problem: problem.to_string(),
            hint,
        }
    }

    /// A text that must be given; `what` it is, for the message.
    ///
    /// # Errors
    /// None, or an empty one.
    pub fn given(&self, field: &str, what: &str) -> Result<(), ConfigurationError> {
        if self.table.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
            return Ok(());
        }
        let hint = format!("add a line: {field} = \"...\"");
        Err(self.refuse(field, format_args!("must be given: {what}"), Some(hint)))
    }

    /// A count that must not be too small.
    ///
    /// # Errors
    /// A smaller one.
    pub fn at_least(&self, field: &str, count: u64, least: u64) -> Result<(), ConfigurationError> {
        if count >= least {
            return Ok(());
        }
        Err(self.refuse(
            field,
            format_args!("expected a whole number of at least {least}, found {count}"),
            None,
        ))
    }

    /// A number that must lie in a range; an infinite end means none.
    ///
    /// # Errors
    /// One outside, or not finite.
    pub fn within(
        &self,
        field: &str,
        number: f64,
        range: RangeInclusive<f64>,
    ) -> Result<(), ConfigurationError> {
        if number.is_finite() && range.contains(&number) {
            return Ok(());
        }
        let (least, most) = (range.start(), range.end());
        let expected =
            if most.is_finite() { format!("from {least} to {most}") } else { format!("of at least {least}") };
        Err(self.refuse(field, format_args!("expected a number {expected}, found {number}"), None))
    }
}

/// A value as it stands in the file, in one line and not too long.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Table(_) => return "a table".into(),
        Value::Array(_) => return "a list".into(),
        other => other.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
