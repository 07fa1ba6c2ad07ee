//! What serde says about a wrong document, taken apart.
//!
//! Derived readers complain in English sentences; here a sentence becomes a [`Complaint`], so that a reader can name the
//! field, show the value and suggest the name that was meant in words of its own. The sentences are serde's since 1.0 and
//! the tests of this module hold them; one that is not known is passed on as it is.

/// A complaint of a derived reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// An unknown field.
    UnknownField {
        /// The field.
        name: String,
        /// The fields there are.
        known: Vec<String>,
    },
    /// A word that is none of those that are allowed.
    UnknownWord {
        /// The word.
        found: String,
        /// The words there are.
        known: Vec<String>,
    },
    /// A field that must be given.
    Missing(String),
    /// A field that is given twice.
    Twice(String),
    /// A value of another kind, or out of range.
    Unexpected {
        /// The value, short, on one line.
        found: String,
        /// What was expected instead, in words.
        expected: String,
    },
    /// Anything else, in serde's words.
    Other(String),
}

/// How much of a text is shown.
const SHOWN: usize = 60;

impl Complaint {
    /// Takes serde's sentence apart.
    ///
    /// ```
    /// use formats::complaint::Complaint;
    /// let complaint = Complaint::parse("invalid type: string \"48.5\", expected f64 at line 1 column 9");
    /// let expected = Complaint::Unexpected { found: "\"48.5\"".into(), expected: "a number".into() };
    /// assert_eq!(complaint, expected);
    /// ```
    pub fn parse(message: &str) -> Self {
        let message = without_place(message);
        let named = |start: &str| Some(between_ticks(message.strip_prefix(start)?));
        let listed = |start: &str| {
            // The list of names has ticks and commas too: the name ends where the list begins.
            let rest = message.strip_prefix(start)?;
            let (name, known) = rest.rsplit_once(", expected ").unwrap_or((rest, ""));
            let known = known.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
            Some((between_ticks(name), known))
        };
        if let Some((name, known)) = listed("unknown field ") {
            return Self::UnknownField { name, known };
        }
        if let Some((found, known)) = listed("unknown variant ") {
            return Self::UnknownWord { found, known };
        }
        if let Some(name) = named("missing field ") {
            return Self::Missing(name);
        }
        if let Some(name) = named("duplicate field ") {
            return Self::Twice(name);
        }
        let unexpected = message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: "));
        match unexpected.and_then(|rest| rest.rsplit_once(", expected ")) {
            Some((found, expected)) => Self::Unexpected { found: value(found), expected: kind(expected) },
            None => Self::Other(message.to_owned()),
        }
    }
}

/// A message without ` at line N column M` at its end: parsers of JSON add where in the text they were.
pub(crate) fn without_place(message: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_place = |text: &str| {
        text.split_once(" column ").is_some_and(|(line, column)| is_number(line) && is_number(column))
    };
    let found = message.rsplit_once(" at line ").filter(|(_, place)| is_place(place));
    found.map_or(message, |(rest, _)| rest)
}

fn between_ticks(text: &str) -> String {
    text.trim_start_matches('`').trim_end_matches('`').to_owned()
}

/// The value without the name of its type.
fn value(found: &str) -> String {
    let text = match found {
        "sequence" => return "a list".into(),
        "map" => return "an object".into(),
        "unit value" => return "null".into(),
        other => other.strip_prefix("string ").unwrap_or(other),
    };
    if let Some(number) =
        ["integer ", "floating point ", "boolean "].iter().find_map(|name| text.strip_prefix(name))
    {
        return between_ticks(number);
    }
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The words for a type of Rust.
fn kind(expected: &str) -> String {
    match expected {
        "f64" | "f32" => "a number",
        "u64" | "usize" => "a whole number of at least 0",
        "a nonzero u64" | "a nonzero usize" => "a whole number of at least 1",
        // Short enough that a value may be beyond their end.
        "u32" => "a whole number from 0 to 4294967295",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "a boolean" => "true or false",
        "a string" | "path string" | "string or table" => "a text in quotes",
        "a sequence" => "a list",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Linear,
        Cosine,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[allow(dead_code, reason = "only its errors are looked at")]
        steps: Option<std::num::NonZeroU64>,
        #[allow(dead_code, reason = "only its errors are looked at")]
        rate: f64,
        #[allow(dead_code, reason = "only its errors are looked at")]
        shape: Option<Word>,
        #[allow(dead_code, reason = "only its errors are looked at")]
        names: Option<Vec<String>>,
        #[allow(dead_code, reason = "only its errors are looked at")]
        pixels: Option<u32>,
        #[allow(dead_code, reason = "only its errors are looked at")]
        threads: Option<std::num::NonZeroU32>,
    }

    /// The sentences are those of the very serde that is used.
    #[test]
    fn what_serde_says_is_understood() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let unexpected = |found: &str, expected: &str| Complaint::Unexpected {
            found: found.into(),
            expected: expected.into(),
        };
        let fields = list(&["steps", "rate", "shape", "names", "pixels", "threads"]);
        for (text, complaint) in [
            (r#"{"rat":1}"#, Complaint::UnknownField { name: "rat".into(), known: fields.clone() }),
            (
                r#"{"a`, expected `b":1}"#,
                Complaint::UnknownField { name: "a`, expected `b".into(), known: fields },
            ),
            ("{}", Complaint::Missing("rate".into())),
            (r#"{"rate":1,"rate":2}"#, Complaint::Twice("rate".into())),
            (r#"{"rate":"a, expected b"}"#, unexpected("\"a, expected b\"", "a number")),
            (r#"{"rate":null}"#, unexpected("null", "a number")),
            (r#"{"rate":[]}"#, unexpected("a list", "a number")),
            (r#"{"rate":{}}"#, unexpected("an object", "a number")),
            (r#"{"rate":true}"#, unexpected("true", "a number")),
            (r#"{"steps":0}"#, unexpected("0", "a whole number of at least 1")),
            (r#"{"steps":1.5}"#, unexpected("1.5", "a whole number of at least 1")),
            (r#"{"pixels":5000000000}"#, unexpected("5000000000", "a whole number from 0 to 4294967295")),
            (r#"{"pixels":-1}"#, unexpected("-1", "a whole number from 0 to 4294967295")),
            (r#"{"threads":0}"#, unexpected("0", "a whole number from 1 to 4294967295")),
            (r#"{"names":{}}"#, unexpected("an object", "a list")),
            (r#"{"names":[7]}"#, unexpected("7", "a text in quotes")),
            (
                r#"{"shape":"cosin"}"#,
                Complaint::UnknownWord { found: "cosin".into(), known: list(&["linear", "cosine"]) },
            ),
        ] {
            let error = serde_json::from_str::<Form>(text).unwrap_err().to_string();
            assert_eq!(Complaint::parse(&error), complaint, "{error}");
        }
        let long = format!("invalid type: string \"{}\", expected f64", "\u{e9}".repeat(99));
        let Complaint::Unexpected { found, .. } = Complaint::parse(&long) else { panic!("{long}") };
        assert!(found.ends_with("...") && found.chars().count() == SHOWN + 3, "{found}");
        assert_eq!(Complaint::parse("out of memory"), Complaint::Other("out of memory".into()));
    }

    #[test]
    fn only_a_place_is_cut_off() {
        for (text, rest) in [
            ("key must be a string at line 1 column 17", "key must be a string"),
            ("see at line 7, expected f64 at line 1 column 17", "see at line 7, expected f64"),
            ("see at line 7 column 8, expected f64", "see at line 7 column 8, expected f64"),
            ("see at line 7", "see at line 7"),
            ("see at line 7 column ", "see at line 7 column "),
        ] {
            assert_eq!(without_place(text), rest);
        }
        // A value has no place in a text, and words of its own.
        let value = serde_json::json!({"rate": "see at line 7"});
        let error = serde_json::from_value::<Form>(value).unwrap_err().to_string();
        let expected =
            Complaint::Unexpected { found: "\"see at line 7\"".into(), expected: "a number".into() };
        assert_eq!(Complaint::parse(&error), expected, "{error}");
    }
}
