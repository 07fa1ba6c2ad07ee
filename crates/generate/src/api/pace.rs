//! How fast requests may go out, and how long to wait after a failure.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::GenerateError;

/// Longest wait between two attempts of our own choosing.
const LONGEST_DELAY: Duration = Duration::from_mins(1);
/// Longest time by which a wait that a server asks for is varied.
const LONGEST_VARIATION: Duration = Duration::from_secs(10);
/// Longest wait that a server may ask for.
pub(super) const LONGEST_ASKED: Duration = Duration::from_mins(10);
/// How often a wait looks whether the run was stopped.
const GLANCE: Duration = Duration::from_millis(25);

/// Spaces requests evenly, and holds all of them back when the server asks for a pause.
#[derive(Debug)]
pub(super) struct Pace {
    between: Duration,
    next: Mutex<Instant>,
    stop: Arc<AtomicBool>,
    tosses: AtomicU64,
}

impl Pace {
    pub(super) fn new(requests_per_minute: Option<f64>, stop: Arc<AtomicBool>) -> Self {
        let between = requests_per_minute.map_or(0.0, |rate| 60.0 / rate);
        let between = Duration::try_from_secs_f64(between).unwrap_or(LONGEST_ASKED);
        // Several processes should not toss alike.
        let tosses = AtomicU64::new(RandomState::new().hash_one(0_u8));
        Self { between, next: Mutex::new(Instant::now()), stop, tosses }
    }

    /// Waits for the turn of one request.
    ///
    /// # Errors
    /// [`GenerateError::Interrupted`].
    pub(super) fn turn(&self) -> Result<(), GenerateError> {
        loop {
            let now = Instant::now();
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            if *next <= now {
                *next = now + self.between;
                return self.checked();
            }
            let wait = *next - now;
            drop(next);
            self.sleep(wait.min(GLANCE * 4))?;
        }
    }

    /// Nobody's turn before this much time has passed.
    pub(super) fn hold(&self, wait: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Instant::now() + wait);
    }

    /// Sleeps, unless the run is stopped.
    ///
    /// # Errors
    /// [`GenerateError::Interrupted`].
    pub(super) fn sleep(&self, wait: Duration) -> Result<(), GenerateError> {
        let end = Instant::now() + wait;
        loop {
            self.checked()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }

    /// The wait after failed attempt number `attempt` (from 0): doubled each time, and varied by a quarter so that
    /// several threads do not come back as one.
    pub(super) fn delay(&self, first: Duration, attempt: u32) -> Duration {
        let doubled = first.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(LONGEST_DELAY);
        doubled.mul_f64(0.75 + 0.5 * self.toss())
    }

    /// The wait after failed attempt number `attempt` (from 0) if the server asks for one: never shorter than that, and
    /// never shorter than [`Pace::delay`], since servers ask for no wait at all, or for one that has passed, while they
    /// are down. It is varied upwards, for the same reason as our own.
    pub(super) fn wait(&self, first: Duration, attempt: u32, asked: Option<Duration>) -> Duration {
        let own = self.delay(first, attempt);
        let Some(asked) = asked else { return own };
        own.max(asked + (asked / 4).min(LONGEST_VARIATION).mul_f64(self.toss()))
    }

    /// A number from 0 to 1, another each time.
    fn toss(&self) -> f64 {
        let toss = self.tosses.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        toss as f64 / (1_u64 << 24) as f64
    }

    fn checked(&self) -> Result<(), GenerateError> {
        if self.stop.load(Ordering::Relaxed) { Err(GenerateError::Interrupted) } else { Ok(()) }
    }
}

/// A `Retry-After` header: seconds, or a date.
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("0.5", now), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        for wrong in ["soon", "-1", "", "NaN", "1e300"] {
            assert_eq!(retry_after(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn requests_are_spaced_and_held() {
        let pace = Pace::new(Some(3000.0), Arc::default());
        let began = Instant::now();
        for _ in 0..4 {
            pace.turn().unwrap();
        }
        assert!(began.elapsed() >= Duration::from_millis(60));
        pace.hold(Duration::from_millis(80));
        let held = Instant::now();
        pace.turn().unwrap();
        assert!(held.elapsed() >= Duration::from_millis(79));
    }

    #[test]
    fn delays_double_and_a_stop_ends_a_wait() {
        let stop = Arc::new(AtomicBool::new(false));
        let pace = Pace::new(None, Arc::clone(&stop));
        for attempt in 0..40 {
            let delay = pace.delay(Duration::from_secs(1), attempt).as_secs_f64();
            let whole = 2_f64.powi(attempt as i32).min(60.0);
            assert!((0.75 * whole..=1.25 * whole).contains(&delay), "{attempt}: {delay}");
        }
        let waits = |asked: u64| -> Vec<f64> {
            let wait = |_| pace.wait(Duration::from_secs(1), 2, Some(Duration::from_secs(asked)));
            (0..20).map(wait).map(|wait| wait.as_secs_f64()).collect()
        };
        assert!(waits(0).iter().all(|wait| *wait >= 3.0), "no wait asked for is no reason to hurry");
        let asked = waits(100);
        assert!(asked.iter().all(|wait| (100.0..=110.0).contains(wait)), "{asked:?}");
        assert!(asked.iter().any(|wait| (wait - asked[0]).abs() > 0.01), "{asked:?}");
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(pace.sleep(Duration::from_mins(1)), Err(GenerateError::Interrupted)));
    }
}
