//! The vision-language ranker and its data.

use std::path::Path;
use std::sync::Arc;

use contract::{ErrorKind, Failure};
use kernels::weights::StoredType;
use nets::qwen2_vl::LoadOptions;
use nets::qwen2_vl::training::{Checkpointing, LoraSettings};
use photo::{DecodeOptions, Limits};
use rank::vlm::prompt::Protocol;
use rank::vlm::{InputOptions, Reencode};
use train::PhotoPixels;
use train::configuration::{EngineSettings, TrainDtype, TrainReencode, VlmSettings};
use train::engine::TrainableRanker;
use train::vlm::{ExampleRules, Start, VlmExample, VlmTrainer, VlmTrainerOptions};

use super::rankers::{open_photos, read_rows, skipped};

pub(super) fn open(
    settings: &VlmSettings,
    engine: &EngineSettings,
) -> Result<Box<dyn TrainableRanker>, Failure> {
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
    let decode =
        if settings.official_protocol { DecodeOptions::official() } else { DecodeOptions::default() };
    let photos = PhotoPixels::with_options(open_photos(&settings.photos)?, decode, Limits::default());
    let trainer = VlmTrainer::open(
        &settings.model,
        &options(settings, engine.seed),
        training,
        validation,
        Arc::new(photos),
    )?;
    Ok(Box::new(trainer))
}

fn examples(settings: &VlmSettings, file: &Path, limit: usize) -> Result<Vec<VlmExample>, Failure> {
    let example = |(name, row): &(String, _)| {
        let rules = ExampleRules {
            skip: skipped(settings.skip, row),
            group_size: settings.group_size,
            negatives: settings.negatives,
            candidate_photos: settings.candidate_photos,
        };
        rules.example(name, row)
    };
    read_rows(file, limit)?.iter().map(example).collect()
}

fn options(settings: &VlmSettings, seed: u64) -> VlmTrainerOptions {
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
            protocol: if settings.official_protocol { Protocol::Official } else { Protocol::Default },
            min_pixels: settings.pixels.0,
            max_pixels: settings.pixels.1,
            feature_memory: settings.vision_memory,
            ..InputOptions::default()
        },
        reencode: match settings.reencode {
            TrainReencode::None => Reencode::None,
            TrainReencode::Candidates => Reencode::Candidates,
            TrainReencode::All => Reencode::All,
        },
        load: LoadOptions {
            stored: match settings.dtype {
                TrainDtype::F32 => None,
                TrainDtype::Bf16 => Some(StoredType::Bf16),
            },
            ..LoadOptions::default()
        },
        checkpointing: match settings.activation_memory {
            0 => Checkpointing::EveryLayer,
            bytes => Checkpointing::Within(bytes),
        },
        ..VlmTrainerOptions::default()
    }
}
