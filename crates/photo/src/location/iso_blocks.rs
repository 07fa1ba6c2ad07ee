//! The metadata items of HEIC and AVIF files, and the metadata boxes of JPEG XL files.
//!
//! Own code: the HEIC decoder's parser is behind a cargo feature, refuses a file for one odd item that has nothing to
//! do with metadata, and allocates what a hostile file's item list asks for.

use super::blocks::{Blocks, after_marker};

/// Items with metadata that are followed.
const MOST_ITEMS: usize = 16;
/// Pieces of one item.
const MOST_EXTENTS: u64 = 64;

/// Bytes of all items together.
const MOST_BYTES: usize = 64 << 20;

/// Adds the blocks of all items and boxes.
pub(super) fn find<'a>(file: &'a [u8], blocks: &mut Blocks<'a>) {
    let mut has_meta = false;
    for (kind, content) in (Boxes { rest: file }) {
        match kind {
            b"meta" if !has_meta => {
                has_meta = true;
                meta(file, content.get(4..).unwrap_or_default(), blocks);
            }
            b"Exif" => add_exif(content.to_vec(), blocks),
            b"xml " => blocks.add_xmp(content),
            _ => {}
        }
    }
}

fn meta(file: &[u8], content: &[u8], blocks: &mut Blocks<'_>) -> Option<()> {
    let part = |name: &[u8; 4]| Boxes { rest: content }.find(|(kind, _)| *kind == name).map(|(_, part)| part);
    let wanted = metadata_items(part(b"iinf")?)?;
    let inner = part(b"idat").unwrap_or_default();
    let mut room = MOST_BYTES;
    for item in locations(part(b"iloc")?, &wanted) {
        let source = match item.method {
            0 => file,
            1 => inner,
            _ => continue,
        };
        let data = data_of(source, &item.extents, &mut room);
        match item.kind {
            Kind::Exif => add_exif(data, blocks),
            Kind::Xmp => blocks.add_xmp(data),
        }
    }
    Some(())
}

/// Before the EXIF data stands the length of what stands before its header.
fn add_exif(data: Vec<u8>, blocks: &mut Blocks<'_>) {
    let skipped = data.first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
    let block = skipped.and_then(|skipped| data.get(skipped.checked_add(4)?..));
    let stated = block.filter(|block| after_marker(block).is_some()).map(<[u8]>::to_vec);
    blocks.add_exif(stated.unwrap_or(data));
}

/// What an item holds.
#[derive(Clone, Copy)]
enum Kind {
    Exif,
    Xmp,
}

/// The ids of the items with metadata.
fn metadata_items(content: &[u8]) -> Option<Vec<(u32, Kind)>> {
    let count_length = if *content.first()? == 0 { 2 } else { 4 };
    let entries = Boxes { rest: content.get(4 + count_length..)? }.filter(|(kind, _)| *kind == b"infe");
    Some(entries.filter_map(|(_, entry)| metadata_item(entry)).take(MOST_ITEMS).collect())
}

fn metadata_item(entry: &[u8]) -> Option<(u32, Kind)> {
    let (version, mut rest) = (*entry.first()?, entry.get(4..)?);
    let id = match version {
        2 => number(&mut rest, 2)?,
        3 => number(&mut rest, 4)?,
        _ => return None,
    };
    let _protection = number(&mut rest, 2)?;
    let kind = match rest.get(..4)? {
        b"Exif" => Kind::Exif,
        b"mime" => {
            let mut texts = rest.get(4..)?.split(|byte| *byte == 0).skip(1);
            texts.next().filter(|media_type| *media_type == b"application/rdf+xml")?;
            Kind::Xmp
        }
        _ => return None,
    };
    Some((u32::try_from(id).ok()?, kind))
}

/// Where a wanted item is stored.
struct Location {
    kind: Kind,
    /// 0: in the file; 1: in the `idat` box; others are not followed.
    method: u64,
    /// Offsets and lengths.
    extents: Vec<(u64, u64)>,
}

/// The places of the wanted items. What is found before the list ends too early is kept.
fn locations(mut content: &[u8], wanted: &[(u32, Kind)]) -> Vec<Location> {
    let mut found = Vec::new();
    let _ = read_locations(&mut content, wanted, &mut found);
    found
}

fn read_locations(content: &mut &[u8], wanted: &[(u32, Kind)], found: &mut Vec<Location>) -> Option<()> {
    let version = number(content, 4)? >> 24;
    let sizes = number(content, 2)?;
    let [offset_size, length_size, base_size, index_size] =
        [sizes >> 12, sizes >> 8, sizes >> 4, sizes].map(|size| (size & 15) as usize);
    let index_size = if version == 0 { 0 } else { index_size };
    let id_size = if version < 2 { 2 } else { 4 };
    for _ in 0..number(content, id_size)? {
        let id = number(content, id_size)?;
        let method = if version == 0 { 0 } else { number(content, 2)? & 15 };
        let _other_file = number(content, 2)?;
        let base = number(content, base_size)?;
        let count = number(content, 2)?;
        let length = usize::try_from(count).ok()? * (index_size + offset_size + length_size);
        let (mut extents, rest) = content.split_at_checked(length)?;
        *content = rest;
        let kind = wanted.iter().find(|(wanted, _)| u64::from(*wanted) == id).map(|(_, kind)| *kind);
        if let (Some(kind), true) = (kind, found.len() < MOST_ITEMS) {
            let mut extent = || {
                number(&mut extents, index_size)?;
                let offset = base.saturating_add(number(&mut extents, offset_size)?);
                Some((offset, number(&mut extents, length_size)?))
            };
            let extents = (0..count.min(MOST_EXTENTS)).map_while(|_| extent()).collect();
            found.push(Location { kind, method, extents });
        }
    }
    Some(())
}

/// The pieces of an item as one, while there is room. A length of 0 means "to the end".
fn data_of(source: &[u8], extents: &[(u64, u64)], room: &mut usize) -> Vec<u8> {
    let mut data = Vec::new();
    for (offset, length) in extents {
        let rest = usize::try_from(*offset).ok().and_then(|offset| source.get(offset..)).unwrap_or_default();
        let length = if *length == 0 { rest.len() } else { usize::try_from(*length).unwrap_or(usize::MAX) };
        let piece = rest.get(..length.min(rest.len()).min(*room)).unwrap_or_default();
        *room -= piece.len();
        data.extend_from_slice(piece);
    }
    data
}

/// A big-endian number of up to 8 bytes; a length of none is 0.
fn number(bytes: &mut &[u8], length: usize) -> Option<u64> {
    if length > 8 {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The boxes of a file or of another box, as type and content. The last may be cut.
struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Boxes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let whole = self.rest;
        let (length, after_length) = whole.split_at_checked(4)?;
        let (kind, mut content) = after_length.split_at_checked(4)?;
        let length = match u32::from_be_bytes(length.try_into().ok()?) {
            0 => whole.len(),
            1 => {
                let (long, rest) = content.split_at_checked(8)?;
                content = rest;
                usize::try_from(u64::from_be_bytes(long.try_into().ok()?)).ok()?
            }
            length => length as usize,
        };
        let length = length.checked_sub(whole.len() - content.len())?;
        let (content, rest) = content.split_at_checked(length).unwrap_or((content, &[]));
        self.rest = rest;
        Some((kind, content))
    }
}
