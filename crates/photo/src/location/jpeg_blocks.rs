//! The metadata segments of a JPEG file.

use super::blocks::{Blocks, after_marker};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// The id of one extended packet.
const ID_LENGTH: usize = 32;
/// exiftool has seen four bytes of another header before the marker.
const GARBAGE_BEFORE_MARKER: usize = 4;

/// A piece of an extended XMP packet: id, offset, bytes.
type Piece<'a> = (&'a [u8], u32, &'a [u8]);

/// Adds the blocks of all segments before the pixels.
pub(super) fn find<'a>(file: &'a [u8], blocks: &mut Blocks<'a>) {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let mut follows_exif = false;
    for (marker, payload) in (Segments { file, at: 2 }) {
        let exif = exif_data(marker, payload);
        // A block of more than 64 KiB goes on in the next segment, which has the marker and no header.
        if let (true, Some(data)) = (follows_exif, exif.filter(|data| after_marker(data).is_none())) {
            if let (Some(last), Some(more)) = (blocks.exif.last_mut(), data.get(6..)) {
                last.to_mut().extend_from_slice(more);
            }
            continue;
        }
        follows_exif = exif.is_some();
        if let Some(data) = exif {
            blocks.add_exif(after_marker(data).or(data.get(6..)).unwrap_or_default());
        } else if marker == 0xe1 {
            find_in_app1(payload, blocks, &mut pieces);
        }
    }
    join(pieces, blocks);
}

fn find_in_app1<'a>(payload: &'a [u8], blocks: &mut Blocks<'a>, pieces: &mut Vec<Piece<'a>>) {
    if let Some(packet) = payload.strip_prefix(XMP) {
        blocks.add_xmp(packet);
    } else if let Some(piece) = payload.strip_prefix(EXTENDED_XMP) {
        pieces.extend(extended(piece));
    } else {
        blocks.add_packet_within(payload);
    }
}

/// The payload from its EXIF marker on, however the marker is spelt. In APP1 a TIFF header will do.
fn exif_data(marker: u8, payload: &[u8]) -> Option<&[u8]> {
    let mut starts = (0..=GARBAGE_BEFORE_MARKER).filter_map(|start| payload.get(start..));
    let marked = starts.find(|rest| rest.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"Exif")));
    marked.or_else(|| (marker == 0xe1 && after_marker(payload).is_some()).then_some(payload))
}

fn extended(piece: &[u8]) -> Option<Piece<'_>> {
    let (id, rest) = piece.split_at_checked(ID_LENGTH)?;
    let (_whole_length, rest) = rest.split_at_checked(4)?;
    let (offset, data) = rest.split_at_checked(4)?;
    Some((id, u32::from_be_bytes(offset.try_into().ok()?), data))
}

/// Extended packets are cut into segments, which may come in any order.
fn join<'a>(mut pieces: Vec<Piece<'a>>, blocks: &mut Blocks<'a>) {
    pieces.sort_by_key(|(id, offset, _)| (*id, *offset));
    for packet in pieces.chunk_by(|(one, ..), (other, ..)| one == other) {
        let data: Vec<&[u8]> = packet.iter().map(|(_, _, data)| *data).collect();
        blocks.add_xmp(data.concat());
    }
}

/// The segments from an offset to the pixels, as marker and payload.
struct Segments<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        const END_OF_IMAGE: u8 = 0xd9;
        const START_OF_SCAN: u8 = 0xda;
        loop {
            // After a segment of a wrong length, the next marker is looked for.
            self.at += self.file.get(self.at..)?.iter().position(|byte| *byte == 0xff)?;
            let marker = *self.file.get(self.at + 1)?;
            match marker {
                0xff => self.at += 1,
                0x00 | 0x01 | 0xd0..=0xd8 => self.at += 2,
                END_OF_IMAGE | START_OF_SCAN => return None,
                _ => {
                    let length: [u8; 2] = self.file.get(self.at + 2..self.at + 4)?.try_into().ok()?;
                    let length = usize::from(u16::from_be_bytes(length));
                    let rest = self.file.get(self.at + 4..)?;
                    self.at += 2 + length.max(2);
                    let payload = length.saturating_sub(2);
                    return Some((marker, rest.get(..payload).unwrap_or(rest)));
                }
            }
        }
    }
}
