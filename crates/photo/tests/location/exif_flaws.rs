//! Case 3: EXIF data with a harmless flaw are read as exiftool reads them; damaged data are called damaged.

use crate::build::{Tiff, Value, dms, eiffel, jpeg, jpeg_with_exif, marked, tiff};
use crate::{assert_at, assert_eiffel, found, refused};

/// Structures with one flaw each that all say "Eiffel Tower".
fn flawed() -> Vec<(&'static str, Vec<u8>)> {
    let plain = Tiff::new(eiffel());
    let with = |change: fn(&mut Tiff)| {
        let mut changed = plain.clone();
        change(&mut changed);
        changed.bytes()
    };
    vec![
        ("none", plain.bytes()),
        ("big-endian", with(|tiff| tiff.big_endian = true)),
        ("next directory past the end", with(|tiff| tiff.next = 0x7fff_ffff)),
        ("next directory is -1", with(|tiff| tiff.next = u32::MAX)),
        ("next directory is the same", with(|tiff| tiff.next = 8)),
        ("next directory in the header", with(|tiff| tiff.next = 3)),
        ("next of the GPS tag is -1", with(|tiff| tiff.next_gps = u32::MAX)),
        ("next of the GPS tag is the main directory", with(|tiff| tiff.next_gps = 8)),
        ("count too large by 1", with(|tiff| tiff.more = 1)),
        ("count too large by 6", with(|tiff| tiff.more = 6)),
        ("count too large by 500", with(|tiff| tiff.more = 500)),
        ("count of the GPS tag too large by 2", with(|tiff| tiff.more_gps = 2)),
        ("count of the GPS tag far too large", with(|tiff| tiff.more_gps = 60_000)),
        ("GPS tags out of order", with(|tiff| tiff.gps.reverse())),
        (
            "main tags out of order",
            with(|tiff| tiff.main = vec![(0x9003, Value::Ascii("x")), (0x0112, Value::Short(vec![1]))]),
        ),
        ("pointer is IFD", with(|tiff| tiff.pointer = 13)),
        ("pointer is signed", with(|tiff| tiff.pointer = 9)),
        ("pointer is UNDEFINED", with(|tiff| tiff.pointer = 7)),
        ("pointer is BYTE of four bytes", with(|tiff| tiff.pointer = 1)),
        ("pointer is FLOAT", with(|tiff| tiff.pointer = 11)),
        ("pointer is RATIONAL", with(|tiff| tiff.pointer = 5)),
        ("pointer is SHORT", with(|tiff| (tiff.pointer, tiff.short_pointer) = (3, true))),
        (
            "pointer is SHORT, big-endian",
            with(|tiff| (tiff.big_endian, tiff.pointer, tiff.short_pointer) = (true, 3, true)),
        ),
        (
            "pointer says SHORT and is LONG, big-endian",
            with(|tiff| (tiff.big_endian, tiff.pointer) = (true, 3)),
        ),
        (
            "a type that does not exist before",
            with(|tiff| tiff.main.insert(0, (0x0100, Value::Bytes(99, vec![1])))),
        ),
        ("a value outside before", with(|tiff| tiff.main.insert(0, (0x010f, Value::Bytes(0, vec![0; 4]))))),
        ("another number than 42", {
            let mut bytes = plain.bytes();
            bytes[2] = 0x55;
            bytes
        }),
    ]
}

#[test]
fn harmless_flaws_do_no_harm() {
    for (name, bytes) in flawed() {
        assert_eiffel(name, &jpeg_with_exif(&bytes));
    }
}

#[test]
fn values_of_other_types_are_read() {
    let reference = |text| Value::Ascii(text);
    for (name, latitude, longitude) in [
        (
            "four rationals",
            Value::Rational(vec![(48, 1), (51, 1), (2976, 100), (0, 1)]),
            Value::Rational(vec![(2, 1), (17, 1), (4020, 100), (7, 0)]),
        ),
        (
            "signed rationals",
            Value::SignedRational(vec![(48, 1), (51, 1), (2976, 100)]),
            Value::SignedRational(vec![(2, 1), (17, 1), (4020, 100)]),
        ),
        ("doubles", Value::Double(vec![48.0, 51.0, 29.76]), Value::Double(vec![2.0, 17.0, 40.2])),
        ("one double", Value::Double(vec![48.858_266_666_7]), Value::Double(vec![2.2945])),
        ("text with commas", Value::Ascii("48,51,29.76"), Value::Ascii("2,17,40.2")),
        ("text of decimals", Value::Ascii("48.8582667"), Value::Ascii("2.2945")),
        ("text of fractions", Value::Ascii("48/1 51/1 2976/100"), Value::Ascii("2/1, 17/1, 4020/100")),
        ("text with a letter", Value::Ascii("48 51 29.76 N"), Value::Ascii("2 17 40.2 E")),
        (
            "text with Latin-1 degrees",
            Value::Bytes(2, b"48\xb0 51' 29.76\"\0".to_vec()),
            Value::Bytes(7, b"2\xb0 17' 40.2\"".to_vec()),
        ),
        (
            "UTF-8 text of EXIF 3",
            Value::Bytes(129, "48° 51′ 29.76″".into()),
            Value::Bytes(129, "2° 17′ 40.2″".into()),
        ),
    ] {
        let gps = vec![(1, reference("N")), (2, latitude), (3, reference("E")), (4, longitude)];
        assert_eiffel(name, &jpeg_with_exif(&tiff(gps)));
    }
    for (name, latitude, longitude) in [
        ("LONG", Value::Long(vec![48, 51, 30]), Value::Long(vec![2, 17, 40])),
        ("SHORT", Value::Short(vec![48, 51, 30]), Value::Short(vec![2, 17, 40])),
        ("BYTE", Value::Bytes(1, vec![48, 51, 30]), Value::Bytes(1, vec![2, 17, 40])),
        ("signed LONG", Value::SignedLong(vec![48, 51, 30]), Value::SignedLong(vec![2, 17, 40])),
        ("floats", Value::Float(vec![48.0, 51.0, 30.0]), Value::Float(vec![2.0, 17.0, 40.0])),
        ("mixed", dms(48, 51, 3000), Value::Long(vec![2, 17, 40])),
    ] {
        let gps = vec![(1, reference("N")), (2, latitude), (3, reference("E")), (4, longitude)];
        assert_at(name, &found(name, &jpeg_with_exif(&tiff(gps))), 48.858_333_3, 2.294_444_4);
    }
}

#[test]
fn markers_and_segments_may_be_odd() {
    let exif = tiff(eiffel());
    let long =
        Tiff { main: vec![(0x010e, Value::Bytes(2, vec![b'x'; 70_000]))], ..Tiff::new(eiffel()) }.bytes();
    let without = Tiff { without_gps: true, ..Tiff::new(eiffel()) }.bytes();
    let (first, second) = long.split_at(60_000);
    let app1 = |marker: &[u8]| jpeg(&[(0xe1, marked(marker, &exif))]);
    let mut wrong_length =
        jpeg(&[(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec()), (0xe1, marked(b"Exif\0\0", &exif))]);
    wrong_length[5] -= 3;
    for (name, file) in [
        ("Exif 0 ff", app1(b"Exif\0\xff")),
        ("Exif ff 0", app1(b"Exif\xff\0")),
        ("EXIF", app1(b"EXIF\0\0")),
        ("exif", app1(b"exif\0\0")),
        ("one NUL", app1(b"Exif\0")),
        ("four more bytes before", app1(b"\xff\xe1\0\x10Exif\0\0")),
        ("no marker", app1(b"")),
        ("another segment", jpeg(&[(0xe3, marked(b"Exif\0\0", &exif))])),
        ("fill bytes before", [b"\xff\xd8\xff\xff\xff", &app1(b"Exif\0\0")[3..]].concat()),
        ("a wrong length before", wrong_length),
        (
            "two segments of one block",
            jpeg(&[(0xe1, marked(b"Exif\0\0", first)), (0xe1, marked(b"Exif\0\0", second))]),
        ),
        (
            "a block without a GPS tag before",
            jpeg(&[(0xe1, marked(b"Exif\0\0", &without)), (0xe1, marked(b"Exif\0\0", &exif))]),
        ),
        (
            "a damaged block before",
            jpeg(&[(0xe1, b"Exif\0\0II*\0\xff\xff\xff\xff".to_vec()), (0xe1, marked(b"Exif\0\0", &exif))]),
        ),
        (
            "XMP before",
            jpeg(&[
                (0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>".to_vec()),
                (0xe1, marked(b"Exif\0\0", &exif)),
            ]),
        ),
    ] {
        assert_eiffel(name, &file);
    }
}

#[test]
fn the_gps_tag_may_hang_on_another_directory() {
    // In the EXIF directory, as some editors leave it.
    let mut main = Tiff::new(eiffel()).bytes();
    let nested_at = main.len() as u32;
    let gps_at = 8 + 2 + 24 + 4;
    main[10 + 12..10 + 14].copy_from_slice(&0x8769_u16.to_le_bytes());
    main[10 + 20..10 + 24].copy_from_slice(&nested_at.to_le_bytes());
    main.extend([1, 0, 0x25, 0x88, 4, 0, 1, 0, 0, 0, gps_at, 0, 0, 0, 0, 0, 0, 0]);
    assert_eiffel("in the EXIF directory", &jpeg_with_exif(&main));
}

#[test]
fn damaged_exif_is_called_damaged() {
    let plain = tiff(eiffel());
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = plain.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        jpeg_with_exif(&changed)
    };
    for (name, file, why) in [
        ("no byte order", changed(0, b"XX"), "its header is not valid"),
        ("zeros", jpeg(&[(0xe1, marked(b"Exif\0\0", &[0; 64]))]), "its header is not valid"),
        ("nothing", jpeg(&[(0xe1, b"Exif\0\0".to_vec())]), "its header is not valid"),
        ("main directory outside", changed(4, &[0xff; 4]), "its main directory is missing"),
        ("main directory at 0", changed(4, &[0; 4]), "its main directory is missing"),
        ("cut in the main directory", jpeg_with_exif(&plain[..24]), "it ends within a directory"),
        ("cut after the header", jpeg_with_exif(&plain[..8]), "its main directory is missing"),
        ("GPS tag outside", changed(30, &[0xff; 4]), "its GPS tag points to no directory"),
        ("cut before the GPS tag", jpeg_with_exif(&plain[..38]), "its GPS tag points to no directory"),
        ("cut before the values", jpeg_with_exif(&plain[..108]), "its GPS tag points outside of it"),
        ("cut within the GPS tag", jpeg_with_exif(&plain[..60]), "it ends within the GPS tag"),
    ] {
        assert_eq!(refused(&file), format!("the photo's EXIF data is damaged: {why}"), "{name}");
    }
    let no_types = Tiff {
        without_gps: true,
        main: vec![(1, Value::Bytes(77, vec![1])), (0x0112, Value::Short(vec![1]))],
        ..Tiff::new(vec![])
    };
    assert_eq!(
        refused(&jpeg_with_exif(&no_types.bytes())),
        "the photo's EXIF data is damaged: a directory has entries of types that do not exist"
    );
}

#[test]
fn absence_has_three_names() {
    let without = Tiff { without_gps: true, ..Tiff::new(vec![]) };
    let altitude = vec![(5, Value::Bytes(1, vec![0])), (6, Value::Rational(vec![(35, 1)]))];
    assert_eq!(refused(&jpeg(&[])), "the photo has no EXIF data, so no GPS tag");
    assert_eq!(refused(b"not a photo"), "the photo has no EXIF data, so no GPS tag");
    assert_eq!(refused(&jpeg_with_exif(&without.bytes())), "the photo has EXIF data but no GPS tag");
    assert_eq!(refused(&jpeg_with_exif(&tiff(altitude))), "the GPS tag has neither latitude nor longitude");
    assert_eq!(refused(&jpeg_with_exif(&tiff(vec![]))), "the GPS tag has neither latitude nor longitude");
}

#[test]
fn the_altitude_comes_along() {
    let with = |reference: u8| {
        let mut gps = eiffel();
        gps.extend([(5, Value::Bytes(1, vec![reference])), (6, Value::Rational(vec![(355, 10)]))]);
        found("altitude", &jpeg_with_exif(&tiff(gps))).altitude
    };
    assert_eq!((with(0), with(1)), (Some(35.5), Some(-35.5)));
    assert_eq!(found("none", &jpeg_with_exif(&tiff(eiffel()))).altitude, None);
}
