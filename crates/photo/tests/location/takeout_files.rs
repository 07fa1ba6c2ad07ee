//! Case 10: the JSON files of Google Takeout.

use photo::{LocationSource, Sidecars};

use crate::assert_at;
use crate::build::{eiffel, jpeg, jpeg_with_exif, tiff, xmp};
use crate::xmp_files::with_files;

fn json(geo_data: &str, geo_data_exif: &str) -> String {
    format!(
        r#"{{"title": "IMG_1.jpg", "geoData": {geo_data}, "geoDataExif": {geo_data_exif}, "people": [{{"name": "x"}}]}}"#
    )
}

const PARIS: &str = r#"{"latitude": 48.858267, "longitude": 2.2945, "altitude": 35.0, "latitudeSpan": 0.0}"#;
const SANTIAGO: &str = r#"{"latitude": -33.86, "longitude": -70.65, "altitude": 0.0}"#;
const UNKNOWN: &str = r#"{"latitude": 0.0, "longitude": 0.0, "altitude": 0.0}"#;

#[test]
fn what_the_owner_said_comes_before_what_the_photo_said() {
    for (text, latitude, longitude, altitude) in [
        (json(PARIS, UNKNOWN), 48.858_267, 2.2945, Some(35.0)),
        (json(PARIS, SANTIAGO), 48.858_267, 2.2945, Some(35.0)),
        (json(UNKNOWN, SANTIAGO), -33.86, -70.65, None),
        (json("null", SANTIAGO), -33.86, -70.65, None),
        (json("{}", SANTIAGO), -33.86, -70.65, None),
        (json(r#"{"latitude": 0.0, "longitude": 32.5}"#, UNKNOWN), 0.0, 32.5, None),
        (json(r#"{"latitude": "48.858267", "longitude": "2.2945"}"#, UNKNOWN), 48.858_267, 2.2945, None),
        (format!("\u{feff}{{\"geoDataExif\": {SANTIAGO}}}"), -33.86, -70.65, None),
    ] {
        let files = [("IMG_1.jpg.json", text.as_str())];
        let stated = with_files("IMG_1.jpg", &jpeg(&[]), Sidecars::XmpAndTakeout, &files).unwrap();
        assert_at(&text, &stated, latitude, longitude);
        assert_eq!(stated.source, LocationSource::Takeout("IMG_1.jpg.json".into()));
        assert_eq!(stated.altitude, altitude, "{text}");
    }
}

#[test]
fn every_name_is_found() {
    let text = json(PARIS, UNKNOWN);
    for (photo, name) in [
        ("IMG_1.jpg", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1.jpg", "IMG_1.jpg.suppl.json"),
        ("PXL_20230703_154117903.PORTRAIT.jpg", "PXL_20230703_154117903.PORTRAIT.jpg.supplement.json"),
        ("DSC_0238(1).JPG", "DSC_0238.JPG(1).json"),
        ("DSC_0238(1).JPG", "DSC_0238.JPG.supplemental-metadata(1).json"),
        ("Photos/IMG_1-edited.jpg", "Photos/IMG_1.jpg.supplemental-metadata.json"),
    ] {
        let stated = with_files(photo, &jpeg(&[]), Sidecars::XmpAndTakeout, &[(name, &text)]);
        assert_eq!(stated.unwrap().source, LocationSource::Takeout(name.into()), "{photo}");
    }
}

#[test]
fn photos_that_share_a_cut_name_are_told_apart_by_title() {
    let start = "a_name_of_forty-six_letters_which_Takeout_keep";
    let [first, second] = [format!("{start}s.jpg"), format!("{start}2.jpg")];
    let of = |title: &str, place: &str| format!(r#"{{"title": "{title}", "geoData": {place}}}"#);
    let (one, two) = (of(&format!("{start}s_all.jpg"), PARIS), of(&format!("{start}2_all.jpg"), SANTIAGO));
    let cut = format!("{start}.json");
    let files = [(cut.as_str(), one.as_str())];
    let stated = with_files(&first, &jpeg(&[]), Sidecars::XmpAndTakeout, &files).unwrap();
    assert_at("first", &stated, 48.858_267, 2.2945);
    assert!(with_files(&second, &jpeg(&[]), Sidecars::XmpAndTakeout, &files).is_err());
    let files = [(cut.as_str(), two.as_str())];
    let stated = with_files(&second, &jpeg(&[]), Sidecars::XmpAndTakeout, &files).unwrap();
    assert_at("second", &stated, -33.86, -70.65);
}

#[test]
fn bad_json_has_reasons() {
    for (text, reason) in [
        (json(UNKNOWN, UNKNOWN), "says 0, 0, which stands for an unknown location"),
        (
            json(r#"{"latitude": 95.0, "longitude": 2.0}"#, "null"),
            "is out of range: latitude 95 is outside -90..90 degrees",
        ),
        (json(r#"{"latitude": 48.0}"#, "null"), "has a latitude and no longitude"),
        (
            json(r#"{"latitude": "x", "longitude": 2.0}"#, "null"),
            "has a latitude that is not a coordinate: \"x\"",
        ),
        (
            json(r#"{"latitude": [], "longitude": 2.0}"#, "null"),
            "has a latitude that is not a coordinate: \"\"",
        ),
        ("{".to_owned(), "is damaged: EOF while parsing an object at line 1 column 1"),
    ] {
        let files = [("IMG_1.jpg.json", text.as_str())];
        let none = with_files("IMG_1.jpg", &jpeg(&[]), Sidecars::XmpAndTakeout, &files).unwrap_err();
        assert_eq!(none.to_string(), format!("IMG_1.jpg.json {reason}"), "{text}");
    }
}

#[test]
fn takeout_comes_last_and_only_when_asked() {
    let text = json(SANTIAGO, UNKNOWN);
    let packet = xmp(r#"exif:GPSLatitude="48,51.496N" exif:GPSLongitude="2,17.67E""#);
    let files = [("IMG_1.jpg.json", text.as_str()), ("IMG_1.jpg.xmp", packet.as_str())];
    let stated = with_files("IMG_1.jpg", &jpeg(&[]), Sidecars::XmpAndTakeout, &files).unwrap();
    assert_eq!(stated.source, LocationSource::XmpSidecar("IMG_1.jpg.xmp".into()));
    assert_eq!(stated.contradiction.unwrap().source, LocationSource::Takeout("IMG_1.jpg.json".into()));
    let exif = jpeg_with_exif(&tiff(eiffel()));
    let stated = with_files("IMG_1.jpg", &exif, Sidecars::XmpAndTakeout, &files[..1]).unwrap();
    assert_eq!(stated.contradiction.unwrap().source, LocationSource::Takeout("IMG_1.jpg.json".into()));
    assert_eq!(with_files("IMG_1.jpg", &exif, Sidecars::Xmp, &files[..1]).unwrap().contradiction, None);
}

#[test]
fn a_json_that_was_not_asked_for_is_named() {
    let text = json(PARIS, UNKNOWN);
    let unknown = json(UNKNOWN, UNKNOWN);
    let hint = |sidecars, text: &str| {
        let files = [("d/IMG_1.jpg.supplemental-metadata.json", text)];
        with_files("d/IMG_1.jpg", &jpeg(&[]), sidecars, &files)
            .unwrap_err()
            .named("d/IMG_1.jpg")
            .hint
            .unwrap()
    };
    let named = "set `sidecars` to use the location in d/IMG_1.jpg.supplemental-metadata.json, or give the location \
                 in a table, with `table`";
    assert_eq!(hint(Sidecars::Xmp, &text), named);
    assert_eq!(hint(Sidecars::None, &text), named);
    assert_eq!(hint(Sidecars::Xmp, &unknown), "give the photo's location in a table, with `table`");
}
