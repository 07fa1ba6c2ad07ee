//! The LVLM ranker on the bed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use contract::{ErrorKind, Failure, PhotoId};
use nets::qwen2_vl::training::LoraSettings;
use photo::Image;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rank::vlm::prompt::PlaceText;
use rank::vlm::{PairScorer, PhotoSource, ScorerOptions, VlmRanker};
use train::vlm::{Start, VlmCandidate, VlmExample, VlmTrainer, VlmTrainerOptions};

use crate::bed::{Bed, Query};
use crate::experiment::{Budget, Points, Variant, errors_km, train_into};

/// How the LVLM is trained on the whole bed.
pub const VLM_BUDGET: Budget = Budget {
    // With four queries a step, noise drives the scores to a constant.
    steps: 800,
    batch_queries: 24,
    learning_rate: 1.5e-3,
    weight_decay: 0.01,
    validations: 5,
    validation_queries: 100,
};

/// Candidates of a training query, drawn from its list.
const GROUP: usize = 8;
/// How often a query is drawn for, each time with other candidates.
const DRAWS: usize = 3;

/// The photos of a bed, by name.
pub struct BedPhotos(HashMap<PhotoId, Arc<Image>>);

impl BedPhotos {
    /// All of them.
    pub fn new(bed: &Bed) -> Arc<Self> {
        let queries = bed.train.iter().chain(&bed.validation).chain(&bed.test).map(|query| &query.view);
        let views = bed.gallery.iter().chain(queries);
        Arc::new(Self(views.map(|view| (view.id.clone(), Arc::new(view.image.clone()))).collect()))
    }
}

impl PhotoSource for BedPhotos {
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        let missing = || Failure::new(ErrorKind::NotFound, format!("{id} is not a photo of the bed"));
        self.0.get(id).cloned().ok_or_else(missing)
    }
}

/// Trains an adapter for the checkpoint in `model` into a directory and judges what was saved there on the test queries:
/// losses on the way, and the errors in km.
///
/// # Errors
/// Those of training.
pub fn run_vlm(
    bed: &Bed,
    photos: &Arc<BedPhotos>,
    model: &Path,
    variant: Variant,
    budget: &Budget,
    seed: u64,
    out: &Path,
) -> anyhow::Result<(Points, Vec<f64>)> {
    let points = train_into(out, &vlm_training(bed, photos, model, variant, seed)?, variant, budget, seed)?;
    let options = ScorerOptions { adapter: Some(out.to_path_buf()), ..ScorerOptions::default() };
    let ranker = VlmRanker::new(PairScorer::open(model, &options)?, photos.clone());
    Ok((points, errors_km(&ranker, variant, &bed.test)?))
}

/// The LVLM as the engine sees it: pairs on all linear modules of the language model, so wide that what a random network
/// lacks can be learnt.
///
/// # Errors
/// A checkpoint that cannot be opened.
pub fn vlm_training(
    bed: &Bed,
    photos: &Arc<BedPhotos>,
    model: &Path,
    variant: Variant,
    seed: u64,
) -> anyhow::Result<VlmTrainer> {
    let target_modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    let settings = LoraSettings {
        rank: 32,
        alpha: 32.0,
        dropout: 0.0,
        target_modules: target_modules.map(str::to_owned).to_vec(),
    };
    let options = VlmTrainerOptions { start: Start::Fresh(settings), seed, ..VlmTrainerOptions::default() };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut training = Vec::with_capacity(DRAWS * bed.train.len());
    for _ in 0..DRAWS {
        for query in &bed.train {
            let mut example = example(query, variant);
            // Any of the list, not its head: on the way the most similar ones must be told from the others too.
            let kept = example.candidates.partial_shuffle(&mut random, GROUP).0.to_vec();
            training.push(VlmExample { candidates: kept, ..example });
        }
    }
    let validation = bed.validation.iter().map(|query| example(query, variant)).collect();
    Ok(VlmTrainer::open(model, &options, training, validation, photos.clone())?)
}

/// The texts are those of [`VlmRanker`]: coordinates and, of the place, what the bed knows: its country.
fn example(query: &Query, variant: Variant) -> VlmExample {
    let candidates = variant.seen(&query.set).candidates.into_iter().zip(&query.distances_km);
    let candidates = candidates.map(|(candidate, distance_km)| VlmCandidate {
        place: PlaceText { location: candidate.location, text: candidate.place.country },
        photo: candidate.photo,
        distance_km: *distance_km,
    });
    VlmExample {
        name: query.view.id.0.clone(),
        query: query.view.id.clone(),
        candidates: candidates.collect(),
        negatives: None,
    }
}
