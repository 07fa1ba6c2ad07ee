//! Walking a folder of photos: what is a photo, what other programs keep there, what cannot be read.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use photo::has_photo_extension;
use walkdir::WalkDir;

/// Folders in which systems and programs keep thumbnails, deleted files and snapshots, in lower case.
const SYSTEM_FOLDERS: [&str; 24] = [
    // Synology, QNAP and other storage devices.
    "@eadir",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    ".@__thumb",
    "@tmp",
    "@sharebin",
    "network trash folder",
    ".snapshot",
    ".snapshots",
    ".zfs",
    // macOS.
    "__macosx",
    ".appledouble",
    ".spotlight-v100",
    ".fseventsd",
    ".temporaryitems",
    ".documentrevisions-v100",
    // Linux and programs.
    "lost+found",
    ".thumbnails",
    ".dtrash",
    ".stversions",
    // Windows.
    "$recycle.bin",
    "system volume information",
];

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Walk {
    /// Photos, in the order of their paths.
    pub photos: Vec<PathBuf>,
    /// What was not taken.
    pub skipped: Skipped,
    /// Folders and files that could not be looked at, each with the reason.
    pub failures: Vec<(PathBuf, io::Error)>,
}

/// What was passed over, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files and folders of the system: `._*`, `@eaDir`, recycle bins.
    pub system: usize,
    /// Files that are not photos by their names.
    pub others: usize,
    /// Links to folders.
    pub links: usize,
}

impl Skipped {
    /// Together with another count.
    pub fn add(&mut self, other: Self) {
        self.system += other.system;
        self.others += other.others;
        self.links += other.links;
    }

    /// "3 files that are not photos, 2 files and folders of the system (such as ._* and @eaDir)"; `None` for nothing.
    pub fn words(&self) -> Option<String> {
        let mut words = Vec::new();
        if self.others > 0 {
            let plural =
                if self.others == 1 { "file that is not a photo" } else { "files that are not photos" };
            words.push(format!("{} {plural}", self.others));
        }
        if self.links > 0 {
            let plural = if self.links == 1 { "link to a folder" } else { "links to folders" };
            words.push(format!("{} {plural}, not followed", self.links));
        }
        if self.system > 0 {
            let plural = if self.system == 1 { "file or folder" } else { "files and folders" };
            words.push(format!("{} {plural} of the system (such as ._* and @eaDir)", self.system));
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Whether a file or folder of this name belongs to the system, and is passed over where it was not named by the user.
pub fn is_system_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with("._")
        || lower == ".trash"
        || lower == ".trashes"
        || lower.starts_with(".trash-")
        || lower.starts_with("found.")
            && lower
                .get(6..)
                .is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        || SYSTEM_FOLDERS.contains(&lower.as_str())
}

/// Whether a path below the root leads into a part of an Apple Photos library that holds no originals: thumbnails and the
/// like.
pub(super) fn is_derived(below_root: &Path) -> bool {
    let parts: Vec<&Path> = below_root.iter().map(Path::new).collect();
    parts.windows(2).any(|pair| {
        let [library, part] = pair else { return false };
        let is_library = |extension: &OsStr| extension.eq_ignore_ascii_case("photoslibrary");
        let is_original =
            ["originals", "masters"].iter().any(|kept| part.as_os_str().eq_ignore_ascii_case(kept));
        library.extension().is_some_and(is_library) && !is_original
    })
}

/// All photos of a folder and its subfolders. Links to files count as files; links to folders are not followed, so that a
/// circle of them ends.
///
/// `is_photo` decides about files whose extension is none of a photo's.
pub fn walk_photos(root: &Path, is_photo: &dyn Fn(&Path) -> bool) -> Walk {
    let mut walk = Walk::default();
    let mut entries = WalkDir::new(root).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                walk.failures.push((path, error.into()));
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir();
        let is_system = is_system_name(&entry.file_name().to_string_lossy())
            || is_derived(entry.path().strip_prefix(root).unwrap_or(entry.path()));
        if entry.depth() > 0 && is_system {
            walk.skipped.system += 1;
            if is_folder {
                entries.skip_current_dir();
            }
            continue;
        }
        if is_folder {
            continue;
        }
        let path = entry.into_path();
        // Pipes and devices would never end; broken links are kept, to fail by name.
        let target = path.metadata();
        let is_other = target.as_ref().is_ok_and(|metadata| !metadata.is_file());
        if target.is_ok_and(|metadata| metadata.is_dir()) {
            walk.skipped.links += 1;
        } else if !is_other && (has_photo_extension(&path) || is_photo(&path)) {
            walk.photos.push(path);
        } else {
            walk.skipped.others += 1;
        }
    }
    walk
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_systems_leave_is_passed_over_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("@eaDir");
        for name in [
            "a.jpg",
            "._a.jpg",
            "sub/b.jpg",
            "sub/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg",
            "#recycle/gone.jpg",
            ".Trash-1000/files/c.jpg",
            ".Trashes/501/c.jpg",
            "__MACOSX/._a.jpg",
            "lost+found/d.jpg",
            "$RECYCLE.BIN/S-1-5/e.jpg",
            "System Volume Information/f.jpg",
            ".@__thumb/g.jpg",
            "notes.txt",
            "FOUND.000/h.jpg",
            ".trash-can.jpg",
            "found.jpg",
            "_.jpg",
            "#Snapshot/s.jpg",
            "P.photoslibrary/resources/derivatives/0/t.jpeg",
            "P.photoslibrary/originals/0/o.jpeg",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let walk = walk_photos(&root, &|_| false);
        let names: Vec<&Path> = walk.photos.iter().map(|path| path.strip_prefix(&root).unwrap()).collect();
        // The folder itself was named, so its own name does not matter.
        assert_eq!(
            names,
            ["P.photoslibrary/originals/0/o.jpeg", "_.jpg", "a.jpg", "found.jpg", "sub/b.jpg"].map(Path::new)
        );
        assert_eq!(walk.skipped, Skipped { system: 14, others: 1, links: 0 });
        assert!(walk.failures.is_empty());
        assert_eq!(
            walk.skipped.words().unwrap(),
            "1 file that is not a photo, 14 files and folders of the system (such as ._* and @eaDir)"
        );
        assert_eq!(Skipped::default().words(), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_does_not_hide_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // Deeper than any path may be long: also the administrator cannot look there.
        let chain = |top: &str| (0..15).fold(root.join(top), |path, _| path.join("d".repeat(200)));
        fs::create_dir_all(chain("a")).unwrap();
        fs::create_dir_all(chain("b")).unwrap();
        fs::rename(root.join("b"), chain("a").join("b")).unwrap();
        fs::write(root.join("z.jpg"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("z.jpg"), root.join("link.jpg")).unwrap();
        std::os::unix::fs::symlink(root, root.join("circle")).unwrap();
        std::os::unix::fs::symlink(root.join("gone.jpg"), root.join("broken.jpg")).unwrap();
        let walk = walk_photos(root, &|_| false);
        let names: Vec<_> = walk.photos.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["broken.jpg", "link.jpg", "z.jpg"]);
        assert_eq!(walk.skipped.words().unwrap(), "1 link to a folder, not followed");
        assert_eq!(walk.failures.len(), 1);
    }
}
