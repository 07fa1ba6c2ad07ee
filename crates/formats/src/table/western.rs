//! Text in Windows-1252, which Excel writes as "CSV" in Western Europe and America.
//!
//! Bytes do not say their encoding. What is not UTF-8 is taken for Windows-1252 only where no other reading is likely:
//! single accented letters in words of ASCII letters. Whole words of other bytes (Cyrillic, Greek, Chinese), or bytes
//! that are letters in a DOS, Macintosh or Eastern European encoding only, are refused. A detector by statistics
//! would guess for those too.

use encoding_rs::WINDOWS_1252;

/// The text, if it is certain enough to be Windows-1252 (of which ISO 8859-1, Latin-1, is a part).
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    if !is_western(bytes) {
        return None;
    }
    WINDOWS_1252.decode_without_bom_handling_and_without_replacement(bytes).map(Into::into)
}

fn is_western(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(start) = rest.iter().position(|byte| !byte.is_ascii()) {
        let (before, run) = rest.split_at(start);
        let length = run.iter().take_while(|byte| !byte.is_ascii()).count();
        let (run, after) = run.split_at(length);
        rest = after;
        let letters = run.iter().filter(|byte| is_letter(**byte)).count();
        let signs = run.iter().filter(|byte| is_sign(**byte)).count();
        let touches = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let in_a_word = letters == 0 || touches(before.last()) || touches(after.first());
        if letters > 2 || signs > 1 || letters + signs < run.len() || !in_a_word {
            return false;
        }
    }
    true
}

/// Accented letters of Western European languages. Not among them: `ÿ`, which is rather a byte of all ones, and the signs
/// of multiplication and division.
const fn is_letter(byte: u8) -> bool {
    matches!(byte, 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0xFE)
}

/// The degree sign, the no-break space, and the apostrophes, quotes and dashes of word processors.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, 0xB0 | 0xBA | 0xA0 | 0xB4 | 0x91..=0x97)
}
