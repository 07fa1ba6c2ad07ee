//! A look at a HEIF file before the library reads it.
//!
//! The item location box (`iloc`, ISO 14496-12, 8.11.3) may say that each field of an extent takes no bytes. A small file
//! can then announce billions of extents, and a reader that makes room for each runs out of memory. Ours is a look at the
//! counts alone.

use super::{Format, PhotoError};

/// More extents than this, in all items together, are in no photo: tiles are items of their own.
const MOST_EXTENTS: u64 = 1 << 16;

/// Refuses files whose item locations would take more memory than the file has bytes.
///
/// # Errors
/// [`PhotoError::Damaged`].
pub(super) fn check_item_locations(bytes: &[u8], format: Format) -> Result<(), PhotoError> {
    let extents = find(bytes, *b"meta")
        .and_then(|meta| find(meta.get(4..)?, *b"iloc"))
        .and_then(count_extents)
        .unwrap_or(0);
    if extents > MOST_EXTENTS {
        let why = format!("its item locations have {extents} extents");
        return Err(PhotoError::Damaged { format, why });
    }
    Ok(())
}

/// The content of the first box of a kind.
fn find(mut bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    loop {
        let size = number(bytes, 4)?;
        let (header, size) = match size {
            0 => (8, bytes.len() as u64),
            1 => (16, number(bytes.get(8..)?, 8)?),
            size => (8, size),
        };
        let end = usize::try_from(size).ok()?.min(bytes.len());
        if bytes.get(4..8)? == kind {
            return bytes.get(header..end);
        }
        bytes = bytes.get(end.max(header)..)?;
    }
}

/// The extents of all items, as far as the box goes.
fn count_extents(location: &[u8]) -> Option<u64> {
    let version = *location.first()?;
    let sizes = [*location.get(4)?, *location.get(5)?];
    let nibble = |byte: u8, high: bool| usize::from(if high { byte >> 4 } else { byte & 15 });
    let (offset, length, base) = (nibble(sizes[0], true), nibble(sizes[0], false), nibble(sizes[1], true));
    let index = if version == 0 { 0 } else { nibble(sizes[1], false) };
    let wide = if version < 2 { 2 } else { 4 };
    let items = number(location.get(6..)?, wide)?;
    let mut rest = location.get(6 + wide..)?;
    // Item, construction method, data reference, base offset.
    let head = wide + if version == 0 { 0 } else { 2 } + 2 + base;
    let mut extents = 0_u64;
    for _ in 0..items {
        let Some(count) = rest.get(head..).and_then(|rest| number(rest, 2)) else { break };
        extents += count;
        let taken = head + 2 + usize::try_from(count).ok()? * (index + offset + length);
        let Some(after) = rest.get(taken..) else { break };
        rest = after;
    }
    Some(extents)
}

fn number(bytes: &[u8], length: usize) -> Option<u64> {
    bytes.get(..length).map(|bytes| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8], content: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(content);
        bytes
    }

    /// A file whose items have `extents` extents of no bytes each.
    fn file(items: u16, extents: u16) -> Vec<u8> {
        let mut location = vec![0, 0, 0, 0, 0, 0];
        location.extend(items.to_be_bytes());
        for item in 0..items {
            location.extend(item.to_be_bytes());
            location.extend([0, 0]);
            location.extend(extents.to_be_bytes());
        }
        let mut meta = vec![0; 4];
        meta.extend(boxed(b"hdlr", &[0; 20]));
        meta.extend(boxed(b"iloc", &location));
        let mut bytes = boxed(b"ftyp", b"heic\0\0\0\0heic");
        bytes.extend(boxed(b"meta", &meta));
        bytes
    }

    #[test]
    fn extents_without_bytes_are_counted_and_refused() {
        assert!(check_item_locations(&file(50, 1), Format::Heic).is_ok());
        let error = check_item_locations(&file(1000, u16::MAX), Format::Heic).unwrap_err();
        assert!(error.to_string().contains("65535000 extents"), "{error}");
    }

    #[test]
    fn what_is_cut_or_is_no_box_is_left_to_the_reader() {
        let whole = file(1000, u16::MAX);
        for length in 0..whole.len().min(120) {
            let _ = check_item_locations(&whole[..length], Format::Heic);
        }
        assert!(check_item_locations(&[0; 64], Format::Heic).is_ok());
        assert!(check_item_locations(b"\0\0\0\x04meta\0\0\0\x01", Format::Heic).is_ok());
    }
}
