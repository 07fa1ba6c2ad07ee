//! The words that users see.

use contract::ErrorKind;
use photo::{gps_tag, stated_location};

use crate::build::{dms, eiffel, gps, jpeg, jpeg_with_exif, marked, tiff, xmp};

#[test]
fn failures_name_the_photo_and_the_way_out() {
    let photo = jpeg_with_exif(&tiff(gps(("X", dms(48, 51, 0)), ("E", dms(2, 17, 0)))));
    let failure = gps_tag("trip/a.jpg", &photo).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::InvalidPhoto);
    assert_eq!(
        failure.message,
        "trip/a.jpg: the GPS tag does not say which hemisphere the latitude is in: the reference is \"X\""
    );
    assert_eq!(failure.hint.as_deref(), Some("give the photo's location in a table, with `table`"));
    assert!(gps_tag("a.jpg", &jpeg_with_exif(&tiff(eiffel()))).is_ok());
}

#[test]
fn contradictions_are_one_sentence() {
    let packet = xmp(r#"exif:GPSLatitude="48.958267" exif:GPSLongitude="2.2945""#);
    let photo = jpeg(&[
        (0xe1, marked(b"Exif\0\0", &tiff(eiffel()))),
        (0xe1, marked(b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes())),
    ]);
    let stated = stated_location(&photo).unwrap();
    assert_eq!(
        stated.contradiction_note("a.jpg").unwrap(),
        "a.jpg: the GPS tag says 48.85827, 2.29450, but the photo's XMP says 48.95827, 2.29450, 11.1 km away; \
         the GPS tag is used"
    );
    assert_eq!(stated_location(&jpeg_with_exif(&tiff(eiffel()))).unwrap().contradiction_note("a.jpg"), None);
}

#[test]
fn control_characters_of_a_tag_are_escaped() {
    let photo = jpeg_with_exif(&tiff(gps(("\u{1b}[31m", dms(48, 51, 0)), ("E", dms(2, 17, 0)))));
    let message = gps_tag("a.jpg", &photo).unwrap_err().message;
    assert!(message.ends_with(r#"the reference is "\u{1b}[31m""#), "{message}");
}
