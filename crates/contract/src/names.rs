//! Names: what somebody meant who mistyped one.

/// The known name nearest to `name` by letters changed, added or left out, if it is near enough to be meant: at most
/// two of them, at most a third of the known name (rounded up).
///
/// ```
/// assert_eq!(contract::closest_name("learning_rat", &["learning_rate", "steps"]), Some("learning_rate"));
/// assert_eq!(contract::closest_name("colour", &["learning_rate", "steps"]), None);
/// ```
pub fn closest_name<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    let near = |known: &&&str| edits(&lower, known) <= known.len().div_ceil(3).min(2);
    known.iter().filter(near).min_by_key(|known| edits(&lower, known)).copied()
}

/// Levenshtein distance in bytes.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
