//! Names that mean the same photo: `ab/cd/123.jpg` in a table, `mp-16/images/ab/cd/123.jpg` or `ab_cd_123.jpg` in an
//! archive. Large collections are repacked again and again, and each time `/` and `_` trade places.

/// What follows the last `/` or `_`.
pub(super) fn last_part(name: &[u8]) -> &[u8] {
    let start = name.iter().rposition(|byte| is_separator(*byte)).map_or(0, |at| at + 1);
    name.get(start..).unwrap_or_default()
}

/// Whether a name ends with another one, `/` and `_` being the same, and whole parts being compared.
pub(super) fn ends_with(name: &[u8], end: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(end.len()) else { return false };
    let same = |(one, other): (&u8, &u8)| one == other || is_separator(*one) && is_separator(*other);
    let (before, tail) = name.split_at(start);
    !end.is_empty() && before.last().is_none_or(|byte| is_separator(*byte)) && tail.iter().zip(end).all(same)
}

/// The ways to read the first `_` of a name as `/`, one after the other: `a_b_c.jpg` gives `a/b_c.jpg`, `a/b/c.jpg`.
pub(super) fn with_folders(name: &str) -> impl Iterator<Item = String> + '_ {
    (1..=name.bytes().filter(|byte| *byte == b'_').count().min(4)).map(|count| name.replacen('_', "/", count))
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_compared_part_by_part() {
        for (name, end, same) in [
            ("mp16/images/ab/cd/123_x.jpg", "ab_cd_123_x.jpg", true),
            ("mp-16-images/07/ab_cd_123.jpg", "ab/cd/123.jpg", true),
            ("ab/cd/9123.jpg", "123.jpg", false),
            ("123.jpg", "123.jpg", true),
            ("123.jpg", "a_123.jpg", false),
            ("a/123.jpg", "", false),
        ] {
            assert_eq!(ends_with(name.as_bytes(), end.as_bytes()), same, "{name} {end}");
        }
        assert_eq!(last_part(b"ab/cd/123_x.jpg"), b"x.jpg");
        assert_eq!(with_folders("a_b_c.jpg").collect::<Vec<_>>(), ["a/b_c.jpg", "a/b/c.jpg"]);
    }
}
