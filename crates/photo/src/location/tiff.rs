//! A TIFF structure, read as far as it can be read.
//!
//! Own code, because `kamadak-exif` (used before) gives up where other programs read on: it wants the marker
//! `Exif\0\0` to the letter, one segment, a pointer of an integer type, every value of a directory within the data, and
//! it knows neither `BigTIFF` nor the XMP tag. What is needed here is small: directories, and three kinds of values.

use std::collections::BTreeSet;

use super::angle::Part;

/// Directories that are followed from the first one.
const MOST_DIRECTORIES: usize = 16;
/// Entries of one directory that are looked at; the count of an ordinary TIFF has 16 bits.
const MOST_ENTRIES: u64 = 65_535;
/// Letters of a text that are read.
const LONGEST_TEXT: u64 = 256;

const EXIF_POINTER: u16 = 0x8769;

/// Bytes with a TIFF header.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
    /// Offsets and counts of 64 bits.
    big: bool,
}

/// One field of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    count: u64,
    /// Where the value, or the offset of the value, is.
    field: u64,
}

/// The fields of one directory.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    /// Whether its count promises more entries than the data has.
    pub(super) is_cut: bool,
    /// Whether entries of types that do not exist were left out.
    pub(super) has_strange_entries: bool,
    next: u64,
}

/// Whether these bytes begin like a TIFF file.
pub(super) fn has_tiff_header(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|header| bytes.starts_with(*header))
}

impl<'a> Tiff<'a> {
    /// Only the byte order must be right: makers write other numbers in place of the 42.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let little_endian = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let plain = Self { bytes, little_endian, big: false };
        Some(Self { big: plain.u16(2)? == 43, ..plain })
    }

    /// The main directory, those it points to, and those that follow it.
    pub(super) fn directories(&self) -> Vec<Directory> {
        let Some(first) = self.word(if self.big { 8 } else { 4 }) else { return Vec::new() };
        let mut waiting = vec![first];
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        while let Some(at) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
            if found.len() == MOST_DIRECTORIES || !seen.insert(at) {
                continue;
            }
            let Some(directory) = self.directory(at) else { continue };
            let inner = directory.entries.iter().filter(|entry| entry.tag == EXIF_POINTER);
            waiting.extend(inner.filter_map(|entry| self.word(entry.field)).take(1));
            waiting.push(directory.next);
            found.push(directory);
        }
        found
    }

    /// The directory at this offset; `None` if not one entry is there. Entries that make no sense are left out.
    pub(super) fn directory(&self, at: u64) -> Option<Directory> {
        if at == 0 {
            return None;
        }
        let (header, length) = if self.big { (8, 20) } else { (2, 12) };
        let count = if self.big { self.u64(at)? } else { self.u16(at)?.into() };
        let start = at.checked_add(header)?;
        let room = (self.bytes.len() as u64).checked_sub(start)? / length;
        let readable = count.min(room).min(MOST_ENTRIES);
        if readable == 0 && count > 0 {
            return None;
        }
        let mut entries: Vec<Entry> =
            (0..readable).filter_map(|index| self.entry(start + index * length)).collect();
        // Type 0 pads directories.
        let has_strange_entries = entries.iter().any(|entry| entry.kind != 0 && unit_size(entry.kind) == 0);
        entries.retain(|entry| unit_size(entry.kind) > 0);
        if entries.is_empty() && has_strange_entries {
            return None;
        }
        let next = self.word(start + readable * length).unwrap_or(0);
        Some(Directory { entries, is_cut: count > room, has_strange_entries, next })
    }

    fn entry(&self, at: u64) -> Option<Entry> {
        let count = if self.big { self.u64(at + 4)? } else { self.u32(at + 4)?.into() };
        let field = at + if self.big { 12 } else { 8 };
        Some(Entry { tag: self.u16(at)?, kind: self.u16(at + 2)?, count, field })
    }

    /// Where a pointer may lead, the likeliest first: its type may be wrong, and its value inside the entry or not.
    pub(super) fn pointers(&self, entry: Entry) -> Vec<u64> {
        let by_kind = match unit_size(entry.kind) {
            1 if entry.kind == 1 && entry.count == 1 => {
                self.array(entry.field).map(|[byte]: [u8; 1]| byte.into())
            }
            2 => self.u16(entry.field).map(u64::from),
            _ => None,
        };
        let as_word = self.word(entry.field);
        let elsewhere = self.place(entry, 1).filter(|place| *place != entry.field);
        let behind = elsewhere.and_then(|place| self.word(place));
        let as_short = self.u16(entry.field).map(u64::from);
        [by_kind, as_word, as_short, behind].into_iter().flatten().collect()
    }

    /// The first three numbers of a field; `None` if it holds none or lies outside.
    pub(super) fn numbers(&self, entry: Entry) -> Option<Vec<Part>> {
        let count = entry.count.min(3);
        let place = self.place(entry, count)?;
        let size = unit_size(entry.kind);
        let part = |index: u64| {
            let at = place + index * size;
            let second = at + 4;
            let number = match entry.kind {
                1 => f64::from(u8::from_ne_bytes(self.array(at)?)),
                3 => f64::from(self.u16(at)?),
                4 | 13 => f64::from(self.u32(at)?),
                5 => return Some(Part::ratio(self.u32(at)?.into(), self.u32(second)?.into())),
                6 => f64::from(i8::from_ne_bytes(self.array(at)?)),
                8 => f64::from(self.u16(at)?.cast_signed()),
                9 => f64::from(self.u32(at)?.cast_signed()),
                10 => {
                    let [above, below] = [self.u32(at)?.cast_signed(), self.u32(second)?.cast_signed()];
                    return Some(Part::ratio(above.into(), below.into()));
                }
                11 => f64::from(f32::from_bits(self.u32(at)?)),
                12 => f64::from_bits(self.u64(at)?),
                16 | 18 => self.u64(at)? as f64,
                17 => self.u64(at)?.cast_signed() as f64,
                _ => return None,
            };
            Some(Part::Number(number))
        };
        (0..count).map(part).collect()
    }

    /// The text of a field of single bytes, up to its first NUL.
    pub(super) fn text(&self, entry: Entry) -> Option<String> {
        if unit_size(entry.kind) != 1 {
            return None;
        }
        let bytes =
            self.slice(self.place(entry, entry.count.min(LONGEST_TEXT))?, entry.count.min(LONGEST_TEXT))?;
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        // Not UTF-8: then Latin-1, whose degree sign is one byte.
        Some(
            str::from_utf8(text)
                .map_or_else(|_| text.iter().copied().map(char::from).collect(), str::to_owned),
        )
    }

    /// Whether the field is one that `text` reads.
    pub(super) fn is_text(entry: Entry) -> bool {
        matches!(entry.kind, 2 | 7 | 129)
    }

    /// All bytes of a field, or those that are there.
    pub(super) fn bytes(&self, entry: Entry) -> Option<&'a [u8]> {
        let length = entry.count.checked_mul(unit_size(entry.kind))?;
        let rest = self.bytes.get(usize::try_from(self.place(entry, 0)?).ok()?..)?;
        rest.get(..rest.len().min(usize::try_from(length).ok()?))
    }

    /// Where the value begins, if its first `needed` units are within the data.
    fn place(&self, entry: Entry, needed: u64) -> Option<u64> {
        let size = unit_size(entry.kind);
        let inline = if self.big { 8 } else { 4 };
        let fits = entry.count.checked_mul(size).is_some_and(|length| length <= inline);
        let place = if fits { entry.field } else { self.word(entry.field)? };
        self.slice(place, needed * size).map(|_| place)
    }

    /// An offset: 32 bits, or 64 in a `BigTIFF`.
    fn word(&self, at: u64) -> Option<u64> {
        if self.big { self.u64(at) } else { self.u32(at).map(u64::from) }
    }

    fn u16(&self, at: u64) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: u64) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn u64(&self, at: u64) -> Option<u64> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    fn array<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        self.slice(at, N as u64)?.try_into().ok()
    }

    fn slice(&self, at: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(at).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }
}

/// Bytes of one unit of a type; 0 for types that do not exist.
const fn unit_size(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 | 129 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}
