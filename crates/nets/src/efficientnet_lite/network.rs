//! The whole network: from photos to features and logits.

use std::path::Path;

use super::block::{Run, Source, Threads};
use super::config::Config;
use super::layers::Layers;
use super::scratch::{FeatureMaps, Pool, Scratch};
use super::stem;
use crate::checkpoint::{self, Checkpoint};
use crate::error::NetworkError;
use crate::load_options::{LoadOptions, Workers};
use kernels::Instructions;
use kernels::depthwise::SamePadding;
use kernels::linear::{Activation, PackedLinear, PanelOutput, PanelRows};
use kernels::panels::{AlignedBuffer, PANEL, from_panels, padded_channels, to_panels};

/// An EfficientNet-Lite, ready to run. Shared by threads as it is: it keeps no state but spare buffers.
#[derive(Debug)]
pub struct EfficientNetLite {
    config: Config,
    layers: Layers,
    instructions: Instructions,
    workers: Workers,
    scratch: Pool<Scratch>,
    maps: Pool<FeatureMaps>,
}

/// What a forward pass shall give besides the pooled features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Blocks (counted from 0) whose outputs are wanted, averaged over the area.
    pub blocks: Vec<usize>,
    /// Whether the class logits are wanted.
    pub logits: bool,
    /// Who does the work.
    pub threads: Threads,
}

/// What a forward pass gives, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Photos.
    pub batch: usize,
    /// `[batch, head]`: the last convolution averaged over the area, the classifier's input.
    pub pooled: Vec<f32>,
    /// `[batch, classes]`, before the softmax; empty unless asked for.
    pub logits: Vec<f32>,
    /// For each block asked for, in that order, `[batch, channels]`.
    pub blocks: Vec<Vec<f32>>,
}

/// The results of one photo.
#[derive(Default)]
struct Photo {
    pooled: Vec<f32>,
    blocks: Vec<Vec<f32>>,
}

impl EfficientNetLite {
    /// Loads `config.json` and `model.safetensors`.
    ///
    /// # Errors
    /// Every [`NetworkError`] about files; all missing, left-over and misshapen tensors are listed at once. Those of
    /// [`LoadOptions::check_plain`]: it runs on the CPU in f32 only.
    pub fn from_files(config: &Path, weights: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        let (config_bytes, weight_bytes) = (checkpoint::open(config)?, checkpoint::open(weights)?);
        let (config_name, weights_name) = (config.display().to_string(), weights.display().to_string());
        Self::load((&config_name, &config_bytes), (&weights_name, &weight_bytes), options)
    }

    /// As [`EfficientNetLite::from_files`], from the contents of the two files.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(
        config_json: &[u8],
        weights: &[u8],
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        Self::load(("config.json", config_json), ("model.safetensors", weights), options)
    }

    fn load(
        (config_name, config_json): (&str, &[u8]),
        (weights_name, weights): (&str, &[u8]),
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        options.check_plain("EfficientNet-Lite")?;
        let config = Config::parse(config_name, config_json)?;
        let checkpoint = Checkpoint::new(weights_name, weights, &config.tensors())?;
        let layers = Layers::read(&config, &checkpoint)?;
        let (scratch, maps) = (Pool::default(), Pool::default());
        let workers = Workers::new(options)?;
        Ok(Self { config, layers, instructions: Instructions::best(), workers, scratch, maps })
    }

    /// Runs with other instructions than the processor's best: for tests and timings.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// The shape of the network and how its photos are prepared.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The pooled features `[batch, head]` of photos `[batch, size, size, 3]`.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`].
    pub fn forward_features(&self, images: &[f32]) -> Result<Vec<f32>, NetworkError> {
        Ok(self.forward(images, &Request::default())?.pooled)
    }

    /// The class logits `[batch, classes]` of photos `[batch, size, size, 3]`.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`].
    pub fn logits(&self, images: &[f32]) -> Result<Vec<f32>, NetworkError> {
        Ok(self.forward(images, &Request { logits: true, ..Request::default() })?.logits)
    }

    /// Runs on photos `[batch, size, size, 3]`, each number `(value - mean) / std` as the configuration says.
    ///
    /// A photo's results do not depend, not by a bit, on the batch it is in or on the number of threads.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`], [`NetworkError::NoSuchBlock`].
    pub fn forward(&self, images: &[f32], request: &Request) -> Result<Output, NetworkError> {
        let size = self.config.input_size;
        let numbers = size * size * 3;
        if !images.len().is_multiple_of(numbers) {
            let expected = format!("a multiple of {size} x {size} x 3");
            return Err(NetworkError::InputLength { what: "images", found: images.len(), expected });
        }
        let blocks = self.layers.blocks.len();
        if let Some(&block) = request.blocks.iter().find(|&&block| block >= blocks) {
            return Err(NetworkError::NoSuchBlock { block, blocks });
        }
        Ok(self.workers.run(|| self.run(images, numbers, request)))
    }

    fn run(&self, images: &[f32], numbers: usize, request: &Request) -> Output {
        let photos = self.photos(images, numbers, request);
        let batch = photos.len();
        let mut output =
            Output { batch, blocks: vec![Vec::new(); request.blocks.len()], ..Output::default() };
        for photo in photos {
            output.pooled.extend(photo.pooled);
            for (all, one) in output.blocks.iter_mut().zip(photo.blocks) {
                all.extend(one);
            }
        }
        if request.logits {
            output.logits = self.classify(&output.pooled, batch, request.threads);
        }
        output
    }

    /// While there are as many photos as threads, each thread has its own; the rest is shared.
    fn photos(&self, images: &[f32], numbers: usize, request: &Request) -> Vec<Photo> {
        let mut photos: Vec<Photo> = Vec::new();
        photos.resize_with(images.len() / numbers, Photo::default);
        let threads = request.threads.count();
        let whole = photos.len() / threads * threads;
        let (mine, shared) = photos.split_at_mut(if threads == 1 { 0 } else { whole });
        let tasks = mine.iter_mut().zip(images.chunks_exact(numbers)).collect();
        request
            .threads
            .each(tasks, |(photo, image)| *photo = self.photo(image, Threads::One, &request.blocks));
        for (photo, image) in shared.iter_mut().zip(images.chunks_exact(numbers).skip(mine.len())) {
            *photo = self.photo(image, request.threads, &request.blocks);
        }
        photos
    }

    fn photo(&self, image: &[f32], threads: Threads, wanted: &[usize]) -> Photo {
        let mut maps = self.maps.take();
        let FeatureMaps { input, output, depthwise } = &mut *maps;
        let stem = SamePadding::new(self.config.input_size, stem::KERNEL, stem::STRIDE);
        let mut side = stem.output;
        let mut blocks = vec![Vec::new(); wanted.len()];
        for (index, block) in self.layers.blocks.iter().enumerate() {
            let source = match index {
                0 => Source::Image { pixels: image, geometry: stem },
                _ => Source::Map(input),
            };
            let geometry = block.depthwise.geometry(side);
            side = geometry.output;
            let channels = block.project.outputs();
            let length = side * side * padded_channels(channels);
            output.reserve(length);
            let run =
                Run { block, geometry, instructions: self.instructions, threads, scratch: &self.scratch };
            run.run(source, depthwise, &mut output[..length]);
            for (_, target) in wanted.iter().zip(&mut blocks).filter(|(wanted, _)| **wanted == index) {
                *target = vec![0.0; padded_channels(channels)];
                for (panel, target) in target.chunks_mut(PANEL).enumerate() {
                    average(&output[panel * PANEL * side * side..], side * side, target);
                }
                target.truncate(channels);
            }
            std::mem::swap(input, output);
        }
        Photo { pooled: self.head(input, side * side, threads), blocks }
    }

    /// The last convolution, averaged over the area.
    fn head(&self, map: &[f32], pixels: usize, threads: Threads) -> Vec<f32> {
        let head = &self.layers.head;
        let mut pooled = vec![0.0; padded_channels(head.outputs())];
        threads.each(pooled.chunks_mut(PANEL).enumerate().collect(), |(panel, pooled)| {
            let mut scratch = self.scratch.take();
            scratch.expanded.reserve(pixels * PANEL);
            let floats = &mut scratch.expanded[..pixels * pooled.len()];
            let (input, output) = (PanelRows::all(map, pixels), PanelOutput::dense(floats));
            head.panel(self.instructions, panel, input, output, None, Activation::Relu6);
            average(floats, pixels, pooled);
        });
        pooled.truncate(head.outputs());
        pooled
    }

    fn classify(&self, pooled: &[f32], batch: usize, threads: Threads) -> Vec<f32> {
        let classifier: &PackedLinear = &self.layers.classifier;
        let (inputs, outputs) = (classifier.inputs(), classifier.outputs());
        let mut input = AlignedBuffer::zeros(batch * padded_channels(inputs));
        to_panels(pooled, batch, inputs, &mut input);
        let mut output = AlignedBuffer::zeros(batch * padded_channels(outputs));
        let tasks = output.chunks_mut((batch * PANEL).max(1)).enumerate().collect();
        threads.each(tasks, |(panel, floats)| {
            let rows = PanelRows::all(&input, batch);
            let output = PanelOutput::dense(floats);
            classifier.panel(self.instructions, panel, rows, output, None, Activation::Identity);
        });
        let mut logits = vec![0.0; batch * outputs];
        from_panels(&output, batch, outputs, &mut logits);
        logits
    }
}

/// The mean over the area of one panel, `floats` being `[pixels, mean.len()]` and more.
fn average(floats: &[f32], pixels: usize, mean: &mut [f32]) {
    for row in floats.chunks_exact(mean.len()).take(pixels) {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += value;
        }
    }
    for sum in mean {
        *sum /= pixels as f32;
    }
}
