//! Ids that are spelt differently and mean the same file: a name without its folder, another normal form of Unicode,
//! `./`, backslashes, an absolute path, capitals in the extension.

use std::borrow::Cow;

use formats::table::names::nfc;

use crate::texts::Texts;

/// Between the components of a key. It comes before all other characters, so keys that continue a key follow it.
const END: char = '\0';

/// The path components of an id, the file name first, in normal form C.
fn key(id: &str) -> String {
    let id = nfc(id);
    let id = lower_extension(&id);
    let mut key = String::with_capacity(id.len());
    for component in id.rsplit(['/', '\\']).filter(|part| !part.is_empty() && *part != ".") {
        if !key.is_empty() {
            key.push(END);
        }
        key.push_str(component);
    }
    key
}

/// The extension of a file name in small letters: cameras and computers change its capitals.
fn lower_extension(id: &str) -> Cow<'_, str> {
    let at = id.rfind('.').filter(|at| !id[*at..].contains(['/', '\\']));
    match at.map(|at| id.split_at(at)) {
        Some((stem, extension)) if extension.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(stem.to_owned() + &extension.to_ascii_lowercase())
        }
        _ => Cow::Borrowed(id),
    }
}

/// What an id can be among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No other id ends like it.
    Nothing,
    /// This one alone.
    One(u32),
    /// At least these two.
    Several([u32; 2]),
}

/// Ids by their keys.
pub(crate) struct Names {
    /// Ascending.
    keys: Texts,
    /// The number of the id of each key.
    numbers: Vec<u32>,
}

impl Names {
    pub(crate) fn new(ids: &Texts) -> Self {
        let mut keys = Texts::default();
        ids.iter().for_each(|id| keys.push(&key(id)));
        let numbers = keys.order();
        Self { keys: keys.in_order(&numbers), numbers }
    }

    /// The ids that are the end of this path, or whose path ends with this id; whole components only.
    pub(crate) fn find(&self, id: &str) -> Found {
        let key = key(id);
        if key.is_empty() {
            return Found::Nothing;
        }
        let mut found = Vec::with_capacity(2);
        // Shorter paths: each leading part of the key.
        for (end, _) in key.match_indices(END) {
            let part = key.get(..end).unwrap_or_default();
            self.take_from(self.first_from(part), |other| other == part, &mut found);
        }
        // The same path and longer ones.
        let continues = |other: &str| {
            other.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(END))
        };
        self.take_from(self.first_from(&key), continues, &mut found);
        match found[..] {
            [] => Found::Nothing,
            [one] => Found::One(one),
            [first, second, ..] => Found::Several([first, second]),
        }
    }

    /// Where the first key is that does not come before `key`.
    fn first_from(&self, key: &str) -> usize {
        let (mut low, mut high) = (0, self.keys.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.keys.get(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Adds the ids of the keys from `start` on that fit, until there are two.
    fn take_from(&self, start: usize, fits: impl Fn(&str) -> bool, found: &mut Vec<u32>) {
        let fitting = (start..self.keys.len()).take_while(|number| fits(self.keys.get(*number)));
        let room = 2_usize.saturating_sub(found.len());
        found.extend(fitting.filter_map(|number| self.numbers.get(number).copied()).take(room));
    }
}

/// Whether two ids differ in their spelling only, not in their folders.
pub(crate) fn is_same_path(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ids: &[&str], id: &str) -> Found {
        let mut texts = Texts::default();
        for id in ids {
            texts.push(id);
        }
        Names::new(&texts).find(id)
    }

    #[test]
    fn whole_components_match_from_the_end() {
        let ids = ["photos/sub/a.jpg", "photos/sub/ba.jpg", "b.jpg", "x/c.jpg", "y/c.jpg"];
        for (id, expected) in [
            ("a.jpg", Found::One(0)),
            ("sub/a.jpg", Found::One(0)),
            ("./sub/a.jpg", Found::One(0)),
            ("sub\\a.jpg", Found::One(0)),
            ("/home/me/photos/sub/a.jpg", Found::One(0)),
            ("C:\\photos\\sub\\a.jpg", Found::One(0)),
            ("photos//sub/./a.jpg", Found::One(0)),
            ("other/a.jpg", Found::Nothing),
            ("ub/a.jpg", Found::Nothing),
            ("A.jpg", Found::Nothing),
            ("a.JPG", Found::One(0)),
            ("sub\\a.Jpg", Found::One(0)),
            ("v1.B/b", Found::Nothing),
            ("jpg", Found::Nothing),
            ("/media/card/b.jpg", Found::One(2)),
            ("c.jpg", Found::Several([3, 4])),
            ("/y/c.jpg", Found::One(4)),
            ("./", Found::Nothing),
            ("", Found::Nothing),
        ] {
            assert_eq!(found(&ids, id), expected, "{id}");
        }
        // A short and a long path with the same end.
        assert_eq!(found(&["a.jpg", "photos/a.jpg"], "x/photos/a.jpg"), Found::Several([0, 1]));
    }

    #[test]
    fn normal_forms_are_one() {
        let (composed, decomposed) = ("f/Mu\u{308}nchen \u{e9}.jpg", "M\u{fc}nchen e\u{301}.jpg");
        assert_eq!(found(&[composed], decomposed), Found::One(0));
        assert!(is_same_path("caf\u{e9}.jpg", "cafe\u{301}.jpg") && is_same_path("./a", "a"));
        assert!(!is_same_path("x/a", "a"));
        // Korean and a ligature: compatibility forms stay apart.
        assert!(is_same_path("\u{d55c}.jpg", "\u{1112}\u{1161}\u{11ab}.jpg"));
        assert!(!is_same_path("\u{fb01}.jpg", "fi.jpg"));
    }
}
