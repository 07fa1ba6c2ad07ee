//! The golden cases of the reward model, and the tiny network they were computed with.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use nets::LoadOptions;
use nets::lora::Adapter;
use nets::qwen2_vl::patches::{Patches, Preprocessor};
use nets::qwen2_vl::{PhotoFeatures, Prompt, Qwen2Vl};
use photo::{DecodeOptions, Limits, decode};
use safetensors::SafeTensors;
use serde_json::Value;

pub(crate) const ADAPTERS: [&str; 2] = ["tiny-qwen2vl-adapter", "tiny-qwen2vl-adapter-oldnames"];

pub(crate) fn golden(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", path].iter().collect()
}

pub(crate) fn cases_file() -> Value {
    serde_json::from_slice(&std::fs::read(golden("ranker/cases.json")).unwrap()).unwrap()
}

/// One golden case with its tensors.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) json: Value,
    pub(crate) ids: Vec<u32>,
    /// `[time, row, column][token]`.
    pub(crate) positions: Vec<Vec<i64>>,
    pub(crate) floats: BTreeMap<String, Vec<f32>>,
    pub(crate) photos: Vec<Patches>,
    pub(crate) reward: f32,
}

impl Case {
    /// The case's prompt, with its photos numbered from `first`.
    pub(crate) fn prompt(&self, first: usize) -> Prompt {
        Prompt { ids: self.ids.clone(), photos: (first..first + self.photos.len()).collect() }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let file = cases_file();
    let preprocessor = Preprocessor::from_directory(&golden("tiny-qwen2vl")).unwrap();
    file["cases"].as_array().unwrap().iter().map(|json| case(json, &preprocessor)).collect()
}

fn case(json: &Value, preprocessor: &Preprocessor) -> Case {
    let bytes = std::fs::read(golden(json["tensors"].as_str().unwrap())).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let integers = |name: &str| -> Vec<i64> {
        let view = tensors.tensor(name).unwrap();
        view.data().as_chunks::<8>().0.iter().map(|&word| i64::from_le_bytes(word)).collect()
    };
    let floats = tensors
        .iter()
        .filter(|(_, view)| view.dtype() == safetensors::Dtype::F32)
        .map(|(name, view)| {
            let values = view.data().as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word));
            (name.to_owned(), values.collect())
        })
        .collect();
    let ids: Vec<u32> = integers("input_ids").into_iter().map(|id| u32::try_from(id).unwrap()).collect();
    let positions = integers("position_ids").chunks(ids.len()).map(<[i64]>::to_vec).collect();
    let photos = json["images_after_fetch"].as_array().unwrap().iter().map(|path| {
        let bytes = std::fs::read(golden(path.as_str().unwrap())).unwrap();
        let image = decode(&bytes, &Limits::default(), DecodeOptions::official()).unwrap();
        preprocessor.patches(&image).unwrap()
    });
    Case {
        id: json["id"].as_str().unwrap().to_owned(),
        ids,
        positions,
        floats,
        photos: photos.collect(),
        reward: json["reward"].as_f64().unwrap() as f32,
        json: json.clone(),
    }
}

/// The tiny network with an adapter.
pub(crate) fn network(adapter: &str, options: &LoadOptions) -> Qwen2Vl {
    let adapter = Adapter::open(&golden(adapter)).unwrap();
    Qwen2Vl::open(&golden("tiny-qwen2vl"), Some(&adapter), options).unwrap()
}

/// The features of all cases' photos, case after case, and the index of each case's first.
pub(crate) fn features(network: &Qwen2Vl, cases: &[Case]) -> (Vec<PhotoFeatures>, Vec<usize>) {
    let mut all = Vec::new();
    let mut firsts = Vec::new();
    for case in cases {
        firsts.push(all.len());
        all.extend(network.encode_photos(&case.photos).unwrap());
    }
    (all, firsts)
}

/// Greatest absolute difference.
pub(crate) fn difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

/// Spearman's rank correlation (no ties expected).
pub(crate) fn rank_correlation(one: &[f32], other: &[f32]) -> f64 {
    let ranks = |values: &[f32]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0_f64; values.len()];
        for (rank, index) in order.into_iter().enumerate() {
            ranks[index] = rank as f64;
        }
        ranks
    };
    let count = one.len() as f64;
    let squares: f64 = ranks(one).iter().zip(ranks(other)).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (count * (count * count - 1.0))
}
