//! A linear scorer on made-up features, and how the tests run it.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use train::configuration::{EngineSettings, Record};
use train::engine::{
    Collective, EngineError, Gradients, GroupReport, LogRow, Outcome, Parameter, Progress, Run,
    SingleProcess, StepContext, TrainableRanker, ValidationGroup, ValidationRow, train,
};

pub(crate) const FEATURES: usize = 6;
const CANDIDATES: usize = 5;

/// One query: candidates' features and distances.
struct Group {
    features: Vec<[f32; FEATURES]>,
    distances_km: Vec<f64>,
}

/// Scores are `weights . features + bias`; some features are left out of a step at random, as dropout does.
pub(crate) struct LinearRanker {
    training: Vec<Group>,
    validation: Vec<Group>,
    dropout: f64,
    /// The training query whose first feature is not a number.
    pub(crate) broken: Option<usize>,
    /// Calls of `accumulate` after which `stop` is set: where a process is interrupted.
    pub(crate) stop_after: Cell<Option<usize>>,
    /// The same, but the call fails.
    pub(crate) fail_after: Cell<Option<usize>>,
    pub(crate) stop: AtomicBool,
}

impl LinearRanker {
    pub(crate) fn new(training: usize, validation: usize, dropout: f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut groups = |count: usize| (0..count).map(|_| group(&mut random)).collect();
        Self {
            training: groups(training),
            validation: groups(validation),
            dropout,
            broken: None,
            stop_after: Cell::new(None),
            fail_after: Cell::new(None),
            stop: AtomicBool::new(false),
        }
    }
}

/// Candidates are the nearer the larger a hidden sum of their features is.
fn group(random: &mut ChaCha8Rng) -> Group {
    let features: Vec<[f32; FEATURES]> =
        (0..CANDIDATES).map(|_| std::array::from_fn(|_| random.random_range(-1.0..1.0))).collect();
    let hidden = [1.5, -2.0, 0.5, 0.0, 1.0, -0.5];
    let distances_km = features
        .iter()
        .map(|features| {
            let sum: f32 = features.iter().zip(hidden).map(|(feature, weight)| feature * weight).sum();
            1000.0 * f64::from(-1.5 * sum).exp()
        })
        .collect();
    Group { features, distances_km }
}

fn count_down(cell: &Cell<Option<usize>>) -> bool {
    let left = cell.get();
    cell.set(left.map(|left| left.saturating_sub(1)));
    left == Some(1)
}

impl TrainableRanker for LinearRanker {
    fn initial_parameters(&self) -> Result<Vec<Parameter>, Failure> {
        Ok(vec![
            Parameter {
                name: "weights".into(),
                shape: vec![FEATURES],
                values: vec![0.1; FEATURES],
                decays: true,
            },
            Parameter { name: "bias".into(), shape: vec![1], values: vec![0.0], decays: false },
        ])
    }

    fn queries(&self) -> usize {
        self.training.len()
    }

    fn validation_queries(&self) -> usize {
        self.validation.len()
    }

    fn query_name(&self, query: usize) -> String {
        format!("photo-{query}.jpg")
    }

    fn distances_km(&self, query: usize) -> Option<Vec<f64>> {
        Some(self.training[query].distances_km.clone())
    }

    fn accumulate(
        &self,
        parameters: &[Parameter],
        queries: &[usize],
        context: &StepContext<'_>,
        gradients: &mut Gradients,
    ) -> Result<Vec<GroupReport>, Failure> {
        if count_down(&self.stop_after) {
            self.stop.store(true, Ordering::Relaxed);
        }
        if count_down(&self.fail_after) {
            return Err(Failure::new(ErrorKind::NotFound, "photo-3.jpg is not in photos.tar"));
        }
        let mut random = ChaCha8Rng::seed_from_u64(context.seed);
        let report = |&query: &usize| {
            let group = &self.training[query];
            let kept: [f32; FEATURES] =
                std::array::from_fn(|_| if random.random_bool(self.dropout) { 0.0 } else { 1.0 });
            let mut features = group.features.clone();
            features
                .iter_mut()
                .flat_map(|row| row.iter_mut().zip(kept))
                .for_each(|(feature, kept)| *feature *= kept);
            if self.broken == Some(query) {
                features[0][0] = f32::NAN;
            }
            let scores = scores(parameters, &features);
            let value = context.loss.evaluate(&widened(&scores), &group.distances_km);
            for (slope, features) in value.gradient.iter().zip(&features) {
                let slope = context.weight * slope;
                for (sum, feature) in gradients[0].iter_mut().zip(features) {
                    *sum += (slope * f64::from(*feature)) as f32;
                }
                gradients[1][0] += slope as f32;
            }
            GroupReport {
                loss: value.loss,
                first_order: value.first_order,
                second_order: value.second_order,
                tokens: CANDIDATES,
                scores,
            }
        };
        Ok(queries.iter().map(report).collect())
    }

    fn validate(&self, parameters: &[Parameter], queries: &[usize]) -> Result<Vec<ValidationGroup>, Failure> {
        let validated = |&query: &usize| {
            let Group { features, distances_km } = &self.validation[query];
            ValidationGroup { scores: scores(parameters, features), distances_km: distances_km.clone() }
        };
        Ok(queries.iter().map(validated).collect())
    }

    fn save(&self, parameters: &[Parameter], directory: &Path) -> Result<(), Failure> {
        let values: Vec<&Vec<f32>> = parameters.iter().map(|parameter| &parameter.values).collect();
        std::fs::write(directory.join("model.json"), serde_json::to_vec(&values).unwrap())
            .map_err(|error| Failure::new(ErrorKind::Output, error.to_string()))
    }
}

fn scores(parameters: &[Parameter], features: &[[f32; FEATURES]]) -> Vec<f32> {
    let weights = &parameters[0].values;
    let sum = |row: &[f32; FEATURES]| {
        row.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>() + parameters[1].values[0]
    };
    features.iter().map(sum).collect()
}

fn widened(scores: &[f32]) -> Vec<f64> {
    scores.iter().map(|score| f64::from(*score)).collect()
}

/// Settings of a run of so many steps into `out`.
pub(crate) fn settings(out: &Path, steps: u64) -> EngineSettings {
    EngineSettings {
        out: out.to_path_buf(),
        steps: Some(steps),
        learning_rate: 0.05,
        batch_queries: 3,
        checkpoint_every: 4,
        validate_every: 5,
        seed: 11,
        ..EngineSettings::default()
    }
}

/// What was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) rows: Vec<LogRow>,
    pub(crate) validations: Vec<(ValidationRow, bool)>,
    pub(crate) notes: Vec<String>,
}

impl Progress for Told {
    fn stepped(&mut self, row: &LogRow) {
        self.rows.push(row.clone());
    }

    fn validated(&mut self, row: &ValidationRow, best: bool) {
        self.validations.push((row.clone(), best));
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

/// A run in this process alone.
pub(crate) fn run(
    ranker: &LinearRanker,
    settings: &EngineSettings,
    resume: bool,
) -> (Result<Outcome, EngineError>, Told) {
    run_among(ranker, settings, resume, &SingleProcess)
}

/// A run with others.
pub(crate) fn run_among(
    ranker: &LinearRanker,
    settings: &EngineSettings,
    resume: bool,
    collective: &dyn Collective,
) -> (Result<Outcome, EngineError>, Told) {
    let mut told = Told::default();
    ranker.stop.store(false, Ordering::Relaxed);
    let outcome = train(Run {
        ranker,
        settings,
        record: &record(settings),
        resume,
        collective,
        progress: &mut told,
        stop: &ranker.stop,
    });
    (outcome, told)
}

/// Stands for what a configuration file said.
fn record(settings: &EngineSettings) -> Record {
    let mut record = Record::new();
    record.insert("learning_rate".into(), settings.learning_rate.into());
    record.insert("steps".into(), settings.steps.into());
    record.insert("keep_last".into(), settings.keep_last.into());
    record
}

/// Rows without the one column that a clock writes.
pub(crate) fn timeless(mut rows: Vec<LogRow>) -> Vec<LogRow> {
    for row in &mut rows {
        row.seconds = 0.0;
    }
    rows
}
