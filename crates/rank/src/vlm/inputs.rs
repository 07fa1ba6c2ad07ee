//! From photos and places to what the network reads: prompts and photo features.

use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use files::hexadecimal;
use formats::pairs::{PairCandidate, PlaceText};
use geo::LatLon;
use nets::NetworkError;
use nets::qwen2_vl::chat_template::{ChatTemplate, PromptPart};
use nets::qwen2_vl::config::Config;
use nets::qwen2_vl::patches::{PixelError, Preprocessor};
use nets::qwen2_vl::tokenizer::PromptTokenizer;
use nets::qwen2_vl::{PhotoFeatures, Prompt, Qwen2Vl};
use photo::Image;
use serde::{Deserialize, Serialize};

use super::group::PairGroup;
use super::prompt::{PairPrompt, Protocol};
use super::vision_cache::{PhotoKey, VisionCache, VisionFeatures};

/// A photo at the size that the network looks at.
#[derive(Clone, Debug)]
pub struct PreparedPhoto {
    resized: Image,
    key: PhotoKey,
}

impl PreparedPhoto {
    /// A photo that has that size, and what tells its features from others'.
    pub(super) fn new(resized: Image, fingerprint: &str) -> Self {
        let key = PhotoKey::new(fingerprint, resized.rgb(), resized.height(), resized.width());
        Self { resized, key }
    }

    /// Its width in pixels.
    pub const fn width(&self) -> u32 {
        self.resized.width()
    }

    /// Its height in pixels.
    pub const fn height(&self) -> u32 {
        self.resized.height()
    }
}

/// Which photos are encoded as JPEG (quality 75) and decoded again before they are looked at, as in the official
/// evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Reencode {
    /// No photo.
    #[default]
    None,
    /// Candidates' photos.
    Candidates,
    /// All photos.
    All,
}

impl Reencode {
    /// Whether the photo of a query goes through JPEG.
    pub const fn queries(self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether the photos of candidates go through JPEG.
    pub const fn candidates(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// How prompts and photos are made.
#[derive(Clone, Debug)]
pub struct InputOptions {
    /// Text rules of the prompt.
    pub protocol: Protocol,
    /// Least pixels of a photo after resizing; `None`: as the network was trained.
    pub min_pixels: Option<u32>,
    /// Most pixels of a photo after resizing; `None`: as the network was trained.
    pub max_pixels: Option<u32>,
    /// Bytes of photo features kept in memory.
    pub feature_memory: usize,
    /// Where photo features are kept between runs.
    pub feature_directory: Option<PathBuf>,
}

impl Default for InputOptions {
    fn default() -> Self {
        Self {
            protocol: Protocol::Default,
            min_pixels: None,
            max_pixels: None,
            feature_memory: 256 << 20,
            feature_directory: None,
        }
    }
}

/// Everything between photos and places on one side and the network on the other; scoring and training share it.
#[derive(Debug)]
pub struct PairInputs {
    config: Config,
    tokenizer: PromptTokenizer,
    template: ChatTemplate,
    preprocessor: Preprocessor,
    features: VisionCache,
    protocol: Protocol,
    /// Of the preprocessor and, once it is known, of the vision tower.
    fingerprint: String,
}

impl PairInputs {
    /// Reads what belongs to a checkpoint directory besides its weights.
    ///
    /// # Errors
    /// A [`Failure`] that names the file.
    pub fn open(model: &Path, options: &InputOptions) -> Result<Self, Failure> {
        let broken = |error: NetworkError| Failure::from(error);
        let config = Config::from_directory(model).map_err(broken)?;
        let tokenizer = PromptTokenizer::from_directory(model, config.tokens.image).map_err(broken)?;
        let template = ChatTemplate::from_directory(model).map_err(broken)?;
        let preprocessor = Preprocessor::from_directory(model)
            .and_then(|preprocessor| preprocessor.with_pixels(options.min_pixels, options.max_pixels))
            .map_err(broken)?;
        try_prompts(model, &tokenizer, &template, config.language.vocabulary)?;
        let mut features = VisionCache::in_memory(options.feature_memory);
        if let Some(directory) = &options.feature_directory {
            features = features.with_directory(directory, None);
        }
        Ok(Self {
            fingerprint: hexadecimal(&preprocessor.fingerprint()),
            config,
            tokenizer,
            template,
            preprocessor,
            features,
            protocol: options.protocol,
        })
    }

    /// Tells the features of this network's vision tower from others'. To be called once the network is open.
    #[must_use]
    pub fn for_network(mut self, network: &Qwen2Vl) -> Self {
        self.fingerprint = hexadecimal(network.vision_fingerprint()) + &self.fingerprint;
        self
    }

    /// The checkpoint's configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Brings a photo to the size that the network looks at.
    ///
    /// # Errors
    /// [`PixelError`]: a photo more than 200 times as long as wide.
    pub fn prepare(&self, photo: &Image) -> Result<PreparedPhoto, PixelError> {
        Ok(PreparedPhoto::new(self.preprocessor.resized(photo)?, &self.fingerprint))
    }

    /// One prompt a candidate.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be rendered, or photos are not those of the group.
    pub fn prompts(&self, group: &PairGroup, photos: &[PhotoFeatures]) -> Result<Vec<Prompt>, Failure> {
        let prompt = |candidate| self.prompt(group, candidate, photos);
        let prompts = group.candidates.iter().map(prompt).collect::<Result<_, _>>();
        prompts.map_err(Failure::from)
    }

    fn prompt(
        &self,
        group: &PairGroup,
        candidate: &PairCandidate<usize>,
        photos: &[PhotoFeatures],
    ) -> Result<Prompt, NetworkError> {
        let own = std::iter::once(0).chain(candidate.photo).collect::<Vec<_>>();
        let text = PairPrompt::new(
            self.protocol,
            &candidate.place,
            candidate.photo.is_some(),
            group.negatives.as_deref(),
        );
        let segments = self.template.segments(&text.parts())?;
        let counts: Vec<usize> = own
            .iter()
            .map(|&photo| photos.get(photo).map_or(0, |photo| photo.grid[0] * photo.grid[1]))
            .collect();
        Ok(Prompt { ids: self.tokenizer.encode_segments(&segments, &counts)?, photos: own })
    }

    /// A prompt of one user turn: texts, and photos in the order of `photos`. Special tokens in a text are letters.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be rendered, or has another number of photos.
    pub fn turn(&self, parts: &[PromptPart<'_>], photos: &[PhotoFeatures]) -> Result<Prompt, Failure> {
        let counts: Vec<usize> = photos.iter().map(|photo| photo.grid[0] * photo.grid[1]).collect();
        self.template
            .segments(parts)
            .and_then(|segments| self.tokenizer.encode_segments(&segments, &counts))
            .map(|ids| Prompt { ids, photos: (0..photos.len()).collect() })
            .map_err(Failure::from)
    }

    /// The text of tokens that the network wrote, special tokens left out.
    ///
    /// # Errors
    /// A [`Failure`] if the decoder refuses them.
    pub fn text(&self, ids: &[u32]) -> Result<String, Failure> {
        self.tokenizer.decode(ids).map_err(Failure::from)
    }

    /// Features of all photos of a group, each distinct photo encoded at most once.
    /// Beside them, how many were.
    ///
    /// # Errors
    /// A [`Failure`] of the network.
    pub fn photo_features(
        &self,
        network: &Qwen2Vl,
        photos: &[PreparedPhoto],
    ) -> Result<(Vec<PhotoFeatures>, usize), Failure> {
        let merged = self.config.vision.patch_size * self.config.vision.spatial_merge_size;
        let mut known: Vec<Option<Vec<f32>>> = Vec::with_capacity(photos.len());
        let mut fresh: Vec<usize> = Vec::new();
        for (index, photo) in photos.iter().enumerate() {
            let first = photos.iter().position(|other| other.key == photo.key).unwrap_or(index);
            let values = if first < index {
                known[first].clone()
            } else {
                self.features.get(&photo.key).map(|features| features.values.clone())
            };
            if values.is_none() && first == index {
                fresh.push(index);
            }
            known.push(values);
        }
        let patches = fresh
            .iter()
            .map(|&index| self.preprocessor.patches(&photos[index].resized))
            .collect::<Result<Vec<_>, PixelError>>()
            .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?;
        // One by one: the last bits of a product depend on how many rows it has, and a photo's features must not depend
        // on which others happened to be known already; or a resumed training would not be the one that was stopped.
        let encode = |photo| network.encode_photos(std::slice::from_ref(photo));
        let encoded = patches.iter().map(encode).collect::<Result<Vec<_>, _>>();
        let encoded = encoded?.into_iter().flatten();
        let hidden = self.config.language.hidden_size;
        for (&index, features) in fresh.iter().zip(encoded) {
            let tokens = features.grid[0] * features.grid[1];
            let kept = VisionFeatures { values: features.values.clone(), tokens, hidden };
            self.features.insert(photos[index].key, kept);
            for (other, slot) in photos.iter().zip(&mut known) {
                if other.key == photos[index].key {
                    *slot = Some(features.values.clone());
                }
            }
        }
        let all = photos
            .iter()
            .zip(known)
            .map(|(photo, values)| {
                let sides = [photo.resized.height(), photo.resized.width()];
                PhotoFeatures {
                    values: values.unwrap_or_default(),
                    grid: sides.map(|side| side as usize / merged),
                }
            })
            .collect();
        Ok((all, fresh.len()))
    }
}

/// Whether template and tokenizer make prompts that the network can read: with one photo and with two.
fn try_prompts(
    model: &Path,
    tokenizer: &PromptTokenizer,
    template: &ChatTemplate,
    vocabulary: usize,
) -> Result<(), Failure> {
    let broken = |why: String| {
        let message = format!("{}: its chat template and tokenizer make no prompt: {why}", model.display());
        Failure::new(ErrorKind::BrokenModel, message)
            .with_hint("use the tokenizer files that belong to the weights")
    };
    let location = LatLon::new(0.0, 0.0).map_err(|error| broken(error.to_string()))?;
    let nowhere = PlaceText { location, text: Some("X".into()) };
    for photos in [1, 2] {
        let prompt =
            PairPrompt::new(Protocol::Default, &nowhere, photos == 2, Some(std::slice::from_ref(&nowhere)));
        let ids = template
            .segments(&prompt.parts())
            .and_then(|segments| tokenizer.encode_segments(&segments, &vec![1; photos]))
            .map_err(|error| broken(error.to_string()))?;
        if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(broken(format!("token {id} is beyond the vocabulary of {vocabulary}")));
        }
    }
    Ok(())
}
