//! Names as parts of addresses.

use std::fmt::Write as _;

/// A name as one part of an address: all but letters, digits and `-_.~` is percent-encoded, slashes too.
pub(crate) fn escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// A path whose slashes stay.
pub(crate) fn escape_path(path: &str) -> String {
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_letters_stay() {
        assert_eq!(escape("refs/pr/1"), "refs%2Fpr%2F1");
        assert_eq!(escape_path("a b/c#d?e%20/\u{e9}.json"), "a%20b/c%23d%3Fe%2520/%C3%A9.json");
        assert_eq!(escape_path("sub/model-00001_of~2.safetensors"), "sub/model-00001_of~2.safetensors");
    }
}
