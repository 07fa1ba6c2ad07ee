use super::*;
use crate::{Answer, Finish, read_place};

fn named(text: &str) -> Result<String, Dropped> {
    let answer = Answer { text: text.to_owned(), finish: Finish::Stop };
    read_place(&answer).map(|place| place.geocoded.map_or_else(|| "coordinates".into(), |named| named.place))
}

const LISBON: &str = "Lisbon, Portugal";

#[test]
fn fields_name_places() {
    for text in [
        r#"{"city": "Lisbon", "country": "Portugal"}"#,
        r#"{"country": "Portugal", "city": "Lisbon", "reason": "Trams like those of Porto, Portugal."}"#,
        r#"{"Country": "PT", "City": "Lisboa", "confidence": 0.8}"#,
        r#"{"latitude": null, "longitude": null, "city": "Lisbon", "country": "Portugal"}"#,
        r#"{"prediction": {"city_name": "lisbon", "country_code": "pt"}}"#,
        r#"{"city": "Lisbon, Portugal"}"#,
        r#"{"location": "Lisbon, Portugal"}"#,
        "{'city': 'Lisbon', 'country': 'Portugal',}",
        "The tiles are typical of Portugal. {\"city\": \"Lisbon\"}",
        "**City:** Lisbon\n**Country:** Portugal\n**Reason:** yellow trams",
        "- Country: Portugal\n- City: Lisbon",
        "Location: Lisbon, Portugal",
        r#"{"alternative": {"city": "Porto", "country": "Portugal"}, "answer": {"city": "Lisbon", "country": "Portugal"}}"#,
    ] {
        assert_eq!(named(text).as_deref(), Ok(LISBON), "{text}");
    }
    assert_eq!(
        named(r#"{"city": "Alfama (old town), Lisbon", "region": "Europe", "country": "Portugal"}"#).unwrap(),
        "Alfama, Lisbon, Portugal"
    );
    assert_eq!(
        named(r#"{"city": "Nice", "country": "France"}"#).unwrap(),
        "Nice, Provence-Alpes-C\u{f4}te d'Azur, France"
    );
    assert_eq!(named(r#"{"country": "Chile"}"#).as_deref(), Ok("Chile"));
    assert_eq!(named(r#"{"city": "unknown", "country": "Chile"}"#).as_deref(), Ok("Chile"));
    assert_eq!(named(r#"{"city": "Reykjavik"}"#).as_deref(), Ok("Reykjav\u{ed}k, Capital Region, Iceland"));
    assert_eq!(
        named(r#"{"city": "Lisbon", "latitude": 38.7, "longitude": -9.1}"#).as_deref(),
        Ok("coordinates")
    );
}

#[test]
fn sentences_name_places_by_their_countries() {
    for text in [
        "This is Lisbon, Portugal.",
        "Likely Lisbon, Portugal",
        "I believe the photo shows the Pra\u{e7}a do Com\u{e9}rcio in Lisbon, Portugal, near the river.",
        "It was taken in Lisbon (Portugal).",
        "The city of Lisbon in Portugal.",
        "Not Porto, Portugal, but Lisbon, Portugal.",
        "It could be Porto, Portugal. Final answer: Lisbon, Portugal",
        "I cannot determine exact coordinates, but this is Lisbon, Portugal.",
        "LISBON, PORTUGAL",
    ] {
        assert_eq!(named(text).as_deref(), Ok(LISBON), "{text}");
    }
    for (text, place) in [
        ("This looks like Nice, France.", "Nice, Provence-Alpes-C\u{f4}te d'Azur, France"),
        ("Reading, England", "Reading, England, United Kingdom"),
        ("Mobile, Alabama", "Mobile, Alabama, United States"),
        ("Portland, OR", "Portland, Oregon, United States"),
        ("Portland, Oregon, USA", "Portland, Oregon, United States"),
        ("Washington, D.C., USA", "Washington, District of Columbia, United States"),
        ("Athens, Georgia", "Athens, Georgia, United States"),
        ("Somewhere in Bavaria, Germany", "Bavaria, Germany"),
        ("This photo was taken in Chile.", "Chile"),
        ("Chile", "Chile"),
        ("St. Petersburg, Russia", "Saint Petersburg, St.-Petersburg, Russia"),
        ("San Jos\u{e9}, Costa Rica", "San Jos\u{e9}, Costa Rica"),
    ] {
        assert_eq!(named(text).as_deref(), Ok(place), "{text}");
    }
}

#[test]
fn words_that_are_also_towns_are_not_places() {
    for text in [
        "A nice place. Nice light, Reading glasses, Mobile phones.",
        "Nice! I am Reading the signs.",
        "The label says made in China.",
        "Michael Jordan plays in a hall.",
        "Hotel Roma, Italy",
        "Turkey is a bird.",
        "A street in Lisbon.",
        "Spain, Portugal, Italy and Greece look like this.",
        "It may be in Chile or in Peru.",
        "In May, And then. Can you see it?",
        "Somewhere in the Alps.",
    ] {
        assert_eq!(named(text), Err(Dropped::NoCoordinate), "{text}");
    }
}

#[test]
fn what_is_unclear_is_dropped_with_a_reason() {
    for text in [
        "It is Lisbon, Portugal or Porto, Portugal.",
        r#"{"city": "Springfield", "country": "USA"}"#,
        r#"{"city": "Paris"}"#,
        "Springfield, USA",
        "City: Lisbon\nCity: Porto\nCountry: Portugal",
        r#"[{"city": "Lisbon", "country": "Portugal"}, {"city": "Porto", "country": "Portugal"}]"#,
    ] {
        assert_eq!(named(text), Err(Dropped::Ambiguous), "{text}");
    }
    for text in [r#"{"city": "Xqzzt"}"#, r#"{"city": "Lisbon", "country": "Atlantis"}"#] {
        assert_eq!(named(text), Err(Dropped::UnknownPlace), "{text}");
    }
    assert_eq!(named("I'm sorry, I can't tell whether this is Lisbon, Portugal."), Err(Dropped::Refused));
}

#[test]
fn a_name_that_the_limit_may_have_cut_is_none() {
    let cut = |text: &str| {
        let answer = Answer { text: text.to_owned(), finish: Finish::Length };
        read_place(&answer).map(|place| place.geocoded.unwrap().place)
    };
    assert_eq!(cut("This is Paris, Niger"), Err(Dropped::Cut));
    assert_eq!(cut("This is Lisbon, Portugal. The").as_deref(), Ok(LISBON));
    assert_eq!(cut("City: Lisbon\nCountry: Portugal"), Err(Dropped::Cut));
}

#[test]
fn radii_go_with_the_names() {
    let radius = |text: &str| {
        let answer = Answer { text: text.to_owned(), finish: Finish::Stop };
        read_place(&answer).unwrap().geocoded.unwrap().radius_km
    };
    let (city, country) = (radius("Lisbon, Portugal"), radius("Portugal"));
    assert!(city > 2.0 && city < 15.0 && country > 100.0, "{city} {country}");
}
