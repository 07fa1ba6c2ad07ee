//! Whether an index still speaks of a tar: the header before a photo's bytes is looked at again.
//!
//! Length and checksum alone do not tell: photos of one length whose names changed places would be taken for each other.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use tar::{EntryType, Header, PaxExtensions};

/// Of a tar file, bytes.
const BLOCK: usize = 512;
/// Longest entry that gives the next one a long name, in blocks.
const LONGEST_NAME: usize = 16;

/// A name as indexes hold it.
pub(super) fn plain_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_start_matches("./").to_owned()
}

/// Whether the header of a file of this name and length precedes the offset, where `file` stands afterwards.
pub(super) fn header_fits(file: &mut File, [offset, length]: [u64; 2], name: &[u8]) -> bool {
    // Its own header, before it that of a long name with its blocks.
    let most = ((LONGEST_NAME + 2) * BLOCK) as u64;
    let start = offset.saturating_sub(most);
    let mut before = vec![0; (offset - start) as usize];
    if file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut before)).is_err() {
        return false;
    }
    let Some((last, blocks)) = before.as_rchunks::<BLOCK>().1.split_last() else { return false };
    let Some(header) = header_of(last).filter(|header| header.entry_size().ok() == Some(length)) else {
        return false;
    };
    let found = long_name(blocks).unwrap_or_else(|| header.path_bytes().into_owned());
    plain_name(&found).as_bytes() == name
}

/// The name that the entry at the end of these blocks gives to the next one.
fn long_name(blocks: &[[u8; BLOCK]]) -> Option<Vec<u8>> {
    (1..=LONGEST_NAME).find_map(|count| {
        let (before, content) = blocks.split_at_checked(blocks.len().checked_sub(count)?)?;
        let header = header_of(before.last()?)?;
        let length = usize::try_from(header.entry_size().ok()?).ok()?;
        let content = content.as_flattened().get(..length).filter(|_| length.div_ceil(BLOCK) == count)?;
        match header.entry_type() {
            EntryType::GNULongName => Some(content.strip_suffix(b"\0").unwrap_or(content).to_vec()),
            EntryType::XHeader => PaxExtensions::new(content)
                .filter_map(Result::ok)
                .find_map(|record| (record.key_bytes() == b"path").then(|| record.value_bytes().to_vec())),
            _ => None,
        }
    })
}

/// A block as a header, if its checksum says that it is one.
fn header_of(block: &[u8; BLOCK]) -> Option<&Header> {
    let header = Header::from_byte_slice(block);
    (header.cksum().ok() == Some(checksum(block))).then_some(header)
}

/// Of a tar header: the sum of its bytes, those of the checksum field taken as spaces.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    sum(&header[..148]) + 8 * u32::from(b' ') + sum(&header[156..])
}
