//! `config.toml` of a set ranker: everything about it but its weights.

use contract::{Channel, ErrorKind, Failure};
use serde::{Deserialize, Serialize};

use crate::SimilaritySettings;

/// The version of the configuration's layout.
pub const SET_FORMAT: u32 = 1;

/// A [`SetConfig::reach`] for photos whose candidates lie close together, chosen on the `val` split of the open photos.
pub const REACH: [(f64, f64); 4] = [(1.0, 0.1), (25.0, 0.4), (200.0, 0.3), (750.0, 0.2)];

/// Shape and features of a set ranker, as stored beside its weights. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetConfig {
    /// Layout of the file; [`SET_FORMAT`].
    pub format: u32,
    /// Width of a token; a multiple of `heads`.
    pub width: usize,
    /// Attention layers; 0: none, every candidate is judged by its own features alone, by one hidden layer of `width`.
    pub layers: usize,
    /// Attention heads a layer.
    pub heads: usize,
    /// Width of the hidden layer after each attention.
    pub hidden: usize,
    /// Directions of each channel's vectors that the network looks at; 0: vectors are not looked at.
    pub directions: usize,
    /// How many candidates are attended to; of more, the best by the base ranker (see [`crate::set::SetRanker`]).
    pub max_candidates: usize,
    /// Radii of the support features, km.
    pub radii_km: Vec<f64>,
    /// Distances between which the attention bias is interpolated (in `ln(1 + km)`), rising, from 0.
    pub knots_km: Vec<f64>,
    /// What a place is worth at a distance from the truth: `(radius in km, worth within it)`. A candidate's score is then
    /// the logarithm of the worth that the network's probabilities promise there, not its own probability alone; empty:
    /// its own alone.
    #[serde(default)]
    pub reach: Vec<(f64, f64)>,
    /// Mean of each feature over the training queries, taken away before the network looks; empty: nothing is.
    #[serde(default)]
    pub centre: Vec<f32>,
    /// Deviation of each feature over the training queries, which it is divided by; empty: it is not.
    #[serde(default)]
    pub deviation: Vec<f32>,
    /// How many networks of this shape are averaged; their weights lie in one file.
    #[serde(default = "one")]
    pub members: usize,
    /// The channels, in the order of the features.
    pub channels: Vec<SetChannel>,
    /// The ranker whose scores the network corrects; without it the network stands alone.
    pub base: Option<SimilaritySettings>,
}

/// A channel as the set ranker sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetChannel {
    /// The channel.
    pub name: Channel,
    /// Length of its vectors.
    pub dimension: usize,
    /// Softmax temperatures at which its similarities become votes.
    pub temperatures: Vec<f64>,
}

impl SetConfig {
    /// A network of the usual size for these channels.
    pub fn new(channels: Vec<SetChannel>, base: Option<SimilaritySettings>) -> Self {
        Self {
            format: SET_FORMAT,
            width: 64,
            layers: 2,
            heads: 4,
            hidden: 128,
            directions: 16,
            max_candidates: 100,
            radii_km: vec![1.0, 25.0, 200.0, 750.0],
            knots_km: vec![0.0, 1.0, 5.0, 25.0, 75.0, 200.0, 500.0, 1000.0, 2500.0, 8000.0, 20_100.0],
            reach: Vec::new(),
            centre: Vec::new(),
            deviation: Vec::new(),
            members: 1,
            channels,
            base,
        }
    }

    /// Reads `config.toml`.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] with the line or the field that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text)
            .map_err(|error| Failure::new(ErrorKind::BrokenModel, format!("set ranker: {error}")))?;
        config.check()?;
        Ok(config)
    }

    /// The file's content.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string_pretty(self)
            .map_err(|error| Failure::new(ErrorKind::Internal, format!("set ranker: {error}")))
    }

    /// Whether sizes and numbers make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] naming the field.
    pub fn check(&self) -> Result<(), Failure> {
        match self.problem() {
            None => Ok(()),
            Some(why) => Err(Failure::new(ErrorKind::BrokenModel, format!("set ranker: {why}"))
                .with_hint("take config.toml from where the weights come from")),
        }
    }

    fn problem(&self) -> Option<String> {
        let positive = |value: &f64| *value > 0.0 && value.is_finite();
        if self.format != SET_FORMAT {
            return Some(format!("format = {}: this program reads format {SET_FORMAT}", self.format));
        }
        if self.width == 0 || self.heads == 0 || !self.width.is_multiple_of(self.heads) {
            return Some(format!("width = {} is not a multiple of heads = {}", self.width, self.heads));
        }
        if self.layers > 16 {
            return Some(format!("layers: {} is not between 0 and 16", self.layers));
        }
        let sizes = [
            ("width", self.width, 1024),
            ("hidden", self.hidden, 4096),
            ("max_candidates", self.max_candidates, 1024),
            ("members", self.members, 16),
            ("channels", self.channels.len(), 16),
        ];
        if let Some((name, value, most)) = sizes.iter().find(|(_, value, most)| !(1..=*most).contains(value))
        {
            return Some(format!("{name}: {value} is not between 1 and {most}"));
        }
        if self.radii_km.is_empty() || !self.radii_km.iter().all(positive) {
            return Some("radii_km must be positive numbers, at least one".to_owned());
        }
        let rises = self.knots_km.windows(2).all(|pair| pair[0] < pair[1]);
        if self.knots_km.len() < 2 || self.knots_km.first() != Some(&0.0) || !rises {
            return Some("knots_km must rise from 0, at least two".to_owned());
        }
        if !self.reach.iter().all(|(radius, worth)| positive(radius) && positive(worth)) {
            return Some("reach must hold pairs of positive numbers".to_owned());
        }
        if let Some(bad) = self.channels.iter().find(|channel| {
            channel.dimension == 0
                || channel.temperatures.is_empty()
                || !channel.temperatures.iter().all(positive)
        }) {
            return Some(format!("channel {}: dimension and temperatures must be positive", bad.name));
        }
        let wanted = self.features();
        for (name, list) in [("centre", &self.centre), ("deviation", &self.deviation)] {
            if !list.is_empty() && list.len() != wanted {
                return Some(format!("{name} has {} numbers instead of {wanted}", list.len()));
            }
        }
        if !self.centre.iter().all(|value| value.is_finite())
            || !self.deviation.iter().all(|value| positive(&f64::from(*value)))
        {
            return Some("centre must be finite, deviation positive".to_owned());
        }
        None
    }

    /// Number of features of a candidate.
    pub fn features(&self) -> usize {
        let radii = self.radii_km.len();
        let of_channel = |channel: &SetChannel| 6 + radii + channel.temperatures.len() * (1 + radii);
        self.channels.iter().map(of_channel).sum::<usize>() + 2
    }
}

const fn one() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SetConfig {
        let channel =
            |name: &str| SetChannel { name: Channel::new(name), dimension: 8, temperatures: vec![0.05, 0.2] };
        SetConfig::new(vec![channel("photo"), channel("location")], None)
    }

    #[test]
    fn comes_back_from_toml() {
        let config = config();
        assert_eq!(SetConfig::from_toml(&config.to_toml().unwrap()).unwrap(), config);
    }

    #[test]
    fn says_which_field_is_wrong() {
        let wrong = |change: fn(&mut SetConfig), word: &str| {
            let mut config = config();
            change(&mut config);
            let failure = SetConfig::from_toml(&config.to_toml().unwrap()).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::BrokenModel);
            assert!(failure.message.contains(word), "{}", failure.message);
        };
        wrong(|config| config.heads = 3, "heads");
        wrong(|config| config.layers = 17, "layers");
        wrong(|config| config.knots_km = vec![0.0, 5.0, 5.0], "knots_km");
        wrong(|config| config.radii_km.clear(), "radii_km");
        wrong(|config| config.reach = vec![(0.0, 1.0)], "reach");
        wrong(|config| config.centre = vec![0.0], "centre");
        wrong(|config| config.deviation = vec![0.0; config.features()], "deviation");
        wrong(|config| config.channels[1].temperatures[0] = -1.0, "location");
        wrong(|config| config.format = 9, "format");
        let unknown = SetConfig::from_toml("colour = 1").unwrap_err();
        assert!(unknown.message.contains("colour"), "{}", unknown.message);
    }
}
