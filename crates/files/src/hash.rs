//! Contents by name: SHA-256, written in hexadecimal.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes as lower-case hexadecimal digits: how checksums and fingerprints are written.
///
/// ```
/// assert_eq!(files::hexadecimal(&[0x0a, 0xff]), "0aff");
/// ```
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// What [`sha256_of_file`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sha256Sum {
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// Length and SHA-256 of a file, read block by block.
///
/// # Errors
/// Those of the file system.
pub fn sha256_of_file(path: &Path) -> io::Result<Sha256Sum> {
    let mut reader = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(Sha256Sum { bytes, sha256: hexadecimal(&hasher.finalize()) });
        }
        bytes += count as u64;
        hasher.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_hash_of_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        let sum = sha256_of_file(&path).unwrap();
        assert_eq!((sum.bytes, sum.sha256), (3, sha256_hex(b"abc")));
        assert!(sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
        assert!(sha256_of_file(directory.path()).is_err());
    }
}
