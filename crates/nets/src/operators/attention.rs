//! Attention over packed groups of tokens.

use candle_core::{CpuStorage, CustomOp3, D, DType, Device, Layout, Result, Shape, Storage, Tensor};

use super::{Operators, floats};
use kernels::attention::{Attention, Heads, Segment, Strided};

/// Who sees whom.
#[derive(Clone, Debug)]
pub struct AttentionShape {
    /// Heads and their width.
    pub heads: Heads,
    /// Rows at the start of keys and values that every query sees: the shared prefix.
    pub prefix: usize,
    /// Groups that do not see each other. Query ranges count rows of the queries; key ranges count rows after the
    /// prefix. With `causal`, the last query of a group is aligned with its last key.
    pub segments: Vec<Segment>,
    /// Whether a token sees only itself and what precedes it.
    pub causal: bool,
    /// Factor of the products, `1 / sqrt(dimension)`.
    pub scale: f32,
}

/// Scaled dot-product attention: queries `[rows, heads * dimension]`, keys and values `[prefix + rows,
/// key-value heads * dimension]`, result `[queries of all segments, heads * dimension]`.
///
/// # Errors
/// Shapes that disagree; device errors.
pub fn attention(
    operators: Operators,
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    shape: &AttentionShape,
) -> Result<Tensor> {
    match operators {
        Operators::Fused => queries.apply_op3_no_bwd(keys, values, &Fused { shape }),
        Operators::Composed => {
            let prefix = (keys.narrow(0, 0, shape.prefix)?, values.narrow(0, 0, shape.prefix)?);
            let rows = keys.dim(0)? - shape.prefix;
            let (keys, values) = (keys.narrow(0, shape.prefix, rows)?, values.narrow(0, shape.prefix, rows)?);
            composed(queries, (&prefix.0, &prefix.1), (&keys, &values), shape)
        }
    }
}

/// As [`attention()`], with the keys and values of the prefix apart from the others: `prefix` holds
/// `[shape.prefix, key-value heads * dimension]` of both, `own` `[rows, key-value heads * dimension]`. A cache that grows
/// at every step is so never copied together with what precedes it. Segments may leave rows out and have any order.
///
/// # Errors
/// As [`attention()`].
pub fn attention_beside(
    operators: Operators,
    queries: &Tensor,
    prefix: (&Tensor, &Tensor),
    own: (&Tensor, &Tensor),
    shape: &AttentionShape,
) -> Result<Tensor> {
    if operators == Operators::Composed {
        return composed(queries, prefix, own, shape);
    }
    let (rows, width) = own.0.dims2()?;
    let fits = own.1.dims2()? == (rows, width)
        && [prefix.0, prefix.1].iter().all(|tensor| tensor.dims() == [shape.prefix, width])
        && queries.dim(1)? == shape.heads.query * shape.heads.dimension
        && width == shape.heads.key_value * shape.heads.dimension
        && shape.fits(queries.dim(0)?, rows);
    if !fits {
        candle_core::bail!(
            "attention: queries {:?}, prefix {:?}, keys {:?}, values {:?}, {:?}",
            queries.shape(),
            prefix.0.shape(),
            own.0.shape(),
            own.1.shape(),
            shape.heads
        );
    }
    with_floats(&[queries, prefix.0, prefix.1, own.0, own.1], |tensors| {
        let [queries, prefix_keys, prefix_values, keys, values] = *tensors else {
            candle_core::bail!("attention takes five tensors");
        };
        let mut output = vec![0.0; shape.query_rows() * shape.heads.query * shape.heads.dimension];
        shape.run(queries, (prefix_keys, prefix_values), (keys, values), &mut output);
        Tensor::from_vec(
            output,
            (shape.query_rows(), shape.heads.query * shape.heads.dimension),
            &Device::Cpu,
        )
    })
}

/// Calls with the floats of contiguous CPU tensors.
fn with_floats<T>(tensors: &[&Tensor], call: impl FnOnce(&[&[f32]]) -> Result<T>) -> Result<T> {
    let guards: Vec<_> = tensors.iter().map(|tensor| tensor.storage_and_layout()).collect();
    let slices: Vec<&[f32]> = guards
        .iter()
        .map(|(storage, layout)| match &**storage {
            Storage::Cpu(storage) => floats(storage, layout),
            _ => candle_core::bail!("a fused operator was given a tensor that is not on the CPU"),
        })
        .collect::<Result<_>>()?;
    call(&slices)
}

impl AttentionShape {
    /// Rows of the result.
    fn query_rows(&self) -> usize {
        self.segments.iter().map(|segment| segment.queries.len()).sum()
    }

    /// Whether the segments lie within so many queries, and keys after the prefix.
    fn fits(&self, queries: usize, keys: usize) -> bool {
        self.segments.iter().all(|segment| {
            segment.queries.end <= queries
                && segment.keys.end <= keys
                && (!self.causal || segment.queries.len() <= segment.keys.len())
        })
    }

    /// Runs the kernel.
    fn run(&self, queries: &[f32], prefix: (&[f32], &[f32]), own: (&[f32], &[f32]), output: &mut [f32]) {
        let key_width = self.heads.key_value * self.heads.dimension;
        let strided = |values| Strided { values, stride: key_width };
        let inputs = Attention {
            heads: self.heads,
            queries: Strided { values: queries, stride: self.heads.query * self.heads.dimension },
            keys: strided(own.0),
            values: strided(own.1),
            prefix: (self.prefix > 0).then(|| (strided(prefix.0), strided(prefix.1), self.prefix)),
            segments: &self.segments,
            causal: self.causal,
            scale: self.scale,
        };
        kernels::attention::attention(&inputs, output);
    }
}

fn composed(
    queries: &Tensor,
    (prefix_keys, prefix_values): (&Tensor, &Tensor),
    (keys, values): (&Tensor, &Tensor),
    shape: &AttentionShape,
) -> Result<Tensor> {
    let heads = shape.heads;
    let mut outputs = Vec::with_capacity(shape.segments.len());
    for segment in &shape.segments {
        let (rows, own) = (segment.queries.len(), segment.keys.len());
        let seen = shape.prefix + own;
        let with_prefix = |prefix: &Tensor, all: &Tensor| -> Result<Tensor> {
            let own_rows = all.narrow(0, segment.keys.start, own)?;
            let rows = Tensor::cat(&[prefix, &own_rows], 0)?;
            // Each key-value head serves a run of query heads.
            let repeats = heads.query / heads.key_value;
            rows.reshape((seen, heads.key_value, 1, heads.dimension))?
                .expand((seen, heads.key_value, repeats, heads.dimension))?
                .reshape((seen, heads.query, heads.dimension))?
                .transpose(0, 1)?
                .contiguous()
        };
        let queries = queries
            .narrow(0, segment.queries.start, rows)?
            .reshape((rows, heads.query, heads.dimension))?
            .transpose(0, 1)?
            .contiguous()?;
        let products = queries.matmul(&with_prefix(prefix_keys, keys)?.transpose(1, 2)?)?;
        let mut scores = (products.to_dtype(DType::F32)? * f64::from(shape.scale))?;
        if shape.causal {
            scores = scores.broadcast_add(&causal_mask(rows, own, seen, scores.device())?)?;
        }
        let largest = scores.max_keepdim(D::Minus1)?;
        let powers = scores.broadcast_sub(&largest)?.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?.to_dtype(queries.dtype())?;
        let mixed = weights.matmul(&with_prefix(prefix_values, values)?)?;
        outputs.push(mixed.transpose(0, 1)?.reshape((rows, heads.query * heads.dimension))?);
    }
    Tensor::cat(&outputs, 0)
}

/// `[1, rows, seen]`: 0 where a query may look, minus infinity elsewhere.
fn causal_mask(rows: usize, own: usize, seen: usize, device: &Device) -> Result<Tensor> {
    let mut mask = Vec::with_capacity(rows * seen);
    for row in 0..rows {
        let last = seen - own + (own + row - rows.min(own));
        mask.extend((0..seen).map(|key| if key <= last { 0.0 } else { f32::NEG_INFINITY }));
    }
    Tensor::from_vec(mask, (1, rows, seen), device)
}

struct Fused<'a> {
    shape: &'a AttentionShape,
}

impl CustomOp3 for Fused<'_> {
    fn name(&self) -> &'static str {
        "packed-attention"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_layout: &Layout,
        keys: &CpuStorage,
        keys_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let AttentionShape { heads, prefix, .. } = *self.shape;
        let (rows, width) = queries_layout.shape().dims2()?;
        let (key_rows, key_width) = keys_layout.shape().dims2()?;
        let fits = width == heads.query * heads.dimension
            && key_width == heads.key_value * heads.dimension
            && values_layout.shape() == keys_layout.shape()
            && prefix <= key_rows
            && self.shape.fits(rows, key_rows - prefix);
        if !fits {
            candle_core::bail!(
                "attention: queries {:?}, keys {:?}, values {:?}, {heads:?}",
                queries_layout.shape(),
                keys_layout.shape(),
                values_layout.shape()
            );
        }
        let (prefix_keys, keys) = floats(keys, keys_layout)?.split_at(prefix * key_width);
        let (prefix_values, values) = floats(values, values_layout)?.split_at(prefix * key_width);
        let total = self.shape.query_rows();
        let mut output = vec![0.0; total * width];
        self.shape.run(
            floats(queries, queries_layout)?,
            (prefix_keys, prefix_values),
            (keys, values),
            &mut output,
        );
        Ok((CpuStorage::F32(output), Shape::from((total, width))))
    }
}
