//! Weight matrices as they are stored: f32, bf16, f16 or quantised blocks.
//!
//! A matrix stays in its storage, in memory or in a mapped file; [`super::weights_linear`] widens a block of its
//! rows to f32 at a time, while it packs them for the product. The block formats are those of GGUF files
//! ([`super::blocks`]).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use super::blocks::{BLOCK, BlockEncoder, BlockFormat, SUPER_BLOCK};
use files::MappedFile;

/// How each weight is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Whole rows of blocks, in memory.
    Blocks(BlockFormat, Arc<[u8]>),
    /// The same in these bytes of a file.
    MappedBlocks(BlockFormat, Arc<MappedFile>, Range<usize>),
}

/// The blocks in which a row of `inputs` weights is stored; `None` where they do not divide it, and for plain numbers.
fn block_format(stored: StoredType, inputs: usize) -> Option<BlockFormat> {
    match stored {
        StoredType::Q8 if inputs.is_multiple_of(BLOCK) => Some(BlockFormat::Q8),
        StoredType::Q4 if inputs.is_multiple_of(SUPER_BLOCK) => Some(BlockFormat::Q4K),
        StoredType::Q4 if inputs.is_multiple_of(BLOCK) => Some(BlockFormat::Q4),
        _ => None,
    }
}

/// Bytes of a matrix `[outputs, inputs]` in blocks; `None` where `stored` has none for such rows.
pub fn block_bytes(stored: StoredType, outputs: usize, inputs: usize) -> Option<usize> {
    let format = block_format(stored, inputs)?;
    outputs.checked_mul(inputs / format.weights())?.checked_mul(format.bytes())
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

    /// Little-endian numbers or blocks in the `bytes` of a file, read in place. `None` if their length is not that of
    /// `[outputs, inputs]`, the file ends before, or rows of that length have no such blocks.
    pub fn from_file(
        file: Arc<MappedFile>,
        bytes: Range<usize>,
        stored: StoredType,
        outputs: usize,
        inputs: usize,
    ) -> Option<Self> {
        let length = match stored.width() {
            Some(width) => outputs.checked_mul(inputs)?.checked_mul(width)?,
            None => block_bytes(stored, outputs, inputs)?,
        };
        let fits = file.get(bytes.clone())?.len() == length;
        let storage = match block_format(stored, inputs) {
            Some(format) => Storage::MappedBlocks(format, file, bytes),
            None => Storage::Mapped(file, bytes),
        };
        fits.then_some(Self { storage, stored, outputs, inputs, rounds_inputs: false })
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
    /// weights are stored as such or in blocks of fewer bits, [`linear`](super::weights_linear::linear) may round its
    /// input to bf16 too (and what it makes of blocks), to nearest even, and is then about twice as fast. Sums stay f32.
    /// Done on request only: the error is far larger than that of f32 arithmetic.
    #[must_use]
    pub fn with_rounded_inputs(mut self) -> Self {
        self.rounds_inputs = true;
        self
    }

    /// Whether inputs may be rounded to bf16.
    pub(super) fn rounds_inputs(&self) -> bool {
        self.rounds_inputs && !matches!(self.stored, StoredType::F32 | StoredType::F16)
    }

    /// Bytes of the storage.
    pub fn bytes(&self) -> usize {
        match &self.storage {
            Storage::Floats(values) => size_of_val::<[f32]>(values),
            Storage::Halves(values) => size_of_val::<[u16]>(values),
            Storage::Mapped(_, bytes) | Storage::MappedBlocks(_, _, bytes) => bytes.len(),
            Storage::Blocks(_, bytes) => bytes.len(),
        }
    }

    /// The blocks as they are stored, row after row; `None` for plain numbers.
    pub fn blocks(&self) -> Option<&[u8]> {
        match &self.storage {
            Storage::Blocks(_, bytes) => Some(bytes),
            Storage::MappedBlocks(_, file, bytes) => file.get(bytes.clone()),
            _ => None,
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

    /// Some weights as pairs of bf16 in words, the first of a pair in the lower half, if they lie so in memory.
    pub(super) fn as_pairs(&self, weights: Range<usize>) -> Option<&[f32]> {
        if self.stored != StoredType::Bf16 || !cfg!(target_endian = "little") {
            return None;
        }
        let bytes = match &self.storage {
            Storage::Halves(values) => bytemuck::cast_slice(&values[weights]),
            Storage::Mapped(file, bytes) => {
                &file[bytes.start + 2 * weights.start..bytes.start + 2 * weights.end]
            }
            _ => return None,
        };
        bytemuck::try_cast_slice(bytes).ok()
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
            Storage::Blocks(format, bytes) => decode(*format, bytes, &range, into),
            Storage::MappedBlocks(format, file, bytes) => decode(*format, &file[bytes.clone()], &range, into),
        }
    }

    /// The least number of weights in one block of the storage; every row is a multiple.
    pub(super) fn block(&self) -> usize {
        match &self.storage {
            Storage::Blocks(format, _) | Storage::MappedBlocks(format, ..) => format.weights(),
            _ => 1,
        }
    }

    /// The same matrix in another storage, rounded to nearest; by the current rayon pool. A block format whose
    /// blocks of 32 do not divide the inputs becomes bf16; `encode` makes its blocks.
    #[must_use]
    pub fn convert(&self, to: StoredType, encode: BlockEncoder) -> Self {
        let format = block_format(to, self.inputs);
        let to = if to.width().is_none() && format.is_none() { StoredType::Bf16 } else { to };
        if to == self.stored {
            return self.clone();
        }
        let width = self.inputs;
        let storage = match to {
            StoredType::F32 => {
                Storage::Floats(self.convert_rows(width, 0.0, |from, to| to.copy_from_slice(from)))
            }
            StoredType::Bf16 => Storage::Halves(self.convert_rows(width, 0, |from, to: &mut [u16]| {
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = half::bf16::from_f32(from).to_bits();
                }
            })),
            StoredType::F16 => Storage::Halves(self.convert_rows(width, 0, |from, to: &mut [u16]| {
                bytemuck::cast_slice_mut::<u16, half::f16>(to).convert_from_f32_slice(from);
            })),
            StoredType::Q8 | StoredType::Q4 => {
                let format = format.unwrap_or(BlockFormat::Q8);
                let width = width / format.weights() * format.bytes();
                Storage::Blocks(format, self.convert_rows(width, 0, |from, to| encode(format, from, to)))
            }
        };
        Self { storage, stored: to, ..self.clone() }
    }

    /// Row by row through f32 into rows of `width` units.
    fn convert_rows<T: Clone + Send + Sync>(
        &self,
        width: usize,
        zero: T,
        convert: impl Fn(&[f32], &mut [T]) + Sync,
    ) -> Arc<[T]> {
        let mut converted = vec![zero; self.outputs * width];
        converted.par_chunks_mut(width.max(1)).enumerate().for_each_init(
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

fn decode(format: BlockFormat, blocks: &[u8], range: &Range<usize>, into: &mut [f32]) {
    let (weights, bytes) = (format.weights(), format.bytes());
    assert!(
        range.start.is_multiple_of(weights) && range.end.is_multiple_of(weights),
        "weights of parts of blocks"
    );
    format.decode(&blocks[range.start / weights * bytes..range.end / weights * bytes], into);
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
