//! The vision tower: patches of photos in, tokens for the language model out.

use candle_core::{Device, Result, Tensor};

use super::config::VisionConfig;
use super::patches::Patches;
use super::positions::inverse_frequencies;
use crate::operators::{
    AttentionShape, Linear, Norm, Operators, Rotation, attention, gelu, quick_gelu, rotate,
};
use kernels::attention::{Heads, Segment};

const EPSILON: f64 = 1e-6;
const ROTARY_BASE: f64 = 10_000.0;

/// A transformer block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) norm1: Norm,
    pub(super) query_key_value: Linear,
    pub(super) projection: Linear,
    pub(super) norm2: Norm,
    pub(super) expand: Linear,
    pub(super) contract: Linear,
}

/// The whole tower.
#[derive(Clone, Debug)]
pub(super) struct VisionTower {
    pub(super) config: VisionConfig,
    pub(super) operators: Operators,
    pub(super) patch_embedding: Linear,
    pub(super) blocks: Vec<Block>,
    pub(super) merger_norm: Norm,
    pub(super) merger_expand: Linear,
    pub(super) merger_contract: Linear,
}

impl VisionTower {
    /// `[merged patches of all photos, output_dim]`, photo after photo. Photos do not see each other.
    pub(super) fn forward(&self, photos: &[&Patches], like: &Tensor) -> Result<Tensor> {
        let VisionConfig { embed_dim, heads, spatial_merge_size, .. } = self.config;
        let (device, kind) = (like.device(), like.dtype());
        let count: usize = photos.iter().map(|photo| photo.count()).sum();
        let mut pixels = Vec::with_capacity(photos.iter().map(|photo| photo.values.len()).sum());
        for photo in photos {
            pixels.extend_from_slice(&photo.values);
        }
        let inputs = pixels.len() / count.max(1);
        let pixels = Tensor::from_vec(pixels, (count, inputs), device)?.to_dtype(kind)?;
        let rotation = self.rotation(photos, device)?;
        let shape = self.attention_shape(photos);
        let mut hidden = self.patch_embedding.forward(&pixels)?;
        drop(pixels);
        for block in &self.blocks {
            let normal = block.norm1.forward(self.operators, &hidden, EPSILON)?;
            let joint = block.query_key_value.forward(&normal)?;
            let part = |index: usize| joint.narrow(1, index * embed_dim, embed_dim)?.contiguous();
            let queries = rotate(self.operators, &part(0)?, &rotation, heads)?;
            let keys = rotate(self.operators, &part(1)?, &rotation, heads)?;
            let mixed = attention(self.operators, &queries, &keys, &part(2)?, &shape)?;
            hidden = (hidden + block.projection.forward(&mixed)?)?;
            let normal = block.norm2.forward(self.operators, &hidden, EPSILON)?;
            let wide = quick_gelu(self.operators, &block.expand.forward(&normal)?)?;
            hidden = (hidden + block.contract.forward(&wide)?)?;
        }
        let merged = spatial_merge_size * spatial_merge_size;
        let normal = self.merger_norm.forward(self.operators, &hidden, EPSILON)?;
        let normal = normal.reshape((count / merged, merged * embed_dim))?;
        let wide = gelu(self.operators, &self.merger_expand.forward(&normal)?)?;
        self.merger_contract.forward(&wide)
    }

    fn attention_shape(&self, photos: &[&Patches]) -> AttentionShape {
        let dimension = self.config.embed_dim / self.config.heads;
        let mut start = 0;
        let segments = photos
            .iter()
            .map(|photo| {
                let range = start..start + photo.count();
                start = range.end;
                Segment { queries: range.clone(), keys: range }
            })
            .collect();
        AttentionShape {
            heads: Heads { query: self.config.heads, key_value: self.config.heads, dimension },
            prefix: 0,
            segments,
            causal: false,
            scale: 1.0 / (dimension as f32).sqrt(),
        }
    }

    /// Two-dimensional rotary positions: a quarter of each head turns with the row, a quarter with the column, and
    /// their partners alike. Patches come in blocks of merged patches.
    fn rotation(&self, photos: &[&Patches], device: &Device) -> Result<Rotation> {
        let head = self.config.embed_dim / self.config.heads;
        let frequencies = inverse_frequencies(ROTARY_BASE, head / 2);
        let merge = self.config.spatial_merge_size;
        let mut angles = Vec::new();
        let mut push = |row: usize, column: usize| {
            for position in [row, column] {
                angles.extend(frequencies.iter().map(|frequency| position as f32 * frequency));
            }
        };
        for photo in photos {
            for block_row in (0..photo.rows).step_by(merge) {
                for block_column in (0..photo.columns).step_by(merge) {
                    for row in block_row..block_row + merge {
                        for column in block_column..block_column + merge {
                            push(row, column);
                        }
                    }
                }
            }
        }
        Rotation::new(&angles, head / 2, device)
    }
}
