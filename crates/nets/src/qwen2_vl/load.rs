//! From files to the network.

use std::path::{Path, PathBuf};

use candle_core::Device;
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
use crate::lora::{Adapter, LowRankPair};
use crate::operators::{Linear, LowRank, Operators, Weight};
use crate::vision_transformer::{Layer as VisionLayer, Layers, Projections};
use kernels::weights::{StoredType, WeightMatrix};

const EMBEDDING: &str = "model.embed_tokens.weight";

/// How a network is held in memory.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Where it runs.
    pub device: Device,
    /// The type of the weights. On the CPU `None` leaves them as they are in the files, memory-mapped; activations
    /// and sums are f32 in any case. Elsewhere weights and activations have this type, f32 if `None`.
    pub stored: Option<StoredType>,
    /// Whether the inputs of products with weights in blocks may be rounded to bf16, which is about twice as fast where
    /// the CPU has `avx512_bf16`. With weights in bf16 that is always so.
    pub rounded_inputs: bool,
    /// Adds the adapter to the weights once, instead of to every output. Needs memory of its own for those weights.
    pub merge_adapter: bool,
    /// Where quantised weights are kept between runs, so that only the first one searches for their scales; a file for
    /// each checkpoint and format. Weights that an adapter was merged into are not kept.
    pub quantised_directory: Option<PathBuf>,
    /// Which operators run; `None` chooses by the device.
    pub operators: Option<Operators>,
    /// Whether the layer that gives the logits of all tokens is loaded too: [`generation`](super::generation) needs it,
    /// scoring and training do not. Where weights have 4 bits, it has 8: it is a twentieth of the network, and rounding
    /// it shows in every token.
    pub output_layer: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            stored: None,
            rounded_inputs: false,
            merge_adapter: false,
            quantised_directory: None,
            operators: None,
            output_layer: false,
        }
    }
}

impl LoadOptions {
    fn holding(&self) -> Holding {
        Holding {
            device: self.device.clone(),
            stored: self.stored,
            rounded_inputs: self.rounded_inputs,
            operators: self.operators,
        }
    }
}

impl Qwen2Vl {
    /// Reads a checkpoint directory and, if given, a PEFT adapter for it.
    ///
    /// # Errors
    /// What is wrong with a file: see [`NetworkError`].
    pub fn open(
        directory: &Path,
        adapter: Option<&Adapter>,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let config = Config::from_directory(directory)?;
        let checkpoint = ShardedCheckpoint::open(directory)?;
        let tensors = resolve(&config, &checkpoint)?;
        if let Some(adapter) = adapter {
            adapter.check(&config.language)?;
        }
        let holding = options.holding();
        let layers = LayerReader { tensors: &tensors, holding: &holding };
        let mut loader = Loader { layers, adapter, options, kept: None };
        loader.kept = loader.kept_weights(&config)?;
        let value_head = match adapter.and_then(|adapter| adapter.value_head.clone()) {
            Some(head) => Some(head),
            None if tensors.has("value_head.weight") => Some(tensors.get("value_head.weight")?.floats()?),
            None => None,
        };
        let output = if options.output_layer {
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
            device: options.device.clone(),
            kind: holding.kind(),
            config,
        })
    }
}

/// The device of a name: `cpu`, `cuda` (the first GPU) or `cuda:N`.
///
/// # Errors
/// [`NetworkError::Setting`]: another name, a program that was built without the feature `cuda`, or no such GPU.
pub fn device(name: &str) -> Result<Device, NetworkError> {
    let wrong = |why: String| NetworkError::Setting { option: "device", why };
    let number = match name.split_once(':') {
        None if name == "cpu" => return Ok(Device::Cpu),
        None if name == "cuda" => 0,
        Some(("cuda", number)) => {
            number.parse().map_err(|_| wrong(format!("`{number}` is no number of a GPU")))?
        }
        _ => return Err(wrong(format!("`{name}` is neither cpu, cuda nor cuda:N"))),
    };
    if !cfg!(feature = "cuda") {
        return Err(wrong(format!(
            "{name}: this program was built without CUDA (cargo build --features cuda)"
        )));
    }
    Device::new_cuda(number).map_err(|error| wrong(format!("{name}: {error}")))
}

struct Loader<'a> {
    layers: LayerReader<'a>,
    adapter: Option<&'a Adapter>,
    options: &'a LoadOptions,
    kept: Option<QuantisedFile>,
}

impl Loader<'_> {
    fn vision(&self, config: &Config) -> Result<VisionTower, NetworkError> {
        let operators = self.layers.holding.operators();
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
            operators: self.layers.holding.operators(),
            layers,
            norm: self.layers.vector("model.norm.weight")?,
        })
    }

    /// A hash of samples of every tensor of the vision tower, or of all tensors, and of how they are held: networks that
    /// were trained apart differ everywhere, and reading all of their bytes would take longer than opening them.
    fn fingerprint(&self, config: &Config, vision_only: bool) -> Result<[u8; 32], NetworkError> {
        const SAMPLES: usize = 16;
        const SAMPLE_BYTES: usize = 256;
        let mut hash = Sha256::new();
        if !vision_only {
            hash.update(format!("{:?}", config.language));
        }
        hash.update(format!(
            "{:?} {:?} {:?}",
            config.vision,
            self.options.stored,
            self.layers.holding.kind()
        ));
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
        let merged = pair.filter(|_| self.options.merge_adapter);
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
        let beside = pair.filter(|_| !self.options.merge_adapter);
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
        let stored = match self.options.stored {
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
            (&self.options.quantised_directory, holding.stored, holding.operators())
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
            if self.layers.holding.operators() == Operators::Fused {
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

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn devices_have_names() {
        assert!(device("cpu").unwrap().is_cpu());
        for wrong in ["gpu", "cuda:", "cuda:x", "CPU", "tpu:1", ""] {
            assert!(device(wrong).unwrap_err().to_string().starts_with("device: "), "{wrong}");
        }
        if !cfg!(feature = "cuda") {
            assert!(device("cuda").unwrap_err().to_string().contains("--features cuda"));
        }
    }
}
