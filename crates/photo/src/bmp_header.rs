//! Bitmaps whose header the decoder does not read, or reads to the letter where other programs do not.

use std::borrow::Cow;

const FILE_HEADER: usize = 14;
const USUAL_HEADER: u32 = 40;
/// The second header of OS/2: the usual one, then fields that change nothing.
const OS2_HEADER: u32 = 64;

/// The file, as the decoder reads it right.
pub(super) fn mended(file: &[u8]) -> Cow<'_, [u8]> {
    mend(file).map_or(Cow::Borrowed(file), Cow::Owned)
}

fn mend(file: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?));
    let (pixels_at, header) = (number(10)?, number(FILE_HEADER)?);
    let (width, compression, colours) = (number(18)?, number(30)?, number(46)?);
    let bits = u32::from(u16::from_le_bytes(*file.get(28..)?.first_chunk()?));
    if header == OS2_HEADER {
        // What follows has other meanings in OS/2.
        return (compression <= 2).then(|| without_os2_fields(file, pixels_at)).flatten();
    }
    let palette_at = u32::try_from(FILE_HEADER).ok()?.checked_add(header)?;
    let has_palette = matches!(bits, 1..=8) && header >= USUAL_HEADER;
    if !has_palette || pixels_at > palette_at {
        return None;
    }
    // The pixels cannot begin where the palette does.
    let count = if colours == 0 { 1 << bits } else { colours.min(1 << bits) };
    let mut whole = file.to_vec();
    whole.get_mut(10..14)?.copy_from_slice(&palette_at.checked_add(4 * count)?.to_le_bytes());
    // Such a file may lack the padding of its last row.
    let row_bytes = (u64::from(width) * u64::from(bits)).div_ceil(8);
    let padding = row_bytes.next_multiple_of(4) - row_bytes;
    whole.resize(whole.len() + padding as usize, 0);
    Some(whole)
}

fn without_os2_fields(file: &[u8], pixels_at: u32) -> Option<Vec<u8>> {
    let (usual, other) = (FILE_HEADER + USUAL_HEADER as usize, FILE_HEADER + OS2_HEADER as usize);
    let mut shorter = [file.get(..usual)?, file.get(other..)?].concat();
    let pixels_at = pixels_at.checked_sub(OS2_HEADER - USUAL_HEADER)?;
    shorter.get_mut(10..14)?.copy_from_slice(&pixels_at.to_le_bytes());
    shorter.get_mut(14..18)?.copy_from_slice(&USUAL_HEADER.to_le_bytes());
    Some(shorter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, Limits, decode};

    /// 3 x 1 pixels of a palette of two colours, each pixel a byte.
    fn bitmap(header: u32, pixels_at: u32) -> Vec<u8> {
        let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
        file.extend(pixels_at.to_le_bytes());
        file.extend([header, 3, 1].iter().flat_map(|field| field.to_le_bytes()));
        file.extend([1, 0, 8, 0]);
        file.extend([0_u32, 0, 0, 0, 2, 0].iter().flat_map(|field| field.to_le_bytes()));
        file.resize(FILE_HEADER + header as usize, 0);
        file.extend([10, 20, 30, 0, 40, 50, 60, 0]);
        file.extend([1, 0, 1]);
        file
    }

    #[test]
    fn os2_headers_and_impossible_offsets_are_read() {
        let expected = [60, 50, 40, 30, 20, 10, 60, 50, 40];
        for (header, pixels_at, padding) in [(40, 62, 1), (40, 54, 0), (40, 0, 0), (64, 86, 1)] {
            let mut file = bitmap(header, pixels_at);
            file.resize(file.len() + padding, 0);
            let image = decode(&file, &Limits::default(), DecodeOptions::default())
                .unwrap_or_else(|error| panic!("{header}, {pixels_at}: {error}"));
            assert_eq!(image.rgb(), expected, "{header}, {pixels_at}");
        }
    }

    #[test]
    fn other_files_stay_as_they_are() {
        let file = bitmap(40, 62);
        assert!(matches!(mended(&file), Cow::Borrowed(_)));
        for length in 0..file.len() {
            let _ = mended(&file[..length]);
        }
    }

    #[test]
    fn a_bitmap_without_any_opacity_is_opaque() {
        let pixels = |opacity: [u8; 2]| {
            let mut file = b"BM\0\0\0\0\0\0\0\0\x46\0\0\0".to_vec();
            file.extend([56_u32, 2, 1].iter().flat_map(|field| field.to_le_bytes()));
            file.extend([1, 0, 32, 0]);
            file.extend([3_u32, 0, 0, 0, 0, 0].iter().flat_map(|field| field.to_le_bytes()));
            file.extend(
                [0xff_0000_u32, 0xff00, 0xff, 0xff00_0000].iter().flat_map(|mask| mask.to_le_bytes()),
            );
            file.extend([30, 20, 10, opacity[0], 60, 50, 40, opacity[1]]);
            decode(&file, &Limits::default(), DecodeOptions::default()).unwrap().rgb().to_vec()
        };
        assert_eq!(pixels([0, 0]), [10, 20, 30, 40, 50, 60]);
        assert_eq!(pixels([0, 255]), [255, 255, 255, 40, 50, 60]);
    }
}
