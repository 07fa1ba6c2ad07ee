//! `pack.toml` of a build: what the pack is made of. Every path is relative to this file.

use std::path::{Path, PathBuf};

use contract::RADII_KM;
use georanker::pack::{EncoderKind, EncoderType, View};
use serde::{Deserialize, Serialize};

use crate::BuildError;

/// The whole configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildConfig {
    /// The pack's name.
    pub name: String,
    /// The pack's version.
    pub version: String,
    /// One sentence on what it is for.
    pub summary: String,
    /// The pack's directory.
    pub out: PathBuf,
    /// Where the steps keep what they made; default: `OUT.work` beside it.
    #[serde(default)]
    pub work: Option<PathBuf>,
    /// Seed of everything random.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The photos.
    pub photos: PhotosConfig,
    /// The network.
    pub encoder: EncoderConfig,
    /// The location encoder and the world's coordinates.
    #[serde(default)]
    pub locations: Option<LocationsConfig>,
    /// Heads that are fitted to the network's features.
    #[serde(default)]
    pub heads: HeadsConfig,
    /// Candidates a channel.
    #[serde(default)]
    pub retrieval: RetrievalConfig,
    /// How photos are divided for fits whose queries were not seen.
    #[serde(default)]
    pub folds: FoldsConfig,
    /// The ranker.
    #[serde(default)]
    pub ranker: RankerConfig,
    /// The model of confidence.
    #[serde(default)]
    pub confidence: ConfidenceConfig,
}

/// `[photos]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotosConfig {
    /// The photo table (CSV or Parquet).
    pub table: PathBuf,
    /// The folder or tar file with the photos.
    pub from: PathBuf,
    /// What the gallery is called in outputs.
    #[serde(default = "default_gallery_name")]
    pub gallery_name: String,
    /// The licence of the gallery's files, or where the photos' licences are stated.
    pub licence: String,
    /// Share of photos (by author) that become validation photos where the table has no column `split`.
    #[serde(default = "default_share")]
    pub validation_share: f64,
    /// Share of photos (by author) that become test photos where the table has no column `split`.
    #[serde(default = "default_share")]
    pub test_share: f64,
    /// Share of photos that may fail (missing, damaged) before the build stops.
    #[serde(default = "default_failures")]
    pub failures_allowed: f64,
    /// Pictures that must be refused, with the column `split`: `val` is learned from, `test` is reported.
    #[serde(default)]
    pub refuse: Option<RefuseConfig>,
}

/// `[photos.refuse]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefuseConfig {
    /// A CSV table with the columns `file` and `split`.
    pub table: PathBuf,
    /// The folder with the pictures.
    pub from: PathBuf,
}

/// `[encoder]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The network.
    pub kind: EncoderKind,
    /// Its configuration.
    pub config: PathBuf,
    /// Its weights.
    pub weights: PathBuf,
    /// Its preprocessing, where that is not the usual one.
    #[serde(default)]
    pub preprocessor: Option<PathBuf>,
    /// `GeoCLIP`'s own image head.
    #[serde(default)]
    pub image_head: Option<PathBuf>,
    /// The views of a photo whose features are summed: `EfficientNet-Lite` only.
    #[serde(default)]
    pub views: Vec<View>,
    /// What transformers compute in.
    #[serde(default)]
    pub dtype: EncoderType,
    /// Licence of network and heads.
    pub licence: String,
}

/// `[locations]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationsConfig {
    /// `GeoCLIP`'s location encoder (safetensors or `.pth`).
    #[serde(default)]
    pub encoder: Option<PathBuf>,
    /// The world's coordinates (CSV: `LAT,LON`).
    pub coordinates: PathBuf,
    /// Licence of both.
    pub licence: String,
}

/// `[heads]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadsConfig {
    /// Whether heads are fitted; false keeps the vectors that a CLIP or `SigLIP` makes. `GeoCLIP` and G3 have their own.
    pub fit: bool,
    /// Photos closer than this count as photos of one place, km.
    pub neighbourhood_km: f64,
    /// Shrinkage of the scatter within places.
    pub shrinkage: f64,
    /// Length of photo vectors.
    pub dimension: usize,
    /// Weight of the features of a network's blocks beside the final ones.
    pub block_weight: f32,
    /// Length of location vectors.
    pub location_dimension: usize,
    /// Steps of the contrastive fit.
    pub location_steps: usize,
    /// Photos that heads are fitted on, at most: a draw of them beyond that.
    pub photos: usize,
}

impl Default for HeadsConfig {
    fn default() -> Self {
        Self {
            fit: true,
            neighbourhood_km: 5.0,
            shrinkage: 1.0,
            dimension: 256,
            block_weight: 0.5,
            location_dimension: 128,
            location_steps: 400,
            photos: 200_000,
        }
    }
}

/// `[retrieval]`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrievalConfig {
    /// Candidates of the channel `photo`.
    pub photo: usize,
    /// Candidates of the channel `location`.
    pub location: usize,
}

impl Default for RetrievalConfig {
    fn default() -> Self {
        Self { photo: 256, location: 256 }
    }
}

/// `[folds]`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FoldsConfig {
    /// How many folds each regime has.
    pub count: usize,
    /// Photos of one author in one cell of this side share a fold, degrees.
    pub cell_degrees: f64,
    /// Side of the cells that regions are made of, degrees.
    pub region_degrees: f64,
    /// In the regime of strange regions, no gallery photo is nearer to the truth than this, km.
    pub far_km: f64,
}

impl Default for FoldsConfig {
    fn default() -> Self {
        Self { count: 5, cell_degrees: 0.001, region_degrees: 5.0, far_km: 200.0 }
    }
}

/// Rankers to choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankerChoice {
    /// The kernel vote.
    Similarity,
    /// The evidence ranker where it is better on `val`, as the gallery is and without the authors, and no worse within 1 km;
    /// the kernel vote otherwise.
    #[default]
    Best,
}

/// `[ranker]`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RankerConfig {
    /// Which.
    pub kind: RankerChoice,
    /// Queries that the evidence ranker learns from, at most, in each regime.
    pub queries: usize,
    /// Steps of its fit.
    pub steps: u64,
}

impl Default for RankerConfig {
    fn default() -> Self {
        Self { kind: RankerChoice::Best, queries: 20_000, steps: 800 }
    }
}

/// `[confidence]`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfidenceConfig {
    /// Whether a model of confidence is fitted; the calibration alone holds for photos like the gallery's only.
    pub fit: bool,
    /// Width of its hidden layer.
    pub hidden: usize,
    /// Networks that are averaged.
    pub members: usize,
    /// Steps of its fit.
    pub steps: usize,
    /// Weight decay of its fit.
    pub weight_decay: f64,
    /// Queries that it learns from, at most, in each regime.
    pub queries: usize,
    /// The radius whose confidence decides whether to abstain, km.
    pub abstain_radius_km: f64,
    /// Abstain when that confidence is below this.
    pub abstain_below: f64,
}

impl Default for ConfidenceConfig {
    fn default() -> Self {
        Self {
            fit: true,
            hidden: 48,
            members: 3,
            steps: 800,
            weight_decay: 0.02,
            queries: 20_000,
            abstain_radius_km: 2500.0,
            abstain_below: 0.5,
        }
    }
}

const fn default_seed() -> u64 {
    20_261
}

fn default_gallery_name() -> String {
    "gallery".to_owned()
}

const fn default_share() -> f64 {
    0.1
}

const fn default_failures() -> f64 {
    0.01
}

impl BuildConfig {
    /// Reads and checks a configuration; its paths become usable from the working directory.
    ///
    /// # Errors
    /// [`BuildError::Config`] naming the field, [`BuildError::Io`].
    pub fn open(path: &Path) -> Result<Self, BuildError> {
        let text = std::fs::read_to_string(path).map_err(BuildError::io(path))?;
        let wrong = |why: String| BuildError::Config { path: path.to_owned(), why };
        let mut config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.resolve(folder);
        match config.problem() {
            Some(why) => Err(wrong(why)),
            None => Ok(config),
        }
    }

    /// Makes every path one that can be used.
    fn resolve(&mut self, folder: &Path) {
        let join = |path: &mut PathBuf| *path = folder.join(&*path);
        join(&mut self.out);
        self.work.iter_mut().for_each(join);
        let Self { photos, encoder, locations, .. } = self;
        for path in [&mut photos.table, &mut photos.from, &mut encoder.config, &mut encoder.weights] {
            join(path);
        }
        for path in [&mut encoder.preprocessor, &mut encoder.image_head] {
            path.iter_mut().for_each(join);
        }
        if let Some(refuse) = &mut photos.refuse {
            join(&mut refuse.table);
            join(&mut refuse.from);
        }
        if let Some(locations) = locations {
            join(&mut locations.coordinates);
            locations.encoder.iter_mut().for_each(join);
        }
    }

    /// Whether heads are fitted to the network's features.
    pub const fn fits_heads(&self) -> bool {
        match self.encoder.kind {
            EncoderKind::EfficientnetLite => true,
            EncoderKind::Clip | EncoderKind::Siglip => self.heads.fit,
            EncoderKind::Geoclip | EncoderKind::G3 => false,
        }
    }

    /// What is wrong beyond the syntax, in words.
    fn problem(&self) -> Option<String> {
        let Self { photos, heads, retrieval, folds, ranker, confidence, encoder, .. } = self;
        let share = |value: f64| (0.0..1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let checks = [
            (!self.name.is_empty(), "name must not be empty"),
            (share(photos.validation_share), "photos.validation_share must be at least 0 and below 1"),
            (share(photos.test_share), "photos.test_share must be at least 0 and below 1"),
            (
                photos.validation_share + photos.test_share < 1.0,
                "photos.validation_share and photos.test_share leave nothing for the gallery",
            ),
            (
                (0.0..=1.0).contains(&photos.failures_allowed),
                "photos.failures_allowed must be between 0 and 1",
            ),
            (positive(heads.neighbourhood_km), "heads.neighbourhood_km must be positive"),
            (positive(heads.shrinkage), "heads.shrinkage must be positive"),
            (heads.dimension > 0, "heads.dimension must be at least 1"),
            (heads.location_dimension > 0, "heads.location_dimension must be at least 1"),
            (heads.photos >= 100, "heads.photos must be at least 100"),
            (
                (1..=384).contains(&retrieval.photo) && (1..=384).contains(&retrieval.location),
                "retrieval.photo and retrieval.location must be between 1 and 384: together at most 768 candidates",
            ),
            ((2..=50).contains(&folds.count), "folds.count must be between 2 and 50"),
            (positive(folds.cell_degrees), "folds.cell_degrees must be positive"),
            (positive(folds.region_degrees), "folds.region_degrees must be positive"),
            (positive(folds.far_km), "folds.far_km must be positive"),
            (ranker.queries > 0 && ranker.steps > 0, "ranker.queries and ranker.steps must be at least 1"),
            (
                confidence.hidden > 0
                    && confidence.members > 0
                    && confidence.steps > 0
                    && confidence.queries > 0,
                "confidence.hidden, members, steps and queries must be at least 1",
            ),
            (
                RADII_KM.contains(&confidence.abstain_radius_km),
                "confidence.abstain_radius_km must be 1, 25, 200, 750 or 2500",
            ),
            (
                (0.0..=1.0).contains(&confidence.abstain_below),
                "confidence.abstain_below must be between 0 and 1",
            ),
            (
                encoder.kind != EncoderKind::EfficientnetLite || !encoder.views.is_empty(),
                "encoder.views is missing, for example [\"centre-crop\", \"squash\"]",
            ),
            (
                encoder.kind == EncoderKind::EfficientnetLite || encoder.views.is_empty(),
                "encoder.views means nothing to a transformer",
            ),
            (
                (encoder.kind == EncoderKind::Geoclip) == encoder.image_head.is_some(),
                "encoder.image_head is for an encoder of kind geoclip, which needs it",
            ),
        ];
        if let Some((_, why)) = checks.into_iter().find(|(sound, _)| !sound) {
            return Some(why.to_owned());
        }
        let has_location_encoder =
            self.locations.as_ref().is_some_and(|locations| locations.encoder.is_some());
        if (self.fits_heads() || encoder.kind == EncoderKind::Geoclip) && !has_location_encoder {
            return Some(
                "locations.encoder is missing: fitted heads and GeoCLIP compare photos with encoded coordinates"
                    .to_owned(),
            );
        }
        None
    }
}
