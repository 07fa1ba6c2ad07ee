//! Where the time of a gallery build goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Reading bytes from the folder or tar file.
    Read,
    /// JPEG and the like to pixels.
    Decode,
    /// Pixels to vectors.
    Encode,
    /// Perceptual hash, place names.
    Describe,
    /// Rows into the database.
    Write,
}

const PARTS: [&str; 5] = ["read", "decode", "encode", "describe", "write"];

/// Thread time of each part; several threads add to it at once.
#[derive(Debug, Default)]
pub(crate) struct Clocks([AtomicU64; PARTS.len()]);

impl Clocks {
    /// Runs a piece of work and adds its time to a part.
    pub(crate) fn time<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let value = work();
        let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0[part as usize].fetch_add(nanoseconds, Ordering::Relaxed);
        value
    }

    /// As [`Clocks::time`], for work that uses all threads.
    pub(crate) fn time_together<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let value = work();
        let nanoseconds = started.elapsed().as_nanos() * rayon::current_num_threads() as u128;
        self.0[part as usize].fetch_add(u64::try_from(nanoseconds).unwrap_or(u64::MAX), Ordering::Relaxed);
        value
    }

    pub(crate) fn read(&self, photos: usize, wall: Duration) -> BuildTimes {
        let seconds = |clock: &AtomicU64| clock.load(Ordering::Relaxed) as f64 / 1e9;
        let [read, decode, encode, describe, write] = [0, 1, 2, 3, 4].map(|index| seconds(&self.0[index]));
        BuildTimes { photos, wall_seconds: wall.as_secs_f64(), read, decode, encode, describe, write }
    }
}

/// Seconds that a build took: wall time, and thread time of its parts (with several threads they add up to more).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct BuildTimes {
    /// Photos that were read, whether they were added or failed; those that were there before are not among them.
    pub photos: usize,
    /// From the first photo to the last, derived files not counted.
    pub wall_seconds: f64,
    /// Reading bytes from the folder or tar file.
    pub read: f64,
    /// JPEG and the like to pixels.
    pub decode: f64,
    /// Pixels to vectors.
    pub encode: f64,
    /// Perceptual hash, place names.
    pub describe: f64,
    /// Rows into the database.
    pub write: f64,
}

impl BuildTimes {
    /// Photos a second of wall time.
    pub fn rate(&self) -> f64 {
        if self.wall_seconds > 0.0 { self.photos as f64 / self.wall_seconds } else { 0.0 }
    }

    /// Each part of the thread time, 0 to 1, by name.
    pub fn shares(&self) -> [(&'static str, f64); PARTS.len()] {
        let seconds = [self.read, self.decode, self.encode, self.describe, self.write];
        let total: f64 = seconds.iter().sum();
        let share = |index: usize| if total > 0.0 { seconds[index] / total } else { 0.0 };
        [0, 1, 2, 3, 4].map(|index| (PARTS[index], share(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let clocks = Clocks::default();
        clocks.time(Part::Encode, || std::thread::sleep(Duration::from_millis(3)));
        clocks.time(Part::Read, || std::thread::sleep(Duration::from_millis(1)));
        let times = clocks.read(10, Duration::from_secs(2));
        let total: f64 = times.shares().iter().map(|(_, share)| share).sum();
        assert!((total - 1.0).abs() < 1e-9 && times.encode > 0.002 && times.write == 0.0);
        assert!((times.rate() - 5.0).abs() < 1e-9);
        assert!(BuildTimes::default().rate() == 0.0 && BuildTimes::default().shares()[0].1 == 0.0);
    }
}
