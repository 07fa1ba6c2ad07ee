//! Case 9: XMP in the photo and beside it, its spellings, its order and its contradictions.

use std::collections::BTreeMap;

use photo::{LocationSource, NoLocation, Sidecars, StatedLocation, stated_location, stated_location_with};

use crate::build::dms;
use crate::build::{eiffel, gps, jpeg, jpeg_with_exif, jpeg_with_xmp, marked, tiff, xmp, xmp_elements};
use crate::{assert_at, assert_eiffel, refused};

const PARIS: &str = r#"exif:GPSLatitude="48,51.496N" exif:GPSLongitude="2,17.67E""#;
const SANTIAGO: &str = r#"exif:GPSLatitude="33,51.6S" exif:GPSLongitude="70,39W""#;

pub(crate) fn with_files(
    name: &str,
    photo: &[u8],
    sidecars: Sidecars,
    files: &[(&str, &str)],
) -> Result<StatedLocation, NoLocation> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    stated_location_with(name, photo, sidecars, &mut |name| {
        files.get(name).map(|text| text.as_bytes().to_vec())
    })
}

#[test]
fn every_spelling_is_read() {
    for attributes in [
        PARIS,
        r#"exif:GPSLatitude="48,51,29.76N" exif:GPSLongitude="2,17,40.2E""#,
        r#"exif:GPSLatitude="48,51.496n" exif:GPSLongitude="2,17.67e""#,
        r#"exif:GPSLatitude="48° 51' 29.76&quot; N" exif:GPSLongitude="2&#176; 17&apos; 40.2&quot; E""#,
        r#"exif:GPSLatitude="48.858267" exif:GPSLongitude="2.2945""#,
        r#"exif:GPSLatitude="+48.858267" exif:GPSLongitude="+2.2945""#,
        r#"exif:GPSLatitude="48.858267N" exif:GPSLongitude="2.2945 E""#,
        r#"exif:GPSLatitude="48,51.496" exif:GPSLatitudeRef="N" exif:GPSLongitude="2,17.67" exif:GPSLongitudeRef="East""#,
        r#"drone-dji:GpsLatitude="+48.858267" drone-dji:GpsLongitude="+2.2945""#,
        r#"drone-dji:GpsLatitude="48.858267" drone-dji:GpsLongtitude="2.2945""#,
        r#"drone-dji:GpsLatitude="+48.858267" drone-dji:GpsLongtitude="+2.2945" exif:GPSAltitude="1/1""#,
        r#"xmlns:e="http://ns.adobe.com/exif/1.0/" e:GPSLatitude="48,51.496N" e:GPSLongitude="2,17.67E""#,
    ] {
        assert_eiffel(attributes, &jpeg_with_xmp(&xmp(attributes)));
    }
    for elements in [
        "<exif:GPSLatitude>48,51.496N</exif:GPSLatitude><exif:GPSLongitude>2,17.67E</exif:GPSLongitude>",
        "<exif:GPSLatitude>\n 48,51.496N\n</exif:GPSLatitude>\n<exif:GPSLongitude><![CDATA[2,17.67E]]></exif:GPSLongitude>",
        "<exif:GPSLatitude>48&#44;51.496N</exif:GPSLatitude><exif:GPSLongitude>2,17<!-- -->.67E</exif:GPSLongitude>",
        "<drone-dji:GpsLatitude>48.858267</drone-dji:GpsLatitude><drone-dji:GpsLongtitude>2.2945</drone-dji:GpsLongtitude>",
        r#"<GPSLatitude xmlns="http://ns.adobe.com/exif/1.0/">48,51.496N</GPSLatitude><exif:GPSLongitude>2,17.67E</exif:GPSLongitude>"#,
    ] {
        assert_eiffel(elements, &jpeg_with_xmp(&xmp_elements(elements)));
    }
    let south = r#"drone-dji:GpsLatitude="-33.86" drone-dji:GpsLongitude="-70.65" drone-dji:AbsoluteAltitude="+520.25""#;
    let stated = stated_location(&jpeg_with_xmp(&xmp(south))).unwrap();
    assert_at(south, &stated, -33.86, -70.65);
    assert_eq!((stated.source, stated.altitude), (LocationSource::Xmp, Some(520.25)));
}

#[test]
fn odd_packets_are_read() {
    let plain = xmp(PARIS);
    let body = &plain[plain.find("<x:").unwrap()..plain.find("<?xpacket end").unwrap()];
    let utf16: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let app1 = |packet: &[u8]| jpeg(&[(0xe1, marked(b"http://ns.adobe.com/xap/1.0/\0", packet))]);
    for (name, packet) in [
        ("no packet marks", body.as_bytes().to_vec()),
        ("NULs behind", format!("{plain}\0\0\0").into_bytes()),
        ("a byte order mark", format!("\u{feff}{plain}").into_bytes()),
        ("UTF-16", utf16),
        ("cut behind the location", body.as_bytes()[..body.find("/></rdf").unwrap() + 3].to_vec()),
        (
            "an undeclared prefix",
            body.replace("xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"", "").into_bytes(),
        ),
        (
            "two descriptions",
            body.replace("</rdf:RDF>", &format!("<rdf:Description {PARIS}/></rdf:RDF>")).into_bytes(),
        ),
        ("not UTF-8", [&body.as_bytes()[..body.len() - 12], b"<!-- \xff\xb0 --></x:xmpmeta>"].concat()),
    ] {
        assert_eiffel(name, &app1(&packet));
    }
}

#[test]
fn what_is_about_something_else_is_not_the_camera() {
    let shown = "<Iptc4xmpExt:LocationShown xmlns:Iptc4xmpExt=\"u\"><rdf:Bag><rdf:li><rdf:Description \
                 exif:GPSLatitude=\"48,51.496N\" exif:GPSLongitude=\"2,17.67E\"/></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>";
    let other = r#"xmlns:o="http://example.org/" o:GPSLatitude="48,51.496N" o:GPSLongitude="2,17.67E""#;
    let destination = r#"exif:GPSDestLatitude="48,51.496N" exif:GPSDestLongitude="2,17.67E""#;
    for packet in [xmp_elements(shown), xmp(other), xmp(destination)] {
        assert_eq!(refused(&jpeg_with_xmp(&packet)), "the photo has no EXIF data, so no GPS tag");
    }
}

#[test]
fn bad_values_have_reasons() {
    for (attributes, reason) in [
        (
            r#"exif:GPSLatitude="48,51.496" exif:GPSLongitude="2,17.67""#,
            "does not say which hemisphere the latitude is in: the reference is missing",
        ),
        (
            r#"exif:GPSLatitude="48,51.496E" exif:GPSLongitude="2,17.67N""#,
            "does not say which hemisphere the latitude is in: the reference is \"E\"",
        ),
        (
            r#"exif:GPSLatitude="0,0.0N" exif:GPSLongitude="0,0.0E""#,
            "says 0, 0, which stands for an unknown location",
        ),
        (
            r#"drone-dji:GpsLatitude="0.000000" drone-dji:GpsLongtitude="+0.000000""#,
            "says 0, 0, which stands for an unknown location",
        ),
        (
            r#"exif:GPSLatitude="48,75N" exif:GPSLongitude="2,17.67E""#,
            "has 75 minutes in the latitude, but minutes stay below 60",
        ),
        (r#"exif:GPSLatitude="48,51.496N""#, "has a latitude and no longitude"),
        (
            r#"drone-dji:GpsLatitude="948.5" drone-dji:GpsLongitude="2.2""#,
            "is out of range: latitude 948.5 is outside -90..90 degrees",
        ),
        (
            r#"exif:GPSLatitude="nan" exif:GPSLongitude="2.2""#,
            "has a latitude that is not a coordinate: \"nan\"",
        ),
        (
            r#"exif:GPSLatitude="-33.86N" exif:GPSLongitude="2.2""#,
            "does not say which hemisphere the latitude is in: the sign of the number and the reference \"N\" contradict each other",
        ),
    ] {
        assert_eq!(
            refused(&jpeg_with_xmp(&xmp(attributes))),
            format!("the photo's XMP {reason}"),
            "{attributes}"
        );
    }
}

#[test]
fn sidecars_have_two_names() {
    let photo = jpeg(&[]);
    for (name, sidecar) in [
        ("IMG_1.jpg", "IMG_1.jpg.xmp"),
        ("IMG_1.jpg", "IMG_1.xmp"),
        ("IMG_1.JPG", "IMG_1.JPG.XMP"),
        ("IMG_1.JPG", "IMG_1.XMP"),
        ("a/b.c/IMG.1.jpg", "a/b.c/IMG.1.xmp"),
    ] {
        let stated = with_files(name, &photo, Sidecars::Xmp, &[(sidecar, &xmp(PARIS))]).unwrap();
        assert_at(name, &stated, 48.858_267, 2.2945);
        assert_eq!(stated.source, LocationSource::XmpSidecar(sidecar.into()));
    }
    let both = [("a.jpg.xmp", xmp(PARIS)), ("a.xmp", xmp(SANTIAGO))];
    let files = [(both[0].0, both[0].1.as_str()), (both[1].0, both[1].1.as_str())];
    let stated = with_files("a.jpg", &photo, Sidecars::Xmp, &files).unwrap();
    assert_eq!(stated.source, LocationSource::XmpSidecar("a.jpg.xmp".into()));
    assert_eq!(stated.contradiction.unwrap().source, LocationSource::XmpSidecar("a.xmp".into()));
}

#[test]
fn exif_comes_first_and_contradictions_are_told() {
    let exif = marked(b"Exif\0\0", &tiff(eiffel()));
    let packet = |attributes: &str| marked(b"http://ns.adobe.com/xap/1.0/\0", xmp(attributes).as_bytes());
    let both = |attributes: &str| jpeg(&[(0xe1, packet(attributes)), (0xe1, exif.clone())]);
    let agreeing = stated_location(&both(PARIS)).unwrap();
    assert_eq!((agreeing.source, agreeing.contradiction), (LocationSource::Exif, None));
    // 0.008 degrees of latitude are 890 m, 0.01 are 1112 m.
    for (latitude, contradicts) in [("48.866267", false), ("48.868267", true)] {
        let near = format!("exif:GPSLatitude=\"{latitude}\" exif:GPSLongitude=\"2.2945\"");
        assert_eq!(stated_location(&both(&near)).unwrap().contradiction.is_some(), contradicts, "{latitude}");
    }
    let stated = stated_location(&both(SANTIAGO)).unwrap();
    assert_at("EXIF wins", &stated, 48.858_267, 2.2945);
    let contradiction = stated.contradiction.clone().unwrap();
    assert_eq!(contradiction.source, LocationSource::Xmp);
    assert!((contradiction.km - 11_650.0).abs() < 50.0, "{}", contradiction.km);
    let sidecar =
        with_files("a.jpg", &jpeg_with_exif(&tiff(eiffel())), Sidecars::Xmp, &[("a.xmp", &xmp(SANTIAGO))]);
    assert_eq!(sidecar.unwrap().contradiction.unwrap().source, LocationSource::XmpSidecar("a.xmp".into()));
    let file_first =
        with_files("a.jpg", &jpeg_with_xmp(&xmp(PARIS)), Sidecars::Xmp, &[("a.xmp", &xmp(SANTIAGO))]);
    assert_eq!(file_first.unwrap().source, LocationSource::Xmp);
}

#[test]
fn a_refused_gps_tag_gives_way_to_xmp() {
    let no_hemisphere = tiff(gps(("", dms(48, 51, 2976)), ("", dms(2, 17, 4020))));
    let photo = jpeg_with_exif(&no_hemisphere);
    let stated = with_files("a.jpg", &photo, Sidecars::Xmp, &[("a.xmp", &xmp(PARIS))]).unwrap();
    assert_eq!(stated.source, LocationSource::XmpSidecar("a.xmp".into()));
    let refused = with_files("a.jpg", &photo, Sidecars::Xmp, &[("a.xmp", "<broken")]).unwrap_err();
    assert!(refused.to_string().starts_with("the GPS tag does not say which hemisphere"), "{refused}");
}

#[test]
fn sidecars_that_were_not_asked_for_are_not_read_unless_needed() {
    let mut asked = Vec::new();
    let photo = jpeg_with_exif(&tiff(eiffel()));
    let mut read = |name: &str| {
        asked.push(name.to_owned());
        None
    };
    stated_location_with("a.jpg", &photo, Sidecars::None, &mut read).unwrap();
    stated_location_with("a.jpg", &photo, Sidecars::Xmp, &mut read).unwrap();
    assert!(asked.iter().all(|name| name.to_lowercase().ends_with(".xmp")), "{asked:?}");
    let none = with_files("a.jpg", &jpeg(&[]), Sidecars::None, &[("a.xmp", &xmp(PARIS))]).unwrap_err();
    assert_eq!(none.unread_sidecar.as_deref(), Some("a.xmp"));
}
