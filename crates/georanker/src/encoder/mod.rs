//! Photos and coordinates to vectors.

mod heads;
mod views;

use contract::{Channel, ChannelSpec, Encoder, Failure, Photo, QueryEmbedding};
use geo::LatLon;
use nets::efficientnet_lite::{EfficientNetLite, Request};
use nets::geoclip::LocationEncoder;
use nets::photo::Image;
use rayon::prelude::*;

use crate::PackError;
use crate::pack::{Manifest, Pack, View, sha256_hex};
use crate::photo_file::image_of;

pub use heads::{Heads, Matrix};
pub use views::view_input;

/// A frozen photo network with learned heads: a photo becomes a vector in photo space and one in location space.
pub struct PhotoEncoder {
    features: FeatureExtractor,
    heads: Heads,
    fingerprint: String,
    channels: Vec<ChannelSpec>,
}

/// The frozen part: a photo to the summed features of its views.
pub struct FeatureExtractor {
    network: EfficientNetLite,
    views: Vec<View>,
    request: Request,
    length: usize,
}

impl FeatureExtractor {
    /// Wraps a network.
    pub fn new(network: EfficientNetLite, views: Vec<View>) -> Self {
        let channels: Vec<usize> = network.config().blocks.iter().map(|block| block.output).collect();
        let length = network.config().head + channels.iter().sum::<usize>();
        let request = Request { blocks: (0..channels.len()).collect(), ..Request::default() };
        Self { network, views, request, length }
    }

    /// Length of [`FeatureExtractor::features`].
    pub const fn length(&self) -> usize {
        self.length
    }

    /// How many of the features are the network's final ones; those of the blocks follow.
    pub fn final_length(&self) -> usize {
        self.network.config().head
    }

    /// Averages over the area of the last feature map and of every block's, summed over the views: `[features]`.
    ///
    /// # Errors
    /// A [`Failure`] when the photo cannot be resized or the network refuses it.
    pub fn features(&self, name: &str, image: &Image) -> Result<Vec<f32>, Failure> {
        let size = self.network.config().input_size as u32;
        let mut batch = Vec::with_capacity(self.views.len() * (size * size * 3) as usize);
        for view in &self.views {
            batch.extend(view_input(name, image, *view, size)?);
        }
        let output = self
            .network
            .forward(&batch, &self.request)
            .map_err(|error| crate::error::network_failure(name, &error))?;
        let mut sum = vec![0.0; self.length];
        for view in 0..self.views.len() {
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

impl PhotoEncoder {
    /// Loads a pack's encoder.
    ///
    /// # Errors
    /// [`PackError`] for files that are missing, damaged, or do not fit together.
    pub fn open(pack: &Pack) -> Result<Self, PackError> {
        let names = &pack.manifest().encoder;
        let weights_error = |file: &str, why: String| PackError::Weights { path: pack.path(file), why };
        let network = EfficientNetLite::from_bytes(&pack.read(&names.config)?, &pack.read(&names.weights)?)
            .map_err(|error| weights_error(&names.weights, error.to_string()))?;
        let heads =
            Heads::from_bytes(&pack.read(&names.heads)?).map_err(|why| weights_error(&names.heads, why))?;
        let features = FeatureExtractor::new(network, names.views.clone());
        Self::new(features, heads, fingerprint(pack.manifest()))
            .map_err(|why| weights_error(&names.heads, why))
    }

    /// Puts an encoder together.
    ///
    /// # Errors
    /// In words, when the heads do not fit the network.
    pub fn new(features: FeatureExtractor, heads: Heads, fingerprint: String) -> Result<Self, String> {
        if heads.photo_mean.len() != features.length() {
            let (found, expected) = (heads.photo_mean.len(), features.length());
            return Err(format!("the heads take {found} features, the network gives {expected}"));
        }
        let channels = vec![
            ChannelSpec { channel: Channel::photo(), dimension: heads.photo_projection.outputs },
            ChannelSpec { channel: Channel::location(), dimension: heads.location_second.outputs },
        ];
        Ok(Self { features, heads, fingerprint, channels })
    }

    /// The learned heads.
    pub const fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Encodes one decoded photo.
    ///
    /// # Errors
    /// As [`FeatureExtractor::features`].
    pub fn encode_image(&self, name: &str, image: &Image) -> Result<QueryEmbedding, Failure> {
        let photo = self.heads.photo_vector(&self.features.features(name, image)?);
        let location = self.heads.location_query(&photo);
        Ok(QueryEmbedding { vectors: vec![(Channel::photo(), photo), (Channel::location(), location)] })
    }

    /// What a gallery stores for a photo taken at a known place: the photo's vector, and the place's.
    ///
    /// # Errors
    /// As [`PhotoEncoder::encode_image`].
    pub fn encode_gallery_photo(
        &self,
        name: &str,
        image: &Image,
        location: LatLon,
        locations: &LocationEncoder,
    ) -> Result<QueryEmbedding, Failure> {
        let photo = self.heads.photo_vector(&self.features.features(name, image)?);
        let place = self.heads.location_vector(&locations.encode(&[location]));
        let vectors = vec![(Channel::photo(), photo), (Channel::location(), place)];
        Ok(QueryEmbedding { vectors })
    }
}

impl Encoder for PhotoEncoder {
    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn channels(&self) -> &[ChannelSpec] {
        &self.channels
    }

    fn encode(&self, photos: &[&Photo]) -> Result<Vec<QueryEmbedding>, Failure> {
        photos.par_iter().map(|photo| self.encode_image(&photo.id.0, &image_of(photo)?)).collect()
    }
}

/// Identifies the vectors of a pack's encoder: network, heads and views.
pub fn fingerprint(manifest: &Manifest) -> String {
    let encoder = &manifest.encoder;
    let digest = |path: &str| {
        manifest.files.iter().find(|file| file.path == path).map_or("missing", |file| file.sha256.as_str())
    };
    let parts = format!(
        "{:?} {} {} {:?}",
        encoder.kind,
        digest(&encoder.weights),
        digest(&encoder.heads),
        encoder.views
    );
    format!("{}-{}", manifest.name, &sha256_hex(parts.as_bytes())[..16])
}
