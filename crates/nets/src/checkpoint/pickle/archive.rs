//! The zip archive around a pickle and its storages.

use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::Refusal;

/// The longest program that is believed: one of a thousand tensors has 200 KB.
const MOST_PROGRAM: usize = 4 << 20;

/// Members of a file, all stored as they are.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    /// The folder that all members lie in, with its slash.
    prefix: String,
    members: HashMap<String, Member>,
}

struct Member {
    range: Range<usize>,
    crc32: u32,
}

impl From<ZipError> for Refusal {
    fn from(error: ZipError) -> Self {
        Self::Damaged(format!("it is not a complete zip archive: {error}"))
    }
}

impl<'a> Archive<'a> {
    /// Lists the members and checks that each lies in the file, uncompressed, and that none overlap or have the same
    /// name: which of two is read must not hang on the reader.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))?;
        if archive.has_overlapping_entries()? {
            return Err(Refusal::damaged("members of its zip archive overlap"));
        }
        if archive.has_duplicate_names() {
            return Err("two members of its zip archive have the same name".into());
        }
        let mut members = HashMap::with_capacity(archive.len());
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index)?;
            let name = member.name()?.into_owned();
            if member.encrypted() || member.compression() != CompressionMethod::Stored {
                return Err(format!("{name} is compressed or encrypted, which torch.save never does").into());
            }
            if member.size() != member.compressed_size() {
                let (size, other) = (member.size(), member.compressed_size());
                return Err(Refusal::Damaged(format!("{name} has two sizes, {size} and {other}")));
            }
            let range = member
                .data_start()
                .and_then(|start| Some(start..start.checked_add(member.size())?))
                .and_then(|range| Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?))
                .filter(|range| range.end <= bytes.len())
                .ok_or_else(|| Refusal::Damaged(format!("{name} leads beyond the end of the file")))?;
            // Different bytes may spell the same name in different encodings.
            if members.insert(name, Member { range, crc32: member.crc32() }).is_some() {
                return Err("two members of its zip archive have the same name".into());
            }
        }
        let mut programs = members
            .keys()
            .filter_map(|name| name.strip_suffix("data.pkl"))
            .filter(|prefix| prefix.find('/').is_some_and(|slash| slash + 1 == prefix.len()));
        let prefix = match (programs.next(), programs.next()) {
            (Some(only), None) => only.to_owned(),
            (None, _) => {
                return Err("it is a zip archive, but none of torch.save: there is no data.pkl".into());
            }
            (Some(_), Some(_)) => return Err("it has more than one data.pkl".into()),
        };
        let archive = Self { bytes, prefix, members };
        match archive.content("byteorder") {
            None | Some(b"little") => Ok(archive),
            Some(order) => Err(format!("its numbers are {}-endian", String::from_utf8_lossy(order)).into()),
        }
    }

    fn content(&self, name: &str) -> Option<&'a [u8]> {
        let member = self.members.get(&format!("{}{name}", self.prefix))?;
        self.bytes.get(member.range.clone())
    }

    /// The pickle, its checksum compared.
    pub(super) fn program(&self) -> Result<&'a [u8], Refusal> {
        let program = self.content("data.pkl").unwrap_or_default();
        if program.len() > MOST_PROGRAM {
            return Err(format!("its data.pkl has {} bytes, more than any state dict", program.len()).into());
        }
        let stored = self.members.get(&format!("{}data.pkl", self.prefix)).map(|member| member.crc32);
        if stored != Some(crc32fast::hash(program)) {
            return Err(Refusal::damaged("the checksum of its data.pkl is wrong"));
        }
        Ok(program)
    }

    /// Where the values of a storage lie.
    pub(super) fn storage(&self, key: &str) -> Result<Range<usize>, String> {
        let name = format!("{}data/{key}", self.prefix);
        let member = self.members.get(&name).ok_or_else(|| format!("there is no {name}"))?;
        Ok(member.range.clone())
    }
}
