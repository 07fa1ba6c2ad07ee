//! An encoder of blocks for tests and benches: candle's.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::blocks::BlockFormat;

pub(crate) fn encode_blocks(format: BlockFormat, weights: &[f32], into: &mut [u8]) {
    let format = match format {
        BlockFormat::Q8 => GgmlDType::Q8_0,
        BlockFormat::Q4 => GgmlDType::Q4_0,
        BlockFormat::Q4K => GgmlDType::Q4K,
    };
    let weights = Tensor::from_slice(weights, weights.len(), &Device::Cpu);
    let blocks =
        weights.and_then(|weights| QTensor::quantize(&weights, format)).expect("whole blocks in memory");
    into.copy_from_slice(&blocks.data().expect("blocks in memory"));
}
