//! How much of a photo its file holds.

use std::fmt;

/// How much of a photo its file holds. It is written as a note: "only 62 % of the picture is there".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Completeness {
    percent: u8,
    coarse: bool,
}

impl Completeness {
    /// Nothing is missing.
    pub const COMPLETE: Self = Self { percent: 100, coarse: false };

    /// The first `there` of `rows` rows.
    pub(super) fn of_rows(there: u32, rows: u32) -> Self {
        if there >= rows {
            return Self::COMPLETE;
        }
        Self { percent: (u64::from(there) * 100 / u64::from(rows)) as u8, coarse: false }
    }

    /// All rows, without the passes that refine them.
    pub(super) const fn without_detail() -> Self {
        Self { percent: 100, coarse: true }
    }

    /// The share of the rows that the file holds, in percent, rounded down.
    pub const fn percent(self) -> u8 {
        self.percent
    }

    /// Whether the rows lack fine detail: a progressive JPEG that ends before its last passes.
    pub const fn is_coarse(self) -> bool {
        self.coarse
    }

    /// Whether nothing is missing.
    pub const fn is_complete(self) -> bool {
        self.percent == 100 && !self.coarse
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_complete(), self.coarse) {
            (true, _) => formatter.write_str("the picture is complete"),
            (_, true) => {
                write!(formatter, "{} % of the picture is there, without its fine detail", self.percent)
            }
            _ => write!(formatter, "only {} % of the picture is there", self.percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_photo_never_counts_as_whole() {
        assert_eq!(Completeness::of_rows(480, 480), Completeness::COMPLETE);
        let nearly = Completeness::of_rows(9_999, 10_000);
        assert_eq!((nearly.percent(), nearly.is_complete()), (99, false));
        assert_eq!(Completeness::of_rows(300, 480).to_string(), "only 62 % of the picture is there");
        assert!(!Completeness::without_detail().is_complete());
        assert!(Completeness::without_detail().to_string().contains("without its fine detail"));
    }
}
