//! Case 8: a photo is placed only where its hemispheres are certain.

use crate::build::{Value, dms, gps, jpeg_with_exif, tiff};
use crate::{assert_at, found, refused};

fn signed(numerator: i32) -> Value {
    Value::SignedRational(vec![(numerator, 100)])
}

fn photo(latitude: (&'static str, Value), longitude: (&'static str, Value)) -> Vec<u8> {
    jpeg_with_exif(&tiff(gps(latitude, longitude)))
}

#[test]
fn certain_hemispheres_are_read() {
    for [south, west] in [
        ["S", "W"],
        ["s", "w"],
        [" S", " W"],
        ["S ", "W\t"],
        ["South", "West"],
        ["south ", " WEST"],
        ["S\0N", "W\0E"],
    ] {
        let file = photo((south, dms(33, 51, 3600)), (west, dms(70, 39, 0)));
        assert_at(south, &found(south, &file), -33.86, -70.65);
    }
    for [north, east] in [["N", "E"], ["n", "e"], ["North", "east"]] {
        let file = photo((north, dms(33, 51, 3600)), (east, dms(70, 39, 0)));
        assert_at(north, &found(north, &file), 33.86, 70.65);
    }
    // A negative number says it as well; both together say it once.
    for [south, west] in [["S", "W"], ["", ""], [" ", "west"]] {
        let file = photo((south, signed(-3386)), (west, signed(-7065)));
        assert_at(south, &found(south, &file), -33.86, -70.65);
    }
    let bytes = |letter: u8| Value::Bytes(1, vec![letter, 0]);
    let tags =
        vec![(1, bytes(b'S')), (2, dms(33, 51, 3600)), (3, Value::Bytes(7, vec![b'W'])), (4, dms(70, 39, 0))];
    let file = jpeg_with_exif(&tiff(tags));
    assert_at("references of bytes", &found("references of bytes", &file), -33.86, -70.65);
}

#[test]
fn uncertain_hemispheres_are_refused() {
    let (latitude, longitude) = (dms(48, 51, 2976), dms(2, 17, 4020));
    for (references, axis, why) in [
        (["", "E"], "latitude", "the reference is missing"),
        (["N", ""], "longitude", "the reference is missing"),
        ([" ", " "], "latitude", "the reference is missing"),
        (["X", "E"], "latitude", "the reference is \"X\""),
        (["N", "?"], "longitude", "the reference is \"?\""),
        (["E", "N"], "latitude", "the reference is \"E\""),
        (["W", "S"], "latitude", "the reference is \"W\""),
        (["N", "N"], "longitude", "the reference is \"N\""),
        (["NS", "E"], "latitude", "the reference is \"NS\""),
        (["Nowhere", "E"], "latitude", "the reference is \"Nowhere\""),
        (["N", "O"], "longitude", "the reference is \"O\""),
        (["0", "0"], "latitude", "the reference is \"0\""),
    ] {
        let file = photo((references[0], latitude.clone()), (references[1], longitude.clone()));
        let expected = format!("the GPS tag does not say which hemisphere the {axis} is in: {why}");
        assert_eq!(refused(&file), expected, "{references:?}");
    }
    let missing = |tag: u16| {
        let mut tags = gps(("N", latitude.clone()), ("E", longitude.clone()));
        tags.retain(|(other, _)| *other != tag);
        refused(&jpeg_with_exif(&tiff(tags)))
    };
    assert_eq!(
        missing(1),
        "the GPS tag does not say which hemisphere the latitude is in: the reference is missing"
    );
    assert_eq!(
        missing(3),
        "the GPS tag does not say which hemisphere the longitude is in: the reference is missing"
    );
}

#[test]
fn signs_that_contradict_are_refused() {
    let why = |reference: &str| {
        format!("the sign of the number and the reference {reference:?} contradict each other")
    };
    for (latitude, longitude, axis, reference) in [
        (("N", signed(-3386)), ("W", signed(-7065)), "latitude", "N"),
        (("S", signed(-3386)), ("E", signed(-7065)), "longitude", "E"),
        (("S", Value::Ascii("+33.86")), ("W", signed(-7065)), "latitude", "S"),
        (("S", Value::Ascii("33.86N")), ("W", signed(-7065)), "latitude", "S"),
        (("North", Value::Double(vec![-33.0, 51.0, 36.0])), ("W", signed(-7065)), "latitude", "North"),
    ] {
        let file = photo(latitude, longitude);
        let why = why(reference);
        let expected = format!("the GPS tag does not say which hemisphere the {axis} is in: {why}");
        assert_eq!(refused(&file), expected);
    }
}
