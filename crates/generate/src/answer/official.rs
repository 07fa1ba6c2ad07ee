//! Answers as the official code reads them.

use geo::LatLon;

use super::decimals::last_two;

/// The coordinate that the official code takes from an answer: the last two decimal numbers, and 0, 0 where there are
/// fewer or one is out of range.
///
/// ```
/// let place = generate::official_coordinate("lat 40.7128\u{b0} N, lon 74.0060\u{b0} W");
/// assert_eq!((place.latitude(), place.longitude()), (40.7128, 74.006), "letters mean nothing to it");
/// let place = generate::official_coordinate("I cannot tell.");
/// assert_eq!((place.latitude(), place.longitude()), (0.0, 0.0));
/// ```
pub fn official_coordinate(text: &str) -> LatLon {
    let (latitude, longitude) = last_two(text).unwrap_or_default();
    LatLon::new(latitude, longitude).unwrap_or_else(|_| null_island())
}

/// 0 north, 0 east.
pub(super) fn null_island() -> LatLon {
    LatLon::wrapped(0.0, 0.0).unwrap_or_else(|_| unreachable!("0, 0 is a coordinate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        lat_repr: String,
        lon_repr: String,
    }

    #[test]
    fn every_golden_answer_is_read_as_the_official_code_does() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/geodesy/parse.json");
        let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(golden.cases.len() > 50);
        for case in golden.cases {
            let place = official_coordinate(&case.text);
            let expected: (f64, f64) = (case.lat_repr.parse().unwrap(), case.lon_repr.parse().unwrap());
            // Bits, so that -0.0 is not 0.0.
            let bits = |(latitude, longitude): (f64, f64)| (latitude.to_bits(), longitude.to_bits());
            assert_eq!(bits((place.latitude(), place.longitude())), bits(expected), "{:?}", case.text);
        }
    }
}
