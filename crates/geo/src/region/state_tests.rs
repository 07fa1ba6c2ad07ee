//! States, and several regions at once.

use super::tests::{at, contains, country, region};
use super::*;

fn state(country: &str, state: &str) -> Region {
    Region::State { country: country.into(), state: state.into() }
}

#[test]
fn states_go_by_codes_and_names() {
    for (text, code, name) in [
        ("US-CA", "US", "California"),
        ("us-ca", "US", "California"),
        ("California", "US", "California"),
        ("US-Georgia", "US", "Georgia"),
        ("US-GA", "US", "Georgia"),
        ("Bavaria", "DE", "Bavaria"),
        ("DE-BY", "DE", "Bavaria"),
        ("Berlin", "DE", "State of Berlin"),
        ("DE-BE", "DE", "State of Berlin"),
        ("State of Berlin", "DE", "State of Berlin"),
        ("Baden-Württemberg", "DE", "Baden-Wurttemberg"),
        ("new south wales", "AU", "New South Wales"),
        ("AU-NSW", "AU", "New South Wales"),
        ("Scotland", "GB", "Scotland"),
        ("UK-Wales", "GB", "Wales"),
        ("Île-de-France", "FR", "Île-de-France"),
        ("FR-IDF", "FR", "Île-de-France"),
        ("FR-Normandy", "FR", "Normandy"),
        ("IN-PB", "IN", "Punjab"),
        ("JP-13", "JP", "Tokyo"),
        ("Hokkaido", "JP", "Hokkaido"),
        ("Quebec", "CA", "Quebec"),
        ("CA-QC", "CA", "Quebec"),
        ("ES-CT", "ES", "Catalonia"),
        ("Geneva", "CH", "Geneva"),
        ("MX-CMX", "MX", "Mexico City"),
        ("IT-32", "IT", "Trentino-Alto Adige"),
    ] {
        assert_eq!(region(text), state(code, name), "{text}");
    }
    assert_eq!(region("AU,NZ"), Region::AnyOf(vec![country("AU"), country("NZ")]));
    assert_eq!(
        region("uk, Ireland, us-ca, GB"),
        Region::AnyOf(vec![country("GB"), country("IE"), state("US", "California")])
    );
    assert_eq!(region("AU,"), country("AU"));
}

#[test]
fn states_contain_what_their_towns_are_nearest_to() {
    let california = region("US-CA");
    for (latitude, longitude, inside) in [
        (37.77, -122.42, true),
        (34.05, -118.24, true),
        (36.17, -115.14, false),
        (32.53, -117.04, false),
        (32.6, -117.3, true),
        (0.0, -140.0, false),
    ] {
        assert_eq!(
            contains(&california, at(latitude, longitude), Some("US")),
            inside,
            "{latitude}, {longitude}"
        );
    }
    assert!(contains(&region("Alaska"), at(51.88, -176.65), Some("US")));
    assert!(contains(&region("Alaska"), at(61.2, -149.9), Some("US")));
    assert!(contains(&region("AU,US-CA"), at(37.77, -122.42), Some("US")));
    assert!(!contains(&region("AU,US-CA"), at(40.7, -74.0), Some("US")));
}

#[test]
fn the_forms_of_areas() {
    for (region, json) in [
        (state("US", "Ohio"), r#"{"State":{"country":"US","state":"Ohio"}}"#),
        (Region::AnyOf(vec![country("AU")]), r#"{"AnyOf":[{"Country":"AU"}]}"#),
    ] {
        assert_eq!(serde_json::to_string(&region).unwrap(), json);
        assert_eq!(serde_json::from_str::<Region>(json).unwrap(), region);
    }
}
