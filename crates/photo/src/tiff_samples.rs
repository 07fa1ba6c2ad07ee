//! The samples of a TIFF file, from the numbers that the library reads.

use tiff::decoder::DecodingResult;

use super::samples::{bits_in_use, narrow};
use super::tiff_image::Layout;

/// Samples as the file holds them.
pub(super) enum Samples {
    /// Numbers of at most 8 bits, or of an odd size: packed, each row begins with a new byte.
    Packed(Vec<u8>),
    /// 8 bits.
    Bytes(Vec<u8>),
    /// 16 bits.
    Shorts(Vec<u16>),
    /// More bits.
    Longs(Vec<u32>),
    /// Of any size.
    Floats(Vec<f32>),
}

impl Samples {
    pub(super) fn of(read: DecodingResult, layout: &Layout) -> Self {
        match read {
            DecodingResult::U8(samples) if layout.bits == 8 || layout.blocks != (1, 1) => {
                Self::Bytes(samples)
            }
            DecodingResult::U8(samples) => Self::Packed(samples),
            DecodingResult::U16(samples) => Self::Shorts(samples),
            DecodingResult::U32(samples) => Self::Longs(samples),
            DecodingResult::U64(samples) => {
                Self::Longs(samples.iter().map(|&value| (value >> 32) as u32).collect())
            }
            DecodingResult::F16(samples) => {
                Self::Floats(samples.iter().map(|value| value.to_f32()).collect())
            }
            DecodingResult::F32(samples) => Self::Floats(samples),
            DecodingResult::F64(samples) => Self::Floats(samples.iter().map(|&value| value as f32).collect()),
            // Bytes that are called signed are not.
            DecodingResult::I8(samples) => Self::Bytes(samples.iter().map(|&value| value as u8).collect()),
            // What lies below zero is black.
            DecodingResult::I16(samples) => {
                let positive: Vec<u16> = samples.iter().map(|&value| value.max(0) as u16).collect();
                let uses_all_bits = positive.iter().any(|&value| value > 0x3fff);
                Self::Shorts(positive.iter().map(|&value| value << u32::from(uses_all_bits)).collect())
            }
            DecodingResult::I32(samples) => {
                Self::Longs(samples.iter().map(|&value| value.max(0) as u32).collect())
            }
            DecodingResult::I64(samples) => {
                Self::Longs(samples.iter().map(|&value| (value.max(0) >> 31) as u32).collect())
            }
        }
    }

    /// Planes of the same kind, one behind the other.
    pub(super) fn joined(planes: Vec<Self>) -> Option<Self> {
        planes.into_iter().reduce(|mut first, second| {
            match (&mut first, second) {
                (Self::Packed(all), Self::Packed(more)) | (Self::Bytes(all), Self::Bytes(more)) => {
                    all.extend(more);
                }
                (Self::Shorts(all), Self::Shorts(more)) => all.extend(more),
                (Self::Longs(all), Self::Longs(more)) => all.extend(more),
                (Self::Floats(all), Self::Floats(more)) => all.extend(more),
                // All planes are declared alike.
                _ => {}
            }
            first
        })
    }

    /// The samples of each pixel side by side.
    pub(super) fn interleaved(self, layout: &Layout) -> Self {
        if let Self::Packed(rows) = self {
            let across = layout.width * if layout.planar { 1 } else { layout.channels };
            return Self::Longs(packed::unpack(&rows, across, layout.bits)).interleaved(layout);
        }
        if !layout.planar {
            return self;
        }
        match self {
            Self::Packed(rows) => Self::Packed(rows),
            Self::Bytes(planes) => Self::Bytes(weave(&planes, layout)),
            Self::Shorts(planes) => Self::Shorts(weave(&planes, layout)),
            Self::Longs(planes) => Self::Longs(weave(&planes, layout)),
            Self::Floats(planes) => Self::Floats(weave(&planes, layout)),
        }
    }

    /// Three samples for each pixel, from blocks of pixels that share their colour.
    pub(super) fn without_blocks(self, layout: &Layout) -> Self {
        let Self::Bytes(blocks) = self else { return self };
        let (across, down) = layout.blocks;
        let block_bytes = across * down + 2;
        let (row_bytes, _) = layout.declared();
        let mut samples = Vec::with_capacity(layout.width * layout.height * 3);
        for y in 0..layout.height {
            let row = blocks.get(y / down * row_bytes..).unwrap_or_default();
            for x in 0..layout.width {
                let block = row.get(x / across * block_bytes..).unwrap_or_default();
                let at = [y % down * across + x % across, across * down, across * down + 1];
                samples.extend(at.map(|at| block.get(at).copied().unwrap_or(0)));
            }
        }
        Self::Bytes(samples)
    }

    /// The samples as bytes of brightness: 0 is none, 255 is full. `scale` as in
    /// [`DecodeOptions::scale_narrow_samples`](super::DecodeOptions::scale_narrow_samples).
    pub(super) fn to_bytes(&self, layout: &Layout, scale: bool) -> Vec<u8> {
        match self {
            Self::Packed(bytes) | Self::Bytes(bytes) => bytes.clone(),
            Self::Shorts(samples) => narrow(samples, layout.channels, scale),
            Self::Longs(samples) if layout.bits <= 8 => {
                let full = (1_u32 << layout.bits) - 1;
                samples.iter().map(|&sample| (sample * 255 / full) as u8).collect()
            }
            Self::Longs(samples) => {
                let declared = layout.bits.min(32);
                let largest = samples.iter().copied().max().unwrap_or(0);
                // Packed numbers have as many bits as they need; those of 32 bits often hold fewer.
                let bits = match u16::try_from(largest) {
                    Ok(largest) if scale && declared == 32 => bits_in_use(largest),
                    Err(_) if scale && declared == 32 => u32::BITS - largest.leading_zeros(),
                    _ => declared,
                };
                samples.iter().map(|&sample| (sample >> (bits - 8)) as u8).collect()
            }
            Self::Floats(samples) => {
                let factor = float_factor(samples);
                samples.iter().map(|sample| (sample * factor + 0.5) as u8).collect()
            }
        }
    }

    /// The samples as indices into a palette.
    pub(super) fn to_indices(&self) -> Vec<usize> {
        match self {
            Self::Packed(samples) | Self::Bytes(samples) => {
                samples.iter().map(|&index| usize::from(index)).collect()
            }
            Self::Shorts(samples) => samples.iter().map(|&index| usize::from(index)).collect(),
            Self::Longs(samples) => samples.iter().map(|&index| index as usize).collect(),
            Self::Floats(samples) => samples.iter().map(|&index| index as usize).collect(),
        }
    }
}

/// What makes 255 of full brightness: floats reach from 0 to 1, or from 0 to 255, or have a range of their own.
fn float_factor(samples: &[f32]) -> f32 {
    let finite = samples.iter().copied().filter(|sample| sample.is_finite());
    let largest = finite.fold(0.0, f32::max);
    if largest <= 1.0 {
        255.0
    } else if largest <= 255.0 {
        1.0
    } else {
        255.0 / largest
    }
}

/// Planes, one behind the other, pixel by pixel.
fn weave<T: Copy>(planes: &[T], layout: &Layout) -> Vec<T> {
    let pixels = layout.width * layout.height;
    let mut woven = Vec::with_capacity(planes.len());
    for pixel in 0..pixels {
        woven.extend((0..layout.channels).filter_map(|channel| planes.get(channel * pixels + pixel)));
    }
    woven
}

/// Numbers whose bits lie close together, the highest bit first.
pub(super) mod packed {
    /// The greatest size in bits that libraries read and that divides `bits`.
    pub(in super::super) fn unit(bits: u32) -> u32 {
        [8, 4, 2, 1].into_iter().find(|unit| bits.is_multiple_of(*unit)).unwrap_or(1)
    }

    /// `across` numbers of each row; of those of more than 32 bits the upper 32.
    pub(super) fn unpack(rows: &[u8], across: usize, bits: u32) -> Vec<u32> {
        let bits = bits as usize;
        let row_bytes = (across * bits).div_ceil(8).max(1);
        let mut numbers = Vec::with_capacity(rows.len() / row_bytes * across);
        for row in rows.chunks_exact(row_bytes) {
            numbers.extend((0..across).map(|index| {
                let places = index * bits..(index + 1) * bits;
                places.take(32).fold(0, |value, place| {
                    let byte = row.get(place / 8).copied().unwrap_or(0);
                    value << 1 | u32::from(byte >> (7 - place % 8) & 1)
                })
            }));
        }
        numbers
    }
}
