//! When a photo was taken, as its EXIF data say.

use contract::catch_panic;

use super::blocks::Blocks;
use super::tiff::Tiff;

const TAKEN: u16 = 0x9003;
const DIGITISED: u16 = 0x9004;

/// When a photo was taken, by the clock of its camera: without a time zone, so good for differences within an outing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaptureTime {
    /// Seconds since the start of 1970 on that clock.
    pub seconds: i64,
}

impl CaptureTime {
    /// Minutes between two times.
    pub fn minutes_from(self, other: Self) -> f64 {
        self.seconds.abs_diff(other.seconds) as f64 / 60.0
    }
}

/// The time in the first EXIF block that has one: when the photo was taken, else when it was digitised. Not when the file
/// was changed. Never panics.
///
/// ```
/// assert_eq!(photo::capture_time(b"not a photo"), None);
/// ```
pub fn capture_time(bytes: &[u8]) -> Option<CaptureTime> {
    let blocks = catch_panic(|| Blocks::of(bytes)).ok()?;
    blocks.exif.iter().find_map(|block| catch_panic(|| in_block(block)).ok().flatten())
}

fn in_block(block: &[u8]) -> Option<CaptureTime> {
    let tiff = Tiff::new(block)?;
    let directories = tiff.directories();
    let entries = || directories.iter().flat_map(|directory| &directory.entries);
    [TAKEN, DIGITISED].into_iter().find_map(|tag| {
        let text = tiff.text(*entries().find(|entry| entry.tag == tag)?)?;
        read(&text)
    })
}

/// `2019:07:14 10:03:55`; other signs between the numbers are read as well.
fn read(text: &str) -> Option<CaptureTime> {
    let mut numbers = text.trim().split(|sign: char| !sign.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut next = |range: std::ops::RangeInclusive<i64>| {
        numbers.next()?.parse::<i64>().ok().filter(|number| range.contains(number))
    };
    // A camera whose clock was never set says 0000 or leaves the field blank.
    let (year, month, day) = (next(1900..=2200)?, next(1..=12)?, next(1..=31)?);
    let (hour, minute, second) = (next(0..=23)?, next(0..=59)?, next(0..=60)?);
    let days = days_since_1970(year, month, day);
    Some(CaptureTime { seconds: ((days * 24 + hour) * 60 + minute) * 60 + second })
}

/// Days in the Gregorian calendar; years are counted from March, so that the leap day is their last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 1 March of year 0 and 1970.
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        let seconds = |text: &str| read(text).map(|time| time.seconds);
        assert_eq!(seconds("1970:01:01 00:00:00"), Some(0));
        assert_eq!(seconds("2000:02:29 12:34:56"), Some(951_827_696));
        assert_eq!(seconds("2019-07-14T10:03:55Z"), Some(1_563_098_635));
        assert_eq!(
            seconds("2000:03:01 00:00:00").zip(seconds("2000:02:29 00:00:00")).map(|(a, b)| a - b),
            Some(86_400)
        );
        for text in
            ["", "0000:00:00 00:00:00", "    :  :     :  :  ", "2019:13:01 00:00:00", "2019:07:14", "x"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
