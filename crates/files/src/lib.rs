//! Files that are either complete or absent.
//!
//! # What it does
//! Files that are written in one go are written by this crate: a temporary file beside the final name is filled, synced
//! and renamed. A reader sees the old file or the new one. A killed process leaves only a hidden temporary file;
//! [`remove_leftovers`] removes those of a directory. Logs, databases and downloads, which grow, are written elsewhere.
//!
//! # Main types
//! [`write_atomic`] and [`AtomicFile`] write; [`Lock`] keeps other processes out; [`DiskCache`] keeps what is expensive
//! to compute under the hash of its inputs; [`MappedFile`] reads without loading; [`sha256_hex`], [`sha256_of_file`]
//! and [`hexadecimal`] name contents; [`user_cache_directory`] is the default place for caches; [`is_own`] and
//! [`remember_written`] tell this program's outputs from other files.
//!
//! ```
//! # let folder = std::env::temp_dir().join(format!("files-example-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let path = folder.join("report.txt");
//! files::write_atomic(&path, b"one line\n")?;
//! assert_eq!(&files::MappedFile::open(&path)?[..], b"one line\n");
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Alternatives considered
//! A temporary directory elsewhere, then a copy: a rename is atomic only within one file system.
#![deny(unsafe_code)]

mod atomic_file;
mod disk_cache;
mod hash;
mod lock;
mod mapped_file;
mod path_text;
mod unsupported;
mod user_cache;
mod written;

pub use atomic_file::{AtomicFile, remove_leftovers, rename_durably, write_atomic, write_atomic_with};
pub use disk_cache::DiskCache;
pub use hash::{Sha256Sum, hexadecimal, sha256_hex, sha256_of_file};
pub use lock::Lock;
pub use mapped_file::MappedFile;
pub use path_text::{path_of_text, path_text};
pub use unsupported::is_unsupported;
pub use user_cache::user_cache_directory;
pub use written::{is_own, remember_written};
