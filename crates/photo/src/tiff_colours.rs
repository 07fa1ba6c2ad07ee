//! From the samples of a TIFF file to RGB.

use super::samples::on_white;
use super::tiff_directory::Directory;
use super::tiff_image::{Layout, damaged, unsupported};
use super::tiff_samples::Samples;
use super::{Alpha, DecodeOptions, PhotoError};

const PHOTOMETRIC: u16 = 262;
const COMPRESSION: u16 = 259;
const PALETTE: u16 = 320;
const EXTRA_SAMPLES: u16 = 338;
const REFERENCE_BLACK_WHITE: u16 = 532;
const NEW_JPEG: u64 = 7;

/// What the samples of a pixel mean.
pub(super) struct Colours {
    model: Model,
    /// Channels of the colours.
    needed: usize,
    /// The channel of alpha, and whether the colours were multiplied by it.
    alpha: Option<(usize, bool)>,
}

enum Model {
    Grey {
        white_is_zero: bool,
    },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    /// Black and white of each channel.
    YCbCr([f64; 6]),
}

impl Colours {
    pub(super) fn of(directory: &Directory<'_>, channels: usize) -> Result<Self, PhotoError> {
        let photometric = directory.number(PHOTOMETRIC).unwrap_or(if channels >= 3 { 2 } else { 1 });
        let (model, needed) = match photometric {
            0 => (Model::Grey { white_is_zero: true }, 1),
            1 => (Model::Grey { white_is_zero: false }, 1),
            2 => (Model::Rgb, 3),
            3 => (Model::Palette(palette(directory)?), 1),
            5 => (Model::Cmyk, 4),
            6 => (Model::YCbCr(reference(directory)), 3),
            4 => return Err(unsupported("a transparency mask without a picture".into())),
            8..=10 => return Err(unsupported("CIE L*a*b* colours".into())),
            32803 | 34892 => return Err(unsupported("the raw data of a camera's sensor".into())),
            32844 | 32845 => return Err(unsupported("LogLuv colours".into())),
            other => return Err(unsupported(format!("photometric interpretation {other}"))),
        };
        if channels < needed {
            return Err(damaged(format!("it has {channels} samples for each pixel instead of {needed}")));
        }
        let alpha = match directory.number(EXTRA_SAMPLES) {
            Some(kind @ (1 | 2)) if channels > needed => Some((needed, kind == 1)),
            // Writers forget to say that it is alpha.
            None if photometric == 2 && channels == 4 => Some((needed, false)),
            _ => None,
        };
        Ok(Self { model, needed, alpha })
    }

    /// How many of the channels, from the first, have a meaning.
    pub(super) const fn channels(&self) -> usize {
        self.needed + if self.alpha.is_some() { 1 } else { 0 }
    }
}

/// Red, green and blue of all indices, one list behind the other.
fn palette(directory: &Directory<'_>) -> Result<Vec<[u8; 3]>, PhotoError> {
    let entries = directory.numbers(PALETTE).ok_or_else(|| damaged("its palette is missing"))?;
    // Some writers fill in 8 bits.
    let shift = if entries.iter().all(|&entry| entry <= 0xff) { 0 } else { 8 };
    let count = entries.len() / 3;
    let entry = |at: usize| entries.get(at).map_or(0, |&entry| (entry >> shift) as u8);
    Ok((0..count).map(|index| [entry(index), entry(count + index), entry(2 * count + index)]).collect())
}

/// JPEG data uses the full range, whatever is stated.
fn reference(directory: &Directory<'_>) -> [f64; 6] {
    const FULL: [f64; 6] = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];
    if directory.number(COMPRESSION) == Some(NEW_JPEG) {
        return FULL;
    }
    let stated =
        directory.fractions(REFERENCE_BLACK_WHITE).and_then(|stated| <[f64; 6]>::try_from(stated).ok());
    stated.filter(|pairs| pairs.chunks_exact(2).all(|pair| pair[1] > pair[0])).unwrap_or(FULL)
}

/// RGB, three bytes for each pixel.
pub(super) fn to_rgb(
    samples: &Samples,
    layout: &Layout,
    colours: &Colours,
    options: DecodeOptions,
) -> Vec<u8> {
    if let Model::Palette(palette) = &colours.model {
        let indices = samples.to_indices();
        let pixels = indices.chunks_exact(layout.channels).filter_map(|pixel| pixel.first());
        return pixels.flat_map(|&index| palette.get(index).copied().unwrap_or_default()).collect();
    }
    let bytes = samples.to_bytes(layout, options.scale_narrow_samples);
    let mut rgb = Vec::with_capacity(layout.width * layout.height * 3);
    for pixel in bytes.chunks_exact(layout.channels) {
        let colour = match (&colours.model, pixel) {
            (Model::Grey { white_is_zero: true }, &[grey, ..]) => [255 - grey; 3],
            (Model::Cmyk, &[cyan, magenta, yellow, black, ..]) => {
                [cyan, magenta, yellow].map(|ink| paper(ink, black))
            }
            (Model::YCbCr(reference), &[y, cb, cr, ..]) => from_ycbcr([y, cb, cr], reference),
            (Model::Rgb, &[red, green, blue, ..]) => [red, green, blue],
            (_, pixel) => [pixel.first().copied().unwrap_or(0); 3],
        };
        rgb.extend(match colours.alpha.and_then(|(channel, _)| pixel.get(channel)) {
            None => colour,
            Some(&opacity) => {
                let multiplied = colours.alpha.is_some_and(|(_, multiplied)| multiplied);
                let colour =
                    if multiplied { colour.map(|channel| divided(channel, opacity)) } else { colour };
                match options.alpha {
                    Alpha::OnWhite => colour.map(|channel| on_white(channel, opacity)),
                    Alpha::Drop => colour,
                }
            }
        });
    }
    rgb
}

/// What an ink and black leave of white.
fn paper(ink: u8, black: u8) -> u8 {
    let left = u32::from(255 - ink) * u32::from(255 - black);
    ((left + 127) / 255) as u8
}

/// The colour before it was multiplied by its opacity.
fn divided(channel: u8, opacity: u8) -> u8 {
    let exact = u32::from(channel) * 255 + u32::from(opacity) / 2;
    exact.checked_div(u32::from(opacity)).unwrap_or(0).min(255) as u8
}

/// BT.601, as JPEG and TIFF have it.
fn from_ycbcr(samples: [u8; 3], reference: &[f64; 6]) -> [u8; 3] {
    let [black, white, cb_zero, cb_full, cr_zero, cr_full] = *reference;
    let [y, cb, cr] = samples.map(f64::from);
    let y = (y - black) * 255.0 / (white - black);
    let cb = (cb - cb_zero) * 127.0 / (cb_full - cb_zero);
    let cr = (cr - cr_zero) * 127.0 / (cr_full - cr_zero);
    let green = y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587;
    [y + 1.402 * cr, green, y + 1.772 * cb].map(|channel| channel.round() as u8)
}
