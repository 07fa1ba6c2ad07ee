//! Why a photo has no location: one variant per reason, with its exact words.

use std::fmt;

use contract::{Diagnose, ErrorKind, Failure};
use geo::CoordinateError;

/// Where a location was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationSource {
    /// The GPS tag of the photo's EXIF data.
    Exif,
    /// The XMP inside the photo.
    Xmp,
    /// An XMP file of this name beside the photo.
    XmpSidecar(String),
    /// A JSON file of Google Takeout, of this name, beside the photo.
    Takeout(String),
}

impl fmt::Display for LocationSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exif => formatter.write_str("the GPS tag"),
            Self::Xmp => formatter.write_str("the photo's XMP"),
            Self::XmpSidecar(name) | Self::Takeout(name) => formatter.write_str(name),
        }
    }
}

/// One of the two coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
}

impl fmt::Display for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
        })
    }
}

/// One of the up to three numbers of an angle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole or decimal degrees.
    Degrees,
    /// Sixtieths of a degree.
    Minutes,
    /// Sixtieths of a minute.
    Seconds,
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Degrees => "degrees",
            Self::Minutes => "minutes",
            Self::Seconds => "seconds",
        })
    }
}

/// What is wrong with a location that somebody wrote down. Each reads as the end of a sentence that begins with its
/// [`LocationSource`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A GPS tag with, for example, an altitude only.
    #[error("has neither latitude nor longitude")]
    NoCoordinates,
    /// Only one of the two.
    #[error("has a {has} and no {lacks}")]
    OneCoordinate {
        /// The one that is there.
        has: Axis,
        /// The other one.
        lacks: Axis,
    },
    /// A value that is not an angle.
    #[error("has a {axis} that is not a coordinate: {value:?}")]
    NotACoordinate {
        /// Which of the two.
        axis: Axis,
        /// What is there.
        value: String,
    },
    /// Every number is 0/0.
    #[error("has 0/0 as {axis}, which cameras write when they do not know where they are")]
    Unknown {
        /// Which of the two.
        axis: Axis,
    },
    /// A denominator of zero where a number is needed.
    #[error("has a zero denominator in the {unit} of the {axis}")]
    ZeroDenominator {
        /// Which of the two.
        axis: Axis,
        /// Which number.
        unit: Unit,
    },
    /// Sixty minutes or seconds, or more.
    #[error("has {value} {unit} in the {axis}, but {unit} stay below 60")]
    SixtyOrMore {
        /// Which of the two.
        axis: Axis,
        /// Which number.
        unit: Unit,
        /// The number.
        value: f64,
    },
    /// A fraction that the next smaller unit would repeat, such as 48.5 degrees 30 minutes.
    #[error("has {value} {unit} in the {axis}, and smaller units as well")]
    FractionTwice {
        /// Which of the two.
        axis: Axis,
        /// Which number.
        unit: Unit,
        /// The number.
        value: f64,
    },
    /// Numbers of one angle with different signs.
    #[error("has positive and negative numbers in the {axis}")]
    MixedSigns {
        /// Which of the two.
        axis: Axis,
    },
    /// North or south, east or west: not said, or said in two ways.
    #[error("does not say which hemisphere the {axis} is in: {why}")]
    Hemisphere {
        /// Which of the two.
        axis: Axis,
        /// What is there instead.
        why: HemisphereDoubt,
    },
    /// The point where the equator meets the prime meridian.
    #[error("says 0, 0, which stands for an unknown location")]
    NullIsland,
    /// Beyond a pole or the date line.
    #[error("is out of range: {0}")]
    OutOfRange(CoordinateError),
    /// A sidecar or XMP packet that cannot be read.
    #[error("is damaged: {why}")]
    Damaged {
        /// What was found.
        why: String,
    },
}

/// Why a hemisphere is not certain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HemisphereDoubt {
    /// No reference, or an empty one.
    #[error("the reference is missing")]
    NoReference,
    /// A reference that names no hemisphere of this axis.
    #[error("the reference is {0:?}")]
    Reference(String),
    /// The sign, the letter beside the number and the reference do not agree.
    #[error("the sign of the number and the reference {0:?} contradict each other")]
    Contradiction(String),
}

/// Why a photo has no location, sidecars aside.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoLocationReason {
    /// No EXIF data and no other location.
    #[error("the photo has no EXIF data, so no GPS tag")]
    NoExif,
    /// EXIF data without a GPS tag.
    #[error("the photo has EXIF data but no GPS tag")]
    NoGpsTag,
    /// EXIF data that cannot be followed to a GPS tag.
    #[error("the photo's EXIF data is damaged: {why}")]
    DamagedExif {
        /// What was found.
        why: String,
    },
    /// A location that is there and cannot be used.
    #[error("{stated_by} {why}")]
    Refused {
        /// Who says so.
        stated_by: LocationSource,
        /// What is wrong with it.
        why: Refusal,
    },
}

/// A photo without a location that can be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct NoLocation {
    /// The first reason, in the order in which the places are read.
    pub reason: NoLocationReason,
    /// A file beside the photo that has the location, and that the caller did not ask for.
    pub unread_sidecar: Option<String>,
}

impl NoLocation {
    /// The failure of the photo of this name.
    pub fn named(&self, photo: &str) -> Failure {
        Failure { message: format!("{photo}: {self}"), ..Failure::from_error(self) }
    }
}

impl Diagnose for NoLocation {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidPhoto
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.unread_sidecar {
            Some(name) => format!(
                "set `sidecars` to use the location in {name}, or give the location in a table, with `table`"
            ),
            None => "give the photo's location in a table, with `table`".to_owned(),
        })
    }
}
