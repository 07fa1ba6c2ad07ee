//! From what was written to degrees, or to the reason why not. Nothing is guessed: a location whose hemisphere is not
//! certain is refused.

use geo::LatLon;

use super::angle::{Angle, Part};
use super::refusal::{Axis, HemisphereDoubt, Refusal, Unit};

/// One coordinate as written.
#[derive(Clone, Debug, Default)]
pub(super) struct Half {
    /// The angle; `Err` holds a value that is not an angle, `None` stands for none.
    pub(super) value: Option<Result<Angle, String>>,
    /// What is said separately about the hemisphere, such as `N`.
    pub(super) reference: Option<String>,
}

/// A location as written.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pub(super) latitude: Half,
    pub(super) longitude: Half,
    /// Metres above sea level.
    pub(super) altitude: Option<f64>,
    /// Whether a single number without sign or letter is north or east. So it is where decimal degrees are signed by
    /// custom, and not in EXIF, where the number never says.
    pub(super) bare_numbers_are_signed: bool,
}

impl Statement {
    /// The location; `None` if neither coordinate is written.
    pub(super) fn location(&self) -> Result<Option<LatLon>, Refusal> {
        let half = |axis: Axis, half: &Half| match &half.value {
            Some(Ok(angle)) => Ok(Some(angle.clone())),
            Some(Err(value)) => Err(Refusal::NotACoordinate { axis, value: value.clone() }),
            None => Ok(None),
        };
        let latitude = half(Axis::Latitude, &self.latitude)?;
        let longitude = half(Axis::Longitude, &self.longitude)?;
        let (latitude, longitude) = match (latitude, longitude) {
            (Some(latitude), Some(longitude)) => (latitude, longitude),
            (Some(_), None) => {
                return Err(Refusal::OneCoordinate { has: Axis::Latitude, lacks: Axis::Longitude });
            }
            (None, Some(_)) => {
                return Err(Refusal::OneCoordinate { has: Axis::Longitude, lacks: Axis::Latitude });
            }
            (None, None) => return Ok(None),
        };
        let north = degrees(Axis::Latitude, &latitude.parts)?;
        let east = degrees(Axis::Longitude, &longitude.parts)?;
        if north == 0.0 && east == 0.0 {
            return Err(Refusal::NullIsland);
        }
        let bare = self.bare_numbers_are_signed;
        let north = signed(Axis::Latitude, north, &latitude, self.latitude.reference.as_deref(), bare)?;
        let east = signed(Axis::Longitude, east, &longitude, self.longitude.reference.as_deref(), bare)?;
        checked(north, east).map(Some)
    }
}

/// A location in range that is not 0, 0.
pub(super) fn checked(north: f64, east: f64) -> Result<LatLon, Refusal> {
    if north == 0.0 && east == 0.0 {
        return Err(Refusal::NullIsland);
    }
    // Adding zero turns -0 into 0.
    LatLon::new(north + 0.0, east + 0.0).map_err(Refusal::OutOfRange)
}

/// The numbers as one, with the sign that they were written with.
fn degrees(axis: Axis, parts: &[Part]) -> Result<f64, Refusal> {
    if parts.iter().all(|part| *part == Part::Unknown) {
        return Err(Refusal::Unknown { axis });
    }
    let last_known = parts.iter().rposition(|part| *part != Part::Unknown).unwrap_or(0);
    let units = [Unit::Degrees, Unit::Minutes, Unit::Seconds];
    let mut numbers = [0.0; 3];
    for ((part, unit), number) in parts.iter().zip(units).zip(&mut numbers).take(last_known + 1) {
        *number = match part {
            Part::Number(value) if value.is_finite() => *value,
            Part::Number(value) => return Err(Refusal::NotACoordinate { axis, value: value.to_string() }),
            Part::Unknown | Part::DividedByZero => return Err(Refusal::ZeroDenominator { axis, unit }),
        };
    }
    judge(axis, numbers, units)
}

/// Refuses numbers that do not make one angle.
fn judge(axis: Axis, numbers: [f64; 3], units: [Unit; 3]) -> Result<f64, Refusal> {
    let leading = numbers.iter().copied().find(|number| *number != 0.0).unwrap_or(0.0);
    let negative = leading < 0.0;
    // -33 51 36 and -33 -51 -36 are the same; -33 -51 36 and 33 -51 are nothing.
    let after_the_leading =
        numbers.iter().skip_while(|number| **number == 0.0).skip(1).filter(|number| **number != 0.0);
    let minus = after_the_leading.clone().filter(|number| **number < 0.0).count();
    if minus > 0 && (!negative || minus < after_the_leading.count()) {
        return Err(Refusal::MixedSigns { axis });
    }
    let [degrees, minutes, seconds] = numbers.map(f64::abs);
    for (value, unit) in [(minutes, Unit::Minutes), (seconds, Unit::Seconds)] {
        if value >= 60.0 {
            return Err(Refusal::SixtyOrMore { axis, unit, value });
        }
    }
    let smaller = [minutes > 0.0 || seconds > 0.0, seconds > 0.0];
    for ((value, unit), smaller) in [degrees, minutes].into_iter().zip(units).zip(smaller) {
        if smaller && value.fract() != 0.0 {
            return Err(Refusal::FractionTwice { axis, unit, value });
        }
    }
    let total = degrees + minutes / 60.0 + seconds / 3600.0;
    Ok(if negative { -total } else { total })
}

/// The sign that the hemisphere gives, if all that says so agrees.
fn signed(
    axis: Axis,
    written: f64,
    angle: &Angle,
    reference: Option<&str>,
    bare_numbers_are_signed: bool,
) -> Result<f64, Refusal> {
    let doubt = |why| Refusal::Hemisphere { axis, why };
    let reference = reference.map(str::trim).filter(|text| !text.is_empty());
    let mut named: Option<bool> = None;
    let mut said = "";
    for text in [angle.letters.as_deref(), reference].into_iter().flatten() {
        let negative =
            is_negative(axis, text).ok_or_else(|| doubt(HemisphereDoubt::Reference(text.to_owned())))?;
        if named.is_some_and(|before| before != negative) {
            return Err(doubt(HemisphereDoubt::Contradiction(text.to_owned())));
        }
        (named, said) = (Some(negative), text);
    }
    match named {
        Some(false) if written < 0.0 => Err(doubt(HemisphereDoubt::Contradiction(said.to_owned()))),
        Some(true) if angle.plus => Err(doubt(HemisphereDoubt::Contradiction(said.to_owned()))),
        Some(true) => Ok(-written.abs()),
        Some(false) => Ok(written),
        None if written < 0.0 || angle.plus => Ok(written),
        None if bare_numbers_are_signed && angle.parts.len() == 1 => Ok(written),
        None => Err(doubt(HemisphereDoubt::NoReference)),
    }
}

/// Whether a reference names the half with negative numbers; `None` if it names no half of this axis.
fn is_negative(axis: Axis, reference: &str) -> Option<bool> {
    let (positive, negative) = match axis {
        Axis::Latitude => (["N", "North"], ["S", "South"]),
        Axis::Longitude => (["E", "East"], ["W", "West"]),
    };
    let is_one_of = |names: [&str; 2]| names.iter().any(|name| name.eq_ignore_ascii_case(reference));
    if is_one_of(positive) { Some(false) } else { is_one_of(negative).then_some(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, reference: Option<&str>) -> Half {
        let value = Angle::from_text(text).ok_or_else(|| text.to_owned());
        Half { value: Some(value), reference: reference.map(str::to_owned) }
    }

    fn latitude(text: &str, reference: Option<&str>) -> Result<f64, Refusal> {
        let statement = Statement {
            latitude: written(text, reference),
            longitude: written("2.2945", Some("E")),
            ..Statement::default()
        };
        statement.location().map(|place| place.unwrap().latitude())
    }

    #[test]
    fn signs_and_references_must_agree() {
        for (text, reference, expected) in [
            ("33.86", Some("S"), -33.86),
            ("33.86", Some(" south "), -33.86),
            ("33.86", Some("n"), 33.86),
            ("-33.86", Some("S"), -33.86),
            ("-33 51 36", Some("s"), -33.86),
            ("-33 -51 -36", None, -33.86),
            ("0 -30", None, -0.5),
            ("+33.86", None, 33.86),
            ("33.86S", None, -33.86),
            ("33.86S", Some("S"), -33.86),
        ] {
            let found = latitude(text, reference).unwrap();
            assert!((found - expected).abs() < 1e-9, "{text} {reference:?}: {found}");
        }
        for (text, reference) in [
            ("33.86", None),
            ("33.86", Some("")),
            ("33.86", Some("X")),
            ("33.86", Some("E")),
            ("33.86", Some("NS")),
            ("-33.86", Some("N")),
            ("-33.86", Some("X")),
            ("+33.86", Some("S")),
            ("33.86S", Some("N")),
            ("33.86W", None),
        ] {
            let refusal = latitude(text, reference).unwrap_err();
            assert!(matches!(refusal, Refusal::Hemisphere { .. }), "{text} {reference:?}: {refusal}");
        }
    }

    #[test]
    fn bare_decimals_are_signed_only_where_that_is_the_custom() {
        let mut statement = Statement {
            latitude: written("48.858267", None),
            longitude: written("2.2945", None),
            ..Statement::default()
        };
        assert!(matches!(statement.location(), Err(Refusal::Hemisphere { .. })));
        statement.bare_numbers_are_signed = true;
        assert!(statement.location().is_ok());
        statement.latitude = written("48,51.496", None);
        assert!(matches!(statement.location(), Err(Refusal::Hemisphere { .. })));
    }

    #[test]
    fn minus_zero_never_comes_out() {
        let place = checked(-0.0, 5.0).unwrap();
        assert!(place.latitude().is_sign_positive());
        assert_eq!(latitude("0", Some("S")).unwrap().to_string(), "0");
        assert_eq!(checked(-0.0, 0.0), Err(Refusal::NullIsland));
    }
}
