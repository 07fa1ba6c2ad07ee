//! Finding a photo by a name that is spelled a little differently: file systems, archives and tables of different makers
//! write one name in different ways.
//!
//! A name is looked up as it is. Only if nothing has that name, differences are ignored, one after the other, in the
//! order of [`Respelling`]; the first that finds a photo decides. What then fits several photos finds none.
//!
//! ```
//! use formats::table::names::{Found, NameIndex, Respelling};
//!
//! let photos = NameIndex::new(["Bru\u{308}cke.jpg", "sub/a.jpg"]);
//! assert_eq!(photos.find("sub/a.jpg"), Found::AsWritten(1));
//! assert_eq!(photos.find("Br\u{fc}cke.jpg"), Found::Respelled(0, Respelling::Unicode));
//! assert_eq!(photos.find(r"sub\a.jpg"), Found::Respelled(1, Respelling::Backslashes));
//! assert_eq!(photos.find("c.jpg"), Found::Nothing);
//! ```

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::OnceLock;

use percent_encoding::percent_decode_str;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How far two spellings of one name differ. Each step includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Respelling {
    /// Composed and decomposed characters: `ü` as one or as two (NFC, NFD).
    Unicode,
    /// `./a.jpg`, `sub//a.jpg`, `sub/./a.jpg`.
    Path,
    /// `sub\a.jpg`.
    Backslashes,
    /// `/data/photos/a.jpg` or `photos/a.jpg`, where `a.jpg` lies in that folder.
    Folder,
    /// `file:///data/photos/a.jpg`, with `%20` for a blank.
    Url,
    /// Blanks around the name.
    Blanks,
    /// `a.JPG` for `a.jpg`: capitals in the extension.
    Extension,
}

impl Respelling {
    const ALL: [Self; 7] = [
        Self::Unicode,
        Self::Path,
        Self::Backslashes,
        Self::Folder,
        Self::Url,
        Self::Blanks,
        Self::Extension,
    ];
}

impl fmt::Display for Respelling {
    /// What was different, for "found by ...".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unicode => "another Unicode form of the name",
            Self::Path => "the same path written otherwise",
            Self::Backslashes => "the name with slashes for backslashes",
            Self::Folder => "the name below the photo folder",
            Self::Url => "the path in the URL",
            Self::Blanks => "the name without the blanks around it",
            Self::Extension => "the name with other capitals in its extension",
        })
    }
}

/// What a look-up found. Numbers are those of the names that the index was made of, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The name itself.
    AsWritten(usize),
    /// One name that differs only so.
    Respelled(usize, Respelling),
    /// Several names differ only so; these are the first two.
    Ambiguous([usize; 2], Respelling),
    /// No name.
    Nothing,
}

impl Found {
    /// The number of the name, if there is exactly one.
    pub const fn index(self) -> Option<usize> {
        match self {
            Self::AsWritten(index) | Self::Respelled(index, _) => Some(index),
            Self::Ambiguous(..) | Self::Nothing => None,
        }
    }
}

/// Whether two names are the same text, composed or decomposed.
pub fn same_name_nfc(a: &str, b: &str) -> bool {
    a == b || nfc(a) == nfc(b)
}

/// The composed form of a name (NFC), in which most systems write it.
pub fn nfc(name: &str) -> Cow<'_, str> {
    if is_nfc(name) { Cow::Borrowed(name) } else { Cow::Owned(name.nfc().collect()) }
}

/// Names of photos to look others up in. Beside the names it takes 4 bytes per name, and 12 more once a name was not found
/// as it is.
#[derive(Debug)]
pub struct NameIndex {
    names: Vec<String>,
    /// The folder in the spellings that names may begin with, each with its slash at the end.
    folders: Vec<String>,
    sorted: Vec<u32>,
    /// The hash of each name at its coarsest, sorted; made when it is needed.
    coarse: OnceLock<Vec<(u64, u32)>>,
}

impl NameIndex {
    /// Of names, up to 4 billion; later ones that are equal to others are never found.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut sorted: Vec<u32> = (0..names.len()).filter_map(|index| u32::try_from(index).ok()).collect();
        sorted.sort_by(|a, b| name_at(&names, *a).cmp(name_at(&names, *b)));
        sorted.dedup_by(|later, first| name_at(&names, *later) == name_at(&names, *first));
        Self { names, folders: Vec::new(), sorted, coarse: OnceLock::new() }
    }

    /// Says in which folder the photos lie, so that names that include it are found. The folder need not exist.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        let absolute = std::path::absolute(folder).ok();
        let canonical = folder.canonicalize().ok();
        let spellings = [Some(folder.to_path_buf()), absolute, canonical];
        for spelling in spellings.iter().flatten().filter_map(|path| path.to_str()) {
            let mut spelling = slashes(tidy(slashes(nfc(spelling)))).into_owned();
            if !spelling.is_empty() && !spelling.ends_with('/') {
                spelling.push('/');
            }
            if !spelling.is_empty() && !self.folders.contains(&spelling) {
                self.folders.push(spelling);
            }
        }
        self.coarse = OnceLock::new();
        self
    }

    /// How many names there are, equal ones included.
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A name by its number.
    pub fn name(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(String::as_str)
    }

    /// Looks a name up.
    pub fn find(&self, name: &str) -> Found {
        if let Ok(at) = self.sorted.binary_search_by(|index| name_at(&self.names, *index).cmp(name)) {
            return self.sorted.get(at).map_or(Found::Nothing, |index| Found::AsWritten(*index as usize));
        }
        let coarse = self.coarse.get_or_init(|| self.hashes());
        let hash = hash_of(&self.key(name, Respelling::Extension));
        let start = coarse.partition_point(|(other, _)| *other < hash);
        let alike: Vec<u32> = coarse
            .iter()
            .skip(start)
            .take_while(|(other, _)| *other == hash)
            .map(|(_, index)| *index)
            .collect();
        if alike.is_empty() {
            return Found::Nothing;
        }
        for step in Respelling::ALL {
            let key = self.key(name, step);
            let is_it = |index: &&u32| self.key(name_at(&self.names, **index), step) == key;
            let mut found = alike.iter().filter(is_it).map(|index| *index as usize);
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(index), None) => return Found::Respelled(index, step),
                (Some(first), Some(second)) => return Found::Ambiguous([first, second], step),
            }
        }
        Found::Nothing
    }

    /// Why a name was not found although several are like it, for a message; `None` for other results.
    pub fn explain(&self, name: &str, found: Found) -> Option<String> {
        let Found::Ambiguous([first, second], _) = found else { return None };
        let shown = |index| self.name(index).unwrap_or_default();
        Some(format!(
            "\"{name}\" may be \"{}\" or \"{}\": write the name as one of them",
            shown(first),
            shown(second)
        ))
    }

    fn hashes(&self) -> Vec<(u64, u32)> {
        let hash =
            |index: &u32| (hash_of(&self.key(name_at(&self.names, *index), Respelling::Extension)), *index);
        let mut hashes: Vec<(u64, u32)> = self.sorted.iter().map(hash).collect();
        hashes.sort_unstable();
        hashes
    }

    /// A name without the differences up to a step: equal at one step, equal at all later ones.
    fn key<'a>(&self, name: &'a str, step: Respelling) -> Cow<'a, str> {
        let mut key = nfc(name);
        if step >= Respelling::Blanks {
            key = trimmed(key);
        }
        if step >= Respelling::Url {
            key = of_url(key);
        }
        if step >= Respelling::Backslashes {
            key = slashes(key);
        }
        if step >= Respelling::Path {
            key = tidy(key);
        }
        if step >= Respelling::Folder
            && let Some(inside) = self.folders.iter().find_map(|folder| key.strip_prefix(folder.as_str()))
        {
            key = Cow::Owned(inside.to_owned());
        }
        if step >= Respelling::Extension {
            key = with_plain_extension(key);
        }
        key
    }
}

fn name_at(names: &[String], index: u32) -> &str {
    names.get(index as usize).map_or("", String::as_str)
}

fn hash_of(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn trimmed(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim()),
        Cow::Owned(name) => Cow::Owned(name.trim().to_owned()),
    }
}

fn slashes(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.contains('\\') { Cow::Owned(name.replace('\\', "/")) } else { name }
}

/// The path without empty parts and `.`; a slash at the start stays.
fn tidy(name: Cow<'_, str>) -> Cow<'_, str> {
    let is_tidy =
        !name.contains("//") && !name.contains("/./") && !name.starts_with("./") && !name.ends_with("/.");
    if is_tidy {
        return name;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let start = if name.starts_with('/') { "/" } else { "" };
    Cow::Owned(format!("{start}{}", parts.join("/")))
}

/// The path of a `file:` URL; other names stay.
fn of_url(name: Cow<'_, str>) -> Cow<'_, str> {
    let is_url = name.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    let Some(rest) = name.get(5..).filter(|_| is_url) else { return name };
    // `file:/path`, `file:///path` and `file://localhost/path` are the same.
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    match percent_decode_str(path).decode_utf8() {
        Ok(path) => Cow::Owned(nfc(&path).into_owned()),
        Err(_) => name,
    }
}

fn with_plain_extension(name: Cow<'_, str>) -> Cow<'_, str> {
    let Some((stem, extension)) = name.rsplit_once('.') else { return name };
    let is_plain = extension.contains('/') || !extension.contains(|c: char| c.is_ascii_uppercase());
    if is_plain {
        return name;
    }
    Cow::Owned(format!("{stem}.{}", extension.to_ascii_lowercase()))
}
