//! Nothing panics, hangs or takes memory, whatever the bytes.

use std::time::{Duration, Instant};

use photo::{Sidecars, stated_location};
use proptest::prelude::*;

use crate::build::{
    Tiff, deflated, eiffel, exif_item, heif, iso_box, jpeg, jpeg_with_exif, marked, png, tiff, webp, xmp,
    xmp_elements,
};
use crate::xmp_files::with_files;

/// A good file of each format, with EXIF and XMP.
fn files() -> Vec<Vec<u8>> {
    let exif = tiff(eiffel());
    let packet = xmp(r#"exif:GPSLatitude="48,51.496N" exif:GPSLongitude="2,17.67E""#).into_bytes();
    let text = [b"XML:com.adobe.xmp\0\x01\0\0\0", &deflated(&packet)[..]].concat();
    vec![
        jpeg(&[
            (0xe1, marked(b"Exif\0\0", &exif)),
            (0xe1, marked(b"http://ns.adobe.com/xap/1.0/\0", &packet)),
        ]),
        png(&[(b"eXIf", exif.clone()), (b"iTXt", text)]),
        webp(&[(b"EXIF", exif.clone()), (b"XMP ", packet.clone())]),
        heif(b"heic", &exif_item(&exif), &packet, false),
        heif(b"avif", &exif_item(&exif), &packet, true),
        Tiff { big_endian: true, ..Tiff::new(eiffel()) }.bytes(),
        exif,
    ]
}

#[test]
fn cut_files_are_read_or_refused() {
    for file in files() {
        for length in 0..file.len() {
            let _ = stated_location(&file[..length]);
        }
        assert!(stated_location(&file).is_ok());
    }
}

#[test]
fn every_single_wrong_byte_is_survived() {
    for file in files() {
        for at in 0..file.len() {
            for byte in [0, 1, 0x7f, 0xff, file[at] ^ 0x80] {
                let mut changed = file.clone();
                changed[at] = byte;
                if let Ok(stated) = stated_location(&changed) {
                    let (north, east) = (stated.location.latitude(), stated.location.longitude());
                    assert!(north.is_finite() && east.is_finite() && (north, east) != (0.0, 0.0));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(which in 0_usize..7, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut file = files().swap_remove(which);
        for (at, byte) in edits {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = stated_location(&file);
    }

    #[test]
    fn any_sidecar_is_survived(text in "[<>/:a-zA-Z\"=&;{}\\[\\],0-9 .-]{0,200}", name in "\\PC{0,80}") {
        let files = [("a.jpg.xmp", text.as_str()), ("a.jpg.json", text.as_str())];
        let _ = with_files("a.jpg", b"", Sidecars::XmpAndTakeout, &files);
        let _ = with_files(&name, b"", Sidecars::XmpAndTakeout, &[]);
    }
}

#[track_caller]
fn assert_quick(name: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(3), "{name}: {taken:?}");
}

#[test]
fn hostile_files_are_quick() {
    let many_pointers: Vec<u8> =
        [&b"II*\0\x08\0\0\0\xff\xff"[..], &[0x25, 0x88, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0].repeat(65_535)]
            .concat();
    let list = |count: usize, entry: &[u8]| {
        let items = [&[0, 0, 0, 0, 0, 1][..], &iso_box(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0")].concat();
        let places = [&[1, 0, 0, 0, 0, 0, 0xff, 0xff][..], &entry.repeat(count)].concat();
        let meta = [&[0; 4][..], &iso_box(b"iinf", &items), &iso_box(b"iloc", &places)].concat();
        [iso_box(b"ftyp", b"heic\0\0\0\0heic"), iso_box(b"meta", &meta)].concat()
    };
    let bomb = [b"XML:com.adobe.xmp\0\x01\0\0\0", &deflated(&vec![b'<'; 64 << 20])[..]].concat();
    let bombs: Vec<(&[u8; 4], Vec<u8>)> = (0..40).map(|_| (b"iTXt", bomb.clone())).collect();
    for (name, file) in [
        ("pointers", many_pointers.clone()),
        ("pointers in a JPEG", jpeg_with_exif(&many_pointers[..60_000])),
        ("items without end", list(65_535, &[0, 1, 0, 0, 0, 0, 0xff, 0xff])),
        (
            "boxes",
            iso_box(b"ftyp", b"heic").into_iter().chain(iso_box(b"free", b"").repeat(500_000)).collect(),
        ),
        ("segments", jpeg(&vec![(0xe1, b"Exif\0\0II*\0".to_vec()); 100_000])),
        ("continued segments", jpeg(&vec![(0xe1, b"Exif\0\0xxxx".to_vec()); 100_000])),
        ("almost markers", [&b"\xff\xd8"[..], &b"\xff\xff\xff\x00".repeat(1_000_000)].concat()),
        ("almost packets", [&b"GIF89a"[..], &b"<x:xmpmet".repeat(1_000_000)].concat()),
        ("bombs", png(&bombs)),
    ] {
        assert_quick(name, || assert!(stated_location(&file).is_err(), "{name}"));
    }
}

#[test]
fn hostile_xml_and_json_are_quick() {
    let laughs: String =
        (1..12).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let nested = "<a>".repeat(300_000);
    let attributes: String = (0..300_000).map(|n| format!(" a{n}=\"\"")).collect();
    let declarations: String =
        (0..200_000).map(|n| format!(" xmlns:a{n}=\"u\" a{n}:GPSLatitude=\"1\"")).collect();
    for (name, text) in [
        (
            "laughs",
            format!(
                "<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>{}",
                xmp_elements("<exif:GPSLatitude>&l11;</exif:GPSLatitude>")
            ),
        ),
        ("nested", xmp_elements(&nested)),
        ("attributes", xmp(&attributes)),
        ("declarations", xmp(&declarations)),
        ("a long value", xmp(&format!("exif:GPSLatitude=\"{}\"", "4".repeat(5_000_000)))),
        (
            "pieces",
            xmp_elements(&format!(
                "<exif:GPSLatitude>{}</exif:GPSLatitude>",
                "<![CDATA[4]]>".repeat(300_000)
            )),
        ),
        ("brackets", "[".repeat(3_000_000)),
        ("members", format!("{{{}\"x\":1}}", "\"geoDatb\":{\"latitude\":1},".repeat(100_000))),
    ] {
        assert_quick(name, || {
            let files = [("a.jpg.xmp", text.as_str()), ("a.jpg.json", text.as_str())];
            assert!(with_files("a.jpg", b"", Sidecars::XmpAndTakeout, &files).is_err(), "{name}");
        });
    }
}
