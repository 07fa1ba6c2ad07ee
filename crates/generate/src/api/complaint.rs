//! What a server says about a request that it refuses, and which field it means.

use serde_json::Value;

use super::abilities::Field;

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaint {
    /// In words. It may hold the key and be of any length.
    pub(super) message: String,
    /// Fields that the body of the response names outside of its words: `param`, `loc`.
    paths: Vec<String>,
}

impl Complaint {
    /// From the body of a response.
    pub(super) fn of(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let words = in_one_line(&String::from_utf8_lossy(body));
            let message = if words.is_empty() { "no explanation".to_owned() } else { words };
            return Self { paths: paths_in_words(&message), message };
        };
        Self::of_value(&value)
    }

    /// From a response that was read.
    pub(super) fn of_value(value: &Value) -> Self {
        let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        let error = value.get("error").filter(|error| says_something(error)).unwrap_or(value);
        let message = error_text(error);
        let mut paths = Vec::new();
        gather(value, &mut paths);
        paths.extend(paths_in_words(&message));
        Self { message, paths }
    }

    /// The same in other words.
    pub(super) fn with_message(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// Whether it names a field of the request, whichever: then no other is to be left out.
    pub(super) fn names_something(&self) -> bool {
        !self.paths.is_empty() || Field::ALL.into_iter().any(|field| self.is_about(field))
    }

    /// Whether it is about this field.
    pub(super) fn is_about(&self, field: Field) -> bool {
        self.paths.iter().any(|path| field_of(path) == Some(field)) || self.at(field).is_some()
    }

    /// Which of these fields it names: all that its structure has, or else the first in its words.
    pub(super) fn fields(&self, sent: &[Field]) -> Vec<Field> {
        let structured: Vec<Field> = sent
            .iter()
            .copied()
            .filter(|field| self.paths.iter().any(|path| field_of(path) == Some(*field)))
            .collect();
        if !self.paths.is_empty() {
            return structured;
        }
        // `Use 'max_completion_tokens' instead` may stand behind any other words.
        let limit = self.message.to_lowercase().contains("max_completion_tokens").then_some(Field::Limit);
        if let Some(limit) = limit.filter(|limit| sent.contains(limit)) {
            return vec![limit];
        }
        let named = sent.iter().filter_map(|field| Some((self.at(*field)?, *field)));
        named.min_by_key(|(at, _)| *at).map(|(_, field)| field).into_iter().collect()
    }

    /// Where the words name a field.
    fn at(&self, field: Field) -> Option<usize> {
        let lower = self.message.to_lowercase();
        let first = |words: &[&str]| words.iter().filter_map(|word| word_at(&lower, word)).min();
        match field {
            Field::Schema => [
                "response_format",
                "schema",
                "grammar",
                "structured",
                "json mode",
                "guided",
                "invalid format",
            ]
            .iter()
            .filter_map(|word| lower.find(word))
            .min(),
            Field::Several => several_at(&self.message),
            Field::Temperature => first(&["temperature"]),
            Field::Seed => first(&["seed"]),
            Field::Detail => detail_at(&lower),
            Field::Limit => first(&["max_tokens", "max_completion_tokens", "maxtokens", "max_output_tokens"]),
        }
    }
}

/// The field that a path such as `body.messages.0.content.1.image_url.detail` names.
fn field_of(path: &str) -> Option<Field> {
    let lower = path.to_lowercase();
    let mut parts =
        lower.split(|sign: char| !sign.is_alphanumeric() && sign != '_').filter(|part| !part.is_empty());
    if parts.clone().any(|part| {
        matches!(
            part,
            "response_format"
                | "responseformat"
                | "guided_json"
                | "json_schema"
                | "grammar"
                | "response_schema"
        )
    }) {
        return Some(Field::Schema);
    }
    match parts.next_back()? {
        "n" | "candidate_count" | "candidatecount" | "num_choices" => Some(Field::Several),
        "temperature" => Some(Field::Temperature),
        "seed" | "random_seed" => Some(Field::Seed),
        "detail" => Some(Field::Detail),
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" | "maxoutputtokens" => {
            Some(Field::Limit)
        }
        _ => None,
    }
}

/// Where a text has a word of its own.
fn word_at(lower: &str, word: &str) -> Option<usize> {
    let is_sign = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric() && next != '_');
    lower
        .match_indices(word)
        .find(|(at, _)| {
            is_sign(lower[..*at].chars().next_back()) && is_sign(lower[at + word.len()..].chars().next())
        })
        .map(|(at, _)| at)
}

/// Where a message is about the number of answers: it has `n` as a word of its own, or speaks of choices.
fn several_at(message: &str) -> Option<usize> {
    let lower = message.to_lowercase();
    let is_sign = |character: char| !character.is_alphanumeric() && character != '_';
    let n = message.match_indices('n').map(|(at, _)| at).find(|at| {
        let (before, after) = (&message[..*at], &message[at + 1..]);
        // A line feed in quoted JSON is not a name.
        (before.is_empty() || (before.ends_with(is_sign) && !before.ends_with('\\')))
            && (after.is_empty() || after.starts_with(is_sign))
    });
    n.or_else(|| {
        ["choice", "multiple completions", "candidate"].iter().filter_map(|word| lower.find(word)).min()
    })
}

/// Where a message is about the field `detail`, which is an ordinary word as well.
fn detail_at(lower: &str) -> Option<usize> {
    let quoted =
        ["'detail'", "\"detail\"", "`detail`", "image_url.detail", "imageurl.detail", ".detail", "[detail]"];
    let named = [
        "detail field",
        "detail parameter",
        "field detail",
        "parameter detail",
        "image detail",
        "property detail",
        "key detail",
        "detail level",
        "field: detail",
        "parameter: detail",
    ];
    quoted.iter().chain(&named).filter_map(|word| lower.find(word)).min()
}

/// Fields that a response names by structure.
fn gather(value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("param" | "parameter" | "field", Value::String(path)) if !path.trim().is_empty() => {
                        paths.push(path.clone());
                    }
                    ("loc", Value::Array(parts)) => {
                        let part =
                            |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
                        paths.push(parts.iter().map(part).collect::<Vec<_>>().join("."));
                    }
                    // Some servers pass on the words of another in a string.
                    (_, Value::String(text)) if text.trim_start().starts_with('{') => {
                        if let Ok(inner) = serde_json::from_str::<Value>(text) {
                            gather(&inner, paths);
                        }
                    }
                    _ => gather(value, paths),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, paths)),
        _ => {}
    }
}

/// `'loc': ('body', 'seed')`, as Python writes it.
fn paths_in_words(message: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, word) in message.match_indices("loc") {
        let rest = message[at + word.len()..].trim_start_matches(['\'', '"', ':', ' ', '\\']);
        let Some(inner) = rest.strip_prefix(['(', '[']) else { continue };
        let inner = &inner[..inner.find([')', ']']).unwrap_or(0)];
        let parts = inner
            .split(',')
            .map(|part| part.trim_matches(['\'', '"', ' ', '\\']))
            .filter(|part| !part.is_empty());
        paths.push(parts.collect::<Vec<_>>().join("."));
    }
    paths.retain(|path| !path.is_empty());
    paths
}

/// Whether an `error` beside or in place of answers is one.
pub(super) fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// The status that an error in a response of status 200 states, or that its type means.
pub(super) fn stated_status(error: &Value) -> Option<u16> {
    let field = |name: &str| error.get(name);
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let stated =
        ["code", "status", "status_code", "http_code"].iter().find_map(|name| field(name).and_then(number));
    let is_invalid = || {
        let kind = field("type").and_then(Value::as_str).unwrap_or_default();
        let named = field("param").is_some_and(|param| param.as_str().is_some_and(|param| !param.is_empty()));
        (kind.contains("invalid_request") || named).then_some(400)
    };
    stated
        .or_else(is_invalid)
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code))
}

/// An error in words.
pub(super) fn error_text(error: &Value) -> String {
    let field = |name: &str| error.get(name).and_then(Value::as_str);
    let details = || {
        let inner = error.get("message").filter(|message| message.is_object()).unwrap_or(error);
        let list = inner.get("detail").or_else(|| error.get("errors"))?.as_array()?;
        let words = list.iter().map(detail_text).collect::<Vec<_>>().join("; ");
        (!words.is_empty()).then_some(words)
    };
    let text = match (error.as_str(), field("message").or_else(|| field("detail")).or_else(|| field("msg"))) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        _ => details().unwrap_or_else(|| error.to_string()),
    };
    let raw = error.get("metadata").and_then(|metadata| metadata.get("raw")).and_then(Value::as_str);
    let text = match raw {
        Some(raw) => format!("{text}: {}", Complaint::of(raw.as_bytes()).message),
        None => text,
    };
    in_one_line(&match field("code").filter(|code| !text.contains(code)) {
        Some(code) => format!("{text} ({code})"),
        None => text,
    })
}

/// `seed: Extra inputs are not permitted`.
fn detail_text(detail: &Value) -> String {
    let words = detail.get("msg").or_else(|| detail.get("message")).and_then(Value::as_str);
    let Some(words) = words else { return detail.to_string() };
    let path = detail.get("loc").and_then(Value::as_array).and_then(|parts| parts.last());
    path.and_then(Value::as_str).map_or_else(|| words.to_owned(), |path| format!("{path}: {words}"))
}

pub(super) fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
