//! Checksums that publishers give: SHA-256 of large files, git's object name of small ones.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use files::hexadecimal;
use sha1::Sha1;
use sha2::{Digest, Sha256};

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
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut sha256 = Sha256::new();
        let mut git = Sha1::new();
        git.update(format!("blob {length}\0"));
        let wants_git = matches!(self, Self::GitBlob(_));
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            sha256.update(&buffer[..count]);
            if wants_git {
                git.update(&buffer[..count]);
            }
        }
        let sha256 = hexadecimal(&sha256.finalize());
        let found = if wants_git { hexadecimal(&git.finalize()) } else { sha256.clone() };
        Ok(Verdict { equal: found == self.digits(), found, sha256, length })
    }
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
