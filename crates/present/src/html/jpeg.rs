//! Taking the metadata out of a JPEG.
//!
//! The page is made to be handed on, and a thumbnail with an EXIF block would carry the camera's own
//! coordinates past every coarsening.

/// The same picture without application segments (EXIF, XMP, IPTC, colour profiles) and comments. The first
/// segment of JFIF (`APP0`) and Adobe's (`APP14`, the colour transform) stay. `None` if this is not a JPEG.
pub(super) fn without_metadata(jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    let mut clean = vec![0xff, 0xd8];
    loop {
        let [0xff, marker, after @ ..] = rest else { return None };
        match marker {
            // Fill bytes before a marker.
            0xff => {
                rest = rest.get(1..)?;
                continue;
            }
            // The scan: entropy-coded bytes up to the end of the picture.
            0xda => {
                clean.extend_from_slice(rest);
                return Some(clean);
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(..length.max(2))?;
        if !matches!(marker, 0xe1..=0xed | 0xef | 0xfe) {
            clean.extend_from_slice(&[0xff, *marker]);
            clean.extend_from_slice(segment);
        }
        rest = after.get(segment.len()..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_goes_and_the_picture_stays() {
        let start = [0xff, 0xd8];
        let jfif = [0xff, 0xe0, 0, 4, 1, 1];
        let exif = [0xff, 0xe1, 0, 8, b'E', b'x', b'i', b'f', 0, 0];
        let comment = [0xff, 0xfe, 0, 4, b'h', b'i'];
        let table = [0xff, 0xdb, 0, 3, 9];
        let scan = [0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9];
        let jpeg = [&start[..], &jfif, &exif, &[0xff], &comment, &table, &scan].concat();
        let clean = without_metadata(&jpeg).unwrap();
        assert_eq!(clean, [&start[..], &jfif, &table, &scan].concat());
    }

    #[test]
    fn what_is_no_jpeg_is_left_out() {
        for bytes in [
            &b""[..],
            b"GIF89a",
            &[0xff, 0xd8],
            &[0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0],
            &[0xff, 0xd8, 0xff],
        ] {
            assert_eq!(without_metadata(bytes), None);
        }
    }
}
