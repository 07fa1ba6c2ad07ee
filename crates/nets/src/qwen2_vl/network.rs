//! The whole network as a pair scorer.

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};

use super::config::Config;
use super::language::{LanguageModel, Prefix};
use super::patches::Patches;
use super::positions::Positions;
use super::prompt_tokens::{Laid, PhotoFeatures, Prompt, Source, shared_prefix};
use super::vision::VisionTower;
use crate::NetworkError;
use crate::load_options::Workers;
use crate::operators::{Linear, host_floats};
use kernels::weights::WeightMatrix;

/// Patches that go through the vision tower at once, unless one photo alone has more.
const PATCHES_AT_ONCE: usize = 4096;
/// Tokens that go through the language model at once, unless one prompt alone has more.
const TOKENS_AT_ONCE: usize = 4096;

/// How the prompts of a group are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// What all prompts have in common is computed once.
    #[default]
    SharedPrefix,
    /// Every prompt by itself from its first token: slower, the twin that sharing is tested against.
    Alone,
}

/// Scores of a group and what they cost.
#[derive(Clone, Debug, Default)]
pub struct GroupScores {
    /// `[prompts]`, larger is closer.
    pub scores: Vec<f32>,
    /// Tokens of the shared prefix.
    pub prefix_tokens: usize,
    /// Tokens of all prompts after it.
    pub suffix_tokens: usize,
    /// Time for the prefix.
    pub prefix_time: Duration,
    /// Time for the rest.
    pub suffix_time: Duration,
}

/// Qwen2-VL with a scalar value head (arXiv 2505.13731, section 3): the reward model of `GeoRanker`.
#[derive(Debug)]
pub struct Qwen2Vl {
    pub(super) config: Config,
    pub(super) label: String,
    pub(super) device: Device,
    pub(super) kind: DType,
    pub(super) workers: Workers,
    pub(super) vision: VisionTower,
    pub(super) language: LanguageModel,
    pub(super) embedding: WeightMatrix,
    pub(super) value_head: Option<Vec<f32>>,
    /// What writing needs besides.
    pub(super) output: Option<OutputLayer>,
    pub(super) vision_fingerprint: [u8; 32],
}

/// From the last hidden state to the logits of all tokens.
#[derive(Debug)]
pub(super) struct OutputLayer {
    pub(super) linear: Linear,
    /// Of all of the network's tensors.
    pub(super) fingerprint: [u8; 32],
}

impl Qwen2Vl {
    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The value head, `[hidden]`, if one came with the checkpoint or the adapter: without it the network cannot score.
    pub fn value_head(&self) -> Option<&[f32]> {
        self.value_head.as_deref()
    }

    /// Tells vision towers apart: features of one tower must not be taken for another's.
    pub const fn vision_fingerprint(&self) -> &[u8; 32] {
        &self.vision_fingerprint
    }

    /// Runs photos through the vision tower; each gives the same features alone as among others, to f32 noise.
    ///
    /// # Errors
    /// [`NetworkError::Compute`] if the device fails.
    pub fn encode_photos(&self, photos: &[Patches]) -> Result<Vec<PhotoFeatures>, NetworkError> {
        self.workers.run(|| self.photo_features(photos))
    }

    fn photo_features(&self, photos: &[Patches]) -> Result<Vec<PhotoFeatures>, NetworkError> {
        let merge = self.config.vision.spatial_merge_size;
        let mut features = Vec::with_capacity(photos.len());
        for batch in batches(photos, Patches::count, PATCHES_AT_ONCE) {
            let like = Tensor::zeros((1, 1), self.kind, &self.device).map_err(compute)?;
            let photos: Vec<&Patches> = batch.iter().collect();
            let output = self.vision.forward(&photos, &like).map_err(compute)?;
            let (rows, width) = output.dims2().map_err(compute)?;
            let expected: usize = photos.iter().map(|photo| photo.merged()).sum();
            if rows != expected {
                return Err(NetworkError::Compute {
                    what: "the vision tower".into(),
                    why: format!("{rows} tokens for {expected} merged patches"),
                });
            }
            let values: Vec<f32> = host_floats(&output).map_err(compute)?;
            let mut rest = values.as_slice();
            for photo in photos {
                let (own, others) = rest.split_at(photo.merged() * width);
                rest = others;
                let grid = [photo.rows / merge, photo.columns / merge];
                features.push(PhotoFeatures { values: own.to_vec(), grid });
            }
        }
        Ok(features)
    }

    /// Scores the prompts of a group.
    ///
    /// # Errors
    /// [`NetworkError::NoValueHead`]; [`NetworkError::InputLength`] where prompts and photos do not agree, or a
    /// prompt is empty; [`NetworkError::NotFinite`]; [`NetworkError::Overflow`]; [`NetworkError::Compute`].
    pub fn score(
        &self,
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        sharing: Sharing,
    ) -> Result<GroupScores, NetworkError> {
        let Some(value_head) = &self.value_head else {
            return Err(NetworkError::NoValueHead { file: self.label.clone() });
        };
        let (hidden, mut group) = self.last_hidden(prompts, photos, sharing)?;
        group.scores = hidden.iter().map(|row| dot(row, value_head)).collect();
        match group.scores.iter().position(|score| !score.is_finite()) {
            None => Ok(group),
            Some(index) => Err(NetworkError::Overflow {
                index,
                value: group.scores.get(index).copied().unwrap_or(f32::NAN),
            }),
        }
    }

    /// The normalised hidden state of each prompt's last token, `[prompts][hidden]`, and costs without scores.
    ///
    /// # Errors
    /// As [`Qwen2Vl::score`], which needs a value head besides.
    pub fn last_hidden(
        &self,
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        sharing: Sharing,
    ) -> Result<(Vec<Vec<f32>>, GroupScores), NetworkError> {
        self.workers.run(|| self.run_prompts(prompts, photos, sharing))
    }

    fn run_prompts(
        &self,
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        sharing: Sharing,
    ) -> Result<(Vec<Vec<f32>>, GroupScores), NetworkError> {
        let image_token = self.config.tokens.image;
        let laid: Vec<Laid> =
            prompts.iter().map(|prompt| Laid::new(prompt, image_token, photos)).collect::<Result<_, _>>()?;
        if laid.iter().any(|prompt| prompt.sources.is_empty()) {
            return Err(NetworkError::InputLength {
                what: "tokens of a prompt",
                found: 0,
                expected: "at least one".into(),
            });
        }
        let shared = match sharing {
            Sharing::SharedPrefix => shared_prefix(&laid),
            Sharing::Alone => 0,
        };
        let mut group = GroupScores { prefix_tokens: shared, ..GroupScores::default() };
        let started = Instant::now();
        let prefix = match laid.first() {
            Some(first) if shared > 0 => Some(self.run_prefix(first, shared, photos)?),
            _ => None,
        };
        group.prefix_time = started.elapsed();
        let started = Instant::now();
        let at_once = match sharing {
            Sharing::SharedPrefix => TOKENS_AT_ONCE,
            Sharing::Alone => 1,
        };
        let mut hidden = Vec::with_capacity(laid.len());
        for pack in batches(&laid, |prompt| prompt.sources.len() - shared, at_once) {
            let lengths: Vec<usize> = pack.iter().map(|prompt| prompt.sources.len() - shared).collect();
            group.suffix_tokens += lengths.iter().sum::<usize>();
            let sources = pack.iter().flat_map(|prompt| &prompt.sources[shared..]);
            let tokens = pack.iter().flat_map(|prompt| &prompt.positions.tokens[shared..]).copied().collect();
            let embedded = self.embed(sources, photos)?;
            let last = self
                .language
                .last_hidden(&embedded, &Positions { tokens }, &lengths, prefix.as_ref())
                .map_err(compute)?;
            let values = host_floats(&last).map_err(compute)?;
            hidden.extend(values.chunks(self.config.language.hidden_size).map(<[f32]>::to_vec));
        }
        group.suffix_time = started.elapsed();
        Ok((hidden, group))
    }

    pub(super) fn run_prefix(
        &self,
        prompt: &Laid,
        shared: usize,
        photos: &[PhotoFeatures],
    ) -> Result<Prefix, NetworkError> {
        let embedded = self.embed(prompt.sources[..shared].iter(), photos)?;
        let tokens = prompt.positions.tokens[..shared].to_vec();
        self.language.prefix(&embedded, &Positions { tokens }).map_err(compute)
    }

    /// Input vectors, `[tokens, hidden]`.
    pub(super) fn embed<'a>(
        &self,
        sources: impl Iterator<Item = &'a Source>,
        photos: &[PhotoFeatures],
    ) -> Result<Tensor, NetworkError> {
        let values = self.embed_rows(sources, photos)?;
        let width = self.config.language.hidden_size;
        let tokens = values.len() / width;
        let host = Tensor::from_vec(values, (tokens, width), &Device::Cpu).map_err(compute)?;
        host.to_dtype(self.kind).and_then(|host| host.to_device(&self.device)).map_err(compute)
    }

    /// Input vectors, `[tokens, hidden]`, as floats.
    pub(super) fn embed_rows<'a>(
        &self,
        sources: impl Iterator<Item = &'a Source>,
        photos: &[PhotoFeatures],
    ) -> Result<Vec<f32>, NetworkError> {
        let width = self.config.language.hidden_size;
        let mut values = Vec::new();
        for &source in sources {
            let start = values.len();
            values.resize(start + width, 0.0);
            let row = &mut values[start..];
            match source {
                Source::Token(id) => self.embed_token(id, row)?,
                Source::Patch { photo, patch } => {
                    let known = photos
                        .get(photo)
                        .and_then(|photo| photo.values.get(patch * width..(patch + 1) * width));
                    row.copy_from_slice(known.ok_or_else(|| NetworkError::InputLength {
                        what: "features of a photo",
                        found: photos.get(photo).map_or(0, |photo| photo.values.len()),
                        expected: format!("at least {}", (patch + 1) * width),
                    })?);
                }
            }
        }
        Ok(values)
    }

    fn embed_token(&self, id: u32, row: &mut [f32]) -> Result<(), NetworkError> {
        let id = id as usize;
        if id >= self.embedding.outputs() {
            return Err(NetworkError::BadValue {
                file: self.label.clone(),
                tensor: "model.embed_tokens.weight".into(),
                why: format!("no row for token {id} of the tokenizer, only {}", self.embedding.outputs()),
            });
        }
        self.embedding.widen_rows(id..id + 1, row);
        match row.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(index) => Err(NetworkError::NotFinite {
                file: self.label.clone(),
                tensor: "model.embed_tokens.weight".into(),
                index: id * row.len() + index,
                value: row[index],
            }),
        }
    }
}

/// Runs of items whose sizes add up to at most `limit`; an item larger than that stands alone.
fn batches<T>(items: &[T], size: impl Fn(&T) -> usize, limit: usize) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        let size = size(item);
        if index > start && sum + size > limit {
            runs.push(&items[start..index]);
            (start, sum) = (index, 0);
        }
        sum += size;
    }
    if start < items.len() {
        runs.push(&items[start..]);
    }
    runs
}

pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum::<f64>() as f32
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
pub(super) fn compute(source: candle_core::Error) -> NetworkError {
    NetworkError::Compute { what: "Qwen2-VL".into(), why: source.to_string() }
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn batches_keep_the_order_and_the_limit() {
        let runs = batches(&[3, 3, 9, 1, 1, 2], |&size| size, 6);
        assert_eq!(runs, [&[3, 3][..], &[9], &[1, 1, 2]]);
        assert!(batches(&[0_usize; 0], |&size| size, 6).is_empty());
    }
}
