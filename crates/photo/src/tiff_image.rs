//! TIFF: what its samples are, and reading them. The first page is taken.

use std::io::{Cursor, ErrorKind};

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};

use contract::Image;

use super::decode::Decoded;
use super::orientation::Orientation;
use super::other_files::raw_photo;
use super::tiff_colours::{Colours, to_rgb};
use super::tiff_directory::Directory;
use super::tiff_samples::{Samples, packed};
use super::{DecodeOptions, Format, Limits, PhotoError, jpeg};

/// What the decoder may allocate beside its output: strips, palettes, profiles.
const OVERHEAD_BYTES: u64 = 64 << 20;
/// The widest pixels: five channels of f64.
const MAX_BYTES_PER_PIXEL: u64 = 40;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTES: u16 = 279;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const JPEG_OFFSET: u16 = 513;
const JPEG_BYTES: u16 = 514;
const SUBSAMPLING: u16 = 530;

const OLD_JPEG: u64 = 6;
const NEW_JPEG: u64 = 7;

pub(super) fn decode(bytes: &[u8], limits: &Limits, options: DecodeOptions) -> Result<Decoded, PhotoError> {
    let directory = Directory::first(bytes).ok_or_else(|| truncated("its directory is missing"))?;
    if let Some(raw) = raw_photo(bytes, &directory) {
        return Err(raw);
    }
    let side = |tag| directory.number(tag).and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    let (width, height) = (side(WIDTH), side(HEIGHT));
    if width == 0 || height == 0 {
        return Err(damaged(format!("its size is {width} x {height}")));
    }
    limits.check_pixels(width, height)?;
    let orientation = directory.number(ORIENTATION).and_then(|value| u8::try_from(value).ok());
    let orientation = orientation.map_or_else(Orientation::default, Orientation::from_exif);
    let placed = |decoded| Decoded { orientation, orientation_is_binding: true, ..decoded };
    if directory.number(COMPRESSION) == Some(OLD_JPEG) {
        return whole_jpeg(bytes, &directory, limits).map(placed);
    }
    let mut layout = Layout::of(&directory, width, height)?;
    let colours = Colours::of(&directory, layout.channels)?;
    if layout.planar {
        // Others may be empty.
        layout.channels = colours.channels();
    }
    let rgb = if layout.blocks == (1, 1) {
        let samples = read(directory, bytes, &layout, limits)?;
        to_rgb(&samples.interleaved(&layout), &layout, &colours, options)
    } else {
        let samples = read(directory, bytes, &layout, limits)?;
        to_rgb(&samples.without_blocks(&layout), &layout, &colours, options)
    };
    let image = Image::new(width, height, rgb).map_err(|_| damaged("its pixels do not fit its size"))?;
    Ok(placed(Decoded::upright(image)))
}

/// How the samples lie in the file.
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples for each pixel, alpha and others included.
    pub(super) channels: usize,
    pub(super) bits: u32,
    pub(super) planar: bool,
    /// Planes in the file; `channels` of them are read.
    planes: usize,
    /// Columns and rows of brightness that share a colour, where the samples come in such blocks.
    pub(super) blocks: (usize, usize),
    /// The samples are numbers of as many bits as no library reads; they are declared as several of fewer bits.
    pub(super) packed: bool,
}

impl Layout {
    fn of(directory: &Directory<'_>, width: u32, height: u32) -> Result<Self, PhotoError> {
        let channels = directory.number(SAMPLES_PER_PIXEL).unwrap_or(1);
        if channels == 0 || channels > 16 {
            return Err(unsupported(format!("{channels} samples for each pixel")));
        }
        let mut bits = directory.numbers(BITS_PER_SAMPLE).unwrap_or_else(|| vec![1]);
        bits.truncate(channels as usize);
        let first = bits.first().copied().unwrap_or(1);
        if bits.iter().any(|&other| other != first) {
            return Err(unsupported(format!("samples of different sizes ({bits:?} bits)")));
        }
        if first == 0 || first > 64 {
            return Err(damaged(format!("its samples have {first} bits")));
        }
        let is_jpeg = directory.number(COMPRESSION) == Some(NEW_JPEG);
        let planar = directory.number(PLANAR) == Some(2) && channels > 1;
        let blocks = match directory.numbers(SUBSAMPLING).as_deref() {
            _ if directory.number(PHOTOMETRIC) != Some(6) || is_jpeg || planar => (1, 1),
            None => (2, 2),
            Some(&[across, down]) if matches!(across, 1 | 2 | 4) && matches!(down, 1 | 2 | 4) => {
                (across as usize, down as usize)
            }
            Some(other) => return Err(damaged(format!("its colours are shared by {other:?} pixels"))),
        };
        Ok(Self {
            width: width as usize,
            height: height as usize,
            channels: channels as usize,
            bits: first as u32,
            planar,
            planes: if planar { channels as usize } else { 1 },
            blocks,
            packed: !matches!(first, 1 | 2 | 4 | 8 | 16 | 32 | 64),
        })
    }

    /// Columns of the declared image, and its rows.
    pub(super) fn declared(&self) -> (usize, usize) {
        let (across, down) = self.blocks;
        if self.blocks == (1, 1) {
            return (self.width, self.height);
        }
        (self.width.div_ceil(across) * (across * down + 2), self.height.div_ceil(down))
    }
}

/// Declares the samples as plain numbers and reads them, each plane for itself: the library takes planes of tiles for
/// more tiles of the first one.
fn read(
    mut directory: Directory<'_>,
    bytes: &[u8],
    layout: &Layout,
    limits: &Limits,
) -> Result<Samples, PhotoError> {
    let there = share_there(&directory, bytes.len() as u64);
    let reversed = directory.number(FILL_ORDER) == Some(2) && directory.number(COMPRESSION) != Some(NEW_JPEG);
    let pieces = pieces(&directory);
    directory.set(PHOTOMETRIC, 1);
    directory.remove(EXTRA_SAMPLES);
    directory.remove(SUBSAMPLING);
    // "All rows in one strip" may be written as the greatest number.
    if directory.number(ROWS_PER_STRIP).is_some_and(|rows| rows > layout.height as u64) {
        directory.set(ROWS_PER_STRIP, layout.height as u32);
    }
    directory.keep(BITS_PER_SAMPLE, 0, layout.channels);
    if layout.blocks != (1, 1) {
        declare_blocks(&mut directory, layout)?;
    } else if layout.planar {
        directory.set(SAMPLES_PER_PIXEL, 1);
        directory.set(BITS_PER_SAMPLE, layout.bits);
        directory.set(PLANAR, 1);
        if let Some(format) = directory.number(SAMPLE_FORMAT).and_then(|format| u32::try_from(format).ok()) {
            directory.set(SAMPLE_FORMAT, format);
        }
    }
    if layout.packed {
        let unit = packed::unit(layout.bits);
        let numbers = if layout.planar { 1 } else { layout.channels as u32 };
        directory.set(BITS_PER_SAMPLE, unit);
        directory.set(SAMPLES_PER_PIXEL, numbers * layout.bits / unit);
        directory.remove(SAMPLE_FORMAT);
    }
    let each = pieces.len() / layout.planes;
    let mut all = Vec::with_capacity(layout.planes);
    for plane in 0..if layout.planar { layout.channels } else { 1 } {
        let mut directory = directory.clone();
        if layout.planar {
            for tag in [STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES] {
                directory.keep(tag, plane * each, each);
            }
        }
        let mut file = directory.rewritten();
        for &(start, length) in pieces.iter().filter(|_| reversed) {
            for byte in file.get_mut(start..start.saturating_add(length)).unwrap_or_default() {
                *byte = byte.reverse_bits();
            }
        }
        all.push(Samples::of(read_plain(file, limits, there)?, layout));
    }
    Samples::joined(all).ok_or_else(|| damaged("it has no samples"))
}

/// Reads a file of plain numbers.
fn read_plain(file: Vec<u8>, limits: &Limits, share_there: u64) -> Result<DecodingResult, PhotoError> {
    let explain = |error| explain(error, share_there);
    let mut allowed = TiffLimits::default();
    let most = limits.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL).saturating_add(OVERHEAD_BYTES);
    allowed.decoding_buffer_size = usize::try_from(most).unwrap_or(usize::MAX);
    allowed.intermediate_buffer_size = allowed.decoding_buffer_size;
    let mut decoder = Decoder::new(Cursor::new(file)).map_err(explain)?.with_limits(allowed);
    let mut samples = DecodingResult::U8(Vec::new());
    decoder.read_image_to_buffer(&mut samples).map_err(explain)?;
    Ok(samples)
}

/// One byte for each sample of a block: the brightnesses, then two colours.
fn declare_blocks(directory: &mut Directory<'_>, layout: &Layout) -> Result<(), PhotoError> {
    if layout.bits != 8 || layout.channels != 3 || directory.number(PREDICTOR).unwrap_or(1) != 1 {
        return Err(unsupported("colours shared by several pixels, in another form than 8 bits".into()));
    }
    let (across, down) = layout.blocks;
    let (width, height) = layout.declared();
    directory.set(WIDTH, width as u32);
    directory.set(HEIGHT, height as u32);
    directory.set(BITS_PER_SAMPLE, 8);
    directory.set(SAMPLES_PER_PIXEL, 1);
    if let Some(columns) = directory.number(TILE_WIDTH) {
        directory.set(TILE_WIDTH, (columns as usize / across * (across * down + 2)) as u32);
        let rows = directory.number(TILE_HEIGHT).unwrap_or(0);
        directory.set(TILE_HEIGHT, (rows as usize / down) as u32);
    } else if let Some(rows) = directory.number(ROWS_PER_STRIP) {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX).min(layout.height);
        directory.set(ROWS_PER_STRIP, rows.div_ceil(down) as u32);
    }
    Ok(())
}

/// Where the strips or tiles lie: offset and bytes.
fn pieces(directory: &Directory<'_>) -> Vec<(usize, usize)> {
    let (offsets, lengths) = if directory.has(TILE_OFFSETS) {
        (directory.numbers(TILE_OFFSETS), directory.numbers(TILE_BYTES))
    } else {
        (directory.numbers(STRIP_OFFSETS), directory.numbers(STRIP_BYTES))
    };
    let pairs = offsets.unwrap_or_default().into_iter().zip(lengths.unwrap_or_default());
    pairs.map(|(offset, length)| (offset as usize, length as usize)).collect()
}

/// The share of the strips or tiles that lie within the file, in percent.
fn share_there(directory: &Directory<'_>, length: u64) -> u64 {
    let pieces = pieces(directory);
    let there =
        pieces.iter().filter(|(offset, bytes)| (*offset as u64).saturating_add(*bytes as u64) <= length);
    there.count() as u64 * 100 / pieces.len().max(1) as u64
}

/// The old way to keep a JPEG file in a TIFF one: it is there as a whole, somewhere.
fn whole_jpeg(bytes: &[u8], directory: &Directory<'_>, limits: &Limits) -> Result<Decoded, PhotoError> {
    let start = directory.number(JPEG_OFFSET).and_then(|start| usize::try_from(start).ok());
    let length = directory.number(JPEG_BYTES).and_then(|length| usize::try_from(length).ok());
    let rest = start.and_then(|start| bytes.get(start..)).unwrap_or_default();
    let file = rest.get(..length.unwrap_or(rest.len())).unwrap_or(rest);
    if !file.starts_with(&[0xff, 0xd8]) {
        return Err(unsupported("JPEG compression of the old kind (6)".into()));
    }
    jpeg::decode(file, limits, false)
}

fn explain(error: TiffError, share_there: u64) -> PhotoError {
    match error {
        TiffError::UnsupportedError(what) => unsupported(what.to_string()),
        TiffError::LimitsExceeded => damaged("its parts are larger than its picture"),
        _ if share_there < 100 => {
            truncated(&format!("only {share_there} % of its strips or tiles are there"))
        }
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            truncated("pixel data is missing")
        }
        other => damaged(other.to_string()),
    }
}

fn truncated(why: &str) -> PhotoError {
    PhotoError::Truncated { format: Format::Tiff, why: why.into() }
}

pub(super) fn damaged(why: impl Into<String>) -> PhotoError {
    PhotoError::Damaged { format: Format::Tiff, why: why.into() }
}

pub(super) fn unsupported(what: String) -> PhotoError {
    PhotoError::UnsupportedVariant { format: Format::Tiff, what }
}
