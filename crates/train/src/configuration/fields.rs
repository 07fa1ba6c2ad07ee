//! Fields of a TOML file, asked for one by one.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use contract::closest_name;
use rank::Keep;
use serde_json::Value as Json;
use toml::Value;

use super::ConfigurationError;

/// What a run was told, defaults included: field to value, in the order of names.
pub type Record = serde_json::Map<String, Json>;

/// A configuration file that is being read. Every getter notes the name it asks for and the value it gives.
#[derive(Debug)]
pub struct Fields {
    file: PathBuf,
    text: String,
    table: toml::Table,
    known: Vec<&'static str>,
    record: Record,
}

impl Fields {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML.
    pub fn read(file: &Path) -> Result<Self, ConfigurationError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigurationError::Read { file: file.to_path_buf(), source })?;
        Self::parse(file, &text)
    }

    /// Reads a text; `file` is its name in messages, and paths in it start at the file's folder.
    ///
    /// # Errors
    /// A text that is no TOML.
    pub fn parse(file: impl AsRef<Path>, text: &str) -> Result<Self, ConfigurationError> {
        let file = file.as_ref().to_path_buf();
        let table = text.parse::<toml::Table>().map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            ConfigurationError::Syntax { file: file.clone(), line, problem: error.message().to_owned() }
        })?;
        Ok(Self { file, text: text.to_owned(), table, known: Vec::new(), record: Record::new() })
    }

    /// The file's name.
    pub fn file(&self) -> &Path {
        &self.file
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

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.table.remove(name)
    }

    fn note<T>(&mut self, name: &str, value: T, recorded: impl Into<Json>) -> T {
        self.record.insert(name.to_owned(), recorded.into());
        value
    }

    fn wrong_kind(&self, name: &str, expected: &str, found: &Value) -> ConfigurationError {
        let hint = match found {
            Value::String(text) if text.parse::<f64>().is_ok() => {
                Some("write the number without quotes".to_owned())
            }
            Value::String(text) if ["true", "false"].contains(&text.as_str()) => {
                Some(format!("write {text} without quotes"))
            }
            _ => None,
        };
        self.refuse(name, format_args!("expected {expected}, found {}", shown(found)), hint)
    }

    /// A whole number of at least `least`.
    ///
    /// # Errors
    /// Another kind of value, a smaller number.
    pub fn whole(&mut self, name: &'static str, default: u64, least: u64) -> Result<u64, ConfigurationError> {
        let value = self.whole_or_none(name, least)?.unwrap_or(default);
        Ok(self.note(name, value, value))
    }

    /// As [`whole`](Self::whole), for counts of things in memory.
    ///
    /// # Errors
    /// As there.
    pub fn count(
        &mut self,
        name: &'static str,
        default: usize,
        least: usize,
    ) -> Result<usize, ConfigurationError> {
        let value = self.whole(name, default as u64, least as u64)?;
        usize::try_from(value)
            .map_err(|_| self.refuse(name, format_args!("{value} is more than this machine counts"), None))
    }

    /// A whole number of at least `least`, if it is given.
    ///
    /// # Errors
    /// Another kind of value, a smaller number.
    pub fn whole_or_none(
        &mut self,
        name: &'static str,
        least: u64,
    ) -> Result<Option<u64>, ConfigurationError> {
        let Some(value) = self.take(name) else { return Ok(self.note(name, None, Json::Null)) };
        match value {
            Value::Integer(number) if u64::try_from(number).is_ok_and(|number| number >= least) => {
                let number = number.unsigned_abs();
                Ok(self.note(name, Some(number), number))
            }
            other => Err(self.wrong_kind(name, &format!("a whole number of at least {least}"), &other)),
        }
    }

    /// A number within `range`.
    ///
    /// # Errors
    /// Another kind of value, a number outside.
    pub fn number(
        &mut self,
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> Result<f64, ConfigurationError> {
        let found = match self.take(name) {
            None => default,
            Some(Value::Float(number)) => number,
            Some(Value::Integer(number)) => number as f64,
            Some(other) => return Err(self.wrong_kind(name, "a number", &other)),
        };
        if !range.contains(&found) {
            let (least, most) = (range.start(), range.end());
            let expected = if *most < f64::MAX {
                format!("expected a number from {least} to {most}, found {found}")
            } else {
                format!("expected a number of at least {least}, found {found}")
            };
            return Err(self.refuse(name, expected, None));
        }
        Ok(self.note(name, found, found))
    }

    /// Yes or no.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, ConfigurationError> {
        match self.take(name) {
            None => Ok(self.note(name, default, default)),
            Some(Value::Boolean(flag)) => Ok(self.note(name, flag, flag)),
            Some(other) => Err(self.wrong_kind(name, "true or false", &other)),
        }
    }

    /// One of some words; the first is the default.
    ///
    /// # Errors
    /// Another kind of value, another word.
    pub fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<T, ConfigurationError> {
        let words: Vec<&'static str> = choices.iter().map(|(word, _)| *word).collect();
        let expected = || words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let word = match self.take(name) {
            None => words.first().copied().unwrap_or_default().to_owned(),
            Some(Value::String(word)) => word,
            Some(other) => return Err(self.wrong_kind(name, &format!("one of {}", expected()), &other)),
        };
        if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == word) {
            Ok(self.note(name, *choice, word))
        } else {
            let hint = closest_name(&word, &words).map(|meant| format!("did you mean \"{meant}\"?"));
            Err(self.refuse(name, format_args!("expected one of {}, found \"{word}\"", expected()), hint))
        }
    }

    /// `"all"`, or how many.
    ///
    /// # Errors
    /// Anything else.
    pub fn keep(&mut self, name: &'static str, default: Keep) -> Result<Keep, ConfigurationError> {
        let keep = match self.take(name) {
            None => default,
            Some(Value::String(word)) if word == "all" => Keep::All,
            Some(Value::Integer(number @ 1..)) => Keep::First(usize::try_from(number).unwrap_or(usize::MAX)),
            Some(other) => {
                return Err(self.wrong_kind(name, "a whole number of at least 1, or \"all\"", &other));
            }
        };
        let recorded = match keep {
            Keep::All => Json::from("all"),
            Keep::First(first) => Json::from(first),
        };
        Ok(self.note(name, keep, recorded))
    }

    /// A whole number (a count of `of`), or a share of `of` between 0 and 1.
    ///
    /// # Errors
    /// Anything else.
    pub fn count_or_share(
        &mut self,
        name: &'static str,
        of: &str,
    ) -> Result<CountOrShare, ConfigurationError> {
        match self.take(name) {
            None => Ok(self.note(name, CountOrShare::Count(0), 0)),
            Some(Value::Integer(count @ 0..)) => {
                Ok(self.note(name, CountOrShare::Count(count.unsigned_abs()), count))
            }
            Some(Value::Float(share)) if (0.0..1.0).contains(&share) => {
                Ok(self.note(name, CountOrShare::Share(share), share))
            }
            Some(other) => {
                let expected = format!("a whole number of {of}, or a share of them from 0.0 to below 1.0");
                Err(self.wrong_kind(name, &expected, &other))
            }
        }
    }

    /// A path, if it is given; one that is not absolute starts at the configuration's folder.
    ///
    /// # Errors
    /// Another kind of value, an empty text.
    pub fn path(&mut self, name: &'static str) -> Result<Option<PathBuf>, ConfigurationError> {
        match self.take(name) {
            None => Ok(self.note(name, None, Json::Null)),
            Some(Value::String(text)) if !text.is_empty() => {
                let path = self.file.parent().unwrap_or(Path::new("")).join(text);
                let recorded = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
                Ok(self.note(name, Some(path), recorded.display().to_string()))
            }
            Some(other) => Err(self.wrong_kind(name, "a path in quotes", &other)),
        }
    }

    /// A path that must be given; `what` it is, for the message.
    ///
    /// # Errors
    /// As [`path`](Self::path); none given.
    pub fn required_path(&mut self, name: &'static str, what: &str) -> Result<PathBuf, ConfigurationError> {
        self.path(name)?.ok_or_else(|| self.missing(name, what))
    }

    /// A complaint about a field that must be given.
    pub fn missing(&self, name: &str, what: &str) -> ConfigurationError {
        // A required field that was mistyped is still in the table.
        let mistyped = self.table.keys().find(|given| closest_name(given, &[name]).is_some());
        let hint = match mistyped {
            Some(given) => format!("did you mean {name} by {given}?"),
            None => format!("add a line: {name} = \"...\""),
        };
        self.refuse(name, format_args!("must be given: {what}"), Some(hint))
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// A field that nobody asked for.
    pub fn finish(self) -> Result<Record, ConfigurationError> {
        let Some(name) = self.table.keys().next() else { return Ok(self.record) };
        let hint = match closest_name(name, &self.known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the fields are {}", self.known.join(", ")),
        };
        Err(self.refuse(name, "no such field", Some(hint)))
    }
}

/// A count, or a share of something that is counted later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CountOrShare {
    /// So many.
    Count(u64),
    /// This part, from 0 to below 1.
    Share(f64),
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
