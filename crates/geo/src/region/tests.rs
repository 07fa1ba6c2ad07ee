//! What people type, and what is in a region.

use super::*;

pub(super) fn region(text: &str) -> Region {
    text.parse().unwrap()
}

pub(super) fn country(code: &str) -> Region {
    Region::Country(code.into())
}

fn refusal(text: &str) -> String {
    text.parse::<Region>().unwrap_err().to_string()
}

pub(super) fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

#[test]
fn reads_boxes_and_circles() {
    assert_eq!(region("au"), country("AU"));
    assert!(matches!(region("-34,151,50"), Region::Circle { .. }));
    assert!(matches!(region("-34,151,50 km"), Region::Circle { .. }));
    assert!(matches!(region("-34, 150, -33, 152"), Region::BoundingBox { .. }));
}

#[test]
fn countries_go_by_codes_and_names() {
    for (text, code) in [
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("UAE", "AE"),
        ("NZL", "NZ"),
        ("deu", "DE"),
        ("New Zealand", "NZ"),
        ("new zealand", "NZ"),
        (" germany ", "DE"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Ivory Coast", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("cote d'ivoire", "CI"),
        ("Czech Republic", "CZ"),
        ("Türkiye", "TR"),
        ("Cape Verde", "CV"),
        ("Bonaire, Saint Eustatius and Saba", "BQ"),
        ("Korea, Republic of", "KR"),
        ("St Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("Guinea-Bissau", "GW"),
        ("Timor-Leste", "TL"),
        ("Åland Islands", "AX"),
        ("Macau", "MO"),
        ("Vatican City", "VA"),
        ("Kosovo", "XK"),
        ("XKX", "XK"),
        // Codes of countries come before those of states.
        ("CA", "CA"),
        ("DE", "DE"),
        ("GA", "GA"),
        // Names of countries come before those of states.
        ("Georgia", "GE"),
        ("Luxembourg", "LU"),
        ("Mexico", "MX"),
        ("Jersey", "JE"),
    ] {
        assert_eq!(region(text), country(code), "{text}");
    }
    for (code, name) in crate::countries() {
        assert_eq!(region(code), country(code));
        assert_eq!(region(name), country(code), "{name}");
    }
    for (alias, code) in names::ALIASES {
        assert_eq!(region(alias), country(code), "{alias}");
        assert_eq!(fold(alias), alias);
    }
}

#[test]
fn names_of_two_things_are_explained() {
    let note = Region::ambiguity("georgia").unwrap();
    assert!(note.contains("country Georgia (GE)") && note.contains("US-GA (United States)"), "{note}");
    assert!(Region::ambiguity("Luxembourg").unwrap().contains("LU-LU"));
    assert_eq!(Region::ambiguity("Austria"), None);
    assert_eq!(Region::ambiguity("US-GA"), None);
    let message = refusal("Punjab");
    assert!(message.contains("IN-PB (India)") && message.contains("PK-PB (Pakistan)"), "{message}");
}

#[test]
fn refuses_with_a_reason() {
    for (text, part) in [
        ("Austrlia", "did you mean Australia (AU) or Austria (AT)?"),
        ("Itlay", "did you mean Italy (IT)?"),
        ("Germny", "Germany (DE)"),
        ("Califronia", "California (US-CA)"),
        ("DE-Bavariaa", "did you mean DE-BY?"),
        ("US-ZZ", "no state of United States has this code or name"),
        ("TX", "for Texas write US-TX"),
        ("ZZ", "no country or state has this name or code"),
        ("Middle-earth", "no country or state"),
        ("", "no country or state"),
        ("AU,Narnia", "`Narnia` is not a region"),
        ("AU,5", "do not mix"),
        ("95,0,10", "latitude 95"),
        ("1,2,-5", "positive"),
        ("10,0,-10,5", "southern edge"),
        ("1,2", "three numbers"),
        ("1,2,3,4,5", "three numbers"),
    ] {
        let message = refusal(text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn old_forms_can_still_be_read() {
    for (region, json) in [
        (country("AU"), r#"{"Country":"AU"}"#),
        (
            Region::BoundingBox { south: 1.0, west: 2.0, north: 3.0, east: 4.0 },
            r#"{"BoundingBox":{"south":1.0,"west":2.0,"north":3.0,"east":4.0}}"#,
        ),
        (
            Region::Circle { centre: at(1.0, 2.0), radius_km: 3.0 },
            r#"{"Circle":{"centre":{"lat":1.0,"lon":2.0},"radius_km":3.0}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&region).unwrap(), json);
        assert_eq!(serde_json::from_str::<Region>(json).unwrap(), region);
    }
}

/// Both ways of asking give the same answer.
pub(super) fn contains(region: &Region, location: LatLon, code: Option<&str>) -> bool {
    let place = Place { country_code: code.map(str::to_owned), ..Place::default() };
    let found = region.contains(location, &place);
    assert_eq!(region.matcher().contains(location, code), found, "{region:?} {location} {code:?}");
    found
}

#[test]
fn circles_are_geodesic() {
    let circle: Region = region("0,0,1000");
    for (distance_km, inside) in [(990.0, true), (999.9, true), (1000.1, false), (1020.0, false)] {
        let point = crate::destination(at(0.0, 0.0), 37.0, distance_km).unwrap();
        assert_eq!(contains(&circle, point, None), inside, "{distance_km}");
    }
}

#[test]
fn boxes_may_cross_the_antimeridian() {
    let fiji: Region = region("-20,177,-15,-178");
    assert!(contains(&fiji, at(-17.0, 179.5), None));
    assert!(contains(&fiji, at(-17.0, -179.5), None));
    assert!(!contains(&fiji, at(-17.0, 170.0), None));
}

#[test]
fn a_country_reaches_over_the_border_to_its_towns() {
    // In Basel, 1.5 km from the centre of Weil am Rhein; and far from any border.
    let weil = at(47.5850, 7.6080);
    assert!(contains(&country("DE"), weil, Some("CH")) && contains(&country("CH"), weil, Some("CH")));
    assert!(!contains(&country("AT"), weil, Some("CH")));
    assert!(contains(&country("de"), at(52.5, 13.4), Some("DE")));
    assert!(!contains(&country("DE"), at(46.95, 7.44), Some("CH")));
    assert!(!contains(&country("DE"), at(52.5, 13.4), None));
    // Across the antimeridian and at the poles nothing breaks.
    for point in [at(-16.8, 179.99), at(-16.8, -180.0), at(90.0, 0.0), at(-90.0, 180.0)] {
        assert!(contains(&country("FJ"), point, Some("FJ")));
        assert!(!contains(&country("RU"), point, Some("FJ")));
    }
}

#[test]
fn a_matcher_is_fast() {
    let matchers = ["US", "FR", "RU", "US-CA", "AU,NZ"].map(|text| region(text).matcher());
    let start = std::time::Instant::now();
    let mut inside = 0;
    for step in 0..100_000 {
        let location = at(f64::from(step % 1200) * 0.1 - 60.0, f64::from(step % 3500) * 0.1 - 175.0);
        inside += matchers.iter().filter(|matcher| matcher.contains(location, Some("CH"))).count();
    }
    eprintln!("100,000 locations x 5 regions: {:?}, {inside} inside", start.elapsed());
    assert!(start.elapsed().as_secs() < 10);
}
