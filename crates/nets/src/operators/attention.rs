//! Attention over packed groups of tokens.

use candle_core::{CpuStorage, CustomOp3, D, DType, Device, Layout, Result, Shape, Tensor};

use super::{Operators, floats};
use crate::kernels::attention::{Attention, Heads, Segment, Strided};

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
        Operators::Composed => composed(queries, keys, values, shape),
    }
}

fn composed(queries: &Tensor, keys: &Tensor, values: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let heads = shape.heads;
    let prefix_keys = keys.narrow(0, 0, shape.prefix)?;
    let prefix_values = values.narrow(0, 0, shape.prefix)?;
    let mut outputs = Vec::with_capacity(shape.segments.len());
    for segment in &shape.segments {
        let (rows, own) = (segment.queries.len(), segment.keys.len());
        let seen = shape.prefix + own;
        let with_prefix = |prefix: &Tensor, all: &Tensor| -> Result<Tensor> {
            let own_rows = all.narrow(0, shape.prefix + segment.keys.start, own)?;
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
        let products = queries.matmul(&with_prefix(&prefix_keys, keys)?.transpose(1, 2)?)?;
        let mut scores = (products.to_dtype(DType::F32)? * f64::from(shape.scale))?;
        if shape.causal {
            scores = scores.broadcast_add(&causal_mask(rows, own, seen, scores.device())?)?;
        }
        let largest = scores.max_keepdim(D::Minus1)?;
        let powers = scores.broadcast_sub(&largest)?.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?.to_dtype(queries.dtype())?;
        let mixed = weights.matmul(&with_prefix(&prefix_values, values)?)?;
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
        let AttentionShape { heads, prefix, ref segments, causal, scale } = *self.shape;
        let (rows, width) = queries_layout.shape().dims2()?;
        let (key_rows, key_width) = keys_layout.shape().dims2()?;
        let fits = width == heads.query * heads.dimension
            && key_width == heads.key_value * heads.dimension
            && values_layout.shape() == keys_layout.shape()
            && segments.iter().all(|segment| {
                segment.queries.end <= rows
                    && prefix + segment.keys.end <= key_rows
                    && (!causal || segment.queries.len() <= segment.keys.len())
            });
        if !fits {
            candle_core::bail!(
                "attention: queries {:?}, keys {:?}, values {:?}, {heads:?}",
                queries_layout.shape(),
                keys_layout.shape(),
                values_layout.shape()
            );
        }
        let (keys, values) = (floats(keys, keys_layout)?, floats(values, values_layout)?);
        let (prefix_keys, keys) = keys.split_at(prefix * key_width);
        let (prefix_values, values) = values.split_at(prefix * key_width);
        let strided = |values| Strided { values, stride: key_width };
        let total: usize = segments.iter().map(|segment| segment.queries.len()).sum();
        let mut output = vec![0.0; total * width];
        let inputs = Attention {
            heads,
            queries: Strided { values: floats(queries, queries_layout)?, stride: width },
            keys: strided(keys),
            values: strided(values),
            prefix: (prefix > 0).then(|| (strided(prefix_keys), strided(prefix_values), prefix)),
            segments,
            causal,
            scale,
        };
        crate::kernels::attention::attention(&inputs, &mut output);
        Ok((CpuStorage::F32(output), Shape::from((total, width))))
    }
}
