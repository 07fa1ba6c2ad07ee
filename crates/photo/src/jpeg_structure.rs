//! The markers of a JPEG file: where its pixel data ends, and whether all passes of a progressive one are there.
//!
//! Own code, because decoders fill what is missing with grey and do not say how much that was.

use super::{Format, PhotoError};

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const PROGRESSIVE_FRAME: u8 = 0xc2;
/// Coefficients of a block.
const COEFFICIENTS: usize = 64;

/// What the markers of a JPEG file tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Structure {
    /// Where the pixel data ends: at the end marker, or where the file does. Zeros behind the data, as downloads leave
    /// them that were never finished, are not part of it.
    pub(super) end: usize,
    /// Whether the end marker is there.
    pub(super) has_end_marker: bool,
    /// In which order the picture comes.
    pub(super) coding: Coding,
    /// How many passes begin.
    pub(super) passes: usize,
    /// Whether the passes bring all bits of all coefficients, provided that the last one is whole.
    pub(super) passes_are_complete: bool,
    /// Rows of pixels in one row of blocks.
    pub(super) block_rows: u32,
}

/// In which order a picture comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Row by row, all colours at once.
    Whole,
    /// Colour by colour.
    Separate,
    /// In passes that refine each other.
    Progressive,
}

impl Structure {
    /// Walks the markers up to the end-of-image one.
    ///
    /// # Errors
    /// [`PhotoError::Truncated`] or [`PhotoError::Damaged`] if there is no pixel data at all.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, PhotoError> {
        let mut frame = Frame::default();
        let mut passes = 0;
        // Where the data of the last pass begins.
        let mut data_at = 0;
        let mut at = 2;
        let (end, has_end_marker) = loop {
            let Some(marker_at) = position(bytes, at, 0xff).filter(|marker_at| marker_at + 1 < bytes.len())
            else {
                if passes == 0 {
                    return Err(truncated("it has no pixel data"));
                }
                break (end_of_cut(bytes, data_at, frame.progressive), false);
            };
            at = marker_at + 1;
            let marker = bytes.get(at).copied().unwrap_or(END_OF_IMAGE);
            match marker {
                END_OF_IMAGE if passes > 0 => break (marker_at, true),
                END_OF_IMAGE => {
                    let why = "it has no pixel data".into();
                    return Err(PhotoError::Damaged { format: Format::Jpeg, why });
                }
                // Fill bytes; a stuffed zero, a restart or another marker without a segment.
                0xff => {}
                0x00 | 0x01 | 0xd0..=0xd8 => at += 1,
                marker => {
                    let length = bytes.get(at + 1..at + 3).and_then(|field| field.try_into().ok());
                    let length = length.map(|field| usize::from(u16::from_be_bytes(field)));
                    let body = length.and_then(|length| bytes.get(at + 3..(at + 1).checked_add(length)?));
                    let Some((length, body)) = length.zip(body) else {
                        if passes == 0 {
                            return Err(truncated("a segment is cut off"));
                        }
                        let before = bytes.get(..marker_at).unwrap_or(bytes);
                        break (end_of_cut(before, data_at, frame.progressive), false);
                    };
                    if marker == START_OF_SCAN {
                        passes += 1;
                        data_at = at + 1 + length;
                        frame.note_pass(body);
                    } else if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                        frame = Frame::from_header(marker, body);
                    }
                    at += 1 + length;
                }
            }
        };
        Ok(Self {
            end,
            has_end_marker,
            coding: match (frame.progressive, frame.separate) {
                (true, _) => Coding::Progressive,
                (false, true) => Coding::Separate,
                (false, false) => Coding::Whole,
            },
            passes,
            passes_are_complete: frame.is_complete(),
            block_rows: frame.block_rows,
        })
    }
}

/// Where the pixel data of a file without an end marker ends: before the zeros or ones that fill the file up, if it is
/// filled.
fn end_of_cut(bytes: &[u8], data_at: usize, progressive: bool) -> usize {
    // Where the last passes bring nothing their data is zeros too.
    let most = if progressive { 512 } else { 8 };
    let data = bytes.get(data_at..).unwrap_or_default();
    let last = data.iter().rposition(|&byte| byte != 0x00 && byte != 0xff);
    match last {
        Some(last) if data.len() - last > most => data_at + last + 1,
        // Half a marker is not data.
        _ if data.last() == Some(&0xff) => bytes.len() - 1,
        _ => bytes.len(),
    }
}

fn truncated(why: &str) -> PhotoError {
    PhotoError::Truncated { format: Format::Jpeg, why: why.into() }
}

fn position(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(from + rest.iter().position(|&byte| byte == wanted)?)
}

/// The frame header, and which bits of its coefficients the passes have brought.
#[derive(Default)]
struct Frame {
    progressive: bool,
    /// Whether a pass holds some of the components only.
    separate: bool,
    block_rows: u32,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    /// The lowest bit that was brought, of each coefficient.
    lowest_bit: [Option<u8>; COEFFICIENTS],
}

impl Frame {
    /// Precision, height, width and count of components, then three bytes for each component.
    fn from_header(marker: u8, body: &[u8]) -> Self {
        let components = body.get(6..).unwrap_or_default().chunks_exact(3);
        let tallest = components.clone().map(|component| component[1] & 0x0f).max().unwrap_or(1);
        // A single component comes block by block, whatever its factors.
        let tallest = if components.len() == 1 { 1 } else { tallest };
        Self {
            progressive: marker == PROGRESSIVE_FRAME,
            separate: false,
            block_rows: 8 * u32::from(tallest),
            components: components
                .map(|component| Component { id: component[0], lowest_bit: [None; COEFFICIENTS] })
                .collect(),
        }
    }

    /// Count of components, two bytes for each, then the first and the last coefficient and the bits.
    fn note_pass(&mut self, body: &[u8]) {
        let count = usize::from(body.first().copied().unwrap_or(0));
        let Some(&[first, last, bits]) = body.get(1 + 2 * count..4 + 2 * count) else { return };
        self.separate |= count < self.components.len();
        let ids: Vec<u8> = body.iter().skip(1).step_by(2).take(count).copied().collect();
        for component in self.components.iter_mut().filter(|component| ids.contains(&component.id)) {
            let (first, last) = (usize::from(first), usize::from(last));
            for coefficient in component.lowest_bit.iter_mut().take(last + 1).skip(first) {
                *coefficient = Some(bits & 0x0f);
            }
        }
    }

    fn is_complete(&self) -> bool {
        let mut all = self.components.iter().flat_map(|component| component.lowest_bit);
        !self.components.is_empty() && all.all(|bit| bit == Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"\xff\xd8\xff\xfe\x00\x05abc\xff\xda\x00\x04xx123\xff\x00456\xff\xd0789\xff\xd9";

    #[test]
    fn pixel_data_ends_at_the_end_marker_whatever_follows() {
        let structure = Structure::of(WHOLE).unwrap();
        assert_eq!((structure.end, structure.has_end_marker), (WHOLE.len() - 2, true));
        let longer = [WHOLE, b"motion photo trailer \xff\xda"].concat();
        assert_eq!(Structure::of(&longer).unwrap(), structure);
        let error = Structure::of(b"\xff\xd8\xff\xd9").unwrap_err();
        assert!(matches!(error, PhotoError::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_file_without_the_end_marker_ends_with_its_last_data() {
        let data = WHOLE.len() - 2;
        for tail in [b"".as_slice(), b"\xff", &[0; 20], &[0xff; 20]] {
            let structure = Structure::of(&[&WHOLE[..data], tail].concat()).unwrap();
            assert_eq!((structure.end, structure.has_end_marker), (data, false), "{tail:?}");
        }
        for length in 2..15 {
            let error = Structure::of(&WHOLE[..length]).unwrap_err();
            assert!(matches!(error, PhotoError::Truncated { .. }), "{length}: {error}");
        }
    }

    #[test]
    fn passes_are_complete_when_every_bit_of_every_coefficient_came() {
        let frame = b"\xff\xd8\xff\xc2\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00";
        let pass = |first, last, bits| [&[0xff, 0xda, 0, 8, 1, 1, 0, first, last, bits][..], b"abc"].concat();
        let file = |passes: &[Vec<u8>]| [frame.as_slice(), &passes.concat()].concat();
        let complete = |passes: &[Vec<u8>]| Structure::of(&file(passes)).unwrap().passes_are_complete;
        assert!(complete(&[pass(0, 0, 0), pass(1, 63, 0)]));
        assert!(complete(&[
            pass(0, 0, 1),
            pass(1, 63, 2),
            pass(1, 63, 0x21),
            pass(1, 63, 0x10),
            pass(0, 0, 0x10)
        ]));
        assert!(!complete(&[pass(0, 0, 0)]));
        assert!(!complete(&[pass(0, 0, 0), pass(1, 5, 0)]));
        assert!(!complete(&[pass(0, 0, 0), pass(1, 63, 1)]));
    }
}
