//! Finds the EXIF blocks and XMP packets of a photo file, whatever its format.
//!
//! Own code, because no library in use hands over all of them: decoders keep the first block, stop before the ones
//! that follow the pixels, and want their markers to the letter.

use std::borrow::Cow;

use super::tiff::{Tiff, has_tiff_header};
use super::{iso_blocks, jpeg_blocks, png_blocks};

/// Blocks of one kind that are kept: more than any camera writes.
const MOST_BLOCKS: usize = 16;
const XMP_TAG: u16 = 700;

/// EXIF blocks, which begin with a TIFF header unless they are damaged, and XMP packets.
#[derive(Debug, Default)]
pub(super) struct Blocks<'a> {
    pub(super) exif: Vec<Cow<'a, [u8]>>,
    pub(super) xmp: Vec<Cow<'a, [u8]>>,
}

impl<'a> Blocks<'a> {
    /// All blocks of a file; none where the format is unknown.
    pub(super) fn of(file: &'a [u8]) -> Self {
        let at = |offset: usize, magic: &[u8]| file.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        let mut blocks = Self::default();
        if at(0, b"\xff\xd8") {
            jpeg_blocks::find(file, &mut blocks);
        } else if at(0, b"\x89PNG\r\n\x1a\n") {
            png_blocks::find(file, &mut blocks);
        } else if at(0, b"RIFF") && at(8, b"WEBP") {
            blocks.find_in_webp(file);
        } else if has_tiff_header(file) {
            blocks.find_in_tiff(file);
        } else if at(4, b"ftyp") || at(4, b"JXL ") {
            iso_blocks::find(file, &mut blocks);
        } else if at(0, b"GIF8") {
            blocks.add_packet_within(file);
        }
        blocks
    }

    /// Adds EXIF data that may still have a marker before its header.
    pub(super) fn add_exif(&mut self, data: impl Into<Cow<'a, [u8]>>) {
        if self.exif.len() == MOST_BLOCKS {
            return;
        }
        self.exif.push(match data.into() {
            Cow::Borrowed(data) => Cow::Borrowed(after_marker(data).unwrap_or(data)),
            Cow::Owned(data) => match after_marker(&data) {
                Some(block) => Cow::Owned(block.to_vec()),
                None => Cow::Owned(data),
            },
        });
    }

    /// Adds an XMP packet.
    pub(super) fn add_xmp(&mut self, packet: impl Into<Cow<'a, [u8]>>) {
        if self.xmp.len() < MOST_BLOCKS {
            self.xmp.push(packet.into());
        }
    }

    /// Adds the XMP packet that begins somewhere in these bytes; says whether there is one.
    pub(super) fn add_packet_within(&mut self, bytes: &'a [u8]) -> bool {
        let start = ["<?xpacket begin", "<x:xmpmeta", "<rdf:RDF"].iter().find_map(|start| find(bytes, start));
        let Some(packet) = start.and_then(|start| bytes.get(start..)) else { return false };
        let end = ["</x:xmpmeta>", "</rdf:RDF>"].iter().find_map(|end| Some(find(packet, end)? + end.len()));
        self.add_xmp(packet.get(..end.unwrap_or(packet.len())).unwrap_or(packet));
        true
    }

    fn find_in_webp(&mut self, file: &'a [u8]) {
        let mut rest = file.get(12..).unwrap_or_default();
        while let Some((head, data)) = rest.split_at_checked(8) {
            let [name @ .., a, b, c, d] = head else { return };
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            let chunk = data.get(..length).unwrap_or(data);
            match name {
                b"EXIF" | b"Exif" => self.add_exif(chunk),
                b"XMP " | b"XMP\0" => self.add_xmp(chunk),
                _ => {}
            }
            // Chunks of odd length have one byte of padding.
            rest = data.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
    }

    fn find_in_tiff(&mut self, file: &'a [u8]) {
        self.add_exif(file);
        let Some(tiff) = Tiff::new(file) else { return };
        for directory in tiff.directories() {
            let packets = directory.entries.iter().filter(|entry| entry.tag == XMP_TAG);
            for packet in packets.filter_map(|entry| tiff.bytes(*entry)).take(MOST_BLOCKS) {
                self.add_xmp(packet);
            }
        }
    }
}

/// The TIFF structure within the first bytes of a block: after `Exif\0\0`, one of its misspellings, or nothing.
pub(super) fn after_marker(data: &[u8]) -> Option<&[u8]> {
    const LONGEST_MARKER: usize = 16;
    let starts = 0..=LONGEST_MARKER.min(data.len());
    starts.filter_map(|start| data.get(start..)).find(|rest| has_tiff_header(rest))
}

/// Where a text begins in some bytes.
pub(super) fn find(bytes: &[u8], text: &str) -> Option<usize> {
    let first = *text.as_bytes().first()?;
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(start, _)| start);
    starts.into_iter().find(|start| bytes.get(*start..).is_some_and(|rest| rest.starts_with(text.as_bytes())))
}
