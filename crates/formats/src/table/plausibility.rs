//! Coordinates that are in range and wrong all the same: exchanged columns, lost minus signs, whole degrees.

use std::fmt;

use geo::LatLon;

use super::error::{Position, Problem, TableError};
use super::photos::PhotoRow;

/// Something that the user should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub suspicion: Suspicion,
    /// How many rows it concerns.
    pub rows: u64,
    /// The rows that were seen.
    pub of: u64,
    /// The first row it concerns.
    pub first: Position,
}

/// What may be wrong with the coordinates of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// Most rows lie in the sea and would lie on land with latitude and longitude exchanged.
    Exchanged,
    /// Most rows lie in the sea and would lie on land with the other sign of the longitude; none is negative.
    LongitudeSign,
    /// Most rows lie in the sea and would lie on land with the other sign of the latitude; none is negative.
    LatitudeSign,
    /// Most rows lie in the sea and would lie on land if they were radians.
    Radians,
    /// Latitude and longitude are the same number.
    Equal,
    /// Both coordinates are exactly zero.
    Zero,
    /// Both coordinates are whole degrees.
    WholeDegrees,
}

impl Finding {
    /// Whether the table as a whole is probably wrong, rather than some rows of it imprecise.
    pub const fn is_warning(&self) -> bool {
        !matches!(self.suspicion, Suspicion::Zero | Suspicion::WholeDegrees)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, of, first, .. } = self;
        let land = match self.suspicion {
            Suspicion::Exchanged => {
                "on land with latitude and longitude exchanged: the columns seem to be swapped"
            }
            Suspicion::LongitudeSign => {
                "on land with the other sign of the longitude: the minus signs seem to be lost"
            }
            Suspicion::LatitudeSign => {
                "on land with the other sign of the latitude: the minus signs seem to be lost"
            }
            Suspicion::Radians => "on land if the numbers are radians: convert them to degrees",
            Suspicion::Equal => {
                return write!(
                    formatter,
                    "{rows} of {of} rows have a longitude equal to their latitude (first: {first}): one column seems to \
                     be copied into the other"
                );
            }
            Suspicion::Zero => {
                return write!(
                    formatter,
                    "{rows} of {of} rows lie at 0, 0 (first: {first}), which usually stands for an unknown place"
                );
            }
            Suspicion::WholeDegrees => {
                return write!(
                    formatter,
                    "{rows} of {of} rows have whole degrees only (first: {first}): such a place is uncertain by up to \
                     80 km"
                );
            }
        };
        write!(formatter, "{rows} of {of} rows lie in the sea (first: {first}) and would lie {land}")
    }
}

/// Looks at rows as they are read, in constant memory.
///
/// ```
/// use formats::table::{PhotoTable, PlausibilityCheck};
///
/// let csv = "IMG_ID,LAT,LON\neiffel.jpg,2.2945,48.8583\n";
/// let mut check = PlausibilityCheck::default();
/// for row in PhotoTable::from_csv("swapped.csv", csv.as_bytes())? {
///     check.see(&row?);
/// }
/// let findings = check.findings();
/// assert!(findings[0].to_string().contains("the columns seem to be swapped"));
/// # Ok::<(), formats::table::TableError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlausibilityCheck {
    rows: u64,
    in_sea: Tally,
    /// Rows in the sea that would be on land, for each of [`CHANGES`].
    on_land: [Tally; 4],
    /// Whether some latitude, and some longitude, is negative: then the signs are not lost.
    has_negative: [bool; 2],
    equal: Tally,
    zero: Tally,
    whole: Tally,
}

/// Rows of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    rows: u64,
    first: Option<Position>,
}

impl Tally {
    fn add(&mut self, position: Position) {
        self.rows += 1;
        self.first.get_or_insert(position);
    }
}

/// Latitude and longitude, put elsewhere.
type Change = fn(f64, f64) -> Option<LatLon>;

/// What puts a point elsewhere, if it is possible at all; where two explain as much, the first counts.
const CHANGES: [(Suspicion, Change); 4] = [
    (Suspicion::Exchanged, |latitude, longitude| LatLon::new(longitude, latitude).ok()),
    (Suspicion::LongitudeSign, |latitude, longitude| LatLon::new(latitude, -longitude).ok()),
    (Suspicion::LatitudeSign, |latitude, longitude| LatLon::new(-latitude, longitude).ok()),
    (Suspicion::Radians, |latitude, longitude| {
        LatLon::new(latitude.to_degrees(), longitude.to_degrees()).ok()
    }),
];

impl PlausibilityCheck {
    /// Looks at a row.
    pub fn see(&mut self, row: &PhotoRow) {
        self.see_place(row.location, row.position);
    }

    /// Looks at a row's place.
    pub fn see_place(&mut self, place: LatLon, position: Position) {
        let (latitude, longitude) = (place.latitude(), place.longitude());
        self.rows += 1;
        if latitude == 0.0 && longitude == 0.0 {
            // Neither sea nor land: an unknown place.
            self.zero.add(position);
            return;
        }
        self.has_negative[0] |= latitude < 0.0;
        self.has_negative[1] |= longitude < 0.0;
        if latitude.fract() == 0.0 && longitude.fract() == 0.0 {
            self.whole.add(position);
        }
        if latitude.total_cmp(&longitude).is_eq() {
            self.equal.add(position);
        }
        if place.is_near_land() {
            return;
        }
        self.in_sea.add(position);
        for ((_, change), tally) in CHANGES.iter().zip(&mut self.on_land) {
            if change(latitude, longitude).is_some_and(LatLon::is_near_land) {
                tally.add(position);
            }
        }
    }

    /// Looks at a row that was refused: a latitude from 90 to 180 is a longitude, probably.
    pub fn see_error(&mut self, error: &TableError) {
        if let TableError::Field { problem: Problem::Latitude, value, position, .. } = error
            && value.trim().parse::<f64>().is_ok_and(|value| value.abs() <= 180.0)
        {
            self.rows += 1;
            self.in_sea.add(*position);
            self.on_land[0].add(*position);
        }
    }

    /// What was noticed: at most one warning on the table, and notes on rows.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |suspicion, tally: Tally| {
            let first = tally.first?;
            Some(Finding { suspicion, rows: tally.rows, of: self.rows, first })
        };
        let is_most = |tally: &Tally| 2 * tally.rows > self.rows - self.zero.rows;
        let mut best: Option<(Suspicion, Tally)> = None;
        for ((suspicion, _), tally) in CHANGES.iter().zip(self.on_land) {
            let is_possible = match suspicion {
                Suspicion::LatitudeSign => !self.has_negative[0],
                Suspicion::LongitudeSign => !self.has_negative[1],
                _ => true,
            };
            if is_possible && is_most(&tally) && best.is_none_or(|(_, best)| tally.rows > best.rows) {
                best = Some((*suspicion, tally));
            }
        }
        let copied = Some(self.equal).filter(|tally| tally.rows > 1 && is_most(tally));
        let warning = match (copied, best) {
            (Some(equal), _) => finding(Suspicion::Equal, equal),
            (None, Some((suspicion, tally))) => finding(suspicion, tally),
            (None, None) => None,
        };
        let zero = finding(Suspicion::Zero, self.zero);
        let whole = finding(Suspicion::WholeDegrees, self.whole);
        [warning, zero, whole].into_iter().flatten().collect()
    }
}
