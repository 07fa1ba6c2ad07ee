//! The LVLM ranker as something that the engine trains.

use std::fmt;
use std::ops::{Add, Sub};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::{ErrorKind, Failure, PhotoId};
use nets::LoadOptions;
use nets::NetworkError;
use nets::lora::{Adapter, Naming};
use nets::qwen2_vl::training::{
    Checkpointing, GroupPass, LoraPlan, LoraSettings, PassOptions, TrainingNetwork,
};
use nets::qwen2_vl::{PhotoFeatures, Prompt, Qwen2Vl, Sharing};
use photo::reencode_jpeg;
use rank::vlm::{InputOptions, PairCandidate, PairGroup, PairInputs, PhotoSource, PreparedPhoto, Reencode};

use super::example::VlmExample;
use crate::engine::{Gradients, GroupReport, Parameter, StepContext, TrainableRanker, ValidationGroup};

/// Where the trained values start.
#[derive(Clone, Debug)]
pub enum Start {
    /// Fresh pairs of these settings, and the checkpoint's value head or a fresh one.
    Fresh(LoraSettings),
    /// An adapter directory, trained further under its own settings.
    Adapter(PathBuf),
}

/// How a trainer is opened.
#[derive(Clone, Debug)]
pub struct VlmTrainerOptions {
    /// Where the trained values start.
    pub start: Start,
    /// Seed of a fresh start.
    pub seed: u64,
    /// How prompts and photos are made.
    pub inputs: InputOptions,
    /// Which photos are encoded as JPEG once more, as the reference does.
    pub reencode: Reencode,
    /// How the network is loaded; training runs on the CPU only.
    pub load: LoadOptions,
    /// What layers keep for the way back.
    pub checkpointing: Checkpointing,
    /// Whether the common start of a query's prompts is computed once.
    pub sharing: Sharing,
}

impl Default for VlmTrainerOptions {
    fn default() -> Self {
        Self {
            start: Start::Fresh(LoraSettings::default()),
            seed: 0,
            inputs: InputOptions::default(),
            reencode: Reencode::None,
            load: LoadOptions::default(),
            checkpointing: Checkpointing::default(),
            sharing: Sharing::SharedPrefix,
        }
    }
}

/// What the steps so far have spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VlmTimes {
    /// Reading and resizing photos.
    pub photos: Duration,
    /// The vision tower and the prompts' text.
    pub vision: Duration,
    /// The language model up to the scores.
    pub forward: Duration,
    /// From there on.
    pub backward: Duration,
}

impl Add for VlmTimes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            photos: self.photos + other.photos,
            vision: self.vision + other.vision,
            forward: self.forward + other.forward,
            backward: self.backward + other.backward,
        }
    }
}

impl Sub for VlmTimes {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            photos: self.photos.saturating_sub(other.photos),
            vision: self.vision.saturating_sub(other.vision),
            forward: self.forward.saturating_sub(other.forward),
            backward: self.backward.saturating_sub(other.backward),
        }
    }
}

/// Trains low-rank adapters and the value head of a Qwen2-VL checkpoint.
pub struct VlmTrainer {
    network: TrainingNetwork,
    inputs: PairInputs,
    start: Vec<Vec<f32>>,
    base_model_name: String,
    photos: Arc<dyn PhotoSource>,
    training: Vec<VlmExample>,
    validation: Vec<VlmExample>,
    reencode: Reencode,
    sharing: Sharing,
    times: Mutex<VlmTimes>,
}

impl fmt::Debug for VlmTrainer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VlmTrainer")
            .field("network", &self.network)
            .field("training", &self.training.len())
            .field("validation", &self.validation.len())
            .finish_non_exhaustive()
    }
}

impl VlmTrainer {
    /// Opens a checkpoint directory for training on some examples, whose photos come from `photos`.
    ///
    /// # Errors
    /// A [`Failure`] that names the file of the model or adapter, the setting that makes no sense, the device that is not
    /// the CPU, or the example that
    /// has no candidates or a distance that is not a number.
    pub fn open(
        model: &Path,
        options: &VlmTrainerOptions,
        training: Vec<VlmExample>,
        validation: Vec<VlmExample>,
        photos: Arc<dyn PhotoSource>,
    ) -> Result<Self, Failure> {
        let broken = |error: NetworkError| Failure::from(error);
        training.iter().chain(&validation).try_for_each(check)?;
        options.load.check_cpu("training")?;
        // What is read in no time first: a wrong option or file must not cost minutes of loading.
        let inputs = PairInputs::open(model, &options.inputs)?;
        let language = &inputs.config().language;
        let (plan, adapter) = match &options.start {
            Start::Fresh(settings) => (LoraPlan::new(language, settings).map_err(broken)?, None),
            Start::Adapter(directory) => {
                let adapter = Adapter::open(directory).map_err(broken)?;
                (LoraPlan::of_adapter(language, &adapter).map_err(broken)?, Some(adapter))
            }
        };
        let network = Qwen2Vl::open(model, None, &options.load).map_err(broken)?;
        let start = match &adapter {
            Some(adapter) => plan.values_of(adapter, options.seed),
            None => plan.fresh(options.seed, network.value_head()),
        };
        let name = model.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            start: start.map_err(broken)?,
            base_model_name: adapter
                .and_then(|adapter| adapter.base_model_name)
                .or(name)
                .unwrap_or_else(|| "qwen2-vl".into()),
            inputs: inputs.for_network(&network),
            network: TrainingNetwork::new(network, plan, options.checkpointing).map_err(broken)?,
            photos,
            training,
            validation,
            reencode: options.reencode,
            sharing: options.sharing,
            times: Mutex::default(),
        })
    }

    /// The network.
    pub const fn network(&self) -> &TrainingNetwork {
        &self.network
    }

    /// What the passes so far have spent.
    pub fn times(&self) -> VlmTimes {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spent(&self, more: VlmTimes) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        *times = *times + more;
    }

    /// Prompts and photo features of an example.
    fn read(&self, example: &VlmExample) -> Result<(Vec<Prompt>, Vec<PhotoFeatures>), Failure> {
        let started = Instant::now();
        let query = self.photo(example, &example.query, self.reencode.queries())?;
        let candidates = example.candidates.iter().map(|candidate| PairCandidate {
            place: candidate.place.clone(),
            photo: candidate.photo.clone(),
        });
        let group = PairGroup::build(query, candidates, example.negatives.clone(), |id| {
            self.photo(example, id, self.reencode.candidates())
        })?;
        let photos = started.elapsed();
        let (features, _) = self.inputs.photo_features(self.network.network(), &group.photos)?;
        let prompts = self.inputs.prompts(&group, &features)?;
        let vision = started.elapsed().saturating_sub(photos);
        self.spent(VlmTimes { photos, vision, ..VlmTimes::default() });
        Ok((prompts, features))
    }

    fn photo(&self, example: &VlmExample, id: &PhotoId, reencode: bool) -> Result<PreparedPhoto, Failure> {
        let named = |failure: Failure| Failure {
            message: format!("{}: {}", example.name, failure.message),
            ..failure
        };
        let mut image = self.photos.photo(id).map_err(named)?;
        if reencode {
            image = Arc::new(reencode_jpeg(&image).map_err(|error| named(error.named(&id.0)))?);
        }
        let unfit = |why: String| named(Failure::new(ErrorKind::InvalidPhoto, format!("{id}: {why}")));
        self.inputs.prepare(&image).map_err(|error| unfit(error.to_string()))
    }

    fn example<'a>(of: &'a [VlmExample], query: usize, split: &str) -> Result<&'a VlmExample, Failure> {
        of.get(query).ok_or_else(|| {
            let message = format!("{split} query {query} was asked for, there are {}", of.len());
            Failure::new(ErrorKind::Internal, message)
        })
    }
}

impl TrainableRanker for VlmTrainer {
    fn initial_parameters(&self) -> Result<Vec<Parameter>, Failure> {
        let tensors = self.network.plan().tensors().into_iter().zip(&self.start);
        Ok(tensors
            .map(|(tensor, values)| Parameter {
                name: tensor.name,
                shape: tensor.shape,
                values: values.clone(),
                decays: true,
            })
            .collect())
    }

    fn queries(&self) -> usize {
        self.training.len()
    }

    fn validation_queries(&self) -> usize {
        self.validation.len()
    }

    fn query_name(&self, query: usize) -> String {
        self.training.get(query).map_or_else(|| format!("query {query}"), |example| example.name.clone())
    }

    fn distances_km(&self, query: usize) -> Option<Vec<f64>> {
        self.training.get(query).map(VlmExample::distances_km)
    }

    fn accumulate(
        &self,
        parameters: &[Parameter],
        queries: &[usize],
        context: &StepContext<'_>,
        gradients: &mut Gradients,
    ) -> Result<Vec<GroupReport>, Failure> {
        let values = values(parameters);
        let mut reports = Vec::with_capacity(queries.len());
        for (place, &query) in queries.iter().enumerate() {
            let example = Self::example(&self.training, query, "training")?;
            let (prompts, photos) = self.read(example)?;
            let distances = example.distances_km();
            // Each query of the call has masks of its own.
            let seed = context.seed.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let options = PassOptions { sharing: self.sharing, dropout: Some(seed) };
            let mut report = GroupReport::default();
            let mut slopes_of = |scores: &[f32]| -> Vec<f32> {
                let wide: Vec<f64> = scores.iter().copied().map(f64::from).collect();
                let loss = context.loss.evaluate(&wide, &distances);
                (report.loss, report.first_order, report.second_order) =
                    (loss.loss, loss.first_order, loss.second_order);
                loss.gradient.iter().map(|slope| (slope * context.weight) as f32).collect()
            };
            let pass = self.network.forward_backward(
                &values,
                &prompts,
                &photos,
                options,
                &mut slopes_of,
                gradients,
            )?;
            let GroupPass { scores, prefix_tokens, suffix_tokens, forward_time, backward_time } = pass;
            let times = VlmTimes { forward: forward_time, backward: backward_time, ..VlmTimes::default() };
            self.spent(times);
            reports.push(GroupReport { tokens: prefix_tokens + suffix_tokens, scores, ..report });
        }
        Ok(reports)
    }

    fn validate(&self, parameters: &[Parameter], queries: &[usize]) -> Result<Vec<ValidationGroup>, Failure> {
        let values = values(parameters);
        let options = PassOptions { sharing: self.sharing, dropout: None };
        queries
            .iter()
            .map(|&query| {
                let example = Self::example(&self.validation, query, "validation")?;
                let (prompts, photos) = self.read(example)?;
                let pass = self.network.scores(&values, &prompts, &photos, options);
                Ok(ValidationGroup { scores: pass?.scores, distances_km: example.distances_km() })
            })
            .collect()
    }

    fn save(&self, parameters: &[Parameter], directory: &Path) -> Result<(), Failure> {
        let mut adapter = self.network.plan().adapter(&values(parameters))?;
        adapter.base_model_name = Some(self.base_model_name.clone());
        adapter.save(directory, Naming::Current).map_err(|error| match error {
            NetworkError::Write { .. } => Failure::new(ErrorKind::Output, error.to_string()).with_hint(
                "free some space or choose another directory; what was saved before is still there",
            ),
            _ => Failure::from(error),
        })
    }
}

fn values(parameters: &[Parameter]) -> Vec<&[f32]> {
    parameters.iter().map(|parameter| parameter.values.as_slice()).collect()
}

/// Refuses what cannot be trained on.
fn check(example: &VlmExample) -> Result<(), Failure> {
    let wrong = |why: &str| Err(Failure::new(ErrorKind::InvalidTable, format!("{}: {why}", example.name)));
    if example.candidates.is_empty() {
        return wrong("there is no candidate");
    }
    if example.candidates.iter().any(|candidate| !candidate.distance_km.is_finite()) {
        return wrong("a candidate's distance is not a number: does the query have a location?");
    }
    Ok(())
}
