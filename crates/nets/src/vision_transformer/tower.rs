//! From pixels to one vector a photo.

use candle_core::{Result, Tensor};

use super::config::{Pooling, VisionConfig};
use super::layers::{Layers, attention_shape};
use super::{biased, computing, few_rows};
use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::holding::{Holding, LayerReader};
use crate::load_options::Workers;
use crate::operators::{Linear, Norm, Operators, attention};
use kernels::attention::Segment;

/// Photos that go through the layers together: enough to read every weight once for many rows, few enough that the
/// activations of a large tower stay within some hundred MB.
const PHOTOS_AT_ONCE: usize = 16;

/// The whole tower.
#[derive(Clone, Debug)]
pub(crate) struct VisionTower {
    config: VisionConfig,
    holding: Holding,
    patch_embedding: Linear,
    /// `[tokens, width]`.
    positions: Tensor,
    layers: Layers,
    head: Head,
}

/// What differs between CLIP and `SigLIP`.
#[derive(Clone, Debug)]
enum Head {
    ClassToken {
        /// `[1, width]`, its position added.
        token: Tensor,
        before: Norm,
        after: Norm,
    },
    Attention(Box<AttentionHead>),
}

#[derive(Clone, Debug)]
struct AttentionHead {
    /// Of all tokens.
    after: Norm,
    /// The probe's query, `[1, width]`: the same for every photo.
    query: Tensor,
    key: Linear,
    value: Linear,
    output: Linear,
    norm: Norm,
    expand: Linear,
    contract: Linear,
}

/// The tensors of a tower named `vision_model.*`.
pub(crate) fn vision_tensors(config: &VisionConfig) -> Vec<Expected> {
    let width = config.layers.width;
    let mut list = Vec::new();
    let name = |part: &str| format!("vision_model.{part}");
    let patch = vec![width, 3, config.patch_size, config.patch_size];
    list.push((name("embeddings.patch_embedding.weight"), patch));
    list.push((name("embeddings.position_embedding.weight"), vec![config.tokens(), width]));
    biased(&mut list, &name("post_layernorm"), &[width]);
    Layers::tensors(&config.layers, &name("encoder."), &mut list);
    match config.pooling {
        Pooling::ClassToken => {
            list.push((name("embeddings.class_embedding"), vec![width]));
            // Misspelt in every checkpoint there is.
            biased(&mut list, &name("pre_layrnorm"), &[width]);
        }
        Pooling::Attention => {
            list.push((name("embeddings.patch_embedding.bias"), vec![width]));
            list.push((name("head.probe"), vec![1, 1, width]));
            list.push((name("head.attention.in_proj_weight"), vec![3 * width, width]));
            list.push((name("head.attention.in_proj_bias"), vec![3 * width]));
            biased(&mut list, &name("head.attention.out_proj"), &[width, width]);
            biased(&mut list, &name("head.layernorm"), &[width]);
            biased(&mut list, &name("head.mlp.fc1"), &[config.layers.mlp, width]);
            biased(&mut list, &name("head.mlp.fc2"), &[width, config.layers.mlp]);
        }
    }
    list
}

impl VisionTower {
    /// Makes the tower of tensors that are all as [`vision_tensors`] says.
    pub(crate) fn read(
        reader: LayerReader<'_>,
        config: &VisionConfig,
    ) -> std::result::Result<Self, NetworkError> {
        let name = |part: &str| format!("vision_model.{part}");
        let class_token = config.pooling == Pooling::ClassToken;
        let patch_embedding = reader.linear(&name("embeddings.patch_embedding"), !class_token)?;
        let positions = reader.table(&name("embeddings.position_embedding.weight"))?;
        let after = reader.norm(&name("post_layernorm"))?;
        let head = if class_token {
            let token = reader.vector(&name("embeddings.class_embedding"))?;
            let placed = token.unsqueeze(0).and_then(|token| token + positions.narrow(0, 0, 1)?);
            let token = placed.map_err(computing("the class token"))?;
            Head::ClassToken { token, before: reader.norm(&name("pre_layrnorm"))?, after }
        } else {
            Head::Attention(Box::new(AttentionHead::read(reader, config, after)?))
        };
        let first = usize::from(class_token);
        let positions =
            positions.narrow(0, first, config.patches()).map_err(computing("the positions of patches"))?;
        Ok(Self {
            config: config.clone(),
            holding: reader.holding.clone(),
            patch_embedding,
            positions,
            layers: Layers::read(reader, &config.layers, &name("encoder."))?,
            head,
        })
    }

    pub(crate) const fn config(&self) -> &VisionConfig {
        &self.config
    }

    /// Who computes, for what comes after the tower.
    pub(crate) const fn workers(&self) -> &Workers {
        &self.holding.workers
    }

    /// Pooled vectors `[photos, width]` of `pixels`, `[photos, 3, size, size]`. A photo's does not depend on the
    /// others.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`], [`NetworkError::Compute`].
    pub(crate) fn forward(&self, pixels: &[f32]) -> std::result::Result<Tensor, NetworkError> {
        let side = self.config.image_size;
        let photo = 3 * side * side;
        if pixels.is_empty() || !pixels.len().is_multiple_of(photo) {
            return Err(NetworkError::InputLength {
                what: "pixels",
                found: pixels.len(),
                expected: format!("a multiple of 3 x {side} x {side}"),
            });
        }
        let parts = self.holding.workers.run(|| {
            let batches = pixels.chunks(PHOTOS_AT_ONCE * photo);
            batches.map(|photos| self.batch(photos, photos.len() / photo)).collect::<Result<Vec<_>>>()
        });
        let parts = parts.map_err(computing("the vision tower"))?;
        match parts.as_slice() {
            [only] => Ok(only.clone()),
            parts => Tensor::cat(parts, 0).map_err(computing("the vision tower")),
        }
    }

    fn batch(&self, pixels: &[f32], photos: usize) -> Result<Tensor> {
        let (patches, epsilon) = (self.config.patches(), self.config.layers.epsilon);
        let operators = self.holding.operators;
        let embedded = self.patch_embedding.forward(&self.patches(pixels, photos)?)?;
        let width = self.config.layers.width;
        let placed = embedded.reshape((photos, patches, width))?.broadcast_add(&self.positions)?;
        let tokens = match &self.head {
            Head::ClassToken { token, .. } => {
                let tokens = token.unsqueeze(0)?.broadcast_as((photos, 1, width))?;
                Tensor::cat(&[&tokens, &placed], 1)?
            }
            Head::Attention(_) => placed,
        };
        let rows = tokens.reshape((photos * self.config.tokens(), width))?;
        let groups = vec![self.config.tokens(); photos];
        match &self.head {
            Head::ClassToken { before, after, .. } => {
                let hidden =
                    self.layers.forward(&before.forward(operators, &rows, epsilon)?, &groups, false, None)?;
                let all = hidden.reshape((photos, self.config.tokens(), width))?;
                let first = all.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
                after.forward(operators, &first, epsilon)
            }
            Head::Attention(head) => {
                let hidden = self.layers.forward(&rows, &groups, false, None)?;
                head.forward(operators, &hidden, photos, &self.config)
            }
        }
    }

    /// `[photos * patches, 3 * patch * patch]` of `[photos, 3, size, size]`; what is left of a side that is not a whole
    /// number of patches is cut off, as a convolution does.
    fn patches(&self, pixels: &[f32], photos: usize) -> Result<Tensor> {
        let VisionConfig { image_size: side, patch_size: patch, .. } = self.config;
        let along = side / patch;
        let mut values = Vec::with_capacity(photos * self.config.patches() * self.config.patch_numbers());
        for photo in pixels.chunks_exact(3 * side * side) {
            for row in 0..along {
                for column in 0..along {
                    for channel in photo.chunks_exact(side * side) {
                        for line in channel.chunks_exact(side).skip(row * patch).take(patch) {
                            values.extend_from_slice(&line[column * patch..(column + 1) * patch]);
                        }
                    }
                }
            }
        }
        let shape = (photos * self.config.patches(), self.config.patch_numbers());
        Tensor::from_vec(values, shape, &self.holding.device)?.to_dtype(self.holding.kind)
    }
}

impl AttentionHead {
    fn read(
        reader: LayerReader<'_>,
        config: &VisionConfig,
        after: Norm,
    ) -> std::result::Result<Self, NetworkError> {
        let width = config.layers.width;
        let name = |part: &str| format!("vision_model.head.{part}");
        let (weight, bias) = (name("attention.in_proj_weight"), name("attention.in_proj_bias"));
        let part = |index: usize| reader.linear_part((&weight, &bias), index * width..(index + 1) * width);
        let probe = reader.vector(&name("probe"))?.unsqueeze(0).map_err(computing("the probe"))?;
        Ok(Self {
            after,
            query: part(0)?.forward(&probe).map_err(computing("the probe"))?,
            key: part(1)?,
            value: part(2)?,
            output: reader.linear(&name("attention.out_proj"), true)?,
            norm: reader.norm(&name("layernorm"))?,
            expand: reader.linear(&name("mlp.fc1"), true)?,
            contract: reader.linear(&name("mlp.fc2"), true)?,
        })
    }

    fn forward(
        &self,
        operators: Operators,
        hidden: &Tensor,
        photos: usize,
        config: &VisionConfig,
    ) -> Result<Tensor> {
        let normal = self.after.forward(operators, hidden, config.layers.epsilon)?;
        let tokens = config.tokens();
        let segment =
            |photo: usize| Segment { queries: photo..photo + 1, keys: photo * tokens..(photo + 1) * tokens };
        let shape = attention_shape(&config.layers, (0..photos).map(segment).collect(), false);
        let queries = self.query.broadcast_as((photos, config.layers.width))?.contiguous()?;
        let (keys, values) = (self.key.forward(&normal)?, self.value.forward(&normal)?);
        let mixed = attention(operators, &queries, &keys, &values, &shape)?;
        let pooled = few_rows(&self.output, &mixed)?;
        let normal = self.norm.forward(operators, &pooled, config.layers.epsilon)?;
        let wide = config.layers.activation.forward(operators, &few_rows(&self.expand, &normal)?)?;
        pooled + few_rows(&self.contract, &wide)?
    }
}
