use super::*;

fn find(names: &[&str]) -> Result<String, PlaceError> {
    Gazetteer::embedded().find(names, LastName::Country).map(|found| found.place.label())
}

#[test]
fn towns_are_found_in_their_countries() {
    for (names, label) in [
        (&["Lisbon", "Portugal"][..], "Lisbon, Portugal"),
        (&["lisboa", "PT"], "Lisbon, Portugal"),
        (&["Nice", "France"], "Nice, Provence-Alpes-Côte d'Azur, France"),
        (&["Reading", "UK"], "Reading, England, United Kingdom"),
        (&["Reading", "Pennsylvania", "USA"], "Reading, Pennsylvania, United States"),
        (&["Portland", "Maine", "USA"], "Portland, Maine, United States"),
        (&["Portland", "ME", "United States"], "Portland, Maine, United States"),
        // No Athens lies in the country: that is what is left.
        (&["Athens", "Georgia"], "Georgia"),
        (&["Cologne", "Germany"], "Köln, North Rhine-Westphalia, Germany"),
        (&["New York", "USA"], "New York City, New York, United States"),
        (&["Washington, D.C.", "USA"], "Washington, District of Columbia, United States"),
        (&["Belém", "Lisbon", "Portugal"], "Belém, Lisbon, Portugal"),
        (&["Alfama", "Lisbon", "Portugal"], "Alfama, Lisbon, Portugal"),
        // A state alone is a place.
        (&["Lisbon"], "Lisbon, Portugal"),
        (&["Cusco", "Sacred Valley", "Peru"], "Cusco, Cuzco Department, Peru"),
        (&["Bavaria", "Germany"], "Bavaria, Germany"),
        (&["Edinburgh", "Scotland"], "Edinburgh, Scotland, United Kingdom"),
        (&["Nowhereville", "Chile"], "Chile"),
        (&["Singapore"], "Singapore"),
    ] {
        let found = find(names);
        assert_eq!(found.as_deref(), Ok(label), "{names:?}");
    }
}

#[test]
fn what_is_ambiguous_or_unknown_is_not_guessed() {
    assert_eq!(find(&["Springfield", "USA"]), Err(PlaceError::Ambiguous));
    assert_eq!(find(&["Springfield", "Illinois", "USA"]).unwrap(), "Springfield, Illinois, United States");
    for names in [&["Cologne"][..], &["Nice"], &["Lisbon", "Atlantis"], &[], &[""]] {
        assert_eq!(find(names), Err(PlaceError::Unknown), "{names:?}");
    }
    let gazetteer = Gazetteer::embedded();
    assert_eq!(gazetteer.find(&["Georgia"], LastName::Either), Err(PlaceError::Ambiguous));
    let athens = gazetteer.find(&["Athens", "Georgia"], LastName::Either).unwrap();
    assert_eq!(athens.place.state.as_deref(), Some("Georgia"));
    assert_eq!(gazetteer.find_town("Lisbon"), Err(PlaceError::Ambiguous), "there are some in America");
    assert_eq!(gazetteer.find_town("Reykjavik").unwrap().place.country_code.as_deref(), Some("IS"));
    assert_eq!(gazetteer.find_town("Atlantis Island Xyz"), Err(PlaceError::Unknown));
}

#[test]
fn radii_grow_with_the_place() {
    let gazetteer = Gazetteer::embedded();
    let radius = |names: &[&str]| gazetteer.find(names, LastName::Country).unwrap().radius_km;
    let (town, city) = (radius(&["Salzburg", "Austria"]), radius(&["Tokyo", "Japan"]));
    let (state, country) = (radius(&["Bavaria", "Germany"]), radius(&["Germany"]));
    assert!(town < city && city < state && state < country, "{town} {city} {state} {country}");
    let chile = gazetteer.find(&["Chile"], LastName::Country).unwrap();
    assert_eq!((chile.level, chile.place.city.as_deref()), (Level::Country, None));
    assert!(chile.radius_km > 300.0 && chile.radius_km < 2000.0, "{}", chile.radius_km);
    assert!((chile.location.latitude() + 33.4).abs() < 1.0, "near Santiago: {}", chile.location);
}

#[test]
fn every_alias_names_a_town_of_its_country() {
    let gazetteer = Gazetteer::embedded();
    for (alias, country, meant) in aliases::ALIASES {
        let known = gazetteer.names.towns(&gazetteer.towns, meant);
        let is_there = known.iter().any(|town| gazetteer.towns.country_code(*town) == country);
        assert!(is_there, "{alias}: {country} has no {meant}");
        assert_eq!(fold(alias), alias);
        assert!(find(&[alias, country]).is_ok(), "{alias}, {country}");
    }
    assert!(aliases::ALIASES.is_sorted());
}

#[test]
fn every_country_that_has_towns_has_a_point_in_it() {
    let gazetteer = Gazetteer::embedded();
    let mut found = 0;
    for (code, name) in crate::countries() {
        let Ok(place) = gazetteer.find(&[name], LastName::Country) else { continue };
        found += 1;
        assert_eq!(place.place.country_code.as_deref(), Some(code), "{name}");
        assert!(place.radius_km >= 2.0 && place.radius_km < 5000.0, "{name}: {}", place.radius_km);
    }
    assert!(found > 235, "{found}");
}
