//! The key to an API, kept out of everything that is written.

use std::fmt;

use crate::GenerateError;

/// Shorter keys are no secrets but words like `none`, and taking them out of texts would spoil those.
const SECRET_LENGTH: usize = 6;

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
            std::env::VarError::NotUnicode(_) => wrong("holds bytes that are no text"),
        })?;
        let secret = value.trim();
        if secret.is_empty() {
            return Err(wrong("is empty"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                "holds something that is no key: there are spaces or special characters in it",
            ));
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

    /// A text without the key.
    pub fn cleaned(&self, text: &str) -> String {
        if self.secret.len() < SECRET_LENGTH { text.to_owned() } else { text.replace(&self.secret, "[key]") }
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
        let error = ApiKey::from_environment("GEORANKER_TEST_UNSET_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("GEORANKER_TEST_UNSET_VARIABLE is not set"));
    }
}
