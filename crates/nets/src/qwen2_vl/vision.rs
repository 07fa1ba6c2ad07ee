//! The vision tower: patches of photos in, tokens for the language model out.

use candle_core::{Device, Result, Tensor};

use super::config::VisionConfig;
use super::patches::Patches;
use super::positions::inverse_frequencies;
use crate::operators::{Activation, Linear, Norm, Operators, Rotation, gelu};
use crate::vision_transformer::{Layers, LayersConfig};

const EPSILON: f64 = 1e-6;
const ROTARY_BASE: f64 = 10_000.0;

/// The whole tower.
#[derive(Clone, Debug)]
pub(super) struct VisionTower {
    pub(super) config: VisionConfig,
    pub(super) operators: Operators,
    pub(super) patch_embedding: Linear,
    pub(super) layers: Layers,
    pub(super) merger_norm: Norm,
    pub(super) merger_expand: Linear,
    pub(super) merger_contract: Linear,
}

/// The tower's layers, in the terms of [`crate::vision_transformer`].
pub(super) const fn layers_config(config: &VisionConfig) -> LayersConfig {
    LayersConfig {
        width: config.embed_dim,
        mlp: config.mlp_dim,
        layers: config.depth,
        heads: config.heads,
        activation: Activation::QuickGelu,
        epsilon: EPSILON,
    }
}

impl VisionTower {
    /// `[merged patches of all photos, output_dim]`, photo after photo. Photos do not see each other.
    pub(super) fn forward(&self, photos: &[&Patches], like: &Tensor) -> Result<Tensor> {
        let VisionConfig { embed_dim, spatial_merge_size, .. } = self.config;
        let (device, kind) = (like.device(), like.dtype());
        let lengths: Vec<usize> = photos.iter().map(|photo| photo.count()).collect();
        let count: usize = lengths.iter().sum();
        let mut pixels = Vec::with_capacity(photos.iter().map(|photo| photo.values.len()).sum());
        for photo in photos {
            pixels.extend_from_slice(&photo.values);
        }
        let inputs = pixels.len() / count.max(1);
        let pixels = Tensor::from_vec(pixels, (count, inputs), device)?.to_dtype(kind)?;
        let embedded = self.patch_embedding.forward(&pixels)?;
        drop(pixels);
        let rotation = self.rotation(photos, device)?;
        let hidden = self.layers.forward(&embedded, &lengths, false, Some(&rotation))?;
        let merged = spatial_merge_size * spatial_merge_size;
        let normal = self.merger_norm.forward(self.operators, &hidden, EPSILON)?;
        let normal = normal.reshape((count / merged, merged * embed_dim))?;
        let wide = gelu(self.operators, &self.merger_expand.forward(&normal)?)?;
        self.merger_contract.forward(&wide)
    }

    /// Two-dimensional rotary positions: a quarter of each head turns with the row, a quarter with the column, and
    /// their partners alike. Patches come in blocks of merged patches.
    fn rotation(&self, photos: &[&Patches], device: &Device) -> Result<Rotation> {
        let head = self.config.head_dim();
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
