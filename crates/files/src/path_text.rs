//! Paths as text, and back.
//!
//! File names are bytes on most systems, and ids of photos are text. A name that is not UTF-8 must neither be lost nor
//! become the same text as another one: each of its bytes that is not UTF-8 is written as `\xHH`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A path as text, without loss: equal texts are equal paths, but for names that hold `\xHH` themselves.
pub fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// The path that [`path_text`] made such a text of, if the text has a `\xHH`. A file whose name is the text itself comes
/// first: look for that one before.
pub fn path_of_text(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find("\\x") {
        let (before, escaped) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let digits = escaped.get(2..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let value =
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|byte| *byte >= 0x80);
        if let Some(byte) = value {
            bytes.push(byte);
            found = true;
            rest = &escaped[4..];
        } else {
            bytes.extend_from_slice(b"\\x");
            rest = &escaped[2..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    found.then(|| of_bytes(bytes)).flatten()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such paths")]
fn of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn names_of_any_bytes_come_back() {
        for name in [&b"caf\xe9.jpg"[..], b"caf\xe8.jpg", b"\xff\xfe/\xc3\x28", b"a\\x\x80b"] {
            let path = Path::new(OsStr::from_bytes(name));
            let text = path_text(path);
            assert_eq!(path_of_text(&text).as_deref(), Some(path), "{text}");
        }
        assert_eq!(path_text(Path::new("é/b.jpg")), "é/b.jpg");
        for plain in ["é/b.jpg", "a\\x41", "a\\xzz", "a\\x", "a\\xé"] {
            assert_eq!(path_of_text(plain), None, "{plain}");
        }
        let [one, other] = [&b"\xe9"[..], b"\xe8"].map(|name| path_text(Path::new(OsStr::from_bytes(name))));
        assert_ne!(one, other);
    }
}
