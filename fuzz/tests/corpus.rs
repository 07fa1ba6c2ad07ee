//! Every target over its corpus, and over small changes of it: what once broke something is tried on each change.
#![allow(clippy::unwrap_used)] // A test, helpers included.

use std::fs;
use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Changed copies of each file: enough for a slip in a length to show, little enough for every run of the tests.
const COPIES: usize = 4;

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// The same changes on every run.
fn changed(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..4) {
            0 => bytes[at] = random.random(),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, random.random()),
            _ => bytes[at] ^= 1 << random.random_range(0..8),
        }
    }
    bytes
}

fn replay(target: &str) {
    let (_, run) = fuzz::TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let files = files(target);
    assert!(files.len() >= 5, "{target} has {} files in its corpus", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let is_find = file.file_name().unwrap().to_string_lossy().starts_with("find-");
        assert!(is_find || !bytes.is_empty(), "{} is empty", file.display());
        let mut random = ChaCha8Rng::seed_from_u64(bytes.len() as u64);
        let tried = std::iter::once(bytes.clone()).chain((0..COPIES).map(|_| changed(&bytes, &mut random)));
        for (copy, bytes) in tried.enumerate() {
            let outcome = std::panic::catch_unwind(|| run(&bytes));
            assert!(outcome.is_ok(), "{target} failed over copy {copy} of {}", file.display());
        }
    }
}

macro_rules! replayed {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target));
        }
    )*

        #[test]
        fn every_target_is_replayed() {
            let listed: Vec<&str> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, [$(stringify!($target)),*]);
        }
    };
}

replayed! {
    photo photo_heif photo_jxl location photo_table predictions parquet official_table npy pairs checkpoint pickle
    adapter configuration answer gallery_index gallery_database
}
