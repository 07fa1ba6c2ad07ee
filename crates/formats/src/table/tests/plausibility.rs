//! Case: numbers that are in range and wrong all the same.

use super::photos;
use crate::table::{PlausibilityCheck, Suspicion};

/// Findings on a table of these rows of latitude and longitude.
fn check(rows: &[(f64, f64)]) -> (Vec<Suspicion>, String) {
    let lines = rows.iter().map(|(latitude, longitude)| format!("p,{latitude},{longitude}\n"));
    let text = format!("IMG_ID,LAT,LON\n{}", lines.collect::<String>());
    let mut check = PlausibilityCheck::default();
    for row in photos(text) {
        match row {
            Ok(row) => check.see(&row),
            Err(error) => check.see_error(&error),
        }
    }
    let findings = check.findings();
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    (findings.iter().map(|finding| finding.suspicion).collect(), texts.join("\n"))
}

const CITIES: [(f64, f64); 6] = [
    (48.8566, 2.3522),
    (-33.8688, 151.2093),
    (40.7128, -74.006),
    (-22.9068, -43.1729),
    (35.6762, 139.6503),
    (1.3521, 103.8198),
];

#[test]
fn good_coordinates_are_not_remarked_on() {
    assert_eq!(check(&CITIES).0, []);
    assert_eq!(check(&[]).0, []);
    // A cruise: at sea either way.
    assert_eq!(check(&[(30.5, -40.5), (31.5, -41.5), (32.5, -42.5)]).0, []);
}

#[test]
fn exchanged_columns_are_one_warning() {
    let swapped = CITIES.map(|(latitude, longitude)| (longitude, latitude));
    let (suspicions, text) = check(&swapped);
    assert_eq!(suspicions, [Suspicion::Exchanged], "{text}");
    let (suspicions, text) = check(&[(2.2945, 48.858_267), (151.2153, -33.8568)]);
    assert_eq!(suspicions, [Suspicion::Exchanged]);
    assert_eq!(
        text,
        "2 of 2 rows lie in the sea (first: line 2) and would lie on land with latitude and longitude exchanged: the \
         columns seem to be swapped"
    );
    // One exchanged row among good ones is not a wrong table.
    assert_eq!(check(&[CITIES[0], CITIES[1], CITIES[2], (2.2945, 48.858_267)]).0, []);
}

#[test]
fn lost_signs_and_radians_are_told_apart() {
    let american = [(-12.0464, -77.0428), (-16.4897, -68.1193), (-34.6037, -58.3816), (-33.4489, -70.6693)];
    let (suspicions, text) = check(&american.map(|(latitude, longitude)| (latitude, -longitude)));
    assert_eq!(suspicions, [Suspicion::LongitudeSign], "{text}");
    let southern = [(-33.8688, 151.2093), (-37.8136, 144.9631), (-27.4698, 153.0251), (-36.8485, 174.7633)];
    let (suspicions, text) = check(&southern.map(|(latitude, longitude)| (-latitude, longitude)));
    assert_eq!(suspicions, [Suspicion::LatitudeSign], "{text}");
    let european = [(48.8566, 2.3522), (52.52, 13.405), (41.9028, 12.4964), (50.8503, 4.3517)];
    let radians =
        european.map(|(latitude, longitude): (f64, f64)| (latitude.to_radians(), longitude.to_radians()));
    let (suspicions, text) = check(&radians);
    assert_eq!(suspicions, [Suspicion::Radians], "{text}");
}

#[test]
fn imprecise_rows_are_notes() {
    let (suspicions, text) = check(&[(48.0, 2.0), (48.8566, 2.3522), (0.0, 0.0), (52.0, 13.0)]);
    assert_eq!(suspicions, [Suspicion::Zero, Suspicion::WholeDegrees]);
    assert_eq!(
        text,
        "1 of 4 rows lie at 0, 0 (first: line 4), which usually stands for an unknown place\n2 of 4 rows have whole \
         degrees only (first: line 2): such a place is uncertain by up to 80 km"
    );
    let (suspicions, _) = check(&[(48.8566, 48.8566), (33.5, 33.5), (12.25, 12.25)]);
    assert_eq!(suspicions, [Suspicion::Equal]);
}
