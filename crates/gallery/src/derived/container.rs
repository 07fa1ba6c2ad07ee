//! The one file layout of derived files: a checksummed header and table, then aligned sections.
//!
//! ```text
//! 0   magic "GeoRank\n"   8  layout version u32   12 kind u32
//! 16  generation u64      24 rows u64             32 dimension u32   36 sections u32
//! 40  file length u64     48 zeros                60 CRC-32 of bytes 0..60 and of the table
//! 64  table: for each section  tag u32, CRC-32 u32, offset u64, length u64
//! ..  sections, each at a multiple of 64
//! ```
//! All numbers are little-endian.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use bytemuck::AnyBitPattern;
use crc32fast::Hasher;
use files::MappedFile;

#[cfg(target_endian = "big")]
compile_error!("derived gallery files are mapped as little-endian numbers");

const MAGIC: &[u8; 8] = b"GeoRank\n";
const LAYOUT_VERSION: u32 = 1;
const HEADER: usize = 64;
const TABLE_ENTRY: usize = 24;
const ALIGNMENT: u64 = 64;
const MAX_SECTIONS: usize = 64;
/// Sections are written in pieces of about this size.
const BUFFER: usize = 1 << 20;
/// Files up to this size are checked in full when they are opened: it takes some 10 ms.
const CHECKED_WHEN_OPENED: usize = 64 << 20;

/// Names a section within a kind of file.
pub(crate) type Tag = u32;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Metadata of the photos of a gallery.
    PhotoIndex = 1,
    /// Vectors of one channel.
    Matrix = 2,
    /// Bare coordinates with vectors.
    Locations = 3,
    /// Positions of photos in a tar file.
    Tar = 4,
}

/// The numbers in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Of the data the file was derived from.
    pub(crate) generation: u64,
    pub(crate) rows: u64,
    pub(crate) dimension: u32,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SectionEntry {
    tag: Tag,
    checksum: u32,
    offset: u64,
    length: u64,
}

struct OpenSection {
    entry: SectionEntry,
    capacity: u64,
    hasher: Hasher,
    buffer: Vec<u8>,
}

/// Writes sections side by side, in one pass over the data.
pub(crate) struct ContainerWriter<W> {
    out: W,
    header: Header,
    sections: Vec<OpenSection>,
}

impl<W: Write + Seek> ContainerWriter<W> {
    /// `sections` names each section with its length in bytes; the last may be given as `None` and grows.
    pub(crate) fn new(out: W, header: Header, sections: &[(Tag, Option<u64>)]) -> Self {
        let mut offset = (HEADER + sections.len() * TABLE_ENTRY) as u64;
        let sections = sections
            .iter()
            .map(|&(tag, length)| {
                offset = offset.next_multiple_of(ALIGNMENT);
                let entry = SectionEntry { tag, checksum: 0, offset, length: 0 };
                let capacity = length.unwrap_or(u64::MAX);
                offset = offset.saturating_add(length.unwrap_or(0));
                OpenSection { entry, capacity, hasher: Hasher::new(), buffer: Vec::new() }
            })
            .collect();
        Self { out, header, sections }
    }

    /// Appends bytes to a section.
    pub(crate) fn append(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        let section = self
            .sections
            .iter_mut()
            .find(|section| section.entry.tag == tag)
            .ok_or_else(|| io::Error::other(format!("section {tag} was not announced")))?;
        section.buffer.extend_from_slice(bytes);
        if section.buffer.len() >= BUFFER {
            flush(&mut self.out, section)?;
        }
        Ok(())
    }

    /// Writes what is left, then table and header. Returns the output and the table.
    pub(crate) fn finish(mut self) -> io::Result<(W, Vec<SectionEntry>)> {
        for section in &mut self.sections {
            flush(&mut self.out, section)?;
            section.entry.checksum = section.hasher.clone().finalize();
            if section.capacity != u64::MAX && section.capacity != section.entry.length {
                let SectionEntry { tag, length, .. } = section.entry;
                let text = format!("section {tag} has {length} bytes instead of {}", section.capacity);
                return Err(io::Error::other(text));
            }
        }
        let table: Vec<SectionEntry> = self.sections.iter().map(|section| section.entry).collect();
        // Sections may be empty, and then nothing has been written up to their offset.
        let end = table.iter().map(|entry| entry.offset + entry.length).max().unwrap_or(HEADER as u64);
        let file_length = end.next_multiple_of(ALIGNMENT);
        let filled = table.iter().filter(|entry| entry.length > 0).map(|entry| entry.offset + entry.length);
        let mut position = filled.max().unwrap_or(0);
        self.out.seek(SeekFrom::Start(position))?;
        while position < file_length {
            let piece = (file_length - position).min(ALIGNMENT);
            self.out.write_all(&[0; ALIGNMENT as usize][..piece as usize])?;
            position += piece;
        }
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&encode_head(&self.header, &table, file_length))?;
        self.out.flush()?;
        Ok((self.out, table))
    }
}

fn flush<W: Write + Seek>(out: &mut W, section: &mut OpenSection) -> io::Result<()> {
    if section.buffer.is_empty() {
        return Ok(());
    }
    let length = section.entry.length + section.buffer.len() as u64;
    if length > section.capacity {
        return Err(io::Error::other(format!("section {} overflows", section.entry.tag)));
    }
    out.seek(SeekFrom::Start(section.entry.offset + section.entry.length))?;
    out.write_all(&section.buffer)?;
    section.hasher.update(&section.buffer);
    section.entry.length = length;
    section.buffer.clear();
    Ok(())
}

fn encode_head(header: &Header, table: &[SectionEntry], file_length: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEADER + table.len() * TABLE_ENTRY);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&LAYOUT_VERSION.to_le_bytes());
    head.extend_from_slice(&(header.kind as u32).to_le_bytes());
    head.extend_from_slice(&header.generation.to_le_bytes());
    head.extend_from_slice(&header.rows.to_le_bytes());
    head.extend_from_slice(&header.dimension.to_le_bytes());
    head.extend_from_slice(&(table.len() as u32).to_le_bytes());
    head.extend_from_slice(&file_length.to_le_bytes());
    head.resize(HEADER, 0);
    for entry in table {
        head.extend_from_slice(&entry.tag.to_le_bytes());
        head.extend_from_slice(&entry.checksum.to_le_bytes());
        head.extend_from_slice(&entry.offset.to_le_bytes());
        head.extend_from_slice(&entry.length.to_le_bytes());
    }
    let checksum = head_checksum(&head);
    head[HEADER - 4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    head
}

/// Of everything but the checksum itself.
fn head_checksum(head: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(head.get(..HEADER - 4).unwrap_or_default());
    hasher.update(head.get(HEADER..).unwrap_or_default());
    hasher.finalize()
}

/// Bytes of a container: a mapped file, or memory aligned for every number type.
#[derive(Debug)]
enum Bytes {
    Mapped(MappedFile),
    Owned { words: Vec<u64>, length: usize },
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(file) => file,
            Self::Owned { words, length } => bytemuck::cast_slice(words).get(..*length).unwrap_or_default(),
        }
    }
}

/// An opened file whose header, table and sizes are right.
#[derive(Debug)]
pub(crate) struct Container {
    bytes: Bytes,
    header: Header,
    table: Vec<SectionEntry>,
}

impl Container {
    /// Maps a file and checks header, table and sizes; small files are checked in full.
    ///
    /// # Errors
    /// Those of the file system; `InvalidData` with the reason for a damaged file.
    pub(crate) fn open(path: &Path, kind: Kind) -> io::Result<Self> {
        Self::parse(Bytes::Mapped(MappedFile::open(path)?), kind)
    }

    /// The same for bytes in memory.
    pub(crate) fn from_bytes(bytes: &[u8], kind: Kind) -> io::Result<Self> {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::parse(Bytes::Owned { words, length: bytes.len() }, kind)
    }

    fn parse(bytes: Bytes, kind: Kind) -> io::Result<Self> {
        let all = bytes.as_slice();
        let (header, table) = decode_head(all, kind).map_err(damaged)?;
        let container = Self { bytes, header, table };
        if container.bytes.as_slice().len() <= CHECKED_WHEN_OPENED {
            container.check_content().map_err(damaged)?;
        }
        Ok(container)
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn table(&self) -> &[SectionEntry] {
        &self.table
    }

    /// The whole file.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// A section's numbers; empty if the section does not exist.
    pub(crate) fn section<T: AnyBitPattern>(&self, tag: Tag) -> &[T] {
        let bytes = self.table.iter().find(|entry| entry.tag == tag).and_then(|entry| {
            self.bytes.as_slice().get(entry.offset as usize..(entry.offset + entry.length) as usize)
        });
        bytes.and_then(|bytes| bytemuck::try_cast_slice(bytes).ok()).unwrap_or_default()
    }

    /// A section that must hold `count` numbers.
    pub(crate) fn sized<T: AnyBitPattern>(&self, tag: Tag, count: usize) -> io::Result<&[T]> {
        let section = self.section(tag);
        if section.len() == count {
            Ok(section)
        } else {
            Err(damaged(format!("section {tag} holds {} entries instead of {count}", section.len())))
        }
    }

    /// A section as text, for identities.
    pub(crate) fn text(&self, tag: Tag) -> &str {
        std::str::from_utf8(self.section(tag)).unwrap_or_default()
    }

    /// Compares every section with its checksum.
    pub(crate) fn check_content(&self) -> Result<(), String> {
        for entry in &self.table {
            if crc32fast::hash(self.section(entry.tag)) != entry.checksum {
                return Err(format!("the checksum of section {} is wrong", entry.tag));
            }
        }
        Ok(())
    }
}

/// An I/O error for wrong content.
pub(crate) fn damaged(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

fn decode_head(bytes: &[u8], kind: Kind) -> Result<(Header, Vec<SectionEntry>), String> {
    if !bytes.starts_with(MAGIC) {
        return Err("it does not start like a GeoRanker file".into());
    }
    let version = number_u32(bytes, 8..12)?;
    if version != LAYOUT_VERSION {
        return Err(format!("it has layout version {version}, this program reads {LAYOUT_VERSION}"));
    }
    let sections = number_u32(bytes, 36..40)? as usize;
    let head = (sections <= MAX_SECTIONS).then(|| bytes.get(..HEADER + sections * TABLE_ENTRY)).flatten();
    let head = head.ok_or("the file is cut short")?;
    if head_checksum(head) != number_u32(head, HEADER - 4..HEADER)? {
        return Err("the checksum of the header is wrong".into());
    }
    if number_u32(head, 12..16)? != kind as u32 {
        return Err(format!("it is no {kind:?} file"));
    }
    if number_u64(head, 40..48)? != bytes.len() as u64 {
        return Err("the file is cut short or has grown".into());
    }
    let header = Header {
        kind,
        generation: number_u64(head, 16..24)?,
        rows: number_u64(head, 24..32)?,
        dimension: number_u32(head, 32..36)?,
    };
    let mut table = Vec::with_capacity(sections);
    for line in head.get(HEADER..).unwrap_or_default().chunks_exact(TABLE_ENTRY) {
        let entry = SectionEntry {
            tag: number_u32(line, 0..4)?,
            checksum: number_u32(line, 4..8)?,
            offset: number_u64(line, 8..16)?,
            length: number_u64(line, 16..24)?,
        };
        if entry.offset.checked_add(entry.length).is_none_or(|end| end > bytes.len() as u64) {
            return Err(format!("section {} lies outside the file", entry.tag));
        }
        table.push(entry);
    }
    Ok((header, table))
}

fn number_u32(bytes: &[u8], range: Range<usize>) -> Result<u32, String> {
    let array = bytes.get(range).and_then(|slice| slice.try_into().ok()).ok_or("the file is cut short")?;
    Ok(u32::from_le_bytes(array))
}

fn number_u64(bytes: &[u8], range: Range<usize>) -> Result<u64, String> {
    let array = bytes.get(range).and_then(|slice| slice.try_into().ok()).ok_or("the file is cut short")?;
    Ok(u64::from_le_bytes(array))
}

/// An output that keeps nothing: for computing the checksums that a file would have.
#[derive(Debug, Default)]
pub(crate) struct Discard {
    position: u64,
}

impl Write for Discard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Discard {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(position) = to {
            self.position = position;
        }
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const HEADER_VALUES: Header = Header { kind: Kind::Matrix, generation: 7, rows: 3, dimension: 2 };

    fn sample() -> Vec<u8> {
        let mut writer =
            ContainerWriter::new(Cursor::new(Vec::new()), HEADER_VALUES, &[(1, Some(12)), (2, None)]);
        for number in 0_u32..3 {
            writer.append(1, &number.to_le_bytes()).unwrap();
            writer.append(2, b"text").unwrap();
        }
        writer.finish().unwrap().0.into_inner()
    }

    #[test]
    fn what_was_written_is_read() {
        let container = Container::from_bytes(&sample(), Kind::Matrix).unwrap();
        assert_eq!(*container.header(), HEADER_VALUES);
        assert_eq!(container.section::<u32>(1), [0, 1, 2]);
        assert_eq!(container.text(2), "texttexttext");
        assert!(container.section::<u8>(9).is_empty());
        assert!(container.sized::<u32>(1, 4).is_err());
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let whole = sample();
        let container = Container::from_bytes(&whole, Kind::Matrix).unwrap();
        let used = |position: usize| {
            position < HEADER + 2 * TABLE_ENTRY
                || container
                    .table()
                    .iter()
                    .any(|entry| (entry.offset..entry.offset + entry.length).contains(&(position as u64)))
        };
        for position in (0..whole.len()).filter(|&position| used(position)) {
            let mut flipped = whole.clone();
            flipped[position] ^= 0x10;
            assert!(Container::from_bytes(&flipped, Kind::Matrix).is_err(), "byte {position}");
        }
        for length in 0..whole.len() {
            assert!(Container::from_bytes(&whole[..length], Kind::Matrix).is_err(), "{length} bytes");
        }
        assert!(Container::from_bytes(&whole, Kind::Tar).is_err());
    }

    #[test]
    fn announced_lengths_bind() {
        let new = || ContainerWriter::new(Cursor::new(Vec::new()), HEADER_VALUES, &[(1, Some(4))]);
        assert!(new().finish().is_err());
        let mut long = new();
        long.append(1, &[0; 5]).unwrap();
        assert!(long.finish().is_err());
        assert!(new().append(3, &[0]).is_err());
    }

    #[test]
    fn discarding_gives_the_same_checksums() {
        let mut writer = ContainerWriter::new(Discard::default(), HEADER_VALUES, &[(1, Some(4))]);
        writer.append(1, b"abcd").unwrap();
        let (_, table) = writer.finish().unwrap();
        assert_eq!(table[0].checksum, crc32fast::hash(b"abcd"));
    }
}
