//! The names of the tensors, in both layouts of the hub.
//!
//! The canonical names are those of the published checkpoints: `visual.*` and `model.layers.*`. Newer writers
//! say `model.visual.*` and `model.language_model.*`. Taking one for the other must never load a network in
//! part, so a checkpoint is compared as a whole with what its configuration asks for.

use std::borrow::Cow;

use super::config::{Config, LanguageConfig, VisionConfig};
use crate::checkpoint::{self, Expected, ShardedCheckpoint};
use crate::error::NetworkError;

pub use crate::checkpoint::Resolved;

/// The output layer, which scoring does not need.
pub const LM_HEAD: &str = "lm_head.weight";

/// The head that turns the last hidden state into a score: `[1, hidden]`.
pub const VALUE_HEAD: &str = "value_head.weight";

/// The canonical name for a name of either layout. Works for tensors and for modules.
pub fn canonical(name: &str) -> Cow<'_, str> {
    if let Some(rest) = name.strip_prefix("model.visual.") {
        Cow::Owned(format!("visual.{rest}"))
    } else if let Some(rest) = name.strip_prefix("model.language_model.") {
        Cow::Owned(format!("model.{rest}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The canonical names and shapes of the tensors that must be there.
pub fn expected(config: &Config) -> Vec<Expected> {
    let mut list = List(Vec::new());
    list.vision(&config.vision);
    list.language(&config.language);
    list.0
}

/// The canonical names and shapes of the tensors that may be there.
pub fn optional(config: &Config) -> Vec<Expected> {
    let LanguageConfig { hidden_size, vocabulary, .. } = config.language;
    vec![(LM_HEAD.into(), vec![vocabulary, hidden_size]), (VALUE_HEAD.into(), vec![1, hidden_size])]
}

struct List(Vec<Expected>);

impl List {
    fn add(&mut self, name: String, shape: &[usize]) {
        self.0.push((name, shape.to_vec()));
    }

    /// A weight and its bias.
    fn biased(&mut self, name: &str, shape: &[usize]) {
        self.add(format!("{name}.weight"), shape);
        self.add(format!("{name}.bias"), &shape[..1]);
    }

    fn vision(&mut self, config: &VisionConfig) {
        let VisionConfig { embed_dim: width, mlp_dim, patch_size, .. } = *config;
        let patch = [width, config.in_channels, config.temporal_patch_size, patch_size, patch_size];
        self.add("visual.patch_embed.proj.weight".into(), &patch);
        for block in 0..config.depth {
            let name = |part: &str| format!("visual.blocks.{block}.{part}");
            self.biased(&name("norm1"), &[width]);
            self.biased(&name("norm2"), &[width]);
            self.biased(&name("attn.qkv"), &[3 * width, width]);
            self.biased(&name("attn.proj"), &[width, width]);
            self.biased(&name("mlp.fc1"), &[mlp_dim, width]);
            self.biased(&name("mlp.fc2"), &[width, mlp_dim]);
        }
        let merged = config.merged_dim();
        self.biased("visual.merger.ln_q", &[width]);
        self.biased("visual.merger.mlp.0", &[merged, merged]);
        self.biased("visual.merger.mlp.2", &[config.output_dim, merged]);
    }

    fn language(&mut self, config: &LanguageConfig) {
        let hidden = config.hidden_size;
        self.add("model.embed_tokens.weight".into(), &[config.vocabulary, hidden]);
        for layer in 0..config.layers {
            let name = |part: &str| format!("model.layers.{layer}.{part}");
            self.add(name("input_layernorm.weight"), &[hidden]);
            for (module, _) in PROJECTIONS {
                let shape = projection_shape(config, module);
                if has_bias(module) {
                    self.biased(&name(module), &shape);
                } else {
                    self.add(name(&format!("{module}.weight")), &shape);
                }
            }
            self.add(name("post_attention_layernorm.weight"), &[hidden]);
        }
        self.add("model.norm.weight".into(), &[hidden]);
    }
}

/// The linear modules of a layer: path inside the layer and last part of the name.
pub(crate) const PROJECTIONS: [(&str, &str); 7] = [
    ("self_attn.q_proj", "q_proj"),
    ("self_attn.k_proj", "k_proj"),
    ("self_attn.v_proj", "v_proj"),
    ("self_attn.o_proj", "o_proj"),
    ("mlp.gate_proj", "gate_proj"),
    ("mlp.up_proj", "up_proj"),
    ("mlp.down_proj", "down_proj"),
];

/// `[outputs, inputs]` of one of [`PROJECTIONS`].
pub(crate) fn projection_shape(config: &LanguageConfig, module: &str) -> [usize; 2] {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    match module {
        "self_attn.k_proj" | "self_attn.v_proj" => [config.key_value_heads * config.head_dim, hidden],
        "mlp.gate_proj" | "mlp.up_proj" => [inner, hidden],
        "mlp.down_proj" => [hidden, inner],
        // Queries and outputs: the heads together are as wide as the hidden state.
        _ => [hidden, hidden],
    }
}

fn has_bias(module: &str) -> bool {
    matches!(module, "self_attn.q_proj" | "self_attn.k_proj" | "self_attn.v_proj")
}

/// Finds every tensor of the network, whichever layout names it. [`LM_HEAD`] and [`VALUE_HEAD`] may be absent;
/// rotary frequencies that old writers stored are passed over.
///
/// # Errors
/// [`NetworkError::Tensors`] with every tensor that is missing, left over, misshapen, not of floats, or there
/// under both names.
pub fn resolve(config: &Config, checkpoint: &ShardedCheckpoint) -> Result<Resolved, NetworkError> {
    checkpoint::resolve(checkpoint, &expected(config), &optional(config), |name| {
        (!is_frequencies(name)).then(|| canonical(name))
    })
}

/// Buffers that follow from the configuration.
fn is_frequencies(name: &str) -> bool {
    name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".rotary_pos_emb.inv_freq")
}
