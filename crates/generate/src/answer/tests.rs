use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<(f64, f64), Dropped> {
    read_answer(&Answer { text: text.to_owned(), finish: Finish::Stop })
        .map(|place| (place.latitude(), place.longitude()))
}

#[test]
fn json_anywhere_comes_first() {
    for text in [
        r#"{"latitude": 48.8566, "longitude": 2.3522}"#,
        "```json\n{\"latitude\": 48.8566,\n\"longitude\": 2.3522}\n```",
        r#"Version 1.0 of {my} answer: {"lat": 48.8566, "lng": "2.3522"} (confidence 0.75, 12.5 km)"#,
        r#"{"answer": {"place": "Paris", "location": {"Latitude": 48.8566, "Longitude": 2.3522}}, "p": 0.31}"#,
        r#"First {"latitude": 1.5, "longitude": 2.5}, on reflection [{"latitude": 48.8566, "longitude": 2.3522}]"#,
        r#"{"latitude": "48.8566° N", "longitude": "2.3522° E"}"#,
        "{'latitude': 48.8566, 'longitude': 2.3522}",
        "{latitude: 48.8566, longitude: 2.3522,}",
        "Latitude = 48.8566°, Longitude = 2.3522° (accuracy 0.5 km, 35.5 m)",
        "**Latitude:** 48.8566 N\n**Longitude:** 2.3522 E",
    ] {
        assert_eq!(read(text), Ok((48.8566, 2.3522)), "{text}");
    }
    assert_eq!(read(r#"{"latitude": 48, "longitude": 2}"#), Ok((48.0, 2.0)), "whole numbers too");
    assert_eq!(read(r#"{"latitude": "33.5 S", "longitude": "70.25 W"}"#), Ok((-33.5, -70.25)));
}

#[test]
fn degrees_with_letters_minutes_and_signs() {
    let near = |text: &str, latitude: f64, longitude: f64| {
        let (found_latitude, found_longitude) = read(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert!((found_latitude - latitude).abs() < 1e-9, "{text}: {found_latitude}");
        assert!((found_longitude - longitude).abs() < 1e-9, "{text}: {found_longitude}");
    };
    near("40.7128° N, 74.0060° W", 40.7128, -74.006);
    near("lat 40.7128° N, lon 74.0060° W", 40.7128, -74.006);
    near("about 33.8688 S 151.2093 E, height 58.5", -33.8688, 151.2093);
    near("N 48.8584 E 2.2945", 48.8584, 2.2945);
    near("N48.8584, W2.2945", 48.8584, -2.2945);
    near("45.0°30.0′N 7.25°E", 45.5, 7.25);
    near("48°51′29.7″N 2°17′40″E", 48.0 + 51.0 / 60.0 + 29.7 / 3600.0, 2.0 + 17.0 / 60.0 + 40.0 / 3600.0);
    near("33 degrees 30 minutes South, 70 deg 15 min West", -33.5, -70.25);
    near("151.2093 E, 33.8688 S", -33.8688, 151.2093);
    near("-33.8688°, 151.2093°", -33.8688, 151.2093);
    near("-33.8688° S, 151.2093° E", -33.8688, 151.2093);
    near("-12°30' 45°", -12.5, 45.0);
}

#[test]
fn two_numbers_that_can_only_be_a_coordinate_come_last() {
    assert_eq!(read("I think 12.5 or 13.5 then 14.5, 15.5."), Err(Dropped::NoCoordinate));
    assert_eq!(read("I think of the place at 14.5, 15.5."), Ok((14.5, 15.5)));
    assert_eq!(read("[46.470601, 11.623621]"), Ok((46.470_601, 11.623_621)));
    assert_eq!(read("\u{2212}12.5, \u{2212}34.75"), Ok((-12.5, -34.75)), "a real minus sign is one");
    assert_eq!(read("\u{0664}\u{0668}.\u{0668}\u{0665}, \u{0662}.\u{0663}\u{0665}"), Ok((48.85, 2.35)));
}

#[test]
fn what_is_no_place_is_refused_with_a_reason() {
    assert_eq!(read(r#"{"latitude": 91.0, "longitude": 10.0} not 12.5, 13.5"#), Err(Dropped::OutOfRange));
    assert_eq!(read("999999999999.5 1.5"), Err(Dropped::OutOfRange));
    assert_eq!(read(r#"{"latitude": 0.0, "longitude": 0.0}"#), Err(Dropped::NullIsland));
    assert_eq!(read("I\u{2019}m sorry, but I can\u{2019}t help with that."), Err(Dropped::Refused));
    assert_eq!(read("Somewhere in the Alps, 3 of them."), Err(Dropped::NoCoordinate));
    assert_eq!(read(""), Err(Dropped::Empty));
    assert_eq!(read(r#"{"latitude": null, "longitude": null}"#), Err(Dropped::NoCoordinate));
    let cut = Answer { text: "{\"latitude\": 48.".to_owned(), finish: Finish::Length };
    assert_eq!(read_answer(&cut), Err(Dropped::Cut));
    let filtered = Answer { text: "48.5, 2.5".to_owned(), finish: Finish::Refused };
    assert_eq!(read_answer(&filtered), Err(Dropped::Refused));
}

#[test]
fn names_come_in_either_order_and_two_places_are_never_mixed() {
    for text in [
        "Longitude: 2.3522, Latitude: 48.8566",
        "{'longitude': 2.3522, 'latitude': 48.8566}",
        "The longitude is about 2.3522 and the latitude is 48.8566.",
        "Latitude: 1.5, Longitude: 2.5. Actually: Latitude: 48.8566, Longitude: 2.3522",
        "Longitude: 10.5, Latitude: 50.5. Final answer: Longitude: 2.3522, Latitude: 48.8566",
        "Latitude/Longitude: 48.8566, 2.3522",
        "(longitude, latitude): (2.3522, 48.8566)",
        "latitude and longitude: 48.8566\u{b0} N, 2.3522\u{b0} E",
        "48.8566 latitude, 2.3522 longitude",
        "2.3522 (lon) and 48.8566 (lat)",
        "2.3522 E, 48.8566 N; or perhaps 10.5 E",
        "5.0 W of the river, that is 48.8566 N, 2.3522 E",
        "2.3522\u{b0} E, 48.8566\u{b0}",
        "Latitude: unknown at first, but then Latitude: 48.8566, Longitude: 2.3522",
        "a long 3.5 km walk to 48.8566, 2.3522",
    ] {
        assert_eq!(read(text), Ok((48.8566, 2.3522)), "{text}");
    }
    for text in [
        "Latitude: 48.8566, certainty 0.75",
        "Longitude: 2.3522 (0.5 km, 1.5 km)",
        "Longitude and latitude as you asked: 2.3522, 48.8566",
        "Lat/lon: 48,85",
    ] {
        assert_eq!(read(text), Err(Dropped::NoCoordinate), "{text}");
    }
}

#[test]
fn a_number_that_the_limit_may_have_cut_is_none() {
    let cut = |text: &str| {
        read_answer(&Answer { text: text.to_owned(), finish: Finish::Length })
            .map(|place| (place.latitude(), place.longitude()))
    };
    for text in [
        r#"{"latitude": -33.8688, "longitude": 15"#,
        r#"{"latitude": -33.8688, "longitude": 151."#,
        "-33.8688, 151.2",
        "40.7128\u{b0} N, 74.0060\u{b0} ",
        "I think of 12.5, 13.5 or rather 14.5",
    ] {
        assert_eq!(cut(text), Err(Dropped::Cut), "{text}");
    }
    let whole = Ok((-33.8688, 151.2));
    assert_eq!(cut(r#"{"latitude": -33.8688, "longitude": 151.2}"#), whole);
    assert_eq!(cut(r#"{"latitude": -33.8688, "longitude": 151.2} within 1"#), whole);
    assert_eq!(cut("33.8688 S, 151.2 E, about 12"), whole);
    assert_eq!(read("-33.8688, 151.2"), whole, "the end of a text that is whole cuts nothing");
}

#[test]
fn decimal_commas_are_read_or_refused() {
    assert_eq!(read(r#"{"latitude": "48,8566", "longitude": "2,3522"}"#), Ok((48.8566, 2.3522)));
    assert_eq!(read("59,33\u{b0} N, 18,07\u{b0} E"), Ok((59.33, 18.07)));
    assert_eq!(read("Latitude: 48,8566, Longitude: -2,3522"), Ok((48.8566, -2.3522)));
    assert_eq!(read("48.8566\u{b0},2.3522\u{b0}"), Ok((48.8566, 2.3522)), "a comma behind a sign parts");
    assert_eq!(read("33 S,151 E"), Ok((-33.0, 151.0)));
    for text in [
        r#"{"latitude": "48,85,2", "longitude": "2,35"}"#,
        "48,85,2,35 N 3 E",
        "latitude: 48,2.35, longitude: 7 (0.5, 0.6)",
    ] {
        assert_eq!(read(text), Err(Dropped::NoCoordinate), "{text}");
    }
}

#[test]
fn compass_words_turn_the_sign_however_they_are_written() {
    for text in [
        "33.8688 (South), 70.25 (West)",
        "33.8688 SOUTH, 70.25 WEST",
        "33.8688s, 70.25w",
        "33.8688\u{b0}s 70.25\u{b0}w",
        "33.8688\u{b0} ( S ), 70.25\u{b0} (W)",
        r#"{"latitude": "33.8688 (South)", "longitude": "70.25w"}"#,
        "33.8688 S, 70.25 W (found in 2.5s)",
    ] {
        assert_eq!(read(text), Ok((-33.8688, -70.25)), "{text}");
    }
}

#[test]
fn an_answer_that_declines_gives_no_place_by_chance() {
    let nothing = r#"{"latitude": null, "longitude": null, "confidence": 0.25, "radius_km": 12.5}"#;
    assert_eq!(read(nothing), Err(Dropped::NoCoordinate));
    assert_eq!(read(&nothing.replace('"', "'").replace("null", "None")), Err(Dropped::NoCoordinate));
    assert_eq!(read(r#"{"latitude": 48.5, "longitude": null} 1.5 2.5"#), Err(Dropped::NoCoordinate));
    assert_eq!(read("I'm sorry, I can't tell (confidence 0.2, prior 0.1)."), Err(Dropped::Refused));
    assert_eq!(read("I can't be sure; my guess is (48.8566, 2.3522)."), Ok((48.8566, 2.3522)));
    let two = format!("{nothing} or {{\"latitude\": 48.5, \"longitude\": 2.5}}");
    assert_eq!(read(&two), Ok((48.5, 2.5)));
}

#[test]
fn thoughts_are_read_by_names_alone_and_marked() {
    let read = |text: &str, finish| read_place(&Answer { text: text.to_owned(), finish });
    let json = r#"So the answer is {"latitude": 48.8566, "longitude": 2.3522}"#;
    for (text, finish) in [
        (json, Finish::Thoughts),
        ("Latitude: 48.8566, Longitude: 2.3522", Finish::Thoughts),
        (&format!("<think>{json}</think>\n"), Finish::Stop),
    ] {
        let place = read(text, finish).unwrap();
        assert_eq!(
            (place.from_thoughts, place.location),
            (true, LatLon::new(48.8566, 2.3522).unwrap()),
            "{text}"
        );
    }
    assert!(!read(json, Finish::Stop).unwrap().from_thoughts);
    for text in ["48.8566, 2.3522", "48.8566 N, 2.3522 E", "the roofs look like those of Paris"] {
        assert_eq!(read(text, Finish::Thoughts), Err(Dropped::Thoughts), "{text}");
    }
    let two = r#"{"latitude": 1.5, "longitude": 2.5} or {"latitude": 48.8566, "longitude": 2.3522}"#;
    assert_eq!(read(two, Finish::Thoughts), Err(Dropped::Ambiguous));
    // What the limit of tokens has cut is not what a model came to.
    assert_eq!(read(&format!("<think>{json}</think>"), Finish::Length), Err(Dropped::Thoughts));
    assert_eq!(read(&format!("<think>{json}"), Finish::Length), Err(Dropped::Thoughts));
    assert_eq!(read("", Finish::Length), Err(Dropped::Thoughts));
    assert_eq!(read("", Finish::Stop), Err(Dropped::Empty));
}

#[test]
fn final_words_outrank_notations() {
    let text = r#"First {"latitude": 45.764, "longitude": 4.8357}. Final answer: 48.8566, 2.3522"#;
    assert_eq!(read(text), Ok((48.8566, 2.3522)));
    let text = r#"{"latitude": 48.8566, "longitude": 2.3522}. This answer is only about right."#;
    assert_eq!(read(text), Ok((48.8566, 2.3522)));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,60}", insert in "[-+0-9NSEWO°'\"{}()<>/|:;,.~±… latoniudeö度纬]{0,60}") {
        for text in [format!("{text}{insert}"), format!("{insert}{text}{insert}")] {
            let _ = read(&text);
            let place = official_coordinate(&text);
            prop_assert!(place.latitude().abs() <= 90.0);
        }
    }

    #[test]
    fn json_is_read_back_exactly(latitude in -90.0..90.0_f64, longitude in -180.0..180.0_f64, noise in "[a-z .{\\[\"]{0,12}") {
        prop_assume!(latitude != 0.0);
        let text = format!("{noise} {{\"latitude\": {latitude:?}, \"longitude\": {longitude:?}}} {noise}");
        prop_assert_eq!(read(&text), Ok((latitude, longitude)));
    }

    #[test]
    fn letters_and_signs_mean_the_same(latitude in 0.01..90.0_f64, longitude in 0.01..180.0_f64, south: bool, west: bool) {
        let text = format!("{latitude}° {}, {longitude}° {}", if south { 'S' } else { 'N' }, if west { 'W' } else { 'E' });
        let turn = |value: f64, turned: bool| if turned { -value } else { value };
        prop_assert_eq!(read(&text), Ok((turn(latitude, south), turn(longitude, west))));
    }
}
