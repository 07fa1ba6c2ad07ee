//! The network behind a confidence.

use std::collections::HashMap;

use contract::{CandidateSet, Confidence, RADII_KM};
use geo::LatLon;
use kernels::vectors::add_product;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{ConfidenceChannel, ConfidenceFeatures};

/// Layout of the file; another number belongs to another version of this program.
const FORMAT: u32 = 1;
/// Standardised features are cut off here: a network says anything at all far from what it was trained on.
const CUT: f32 = 4.0;
/// The key of the file's metadata that holds everything but the tensors, as JSON.
const CONFIG_KEY: &str = "confidence";
const RADII: usize = RADII_KM.len();

/// A model that cannot be read or does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfidenceModelError(String);

impl From<String> for ConfidenceModelError {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// One network of the ensemble: `z = W2 relu(W1 x + b1) + b2`; matrices are row-major `[inputs, outputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// `[features, hidden]`.
    pub first: Vec<f32>,
    /// `[hidden]`.
    pub first_bias: Vec<f32>,
    /// `[hidden, 5]`.
    pub second: Vec<f32>,
    /// `[5]`.
    pub second_bias: Vec<f32>,
}

/// What is stored beside the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    format: u32,
    channels: Vec<ConfidenceChannel>,
    hidden: usize,
    members: usize,
    usual_similarity: f32,
}

/// States the probability that the truth is within each of [`RADII_KM`] of a location, given the candidates.
///
/// `P(1 km) = s(z_0)`, `P(next radius) = s(z + softplus(z_k))`: an ordinal model, so that no larger circle is less likely
/// than a smaller one. The members' probabilities are averaged.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceModel {
    channels: Vec<ConfidenceChannel>,
    /// `[features]` each.
    centre: Vec<f32>,
    deviation: Vec<f32>,
    members: Vec<Member>,
    hidden: usize,
    usual_similarity: f32,
}

impl ConfidenceModel {
    /// Puts a model together. `centre` and `deviation` (`[features]`) standardise the features; `usual_similarity` is the
    /// best similarity that an answer that is right usually has at least: below it, nothing similar is in the gallery.
    ///
    /// # Errors
    /// In words: lengths that do not go together, numbers that are not finite, no members.
    pub fn new(
        channels: Vec<ConfidenceChannel>,
        (centre, deviation): (Vec<f32>, Vec<f32>),
        members: Vec<Member>,
        usual_similarity: f32,
    ) -> Result<Self, ConfidenceModelError> {
        let features = ConfidenceFeatures::names(&channels).len();
        let Some(hidden) = members.first().map(|member| member.first_bias.len()) else {
            return Err("a confidence model needs at least one member".to_owned().into());
        };
        if let Some(bad) =
            channels.iter().find(|channel| !(channel.spread > 0.0 && channel.spread.is_finite()))
        {
            return Err(format!("channel {}: spread must be a positive number", bad.name).into());
        }
        for (name, values) in [("centre", &centre), ("deviation", &deviation)] {
            check(name, values, features)?;
        }
        if deviation.iter().any(|value| *value <= 0.0) {
            return Err("`deviation` must be positive".to_owned().into());
        }
        for (index, member) in members.iter().enumerate() {
            let Member { first, first_bias, second, second_bias } = member;
            check(&format!("member {index}: first"), first, features * hidden)?;
            check(&format!("member {index}: first_bias"), first_bias, hidden)?;
            check(&format!("member {index}: second"), second, hidden * RADII)?;
            check(&format!("member {index}: second_bias"), second_bias, RADII)?;
        }
        if !usual_similarity.is_finite() {
            return Err("`usual_similarity` is not finite".to_owned().into());
        }
        Ok(Self { channels, centre, deviation, members, hidden, usual_similarity })
    }

    /// The channels that it looks at.
    pub fn channels(&self) -> &[ConfidenceChannel] {
        &self.channels
    }

    /// Best similarity that an answer that is right usually has at least.
    pub const fn usual_similarity(&self) -> f32 {
        self.usual_similarity
    }

    /// How likely the truth is within each radius of `location`, and the features that say so.
    pub fn confidence(&self, set: &CandidateSet, location: LatLon) -> (Confidence, ConfidenceFeatures) {
        let features = ConfidenceFeatures::of(&self.channels, set, location);
        (self.of_features(&features.values), features)
    }

    /// As [`ConfidenceModel::confidence`], from features `[features]`.
    pub fn of_features(&self, features: &[f32]) -> Confidence {
        let inputs: Vec<f32> = features
            .iter()
            .zip(self.centre.iter().zip(&self.deviation))
            .map(|(value, (centre, deviation))| ((value - centre) / deviation).clamp(-CUT, CUT))
            .collect();
        let mut sums = [0.0; RADII];
        for Member { first, first_bias, second, second_bias } in &self.members {
            let mut hidden = first_bias.clone();
            add_product(&inputs, first, &mut hidden);
            for value in &mut hidden {
                *value = value.max(0.0);
            }
            let mut outputs = second_bias.clone();
            add_product(&hidden, second, &mut outputs);
            let mut level = 0.0;
            for (radius, (sum, output)) in sums.iter_mut().zip(&outputs).enumerate() {
                let output = f64::from(*output);
                level += if radius == 0 { output } else { softplus(output) };
                *sum += (1.0 + (-level).exp()).recip();
            }
        }
        Confidence(sums.map(|sum| sum / self.members.len() as f64))
    }

    /// Brings features `[rows, features]` to the network's inputs, in place; what training has to do as well.
    pub fn standardise(centre: &[f32], deviation: &[f32], rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(centre.len().max(1)) {
            for (value, (centre, deviation)) in row.iter_mut().zip(centre.iter().zip(deviation)) {
                *value = ((*value - centre) / deviation).clamp(-CUT, CUT);
            }
        }
    }

    /// Reads what [`ConfidenceModel::to_bytes`] wrote.
    ///
    /// # Errors
    /// In words: another format, a missing, extra, misshapen or non-finite tensor.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConfidenceModelError> {
        let no_file = |error: safetensors::SafeTensorError| format!("not a safetensors file: {error}");
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(no_file)?;
        let file = SafeTensors::deserialize(bytes).map_err(no_file)?;
        let text = metadata.metadata().as_ref().and_then(|entries| entries.get(CONFIG_KEY));
        let text = text.ok_or_else(|| format!("its metadata has no `{CONFIG_KEY}`"))?;
        let config: Config =
            serde_json::from_str(text).map_err(|error| format!("`{CONFIG_KEY}`: {error}"))?;
        if config.format != FORMAT {
            return Err(format!("format = {}: this program reads format {FORMAT}", config.format).into());
        }
        let tensor = |name: String| -> Result<Vec<f32>, ConfidenceModelError> {
            let view = file.tensor(&name).map_err(|_| format!("tensor `{name}` is missing"))?;
            if view.dtype() != Dtype::F32 {
                return Err(format!("tensor `{name}` is {:?}, not F32", view.dtype()).into());
            }
            Ok(view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
        };
        let known = 2 + config.members.saturating_mul(4);
        if file.len() != known {
            return Err(format!("{} tensors, expected {known}", file.len()).into());
        }
        let members = (0..config.members)
            .map(|index| {
                Ok(Member {
                    first: tensor(format!("{index}.first"))?,
                    first_bias: tensor(format!("{index}.first_bias"))?,
                    second: tensor(format!("{index}.second"))?,
                    second_bias: tensor(format!("{index}.second_bias"))?,
                })
            })
            .collect::<Result<_, ConfidenceModelError>>()?;
        let moments = (tensor("centre".to_owned())?, tensor("deviation".to_owned())?);
        let model = Self::new(config.channels, moments, members, config.usual_similarity)?;
        if model.hidden != config.hidden {
            return Err(format!("hidden = {}, the tensors have {}", config.hidden, model.hidden).into());
        }
        Ok(model)
    }

    /// The file's content.
    ///
    /// # Errors
    /// In words; not for a model that [`ConfidenceModel::new`] made.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ConfidenceModelError> {
        let features = self.centre.len();
        let config = Config {
            format: FORMAT,
            channels: self.channels.clone(),
            hidden: self.hidden,
            members: self.members.len(),
            usual_similarity: self.usual_similarity,
        };
        let config = serde_json::to_string(&config).map_err(|error| error.to_string())?;
        let mut tensors: Vec<(String, Vec<usize>, &[f32])> = vec![
            ("centre".to_owned(), vec![features], &self.centre),
            ("deviation".to_owned(), vec![features], &self.deviation),
        ];
        for (index, member) in self.members.iter().enumerate() {
            tensors.push((format!("{index}.first"), vec![features, self.hidden], &member.first));
            tensors.push((format!("{index}.first_bias"), vec![self.hidden], &member.first_bias));
            tensors.push((format!("{index}.second"), vec![self.hidden, RADII], &member.second));
            tensors.push((format!("{index}.second_bias"), vec![RADII], &member.second_bias));
        }
        let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
            .into_iter()
            .map(|(name, shape, values)| {
                (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
            })
            .collect();
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
                Ok((name.clone(), view.map_err(|error| format!("{name}: {error}"))?))
            })
            .collect::<Result<Vec<_>, ConfidenceModelError>>()?;
        let metadata = HashMap::from([(CONFIG_KEY.to_owned(), config)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string().into())
    }
}

fn check(name: &str, values: &[f32], expected: usize) -> Result<(), ConfidenceModelError> {
    if values.len() != expected {
        return Err(format!("`{name}` has {} values, expected {expected}", values.len()).into());
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(format!("`{name}`: value {at} is not finite").into()),
        None => Ok(()),
    }
}

/// `ln(1 + e^x)`, without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
pub(super) mod tests {
    use contract::{Candidate, Channel, Origin};

    use super::*;

    pub(in super::super) fn model(members: usize) -> ConfidenceModel {
        let channels = vec![ConfidenceChannel { name: Channel::photo(), spread: 0.05 }];
        let features = ConfidenceFeatures::names(&channels).len();
        let numbers = |count: usize, seed: usize| -> Vec<f32> {
            (0..count).map(|index| ((index * 7 + seed) as f32 * 0.61).sin() * 0.2).collect()
        };
        let member = |seed| Member {
            first: numbers(features * 6, seed),
            first_bias: numbers(6, seed + 1),
            second: numbers(6 * RADII, seed + 2),
            second_bias: numbers(RADII, seed + 3),
        };
        let moments = (vec![0.1; features], vec![0.7; features]);
        ConfidenceModel::new(channels, moments, (0..members).map(member).collect(), 0.4).unwrap()
    }

    fn set() -> CandidateSet {
        let origin = |similarity| Origin::Retrieved { channel: Channel::photo(), rank: 0, similarity };
        let at =
            |latitude, similarity| Candidate::at(LatLon::new(latitude, 20.0).unwrap(), origin(similarity));
        CandidateSet::new("q", vec![at(1.0, 0.9), at(2.0, 0.7), at(50.0, 0.69)])
    }

    #[test]
    fn never_falls_with_the_radius() {
        let here = set().candidates[0].location;
        let (Confidence(stated), _) = model(3).confidence(&set(), here);
        assert!(stated.windows(2).all(|pair| pair[0] <= pair[1]), "{stated:?}");
        assert!(stated.iter().all(|value| (0.0..=1.0).contains(value)));
        // An ensemble states the mean of its members.
        let one = model(1).confidence(&set(), here).0.0[2];
        assert!((one - stated[2]).abs() > 1e-6);
    }

    #[test]
    fn a_file_gives_the_same_model_and_says_what_is_wrong_with_it() {
        let model = model(2);
        let bytes = model.to_bytes().unwrap();
        assert_eq!(ConfidenceModel::from_bytes(&bytes).unwrap(), model);
        assert_eq!(bytes, model.to_bytes().unwrap(), "the same bytes each time");
        let said = |bytes: &[u8]| ConfidenceModel::from_bytes(bytes).unwrap_err().to_string();
        assert!(said(b"junk").contains("safetensors"));
        assert!(said(&bytes[..bytes.len() - 4]).contains("safetensors"));
        let lost = safetensors::serialize(Vec::<(String, TensorView<'_>)>::new(), None).unwrap();
        assert!(said(&lost).contains("metadata"), "{}", said(&lost));
        let mut endless = model.clone();
        endless.members[1].second[3] = f32::NAN;
        let why = said(&endless.to_bytes().unwrap());
        assert!(why.contains("member 1: second") && why.contains("not finite"), "{why}");
    }
}
