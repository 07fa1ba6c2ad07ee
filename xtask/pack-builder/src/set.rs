//! The pack's set ranker: trained out of fold, kept if it beats similarity on `val`.

use std::path::Path;

use contract::{Exclude, LocateOptions};
use georanker::pack::{Manifest, RankerManifest, SetManifest};
use rank::set::{CONFIG_FILE, REACH, SetChannel, SetConfig, SetNetwork, SetRanker, WEIGHTS_FILE};
use rank::{Keep, MultiOrderLoss, SimilaritySettings};
use train::set::{SetQuery, SetSettings, SetTraining};

use crate::build::Ingredients;
use crate::folds::{Folds, OutOfFold, out_of_fold};
use crate::select::{Validation, calibrate, choose_decision, rerank_with};
use crate::steps::{Steps, trained};

/// The ranker's directory in the pack.
pub(crate) const DIRECTORY: &str = "set";
/// Its files, relative to the pack.
pub(crate) const CONFIG: &str = "set/config.toml";
pub(crate) const WEIGHTS: &str = "set/model.safetensors";

/// How the ranker is trained. After findings on `val` with a prototype; see docs/starter-pack.md.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) folds: Folds,
    /// Out of so many queries, one whose candidates exclude its own author.
    pub(crate) other_authors_every: Option<usize>,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) directions: usize,
    pub(crate) loss: MultiOrderLoss,
    pub(crate) settings: SetSettings,
    pub(crate) steps: Steps,
    /// Seeds of the networks that are averaged.
    pub(crate) seeds: Vec<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            folds: Folds { count: 5, cell_degrees: 0.01 },
            other_authors_every: Some(2),
            width: 32,
            layers: 1,
            directions: 0,
            loss: MultiOrderLoss { lambda: 1.0, keep: Keep::First(5), ..MultiOrderLoss::default() },
            settings: SetSettings { feature_dropout: 0.1, layer_dropout: 0.1, ..SetSettings::default() },
            steps: Steps { count: 250, batch: 64, learning_rate: 1e-3, weight_decay: 0.01, warmup: 50 },
            seeds: vec![0, 1, 2],
        }
    }
}

impl Plan {
    fn config(&self, validation: &Validation, base: &SimilaritySettings) -> SetConfig {
        use contract::{Channel, Encoder};
        let channels = validation.parts.encoder.channels().iter().map(|spec| SetChannel {
            name: spec.channel.clone(),
            dimension: spec.dimension,
            temperatures: if spec.channel == Channel::photo() { vec![0.05, 0.16] } else { vec![0.03, 0.1] },
        });
        SetConfig {
            width: self.width,
            hidden: 2 * self.width,
            layers: self.layers,
            directions: self.directions,
            reach: REACH.to_vec(),
            ..SetConfig::new(channels.collect(), Some(base.clone()))
        }
    }

    fn queries(&self, found: &OutOfFold) -> Vec<SetQuery> {
        let mut queries = found.plain.clone();
        if let Some(every) = self.other_authors_every {
            queries.extend(found.other_authors.iter().step_by(every.max(1)).cloned());
        }
        queries
    }
}

/// Trains, and if the ranker is better than similarity on `val`, writes `set/` and puts ranker, decision and calibration
/// into the manifest. Whether it was.
pub(crate) fn build(
    manifest: &mut Manifest,
    pack: &Path,
    ingredients: &Ingredients,
    validation: &Validation,
    base: &SimilaritySettings,
    cache: Option<&Path>,
    plan: &Plan,
) -> anyhow::Result<bool> {
    let found = out_of_fold(plan.folds, ingredients, &validation.parts, (pack, manifest), cache)?;
    let queries = plan.queries(&found);
    let network = SetNetwork::new(plan.config(validation, base))?;
    let ranked = validation.ranked(&LocateOptions::default())?;
    let excluding = LocateOptions {
        exclude: Exclude { same_author: true, near_duplicate: true },
        ..LocateOptions::default()
    };
    let ranked_excluding = validation.ranked(&excluding)?;
    let (known, _) = choose_decision(&validation.rows, &ranked);
    let mut members = Vec::new();
    for &seed in &plan.seeds {
        let settings = SetSettings { seed, ..plan.settings };
        let training = SetTraining::new(network.clone(), settings, queries.clone(), Vec::new())?;
        let alone = trained(&training, plan.loss, &plan.steps, seed)?;
        eprint!("seed {seed}: ");
        choose_decision(&validation.rows, &rerank_with(&alone, &ranked)?);
        eprint!("  without the authors: ");
        choose_decision(&validation.rows, &rerank_with(&alone, &ranked_excluding)?);
        members.push(alone);
    }
    let ranker = SetRanker::together(members)?;
    let reranked = rerank_with(&ranker, &ranked)?;
    eprint!("all {} seeds: ", plan.seeds.len());
    let (value, decision) = choose_decision(&validation.rows, &reranked);
    eprint!("  without the authors: ");
    choose_decision(&validation.rows, &rerank_with(&ranker, &ranked_excluding)?);
    let better = value > known;
    if better {
        ranker.save(&pack.join(DIRECTORY))?;
        calibrate(manifest, &validation.rows, &reranked, decision);
        manifest.ranker = RankerManifest::Set(SetManifest {
            config: format!("{DIRECTORY}/{CONFIG_FILE}"),
            weights: format!("{DIRECTORY}/{WEIGHTS_FILE}"),
        });
    } else {
        eprintln!(
            "the set ranker is no better than similarity on val: {value} against {known}; it stays out"
        );
    }
    Ok(better)
}
