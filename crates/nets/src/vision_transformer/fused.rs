//! The layers on the CPU, in buffers that are used again from layer to layer.
//!
//! Between operators that are tensors' own, every result gets fresh memory, whose pages cost a tenth of a pass, and
//! goes through the cache once more. Here queries, keys and values are one product, rotary positions turn them where
//! they lie, and activations and residual sums are done where a product leaves its numbers. The twin is the composed form
//! of the same layers.

use std::sync::Mutex;

use candle_core::Result;

use super::config::LayersConfig;
use super::layers::{Layer, Projections};
use crate::operators::{Angles, AttentionShape, Linear, Norm, Weight, host_floats};
use kernels::attention::{Attention, Strided, attention};
use kernels::norms::layer_norm;
use kernels::panels::AlignedBuffer;
use kernels::rotary::rotate;
use kernels::weights::WeightMatrix;
use kernels::weights_linear::{Then, linear_then};

/// Most rows whose buffers are kept between passes. A row of Qwen2-VL's tower takes 46 KB (1280 numbers five times and 5120
/// once), so that 2048 rows are 94 MB. Larger passes free their buffers: allocating them anew costs little among all layers.
const KEPT_ROWS: usize = 1 << 11;

/// One layer's numbers on the host.
#[derive(Clone, Debug)]
pub(super) struct FusedLayer {
    norm1: Values,
    /// Matrices whose outputs, one after another, are queries, keys and values.
    projections: Vec<WeightMatrix>,
    /// Of queries, keys and values one after another.
    projection_bias: Vec<f32>,
    output: Product,
    norm2: Values,
    expand: Product,
    contract: Product,
}

/// Weight and bias of a norm.
#[derive(Clone, Debug)]
struct Values {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Weight and bias of a linear layer.
#[derive(Clone, Debug)]
struct Product {
    weights: WeightMatrix,
    bias: Vec<f32>,
}

/// What is between the operators of a layer; kept for the next pass.
#[derive(Debug, Default)]
struct Buffers {
    normal: AlignedBuffer,
    projected: AlignedBuffer,
    mixed: AlignedBuffer,
    wide: AlignedBuffer,
}

/// Buffers that no pass is using.
#[derive(Debug, Default)]
pub(super) struct BufferPool(Mutex<Vec<Buffers>>);

impl FusedLayer {
    /// Of a layer whose weights are stored ones.
    pub(super) fn new(layer: Layer) -> Result<Self> {
        let linears = match layer.projections {
            Projections::Apart(linears) => Vec::from(*linears),
            Projections::Joint(linear) => vec![linear],
        };
        let products = linears.into_iter().map(Product::new).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            norm1: Values::new(&layer.norm1)?,
            projection_bias: products.iter().flat_map(|product| &product.bias).copied().collect(),
            projections: products.into_iter().map(|product| product.weights).collect(),
            output: Product::new(layer.output)?,
            norm2: Values::new(&layer.norm2)?,
            expand: Product::new(layer.expand)?,
            contract: Product::new(layer.contract)?,
        })
    }

    /// `hidden`, `[rows, width]`, to what the layer makes of it.
    fn forward(
        &self,
        config: &LayersConfig,
        shape: &AttentionShape,
        angles: Option<&Angles>,
        hidden: &mut [f32],
        buffers: &mut Buffers,
    ) {
        let (width, epsilon) = (config.width, config.epsilon as f32);
        let rows = hidden.len() / width;
        let normal = &mut buffers.normal[..rows * width];
        let projected = &mut buffers.projected[..3 * rows * width];
        let mixed = &mut buffers.mixed[..rows * width];
        let wide = &mut buffers.wide[..rows * config.mlp];

        layer_norm(hidden, &self.norm1.weight, &self.norm1.bias, epsilon, normal);
        let weights: Vec<_> = self.projections.iter().collect();
        linear_then(normal, rows, &weights, Some(&self.projection_bias), Then::Store, projected);
        if let Some(Angles { cosines, sines }) = angles {
            // Queries and keys lie side by side: twice as many heads to turn, and the values left as they are.
            rotate(projected, 3 * width, 2 * config.heads, config.head(), cosines, sines);
        }
        let third = |index: usize| Strided { values: &projected[index * width..], stride: 3 * width };
        let inputs = Attention {
            heads: shape.heads,
            queries: third(0),
            keys: third(1),
            values: third(2),
            prefix: None,
            segments: &shape.segments,
            causal: shape.causal,
            scale: shape.scale,
        };
        attention(&inputs, mixed);
        self.output.run(mixed, rows, Then::Add, hidden);
        layer_norm(hidden, &self.norm2.weight, &self.norm2.bias, epsilon, normal);
        self.expand.run(normal, rows, Then::Map(config.activation.kernel()), wide);
        self.contract.run(wide, rows, Then::Add, hidden);
    }
}

/// `hidden`, `[rows, width]`, to what all layers make of it.
pub(super) fn forward(
    layers: &[FusedLayer],
    config: &LayersConfig,
    shape: &AttentionShape,
    angles: Option<&Angles>,
    pool: &BufferPool,
    hidden: &mut [f32],
) {
    // A thread that panicked while it held the lock left nothing half done in the list.
    let take = || pool.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut buffers = take().pop().unwrap_or_default();
    let rows = hidden.len() / config.width;
    buffers.normal.reserve(rows * config.width);
    buffers.projected.reserve(3 * rows * config.width);
    buffers.mixed.reserve(rows * config.width);
    buffers.wide.reserve(rows * config.mlp);
    for layer in layers {
        layer.forward(config, shape, angles, hidden, &mut buffers);
    }
    if rows <= KEPT_ROWS {
        take().push(buffers);
    }
}

impl Values {
    fn new(norm: &Norm) -> Result<Self> {
        Ok(Self { weight: host_floats(&norm.weight)?, bias: host_floats(&norm.bias)? })
    }
}

impl Product {
    fn new(linear: Linear) -> Result<Self> {
        let Linear { weight: Weight::Stored(weights), bias: Some(bias), low_rank: None } = linear else {
            candle_core::bail!("a fused layer has stored weights, a bias and no adapter");
        };
        Ok(Self { weights, bias: host_floats(&bias)? })
    }

    fn run(&self, input: &[f32], rows: usize, then: Then, output: &mut [f32]) {
        linear_then(input, rows, &[&self.weights], Some(&self.bias), then, output);
    }
}
