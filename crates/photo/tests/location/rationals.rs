//! Case 7: numbers that are missing, impossible or meaningless.

use crate::build::{Value, dms, gps, jpeg_with_exif, tiff};
use crate::{assert_at, found, refused};

fn photo(latitude: &[(u32, u32)], longitude: &[(u32, u32)]) -> Vec<u8> {
    let value = |parts: &[(u32, u32)]| Value::Rational(parts.to_vec());
    jpeg_with_exif(&tiff(gps(("N", value(latitude)), ("E", value(longitude)))))
}

/// With this latitude and a good longitude.
fn latitude(parts: &[(u32, u32)]) -> Vec<u8> {
    photo(parts, &[(2, 1), (17, 1), (4020, 100)])
}

#[test]
fn missing_last_parts_count_as_zero() {
    for (name, parts, expected) in [
        ("seconds 0/0", vec![(48, 1), (51, 1), (0, 0)], 48.85),
        ("decimal minutes, seconds 0/0", vec![(48, 1), (51_496, 1000), (0, 0)], 48.858_266_7),
        ("minutes and seconds 0/0", vec![(48, 1), (0, 0), (0, 0)], 48.0),
        ("decimal degrees, the rest 0/0", vec![(48_858_267, 1_000_000), (0, 0), (0, 0)], 48.858_267),
        ("one part", vec![(48_858_267, 1_000_000)], 48.858_267),
        ("one whole part", vec![(48, 1)], 48.0),
        ("two parts", vec![(48, 1), (51_496, 1000)], 48.858_266_7),
        ("decimal degrees and zeros", vec![(48_858_267, 1_000_000), (0, 1), (0, 1)], 48.858_267),
        ("the largest that are allowed", vec![(48, 1), (59, 1), (5999, 100)], 48.999_997_2),
        ("the pole", vec![(90, 1), (0, 1), (0, 1)], 90.0),
        ("the equator", vec![(0, 1), (0, 1), (0, 1)], 0.0),
    ] {
        assert_at(name, &found(name, &latitude(&parts)), expected, 2.2945);
    }
    let date_line = photo(&[(0, 1)], &[(180, 1)]);
    assert_at("the date line", &found("the date line", &date_line), 0.0, 180.0);
}

#[test]
fn each_impossible_number_has_its_own_reason() {
    let big = u32::MAX;
    for (parts, reason) in [
        (
            vec![(0, 0), (0, 0), (0, 0)],
            "has 0/0 as latitude, which cameras write when they do not know where they are",
        ),
        (vec![(0, 0)], "has 0/0 as latitude, which cameras write when they do not know where they are"),
        (vec![(48, 1), (51, 0), (0, 1)], "has a zero denominator in the minutes of the latitude"),
        (vec![(48, 1), (51, 1), (30, 0)], "has a zero denominator in the seconds of the latitude"),
        (vec![(48, 0)], "has a zero denominator in the degrees of the latitude"),
        (vec![(0, 0), (51, 1), (30, 1)], "has a zero denominator in the degrees of the latitude"),
        (vec![(48, 1), (0, 0), (30, 1)], "has a zero denominator in the minutes of the latitude"),
        (vec![(48, 1), (51, 1), (75, 1)], "has 75 seconds in the latitude, but seconds stay below 60"),
        (vec![(48, 1), (51, 1), (60, 1)], "has 60 seconds in the latitude, but seconds stay below 60"),
        (vec![(48, 1), (60, 1), (0, 1)], "has 60 minutes in the latitude, but minutes stay below 60"),
        (vec![(48, 1), (8_583_000, 1)], "has 8583000 minutes in the latitude, but minutes stay below 60"),
        (vec![(485, 10), (30, 1), (0, 1)], "has 48.5 degrees in the latitude, and smaller units as well"),
        (vec![(48, 1), (515, 10), (30, 1)], "has 51.5 minutes in the latitude, and smaller units as well"),
        (vec![(95, 1), (0, 1), (0, 1)], "is out of range: latitude 95 is outside -90..90 degrees"),
        (vec![(90, 1), (0, 1), (36, 1)], "is out of range: latitude 90.01 is outside -90..90 degrees"),
        (vec![(big, 1)], "is out of range: latitude 4294967295 is outside -90..90 degrees"),
    ] {
        assert_eq!(refused(&latitude(&parts)), format!("the GPS tag {reason}"), "{parts:?}");
    }
    assert_eq!(
        refused(&photo(&[(48, 1)], &[(181, 1)])),
        "the GPS tag is out of range: longitude 181 is outside -180..180 degrees"
    );
    assert_eq!(
        refused(&photo(&[(48, 1)], &[(0, 0), (0, 0), (0, 0)])),
        "the GPS tag has 0/0 as longitude, which cameras write when they do not know where they are"
    );
}

#[test]
fn null_island_is_no_location_whatever_its_references() {
    for references in [["N", "E"], ["S", "W"], ["", ""], ["X", "n"]] {
        for zero in [
            dms(0, 0, 0),
            Value::Rational(vec![(0, 1)]),
            Value::Long(vec![0]),
            Value::Ascii("0.0"),
            Value::Double(vec![-0.0]),
        ] {
            let tags = gps((references[0], zero.clone()), (references[1], zero));
            let reason = "the GPS tag says 0, 0, which stands for an unknown location";
            assert_eq!(refused(&jpeg_with_exif(&tiff(tags))), reason, "{references:?}");
        }
    }
}

#[test]
fn odd_floats_and_texts_are_not_coordinates() {
    let with = |value: Value| refused(&jpeg_with_exif(&tiff(gps(("N", value), ("E", dms(2, 17, 0))))));
    for (value, shown) in [
        (Value::Double(vec![f64::NAN]), "\"NaN\""),
        (Value::Double(vec![f64::INFINITY, 0.0, 0.0]), "\"inf\""),
        (Value::Float(vec![48.0, f32::NAN, 0.0]), "\"NaN\""),
        (Value::Ascii("unknown"), "\"unknown\""),
        (Value::Ascii("48 51 29 76"), "\"48 51 29 76\""),
    ] {
        assert_eq!(with(value), format!("the GPS tag has a latitude that is not a coordinate: {shown}"));
    }
    let mixed = Value::SignedRational(vec![(33, 1), (-51, 1), (36, 1)]);
    assert_eq!(with(mixed), "the GPS tag has positive and negative numbers in the latitude");
}

#[test]
fn one_coordinate_is_none() {
    let all = gps(("N", dms(48, 51, 0)), ("E", dms(2, 17, 0)));
    let only = |tags: &[u16]| {
        let kept = all.iter().filter(|(tag, _)| tags.contains(tag)).cloned().collect();
        refused(&jpeg_with_exif(&tiff(kept)))
    };
    assert_eq!(only(&[1, 2, 3]), "the GPS tag has a latitude and no longitude");
    assert_eq!(only(&[3, 4]), "the GPS tag has a longitude and no latitude");
    assert_eq!(only(&[1, 3]), "the GPS tag has neither latitude nor longitude");
    let empty = gps(("N", Value::Ascii("")), ("E", Value::Ascii(" ")));
    assert_eq!(refused(&jpeg_with_exif(&tiff(empty))), "the GPS tag has neither latitude nor longitude");
}
