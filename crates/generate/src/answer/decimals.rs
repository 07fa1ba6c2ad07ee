//! Decimal numbers in a text, by the reference's rule.

/// Digits of every script, ten from each of these on: the decimal digits of Unicode 14, as the reference's regular
/// expressions and number parser know them.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The ASCII digit that a decimal digit of any script stands for.
pub(super) fn ascii_digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let code = u32::from(character);
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

/// All matches of `[-+]?\d+\.\d+`, left to right and as long as they go. Integers are not matched.
fn decimals(characters: &[char]) -> Vec<f64> {
    let digits_from = |start: usize| -> String {
        characters[start..].iter().map_while(|character| ascii_digit(*character)).collect()
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let signed = matches!(characters[at], '-' | '+');
        let whole = digits_from(at + usize::from(signed));
        let point = at + usize::from(signed) + whole.len();
        if whole.is_empty() {
            at += 1;
            continue;
        }
        let fraction =
            if characters.get(point) == Some(&'.') { digits_from(point + 1) } else { String::new() };
        if fraction.is_empty() {
            // No later start within these digits can do better.
            at = point;
            continue;
        }
        let sign = if characters[at] == '-' { "-" } else { "" };
        let end = point + 1 + fraction.len();
        if let Ok(value) = format!("{sign}{whole}.{fraction}").parse() {
            found.push(value);
        }
        at = end;
    }
    found
}

/// The last two of the decimal numbers.
pub(super) fn last_two(text: &str) -> Option<(f64, f64)> {
    let characters: Vec<char> = text.chars().collect();
    match decimals(&characters).as_slice() {
        [.., latitude, longitude] => Some((*latitude, *longitude)),
        _ => None,
    }
}
