//! From files to the network.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::config::Config;
use super::language::{LanguageModel, Layer};
use super::network::{OutputLayer, Qwen2Vl};
use super::quantised_file::{Layer as KeptLayer, QuantisedFile};
use super::tensor_names::{LM_HEAD, expected, resolve};
use super::vision::{VisionTower, layers_config};
use crate::NetworkError;
use crate::checkpoint::ShardedCheckpoint;
use crate::error::TensorProblems;
use crate::holding::{Holding, LayerReader};
use crate::load_options::{LoadOptions, Operators};
use crate::lora::{Adapter, LowRankPair};
use crate::operators::{Linear, LowRank, Weight};
use crate::vision_transformer::{Layer as VisionLayer, Layers, Projections};
use kernels::weights::{StoredType, WeightMatrix};

const EMBEDDING: &str = "model.embed_tokens.weight";

/// What is loaded besides the network that scores and encodes photos.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// Low-rank adapters and a value head that were trained for the network.
    pub adapter: Option<&'a Adapter>,
    /// Adds the adapter to the weights once, instead of to every output. Needs memory of its own for those weights.
    pub merge_adapter: bool,
    /// The layer that gives the logits of all tokens: [`generation`](super::generation) needs it, scoring and training do
    /// not. Where weights have 4 bits, it has 8: it is a twentieth of the network, and rounding it shows in every token.
    pub output_layer: bool,
}

impl Qwen2Vl {
    /// Reads a checkpoint directory and, if given, a PEFT adapter for it.
    ///
    /// # Errors
    /// As [`Qwen2Vl::open_with`].
    pub fn open(
        directory: &Path,
        adapter: Option<&Adapter>,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        Self::open_with(directory, Parts { adapter, ..Parts::default() }, options)
    }

    /// Reads a checkpoint directory and what is asked for besides.
    ///
    /// # Errors
    /// What is wrong with a file or an option: see [`NetworkError`].
    pub fn open_with(
        directory: &Path,
        parts: Parts<'_>,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let holding = Holding::new(options)?;
        let workers = holding.workers.clone();
        workers.run(|| Self::load(directory, parts, options, &holding))
    }

    fn load(
        directory: &Path,
        parts: Parts<'_>,
        options: &LoadOptions,
        holding: &Holding,
    ) -> Result<Self, NetworkError> {
        let Parts { adapter, merge_adapter, output_layer } = parts;
        let config = Config::from_directory(directory)?;
        let checkpoint = ShardedCheckpoint::open(directory)?;
        let tensors = resolve(&config, &checkpoint)?;
        if let Some(adapter) = adapter {
            adapter.check(&config.language)?;
        }
        let layers = LayerReader { tensors: &tensors, holding };
        let cache = options.weights_cache.as_deref();
        let mut loader = Loader { layers, adapter, merge_adapter, cache, kept: None };
        loader.kept = loader.kept_weights(&config)?;
        let value_head = match adapter.and_then(|adapter| adapter.value_head.clone()) {
            Some(head) => Some(head),
            None if tensors.has("value_head.weight") => Some(tensors.get("value_head.weight")?.floats()?),
            None => None,
        };
        let output = if output_layer {
            Some(OutputLayer {
                linear: loader.output(&config)?,
                fingerprint: loader.fingerprint(&config, false)?,
            })
        } else {
            None
        };
        Ok(Self {
            output,
            vision: loader.vision(&config)?,
            language: loader.language(&config)?,
            embedding: layers.matrix(EMBEDDING)?,
            value_head,
            vision_fingerprint: loader.fingerprint(&config, true)?,
            label: directory.display().to_string(),
            device: holding.device.clone(),
            kind: holding.kind,
            workers: holding.workers.clone(),
            config,
        })
    }
}

struct Loader<'a> {
    layers: LayerReader<'a>,
    adapter: Option<&'a Adapter>,
    merge_adapter: bool,
    /// The directory of quantised weights.
    cache: Option<&'a Path>,
    kept: Option<QuantisedFile>,
}

impl Loader<'_> {
    fn vision(&self, config: &Config) -> Result<VisionTower, NetworkError> {
        let operators = self.layers.holding.operators;
        let layers = (0..config.vision.depth)
            .map(|index| {
                let name = |part: &str| format!("visual.blocks.{index}.{part}");
                Ok(VisionLayer {
                    norm1: self.layers.norm(&name("norm1"))?,
                    projections: Projections::Joint(self.linear(&name("attn.qkv"), true)?),
                    output: self.linear(&name("attn.proj"), true)?,
                    norm2: self.layers.norm(&name("norm2"))?,
                    expand: self.linear(&name("mlp.fc1"), true)?,
                    contract: self.linear(&name("mlp.fc2"), true)?,
                })
            })
            .collect::<Result<_, NetworkError>>()?;
        Ok(VisionTower {
            config: config.vision.clone(),
            operators,
            patch_embedding: self.linear("visual.patch_embed.proj", false)?,
            layers: Layers::new(layers_config(&config.vision), layers, operators)?,
            merger_norm: self.layers.norm("visual.merger.ln_q")?,
            merger_expand: self.linear("visual.merger.mlp.0", true)?,
            merger_contract: self.linear("visual.merger.mlp.2", true)?,
        })
    }

    fn language(&self, config: &Config) -> Result<LanguageModel, NetworkError> {
        let layers = (0..config.language.layers)
            .map(|index| {
                let name = |part: &str| format!("model.layers.{index}.{part}");
                Ok(Layer {
                    input_norm: self.layers.vector(&name("input_layernorm.weight"))?,
                    query: self.linear(&name("self_attn.q_proj"), true)?,
                    key: self.linear(&name("self_attn.k_proj"), true)?,
                    value: self.linear(&name("self_attn.v_proj"), true)?,
                    output: self.linear(&name("self_attn.o_proj"), false)?,
                    mlp_norm: self.layers.vector(&name("post_attention_layernorm.weight"))?,
                    gate: self.linear(&name("mlp.gate_proj"), false)?,
                    up: self.linear(&name("mlp.up_proj"), false)?,
                    down: self.linear(&name("mlp.down_proj"), false)?,
                })
            })
            .collect::<Result<_, NetworkError>>()?;
        Ok(LanguageModel {
            config: config.language.clone(),
            operators: self.layers.holding.operators,
            layers,
            norm: self.layers.vector("model.norm.weight")?,
        })
    }

    /// A hash of samples of every tensor of the vision tower, or of all tensors, and of how they are held and multiplied:
    /// networks that were trained apart differ everywhere, and reading all of their bytes would take longer than opening
    /// them.
    fn fingerprint(&self, config: &Config, vision_only: bool) -> Result<[u8; 32], NetworkError> {
        const SAMPLES: usize = 16;
        const SAMPLE_BYTES: usize = 256;
        let mut hash = Sha256::new();
        if !vision_only {
            hash.update(format!("{:?}", config.language));
        }
        hash.update(format!(
            "{:?} {:?} {:?}",
            config.vision, self.layers.holding.stored, self.layers.holding.kind
        ));
        // Only where it applies, so that caches of networks that do not round stay valid.
        if self.layers.holding.rounded_inputs {
            hash.update("rounded inputs");
        }
        for (name, _) in expected(config) {
            if vision_only && !name.starts_with("visual.") {
                continue;
            }
            let tensor = self.layers.tensors.get(&name)?;
            let bytes = tensor.data();
            hash.update(format!("{name} {:?} {:?}", tensor.dtype, tensor.shape));
            for sample in 0..SAMPLES {
                let start = bytes.len() / SAMPLES * sample;
                hash.update(&bytes[start..bytes.len().min(start + SAMPLE_BYTES)]);
            }
        }
        Ok(hash.finalize().into())
    }

    fn linear(&self, module: &str, has_bias: bool) -> Result<Linear, NetworkError> {
        let bias = has_bias.then(|| self.layers.vector(&format!("{module}.bias"))).transpose()?;
        let pair = self.adapter.and_then(|adapter| adapter.pairs.get(module));
        let name = format!("{module}.weight");
        let merged = pair.filter(|_| self.merge_adapter);
        let weight = match (merged, self.kept.as_ref().and_then(|file| file.matrix(&name))) {
            (Some(pair), _) => {
                let matrix = self.layers.checked_matrix(&name)?;
                let mut values = vec![0.0; matrix.outputs() * matrix.inputs()];
                matrix.widen_rows(0..matrix.outputs(), &mut values);
                pair.merge_into(&mut values);
                self.layers
                    .weight(WeightMatrix::from_f32(values, matrix.outputs(), matrix.inputs()), &name)?
            }
            (None, Some(kept)) => Weight::Stored(self.layers.rounding(kept)),
            (None, None) => self.layers.weight(self.layers.checked_matrix(&name)?, &name)?,
        };
        let beside = pair.filter(|_| !self.merge_adapter);
        let low_rank = beside.map(|pair| self.low_rank(pair)).transpose()?;
        Ok(Linear { weight, bias, low_rank })
    }

    /// The layer that gives the logits: the token embedding again, or a matrix of its own.
    fn output(&self, config: &Config) -> Result<Linear, NetworkError> {
        let name = if config.language.tie_word_embeddings { EMBEDDING } else { LM_HEAD };
        if !self.layers.tensors.has(name) {
            let problems = TensorProblems { missing: vec![name.into()], ..TensorProblems::default() };
            return Err(NetworkError::Tensors { file: self.layers.tensors.label().into(), problems });
        }
        let stored = match self.layers.holding.stored {
            Some(StoredType::Q4) => Some(StoredType::Q8),
            other => other,
        };
        let holding = Holding { stored, ..self.layers.holding.clone() };
        let reader = LayerReader { holding: &holding, ..self.layers };
        let layer = KeptLayer {
            name: name.into(),
            outputs: config.language.vocabulary,
            inputs: config.language.hidden_size,
        };
        let kept = self.kept_layers(&[layer], &holding)?.and_then(|file| file.matrix(name));
        let weight = match kept {
            Some(kept) => Weight::Stored(reader.rounding(kept)),
            None => reader.weight(reader.checked_matrix(name)?, name)?,
        };
        Ok(Linear { weight, bias: None, low_rank: None })
    }

    /// The file of quantised weights, where one is asked for.
    fn kept_weights(&self, config: &Config) -> Result<Option<QuantisedFile>, NetworkError> {
        let layers: Vec<KeptLayer> = expected(config)
            .into_iter()
            .filter(|(name, shape)| shape.len() > 1 && name != EMBEDDING)
            .map(|(name, shape)| KeptLayer { name, outputs: shape[0], inputs: shape[1..].iter().product() })
            .collect();
        self.kept_layers(&layers, self.layers.holding)
    }

    /// The file of these layers' weights, quantised as `holding` says, where one is asked for.
    fn kept_layers(
        &self,
        layers: &[KeptLayer],
        holding: &Holding,
    ) -> Result<Option<QuantisedFile>, NetworkError> {
        let (Some(directory), Some(stored @ (StoredType::Q8 | StoredType::Q4)), Operators::Fused) =
            (self.cache, holding.stored, holding.operators)
        else {
            return Ok(None);
        };
        let reader = LayerReader { holding, ..self.layers };
        let quantise = |name: &str| match reader.weight(reader.checked_matrix(name)?, name)? {
            Weight::Stored(matrix) => Ok(matrix),
            Weight::Dense(_) => Err(NetworkError::Compute {
                what: name.into(),
                why: "it became a tensor where blocks were expected".into(),
            }),
        };
        QuantisedFile::open_or_make(directory, self.layers.tensors, layers, stored, quantise).map(Some)
    }

    fn low_rank(&self, pair: &LowRankPair) -> Result<LowRank, NetworkError> {
        let dense = |values: &[f32], outputs, inputs| {
            let matrix = WeightMatrix::from_f32(values.to_vec(), outputs, inputs);
            if self.layers.holding.operators == Operators::Fused {
                Ok(Weight::Stored(matrix))
            } else {
                self.layers.dense(&matrix)
            }
        };
        Ok(LowRank {
            down: dense(&pair.a, pair.rank, pair.inputs)?,
            up: dense(&pair.b, pair.outputs, pair.rank)?,
            scale: f64::from(pair.scale),
        })
    }
}
