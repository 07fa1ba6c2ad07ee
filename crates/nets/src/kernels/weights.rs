//! Weight matrices as they are stored: f32, bf16, f16 or quantised blocks.
//!
//! A matrix stays in its storage, in memory or in a mapped file; [`super::weights_linear`] widens a block of its
//! rows to f32 at a time, while it packs them for the product. The block formats are those of GGUF files, encoded
//! and decoded by candle.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use candle_core::quantized::GgmlType;
use candle_core::quantized::k_quants::{BlockQ4_0, BlockQ4K, BlockQ8_0};
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use crate::mapped_file::MappedFile;

/// How each weight is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredType {
    /// 4 bytes.
    F32,
    /// The upper half of an f32.
    Bf16,
    /// IEEE half precision.
    F16,
    /// GGUF's `Q8_0`: blocks of 32 with one f16 scale, 8.5 bits a weight.
    Q8,
    /// GGUF's `Q4_K` (super-blocks of 256) where the inputs allow it, else `Q4_0` (blocks of 32): 4.5 bits a weight.
    Q4,
}

impl StoredType {
    /// Bytes of one weight; `None` for block formats.
    const fn width(self) -> Option<usize> {
        match self {
            Self::F32 => Some(4),
            Self::Bf16 | Self::F16 => Some(2),
            Self::Q8 | Self::Q4 => None,
        }
    }
}

/// A matrix `[outputs, inputs]` in whatever storage; a clone shares it.
#[derive(Clone)]
pub struct WeightMatrix {
    storage: Storage,
    stored: StoredType,
    outputs: usize,
    inputs: usize,
    rounds_inputs: bool,
}

#[derive(Clone)]
enum Storage {
    Floats(Arc<[f32]>),
    /// Bf16 or f16, as bits.
    Halves(Arc<[u16]>),
    /// Plain numbers of any width, little-endian and aligned to nothing, in these bytes of a file.
    Mapped(Arc<MappedFile>, Range<usize>),
    Q8(Arc<[BlockQ8_0]>),
    Q4K(Arc<[BlockQ4K]>),
    Q4(Arc<[BlockQ4_0]>),
}

impl WeightMatrix {
    /// From values `[outputs, inputs]`.
    ///
    /// # Panics
    /// If their count is another: a mistake in the calling code.
    pub fn from_f32(values: Vec<f32>, outputs: usize, inputs: usize) -> Self {
        assert_eq!(Some(values.len()), outputs.checked_mul(inputs), "values of another shape");
        Self {
            storage: Storage::Floats(values.into()),
            stored: StoredType::F32,
            outputs,
            inputs,
            rounds_inputs: false,
        }
    }

    /// Plain little-endian numbers in the `bytes` of a file, read in place. `None` if their length is not that of
    /// `[outputs, inputs]`, the file ends before, or `stored` is a block format.
    pub fn from_file(
        file: Arc<MappedFile>,
        bytes: Range<usize>,
        stored: StoredType,
        outputs: usize,
        inputs: usize,
    ) -> Option<Self> {
        let length = outputs.checked_mul(inputs)?.checked_mul(stored.width()?)?;
        let fits = file.get(bytes.clone())?.len() == length;
        fits.then_some(Self {
            storage: Storage::Mapped(file, bytes),
            stored,
            outputs,
            inputs,
            rounds_inputs: false,
        })
    }

    /// Rows: numbers out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns: numbers in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How each weight is stored.
    pub fn stored(&self) -> StoredType {
        self.stored
    }

    /// The same matrix, for computing in bf16: where the processor multiplies pairs of bf16 (`avx512_bf16`) and the
    /// weights are stored as such, [`linear`](super::weights_linear::linear) may round its input to bf16 too, to
    /// nearest even, and is then about twice as fast. Sums stay f32. Never done unasked: it is no f32 noise.
    #[must_use]
    pub fn with_rounded_inputs(mut self) -> Self {
        self.rounds_inputs = true;
        self
    }

    /// Whether inputs may be rounded to bf16.
    pub(super) fn rounds_inputs(&self) -> bool {
        self.rounds_inputs && self.stored == StoredType::Bf16
    }

    /// Bytes of the storage.
    pub fn bytes(&self) -> usize {
        match &self.storage {
            Storage::Floats(values) => size_of_val::<[f32]>(values),
            Storage::Halves(values) => size_of_val::<[u16]>(values),
            Storage::Mapped(_, bytes) => bytes.len(),
            Storage::Q8(blocks) => size_of_val::<[BlockQ8_0]>(blocks),
            Storage::Q4K(blocks) => size_of_val::<[BlockQ4K]>(blocks),
            Storage::Q4(blocks) => size_of_val::<[BlockQ4_0]>(blocks),
        }
    }

    /// The whole matrix, if it lies in memory as f32: in a vector, or aligned in a mapped file.
    pub(super) fn as_f32(&self) -> Option<&[f32]> {
        match &self.storage {
            Storage::Floats(values) => Some(values),
            Storage::Mapped(file, bytes)
                if self.stored == StoredType::F32 && cfg!(target_endian = "little") =>
            {
                bytemuck::try_cast_slice(&file[bytes.clone()]).ok()
            }
            _ => None,
        }
    }

    /// Writes some rows as f32 `[rows, inputs]`.
    ///
    /// # Panics
    /// If the rows are out of range or `into` is of another length: a mistake in the calling code.
    pub fn widen_rows(&self, rows: Range<usize>, into: &mut [f32]) {
        assert!(rows.start <= rows.end && rows.end <= self.outputs, "rows out of range");
        let count = rows.len() * self.inputs;
        assert_eq!(into.len(), count, "buffer of another shape");
        self.widen(rows.start * self.inputs, into);
    }

    /// Writes the weights from index `first` on as f32. In block formats `first` and the length are multiples of
    /// the block, as whole rows are.
    pub(super) fn widen(&self, first: usize, into: &mut [f32]) {
        let range = first..first + into.len();
        match &self.storage {
            Storage::Floats(values) => into.copy_from_slice(&values[range]),
            Storage::Halves(values) => widen_halves(&values[range], self.stored, into),
            Storage::Mapped(file, bytes) => {
                let width = self.stored.width().unwrap_or(1);
                let start = bytes.start + first * width;
                widen_bytes(&file[start..start + into.len() * width], self.stored, into);
            }
            Storage::Q8(blocks) => decode(blocks, &range, into),
            Storage::Q4K(blocks) => decode(blocks, &range, into),
            Storage::Q4(blocks) => decode(blocks, &range, into),
        }
    }

    /// The least number of weights in one block of the storage; every row is a multiple.
    pub(super) fn block(&self) -> usize {
        match &self.storage {
            Storage::Q8(_) => BlockQ8_0::BLCK_SIZE,
            Storage::Q4K(_) => BlockQ4K::BLCK_SIZE,
            Storage::Q4(_) => BlockQ4_0::BLCK_SIZE,
            _ => 1,
        }
    }

    /// The same matrix in another storage, rounded to nearest; by the current rayon pool. A block format whose
    /// blocks of 32 do not divide the inputs becomes bf16.
    #[must_use]
    pub fn convert(&self, to: StoredType) -> Self {
        let to = if to.width().is_none() && !self.inputs.is_multiple_of(32) { StoredType::Bf16 } else { to };
        if to == self.stored {
            return self.clone();
        }
        let storage = match to {
            StoredType::F32 => {
                Storage::Floats(self.convert_rows(1, 0.0, |from, to| to.copy_from_slice(from)))
            }
            StoredType::Bf16 => Storage::Halves(self.convert_rows(1, 0, |from, to: &mut [u16]| {
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = half::bf16::from_f32(from).to_bits();
                }
            })),
            StoredType::F16 => Storage::Halves(self.convert_rows(1, 0, |from, to: &mut [u16]| {
                bytemuck::cast_slice_mut::<u16, half::f16>(to).convert_from_f32_slice(from);
            })),
            StoredType::Q8 => Storage::Q8(self.encode()),
            StoredType::Q4 if self.inputs.is_multiple_of(BlockQ4K::BLCK_SIZE) => Storage::Q4K(self.encode()),
            StoredType::Q4 => Storage::Q4(self.encode()),
        };
        Self { storage, stored: to, ..self.clone() }
    }

    fn encode<B: GgmlType>(&self) -> Arc<[B]> {
        self.convert_rows(B::BLCK_SIZE, B::zeros(), B::from_float)
    }

    /// Row by row through f32 into units of `block` weights each.
    fn convert_rows<T: Clone + Send + Sync>(
        &self,
        block: usize,
        zero: T,
        convert: impl Fn(&[f32], &mut [T]) + Sync,
    ) -> Arc<[T]> {
        let mut converted = vec![zero; self.outputs * self.inputs / block];
        let width = (self.inputs / block).max(1);
        converted.par_chunks_mut(width).enumerate().for_each_init(
            || vec![0.0; self.inputs],
            |buffer, (row, into)| {
                self.widen(row * self.inputs, buffer);
                convert(buffer, into);
            },
        );
        converted.into()
    }

    /// The index of the first weight that is infinite or not a number; by the current rayon pool.
    pub fn first_non_finite(&self) -> Option<usize> {
        /// Weights looked at together.
        const CHUNK: usize = 1 << 16;
        let count = self.outputs * self.inputs;
        (0..count.div_ceil(CHUNK)).into_par_iter().find_map_first(|chunk| {
            let range = chunk * CHUNK..count.min((chunk + 1) * CHUNK);
            let found = match (&self.storage, self.stored) {
                (Storage::Floats(values), _) => {
                    first_with(&values[range.clone()], |value| value.to_bits() & 0x7f80_0000 == 0x7f80_0000)
                }
                (Storage::Halves(values), StoredType::Bf16) => {
                    first_with(&values[range.clone()], |bits| bits & 0x7f80 == 0x7f80)
                }
                (Storage::Halves(values), _) => {
                    first_with(&values[range.clone()], |bits| bits & 0x7c00 == 0x7c00)
                }
                (Storage::Mapped(file, bytes), stored) => {
                    let width = stored.width().unwrap_or(1);
                    let start = bytes.start + range.start * width;
                    first_non_finite_bytes(&file[start..start + range.len() * width], stored)
                }
                _ => {
                    let mut values = vec![0.0; range.len()];
                    self.widen(range.start, &mut values);
                    first_with(&values, |value| !value.is_finite())
                }
            };
            found.map(|index| range.start + index)
        })
    }
}

/// First a pass without branches, which the compiler turns into SIMD, then the search where there is something.
fn first_with<T: Copy>(values: &[T], wrong: impl Fn(T) -> bool) -> Option<usize> {
    let any = values.iter().fold(false, |any, &value| any | wrong(value));
    if any { values.iter().position(|&value| wrong(value)) } else { None }
}

fn first_non_finite_bytes(bytes: &[u8], stored: StoredType) -> Option<usize> {
    if stored == StoredType::F32 {
        let (values, _) = bytes.as_chunks::<4>();
        return first_with(values, |bytes| u32::from_le_bytes(bytes) & 0x7f80_0000 == 0x7f80_0000);
    }
    let mask = if stored == StoredType::Bf16 { 0x7f80 } else { 0x7c00 };
    let (values, _) = bytes.as_chunks::<2>();
    first_with(values, |bytes| u16::from_le_bytes(bytes) & mask == mask)
}

fn widen_halves(bits: &[u16], stored: StoredType, into: &mut [f32]) {
    if stored == StoredType::F16 {
        bytemuck::cast_slice::<u16, half::f16>(bits).convert_to_f32_slice(into);
        return;
    }
    for (into, &bits) in into.iter_mut().zip(bits) {
        *into = f32::from_bits(u32::from(bits) << 16);
    }
}

fn widen_bytes(bytes: &[u8], stored: StoredType, into: &mut [f32]) {
    match stored {
        StoredType::F32 => {
            for (into, &bytes) in into.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *into = f32::from_le_bytes(bytes);
            }
        }
        StoredType::F16 => {
            // The conversion wants aligned numbers: a copy where they are not.
            const CHUNK: usize = 512;
            let mut buffer = [0_u16; CHUNK];
            for (into, bytes) in into.chunks_mut(CHUNK).zip(bytes.as_chunks::<2>().0.chunks(CHUNK)) {
                for (bits, &bytes) in buffer.iter_mut().zip(bytes) {
                    *bits = u16::from_le_bytes(bytes);
                }
                widen_halves(&buffer[..bytes.len()], stored, into);
            }
        }
        _ => {
            for (into, &bytes) in into.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *into = f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16);
            }
        }
    }
}

fn decode<B: GgmlType>(blocks: &[B], range: &Range<usize>, into: &mut [f32]) {
    assert!(
        range.start.is_multiple_of(B::BLCK_SIZE) && range.end.is_multiple_of(B::BLCK_SIZE),
        "weights of parts of blocks"
    );
    B::to_float(&blocks[range.start / B::BLCK_SIZE..range.end / B::BLCK_SIZE], into);
}

impl fmt::Debug for WeightMatrix {
    /// Without the values.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WeightMatrix([{}, {}], {:?})", self.outputs, self.inputs, self.stored)
    }
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
