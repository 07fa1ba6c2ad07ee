//! The key to an API, kept out of everything that is written.

use std::fmt;

use crate::GenerateError;

/// Shorter keys are made up for servers that want none: there is nothing to hide, and taking one out of what a server
/// writes would spoil texts that happen to hold it.
const SHORTEST: usize = 4;

/// From this length on, a key that is more than digits does not stand in an answer by chance.
const DISTINCT: usize = 8;

/// A key from an environment variable. Neither `Debug` nor any error shows it, and [`ApiKey::cleaned`] takes it out of
/// what a server writes back.
#[derive(Clone)]
pub struct ApiKey {
    variable: String,
    secret: String,
}

impl ApiKey {
    /// Reads the variable.
    ///
    /// # Errors
    /// [`GenerateError::Key`] if it is not set, empty, or not a key.
    pub fn from_environment(variable: &str) -> Result<Self, GenerateError> {
        let wrong = |why| GenerateError::Key { name: variable.to_owned(), why };
        let value = std::env::var(variable).map_err(|error| match error {
            std::env::VarError::NotPresent => wrong("is not set"),
            std::env::VarError::NotUnicode(_) => wrong("holds bytes that are not text"),
        })?;
        Self::of(variable, &value).map_err(wrong)
    }

    fn of(variable: &str, value: &str) -> Result<Self, &'static str> {
        let secret = value.trim();
        if secret.is_empty() {
            return Err("is empty");
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds something that is not a key: there are spaces or special characters in it");
        }
        Ok(Self { variable: variable.to_owned(), secret: secret.to_owned() })
    }

    /// Name of the variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// A text without the key, as it is or as it stands in JSON. Texts are to be cleaned before they are shortened: what
    /// a cut leaves of a key is not found any more.
    pub fn cleaned(&self, text: &str) -> String {
        if self.secret.len() < SHORTEST {
            return text.to_owned();
        }
        let cleaned = text.replace(&self.secret, "[key]");
        let quoted = serde_json::Value::from(self.secret.as_str()).to_string();
        cleaned.replace(&quoted[1..quoted.len() - 1], "[key]")
    }

    /// An answer without the key, unless the key could be a word or a number of the answer itself: `null` and `1234` are
    /// keys that people give to servers of their own.
    pub fn cleaned_answer(&self, text: &str) -> String {
        let is_distinct =
            self.secret.len() >= DISTINCT && !self.secret.bytes().all(|byte| byte.is_ascii_digit());
        if is_distinct { self.cleaned(text) } else { text.to_owned() }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiKey").field("variable", &self.variable).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_shown_nowhere() {
        let key = ApiKey { variable: "MY_KEY".into(), secret: "sk-very-secret".into() };
        assert_eq!(format!("{key:?}"), "ApiKey { variable: \"MY_KEY\", .. }");
        assert_eq!(key.cleaned("Incorrect key sk-very-secret."), "Incorrect key [key].");
        let odd = ApiKey { variable: "MY_KEY".into(), secret: r#"a\b"c"#.into() };
        assert_eq!(odd.cleaned(r#"{"key": "a\\b\"c", "k": "a\b"c"}"#), r#"{"key": "[key]", "k": "[key]"}"#);
        let short = ApiKey::of("MY_KEY", " abcd\n").unwrap();
        assert_eq!(short.cleaned("no key abcd"), "no key [key]");
        assert_eq!(short.cleaned_answer("48.abcd"), "48.abcd");
        let long = ApiKey::of("MY_KEY", "sk-very-secret").unwrap();
        assert_eq!(long.cleaned_answer("you sent sk-very-secret"), "you sent [key]");
        let digits = ApiKey::of("MY_KEY", "48123456").unwrap();
        assert_eq!(digits.cleaned_answer("48.48123456"), "48.48123456");
        assert_eq!(digits.cleaned("wrong key 48123456"), "wrong key [key]");
        let made_up = ApiKey::of("MY_KEY", "x").unwrap();
        assert_eq!(made_up.cleaned("no such box"), "no such box");
        for (value, why) in [(" ", "empty"), ("ab cd ef", "spaces")] {
            assert!(ApiKey::of("MY_KEY", value).unwrap_err().contains(why), "{value}");
        }
        let error = ApiKey::from_environment("GEORANKER_TEST_UNSET_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("GEORANKER_TEST_UNSET_VARIABLE is not set"));
    }
}
