//! What a file is that should have been a tar file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::SourceError;

/// First bytes of files that people give instead, what they are, and whether they are pictures.
const KINDS: [(&[u8], &str, bool); 10] = [
    (b"\x1f\x8b", "a gzip-compressed file (.tar.gz)", false),
    (b"PK\x03\x04", "a ZIP archive", false),
    (b"PK\x05\x06", "an empty ZIP archive", false),
    (b"BZh", "a bzip2-compressed file (.tar.bz2)", false),
    (b"\xfd7zXZ\0", "an xz-compressed file (.tar.xz)", false),
    (b"\x28\xb5\x2f\xfd", "a Zstandard-compressed file (.tar.zst)", false),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", false),
    (b"Rar!\x1a\x07", "a RAR archive", false),
    (b"\xff\xd8\xff", "a JPEG photo", true),
    (b"\x89PNG", "a PNG image", true),
];

/// Refuses what is known to be something else than a tar file, by name.
///
/// # Errors
/// [`SourceError::OtherArchive`].
pub(super) fn refuse_other_kinds(path: &Path) -> Result<(), SourceError> {
    let mut head = Vec::with_capacity(8);
    // What cannot be opened is reported by those who need it.
    let read = File::open(path).and_then(|file| file.take(8).read_to_end(&mut head));
    let kind = read.ok().and_then(|_| KINDS.iter().find(|(magic, ..)| head.starts_with(magic)));
    match kind {
        Some(&(_, what, picture)) => {
            Err(SourceError::OtherArchive { path: path.to_path_buf(), what, picture })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_for_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photos.tar");
        for (bytes, what) in [
            (&b"\x1f\x8b\x08 and so on"[..], "gzip"),
            (b"PK\x03\x04...", "ZIP"),
            (b"Rar!\x1a\x07\x01", "RAR"),
            (b"\xff\xd8\xff\xe0", "JPEG"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let message = refuse_other_kinds(&path).unwrap_err().to_string();
            assert!(message.contains(what) && message.contains("photos.tar"), "{message}");
        }
        for bytes in [&b""[..], b"a", b"photo.jpg\0\0\0"] {
            std::fs::write(&path, bytes).unwrap();
            assert!(refuse_other_kinds(&path).is_ok());
        }
        assert!(refuse_other_kinds(&folder.path().join("none")).is_ok());
    }
}
