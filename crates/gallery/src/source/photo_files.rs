//! A folder or a tar file, whichever a path is, with the names of tables.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use contract::PhotoId;
use formats::table::names::NameIndex;

use super::archive_kind::refuse_other_kinds;
use super::names::with_folders;
use super::{FolderSource, Listing, PhotoSource, SourceError, TarSource};

/// Photos by the ids of a table or a ranking dataset, in a folder or an uncompressed tar file.
///
/// A tar file is indexed once; the index lies beside it (`NAME.tar.index`) and is made again when the tar has changed.
/// An id that is not a name in the source is looked for by the end of the name, `/` and `_` being the same: MP16-Pro's
/// `ab/cd/123.jpg` is found as `mp-16-images/07/ab_cd_123.jpg`. After that, other spellings of one name are tried:
/// [`formats::table::names`].
///
/// ```
/// use gallery::PhotoFiles;
///
/// # let folder = std::env::temp_dir().join(format!("photo-files-example-{}", std::process::id()));
/// std::fs::create_dir_all(folder.join("ab/cd"))?;
/// std::fs::write(folder.join("ab/cd/123.jpg"), b"bytes")?;
/// let files = PhotoFiles::open(&folder)?;
/// assert_eq!(files.read(&"ab_cd_123.jpg".into())?, b"bytes");
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PhotoFiles {
    source: Source,
    root: PathBuf,
    /// Made when the first name is not found as it is.
    names: OnceLock<NameIndex>,
}

#[derive(Debug)]
enum Source {
    Folder(FolderSource),
    Tar(TarSource),
}

impl PhotoFiles {
    /// Opens a folder, or a tar file.
    ///
    /// # Errors
    /// Nothing there, or a file that is not a tar.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let source = if path.is_dir() {
            Source::Folder(FolderSource::open(path)?)
        } else {
            refuse_other_kinds(path)?;
            Source::Tar(TarSource::open_indexed(path)?)
        };
        Ok(Self { source, root: path.to_owned(), names: OnceLock::new() })
    }

    /// A photo file's bytes.
    ///
    /// # Errors
    /// A photo that is not there, or cannot be read.
    pub fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        let exact = self.source().read(id);
        // An absolute name is unsafe as it is, and may be one below the folder.
        if !matches!(exact, Err(SourceError::NotFound { .. } | SourceError::UnsafeName { .. })) {
            return exact;
        }
        if let Some(name) = self.other_name(id) {
            return self.source().read(&name);
        }
        let names = self.spellings();
        match names.explain(&id.0, names.find(&id.0)) {
            Some(why) => Err(SourceError::Ambiguous { path: self.root.clone(), id: id.clone(), why }),
            None => exact,
        }
    }

    /// The name of a photo whose id is none.
    fn other_name(&self, id: &PhotoId) -> Option<PhotoId> {
        let repacked = match &self.source {
            Source::Tar(tar) => tar.full_name(id),
            Source::Folder(folder) => with_folders(&id.0)
                .chain([id.0.replace('/', "_")])
                .map(PhotoId)
                .find(|name| folder.contains(name)),
        };
        repacked.or_else(|| self.respelled(id))
    }

    /// The photo whose name is spelled a little differently: in another Unicode form, with `./` or the folder before it.
    fn respelled(&self, id: &PhotoId) -> Option<PhotoId> {
        let names = self.spellings();
        let index = names.find(&id.0).index()?;
        names.name(index).map(PhotoId::from)
    }

    fn spellings(&self) -> &NameIndex {
        self.names.get_or_init(|| {
            let ids = self.source().ids().unwrap_or_default();
            NameIndex::new(ids.into_iter().map(|id| id.0)).in_folder(&self.root)
        })
    }

    fn source(&self) -> &dyn PhotoSource {
        match &self.source {
            Source::Folder(folder) => folder,
            Source::Tar(tar) => tar,
        }
    }
}

impl PhotoSource for PhotoFiles {
    fn list(&self) -> Result<Listing, SourceError> {
        self.source().list()
    }

    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        Self::read(self, id)
    }

    fn sidecar(&self, name: &str) -> Option<Vec<u8>> {
        self.source().sidecar(name)
    }

    fn sidecar_time(&self, name: &str) -> Option<i64> {
        self.source().sidecar_time(name)
    }

    fn file_state(&self, id: &PhotoId) -> Option<(u64, i64)> {
        self.source().file_state(id)
    }

    fn name_of(&self, id: &PhotoId) -> PhotoId {
        let exact = match &self.source {
            Source::Tar(tar) => tar.contains(id),
            Source::Folder(folder) => folder.contains(id),
        };
        if exact { id.clone() } else { self.other_name(id).unwrap_or_else(|| id.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tar_file::tests::tar_of;
    use super::*;

    #[test]
    fn mp16_names_are_found_in_every_packing() {
        let directory = tempfile::tempdir().unwrap();
        let tar = directory.path().join("mp16.tar");
        let files: [(&str, &[u8]); 5] = [
            ("mp16/images/ab/cd/123456_abcd.jpg", b"one"),
            ("mp16/images/ab/ce/123456_abcd.jpg", b"two"),
            ("mp16/images/07/00_ff_99.jpg", b"three"),
            ("mp16/images/9123456_abcd.jpg", b"four"),
            ("mp16/readme.txt", b"no photo"),
        ];
        tar_of(&tar, &files);
        let folder = directory.path().join("folder");
        for (name, bytes) in [("ab/cd/123456_abcd.jpg", b"one".as_slice()), ("00_ff_99.jpg", b"three")] {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
        for _ in 0..2 {
            let tar = PhotoFiles::open(&tar).unwrap();
            for (id, bytes) in [
                ("mp16/images/ab/cd/123456_abcd.jpg", b"one".as_slice()),
                ("ab/cd/123456_abcd.jpg", b"one"),
                ("ab_cd_123456_abcd.jpg", b"one"),
                ("ab_ce_123456_abcd.jpg", b"two"),
                ("00/ff/99.jpg", b"three"),
            ] {
                assert_eq!(tar.read(&id.into()).unwrap(), bytes, "{id}");
                assert!(files.contains(&(tar.name_of(&id.into()).0.as_str(), bytes)), "{id}");
            }
            for absent in ["3456_abcd.jpg", "cf_123456_abcd.jpg", "readme.txt", "abcd"] {
                assert!(matches!(tar.read(&absent.into()), Err(SourceError::NotFound { .. })), "{absent}");
            }
        }
        let folder = PhotoFiles::open(&folder).unwrap();
        assert_eq!(folder.read(&"ab_cd_123456_abcd.jpg".into()).unwrap(), b"one");
        assert_eq!(folder.read(&"00/ff/99.jpg".into()).unwrap(), b"three");
        let absent = folder.read(&"00_ff_98.jpg".into()).unwrap_err();
        assert!(absent.to_string().contains("there is no photo `00_ff_98.jpg`"), "{absent}");
        assert!(matches!(folder.read(&"../x_y.jpg".into()), Err(SourceError::UnsafeName { .. })));
    }

    #[test]
    fn names_of_other_systems_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let photos = folder.path().join("photos");
        fs::create_dir_all(photos.join("sub")).unwrap();
        for name in ["Bru\u{308}cke.jpg", "sub/a.jpg", "twice.jpg", "twice.JPG"] {
            fs::write(photos.join(name), name).unwrap();
        }
        let files = PhotoFiles::open(&photos).unwrap();
        let absolute = photos.join("sub/a.jpg").display().to_string();
        for (name, found) in [
            ("Br\u{fc}cke.jpg", "Bru\u{308}cke.jpg"),
            ("./sub/a.jpg", "sub/a.jpg"),
            ("sub\\a.jpg", "sub/a.jpg"),
            (&absolute, "sub/a.jpg"),
            ("twice.JPG", "twice.JPG"),
        ] {
            assert_eq!(files.read(&name.into()).unwrap(), found.as_bytes(), "{name}");
            assert_eq!(files.name_of(&name.into()).0, found);
        }
        assert!(
            matches!(files.read(&"twice.Jpg".into()), Err(SourceError::Ambiguous { .. })),
            "two would fit"
        );
        assert!(matches!(files.read(&"/etc/passwd.jpg".into()), Err(SourceError::UnsafeName { .. })));
    }
}
