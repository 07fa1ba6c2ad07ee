#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, SystemTime};

use super::*;

fn key(name: u8) -> PhotoKey {
    PhotoKey::new("model", &[name; 12], 2, 2)
}

/// 24 bytes of values.
fn features(name: u8) -> VisionFeatures {
    VisionFeatures {
        values: (0..6).map(|index| f32::from(name) + index as f32 / 7.0).collect(),
        tokens: 2,
        hidden: 3,
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(root).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    files.sort();
    files
}

#[test]
fn keys_depend_on_everything_that_changes_features() {
    let base = PhotoKey::new("m", &[0; 24], 2, 4);
    assert_eq!(base, PhotoKey::new("m", &[0; 24], 2, 4));
    let mut other = [0; 24];
    other[23] = 1;
    for different in [
        PhotoKey::new("n", &[0; 24], 2, 4),
        PhotoKey::new("m", &[0; 24], 4, 2),
        PhotoKey::new("m", &other, 2, 4),
        PhotoKey::new("m\0", &[0; 23], 2, 4),
    ] {
        assert_ne!(base, different);
    }
}

#[test]
fn the_least_recently_used_goes_first() {
    let cache = VisionCache::in_memory(3 * 24 + 23);
    for name in 0..3 {
        cache.insert(key(name), features(name));
    }
    assert!(cache.get(&key(0)).is_some(), "0 is used, so 1 is the oldest now");
    cache.insert(key(3), features(3));
    assert!(cache.get(&key(1)).is_none());
    for name in [0, 2, 3] {
        assert_eq!(*cache.get(&key(name)).unwrap(), features(name));
    }
    let stats = cache.stats();
    assert_eq!((stats.photos, stats.bytes, stats.hits, stats.misses), (3, 72, 4, 1));
    cache.insert(key(3), features(9));
    assert_eq!(*cache.get(&key(3)).unwrap(), features(9), "replaced");
    assert_eq!(cache.stats().bytes, 72, "and counted once");
}

#[test]
fn what_is_larger_than_the_bound_is_given_back_and_not_kept() {
    let cache = VisionCache::in_memory(24);
    cache.insert(key(0), features(0));
    let large = VisionFeatures { values: vec![1.0; 7], tokens: 7, hidden: 1 };
    assert_eq!(*cache.insert(key(1), large.clone()), large);
    assert!(cache.get(&key(1)).is_none());
    assert!(cache.get(&key(0)).is_some(), "nothing was thrown out for it");
}

#[test]
fn missing_photos_are_named_once() {
    let cache = VisionCache::in_memory(1000);
    cache.insert(key(1), features(1));
    assert_eq!(cache.missing(&[key(0), key(1), key(0), key(2)]), [0, 3]);
    assert!(cache.missing(&[]).is_empty());
}

#[test]
fn photos_are_computed_once_and_failures_not_kept() {
    let cache = VisionCache::in_memory(1000);
    let failed: Result<_, &str> = cache.get_or_insert_with(key(0), || Err("no photo"));
    assert_eq!(failed.unwrap_err(), "no photo");
    let count = AtomicUsize::new(0);
    for _ in 0..3 {
        let compute = || -> Result<_, Infallible> {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(features(0))
        };
        assert_eq!(*cache.get_or_insert_with(key(0), compute).unwrap(), features(0));
    }
    assert_eq!(count.into_inner(), 1);
}

#[test]
fn threads_may_share_it() {
    let cache = VisionCache::in_memory(5 * 24);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..200_u8 {
                    let name = round % 9;
                    let found = cache.get_or_insert_with(key(name), || Ok::<_, Infallible>(features(name)));
                    assert_eq!(*found.unwrap(), features(name));
                }
            });
        }
    });
    assert!(cache.stats().bytes <= 5 * 24);
}

#[test]
fn a_directory_serves_later_runs() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("not/yet/there");
    let first = VisionCache::in_memory(0).with_directory(&root, None);
    first.insert(key(1), features(1));
    let later = VisionCache::in_memory(1000).with_directory(&root, None);
    assert_eq!(later.missing(&[key(0), key(1)]), [0]);
    assert_eq!(*later.get(&key(1)).unwrap(), features(1));
    let stats = later.stats();
    assert_eq!((stats.disk_hits, stats.hits, stats.misses), (1, 1, 1));
    assert_eq!(files(&root).len(), 1, "no temporary file is left");
}

#[test]
fn threads_that_write_one_photo_at_once_leave_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let caches = [(); 2].map(|()| VisionCache::in_memory(0).with_directory(folder.path(), None));
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        for cache in &caches {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for _ in 0..100 {
                    cache.insert(key(1), features(1));
                    assert_eq!(*cache.get(&key(1)).unwrap(), features(1));
                }
            });
        }
    });
    assert_eq!(files(folder.path()).len(), 1, "no temporary file is left");
}

#[test]
fn damage_anywhere_in_a_file_is_a_miss_and_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VisionCache::in_memory(0).with_directory(folder.path(), None);
    cache.insert(key(1), features(1));
    let path = files(folder.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let check = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        assert!(cache.get(&key(1)).is_none(), "{what}");
    };
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x20;
        check(&bytes, &format!("byte {position} flipped"));
        check(&whole[..position], &format!("cut at {position}"));
    }
    check(&[&whole[..], b"x"].concat(), "a byte too many");
    // The shape 3 x 2 has as many values as 2 x 3.
    let mut turned = whole.clone();
    turned.swap(44, 52);
    check(&turned, "another shape");
    let mended = cache.get_or_insert_with(key(1), || Ok::<_, Infallible>(features(1))).unwrap();
    assert_eq!(*mended, features(1));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn a_file_under_anothers_name_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VisionCache::in_memory(0).with_directory(folder.path(), None);
    cache.insert(key(1), features(1));
    let from = files(folder.path()).pop().unwrap();
    let to = Directory::new(folder.path().to_owned(), None).path(&key(2));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
    assert!(cache.get(&key(2)).is_none());
}

#[test]
fn a_directory_that_cannot_be_written_only_costs_time() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("file");
    fs::write(&root, b"no directory").unwrap();
    let cache = VisionCache::in_memory(0).with_directory(&root, Some(1000));
    assert_eq!(*cache.insert(key(1), features(1)), features(1));
    assert!(cache.get(&key(1)).is_none());
}

#[test]
fn the_bound_on_disk_removes_the_oldest_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let size = (64 + 24) as u64;
    let cache = VisionCache::in_memory(0).with_directory(folder.path(), Some(4 * size));
    let foreign = folder.path().join("notes.txt");
    fs::write(&foreign, [0; 4096]).unwrap();
    let directory = Directory::new(folder.path().to_owned(), None);
    for name in 0..4 {
        cache.insert(key(name), features(name));
        let age = Duration::from_secs(1000 - u64::from(name) * 10);
        let file = fs::File::options().append(true).open(directory.path(&key(name))).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
    assert!(cache.get(&key(0)).is_some(), "used: now the newest");
    cache.insert(key(4), features(4));
    let left: Vec<u8> = (0..5).filter(|name| directory.path(&key(*name)).exists()).collect();
    assert_eq!(left, [0, 3, 4], "1 and 2 were not used for longest; a tenth is kept free");
    assert!(foreign.exists());
    let large = VisionFeatures { values: vec![0.0; 200], tokens: 200, hidden: 1 };
    cache.insert(key(5), large);
    assert!(!directory.path(&key(5)).exists(), "larger than the bound");
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VisionCache::in_memory(0).with_directory(folder.path(), None);
    let entry = Directory::new(folder.path().to_owned(), None).path(&key(1));
    let inner = entry.parent().unwrap();
    fs::create_dir_all(inner).unwrap();
    let (old, young) = (inner.join(".a.vision.1.tmp"), inner.join(".a.vision.2.tmp"));
    for path in [&old, &young] {
        fs::write(path, b"half").unwrap();
    }
    let file = fs::File::options().append(true).open(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(25)).unwrap();
    cache.insert(key(1), features(1));
    assert!(!old.exists());
    assert!(young.exists(), "another run may be writing it");
}

#[test]
#[should_panic(expected = "vision features of 2 tokens of 4 values")]
fn a_wrong_shape_is_a_defect() {
    let wrong = VisionFeatures { values: vec![0.0; 6], tokens: 2, hidden: 4 };
    let _: Arc<VisionFeatures> = VisionCache::in_memory(10).insert(key(0), wrong);
}
