//! Checksums that publishers give: SHA-256 of large files, git's object name of small ones.

use std::io;
use std::path::Path;

use files::{MappedFile, Sha256Sum, hexadecimal, sha256_of_file};
use sha1::{Digest, Sha1};

/// What a file's content must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256, lower-case hexadecimal: files in large file storage.
    Sha256(String),
    /// The name of a git blob, lower-case hexadecimal: SHA-1 of `blob LENGTH`, a zero byte and the content.
    GitBlob(String),
}

impl Checksum {
    /// The hexadecimal digits, which are the file's name in the cache.
    pub fn digits(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::GitBlob(digits) => digits,
        }
    }

    /// Compares a file's content, and gives its SHA-256 too.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn check(&self, path: &Path) -> io::Result<Verdict> {
        let Sha256Sum { bytes: length, sha256 } = sha256_of_file(path)?;
        let found = match self {
            Self::Sha256(_) => sha256.clone(),
            Self::GitBlob(_) => git_blob(&MappedFile::open(path)?),
        };
        Ok(Verdict { equal: found == self.digits(), found, sha256, length })
    }
}

fn git_blob(content: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    hexadecimal(&hash.finalize())
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(digits) => write!(formatter, "sha256 {digits}"),
            Self::GitBlob(digits) => write!(formatter, "git blob {digits}"),
        }
    }
}

/// What a file's content hashes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is what it must be.
    pub equal: bool,
    /// The digits found, of the kind asked for.
    pub found: String,
    /// SHA-256 in any case.
    pub sha256: String,
    /// Bytes.
    pub length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_those_of_the_tools() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "hello\n").unwrap();
        // `git hash-object`, `sha256sum`.
        let git = Checksum::GitBlob("ce013625030ba8dba906f756967f9e9ca394464a".into());
        let sha = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let verdict = git.check(&path).unwrap();
        assert!(verdict.equal && verdict.length == 6, "{verdict:?}");
        assert_eq!(verdict.sha256, sha);
        assert!(Checksum::Sha256(sha.into()).check(&path).unwrap().equal);
        std::fs::write(&path, "hellO\n").unwrap();
        assert!(!git.check(&path).unwrap().equal);
    }
}
