//! Places in codes that are not degrees: plus codes, geohashes, military grids. They are not decoded, only told apart from
//! answers that name no place at all.

/// Words that announce such a code.
const WORDS: [&str; 15] = [
    "geohash",
    "mgrs",
    "utm",
    "plus code",
    "pluscode",
    "plus codes",
    "open location code",
    "olc",
    "what3words",
    "w3w",
    "maidenhead",
    "easting",
    "northing",
    "usng",
    "h3 cell",
];
/// Signs of a plus code.
const PLUS_CODE: &str = "23456789CFGHJMPQRVWX";

/// Whether a text holds a code.
pub(super) fn has_code(text: &str) -> bool {
    let lower = text.to_lowercase();
    let announced = WORDS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let is_word = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
            !is_word(lower[..at].chars().next_back()) && !is_word(lower[at + word.len()..].chars().next())
        })
    });
    let tokens: Vec<&str> = text
        .split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '(' | ')' | '"' | '\''))
        .collect();
    announced
        || text.contains("///")
        || tokens.iter().any(|token| is_plus_code(token) || is_whole_grid(token))
        || tokens.windows(2).any(|pair| is_zone(pair[0]) && is_square(pair[1]))
        || tokens.windows(3).any(|three| is_zone(three[0]) && is_metres(three[1]) && is_metres(three[2]))
        || is_lone_geohash(text)
}

fn is_plus_code(token: &str) -> bool {
    let token = token.trim_matches(|sign: char| !sign.is_ascii_alphanumeric() && sign != '+');
    token.split_once('+').is_some_and(|(area, rest)| {
        (2..=8).contains(&area.len())
            && (2..=4).contains(&rest.len())
            && area.len() % 2 == 0
            && area.chars().chain(rest.chars()).all(|sign| PLUS_CODE.contains(sign))
            && token.contains(|sign: char| sign.is_ascii_uppercase())
    })
}

/// `31U`.
fn is_zone(token: &str) -> bool {
    let digits = token.trim_end_matches(|sign: char| sign.is_ascii_uppercase());
    (1..=2).contains(&digits.len())
        && token.len() == digits.len() + 1
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// `DQ`, alone or with digits behind it.
fn is_square(token: &str) -> bool {
    let mut signs = token.chars();
    let letters = signs.by_ref().take(2).filter(char::is_ascii_uppercase).count() == 2;
    letters && signs.all(|sign| sign.is_ascii_digit())
}

/// `31UDQ4825011932`.
fn is_whole_grid(token: &str) -> bool {
    let zone = token.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &token[zone..];
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = &rest[letters..];
    (1..=2).contains(&zone)
        && letters == 3
        && digits.len() >= 4
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Metres of a grid: `448251`, `5411943.25mN`.
fn is_metres(token: &str) -> bool {
    token.bytes().take_while(u8::is_ascii_digit).count() >= 6
}

/// A text that is one geohash and nothing else: base 32 without a, i, l and o.
fn is_lone_geohash(text: &str) -> bool {
    let token = text.trim().trim_matches(|sign: char| !sign.is_ascii_alphanumeric());
    (5..=12).contains(&token.len())
        && token
            .bytes()
            .all(|sign| sign.is_ascii_digit() || sign.is_ascii_lowercase() && !b"ailo".contains(&sign))
        && token.bytes().any(|sign| sign.is_ascii_digit())
        && token.bytes().any(|sign| sign.is_ascii_lowercase())
}
