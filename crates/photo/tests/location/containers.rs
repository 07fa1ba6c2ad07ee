//! EXIF data and XMP are found in every format, wherever it allows them.

use crate::build::{
    Tiff, Value, deflated, eiffel, exif_item, heif, iso_box, jpeg, jpeg_with_xmp, marked, png, tiff, webp,
    xmp,
};
use crate::{assert_eiffel, refused};

const PLACE: &str = r#"exif:GPSLatitude="48,51.496N" exif:GPSLongitude="2,17.67E""#;

#[test]
fn exif_is_found_in_every_format() {
    let exif = tiff(eiffel());
    let with_marker = marked(b"Exif\0\0", &exif);
    let hex: String = with_marker.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<&str> = hex.as_bytes().chunks(72).map(|line| str::from_utf8(line).unwrap()).collect();
    let profile = format!("\nexif\n{:8}\n{}\n", with_marker.len(), lines.join("\n"));
    let text = |start: &[u8], text: &[u8]| [start, text].concat();
    for (name, file) in [
        ("TIFF", exif.clone()),
        ("TIFF, big-endian", Tiff { big_endian: true, ..Tiff::new(eiffel()) }.bytes()),
        ("PNG", png(&[(b"eXIf", exif.clone())])),
        ("PNG with a marker", png(&[(b"eXIf", with_marker.clone())])),
        ("PNG, raw profile", png(&[(b"tEXt", text(b"Raw profile type exif\0", profile.as_bytes()))])),
        (
            "PNG, compressed raw profile",
            png(&[(b"zTXt", text(b"Raw profile type APP1\0\0", &deflated(profile.as_bytes())))]),
        ),
        ("WebP", webp(&[(b"VP8L", vec![0; 5]), (b"EXIF", exif.clone())])),
        ("WebP with a marker", webp(&[(b"EXIF", with_marker)])),
        ("HEIC", heif(b"heic", &exif_item(&exif), b"", false)),
        ("HEIC, inside", heif(b"mif1", &exif_item(&exif), b"", true)),
        ("HEIC without an offset", heif(b"heic", &exif, b"", false)),
        ("HEIC with a wrong offset", heif(b"heic", &marked(b"\0\0\0\x02", &exif), b"", false)),
        ("AVIF", heif(b"avif", &marked(&[0; 4], &exif), b"", false)),
        ("JPEG XL", [iso_box(b"JXL ", b"\r\n\x87\n"), iso_box(b"Exif", &marked(&[0; 4], &exif))].concat()),
    ] {
        assert_eiffel(name, &file);
    }
}

#[test]
fn big_tiff_is_read() {
    let entry = |tag: u16, kind: u16, count: u64, value: u64| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let gps_at = 16 + 8 + 20 + 8;
    let values_at = gps_at + 8 + 4 * 20 + 8;
    let mut file = b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
    file.extend(
        [&1_u64.to_le_bytes()[..], &entry(0x8825, 18, 1, gps_at), &[0; 8], &4_u64.to_le_bytes()].concat(),
    );
    for (tag, kind, count, value) in
        [(1, 2, 2, b'N'.into()), (2, 12, 3, values_at), (3, 2, 2, b'E'.into()), (4, 12, 3, values_at + 24)]
    {
        file.extend(entry(tag, kind, count, value));
    }
    file.extend([0; 8]);
    file.extend([48.0, 51.0, 29.76, 2.0, 17.0, 40.2_f64].iter().flat_map(|number| number.to_le_bytes()));
    assert_eiffel("BigTIFF", &file);
}

#[test]
fn xmp_is_found_in_every_format() {
    let packet = xmp(PLACE);
    let bytes = packet.as_bytes();
    let keyword = |rest: &[u8]| marked(b"XML:com.adobe.xmp\0", rest);
    let guid = [b'A'; 32];
    let piece = |at: usize, data: &[u8]| {
        let length = (bytes.len() as u32).to_be_bytes();
        [b"http://ns.adobe.com/xmp/extension/\0", &guid[..], &length, &(at as u32).to_be_bytes(), data]
            .concat()
    };
    let (first, second) = bytes.split_at(200);
    let tagged =
        Tiff { without_gps: true, main: vec![(700, Value::Bytes(1, bytes.to_vec()))], ..Tiff::new(vec![]) };
    let undefined = Tiff { main: vec![(700, Value::Bytes(7, bytes.to_vec()))], ..tagged.clone() };
    let gif = [b"GIF89a\x01\0\x01\0\0\0\0!\xff\x0bXMP DataXMP", bytes, b"\x01\xff\xfe\0\0;"].concat();
    for (name, file) in [
        ("JPEG", jpeg_with_xmp(&packet)),
        ("JPEG without the usual name", jpeg(&[(0xe1, bytes.to_vec())])),
        ("JPEG, extended", jpeg(&[(0xe1, piece(0, first)), (0xe1, piece(200, second))])),
        ("JPEG, extended, out of order", jpeg(&[(0xe1, piece(200, second)), (0xe1, piece(0, first))])),
        ("PNG", png(&[(b"iTXt", keyword(&[b"\0\0\0\0", bytes].concat()))])),
        ("PNG, compressed", png(&[(b"iTXt", keyword(&[b"\x01\0en\0\0", &deflated(bytes)[..]].concat()))])),
        ("WebP", webp(&[(b"VP8L", vec![0; 5]), (b"XMP ", bytes.to_vec())])),
        ("TIFF", tagged.bytes()),
        ("TIFF, UNDEFINED", undefined.bytes()),
        ("HEIC", heif(b"heic", b"", bytes, false)),
        ("HEIC, inside", heif(b"heic", &exif_item(b""), bytes, true)),
        ("JPEG XL", [iso_box(b"JXL ", b"\r\n\x87\n"), iso_box(b"xml ", bytes)].concat()),
        ("GIF", gif),
    ] {
        assert_eiffel(name, &file);
    }
}

#[test]
fn formats_without_metadata_say_so() {
    for file in [png(&[]), webp(&[]), heif(b"heic", b"", b"", false), b"BM".to_vec(), Vec::new()] {
        let reason = refused(&file);
        assert!(reason == "the photo has no EXIF data, so no GPS tag", "{reason}");
    }
}
