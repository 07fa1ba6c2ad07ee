//! `pack.toml`: what a model pack consists of.

use std::path::{Component, Path};

use contract::{Channel, Decide, RADII_KM};
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
    #[serde(default, skip_serializing_if = "LocationsManifest::is_empty")]
    pub locations: LocationsManifest,
    /// The geotagged photos; a pack without them needs coordinates to search, or a gallery of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gallery: Option<GalleryManifest>,
    /// How many candidates each channel contributes.
    #[serde(default)]
    pub retrieval: Vec<RetrievalManifest>,
    /// Channels of the gallery that are searched together, besides the searches of `retrieval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fused: Option<FusedManifest>,
    /// The ranker.
    pub ranker: RankerManifest,
    /// How the answer is chosen.
    pub decision: DecisionManifest,
    /// From probability mass to confidence, where nothing better is known.
    pub calibration: Calibration,
    /// What states the confidence instead, from the whole candidate set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<ConfidenceManifest>,
    /// Every file of the pack except this one.
    pub files: Vec<FileManifest>,
}

/// The photo encoder. Which fields a kind needs is said in `docs/src/encoders.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderManifest {
    /// The network.
    pub kind: EncoderKind,
    /// Its configuration, relative to the pack.
    pub config: String,
    /// Its weights (safetensors; `.pth` for all but EfficientNet-Lite).
    pub weights: String,
    /// The heads on top: those fitted to an `EfficientNet-Lite`, or to CLIP or `SigLIP` (safetensors), or `GeoCLIP`'s image
    /// head (safetensors or `.pth`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<String>,
    /// The views of a photo whose features are summed: `EfficientNet-Lite` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// `preprocessor_config.json`, where preprocessing is not the usual one: the transformers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessor: Option<String>,
    /// What the transformers compute in.
    #[serde(default, skip_serializing_if = "EncoderType::is_usual")]
    pub dtype: EncoderType,
    /// The channels to make, of those the network has; none: the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
}

/// Networks that a pack can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderKind {
    /// EfficientNet-Lite, any size.
    EfficientnetLite,
    /// CLIP's photo side, any size.
    Clip,
    /// `SigLIP`'s or `SigLIP` 2's photo side, of a fixed resolution.
    Siglip,
    /// GeoCLIP: CLIP ViT-L/14 and its image head.
    Geoclip,
    /// G3.
    G3,
}

impl EncoderKind {
    /// The channels that it can make, the usual ones first, and how many these are.
    const fn channels(self) -> (&'static [&'static str], usize) {
        match self {
            Self::EfficientnetLite => (&["photo", "location"], 2),
            Self::Clip | Self::Siglip => (&["photo"], 1),
            Self::Geoclip => (&["location", "photo"], 2),
            Self::G3 => (&["g3-image", "g3-text", "g3-location", "location"], 3),
        }
    }
}

impl EncoderManifest {
    /// Whether the vectors are made by heads that were fitted to the network's features.
    pub const fn has_fitted_heads(&self) -> bool {
        match self.kind {
            EncoderKind::EfficientnetLite => true,
            EncoderKind::Clip | EncoderKind::Siglip => self.heads.is_some(),
            EncoderKind::Geoclip | EncoderKind::G3 => false,
        }
    }

    /// The channels that it can make, the usual ones first, and how many these are.
    const fn known_channels(&self) -> (&'static [&'static str], usize) {
        if self.has_fitted_heads() { EncoderKind::EfficientnetLite.channels() } else { self.kind.channels() }
    }

    /// Whether it can make vectors of places, to be compared with photos.
    pub fn knows_places(&self) -> bool {
        self.known_channels().0.iter().any(|name| Channel::new(*name) == Channel::location())
    }

    /// The channels that it makes, in their order.
    pub fn made_channels(&self) -> Vec<Channel> {
        if !self.channels.is_empty() {
            return self.channels.clone();
        }
        let (names, usual) = self.known_channels();
        names.iter().take(usual).map(|name| Channel::new(*name)).collect()
    }
}

/// Number types of a network's products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderType {
    /// Exact.
    #[default]
    F32,
    /// Inputs of products are rounded: about twice as fast where the processor has `avx512_bf16`.
    Bf16,
}

impl EncoderType {
    /// Whether it is the default.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationsManifest {
    /// `GeoCLIP`'s location encoder (safetensors or `.pth`), for adding photos; G3 has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// The index over the coordinates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The coordinates it was made from (CSV: `LAT,LON`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<String>,
}

impl LocationsManifest {
    /// Whether there are coordinates to search.
    pub fn has_places(&self) -> bool {
        self.index.is_some() || self.coordinates.is_some()
    }

    /// Whether a pack has none of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
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
    /// A kernel vote, whose best candidates are judged by models of how likely each is right.
    Evidence(EvidenceManifest),
}

/// An evidence ranker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceManifest {
    /// How many of the vote's best candidates are judged.
    pub judged: usize,
    /// The models' files, relative to the pack (safetensors).
    pub models: Vec<String>,
    /// The vote.
    pub vote: SimilaritySettings,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionManifest {
    /// The rule, unless the request names another.
    pub rule: DecisionRule,
    /// Softmax temperature of the scores.
    pub temperature: f64,
    /// Least similarity of the most similar photo; below it, the answer abstains. Absent: any similarity will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_similarity: Option<LeastSimilarity>,
}

/// What the most similar gallery photo must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeastSimilarity {
    /// The channel in which it is looked at.
    pub channel: Channel,
    /// Cosine similarity, -1 to 1.
    pub similarity: f32,
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

/// A model of confidence ([`rank::confidence`]) and when to abstain by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceManifest {
    /// Its file, relative to the pack (safetensors).
    pub model: String,
    /// The radius whose confidence decides, one of 1, 25, 200, 750 and 2500 km.
    pub abstain_radius_km: f64,
    /// Abstain when that confidence is below this, 0 to 1.
    pub abstain_below: f64,
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

impl ConfidenceManifest {
    fn problem(&self) -> Option<String> {
        if !RADII_KM.contains(&self.abstain_radius_km) {
            return Some(format!(
                "abstain_radius_km = {}: it must be one of {RADII_KM:?}",
                self.abstain_radius_km
            ));
        }
        let sound = (0.0..=1.0).contains(&self.abstain_below);
        (!sound).then(|| format!("abstain_below = {}: it must be between 0 and 1", self.abstain_below))
    }
}

impl Manifest {
    /// The files that encoder and locations are read from.
    pub(crate) fn named_files(&self) -> Vec<&str> {
        let (encoder, locations) = (&self.encoder, &self.locations);
        let optional = [
            &encoder.heads,
            &encoder.preprocessor,
            &locations.encoder,
            &locations.index,
            &locations.coordinates,
        ];
        let needed = [&encoder.config, &encoder.weights];
        needed.into_iter().chain(optional.into_iter().flatten()).map(String::as_str).collect()
    }

    /// What is wrong with the manifest beyond its syntax, in words; `None` if nothing is.
    pub fn problem(&self) -> Option<String> {
        if self.format != MANIFEST_FORMAT {
            return Some(format!("format = {}: this program reads format {MANIFEST_FORMAT}", self.format));
        }
        if let Some(why) = self.encoder_problem() {
            return Some(why);
        }
        if self.retrieval.is_empty() && self.fused.is_none() {
            return Some("retrieval is empty".to_owned());
        }
        if let Some(why) = self.search_problem() {
            return Some(why);
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
        if let Some(why) = self.confidence.as_ref().and_then(ConfidenceManifest::problem) {
            return Some(format!("confidence: {why}"));
        }
        let escapes = |path: &&str| {
            !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        let of_ranker = match &self.ranker {
            RankerManifest::Similarity(_) => Vec::new(),
            RankerManifest::Set(files) => vec![&files.config, &files.weights],
            RankerManifest::Evidence(evidence) => evidence.models.iter().collect(),
        };
        let of_confidence = self.confidence.iter().map(|confidence| &confidence.model);
        let others = of_ranker
            .into_iter()
            .chain(of_confidence)
            .chain(self.gallery.as_ref().map(|gallery| &gallery.path))
            .chain(self.files.iter().map(|file| &file.path));
        let all = self.named_files().into_iter().chain(others.map(String::as_str));
        all.into_iter().find(escapes).map(|path| format!("`{path}` leads out of the pack"))
    }

    /// A search of a channel that the encoder does not make.
    fn search_problem(&self) -> Option<String> {
        let made = self.encoder.made_channels();
        let alone = self.retrieval.iter().map(|one| ("retrieval", &one.channel));
        let fused = self.fused.iter().flat_map(|fused| &fused.channels).map(|one| ("fused", &one.channel));
        let (search, wrong) = alone.chain(fused).find(|(_, channel)| !made.contains(channel))?;
        let made = listed(made.iter().map(Channel::as_str));
        Some(format!("{search}: the encoder makes no channel {wrong}, only {made} (encoder.channels)"))
    }

    /// What an encoder of its kind lacks, or has too much of.
    fn encoder_problem(&self) -> Option<String> {
        use EncoderKind::{EfficientnetLite, G3, Geoclip};
        let EncoderManifest { kind, heads, views, preprocessor, dtype, channels, .. } = &self.encoder;
        let is_transformer = *kind != EfficientnetLite;
        let takes_locations = self.encoder.has_fitted_heads() || *kind == Geoclip;
        let lacks = [
            ("encoder.views", !is_transformer && views.is_empty()),
            ("encoder.heads", matches!(kind, EfficientnetLite | Geoclip) && heads.is_none()),
            ("locations.encoder", takes_locations && self.locations.encoder.is_none()),
        ];
        if let Some((field, _)) = lacks.into_iter().find(|(_, lacks)| *lacks) {
            return Some(format!("{field} is missing, which an encoder of kind {kind:?} needs"));
        }
        let has = [
            ("encoder.views", is_transformer && !views.is_empty()),
            ("encoder.heads", *kind == G3 && heads.is_some()),
            ("encoder.preprocessor", !is_transformer && preprocessor.is_some()),
            ("encoder.dtype", !is_transformer && *dtype != EncoderType::F32),
            ("encoder.channels", self.encoder.has_fitted_heads() && !channels.is_empty()),
            ("locations.encoder", !takes_locations && self.locations.encoder.is_some()),
        ];
        if let Some((field, _)) = has.into_iter().find(|(_, has)| *has) {
            return Some(format!("{field} means nothing to an encoder of kind {kind:?}"));
        }
        let (known, _) = self.encoder.known_channels();
        let unknown = channels.iter().find(|channel| !known.contains(&channel.as_str()))?;
        let known = listed(known.iter().copied());
        Some(format!("encoder.channels: there is no {unknown}, only {known}"))
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
