//! Blocks of few bits, encoded by candle, which searches for good scales.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use kernels::blocks::BlockFormat;

/// Encodes whole blocks of weights; a [`kernels::blocks::BlockEncoder`].
///
/// # Panics
/// If `into` does not have the bytes of that many blocks: a mistake in the calling code.
pub(crate) fn encode_blocks(format: BlockFormat, weights: &[f32], into: &mut [u8]) {
    let format = match format {
        BlockFormat::Q8 => GgmlDType::Q8_0,
        BlockFormat::Q4 => GgmlDType::Q4_0,
        BlockFormat::Q4K => GgmlDType::Q4K,
    };
    let blocks = Tensor::from_slice(weights, weights.len(), &Device::Cpu)
        .and_then(|weights| QTensor::quantize(&weights, format))
        .expect("whole blocks are encoded in memory, where nothing else can fail");
    into.copy_from_slice(&blocks.data().expect("they are in memory"));
}
