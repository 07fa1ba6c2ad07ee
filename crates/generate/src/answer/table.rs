//! Answers as models write them, and what is to be read in them: a place, or a reason for none.

use super::Dropped::{self, Ambiguous, Code, Empty, NoCoordinate, OutOfRange, Range, Refused, Thoughts};
use super::*;

const PARIS: (f64, f64) = (48.8566, 2.3522);
const SYDNEY: (f64, f64) = (-33.8688, 151.2093);
const NEW_YORK: (f64, f64) = (40.7128, -74.006);

/// An answer, and what is to be read in it.
type Row<'a> = (&'a str, Result<(f64, f64), Dropped>);

fn check(answers: &[Row<'_>]) {
    let mut wrong = Vec::new();
    for (text, right) in answers {
        let answer = Answer { text: (*text).to_owned(), finish: Finish::Stop };
        let read = read_answer(&answer).map(|place| (place.latitude(), place.longitude()));
        let same = match (&read, right) {
            (Ok(read), Ok(right)) => (read.0 - right.0).abs() < 1e-6 && (read.1 - right.1).abs() < 1e-6,
            (read, right) => read == right,
        };
        if !same {
            wrong.push(format!("{text:?}: {read:?} instead of {right:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} answers:\n{}", wrong.len(), answers.len(), wrong.join("\n"));
}

#[test]
fn thoughts() {
    check(&[
        (
            "<think>first guess 12.5, 13.5</think>\n```json\n{\"latitude\": 48.8566, \"longitude\": 2.3522}\n```",
            Ok(PARIS),
        ),
        ("<think>maybe 12.5, 13.5", Err(Thoughts)),
        ("<thinking>maybe {\"latitude\": 12.5, \"longitude\": 13.5}", Err(Thoughts)),
        ("<|begin_of_thought|>Latitude: 12.5, Longitude: 13.5", Err(Thoughts)),
        ("\u{25c1}think\u{25b7}12.5 N, 13.5 E", Err(Thoughts)),
        ("<reasoning>12.5123, 13.5123", Err(Thoughts)),
        ("<reflection>12.5123, 13.5123", Err(Thoughts)),
        ("[THINK]12.5123, 13.5123", Err(Thoughts)),
        ("&lt;think&gt;12.5123, 13.5123", Err(Thoughts)),
        ("<|channel|>analysis<|message|>12.5123, 13.5123", Err(Thoughts)),
        ("48.8566, 2.3522 <think>or rather 12.5, 13.5", Err(Thoughts)),
        ("<think>12.5123, 13.5123</think>", Err(Thoughts)),
        ("<think>I would say so</think>  \n", Err(Thoughts)),
        ("12.5123, 13.5123 is my first idea</think>48.8566, 2.3522", Ok(PARIS)),
        ("<think>a</think>Between: 1.5, 2.5<think>b</think> Answer: 48.8566, 2.3522", Ok(PARIS)),
        ("<answer>48.8566, 2.3522</answer>", Ok(PARIS)),
        ("<think>12.5, 13.5</think><answer>{\"lat\": 48.8566, \"lon\": 2.3522}</answer>", Ok(PARIS)),
        ("", Err(Empty)),
        (" \n", Err(Empty)),
    ]);
}

#[test]
fn spans() {
    check(&[
        ("48.8-48.9 N, 2.2-2.3 E", Err(Range)),
        ("48.8\u{2013}48.9\u{b0} N, 2.2\u{2013}2.3\u{b0} E", Err(Range)),
        ("48.8 - 48.9 N, 2.2 - 2.3 E", Err(Range)),
        ("48.8\u{b0}N-48.9\u{b0}N, 2.2\u{b0}E-2.3\u{b0}E", Err(Range)),
        ("48.8\u{b0} to 48.9\u{b0} N and 2.2\u{b0} to 2.3\u{b0} E", Err(Range)),
        ("between 48 and 49 N, between 2 and 3 E", Err(Range)),
        ("between 48.8 and 48.9 degrees north and between 2.2 and 2.3 degrees east", Err(Range)),
        ("48.8~48.9 N, 2.2~2.3 E", Err(Range)),
        ("48.8\u{2026}48.9 N, 2.2\u{2026}2.3 E", Err(Range)),
        ("48.8..48.9 N, 2.2..2.3 E", Err(Range)),
        ("48.8 \u{2014} 48.9 N, 2.2 \u{2014} 2.3 E", Err(Range)),
        ("zwischen 48,8 und 48,9 N, zwischen 2,2 und 2,3 E", Err(Range)),
        ("Latitude: 48.8-48.9, Longitude: 2.2-2.3", Err(Range)),
        ("Latitude: 48.8 to 48.9, Longitude: 2.3522", Err(Range)),
        ("Latitude between 48.8 and 48.9, longitude between 2.2 and 2.3", Err(Range)),
        ("latitude from 48.8 to 48.9, longitude from 2.2 to 2.3", Err(Range)),
        ("48.8566-48.8666, 2.3522-2.3622", Err(Range)),
        ("48.8\u{b0}-48.9\u{b0}, 2.2\u{b0}-2.3\u{b0}", Err(Range)),
        (r#"{"latitude": "48.8-48.9", "longitude": "2.2-2.3"}"#, Err(Range)),
        (r#"{"latitude": [48.8, 48.9], "longitude": [2.2, 2.3]}"#, Err(Range)),
        (r#"{"lat_min": 48.8, "lat_max": 48.9, "lon_min": 2.2, "lon_max": 2.3}"#, Err(Range)),
        ("33.8S-33.9S, 151.1E-151.2E", Err(Range)),
        ("-33.8 to -33.9, 151.1 to 151.2. I say -33.8688, 151.2093", Ok(SYDNEY)),
        ("somewhere in 48.8-48.9 N, 2.2-2.3 E, so 48.8566 N, 2.3522 E", Ok(PARIS)),
        ("48.8566 \u{b1} 0.05 N, 2.3522 \u{b1} 0.05 E", Ok(PARIS)),
        ("Latitude: 48.8566 (\u{b1}0.5), Longitude: 2.3522 (+/- 0.5)", Ok(PARIS)),
        ("~48.8566, ~2.3522", Ok(PARIS)),
        ("40.7128 -74.0060", Ok(NEW_YORK)),
        ("40.7128,-74.0060", Ok(NEW_YORK)),
        ("40.7128\u{b0}N \u{2013} 74.0060\u{b0}W", Ok(NEW_YORK)),
        ("48.8 or 48.9 N, 2.3 E", Err(Ambiguous)),
        ("48.8/48.9 N, 2.3 E", Err(Ambiguous)),
        ("Lat: 48.8 (or 48.9), Lon: 2.3522", Err(Ambiguous)),
        ("Latitude: 48.8, 48.9; Longitude: 2.3, 2.4", Err(Ambiguous)),
        ("48\u{b0}51'-48\u{b0}52' N, 2\u{b0}20'-2\u{b0}21' E", Err(Range)),
        ("about 48-49 degrees north, 2-3 degrees east", Err(Range)),
        ("in the range of 48.8 to 48.9 latitude and 2.2 to 2.3 longitude", Err(Range)),
        (r#"{"latitude": {"min": 48.8, "max": 48.9}, "longitude": {"min": 2.2, "max": 2.3}}"#, Err(Range)),
        ("48.8566\u{b0}N \u{b1} 0.05, 2.3522\u{b0}E \u{b1} 0.05", Ok(PARIS)),
        ("from 48.8566, 2.3522 to 45.764, 4.8357", Err(Ambiguous)),
    ]);
}

#[test]
fn geojson_and_other_formats() {
    check(&[
        (r#"{"type": "Point", "coordinates": [2.3522, 48.8566]}"#, Ok(PARIS)),
        (r#"{"type": "Point", "coordinates": [2.3522, 48.8566, 35.0]}"#, Ok(PARIS)),
        (
            r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[2.3522,48.8566]},"properties":{"p":0.875}}"#,
            Ok(PARIS),
        ),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[2.3522,48.8566]}}]}"#,
            Ok(PARIS),
        ),
        ("{'type': 'Point', 'coordinates': [2.3522, 48.8566]}", Ok(PARIS)),
        ("GeoJSON: \"coordinates\": [2.3522, 48.8566]", Ok(PARIS)),
        ("{\"type\": \"Point\", \"coordinates\": [2.3522, 48.8566]", Ok(PARIS)),
        (r#"{"location": {"type": "Point", "coordinates": [151.2093, -33.8688]}}"#, Ok(SYDNEY)),
        (r#"{"coordinates": [2.3522, 48.8566]}"#, Err(Ambiguous)),
        (r#"{"coordinates": [151.2093, -33.8688]}"#, Ok(SYDNEY)),
        (r#"{"coordinates": {"latitude": 48.8566, "longitude": 2.3522}}"#, Ok(PARIS)),
        (r#"{"type": "LineString", "coordinates": [[2.3522, 48.8566], [2.4, 48.9]]}"#, Err(Ambiguous)),
        ("POINT(2.3522 48.8566)", Ok(PARIS)),
        ("POINT (151.2093 -33.8688)", Ok(SYDNEY)),
        ("SRID=4326;POINT(2.3522 48.8566)", Ok(PARIS)),
        ("POINT Z (2.3522 48.8566 35.5)", Ok(PARIS)),
        ("The answer is `POINT(2.3522 48.8566)`.", Ok(PARIS)),
        ("ST_MakePoint(2.3522, 48.8566)", Ok(PARIS)),
        ("POINT(2.3522, 48.8566)", Err(Ambiguous)),
        ("POLYGON((2.3 48.8, 2.4 48.8, 2.4 48.9, 2.3 48.8))", Err(Ambiguous)),
        ("<Point><coordinates>2.3522,48.8566,0</coordinates></Point>", Ok(PARIS)),
        ("<wpt lat=\"48.8566\" lon=\"2.3522\"></wpt>", Ok(PARIS)),
        ("<latitude>48.8566</latitude><longitude>2.3522</longitude>", Ok(PARIS)),
        ("+48.8566+002.3522/", Ok(PARIS)),
        ("-33.8688+151.2093/", Ok(SYDNEY)),
        ("latitude,longitude\n48.8566,2.3522", Ok(PARIS)),
        ("name,lat,lon\nParis,48.8566,2.3522", Ok(PARIS)),
        ("id;lat;lon\n1;48.8566;2.3522", Err(NoCoordinate)),
        ("lat,lon,conf\n48.8566,2.3522,0.95", Err(Ambiguous)),
        ("<ul><li>Latitude: 48.8566</li><li>Longitude: 2.3522</li></ul>", Ok(PARIS)),
        ("$48.8566^\\circ$ N, $2.3522^\\circ$ E", Ok(PARIS)),
        (r#"{"type": "Point", "coordinates": ["2.3522", "48.8566"]}"#, Ok(PARIS)),
        ("LINESTRING(2.3 48.8, 2.4 48.9)", Err(Ambiguous)),
        ("MULTIPOINT((2.3522 48.8566))", Err(Ambiguous)),
        ("| Latitude | Longitude |\n|----------|-----------|\n| 48.8566 | 2.3522 |", Ok(PARIS)),
        ("| Latitude | 48.8566 |\n| Longitude | 2.3522 |", Ok(PARIS)),
        ("latitude: 48.8566\nlongitude: 2.3522\nconfidence: 0.75", Ok(PARIS)),
        ("LngLat(2.3522, 48.8566)", Ok(PARIS)),
        ("L.latLng(48.8566, 2.3522)", Ok(PARIS)),
        (r#"{"lnglat": [2.3522, 48.8566]}"#, Ok(PARIS)),
        (r#"{"lat_lon": "48.8566, 2.3522"}"#, Ok(PARIS)),
        ("**Latitude:** `48.8566`, **Longitude:** `2.3522`", Ok(PARIS)),
        ("\\boxed{48.8566^\\circ N, 2.3522^\\circ E}", Ok(PARIS)),
    ]);
}

#[test]
fn json_and_almost_json() {
    check(&[
        (r#"{"lat": 48.8566, "lng": 2.3522}"#, Ok(PARIS)),
        (r#"{"gpsLatitude": 48.8566, "gpsLongitude": 2.3522}"#, Ok(PARIS)),
        (r#"{"latitude_dd": 48.8566, "longitude_dd": 2.3522, "lat_error": 0.5}"#, Ok(PARIS)),
        (r#"{"latitude": 33.8688, "ns": "S", "longitude": 151.2093, "ew": "E"}"#, Ok(SYDNEY)),
        (r#"{"latitude": 33.8688, "latitude_direction": "South", "longitude": 151.2093}"#, Ok(SYDNEY)),
        (r#"{"latitude": "33.8688\u00b0 S", "longitude": "151.2093\u00b0 E"}"#, Ok(SYDNEY)),
        (
            r#"{"latitude": {"degrees": 48, "minutes": 30, "direction": "N"}, "longitude": {"degrees": 2, "minutes": 15, "direction": "W"}}"#,
            Ok((48.5, -2.25)),
        ),
        ("{'latitude': 48.8566, 'longitude': 2.3522, 'city': None}", Ok(PARIS)),
        ("{\"latitude\": 48.8566, \"longitude\": 2.3522,}", Ok(PARIS)),
        ("{latitude: 48.8566, longitude: 2.3522}", Ok(PARIS)),
        (
            r#"{"answer": {"lat": 48.8566, "lon": 2.3522}, "alternatives": [{"lat": 45.5, "lon": 4.5}]}"#,
            Ok(PARIS),
        ),
        (r#"[{"lat": 48.8566, "lon": 2.3522}, {"lat": 45.5, "lon": 4.5}]"#, Err(Ambiguous)),
        (
            r#"{"guesses": [{"lat": 48.8566, "lon": 2.3522}, {"lat": 48.8567, "lon": 2.3521}]}"#,
            Ok((48.8567, 2.3521)),
        ),
        (r#"{"latitude": null, "longitude": null}"#, Err(NoCoordinate)),
        (r#"{"latitude": 488566, "longitude": 23522}"#, Err(OutOfRange)),
        (r#"{"elevation": 35.125, "accuracy": 12.125}"#, Err(NoCoordinate)),
        (r#"{"Latitude (N)": 40.7128, "Longitude (W)": 74.006}"#, Ok(NEW_YORK)),
        (r#"{"latitude_s": 33.8688, "longitude_e": 151.2093}"#, Ok(SYDNEY)),
        (r#"{"lat1": 48.8566, "lon1": 2.3522, "lat2": 48.9, "lon2": 2.4}"#, Err(Ambiguous)),
        (r#"{"latitude": 33.8688, "longitude": 70.25, "hemisphere": "S/W"}"#, Ok((-33.8688, -70.25))),
        (r#"{"latitude": "unknown", "longitude": "unknown"}"#, Err(NoCoordinate)),
        (r#"{"answer": [48.8566, 2.3522]}"#, Ok(PARIS)),
        (r#""{\"latitude\": 48.8566, \"longitude\": 2.3522}""#, Ok(PARIS)),
    ]);
}

#[test]
fn other_numbers() {
    check(&[
        ("f/2.8, 35.5 mm", Err(NoCoordinate)),
        ("\u{192}/2.8, 35.5mm, 1/250 s, ISO 100", Err(NoCoordinate)),
        ("Shot at f/5.6 with 24.125, 70.125 mm lenses", Err(NoCoordinate)),
        ("Shot at 35.5 mm. 48.8566, 2.3522", Ok(PARIS)),
        ("It costs $12.50, 13.75", Err(NoCoordinate)),
        ("12.50 EUR, 13.75 EUR", Err(NoCoordinate)),
        ("on 12.05.2024, 13.05.2024", Err(NoCoordinate)),
        ("2024-05-12 14:30, 15:45", Err(NoCoordinate)),
        ("at 14.30, 15.45 h", Err(NoCoordinate)),
        ("temperatures of 12.5\u{b0}C, 13.5\u{b0}C", Err(NoCoordinate)),
        ("temperatures of 12.5, 13.5", Err(NoCoordinate)),
        ("temperatures around 12.5\u{b0}, 13.5\u{b0}", Err(NoCoordinate)),
        ("a population of 2.161, 2.145 million", Err(NoCoordinate)),
        ("2,161,000 and 3,500,000 people", Err(NoCoordinate)),
        ("Confidence 0.875, 0.125", Err(NoCoordinate)),
        ("Confidence: 0.85; probability 0.15", Err(NoCoordinate)),
        ("Version 1.2.3, 4.5.6", Err(NoCoordinate)),
        ("versions 3.125, 3.126", Err(NoCoordinate)),
        ("192.168.1.1, 10.0.0.1", Err(NoCoordinate)),
        ("1920.5 x 1080.5", Err(NoCoordinate)),
        ("a hill of 12.5 or 13.5 and trees of 14.5, 15.5 m", Err(NoCoordinate)),
        ("the aspect ratio is 1.778, 1.333", Err(NoCoordinate)),
        ("12.5%, 13.5%", Err(NoCoordinate)),
        ("I-95 S, exit 12 E", Err(NoCoordinate)),
        ("Route 66 W towards 40 N", Err(NoCoordinate)),
        ("a 5 W lamp and 12 N of force", Err(NoCoordinate)),
        ("rated 4.5, 4.7 by visitors", Err(NoCoordinate)),
        ("The sun's azimuth is 135.5\u{b0}, 12.5\u{b0} above the horizon", Err(NoCoordinate)),
        ("heading 135.5\u{b0}", Err(NoCoordinate)),
        ("I think 12.5 or 13.5 then 14.5", Err(NoCoordinate)),
        ("(0.75, 0.25) are the scores", Err(NoCoordinate)),
        ("scores (0.75, 0.25)", Err(NoCoordinate)),
        ("RGB (0.125, 0.255)", Err(NoCoordinate)),
        ("price: 12.125 / 13.125", Err(NoCoordinate)),
        ("(2.3522, 48.8566) in (x, y) order", Err(NoCoordinate)),
        ("Paris, 2.1 million people, 48.8566, 2.3522, founded 250 BC", Ok(PARIS)),
    ]);
}

#[test]
fn several_places() {
    check(&[
        ("48.8566 N, 2.3522 E or 45.7640 N, 4.8357 E", Err(Ambiguous)),
        ("48.8566, 2.3522 or 45.7640, 4.8357", Err(Ambiguous)),
        ("Either (48.8566, 2.3522) or (45.7640, 4.8357).", Err(Ambiguous)),
        ("1. 48.8566, 2.3522\n2. 45.7640, 4.8357", Err(Ambiguous)),
        ("Latitude: 45.7640, Longitude: 4.8357. Or: Latitude: 48.8566, Longitude: 2.3522", Err(Ambiguous)),
        ("not 45.7640 N, 4.8357 E but 48.8566 N, 2.3522 E", Ok(PARIS)),
        ("It is not Lyon (45.7640, 4.8357), but Paris (48.8566, 2.3522).", Ok(PARIS)),
        ("48.8566 N, 2.3522 E, not 45.7640 N, 4.8357 E", Ok(PARIS)),
        ("Paris (48.8566, 2.3522) rather than Lyon (45.7640, 4.8357)", Ok(PARIS)),
        ("It is certainly not at 45.7640, 4.8357.", Err(Ambiguous)),
        ("Lyon: 45.7640, 4.8357. Paris: 48.8566, 2.3522. Final answer: 48.8566, 2.3522", Ok(PARIS)),
        ("Lyon: 45.7640, 4.8357. Final answer: Paris, 48.8566, 2.3522", Ok(PARIS)),
        ("First Lat: 45.7640, Lon: 4.8357. Answer: Lat: 48.8566, Lon: 2.3522", Ok(PARIS)),
        ("Final answer: 48.8566, 2.3522 or 45.7640, 4.8357", Err(Ambiguous)),
        ("Best guess: 48.8566, 2.3522. Alternative: 45.7640, 4.8357", Ok(PARIS)),
        ("48.8566, 2.3522 (less likely: 45.7640, 4.8357)", Ok(PARIS)),
        (
            r#"First {"latitude": 45.7640, "longitude": 4.8357}, on reflection {"latitude": 48.8566, "longitude": 2.3522}"#,
            Ok(PARIS),
        ),
        (
            r#"{"latitude": 45.7640, "longitude": 4.8357} or {"latitude": 48.8566, "longitude": 2.3522}"#,
            Err(Ambiguous),
        ),
        ("48\u{b0}51'24\"N 2\u{b0}21'8\"E, that is 48.8566 N, 2.3522 E", Ok(PARIS)),
        ("Maybe 45.7640 N, 4.8357 E. {\"latitude\": 48.8566, \"longitude\": 2.3522}", Ok(PARIS)),
        (
            "\u{7b2c}\u{4e00} 45.7640, 4.8357\u{3002}\u{6700}\u{7ec8}\u{7b54}\u{6848}\u{ff1a}48.8566\u{ff0c}2.3522",
            Ok(PARIS),
        ),
        ("I do not know for sure, but 48.8566, 2.3522", Ok(PARIS)),
        ("I cannot. Example format: {\"latitude\": 48.8566, \"longitude\": 2.3522}", Err(Ambiguous)),
        ("Answer: 48.8566, 2.3522\n\nSimilar to Lyon at 45.764, 4.8357", Err(Ambiguous)),
    ]);
}

#[test]
fn rows_of_numbers() {
    check(&[
        ("48.8566, 2.3522, 35.0", Err(Ambiguous)),
        ("48.8566, 2.3522, 35", Err(Ambiguous)),
        ("48.8566, 2.3522, 35 m", Ok(PARIS)),
        ("48.8566, 2.3522, 115 ft", Ok(PARIS)),
        ("48.8566, 2.3522 (35 m)", Ok(PARIS)),
        ("48.8566, 2.3522, elevation 35.0", Ok(PARIS)),
        ("48.8566, 2.3522, altitude: 35.0 m", Ok(PARIS)),
        ("2.2522, 48.8166, 2.4222, 48.9022", Err(Ambiguous)),
        ("bbox: [2.2522, 48.8166, 2.4222, 48.9022]", Err(Ambiguous)),
        ("48.8566\u{b0}, 2.3522\u{b0}, 35.5\u{b0}", Err(Ambiguous)),
        ("lat, lon, alt: 48.8566, 2.3522, 35", Ok(PARIS)),
        ("48.8566\n2.3522", Ok(PARIS)),
        ("48.8566,\n2.3522", Ok(PARIS)),
        ("48.8566\t2.3522", Ok(PARIS)),
        ("48.8566 / 2.3522", Ok(PARIS)),
        ("\"48.8566\", \"2.3522\"", Ok(PARIS)),
        ("999.5, 12.5", Err(OutOfRange)),
        ("151.2093, -33.8688", Err(OutOfRange)),
    ]);
}

#[test]
fn labels_in_any_order_and_language() {
    check(&[
        ("Lon: 2.3522, Lat: 48.8566", Ok(PARIS)),
        ("(lon, lat): (2.3522, 48.8566)", Ok(PARIS)),
        ("Longitude, Latitude = 2.3522, 48.8566", Ok(PARIS)),
        ("[lon, lat] = [2.3522, 48.8566]", Ok(PARIS)),
        ("2.3522, 48.8566 (longitude, latitude)", Ok(PARIS)),
        ("48.8566, 2.3522 (lat, lon)", Ok(PARIS)),
        ("in lon/lat order: 2.3522, 48.8566", Ok(PARIS)),
        ("longitude first: 2.3522, 48.8566", Err(NoCoordinate)),
        ("Breite: 48,8566, L\u{e4}nge: 2,3522", Ok(PARIS)),
        ("Breitengrad 48.8566, L\u{e4}ngengrad 2.3522", Ok(PARIS)),
        ("48,8566\u{b0} n\u{f6}rdlicher Breite, 2,3522\u{b0} \u{f6}stlicher L\u{e4}nge", Ok(PARIS)),
        ("latitud: 48.8566, longitud: 2.3522", Ok(PARIS)),
        ("Latitud: 34,6037 S, Longitud: 58,3816 O", Ok((-34.6037, -58.3816))),
        ("48,8566\u{b0} N, 2,3522\u{b0} O (n\u{f6}rdliche Breite)", Ok(PARIS)),
        ("48.8566\u{b0} N, 2.3522\u{b0} O", Err(Ambiguous)),
        ("34.6037\u{b0} sur, 58.3816\u{b0} oeste", Ok((-34.6037, -58.3816))),
        ("Latitudine: 48,8566; Longitudine: 2,3522", Ok(PARIS)),
        ("\u{7eac}\u{5ea6}\u{ff1a}48.8566\u{ff0c}\u{7ecf}\u{5ea6}\u{ff1a}2.3522", Ok(PARIS)),
        ("\u{5317}\u{7eac}48.8566\u{5ea6}\u{ff0c}\u{4e1c}\u{7ecf}2.3522\u{5ea6}", Ok(PARIS)),
        ("\u{5357}\u{7eac}33.8688\u{b0}\u{ff0c}\u{4e1c}\u{7ecf}151.2093\u{b0}", Ok(SYDNEY)),
        ("\u{7def}\u{5ea6}: 48.8566, \u{7d4c}\u{5ea6}: 2.3522", Ok(PARIS)),
        ("\u{5317}\u{7def}48\u{5ea6}30\u{5206}\u{3001}\u{6771}\u{7d4c}2\u{5ea6}15\u{5206}", Ok((48.5, 2.25))),
        ("\u{c704}\u{b3c4} 48.8566, \u{acbd}\u{b3c4} 2.3522", Ok(PARIS)),
        (
            "\u{428}\u{438}\u{440}\u{43e}\u{442}\u{430}: 48,8566; \u{434}\u{43e}\u{43b}\u{433}\u{43e}\u{442}\u{430}: 2,3522",
            Ok(PARIS),
        ),
        ("33.8688\u{b0} \u{44e}. \u{448}., 151.2093\u{b0} \u{432}. \u{434}.", Ok(SYDNEY)),
        (
            "szeroko\u{15b}\u{107} geograficzna: 48.8566, d\u{142}ugo\u{15b}\u{107} geograficzna: 2.3522",
            Ok(PARIS),
        ),
        ("Latitude (N): 40.7128, Longitude (W): 74.0060", Ok(NEW_YORK)),
        ("South latitude: 33.8688, East longitude: 151.2093", Ok(SYDNEY)),
        ("Latitude: 33.8688 (southern hemisphere), Longitude: 151.2093", Ok(SYDNEY)),
        ("Latitude: 33.8688, Longitude: 151.2093, in the southern hemisphere", Err(Ambiguous)),
        ("Latitude: 33.8688, S; Longitude: 151.2093, E", Ok(SYDNEY)),
        ("33.8688 degrees south, 151.2093 degrees east", Ok(SYDNEY)),
        ("33.8688 degrees south latitude and 151.2093 degrees east longitude", Ok(SYDNEY)),
        ("-33.8688 N, 151.2093 E", Err(Ambiguous)),
        ("-33.8688 S, 151.2093 E", Ok(SYDNEY)),
        ("latitude: 33,8688 sud, longitude: 151,2093 est", Ok(SYDNEY)),
        ("Latitude: 33.8688 [South] Longitude: 151.2093 [East]", Ok(SYDNEY)),
        ("Latitude: 33.8688 / South; Longitude: 151.2093 / East", Ok(SYDNEY)),
        ("Hemisphere: South. Latitude 33.8688, Longitude 151.2093", Err(Ambiguous)),
        ("\u{7eac}\u{5ea6}\u{4e3a}48.8566\u{ff0c}\u{7ecf}\u{5ea6}\u{4e3a}2.3522", Ok(PARIS)),
        ("59.33\u{b0} N, 18.07\u{b0} V", Err(Ambiguous)),
        ("Enlem: 48.8566, Boylam: 2.3522", Ok(PARIS)),
        ("N: 48.8566, E: 2.3522", Ok(PARIS)),
        ("48.8566N2.3522E", Ok(PARIS)),
        ("Coordinates (WGS84): Latitude 48.8566, Longitude 2.3522", Ok(PARIS)),
        ("Latitude error 0.5, longitude error 0.7", Err(NoCoordinate)),
        ("Breite: 2,5 m, L\u{e4}nge: 3,5 m", Err(NoCoordinate)),
    ]);
}

#[test]
fn degrees_minutes_and_seconds() {
    let dms = (48.0 + 51.0 / 60.0 + 29.6 / 3600.0, 2.0 + 17.0 / 60.0 + 40.0 / 3600.0);
    let minutes = (48.0 + 51.504 / 60.0, 2.0 + 17.67 / 60.0);
    check(&[
        ("48\u{b0}51\u{2032}29.6\u{2033}N 2\u{b0}17\u{2032}40\u{2033}E", Ok(dms)),
        ("48\u{ba}51\u{2019}29.6\u{201d} N, 2\u{ba}17\u{2019}40\u{201d} E", Ok(dms)),
        ("48\u{2da}51\u{b4}29.6\u{b4}\u{b4}N, 2\u{2da}17\u{b4}40\u{b4}\u{b4}E", Ok(dms)),
        ("48\u{b0}51'29.6''N, 2\u{b0}17'40''E", Ok(dms)),
        ("48\u{b0} 51\u{ff07} 29.6\u{ff02} N, 2\u{b0} 17\u{ff07} 40\u{ff02} E", Ok(dms)),
        ("48\u{b0}51\u{2b9}29.6\u{2ba}N 2\u{b0}17\u{2b9}40\u{2ba}E", Ok(dms)),
        ("48&deg;51&prime;29.6&Prime;N 2&deg;17&prime;40&Prime;E", Ok(dms)),
        ("N 48\u{b0} 51' 29.6\", E 2\u{b0} 17' 40\"", Ok(dms)),
        ("48 degrees 51 minutes 29.6 seconds north, 2 degrees 17 minutes 40 seconds east", Ok(dms)),
        ("48d51m29.6s N, 2d17m40s E", Ok(dms)),
        ("48:51:29.6 N, 2:17:40 E", Ok(dms)),
        ("48 51 29.6 N 2 17 40 E", Ok(dms)),
        ("48 51 29.6 N, 2 17 40 E", Ok(dms)),
        ("N 48 51 29.6 E 2 17 40", Ok(dms)),
        ("N 48\u{b0} 51.504 E 002\u{b0} 17.670", Ok(minutes)),
        ("N48\u{b0} 51.504', E002\u{b0} 17.670'", Ok(minutes)),
        ("48\u{b0} 51.504 N, 2\u{b0} 17.670 E", Ok(minutes)),
        ("48 51.504 N 2 17.670 E", Ok(minutes)),
        ("12 48.8566 N, 2.3522 E", Err(Ambiguous)),
        ("Latitude: 48\u{b0} 51' 29.6\" N, Longitude: 2\u{b0} 17' 40\" E", Ok(dms)),
        ("\u{2212}33.8688\u{b0}, 151.2093\u{b0}", Ok(SYDNEY)),
        ("\u{2212}33.8688, 151.2093", Ok(SYDNEY)),
        ("40.7128\u{b0}N 74.0060\u{b0}W", Ok(NEW_YORK)),
        ("48\u{b0} 51 29.6 N, 2\u{b0} 17 40 E", Ok(dms)),
        ("48\u{b0}75'N, 2\u{b0}17'E", Err(OutOfRange)),
        ("4851.504N, 00217.670E", Err(OutOfRange)),
    ]);
}

#[test]
fn decimal_commas() {
    check(&[
        ("48,8566, 2,3522", Ok(PARIS)),
        ("48,8566; 2,3522", Ok(PARIS)),
        ("48,8566 ; 2,3522", Ok(PARIS)),
        ("48,8566 2,3522", Ok(PARIS)),
        ("48,8566 / 2,3522", Ok(PARIS)),
        ("(48,8566; 2,3522)", Ok(PARIS)),
        ("-33,8688; 151,2093", Ok(SYDNEY)),
        ("48,8566\u{b0}N, 2,3522\u{b0}E", Ok(PARIS)),
        ("Koordinaten: 48,86; 2,35", Ok((48.86, 2.35))),
        ("48,8566,2,3522", Err(NoCoordinate)),
        ("48,85", Err(NoCoordinate)),
        ("1,234 visitors, 5,678 cars", Err(NoCoordinate)),
        ("there were 1,234; 5,678 of them", Err(NoCoordinate)),
    ]);
}

#[test]
fn links() {
    check(&[
        ("https://www.google.com/maps/@48.8566,2.3522,17z", Ok(PARIS)),
        (
            "https://www.google.com/maps/place/Paris/@48.85,2.34,12z/data=!3m1!4b1!4m5!3m4!8m2!3d48.8566!4d2.3522",
            Ok(PARIS),
        ),
        ("https://maps.google.com/?q=48.8566,2.3522", Ok(PARIS)),
        ("https://www.google.com/maps/search/?api=1&query=48.8566%2C2.3522", Ok(PARIS)),
        ("https://maps.google.com/maps?ll=48.8566,2.3522&z=12", Ok(PARIS)),
        ("https://maps.google.com/maps?q=loc:48.8566,2.3522", Ok(PARIS)),
        ("https://www.google.com/maps/place/-33.8688,151.2093", Ok(SYDNEY)),
        ("See [the map](https://maps.apple.com/?ll=48.8566,2.3522&z=9).", Ok(PARIS)),
        ("https://www.openstreetmap.org/#map=17/48.8566/2.3522", Ok(PARIS)),
        ("https://www.openstreetmap.org/?mlat=48.8566&mlon=2.3522#map=5/12.5/13.5", Ok(PARIS)),
        ("https://www.bing.com/maps?cp=48.8566~2.3522&lvl=12", Ok(PARIS)),
        ("https://yandex.ru/maps/?ll=2.3522%2C48.8566&z=12", Ok(PARIS)),
        ("https://example.org/map?lat=48.8566&lon=2.3522", Ok(PARIS)),
        ("geo:48.8566,2.3522", Ok(PARIS)),
        ("geo:48.8566,2.3522;u=35", Ok(PARIS)),
        ("geo:48.8566,2.3522,35?z=17", Ok(PARIS)),
        ("geo:0,0?q=48.8566,2.3522(Paris)", Ok(PARIS)),
        ("https://example.org/48.8566,2.3522", Err(NoCoordinate)),
        ("https://example.org/photo-12.125,13.125.jpg shows 48.8566, 2.3522", Ok(PARIS)),
        ("maps.google.com/?q=48.8566,2.3522", Ok(PARIS)),
        ("https://www.google.com/maps/place/48%C2%B030'00.0%22N+2%C2%B015'00.0%22E", Ok((48.5, 2.25))),
    ]);
}

#[test]
fn codes() {
    check(&[
        ("8FW4V75V+8Q", Err(Code)),
        ("V75V+8Q Paris", Err(Code)),
        ("Geohash: u09tunquc", Err(Code)),
        ("u09tunquc", Err(Code)),
        ("31U DQ 48250 11950", Err(Code)),
        ("31UDQ4825011950", Err(Code)),
        ("MGRS 31U DQ 48250.125, 11950.125", Err(Code)),
        ("UTM 31N 448251 5411943", Err(Code)),
        ("31U 448251.25 5411943.75", Err(Code)),
        ("448251.25 m E, 5411943.75 m N (UTM zone 31)", Err(Code)),
        ("///filled.count.soap", Err(Code)),
        ("8FW4V75V+8Q (48.8566, 2.3522)", Ok(PARIS)),
        ("I'm sorry, I cannot see any image. Please upload one.", Err(Refused)),
        ("Somewhere in the Alps.", Err(NoCoordinate)),
    ]);
}
