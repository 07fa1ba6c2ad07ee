//! The data and the model of a vision-language ranker.

use std::path::Path;
use std::sync::Arc;

use contract::{ErrorKind, Failure};
use gallery::PhotoFiles;
use nets::LoadOptions;
use nets::qwen2_vl::training::{Checkpointing, LoraSettings};
use photo::Limits;
use rank::vlm::InputOptions;

use super::read_rows;
use crate::PhotoPixels;
use crate::configuration::{EngineSettings, VlmSettings};
use crate::vlm::{ExampleRules, Start, VlmExample, VlmTrainer, VlmTrainerOptions};

/// Opens the model and the data that settings name; `load` says where it runs, the settings in which number format.
///
/// # Errors
/// What is missing, damaged or does not fit, by name.
pub fn open_vlm(
    settings: &VlmSettings,
    engine: &EngineSettings,
    load: &LoadOptions,
) -> Result<VlmTrainer, Failure> {
    for (field, directory) in [("model", Some(&settings.model)), ("adapter", settings.adapter.as_ref())] {
        if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
            let message = format!("{field}: {}: no such directory", directory.display());
            return Err(Failure::new(ErrorKind::BrokenModel, message).with_hint("check the path"));
        }
    }
    let training = examples(settings, &settings.data, engine.queries)?;
    let validation = match &settings.validation {
        Some(file) => examples(settings, file, engine.validation_queries)?,
        None => Vec::new(),
    };
    let files = PhotoFiles::open(&settings.photos)?;
    let photos = PhotoPixels::with_options(files, settings.protocol.decoding(), Limits::default());
    let options = options(settings, engine.seed, load);
    VlmTrainer::open(&settings.model, &options, training, validation, Arc::new(photos))
}

fn examples(settings: &VlmSettings, file: &Path, limit: usize) -> Result<Vec<VlmExample>, Failure> {
    let rows = read_rows(file, limit)?;
    let example = |named: &super::NamedRow| {
        let rules = ExampleRules {
            skip: named.skipped(settings.skip),
            group_size: settings.group_size,
            negatives: settings.negatives,
            candidate_photos: settings.candidate_photos,
        };
        rules.example(&named.name, &named.row)
    };
    rows.iter().map(example).collect()
}

fn options(settings: &VlmSettings, seed: u64, load: &LoadOptions) -> VlmTrainerOptions {
    let bytes = |megabytes: usize| megabytes.saturating_mul(1 << 20);
    let fresh = || LoraSettings {
        rank: settings.lora_r,
        alpha: settings.lora_alpha,
        dropout: settings.lora_dropout,
        ..LoraSettings::default()
    };
    VlmTrainerOptions {
        start: settings.adapter.clone().map_or_else(|| Start::Fresh(fresh()), Start::Adapter),
        seed,
        inputs: InputOptions {
            protocol: settings.protocol,
            min_pixels: settings.min_pixels,
            max_pixels: settings.max_pixels,
            feature_memory: bytes(settings.vision_memory),
            ..InputOptions::default()
        },
        reencode: settings.reencode,
        load: LoadOptions { dtype: settings.dtype, ..load.clone() },
        checkpointing: match bytes(settings.activation_memory) {
            0 => Checkpointing::EveryLayer,
            bytes => Checkpointing::Within(bytes),
        },
        ..VlmTrainerOptions::default()
    }
}
