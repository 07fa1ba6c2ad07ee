//! `pack.toml`: what a model pack consists of.

use std::path::{Component, Path};

use contract::{Channel, Decide};
use rank::{Calibration, SimilaritySettings};
use serde::{Deserialize, Serialize};

/// The version of the manifest's own layout.
pub const MANIFEST_FORMAT: u32 = 1;

/// A model pack's manifest. Unknown keys are refused: a newer pack is not half understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Layout of this file; [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Name of the pack.
    pub name: String,
    /// Version of the pack.
    pub version: String,
    /// One sentence on what it is for.
    pub summary: String,
    /// How photos become vectors.
    pub encoder: EncoderManifest,
    /// How coordinates become vectors, and the world-wide list of them.
    pub locations: LocationsManifest,
    /// The geotagged photos.
    pub gallery: GalleryManifest,
    /// How many candidates each channel contributes.
    pub retrieval: Vec<RetrievalManifest>,
    /// Channels of the gallery that are searched together, besides the searches of `retrieval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fused: Option<FusedManifest>,
    /// The ranker.
    pub ranker: RankerManifest,
    /// How the answer is chosen.
    pub decision: DecisionManifest,
    /// From probability mass to confidence.
    pub calibration: Calibration,
    /// Every file of the pack except this one.
    pub files: Vec<FileManifest>,
}

/// The photo encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderManifest {
    /// The network.
    pub kind: EncoderKind,
    /// Its configuration, relative to the pack.
    pub config: String,
    /// Its weights (safetensors).
    pub weights: String,
    /// The heads on top (safetensors).
    pub heads: String,
    /// The views of a photo whose features are summed.
    pub views: Vec<View>,
}

/// Networks that a pack can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderKind {
    /// EfficientNet-Lite, any size.
    EfficientnetLite,
}

/// A way of making a square out of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Short side to `size / 0.875`, centre square: detail, but the edges are lost.
    CentreCrop,
    /// The whole photo squeezed into a square.
    Squash,
}

/// Encoded coordinates of the whole world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationsManifest {
    /// GeoCLIP's location encoder (safetensors).
    pub encoder: String,
    /// The index over the coordinates.
    pub index: String,
    /// The coordinates it was made from (CSV: `LAT,LON`).
    pub coordinates: String,
}

/// The pack's gallery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GalleryManifest {
    /// Directory of the gallery, relative to the pack.
    pub path: String,
}

/// Candidates of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalManifest {
    /// The channel.
    pub channel: Channel,
    /// How many candidates it contributes.
    pub top: usize,
}

/// Candidates of several channels in one search, by the weighted sum of their similarities: equal weights are the inner
/// product of the concatenated vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusedManifest {
    /// What the candidates' channel is called.
    pub name: Channel,
    /// How many candidates it contributes.
    pub top: usize,
    /// The channels.
    pub channels: Vec<WeightedChannel>,
}

/// A channel of a [`FusedManifest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedChannel {
    /// The channel.
    pub channel: Channel,
    /// The weight of its similarity, 0 or more.
    pub weight: f32,
}

/// The rankers that a pack can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankerManifest {
    /// The kernel vote.
    Similarity(SimilaritySettings),
    /// Attention over the candidate set.
    Set(SetManifest),
}

/// Files of a set ranker, relative to the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetManifest {
    /// Its configuration.
    pub config: String,
    /// Its weights (safetensors).
    pub weights: String,
}

/// How the answer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionManifest {
    /// The rule, unless the request names another.
    pub rule: DecisionRule,
    /// Softmax temperature of the scores.
    pub temperature: f64,
}

/// [`Decide`] as written in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionRule {
    /// Highest score.
    Argmax,
    /// Best expected `GeoScore`.
    Geoscore,
}

impl From<DecisionRule> for Decide {
    fn from(rule: DecisionRule) -> Self {
        match rule {
            DecisionRule::Argmax => Self::Argmax,
            DecisionRule::Geoscore => Self::GeoScore,
        }
    }
}

/// One file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileManifest {
    /// Path relative to the pack, with forward slashes.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, lower-case hexadecimal.
    pub sha256: String,
    /// Licence (SPDX where one fits).
    pub licence: String,
}

impl FusedManifest {
    fn problem(&self) -> Option<String> {
        let sound = |one: &WeightedChannel| one.weight >= 0.0 && one.weight.is_finite();
        if self.top == 0 {
            return Some("top must be at least 1".to_owned());
        }
        if let Some(wrong) = self.channels.iter().find(|one| !sound(one)) {
            return Some(format!("the weight of channel {} must be 0 or more", wrong.channel));
        }
        let all_zero = self.channels.iter().all(|one| one.weight == 0.0);
        all_zero.then(|| "it needs a channel with a weight above 0".to_owned())
    }
}

impl Manifest {
    /// What is wrong with the manifest beyond its syntax, in words; `None` if nothing is.
    pub fn problem(&self) -> Option<String> {
        if self.format != MANIFEST_FORMAT {
            return Some(format!("format = {}: this program reads format {MANIFEST_FORMAT}", self.format));
        }
        if self.encoder.views.is_empty() {
            return Some("encoder.views is empty".to_owned());
        }
        if self.retrieval.is_empty() && self.fused.is_none() {
            return Some("retrieval is empty".to_owned());
        }
        if let Some(why) = self.fused.as_ref().and_then(FusedManifest::problem) {
            return Some(format!("fused: {why}"));
        }
        if let Some(none) = self.retrieval.iter().find(|channel| channel.top == 0) {
            return Some(format!("retrieval of channel {}: top must be at least 1", none.channel));
        }
        if !(self.decision.temperature > 0.0 && self.decision.temperature.is_finite()) {
            return Some("decision.temperature must be positive".to_owned());
        }
        let escapes = |path: &&str| {
            !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        let named = [
            &self.encoder.config,
            &self.encoder.weights,
            &self.encoder.heads,
            &self.locations.encoder,
            &self.locations.index,
            &self.locations.coordinates,
            &self.gallery.path,
        ];
        let of_ranker = match &self.ranker {
            RankerManifest::Similarity(_) => Vec::new(),
            RankerManifest::Set(files) => vec![&files.config, &files.weights],
        };
        let all = named
            .into_iter()
            .chain(of_ranker)
            .chain(self.files.iter().map(|file| &file.path))
            .map(String::as_str);
        all.into_iter().find(escapes).map(|path| format!("`{path}` leads out of the pack"))
    }
}
