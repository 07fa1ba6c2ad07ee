//! The set ranker under the engine's trait.

use std::path::Path;

use contract::{CandidateSet, ErrorKind, Failure};
use geo::{LatLon, geodesic_km};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rank::set::{SetConfig, SetFeatures, SetNetwork, SetRanker, reached, spread, start};
use rayon::prelude::*;

use super::perturb::{Masks, SetSettings, perturb};
use crate::engine::{Gradients, GroupReport, Parameter, StepContext, TrainableRanker, ValidationGroup};

/// A query whose location is known.
#[derive(Clone, Debug)]
pub struct SetQuery {
    /// The candidates, with similarities and vectors.
    pub set: CandidateSet,
    /// Distance of each candidate to the query's true location, km.
    pub distances_km: Vec<f64>,
    /// How much the query counts, 1 on average: less where many photos were taken.
    pub weight: f64,
}

impl SetQuery {
    /// A query that counts as much as any other.
    pub fn new(set: CandidateSet, truth: LatLon) -> Self {
        let distances_km = set.candidates.iter().map(|one| geodesic_km(one.location, truth)).collect();
        Self { set, distances_km, weight: 1.0 }
    }
}

/// The configuration with the mean and deviation of the queries' features, to which the network's inputs are brought:
/// features differ much in size, and one learning rate has to fit them all.
///
/// # Errors
/// Sets that do not fit the configuration.
pub fn standardised(config: SetConfig, queries: &[SetQuery]) -> Result<SetConfig, Failure> {
    let raw = SetConfig { centre: Vec::new(), deviation: Vec::new(), ..config };
    let looked_at: Vec<SetFeatures> =
        queries.par_iter().map(|query| SetFeatures::of(&raw, &query.set)).collect::<Result<_, Failure>>()?;
    let (centre, deviation) = SetFeatures::moments(raw.features(), &looked_at);
    Ok(SetConfig { centre, deviation, ..raw })
}

/// Trains a [`SetNetwork`] on queries.
pub struct SetTraining {
    network: SetNetwork,
    settings: SetSettings,
    training: Vec<SetQuery>,
    validation: Vec<(SetFeatures, Vec<f64>)>,
}

/// One query's part of a step.
struct Part {
    gradients: Gradients,
    report: GroupReport,
}

impl SetTraining {
    /// Puts network and queries together. Queries with fewer than two candidates are left out: they teach nothing.
    ///
    /// # Errors
    /// A validation set that does not fit the network; training sets are looked at when their turn comes.
    pub fn new(
        network: SetNetwork,
        settings: SetSettings,
        mut training: Vec<SetQuery>,
        mut validation: Vec<SetQuery>,
    ) -> Result<Self, Failure> {
        training.retain(|query| query.set.candidates.len() > 1);
        validation.retain(|query| query.set.candidates.len() > 1);
        let validation = validation
            .into_iter()
            .map(|query| Ok((SetFeatures::of(network.config(), &query.set)?, query.distances_km)))
            .collect::<Result<_, Failure>>()?;
        Ok(Self { network, settings, training, validation })
    }

    /// The network.
    pub const fn network(&self) -> &SetNetwork {
        &self.network
    }

    fn part(&self, weights: &[&[f32]], query: usize, context: &StepContext<'_>) -> Result<Part, Failure> {
        let query = &self.training[query];
        // Perturbation and dropout of a query must not depend on which other queries share the call.
        let name = query.set.query.0.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = ChaCha8Rng::seed_from_u64(context.seed ^ name);
        let (set, left) =
            perturb(&query.set, &query.distances_km, self.network.config(), &self.settings, &mut random);
        let features = SetFeatures::of(self.network.config(), &set)?;
        let distances: Vec<f64> =
            features.kept.iter().map(|&index| query.distances_km[left[index]]).collect();
        let mut masks = Masks { settings: &self.settings, random: &mut random };
        let trace = self.network.forward(weights, &features, Some(&mut masks));
        let scores: Vec<f64> = trace.scores.iter().map(|score| f64::from(*score)).collect();
        let value = context.loss.evaluate(&scores, &distances);
        let scale = context.weight * query.weight;
        let slopes: Vec<f32> = value.gradient.iter().map(|slope| (slope * scale) as f32).collect();
        let mut gradients: Gradients = weights.iter().map(|values| vec![0.0; values.len()]).collect();
        self.network.backward(weights, &features, &trace, &slopes, &mut gradients);
        let report = GroupReport {
            loss: value.loss,
            first_order: value.first_order,
            second_order: value.second_order,
            tokens: features.count(),
            scores: trace.scores,
        };
        Ok(Part { gradients, report })
    }
}

impl TrainableRanker for SetTraining {
    fn initial_parameters(&self) -> Result<Vec<Parameter>, Failure> {
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let parameter = |spec: &rank::set::TensorSpec| Parameter {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            values: start(spec, || random.random()),
            decays: spec.decays,
        };
        Ok(self.network.layout().iter().map(parameter).collect())
    }

    fn queries(&self) -> usize {
        self.training.len()
    }

    fn validation_queries(&self) -> usize {
        self.validation.len()
    }

    fn query_name(&self, query: usize) -> String {
        self.training.get(query).map_or_else(String::new, |query| query.set.query.0.clone())
    }

    fn accumulate(
        &self,
        parameters: &[Parameter],
        queries: &[usize],
        context: &StepContext<'_>,
        gradients: &mut Gradients,
    ) -> Result<Vec<GroupReport>, Failure> {
        let weights = self.weights(parameters)?;
        let parts: Vec<Part> = queries
            .par_iter()
            .map(|&query| self.part(&weights, query, context))
            .collect::<Result<_, Failure>>()?;
        // Added in order: the sum does not depend on which thread was first.
        let mut reports = Vec::with_capacity(parts.len());
        for part in parts {
            for (into, of_query) in gradients.iter_mut().zip(&part.gradients) {
                into.iter_mut().zip(of_query).for_each(|(sum, value)| *sum += value);
            }
            reports.push(part.report);
        }
        Ok(reports)
    }

    fn validate(&self, parameters: &[Parameter], queries: &[usize]) -> Result<Vec<ValidationGroup>, Failure> {
        let weights = self.weights(parameters)?;
        let score = |&query: &usize| {
            let (features, distances_km) = &self.validation[query];
            let scores = self.network.scores(&weights, features);
            let scores = spread(features, &reached(&self.network.config().reach, features, &scores));
            ValidationGroup { scores, distances_km: distances_km.clone() }
        };
        Ok(queries.par_iter().map(score).collect())
    }

    fn save(&self, parameters: &[Parameter], directory: &Path) -> Result<(), Failure> {
        let weights = parameters.iter().map(|parameter| parameter.values.clone()).collect();
        SetRanker::new(self.network.clone(), weights)?.save(directory)
    }
}

impl SetTraining {
    /// The parameters' values, checked against the network's layout.
    fn weights<'a>(&self, parameters: &'a [Parameter]) -> Result<Vec<&'a [f32]>, Failure> {
        let layout = self.network.layout();
        let fits = parameters.len() == layout.len()
            && parameters
                .iter()
                .zip(layout)
                .all(|(parameter, spec)| parameter.name == spec.name && parameter.values.len() == spec.len());
        if fits {
            return Ok(parameters.iter().map(|parameter| parameter.values.as_slice()).collect());
        }
        Err(Failure::new(
            ErrorKind::BrokenModel,
            "set ranker: the checkpoint belongs to a network of another shape",
        )
        .with_hint("resume with the configuration that the run was started with"))
    }
}
