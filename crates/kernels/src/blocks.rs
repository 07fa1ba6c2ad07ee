//! Weights in blocks of few bits: the formats of GGUF files, as plain bytes.
//!
//! A block holds some consecutive weights of a row as small integers and what they are multiplied by. Bytes, and not
//! structures, so that they may lie in a mapped file at any address. Encoding, with its search for good scales, is left to
//! the caller's library ([`BlockEncoder`]); decoding is in every product, so it is written here, and held to candle's by
//! a test.

use half::f16;

/// Encodes whole blocks of weights: `f(format, weights, blocks)`, where `blocks` has the bytes of that many blocks.
pub type BlockEncoder = fn(BlockFormat, &[f32], &mut [u8]);

/// A layout of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockFormat {
    /// `Q8_0`: 32 weights, one f16 scale, 8 bits each.
    Q8,
    /// `Q4_0`: 32 weights, one f16 scale, 4 bits each.
    Q4,
    /// `Q4_K`: 256 weights in eight groups with a scale and a minimum of 6 bits each, 4 bits a weight.
    Q4K,
}

/// Weights in a block of [`BlockFormat::Q4K`].
pub(super) const SUPER_BLOCK: usize = 256;
/// Weights in a block of the other formats.
pub(super) const BLOCK: usize = 32;

impl BlockFormat {
    /// Weights in one block.
    pub const fn weights(self) -> usize {
        match self {
            Self::Q8 | Self::Q4 => BLOCK,
            Self::Q4K => SUPER_BLOCK,
        }
    }

    /// Bytes of one block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Q8 => 34,
            Self::Q4 => 18,
            Self::Q4K => 144,
        }
    }

    /// Decodes whole blocks; `into` has room for as many weights as `blocks` holds.
    pub(super) fn decode(self, blocks: &[u8], into: &mut [f32]) {
        match self {
            Self::Q8 => {
                for (block, into) in blocks.as_chunks::<34>().0.iter().zip(into.as_chunks_mut::<BLOCK>().0) {
                    decode_q8(block, into);
                }
            }
            Self::Q4 => {
                for (block, into) in blocks.as_chunks::<18>().0.iter().zip(into.as_chunks_mut::<BLOCK>().0) {
                    decode_q4(block, into);
                }
            }
            Self::Q4K => {
                let (blocks, _) = blocks.as_chunks::<144>();
                for (block, into) in blocks.iter().zip(into.as_chunks_mut::<SUPER_BLOCK>().0) {
                    decode_q4_k(block, into);
                }
            }
        }
    }
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

fn decode_q8(block: &[u8; 34], into: &mut [f32; BLOCK]) {
    let scale = half_at(block, 0);
    for (into, &byte) in into.iter_mut().zip(&block[2..]) {
        *into = f32::from(byte.cast_signed()) * scale;
    }
}

/// The lower halves of the bytes are the first half of the weights; 8 stands for zero.
fn decode_q4(block: &[u8; 18], into: &mut [f32; BLOCK]) {
    let scale = half_at(block, 0);
    let (low, high) = into.split_at_mut(BLOCK / 2);
    for ((low, high), &byte) in low.iter_mut().zip(high).zip(&block[2..]) {
        *low = f32::from((byte & 0xf).cast_signed() - 8) * scale;
        *high = f32::from((byte >> 4).cast_signed() - 8) * scale;
    }
}

/// Groups come in pairs that share bytes: one has the lower halves, the other the upper ones.
fn decode_q4_k(block: &[u8; 144], into: &mut [f32; SUPER_BLOCK]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let packed = &block[4..16];
    let (pairs, _) = into.as_chunks_mut::<64>();
    for (pair, (into, bytes)) in pairs.iter_mut().zip(block[16..].as_chunks::<32>().0).enumerate() {
        let (low, high) = into.split_at_mut(32);
        let [(low_scale, low_minimum), (high_scale, high_minimum)] = [2 * pair, 2 * pair + 1].map(|group| {
            let (factor, offset) = group_scale(group, packed);
            (scale * f32::from(factor), minimum * f32::from(offset))
        });
        for ((low, high), &byte) in low.iter_mut().zip(high).zip(bytes) {
            *low = low_scale * f32::from(byte & 0xf) - low_minimum;
            *high = high_scale * f32::from(byte >> 4) - high_minimum;
        }
    }
}

/// Scale and minimum of a group, 6 bits each: those of the first four groups lie in the lower six bits of the first
/// eight bytes, those of the others in the last four bytes and the upper two bits of the first eight.
fn group_scale(group: usize, packed: &[u8]) -> (u8, u8) {
    if group < 4 {
        (packed[group] & 63, packed[group + 4] & 63)
    } else {
        let low = packed[group + 4];
        ((low & 0xf) | ((packed[group - 4] >> 6) << 4), (low >> 4) | ((packed[group] >> 6) << 4))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use candle_core::Device;
    use candle_core::quantized::{GgmlDType, QStorage, QTensor};
    use proptest::prelude::*;

    use super::*;

    const ALL: [(BlockFormat, GgmlDType); 3] = [
        (BlockFormat::Q8, GgmlDType::Q8_0),
        (BlockFormat::Q4, GgmlDType::Q4_0),
        (BlockFormat::Q4K, GgmlDType::Q4K),
    ];

    #[test]
    fn sizes_are_those_of_the_library() {
        for (format, library) in ALL {
            assert_eq!((format.weights(), format.bytes()), (library.block_size(), library.type_size()));
        }
    }

    proptest! {
        /// Any bytes are blocks: not only those that our encoder writes. Scales that are not finite are not
        /// weights of a network, and the file that holds them is refused elsewhere.
        #[test]
        fn any_bytes_decode_as_in_the_library(
            (format, library) in prop::sample::select(&ALL[..]),
            blocks in 1_usize..4,
            seed in prop::collection::vec(any::<u8>(), 4 * 144),
        ) {
            let mut bytes = seed[..blocks * format.bytes()].to_vec();
            for block in bytes.chunks_mut(format.bytes()) {
                // Neither infinite nor NaN.
                block[1] &= 0xbb;
                block[3] &= 0xbb;
            }
            let count = blocks * format.weights();
            let mut found = vec![f32::NAN; count];
            format.decode(&bytes, &mut found);
            let storage = QStorage::from_data(Cow::Borrowed(&bytes), &Device::Cpu, library).unwrap();
            let theirs = QTensor::new(storage, count).unwrap().dequantize(&Device::Cpu).unwrap();
            prop_assert_eq!(found, theirs.to_vec1::<f32>().unwrap());
        }
    }
}
