//! The formats of `locate`, read back by other parsers.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use contract::{Abstention, Attribution, Estimate, PhotoId, Weakness};
use formats::table::PredictionTable;
use geo::{LatLon, ReverseGeocoder};
use present::{Format, NoThumbnails, PhotoResult, Precision, Settings, Terminal, writer};
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

#[allow(dead_code, reason = "shared with the other tests")]
mod samples;

fn written(format: Format, settings: Settings<'_>, results: &[PhotoResult]) -> String {
    let mut bytes = Vec::new();
    let mut out = writer(format, settings, &mut bytes);
    out.begin().unwrap();
    for result in results {
        out.photo(result).unwrap();
    }
    out.finish().unwrap();
    drop(out);
    String::from_utf8(bytes).unwrap()
}

fn plain(format: Format, results: &[PhotoResult]) -> String {
    written(format, Settings::new(&NoThumbnails), results)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_fixed_names() {
    let text = plain(Format::Json, &samples::all());
    let array: Value = serde_json::from_str(&text).unwrap();
    let sure = &array[0];
    assert_eq!(keys(sure), ["candidates", "elapsed_ms", "estimate", "gallery", "model", "photo"]);
    assert_eq!(
        keys(&sure["estimate"]),
        ["abstained", "confidence", "headline", "lat", "lon", "place", "sure_within_km"]
    );
    assert!(text.contains(r#""confidence":{"1":0.41,"25":0.88,"200":0.93,"750":0.965,"2500":0.995}"#));
    assert_eq!(sure["estimate"]["place"]["label"], "Sydney, New South Wales, Australia");
    let headline =
        |index: usize| [&array[index]["estimate"]["headline"], &array[index]["estimate"]["sure_within_km"]];
    assert_eq!(headline(0), [&Value::from("Sydney, New South Wales, Australia"), &Value::from(25.0)]);
    assert_eq!(
        headline(1),
        [
            &Value::from("No confident answer; best guess: Amsterdam, North Holland, Netherlands"),
            &Value::Null
        ]
    );
    let candidate = &sure["candidates"][0];
    for key in
        ["rank", "lat", "lon", "place", "score", "probability", "origin", "photo", "distance_to_estimate_km"]
    {
        assert!(!candidate[key].is_null(), "{key}");
    }
    assert_eq!((&candidate["rank"], &candidate["licence"]), (&Value::from(1), &Value::from("CC-BY-4.0")));
    assert_eq!(candidate["origin"]["kind"], "retrieved");
    assert!(array[1]["estimate"]["coverage_note"].as_str().unwrap().contains("Australia"));
    assert_eq!(keys(&array[2]), ["error", "photo"]);
    assert_eq!(array[2]["error"]["kind"], "invalid_photo");
    assert_eq!(array.as_array().unwrap().len(), samples::all().len());
}

#[test]
fn an_empty_run_is_valid_in_every_format() {
    assert_eq!(serde_json::from_str::<Value>(&plain(Format::Json, &[])).unwrap(), serde_json::json!([]));
    assert_eq!(plain(Format::JsonLines, &[]), "");
    let collection: Value = serde_json::from_str(&plain(Format::GeoJson, &[])).unwrap();
    assert_eq!(collection["features"], serde_json::json!([]));
    assert!(roxmltree::Document::parse(&plain(Format::Kml, &[])).is_ok());
    assert_eq!(plain(Format::Csv, &[]).lines().count(), 1);
    assert!(plain(Format::Html, &[]).ends_with("</html>\n"));
    assert_eq!(plain(Format::Table, &[]), "");
}

#[test]
fn lines_are_the_elements_of_the_array() {
    let array: Vec<Value> = serde_json::from_str(&plain(Format::Json, &samples::all())).unwrap();
    let text = plain(Format::JsonLines, &samples::all());
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, array);
}

#[test]
fn lines_are_there_as_soon_as_the_photo_is_done() {
    struct Pipe(std::rc::Rc<std::cell::RefCell<(Vec<u8>, usize)>>);
    impl std::io::Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            let mut seen = self.0.borrow_mut();
            seen.1 = seen.0.len();
            Ok(())
        }
    }
    let seen = std::rc::Rc::default();
    let mut out = writer(Format::JsonLines, Settings::new(&NoThumbnails), Pipe(std::rc::Rc::clone(&seen)));
    out.begin().unwrap();
    for (index, result) in samples::all().iter().enumerate() {
        out.photo(result).unwrap();
        let (bytes, flushed) = &*seen.borrow();
        assert_eq!(bytes.len(), *flushed);
        assert_eq!(String::from_utf8_lossy(bytes).lines().count(), index + 1);
    }
}

#[test]
fn geojson_has_longitude_first() {
    let collection: Value = serde_json::from_str(&plain(Format::GeoJson, &samples::all())).unwrap();
    let features = collection["features"].as_array().unwrap();
    assert_eq!(features[0]["geometry"]["coordinates"], serde_json::json!([151.2153, -33.8568]));
    let of_kind = |kind: &str| features.iter().filter(|each| each["properties"]["kind"] == kind).count();
    assert_eq!((of_kind("estimate"), of_kind("candidate")), (5, 6 + 5 + 4 + 3 + 3));
    assert!(features.iter().all(|each| each["geometry"]["type"] == "Point"));
    assert_eq!(collection["failures"].as_array().map(Vec::len), Some(1));
    assert!(collection["failures"][0]["error"]["message"].is_string());
    let properties = &features[0]["properties"];
    assert_eq!(properties["name"], "holiday/harbour.jpg: Sydney, New South Wales, Australia");
    let unsure = features.iter().find(|each| each["properties"]["photo"] == "holiday/fog.jpg").unwrap();
    let unsure = &unsure["properties"];
    assert!(
        unsure["name"].as_str().unwrap().starts_with("holiday/fog.jpg: No confident answer;"),
        "{unsure}"
    );
    assert!(unsure["description"].as_str().unwrap().contains("Best guess: Amsterdam"), "{unsure}");
    assert!(properties["description"].as_str().unwrap().contains("Sydney"), "{properties}");
    assert_eq!(properties["marker-color"], "#d62728");
    let likely = |feature: &Value| feature["properties"]["radius_m"].as_f64();
    for feature in features.iter().filter(|each| each["properties"]["kind"] == "estimate") {
        let confidence = &feature["properties"]["confidence"];
        let expected = [1, 25, 200, 750, 2500].into_iter().find(|radius| {
            confidence[radius.to_string()].as_f64().is_some_and(|probability| probability >= 0.5)
        });
        assert_eq!(likely(feature), expected.map(|km| f64::from(km) * 1000.0));
    }
}

#[test]
fn coordinates_have_at_most_seven_decimals() {
    let long = LatLon::new(-33.123_456_789_012, 151.987_654_321_098).unwrap();
    let results = [located_at(long, long)];
    for format in [Format::GeoJson, Format::Kml, Format::Gpx] {
        let text = plain(format, &results);
        assert!(text.contains("-33.1234568") && text.contains("151.9876543"), "{format}: {text}");
        assert!(!text.contains("33.12345678"), "{format}");
    }
}

#[test]
fn gpx_has_a_waypoint_per_estimate() {
    let text = plain(Format::Gpx, &samples::all());
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("http://www.topografix.com/GPX/1/1"));
    let named =
        |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    assert_eq!((named("wpt").count(), named("failure").count(), named("img").count()), (5, 1, 0));
    let harbour = named("wpt").next().unwrap();
    assert_eq!((harbour.attribute("lat"), harbour.attribute("lon")), (Some("-33.8568"), Some("151.2153")));
    let harbour_name = harbour.children().find(|node| node.tag_name().name() == "name").unwrap();
    assert_eq!(harbour_name.text(), Some("holiday/harbour.jpg: Sydney, New South Wales, Australia"));
    assert!(
        named("desc").any(|node| node.text().unwrap_or_default().contains("No confident answer: no photo"))
    );
    let edge = LatLon::new(1.0, 179.999_999_99).unwrap();
    assert!(plain(Format::Gpx, &[located_at(edge, edge)]).contains(r#"lon="-180""#));
    assert!(roxmltree::Document::parse(&plain(Format::Gpx, &[])).is_ok());
}

#[test]
fn kml_is_xml_and_keeps_hostile_names_as_text() {
    let text = plain(Format::Kml, &samples::all());
    let document = roxmltree::Document::parse(&text).unwrap();
    let named = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    assert_eq!(document.root_element().tag_name().namespace(), Some("http://www.opengis.net/kml/2.2"));
    assert_eq!((named("Folder").count(), named("Placemark").count()), (6, 5 + 21));
    assert!(
        named("name").any(|node| node.text() == Some("holiday/</script><img src=x onerror=alert(1)>.jpg"))
    );
    assert!(named("name").any(|node| node.text() == Some("Sydney, New South Wales, Australia")));
    let unsure = |node: roxmltree::Node<'_, '_>| {
        let text = node.text().unwrap_or_default().to_owned();
        text.starts_with("No confident answer: no photo") && text.contains("Best guess: Amsterdam")
    };
    assert_eq!(
        named("description").filter(|node| unsure(*node)).count(),
        2,
        "of the folder and of the point"
    );
    assert!(named("coordinates").any(|node| node.text() == Some("151.2153,-33.8568")));
    assert_eq!(named("img").count(), 0);
    // Descriptions are shown as HTML.
    assert!(named("description").all(|node| !node.text().unwrap_or_default().contains('<')));
}

#[test]
fn csv_is_a_predictions_file() {
    let text = plain(Format::Csv, &samples::all());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = "IMG_ID LAT_pred LON_pred score confidence_1km confidence_25km confidence_200km confidence_750km \
                  confidence_2500km abstained";
    assert_eq!(reader.headers().unwrap(), header.split(' ').collect::<Vec<_>>());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 5, "the photo that failed has no row");
    assert_eq!(
        rows[0].iter().take(5).collect::<Vec<_>>(),
        ["harbour.jpg", "-33.8568", "151.2153", "4.5", "0.41"]
    );
    assert_eq!((&rows[0][9], &rows[1][9]), ("false", "true"));
}

#[test]
fn two_photos_of_one_name_have_two_rows() {
    let [mut one, mut other, alone] = [0, 1, 4].map(|index| samples::all().swap_remove(index));
    (one.id, other.id) = ("summer/IMG_1.jpg".to_owned(), "winter/IMG_1.jpg".to_owned());
    let results = [one.clone(), alone, other, one];
    let settings = Settings::new(&NoThumbnails);
    let ids = |text: String| -> Result<Vec<String>, String> {
        let table = PredictionTable::from_csv("predictions.csv", std::io::Cursor::new(text)).unwrap();
        let rows = table.read_all().map_err(|error| error.to_string())?;
        Ok(rows.into_iter().map(|row| row.id.0).collect())
    };
    let told = ids(written(Format::Csv, settings, &results));
    assert_eq!(told.unwrap(), ["summer/IMG_1.jpg", "上海 夜.jpg", "winter/IMG_1.jpg"]);
}

#[test]
fn csv_says_where_answers_come_from_if_asked() {
    let results = [samples::generated("a.jpg"), samples::all().swap_remove(0)];
    let settings = Settings { origins: true, ..Settings::new(&NoThumbnails) };
    let text = written(Format::Csv, settings, &results);
    let last: Vec<&str> = text.lines().filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(last, ["origin", "retrieved+generated", "retrieved"]);
}

#[test]
fn the_table_fits_and_lines_up() {
    for width in [58, 72, 80, 100, 140] {
        let terminal = Terminal { width: Some(width), colour: false };
        let settings = Settings { terminal, ..Settings::new(&NoThumbnails) };
        let mut wide = samples::all().swap_remove(4);
        let estimate = wide.outcome.as_mut().unwrap();
        estimate.candidates[1].candidate.place.city = Some("上海市黄浦区".to_owned());
        let text = written(Format::Table, settings, &[wide]);
        for line in text.lines().skip_while(|line| !line.contains("Coordinates")) {
            assert!(line.width() <= usize::from(width), "{width}: {line}");
        }
        let column = |mark: &str| {
            let line = text.lines().find(|line| line.contains(mark)).unwrap();
            line.split(mark).next().unwrap().width()
        };
        assert_eq!(column("31.23000"), column("Coordinates"), "{text}");
        assert_eq!((text.contains("Sim."), text.contains("From")), (width >= 66, width >= 84));
    }
}

#[test]
fn the_table_says_what_matters() {
    let text = plain(Format::Table, &samples::all());
    for part in [
        "within 1 km 41 %",
        "No confident answer: no photo",
        "The gallery covers",
        "failed (invalid photo)",
        "hint:",
        "0.910",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\u{1b}'));
    let terminal = Terminal { width: None, colour: true };
    let colourful =
        written(Format::Table, Settings { terminal, ..Settings::new(&NoThumbnails) }, &samples::all());
    assert!(colourful.contains("\u{1b}[1m"));
}

/// The lines of the table between the photo's name and the candidates.
fn said_of(estimate: Estimate, precision: Precision) -> Vec<String> {
    let settings = Settings { precision, ..Settings::new(&NoThumbnails) };
    let text = written(Format::Table, settings, &[samples::located("a.jpg", estimate)]);
    let lines = text.lines().skip(1).take_while(|line| !line.contains("Coordinates"));
    lines.map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn the_table_leads_with_what_is_sure() {
    let kamloops = |confidence| samples::estimate(&[(50.676_54, -120.341_23)], confidence);
    let guess = "best guess: Kamloops, British Columbia, Canada  50.68, -120.34";
    for (confidence, headline) in [
        ([0.1, 0.2, 0.5, 0.8, 0.9], "In or near British Columbia, Canada"),
        ([0.1, 0.2, 0.3, 0.8, 0.9], "In or near Canada"),
        ([0.1, 0.2, 0.3, 0.4, 0.9], "In or near North America"),
        ([0.1, 0.2, 0.3, 0.4, 0.45], "No confident answer: the confidence within 2500 km is 45 %."),
    ] {
        let said = said_of(kamloops(confidence), Precision::Exact);
        assert_eq!(said[..2], [headline, guess]);
        assert!(said[2].starts_with("within 1 km 10 %"), "{said:?}");
    }
    let sure = said_of(kamloops([0.1, 0.5, 0.6, 0.8, 0.9]), Precision::Exact);
    assert_eq!(sure[0], "Kamloops, British Columbia, Canada  50.67654, -120.34123");
    assert!(sure[1].starts_with("within"), "{sure:?}");
    let stated = Estimate { confidence: None, candidates: Vec::new(), ..kamloops([0.0; 5]) };
    assert_eq!(said_of(stated, Precision::Exact), [sure[0].as_str()]);
}

#[test]
fn the_table_of_an_abstained_answer_says_why() {
    let mut estimate = samples::estimate(&[(50.676_54, -120.341_23)], [0.1, 0.2, 0.3, 0.6, 0.9]);
    estimate.coverage_note = Some("Mostly Europe.".to_owned());
    let weak =
        |because| Abstention::LowConfidence { radius_km: 200.0, confidence: 0.3, because: Some(because) };
    for (abstention, reason) in [
        (Abstention::EmptyGallery, "the gallery holds no photos"),
        (weak(Weakness::NothingSimilar { best: 0.31, usual: 0.52 }), "nothing similar is in the gallery ("),
        (
            weak(Weakness::ManyPlaces { places: 6 }),
            "there are similar photos, but many places look like this (",
        ),
    ] {
        estimate.abstention = Some(abstention);
        let said = said_of(estimate.clone(), Precision::Exact);
        assert!(said[0].starts_with(&format!("No confident answer: {reason}")), "{said:?}");
        assert_eq!(said[1], "best guess: Kamloops, British Columbia, Canada  50.68, -120.34");
        assert_eq!(said[2], "Mostly Europe.");
    }
    let coarse = said_of(estimate, Precision::Country);
    assert_eq!(coarse[1], "best guess: Canada  58, -107");
}

#[test]
fn the_headline_tells_no_more_than_the_precision_in_any_format() {
    let result = samples::located("a.jpg", samples::estimate(&[(50.676_54, -120.341_23)], [0.9; 5]));
    for (precision, hidden) in
        [(Precision::Km200, &["Kamloops"][..]), (Precision::Country, &["Kamloops", "British Columbia"][..])]
    {
        let settings = Settings { precision, ..Settings::new(&NoThumbnails) };
        for format in Format::ALL {
            let text = written(format, settings, std::slice::from_ref(&result));
            // The map has the names of large towns everywhere.
            for name in hidden.iter().filter(|_| format != Format::Html) {
                assert!(!text.contains(name), "{format} at {precision}: {name}");
            }
        }
        let array: Value =
            serde_json::from_str(&written(Format::Json, settings, std::slice::from_ref(&result))).unwrap();
        let (headline, sure) = match precision {
            Precision::Country => ("Canada", Value::Null),
            _ => ("In or near British Columbia, Canada", Value::from(200.0)),
        };
        assert_eq!(array[0]["estimate"]["headline"], headline);
        assert_eq!(array[0]["estimate"]["sure_within_km"], sure);
    }
}

#[test]
fn file_names_cannot_steer_the_terminal() {
    let mut result = samples::all().swap_remove(0);
    result.photo = "\u{1b}[2Jgone.jpg".to_owned();
    assert!(!plain(Format::Table, &[result]).contains('\u{1b}'));
}

#[test]
fn html_holds_hostile_names_as_data() {
    let text = written(Format::Html, Settings::new(&samples::DrawnThumbnails), &samples::all());
    assert!(!text.contains("onerror=alert(1)>") && !text.contains("holiday/</script>"));
    assert!(text.contains(r"holiday/\u003c/script\u003e\u003cimg src=x onerror=alert(1)\u003e.jpg"));
    assert!(text.contains("default-src 'none'"));
    // Six gallery photos are candidates of five photos; one of them has no picture.
    let pictures = text.matches(r#"<script type="text/plain" id="picture-"#).count();
    assert_eq!(pictures, 5 + 5);
}

#[test]
fn thumbnails_lose_their_metadata() {
    struct Tagged;
    impl present::Thumbnails for Tagged {
        fn query(&self, _: &PhotoResult) -> Option<Vec<u8>> {
            Some(
                [&[0xff, 0xd8, 0xff, 0xe1, 0, 10][..], b"Exif GPS", &[0xff, 0xda, 0, 2, 0xff, 0xd9]].concat(),
            )
        }
        fn candidate(&self, _: &PhotoId) -> Option<Vec<u8>> {
            Some(b"no JPEG".to_vec())
        }
    }
    let text = written(Format::Html, Settings::new(&Tagged), &samples::all()[..1]);
    assert!(text.contains(r#"id="picture-0">/9j/2gAC/9k=</script>"#));
    assert!(!text.contains(r#"id="picture-1""#));
}

/// A located photo at a point, with one candidate at another.
fn located_at(estimate: LatLon, candidate: LatLon) -> PhotoResult {
    let points = [(estimate.latitude(), estimate.longitude()), (candidate.latitude(), candidate.longitude())];
    samples::located("a.jpg", samples::estimate(&points, [0.1, 0.2, 0.3, 0.4, 0.5]))
}

fn estimate_of(result: &PhotoResult) -> &Estimate {
    result.outcome.as_ref().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two photos in one cell (and country) cannot be told apart in any format, whatever else is known.
    #[test]
    fn nothing_finer_than_the_cell_leaks(
        latitude in -60.0..75.0, longitude in -180.0..180.0, north in 0.0..0.3, east in 0.0..0.3
    ) {
        let geocoder = ReverseGeocoder::embedded();
        for (precision, scale) in [
            (Precision::Km1, 0.01), (Precision::Km25, 0.3), (Precision::Km200, 1.0), (Precision::Country, 10.0),
        ] {
            let here = samples::point(latitude, longitude);
            let there = LatLon::wrapped(latitude + north * scale, longitude + east * scale).unwrap();
            let (one, mut two) = (located_at(here, there), located_at(there, there));
            let other = two.outcome.as_mut().unwrap();
            other.candidates[0].candidate.photo = Some(PhotoId("elsewhere/9.jpg".into()));
            other.candidates[0].candidate.attribution = Attribution::default();
            other.place.neighbourhood = Some("Old Harbour".into());
            let coarse = |result: &PhotoResult| {
                let mut result = result.clone();
                present::coarsen(&mut result, precision);
                result
            };
            let same_cell = estimate_of(&coarse(&one)).location == estimate_of(&coarse(&two)).location;
            if !same_cell || geocoder.country_code(here) != geocoder.country_code(there) {
                continue;
            }
            for format in Format::ALL {
                let settings = Settings { precision, ..Settings::new(&samples::DrawnThumbnails) };
                let texts = [&one, &two].map(|result| written(format, settings, std::slice::from_ref(result)));
                prop_assert!(texts[0] == texts[1], "{} at {}: {} {}", format, precision, here, there);
            }
        }
    }
}

#[test]
fn coarse_output_has_no_photos_and_no_fine_radii() {
    let settings = Settings { precision: Precision::Km200, ..Settings::new(&samples::DrawnThumbnails) };
    let array: Value = serde_json::from_str(&written(Format::Json, settings, &samples::all())).unwrap();
    assert_eq!(array[0]["precision"], "200");
    assert_eq!(keys(&array[0]["estimate"]["confidence"]), ["200", "2500", "750"]);
    assert!(array[0]["candidates"][0]["photo"].is_null());
    assert!(array[0]["candidates"][0]["author"].is_null());
    assert!(array[0]["estimate"]["place"]["city"].is_null());
    assert_eq!(array[0]["estimate"]["place"]["state"], "New South Wales");
    let csv = written(Format::Csv, settings, &samples::all());
    assert!(csv.lines().nth(1).unwrap().contains(",,,0.93,"), "{csv}");
    let html = written(Format::Html, settings, &samples::all());
    assert_eq!(html.matches(r#"id="picture-"#).count(), 5, "the query photos only");
}

#[test]
fn write_errors_say_what_happened() {
    use contract::Diagnose;
    struct Full(std::io::ErrorKind);
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let fail = |kind| {
            let mut out = writer(format, Settings::new(&NoThumbnails), Full(kind));
            let begun = out.begin();
            begun.and_then(|()| out.photo(&samples::all()[0])).and_then(|()| out.finish()).unwrap_err()
        };
        let full = fail(std::io::ErrorKind::StorageFull);
        assert_eq!(full.kind(), contract::ErrorKind::Output);
        assert!(full.hint().unwrap().contains("space") && !full.is_closed_pipe(), "{format}");
        assert!(fail(std::io::ErrorKind::BrokenPipe).is_closed_pipe(), "{format}");
    }
}
