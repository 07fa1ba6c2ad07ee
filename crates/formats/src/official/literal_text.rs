//! Strings of Python: quotes and escapes.

/// The string that `text` starts with, and its length in bytes, quotes included. Errors are a byte and a reason.
pub(super) fn text_at(text: &str) -> Result<(String, usize), (usize, &'static str)> {
    let mut letters = text.char_indices();
    let Some((_, quote)) = letters.next() else { return Err((0, "a string is needed")) };
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((value, at + quote.len_utf8())),
            '\n' => return Err((at, "the string does not end before the line does")),
            '\\' => escape(&mut letters, at, &mut value)?,
            _ => value.push(letter),
        }
    }
    Err((0, "the string does not end"))
}

fn escape(
    letters: &mut std::str::CharIndices<'_>,
    at: usize,
    value: &mut String,
) -> Result<(), (usize, &'static str)> {
    let Some((_, kind)) = letters.next() else { return Err((at, "the string ends in an escape")) };
    let plain = match kind {
        '\n' => return Ok(()),
        '\\' | '\'' | '"' => kind,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'v' => '\x0b',
        'x' => number(letters, at, 16, 2)?,
        'u' => number(letters, at, 16, 4)?,
        'U' => number(letters, at, 16, 8)?,
        '0'..='7' => octal(letters, kind, at)?,
        'N' => return Err((at, "characters by name are not read")),
        // As Python does: no escape at all.
        other => {
            value.push('\\');
            other
        }
    };
    value.push(plain);
    Ok(())
}

fn number(
    letters: &mut std::str::CharIndices<'_>,
    at: usize,
    radix: u32,
    digits: usize,
) -> Result<char, (usize, &'static str)> {
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit = letters.next().and_then(|(_, letter)| letter.to_digit(radix));
        let digit = digit.ok_or((at, "the escape has too few digits"))?;
        code = code.wrapping_mul(radix).wrapping_add(digit);
    }
    char::from_u32(code).ok_or((at, "the escape is not a character"))
}

/// One to three octal digits.
fn octal(
    letters: &mut std::str::CharIndices<'_>,
    first: char,
    at: usize,
) -> Result<char, (usize, &'static str)> {
    let mut code = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let mut ahead = letters.clone();
        let Some(digit) = ahead.next().and_then(|(_, letter)| letter.to_digit(8)) else { break };
        code = code * 8 + digit;
        *letters = ahead;
    }
    char::from_u32(code).ok_or((at, "the escape is not a character"))
}
