//! From photos and places to scores: prompt, features, network.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contract::{ErrorKind, Failure};
use nets::NetworkError;
use nets::checkpoint::ShardedCheckpoint;
use nets::lora::Adapter;
use nets::photo::Image;
use nets::qwen2_vl::chat_template::ChatTemplate;
use nets::qwen2_vl::config::Config;
use nets::qwen2_vl::patches::{PixelError, Preprocessor};
use nets::qwen2_vl::tensor_names::VALUE_HEAD;
use nets::qwen2_vl::tokenizer::PromptTokenizer;
use nets::qwen2_vl::{LoadOptions, PhotoFeatures, Prompt, Qwen2Vl, Sharing};

use super::prompt::{PairPrompt, PlaceText, Protocol};
use super::vision_cache::{PhotoKey, VisionCache, VisionFeatures};

/// How a scorer is opened.
#[derive(Debug)]
pub struct ScorerOptions {
    /// A PEFT adapter directory.
    pub adapter: Option<PathBuf>,
    /// Text rules of the prompt.
    pub protocol: Protocol,
    /// How the network is held.
    pub load: LoadOptions,
    /// Least pixels of a photo after resizing; `None`: as the network was trained.
    pub min_pixels: Option<u32>,
    /// Most pixels of a photo after resizing; `None`: as the network was trained.
    pub max_pixels: Option<u32>,
    /// Bytes of photo features kept in memory.
    pub feature_memory: usize,
    /// Where photo features are kept between runs.
    pub feature_directory: Option<PathBuf>,
    /// Whether the common start of a query's prompts is computed once.
    pub sharing: Sharing,
}

impl Default for ScorerOptions {
    fn default() -> Self {
        Self {
            adapter: None,
            protocol: Protocol::Default,
            load: LoadOptions::default(),
            min_pixels: None,
            max_pixels: None,
            feature_memory: 256 << 20,
            feature_directory: None,
            sharing: Sharing::SharedPrefix,
        }
    }
}

/// A photo at the size that the network looks at.
#[derive(Clone, Debug)]
pub struct PreparedPhoto {
    resized: Image,
    key: PhotoKey,
}

/// A candidate of a query: where, what is there, and what it looks like.
#[derive(Clone, Debug)]
pub struct PairCandidate {
    /// Coordinates and place as the prompt prints them.
    pub place: PlaceText,
    /// Index into the photos of the group; `None`: no photo in the prompt.
    pub photo: Option<usize>,
}

/// All pairs of one query.
#[derive(Clone, Debug)]
pub struct PairGroup {
    /// Photos; the first is the query.
    pub photos: Vec<PreparedPhoto>,
    /// Negatives of the prompt; `None` leaves that part out.
    pub negatives: Option<Vec<PlaceText>>,
    /// The candidates.
    pub candidates: Vec<PairCandidate>,
}

/// Scores and what they cost.
#[derive(Clone, Debug, Default)]
pub struct ScoredGroup {
    /// One a candidate, larger is closer.
    pub scores: Vec<f32>,
    /// Tokens that all prompts share, computed once.
    pub prefix_tokens: usize,
    /// Tokens of all prompts after those.
    pub suffix_tokens: usize,
    /// Photos that went through the vision tower; the others were remembered.
    pub photos_encoded: usize,
    /// Time in the vision tower.
    pub vision_time: Duration,
    /// Time for the shared tokens.
    pub prefix_time: Duration,
    /// Time for the others.
    pub suffix_time: Duration,
}

/// The LVLM pair scorer: Qwen2-VL, adapter, value head, with everything that comes before them.
#[derive(Debug)]
pub struct PairScorer {
    name: String,
    network: Qwen2Vl,
    tokenizer: PromptTokenizer,
    template: ChatTemplate,
    preprocessor: Preprocessor,
    features: VisionCache,
    protocol: Protocol,
    sharing: Sharing,
    fingerprint: String,
}

impl PairScorer {
    /// Opens a checkpoint directory as the hub has them.
    ///
    /// # Errors
    /// A [`Failure`] of kind [`ErrorKind::BrokenModel`] that names the file.
    pub fn open(model: &Path, options: &ScorerOptions) -> Result<Self, Failure> {
        let broken = |error: NetworkError| network_failure(&error);
        // What is read in no time first: a wrong option or file must not cost minutes of loading.
        let config = Config::from_directory(model).map_err(broken)?;
        let tokenizer = PromptTokenizer::from_directory(model, config.tokens.image).map_err(broken)?;
        let template = ChatTemplate::from_directory(model).map_err(broken)?;
        let preprocessor = Preprocessor::from_directory(model)
            .and_then(|preprocessor| preprocessor.with_pixels(options.min_pixels, options.max_pixels))
            .map_err(broken)?;
        try_prompts(model, &tokenizer, &template, config.language.vocabulary)?;
        let adapter = options.adapter.as_deref().map(Adapter::open).transpose().map_err(broken)?;
        let checkpoint = ShardedCheckpoint::open(model).map_err(broken)?;
        let in_adapter = adapter.as_ref().is_some_and(|adapter| adapter.value_head.is_some());
        if !in_adapter && checkpoint.tensor(VALUE_HEAD).is_none() {
            let with = match &options.adapter {
                Some(adapter) => format!("neither {} nor {} has", model.display(), adapter.display()),
                None => format!("{} does not have", model.display()),
            };
            let message =
                format!("{with} a value head (`value_head.weight`), without which nothing can be scored");
            return Err(Failure::new(ErrorKind::BrokenModel, message)
                .with_hint("name the adapter that was trained for this model with --adapter DIR"));
        }
        drop(checkpoint);
        let network = Qwen2Vl::open(model, adapter.as_ref(), &options.load).map_err(broken)?;
        let mut features = VisionCache::in_memory(options.feature_memory);
        if let Some(directory) = &options.feature_directory {
            features = features.with_directory(directory, None);
        }
        Ok(Self {
            fingerprint: hexadecimal(network.vision_fingerprint())
                + &hexadecimal(&preprocessor.fingerprint()),
            name: model.file_name().map_or_else(|| "vlm".into(), |name| name.to_string_lossy().into_owned()),
            network,
            tokenizer,
            template,
            preprocessor,
            features,
            protocol: options.protocol,
            sharing: options.sharing,
        })
    }

    /// The name of the checkpoint's directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Brings a photo to the size that the network looks at.
    ///
    /// # Errors
    /// [`PixelError`]: a photo more than 200 times as long as wide.
    pub fn prepare(&self, photo: &Image) -> Result<PreparedPhoto, PixelError> {
        let resized = self.preprocessor.resized(photo)?;
        let key = PhotoKey::new(&self.fingerprint, resized.rgb(), resized.height(), resized.width());
        Ok(PreparedPhoto { resized, key })
    }

    /// Scores all candidates of a query.
    ///
    /// # Errors
    /// A [`Failure`] if the prompt cannot be rendered or the network fails.
    pub fn score(&self, group: &PairGroup) -> Result<ScoredGroup, Failure> {
        if group.candidates.is_empty() {
            return Err(Failure::new(ErrorKind::NoCandidates, "there is no candidate to score"));
        }
        let started = Instant::now();
        let (photos, photos_encoded) = self.photo_features(&group.photos)?;
        let vision_time = started.elapsed();
        let prompts = group
            .candidates
            .iter()
            .map(|candidate| self.prompt(group, candidate, &photos))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| network_failure(&error))?;
        let scored =
            self.network.score(&prompts, &photos, self.sharing).map_err(|error| network_failure(&error))?;
        Ok(ScoredGroup {
            scores: scored.scores,
            prefix_tokens: scored.prefix_tokens,
            suffix_tokens: scored.suffix_tokens,
            photos_encoded,
            vision_time,
            prefix_time: scored.prefix_time,
            suffix_time: scored.suffix_time,
        })
    }

    fn prompt(
        &self,
        group: &PairGroup,
        candidate: &PairCandidate,
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

    /// Features of all photos of a group, each distinct photo encoded at most once.
    fn photo_features(&self, photos: &[PreparedPhoto]) -> Result<(Vec<PhotoFeatures>, usize), Failure> {
        let merged =
            self.network.config().vision.patch_size * self.network.config().vision.spatial_merge_size;
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
        let encoded = self.network.encode_photos(&patches).map_err(|error| network_failure(&error))?;
        let hidden = self.network.config().language.hidden_size;
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
    let nowhere = PlaceText { latitude: 0.0, longitude: 0.0, place: Some("X".into()) };
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

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A network's error as a failure: of the model, or of this program.
pub(super) fn network_failure(error: &NetworkError) -> Failure {
    let kind = match error {
        NetworkError::Setting { .. } => ErrorKind::Usage,
        _ if error.is_broken_model() => ErrorKind::BrokenModel,
        _ => ErrorKind::Internal,
    };
    let failure = Failure::new(kind, error.to_string());
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
