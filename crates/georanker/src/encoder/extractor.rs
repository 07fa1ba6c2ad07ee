//! The frozen part of an encoder with fitted heads: photos to features.

#[cfg(feature = "lvlm")]
use contract::Channel;
use contract::{Failure, Photo};
use nets::LoadOptions;
use nets::efficientnet_lite::{EfficientNetLite, Request};
use photo::Image;
use rayon::prelude::*;

#[cfg(feature = "lvlm")]
use super::TRANSFORMER_BATCH;
#[cfg(feature = "lvlm")]
use super::transformer::TransformerEncoder;
use super::views::view_input;
use crate::PackError;
use crate::pack::{EncoderKind, Pack, View};

/// A photo to features that heads can be fitted to: an EfficientNet-Lite's, of all blocks, summed over several views; or
/// the vector of CLIP or `SigLIP`.
pub struct FeatureExtractor {
    network: Network,
    length: usize,
    final_length: usize,
}

enum Network {
    EfficientNet {
        network: Box<EfficientNetLite>,
        views: Vec<View>,
        request: Request,
    },
    #[cfg(feature = "lvlm")]
    Transformer(Box<TransformerEncoder>),
}

impl FeatureExtractor {
    /// Wraps a network.
    pub fn new(network: EfficientNetLite, views: Vec<View>) -> Self {
        let channels: Vec<usize> = network.config().blocks.iter().map(|block| block.output).collect();
        let final_length = network.config().head;
        let length = final_length + channels.iter().sum::<usize>();
        let request = Request { blocks: (0..channels.len()).collect(), ..Request::default() };
        let network = Network::EfficientNet { network: Box::new(network), views, request };
        Self { network, length, final_length }
    }

    /// Loads the network that a pack names; its heads are not looked at.
    ///
    /// # Errors
    /// [`PackError`] for files that are missing, damaged, or do not fit together, and for networks whose features no
    /// heads are fitted to.
    pub fn open_with(pack: &Pack, options: &LoadOptions) -> Result<Self, PackError> {
        let names = &pack.manifest().encoder;
        if names.kind == EncoderKind::EfficientnetLite {
            options.check_plain("EfficientNet-Lite")?;
            let (config, weights) = (pack.read(&names.config)?, pack.read(&names.weights)?);
            let network = EfficientNetLite::from_bytes(&config, &weights, options).map_err(|error| {
                PackError::Weights { path: pack.path(&names.weights), why: error.to_string() }
            })?;
            return Ok(Self::new(network, names.views.clone()));
        }
        #[cfg(not(feature = "lvlm"))]
        return Err(PackError::NotBuilt { directory: pack.directory().to_owned() });
        #[cfg(feature = "lvlm")]
        {
            let network = TransformerEncoder::open_network(pack, options)?;
            let length = network.dimension(&Channel::photo());
            Ok(Self { network: Network::Transformer(Box::new(network)), length, final_length: length })
        }
    }

    /// Length of the features.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// How many of the features are the network's final ones; those of the blocks follow.
    pub const fn final_length(&self) -> usize {
        self.final_length
    }

    /// The features of each photo, `[length]`.
    ///
    /// # Errors
    /// One [`Failure`] per photo that cannot be resized or that the network refuses.
    pub fn of_batch(&self, photos: &[&Photo]) -> Vec<Result<Vec<f32>, Failure>> {
        match &self.network {
            Network::EfficientNet { network, views, request } => photos
                .par_iter()
                .map(|photo| self.summed(network, views, request, &photo.id.0, &photo.image))
                .collect(),
            #[cfg(feature = "lvlm")]
            Network::Transformer(network) => {
                let batches = photos.chunks(TRANSFORMER_BATCH).flat_map(|batch| network.photo_vectors(batch));
                batches.map(|vectors| Ok(photo_vector(vectors?))).collect()
            }
        }
    }

    /// Averages over the area of the last feature map and of every block's, summed over the views: `[features]`.
    fn summed(
        &self,
        network: &EfficientNetLite,
        views: &[View],
        request: &Request,
        name: &str,
        image: &Image,
    ) -> Result<Vec<f32>, Failure> {
        let size = network.config().input_size as u32;
        let mut batch = Vec::with_capacity(views.len() * (size * size * 3) as usize);
        for view in views {
            batch.extend(view_input(name, image, *view, size)?);
        }
        let output = network.forward(&batch, request).map_err(|error| error.named(name))?;
        let mut sum = vec![0.0; self.length];
        for view in 0..views.len() {
            let parts = std::iter::once(&output.pooled).chain(&output.blocks);
            let of_view = parts.flat_map(|rows| {
                let width = rows.len() / output.batch.max(1);
                &rows[view * width..(view + 1) * width]
            });
            for (total, value) in sum.iter_mut().zip(of_view) {
                *total += value;
            }
        }
        Ok(sum)
    }
}

#[cfg(feature = "lvlm")]
fn photo_vector(vectors: Vec<(Channel, Vec<f32>)>) -> Vec<f32> {
    let found = vectors.into_iter().find(|(channel, _)| *channel == Channel::photo());
    found.map(|(_, vector)| vector).unwrap_or_default()
}
