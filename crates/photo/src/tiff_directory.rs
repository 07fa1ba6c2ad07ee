//! The first directory of a TIFF file, read and rewritten.
//!
//! The library reads strips, tiles and compressions well, but few kinds of colour. So a copy of the file gets a directory
//! that declares its samples as plain numbers, and their meaning is applied here (`tiff_image`).

use std::borrow::Cow;

/// Entries beyond this are not photos.
const MAX_ENTRIES: u64 = 4096;

/// The entries of the first directory.
#[derive(Clone)]
pub(super) struct Directory<'a> {
    bytes: Cow<'a, [u8]>,
    big_endian: bool,
    /// `BigTIFF`: offsets of 64 bits.
    wide: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value, or its offset, as it stands in the file; the first four bytes in classic files.
    field: [u8; 8],
}

impl<'a> Directory<'a> {
    /// The directory, or nothing if it lies outside of the file.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = bytes.starts_with(b"MM");
        let mut directory =
            Self { bytes: Cow::Borrowed(bytes), big_endian, wide: false, entries: Vec::new() };
        directory.wide = directory.read(2, 2)? == 43;
        let width = directory.offset_bytes();
        let start = directory.read(if directory.wide { 8 } else { 4 }, width)?;
        let start = usize::try_from(start).ok()?;
        let count_bytes = if directory.wide { 8 } else { 2 };
        let count = directory.read(start, count_bytes)?;
        if count > MAX_ENTRIES {
            return None;
        }
        for index in 0..count as usize {
            let at = start.checked_add(count_bytes + index * (4 + 2 * width))?;
            let mut field = [0; 8];
            field.get_mut(..width)?.copy_from_slice(bytes.get(at + 4 + width..at + 4 + 2 * width)?);
            directory.entries.push(Entry {
                tag: directory.read(at, 2)? as u16,
                kind: directory.read(at + 2, 2)? as u16,
                count: directory.read(at + 4, width)?,
                field,
            });
        }
        Some(directory)
    }

    const fn offset_bytes(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn read(&self, at: usize, length: usize) -> Option<u64> {
        let field = self.bytes.get(at..at.checked_add(length)?)?;
        Some(number(field, self.big_endian))
    }

    /// Whether the tag is there.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag)?.first().copied()
    }

    /// The unsigned whole numbers of a tag; nothing if they are of another kind or lie outside of the file.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<u64>> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag)?;
        let size = match entry.kind {
            1 => 1,
            3 => 2,
            4 => 4,
            16 => 8,
            _ => return None,
        };
        let field = self.field(entry, size)?;
        Some(field.chunks_exact(size).map(|value| number(value, self.big_endian)).collect())
    }

    /// The fractions of a tag.
    pub(super) fn fractions(&self, tag: u16) -> Option<Vec<f64>> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag && entry.kind == 5)?;
        let halves = |field: &[u8]| {
            let (above, below) = field.split_at(4);
            number(above, self.big_endian) as f64 / number(below, self.big_endian) as f64
        };
        Some(self.field(entry, 8)?.chunks_exact(8).map(halves).collect())
    }

    /// The bytes of an entry's values.
    fn field<'b>(&'b self, entry: &'b Entry, size: usize) -> Option<&'b [u8]> {
        let length = usize::try_from(entry.count).ok()?.checked_mul(size)?;
        if length <= self.offset_bytes() {
            return entry.field.get(..length);
        }
        let at = usize::try_from(number(entry.field.get(..self.offset_bytes())?, self.big_endian)).ok()?;
        self.bytes.get(at..at.checked_add(length)?)
    }

    /// Replaces or adds a tag with one number.
    pub(super) fn set(&mut self, tag: u16, value: u32) {
        self.remove(tag);
        let mut field = [0; 8];
        let kind = if let Ok(short) = u16::try_from(value) {
            field[..2].copy_from_slice(&if self.big_endian {
                short.to_be_bytes()
            } else {
                short.to_le_bytes()
            });
            3
        } else {
            field[..4].copy_from_slice(&if self.big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            });
            4
        };
        self.entries.push(Entry { tag, kind, count: 1, field });
    }

    /// Keeps some of a tag's values, one behind the other.
    pub(super) fn keep(&mut self, tag: u16, first: usize, count: usize) {
        let Some(values) = self.numbers(tag) else { return };
        let kept: Vec<u64> = values.into_iter().skip(first).take(count).collect();
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.tag == tag) else { return };
        entry.count = kept.len() as u64;
        let size = match entry.kind {
            3 => 2,
            16 => 8,
            _ => 4,
        };
        let width = if self.wide { 8 } else { 4 };
        let bytes: Vec<u8> =
            kept.iter().flat_map(|&value| number_bytes(value, size, self.big_endian)).collect();
        entry.field = [0; 8];
        if bytes.len() <= width {
            entry.field[..bytes.len()].copy_from_slice(&bytes);
            return;
        }
        // The place of the values, which are put behind the file.
        let file = self.bytes.to_mut();
        file.resize(file.len().next_multiple_of(8), 0);
        entry.field[..width].copy_from_slice(&number_bytes(file.len() as u64, width, self.big_endian));
        file.extend(bytes);
    }

    pub(super) fn remove(&mut self, tag: u16) {
        self.entries.retain(|entry| entry.tag != tag);
    }

    /// A copy of the file with this directory, the only one.
    pub(super) fn rewritten(mut self) -> Vec<u8> {
        self.entries.sort_by_key(|entry| entry.tag);
        let width = self.offset_bytes();
        let mut file = std::mem::take(&mut self.bytes).into_owned();
        file.resize(file.len().next_multiple_of(8), 0);
        let start = file.len() as u64;
        let put = |file: &mut Vec<u8>, value: u64, length: usize| {
            file.extend(number_bytes(value, length, self.big_endian));
        };
        put(&mut file, self.entries.len() as u64, if self.wide { 8 } else { 2 });
        for entry in &self.entries {
            put(&mut file, u64::from(entry.tag), 2);
            put(&mut file, u64::from(entry.kind), 2);
            put(&mut file, entry.count, width);
            file.extend(entry.field.iter().take(width));
        }
        put(&mut file, 0, width);
        let mut pointer = Vec::new();
        put(&mut pointer, start, width);
        let at = if self.wide { 8 } else { 4 };
        file.splice(at..at + width, pointer);
        file
    }
}

/// The lowest bytes of a number.
fn number_bytes(value: u64, length: usize, big_endian: bool) -> Vec<u8> {
    let mut bytes: Vec<u8> = value.to_le_bytes().into_iter().take(length).collect();
    if big_endian {
        bytes.reverse();
    }
    bytes
}

fn number(field: &[u8], big_endian: bool) -> u64 {
    let append = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
    if big_endian { field.iter().fold(0, append) } else { field.iter().rev().fold(0, append) }
}
