//! The pack's set ranker: trained out of fold, kept if it beats similarity on `val`.

use std::path::Path;

use contract::{Channel, Encoder, Exclude, LocateOptions};
use georanker::Ranked;
use georanker::pack::{Manifest, RankerManifest, SetManifest};
use rank::set::{CONFIG_FILE, REACH, SetChannel, SetConfig, SetNetwork, SetRanker, WEIGHTS_FILE};
use rank::{Keep, MultiOrderLoss, SimilarityRanker, SimilaritySettings};
use train::set::{SetQuery, SetSettings, SetTraining, standardised};

use crate::build::Ingredients;
use crate::folds::{Folds, OutOfFold, out_of_fold};
use crate::select::{Validation, calibrate, choose_decision, rerank_with};
use crate::steps::{Steps, trained};

/// The ranker's directory in the pack.
pub(crate) const DIRECTORY: &str = "set";
/// Its files, relative to the pack.
pub(crate) const CONFIG: &str = "set/config.toml";
pub(crate) const WEIGHTS: &str = "set/model.safetensors";

/// How the ranker is trained. Chosen on `val` among [`crate::trials`]; see docs/src/starter-pack.md.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Out of so many queries, one whose candidates exclude its own author.
    pub(crate) other_authors_every: Option<usize>,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) directions: usize,
    pub(crate) max_candidates: usize,
    pub(crate) reach: Vec<(f64, f64)>,
    pub(crate) loss: MultiOrderLoss,
    pub(crate) settings: SetSettings,
    pub(crate) steps: Steps,
    /// Seeds of the networks that are averaged.
    pub(crate) seeds: Vec<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            other_authors_every: Some(2),
            width: 32,
            layers: 0,
            directions: 0,
            max_candidates: 100,
            reach: REACH.to_vec(),
            loss: MultiOrderLoss { lambda: 1.0, keep: Keep::First(5), ..MultiOrderLoss::default() },
            settings: SetSettings {
                feature_dropout: 0.1,
                layer_dropout: 0.1,
                twins: 0.1,
                ..SetSettings::default()
            },
            steps: Steps { count: 800, batch: 128, learning_rate: 1e-3, weight_decay: 0.01, warmup: 50 },
            seeds: vec![0, 1, 2],
        }
    }
}

/// How training photos are divided.
/// Cells of some 100 m: with larger ones a training query's nearest gallery photo is farther than a test query's (65 %
/// of `val` and `test` have one within 1 km; out of cells of 1 km 42 % of the training queries, of 100 m 63 %).
const FOLDS: Folds = Folds { count: 5, cell_degrees: 0.001 };

/// Everything that a plan is carried out with.
pub(crate) struct Workshop<'a> {
    pub(crate) validation: &'a Validation,
    base: SimilaritySettings,
    found: OutOfFold,
    /// The validation photos' candidates, as ranked by similarity.
    pub(crate) plain: Vec<Ranked>,
    /// The same without those of the photos' own authors and their near-duplicates.
    pub(crate) excluding: Vec<Ranked>,
}

impl<'a> Workshop<'a> {
    /// Encodes the gallery photos out of fold and looks up everybody's candidates.
    pub(crate) fn open(
        manifest: &Manifest,
        pack: &Path,
        ingredients: &Ingredients,
        validation: &'a Validation,
        base: &SimilaritySettings,
        cache: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let similarity = SimilarityRanker::new(base.clone())?;
        let exclude = Exclude { same_author: true, near_duplicate: true };
        let excluding = LocateOptions { exclude, ..LocateOptions::default() };
        Ok(Self {
            found: out_of_fold(FOLDS, ingredients, &validation.parts, (pack, manifest), cache)?,
            plain: rerank_with(&similarity, &validation.ranked(&LocateOptions::default())?)?,
            excluding: rerank_with(&similarity, &validation.ranked(&excluding)?)?,
            validation,
            base: base.clone(),
        })
    }

    /// One network a seed.
    pub(crate) fn train(&self, plan: &Plan) -> anyhow::Result<Vec<SetRanker>> {
        let mut queries = self.found.plain.clone();
        if let Some(every) = plan.other_authors_every {
            queries.extend(self.found.other_authors.iter().step_by(every.max(1)).cloned());
        }
        let network = SetNetwork::new(self.config(plan, &queries)?)?;
        let one = |&seed: &u64| {
            let settings = SetSettings { seed, ..plan.settings };
            let training = SetTraining::new(network.clone(), settings, queries.clone(), Vec::new())?;
            trained(&training, plan.loss, &plan.steps, seed)
        };
        plan.seeds.iter().map(one).collect()
    }

    fn config(&self, plan: &Plan, queries: &[SetQuery]) -> anyhow::Result<SetConfig> {
        let channels = self.validation.parts.encoder.channels().iter().map(|spec| SetChannel {
            name: spec.channel.clone(),
            dimension: spec.dimension,
            temperatures: if spec.channel == Channel::photo() { vec![0.05, 0.16] } else { vec![0.03, 0.1] },
        });
        let config = SetConfig {
            width: plan.width,
            hidden: 2 * plan.width,
            layers: plan.layers,
            directions: plan.directions,
            max_candidates: plan.max_candidates,
            reach: plan.reach.clone(),
            ..SetConfig::new(channels.collect(), Some(self.base.clone()))
        };
        Ok(standardised(config, queries)?)
    }
}

/// Trains, and if the ranker is better than similarity on `val`, writes `set/` and puts ranker, decision and calibration
/// into the manifest. Whether it was.
pub(crate) fn build(
    manifest: &mut Manifest,
    pack: &Path,
    workshop: &Workshop<'_>,
    plan: &Plan,
) -> anyhow::Result<bool> {
    let rows = &workshop.validation.rows;
    let (known, _) = choose_decision(rows, &workshop.plain);
    let ranker = SetRanker::together(workshop.train(plan)?)?;
    let reranked = rerank_with(&ranker, &workshop.plain)?;
    let (value, decision) = choose_decision(rows, &reranked);
    let better = value > known;
    if better {
        ranker.save(&pack.join(DIRECTORY))?;
        calibrate(manifest, rows, &reranked, decision);
        manifest.ranker = RankerManifest::Set(SetManifest {
            config: format!("{DIRECTORY}/{CONFIG_FILE}"),
            weights: format!("{DIRECTORY}/{WEIGHTS_FILE}"),
        });
    } else {
        eprintln!(
            "the set ranker is not better than similarity on val: {value} against {known}; it stays out"
        );
    }
    Ok(better)
}
