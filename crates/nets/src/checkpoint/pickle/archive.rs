//! The zip archive around a pickle and its storages.

use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

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

impl<'a> Archive<'a> {
    /// Lists the members and checks that each lies in the file, uncompressed, and that none overlap.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let broken = |error: zip::result::ZipError| format!("it is no complete zip archive: {error}");
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if archive.has_overlapping_entries().map_err(broken)? {
            return Err("members of its zip archive overlap".into());
        }
        let mut members = HashMap::with_capacity(archive.len());
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index).map_err(broken)?;
            let name = member.name().map_err(broken)?.into_owned();
            if member.encrypted() || member.compression() != CompressionMethod::Stored {
                return Err(format!("{name} is compressed or encrypted, which torch.save never does"));
            }
            if member.size() != member.compressed_size() {
                return Err(format!(
                    "{name} has two sizes, {} and {}",
                    member.size(),
                    member.compressed_size()
                ));
            }
            let range = member
                .data_start()
                .and_then(|start| Some(start..start.checked_add(member.size())?))
                .and_then(|range| Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?))
                .filter(|range| range.end <= bytes.len())
                .ok_or_else(|| format!("{name} leads beyond the end of the file"))?;
            members.insert(name, Member { range, crc32: member.crc32() });
        }
        let prefix = members
            .keys()
            .filter_map(|name| name.strip_suffix("data.pkl"))
            .find(|prefix| prefix.find('/').is_some_and(|slash| slash + 1 == prefix.len()))
            .ok_or("it is a zip archive, but none of torch.save: there is no data.pkl")?
            .to_owned();
        let archive = Self { bytes, prefix, members };
        match archive.content("byteorder") {
            None | Some(b"little") => Ok(archive),
            Some(order) => Err(format!("its numbers are {}-endian", String::from_utf8_lossy(order))),
        }
    }

    fn content(&self, name: &str) -> Option<&'a [u8]> {
        let member = self.members.get(&format!("{}{name}", self.prefix))?;
        self.bytes.get(member.range.clone())
    }

    /// The pickle, its checksum compared.
    pub(super) fn program(&self) -> Result<&'a [u8], String> {
        let program = self.content("data.pkl").unwrap_or_default();
        if program.len() > MOST_PROGRAM {
            return Err(format!("its data.pkl has {} bytes, more than any state dict", program.len()));
        }
        let stored = self.members.get(&format!("{}data.pkl", self.prefix)).map(|member| member.crc32);
        if stored != Some(crc32fast::hash(program)) {
            return Err("the checksum of its data.pkl is wrong".into());
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
