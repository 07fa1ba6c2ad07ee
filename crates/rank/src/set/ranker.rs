//! The set ranker as a [`Ranker`] among others, and its two files.

use std::path::Path;

use contract::{CandidateSet, ErrorKind, Failure, Ranker, Ranking};
use nets::checkpoint::{Checkpoint, Expected};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{SetConfig, SetFeatures, SetNetwork};
use crate::SimilarityRanker;

/// Name of the weights in a set ranker's directory.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Name of the configuration in a set ranker's directory.
pub const CONFIG_FILE: &str = "config.toml";

/// Ranks by attention over the whole candidate set.
///
/// At most [`SetConfig::max_candidates`] candidates are attended to: the best by the base ranker (without one, by
/// the channels' votes). The others get scores below every attended one, in the base ranker's order, so that a
/// decision never falls on them and a list still shows them last.
pub struct SetRanker {
    members: Vec<Member>,
    base: Option<SimilarityRanker>,
}

/// Networks of one shape whose scores are averaged.
#[derive(Clone)]
struct Member {
    network: SetNetwork,
    weights: Vec<Vec<f32>>,
}

impl SetRanker {
    /// A ranker with these weights, in the order of [`SetNetwork::layout`].
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] for lists that do not fit, or numbers that are not finite.
    pub fn new(network: SetNetwork, weights: Vec<Vec<f32>>) -> Result<Self, Failure> {
        check(&network, &weights)?;
        let base = network.config().base.clone().map(SimilarityRanker::new).transpose()?;
        Ok(Self { members: vec![Member { network, weights }], base })
    }

    /// One ranker that averages the scores of several of the same configuration, trained from different seeds.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] if there are none, or their configurations differ.
    pub fn together(rankers: Vec<Self>) -> Result<Self, Failure> {
        let mut rest = rankers.into_iter();
        let broken = |why| Failure::new(ErrorKind::BrokenModel, format!("set ranker: {why}"));
        let mut all = rest.next().ok_or_else(|| broken("an ensemble of none"))?;
        for other in rest {
            if other.members[0].network.config() != all.members[0].network.config() {
                return Err(broken("networks of an ensemble have different configurations"));
            }
            all.members.extend(other.members);
        }
        Ok(all)
    }

    /// Reads the two files; `where_from` is for messages. Weights of an ensemble lie in the same file, the tensors of
    /// member `m` (from 1) under `member.m.`.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] naming the field or the tensor.
    pub fn from_files(where_from: &str, config: &str, weights: &[u8]) -> Result<Self, Failure> {
        let config = SetConfig::from_toml(config)?;
        let members = config.members;
        let network = SetNetwork::new(SetConfig { members: 1, ..config })?;
        let broken = |error: nets::NetworkError| {
            Failure::new(ErrorKind::BrokenModel, error.to_string())
                .with_hint("config.toml and model.safetensors of a set ranker belong together")
        };
        let expected: Vec<Expected> = (0..members)
            .flat_map(|member| {
                network.layout().iter().map(move |spec| (tensor_name(member, &spec.name), spec))
            })
            .map(|(name, spec)| (name, spec.shape.clone()))
            .collect();
        let file = format!("{where_from}{WEIGHTS_FILE}");
        let checkpoint = Checkpoint::new(&file, weights, &expected).map_err(broken)?;
        let alone = |member: usize| -> Result<Self, Failure> {
            let floats = |name: &str| checkpoint.floats(&tensor_name(member, name)).map_err(broken);
            let weights = network.layout().iter().map(|spec| floats(&spec.name)).collect::<Result<_, _>>()?;
            Self::new(network.clone(), weights)
        };
        Self::together((0..members).map(alone).collect::<Result<_, _>>()?)
    }

    /// Reads a directory with `config.toml` and `model.safetensors`.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] naming the file.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).map_err(|error| {
                Failure::new(ErrorKind::BrokenModel, format!("cannot read {}: {error}", path.display()))
                    .with_hint("a set ranker is a directory with config.toml and model.safetensors")
            })
        };
        let config = String::from_utf8_lossy(&read(CONFIG_FILE)?).into_owned();
        Self::from_files(&format!("{}/", directory.display()), &config, &read(WEIGHTS_FILE)?)
    }

    /// The configuration, as `config.toml` holds it.
    pub fn config(&self) -> SetConfig {
        SetConfig { members: self.members.len(), ..self.members[0].network.config().clone() }
    }

    /// Each member as a ranker by itself: how much the seed matters.
    pub fn members(&self) -> Vec<Self> {
        let alone = |member: &Member| Self { members: vec![member.clone()], base: self.base.clone() };
        self.members.iter().map(alone).collect()
    }

    /// Content of `model.safetensors`.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the format refuses the tensors.
    pub fn weights_file(&self) -> Result<Vec<u8>, Failure> {
        let internal = |error: safetensors::SafeTensorError| {
            Failure::new(ErrorKind::Internal, format!("set ranker: {error}"))
        };
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (number, member) in self.members.iter().enumerate() {
            for (spec, values) in member.network.layout().iter().zip(&member.weights) {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                tensors.push((tensor_name(number, &spec.name), spec.shape.clone(), bytes));
            }
        }
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| {
                Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(internal)?))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        safetensors::serialize(views, None).map_err(internal)
    }

    /// Writes both files into a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file that cannot be written.
    pub fn save(&self, directory: &Path) -> Result<(), Failure> {
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::new(ErrorKind::Output, format!("cannot write {}: {error}", path.display()))
                .with_hint("check that the folder can be written, and that the disk is not full")
        };
        std::fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
        let files =
            [(CONFIG_FILE, self.config().to_toml()?.into_bytes()), (WEIGHTS_FILE, self.weights_file()?)];
        for (name, bytes) in files {
            let path = directory.join(name);
            files::write_atomic(&path, bytes).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }

    /// Scores of a set that was looked at already: one a candidate of the whole set.
    pub fn scores(&self, features: &SetFeatures) -> Vec<f32> {
        let mut kept = vec![0.0; features.count()];
        for Member { network, weights } in &self.members {
            let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
            for (sum, score) in kept.iter_mut().zip(network.scores(&weights, features)) {
                *sum += score / self.members.len() as f32;
            }
        }
        spread(features, &reached(&self.members[0].network.config().reach, features, &kept))
    }
}

/// Keeps apart candidates that promise the same: each counts itself a little more.
const OWN_WORTH: f64 = 1e-3;

/// From the network's scores of the attended candidates to what each promises by [`SetConfig::reach`]:
/// `ln sum_j p_j sum_r w_r [d_ij < r]`, where `p` is the softmax of the scores. The nearest of many candidates is hard
/// to tell from its neighbours, so the loss divides the probability among them; a stranger with a little more than each
/// must not win over all of them together. `[kept]`.
pub fn reached(reach: &[(f64, f64)], features: &SetFeatures, kept: &[f32]) -> Vec<f32> {
    if reach.is_empty() || kept.is_empty() {
        return kept.to_vec();
    }
    let highest = kept.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut share: Vec<f64> = kept.iter().map(|score| f64::from(score - highest).exp()).collect();
    let sum: f64 = share.iter().sum();
    for value in &mut share {
        *value /= sum;
    }
    let worth = |km: f32| -> f64 {
        reach.iter().filter(|(radius, _)| f64::from(km) < *radius).map(|(_, worth)| worth).sum()
    };
    let rows = features.distances_km.chunks_exact(kept.len()).zip(&share);
    rows.map(|(row, own)| {
        let around: f64 = row.iter().zip(&share).map(|(km, share)| worth(*km) * share).sum();
        (around + OWN_WORTH * own).max(f64::from(f32::MIN_POSITIVE)).ln() as f32
    })
    .collect()
}

/// Puts the scores of the attended candidates among those of the whole set, the others below them.
pub fn spread(features: &SetFeatures, kept: &[f32]) -> Vec<f32> {
    let lowest = kept.iter().copied().fold(f32::INFINITY, f32::min);
    let least = features.kept.iter().map(|&index| features.prior[index]).fold(f32::INFINITY, f32::min);
    let mut scores: Vec<f32> = features.prior.iter().map(|prior| lowest - 1.0 - (least - prior)).collect();
    for (&index, score) in features.kept.iter().zip(kept) {
        scores[index] = *score;
    }
    scores
}

fn check(network: &SetNetwork, weights: &[Vec<f32>]) -> Result<(), Failure> {
    let broken = |why: String| Err(Failure::new(ErrorKind::BrokenModel, format!("set ranker: {why}")));
    if weights.len() != network.layout().len() {
        return broken(format!("{} tensors instead of {}", weights.len(), network.layout().len()));
    }
    for (spec, values) in network.layout().iter().zip(weights) {
        if values.len() != spec.len() {
            return broken(format!("`{}` has {} values instead of {}", spec.name, values.len(), spec.len()));
        }
        if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
            return broken(format!("`{}` holds {bad}", spec.name));
        }
    }
    Ok(())
}

fn tensor_name(member: usize, name: &str) -> String {
    if member == 0 { name.to_owned() } else { format!("member.{member}.{name}") }
}

impl Ranker for SetRanker {
    fn name(&self) -> &'static str {
        "set"
    }

    fn needs_vectors(&self) -> bool {
        true
    }

    fn rank(&self, set: &CandidateSet) -> Result<Ranking, Failure> {
        if set.candidates.is_empty() {
            return Ok(Ranking { scores: Vec::new() });
        }
        let features = SetFeatures::with_base(self.members[0].network.config(), self.base.as_ref(), set)?;
        let scores = self.scores(&features);
        match scores.iter().position(|score| !score.is_finite()) {
            None => Ok(Ranking { scores }),
            Some(index) => Err(Failure::new(
                ErrorKind::BrokenModel,
                format!("set ranker: the score of candidate {index} of {} is {}", set.query, scores[index]),
            )),
        }
    }
}
