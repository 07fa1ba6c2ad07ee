//! A CLIP vision tower of random weights, as narrow as `GeoCLIP`'s image head allows.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView, serialize};

const WIDTH: usize = 32;
const MLP: usize = 48;
/// Its `config.json`.
pub(crate) const CONFIG: &str = r#"{"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 16, "projection_dim": 768}"#;

/// The weights: a CLIP vision tower of that shape, its numbers from a simple generator.
pub(crate) fn clip() -> Vec<u8> {
    let mut shapes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut add = |name: String, shape: &[usize]| {
        shapes.insert(name, shape.to_vec());
    };
    add("visual_projection.weight".into(), &[768, WIDTH]);
    let name = |part: &str| format!("vision_model.{part}");
    add(name("embeddings.class_embedding"), &[WIDTH]);
    add(name("embeddings.patch_embedding.weight"), &[WIDTH, 3, 16, 16]);
    add(name("embeddings.position_embedding.weight"), &[17, WIDTH]);
    let mut modules = vec![(name("pre_layrnorm"), vec![WIDTH]), (name("post_layernorm"), vec![WIDTH])];
    for layer in 0..2 {
        let part = |part: &str| name(&format!("encoder.layers.{layer}.{part}"));
        modules.push((part("layer_norm1"), vec![WIDTH]));
        modules.push((part("layer_norm2"), vec![WIDTH]));
        for linear in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            modules.push((part(&format!("self_attn.{linear}")), vec![WIDTH, WIDTH]));
        }
        modules.push((part("mlp.fc1"), vec![MLP, WIDTH]));
        modules.push((part("mlp.fc2"), vec![WIDTH, MLP]));
    }
    for (module, shape) in modules {
        add(format!("{module}.weight"), &shape);
        add(format!("{module}.bias"), &shape[..1]);
    }
    let mut state = 1_u32;
    let mut number = |spread: f32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * spread
    };
    let bytes: BTreeMap<&String, Vec<u8>> = shapes
        .iter()
        .map(|(name, shape)| {
            let inputs: usize = shape.iter().skip(1).product::<usize>().max(1);
            let one = if name.contains("norm.weight") || name.contains("norm1.weight") { 1.0 } else { 0.0 };
            let spread = 1.5 / (inputs as f32).sqrt().min(6.0);
            let count: usize = shape.iter().product();
            let values = (0..count).flat_map(|_| (one + number(spread)).to_le_bytes());
            (name, values.collect())
        })
        .collect();
    let views = shapes
        .iter()
        .map(|(name, shape)| (name, TensorView::new(Dtype::F32, shape.clone(), &bytes[name]).unwrap()));
    serialize(views, None).unwrap()
}
