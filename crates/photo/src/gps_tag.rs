//! The location that a camera wrote into a photo.

use std::io::Cursor;

use contract::{ErrorKind, Failure, catch_panic};
use exif::{Exif, In, Reader, Tag, Value};
use geo::LatLon;

/// Reads the EXIF GPS tag of a photo.
///
/// # Errors
/// A [`Failure`] that names the photo: there is no GPS tag, or it makes no sense. It never panics: should the EXIF reader
/// do so, the EXIF data counts as damaged.
pub fn gps_tag(name: &str, bytes: &[u8]) -> Result<LatLon, Failure> {
    caught(|| location(bytes)).map_err(|why| {
        Failure::new(ErrorKind::InvalidPhoto, format!("{name}: {why}"))
            .with_hint("give the photo's location in a table, with `table`")
    })
}

/// What `read` returns; a panic is an error like the others.
fn caught<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_panic(read).unwrap_or_else(|_| Err("the photo's EXIF data is damaged: its reader gave up".into()))
}

/// The location, or what is missing.
fn location(bytes: &[u8]) -> Result<LatLon, String> {
    let tags = Reader::new()
        .read_from_container(&mut Cursor::new(bytes))
        .map_err(|_| "the photo has no EXIF data, so no GPS tag")?;
    let latitude = degrees(&tags, Tag::GPSLatitude, Tag::GPSLatitudeRef, 'S');
    let longitude = degrees(&tags, Tag::GPSLongitude, Tag::GPSLongitudeRef, 'W');
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
        return Err("the photo has no GPS tag".into());
    };
    if latitude == 0.0 && longitude == 0.0 {
        return Err("the GPS tag says 0, 0, which cameras write when they do not know".into());
    }
    LatLon::new(latitude, longitude).map_err(|error| format!("GPS tag: {error}"))
}

/// Degrees, minutes and seconds as one signed number.
fn degrees(tags: &Exif, value: Tag, reference: Tag, negative: char) -> Option<f64> {
    let Value::Rational(parts) = &tags.get_field(value, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = parts.as_slice() else { return None };
    let total = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    let hemisphere = match &tags.get_field(reference, In::PRIMARY)?.value {
        Value::Ascii(texts) => char::from(*texts.first()?.first()?),
        _ => return None,
    };
    total.is_finite().then_some(if hemisphere.eq_ignore_ascii_case(&negative) { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use exif::experimental::Writer;
    use exif::{Field, Rational};

    fn tagged(latitude: [u32; 3], longitude: [u32; 3], references: [&str; 2]) -> Vec<u8> {
        let rational =
            |parts: [u32; 3]| Value::Rational(parts.map(|num| Rational { num, denom: 1 }).to_vec());
        let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
        let fields = [
            field(Tag::GPSLatitude, rational(latitude)),
            field(Tag::GPSLongitude, rational(longitude)),
            field(Tag::GPSLatitudeRef, Value::Ascii(vec![references[0].as_bytes().to_vec()])),
            field(Tag::GPSLongitudeRef, Value::Ascii(vec![references[1].as_bytes().to_vec()])),
        ];
        let mut writer = Writer::new();
        for one in &fields {
            writer.push_field(one);
        }
        let mut tiff = Cursor::new(Vec::new());
        writer.write(&mut tiff, false).unwrap();
        tiff.into_inner()
    }

    #[test]
    fn reads_hemispheres() {
        let sydney = gps_tag("s.tif", &tagged([33, 51, 36], [151, 12, 36], ["S", "E"])).unwrap();
        assert!((sydney.latitude() + 33.86).abs() < 1e-9 && (sydney.longitude() - 151.21).abs() < 1e-9);
    }

    #[test]
    fn a_panic_of_the_reader_is_an_error() {
        let error = caught::<LatLon>(|| panic!("index out of bounds")).unwrap_err();
        assert!(error.contains("EXIF data is damaged"), "{error}");
        assert_eq!(caught(|| Ok(7)), Ok(7));
        assert_eq!(caught::<LatLon>(|| Err("no tag".into())).unwrap_err(), "no tag");
    }

    #[test]
    fn says_what_is_missing() {
        assert!(gps_tag("a.jpg", b"no photo").unwrap_err().message.contains("a.jpg"));
        let zero = gps_tag("z.tif", &tagged([0; 3], [0; 3], ["N", "E"])).unwrap_err();
        assert!(zero.message.contains("0, 0"));
        let north_of_the_pole = gps_tag("n.tif", &tagged([95, 0, 0], [0; 3], ["N", "E"])).unwrap_err();
        assert!(north_of_the_pole.message.contains("latitude 95"));
    }
}
