//! Checksums that were compared before, so that gigabytes are not hashed at each start.
//!
//! # What it does
//! After a large file was hashed and found right, a stamp remembers its path, checksum, length, time of change and, on
//! Unix, inode. A later start trusts the stamp if all of them are the same. So a file that was replaced or edited is
//! hashed again, and one whose bytes changed while length, time and inode stayed (a failing disk, a tool that puts the
//! time back) is not noticed: [`Pack::verify`](super::Pack::verify) hashes every file whatever is remembered.
//!
//! Stamps lie in the user's cache directory, one small file per pack, so a pack may be read-only. Losing them costs a
//! hash; that they cannot be written is not an error.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use files::{DiskCache, sha256_hex, user_cache_directory};
use serde::{Deserialize, Serialize};

use super::FileManifest;

/// Changes when older stamps must not be trusted any more.
const FORMAT: u32 = 1;
/// Files up to this length are hashed at each start: that takes milliseconds.
pub(super) const ALWAYS_HASHED: u64 = 4 << 20;
/// A file that changed just before it was hashed gets no stamp: a change after that could have the same time, since
/// file systems count time in steps (two seconds on FAT).
const SETTLED: Duration = Duration::from_secs(2);
/// Bytes of all stamps; those of packs that were not opened for longest go.
const MAX_BYTES: u64 = 1 << 20;

/// The stamps of a pack.
#[derive(Debug)]
pub(super) struct Stamps {
    entries: DiskCache,
    key: String,
    directory: String,
}

/// What tells a file from one that was changed or put in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    bytes: u64,
    /// Time of change, seconds and nanoseconds since 1970.
    modified: (u64, u32),
    /// `None` where there are no inodes.
    inode: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stamp {
    sha256: String,
    #[serde(flatten)]
    identity: Identity,
}

/// The stamps of a pack, by path, as they are kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    format: u32,
    /// The pack's directory, for people who look.
    directory: String,
    files: BTreeMap<String, Stamp>,
}

impl Stamps {
    /// Where stamps are kept: `verified` in the user's cache directory.
    pub(super) fn place() -> Option<PathBuf> {
        user_cache_directory().map(|cache| cache.join("verified"))
    }

    /// Those of a pack's directory. `None` for a directory that is not there.
    pub(super) fn of(pack: &Path, place: &Path) -> Option<Self> {
        let real = fs::canonicalize(pack).ok()?;
        Some(Self {
            entries: DiskCache::at(place, "json").unsynced().bounded(MAX_BYTES),
            key: sha256_hex(real.as_os_str().as_encoded_bytes()),
            directory: real.to_string_lossy().into_owned(),
        })
    }

    /// Whether a file was found right before and is still the same.
    pub(super) fn vouch_for(&self, file: &FileManifest, metadata: &Metadata) -> bool {
        let Some(identity) = Identity::of(metadata) else { return false };
        let kept = self.kept();
        let stamp = kept.files.get(&file.path);
        stamp.is_some_and(|stamp| stamp.sha256 == file.sha256 && stamp.identity == identity)
    }

    /// Remembers that a file was found right. `before` is what it was when its first byte was read.
    pub(super) fn remember(&self, file: &FileManifest, path: &Path, before: &Metadata) {
        let identity = Identity::of(before).filter(Identity::is_settled);
        let after = fs::metadata(path).ok().and_then(|metadata| Identity::of(&metadata));
        let Some(identity) = identity.filter(|identity| after.as_ref() == Some(identity)) else { return };
        // Several threads and processes may check files of one pack at once.
        let _alone = self.entries.alone(&self.key);
        let mut kept = self.kept();
        (kept.format, kept.directory) = (FORMAT, self.directory.clone());
        kept.files.insert(file.path.clone(), Stamp { sha256: file.sha256.clone(), identity });
        // Texts and numbers always have a JSON form.
        let text = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        let _ = self.entries.put(&self.key, &text);
    }

    /// Forgets everything about the pack.
    pub(super) fn forget(&self) {
        let _ = self.entries.remove(&self.key);
    }

    fn kept(&self) -> Kept {
        let bytes = self.entries.get(&self.key).ok().flatten();
        let kept = bytes.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        kept.filter(|kept| kept.format == FORMAT).unwrap_or_default()
    }
}

impl Identity {
    /// `None` for a time before 1970, or none at all.
    fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let modified = (modified.as_secs(), modified.subsec_nanos());
        Some(Self { bytes: metadata.len(), modified, inode: inode(metadata) })
    }

    fn is_settled(&self) -> bool {
        let (seconds, nanoseconds) = self.modified;
        let modified = Duration::new(seconds, nanoseconds);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        now.saturating_sub(modified) > SETTLED
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn inode(metadata: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;

    Some(metadata.ino())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use super::super::{Manifest, Pack};
    use super::*;
    use crate::PackError;

    const LARGE: usize = ALWAYS_HASHED as usize + 1;

    /// A pack of one file, and where its stamps are.
    struct Fixture {
        folder: tempfile::TempDir,
        pack: Pack,
    }

    impl Fixture {
        fn new(length: usize) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let directory = folder.path().join("pack");
            fs::create_dir(&directory).unwrap();
            let content = vec![7; length];
            fs::write(directory.join("weights.bin"), &content).unwrap();
            let starter = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/starter/pack.toml");
            let mut manifest: Manifest = toml::from_str(&fs::read_to_string(starter).unwrap()).unwrap();
            manifest.files = vec![FileManifest {
                path: "weights.bin".into(),
                bytes: length as u64,
                sha256: sha256_hex(&content),
                licence: "MIT".into(),
            }];
            let pack =
                Pack::in_memory(&directory, manifest).remembering_in(Some(&folder.path().join("stamps")));
            let fixture = Self { folder, pack };
            fixture.set_age(Duration::from_secs(100));
            fixture
        }

        fn path(&self) -> PathBuf {
            self.pack.path("weights.bin")
        }

        fn set_age(&self, age: Duration) {
            let file = fs::File::options().append(true).open(self.path()).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }

        /// Another last byte in the same file. The time of change is put back if asked for.
        fn damage(&self, put_time_back: bool) {
            let mut file = fs::File::options().write(true).open(self.path()).unwrap();
            let time = file.metadata().unwrap().modified().unwrap();
            file.seek(SeekFrom::End(-1)).unwrap();
            file.write_all(b"x").unwrap();
            if put_time_back {
                file.set_modified(time).unwrap();
            }
        }

        fn check(&self) -> Result<(), PackError> {
            let verified = self.pack.verify_file("weights.bin");
            let read = self.pack.read("weights.bin").map(|_| ());
            assert_eq!(verified.is_ok(), read.is_ok(), "both ways agree");
            verified
        }
    }

    fn is_damaged(result: &Result<(), PackError>) -> bool {
        matches!(result, Err(PackError::Damaged { .. }))
    }

    #[test]
    fn a_changed_byte_is_caught_by_the_time_of_change() {
        let fixture = Fixture::new(LARGE);
        fixture.check().unwrap();
        fixture.damage(false);
        assert!(is_damaged(&fixture.check()));
    }

    #[test]
    fn a_changed_byte_behind_the_same_time_is_caught_by_verify_alone() {
        let fixture = Fixture::new(LARGE);
        fixture.check().unwrap();
        fixture.damage(true);
        fixture.check().expect("length, time and inode are trusted");
        assert_eq!(fixture.pack.verify().len(), 1);
        assert!(is_damaged(&fixture.check()), "the stamp is forgotten");
    }

    #[test]
    fn another_length_or_file_or_checksum_is_caught() {
        let fixture = Fixture::new(LARGE);
        fixture.check().unwrap();
        let time = fs::metadata(fixture.path()).unwrap().modified().unwrap();
        let put_time_back = || {
            let file = fs::File::options().append(true).open(fixture.path()).unwrap();
            file.set_modified(time).unwrap();
        };
        fs::write(fixture.path(), vec![7; LARGE + 1]).unwrap();
        put_time_back();
        assert!(is_damaged(&fixture.check()), "another length");
        if cfg!(unix) {
            let other = fixture.pack.path("other");
            fs::write(&other, vec![8; LARGE]).unwrap();
            fs::rename(&other, fixture.path()).unwrap();
            put_time_back();
            assert!(is_damaged(&fixture.check()), "another file");
        }
        fs::write(fixture.path(), vec![7; LARGE]).unwrap();
        put_time_back();
        fixture.check().unwrap();
        let mut manifest = fixture.pack.manifest().clone();
        manifest.files[0].sha256 = sha256_hex(b"another");
        let pack = Pack::in_memory(fixture.pack.directory(), manifest)
            .remembering_in(Some(&fixture.folder.path().join("stamps")));
        assert!(is_damaged(&pack.verify_file("weights.bin")), "another checksum");
    }

    #[test]
    fn small_files_are_hashed_at_each_start() {
        let fixture = Fixture::new(LARGE - 1);
        fixture.check().unwrap();
        assert!(!fixture.folder.path().join("stamps").exists());
        fixture.damage(true);
        assert!(is_damaged(&fixture.check()));
    }

    #[test]
    fn a_file_that_changed_just_now_gets_no_stamp() {
        let fixture = Fixture::new(LARGE);
        fixture.set_age(Duration::ZERO);
        fixture.check().unwrap();
        fixture.damage(true);
        assert!(is_damaged(&fixture.check()));
    }

    #[test]
    fn stamps_that_cannot_be_kept_are_no_error() {
        let fixture = Fixture::new(LARGE);
        let file = fixture.folder.path().join("stamps");
        fs::write(&file, "in the way").unwrap();
        fixture.check().unwrap();
        fixture.check().unwrap();
        let nowhere = fixture.pack.clone().remembering_in(None);
        nowhere.verify_file("weights.bin").unwrap();
        assert_eq!(fs::read(file).unwrap(), b"in the way");
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_pack_is_remembered() {
        use std::os::unix::fs::PermissionsExt;

        let fixture = Fixture::new(LARGE);
        let directory = fixture.pack.directory();
        fs::set_permissions(directory, fs::Permissions::from_mode(0o555)).unwrap();
        fixture.check().unwrap();
        let stamps = Stamps::of(directory, &fixture.folder.path().join("stamps")).unwrap();
        let file = &fixture.pack.manifest().files[0];
        let metadata = fs::metadata(fixture.path()).unwrap();
        assert!(stamps.vouch_for(file, &metadata));
        let listed = fs::read_dir(directory).unwrap().count();
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(listed, 1, "nothing is written into the pack");
    }

    #[test]
    fn damaged_stamps_are_none() {
        let fixture = Fixture::new(LARGE);
        fixture.check().unwrap();
        let stamps = Stamps::of(fixture.pack.directory(), &fixture.folder.path().join("stamps")).unwrap();
        let kept = stamps.entries.path(&stamps.key);
        let whole = fs::read(&kept).unwrap();
        fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
        fixture.damage(true);
        assert!(is_damaged(&fixture.check()));
    }
}
