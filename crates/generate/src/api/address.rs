//! Where the API is.

use std::fmt;

use crate::GenerateError;

/// The address that chat requests go to. It never holds a user name, a password or a query: those may be secrets, and
/// addresses are written into errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAddress {
    endpoint: String,
}

impl ApiAddress {
    /// From a base address such as `https://api.example.com/v1`, or the whole one that ends in `/chat/completions`.
    ///
    /// # Errors
    /// [`GenerateError::Address`] in words.
    pub fn new(base: &str) -> Result<Self, GenerateError> {
        let base = base.trim().trim_end_matches('/');
        let wrong = |why: &str| {
            Err(GenerateError::Address { address: harmless_part(base).to_owned(), why: why.to_owned() })
        };
        if base.contains('@') {
            return wrong("it holds a user name or password");
        }
        if base.contains(['?', '#']) {
            return wrong("it has a part behind ? or #, which may hold a key");
        }
        let Some((scheme, rest)) = base.split_once("://") else {
            return wrong("it should begin with https:// or http://");
        };
        if !matches!(scheme, "http" | "https") {
            return wrong("only https and http are spoken");
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let legal = |character: char| character.is_ascii_graphic() && !"\"<>\\^`{|}".contains(character);
        if host.is_empty() || host.starts_with(':') || !rest.chars().all(legal) {
            return wrong("there is no host in it, or a sign that addresses do not have");
        }
        let tail = if path.ends_with("/chat/completions") { "" } else { "/chat/completions" };
        Ok(Self { endpoint: format!("{scheme}://{host}{path}{tail}") })
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.endpoint
    }

    /// Whether what is sent can be read on the way: no TLS, and not to this machine.
    pub fn is_open(&self) -> bool {
        self.endpoint.starts_with("http://") && !self.is_local()
    }

    /// Whether it is this machine's own: `localhost`, or a loopback address.
    pub fn is_local(&self) -> bool {
        let rest = self.endpoint.split_once("://").map_or("", |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        let name = match host.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        name.parse()
            .map_or(name.eq_ignore_ascii_case("localhost"), |address: std::net::IpAddr| address.is_loopback())
    }
}

/// What an error may show of a text that was meant as an address: what lies behind a user name and password and before
/// a query. Where the two cannot be told apart, nothing.
fn harmless_part(text: &str) -> &str {
    let start = text.rfind('@').map_or(0, |at| at + 1);
    let end = text.find(['?', '#']).unwrap_or(text.len());
    text.get(start..end).unwrap_or("...")
}

impl fmt::Display for ApiAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_and_whole_addresses_are_taken() {
        let whole = |text: &str| ApiAddress::new(text).unwrap().to_string();
        assert_eq!(whole("https://api.example.com/v1/"), "https://api.example.com/v1/chat/completions");
        assert_eq!(whole("http://127.0.0.1:8080"), "http://127.0.0.1:8080/chat/completions");
        assert_eq!(whole("https://x.org/v1/chat/completions"), "https://x.org/v1/chat/completions");
        for (text, open) in [
            ("https://x.org", false),
            ("http://x.org:80", true),
            ("http://127.0.0.1:9", false),
            ("http://[::1]:9/v1", false),
            ("http://localhost", false),
            ("http://localhost.evil.org", true),
        ] {
            assert_eq!(ApiAddress::new(text).unwrap().is_open(), open, "{text}");
        }
        assert!(ApiAddress::new("https://127.0.0.1:9").unwrap().is_local());
        assert!(!ApiAddress::new("https://x.org").unwrap().is_local());
    }

    #[test]
    fn secrets_in_addresses_are_refused_and_not_repeated() {
        for text in [
            "https://user:hunter22@x.org/v1",
            "https://x.org/v1?key=hunter22",
            "hunter22@x.org",
            "x.org?hunter22@y",
            "x.org/v1?key=hunter22",
            "https://user:pa/hunter22@x.org",
            "https://user:hunter?22@x.org/v1?key=hunter22",
            "https://x.org/v1#hunter22",
            "https://x.org/?to=me@hunter22",
            "user:hunter22@ftp://x.org",
        ] {
            let error = ApiAddress::new(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter22"), "{error}");
        }
        for text in ["", "x.org/v1", "ftp://x.org", "https://", "https:///v1", "http://a b/"] {
            assert!(ApiAddress::new(text).is_err(), "{text}");
        }
    }
}
