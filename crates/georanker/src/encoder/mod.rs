//! Photos and coordinates to vectors.

mod heads;
mod transformer;
mod views;

use contract::{Channel, ChannelSpec, Encoder, ErrorKind, Failure, Photo, QueryEmbedding};
use geo::LatLon;
use nets::efficientnet_lite::{EfficientNetLite, Request};
use nets::geoclip::LocationEncoder;
use photo::Image;
use rayon::prelude::*;

use crate::PackError;
use crate::pack::{EncoderKind, Manifest, Pack, View, sha256_hex};

pub use heads::{Heads, Matrix};
use transformer::TransformerEncoder;
pub use views::view_input;

/// A photo becomes a vector in each channel: by a frozen network with learned heads (photo space and location space),
/// or by a transformer.
pub struct PhotoEncoder {
    network: Network,
    fingerprint: String,
    channels: Vec<ChannelSpec>,
}

enum Network {
    Heads { features: Box<FeatureExtractor>, heads: Box<Heads> },
    Transformer(TransformerEncoder),
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
            .map_err(|error| error.named(name))?;
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
        if names.kind != EncoderKind::EfficientnetLite {
            let (encoder, channels) = TransformerEncoder::open(pack)?;
            let (network, fingerprint) = (Network::Transformer(encoder), fingerprint(pack.manifest()));
            return Ok(Self { network, fingerprint, channels });
        }
        let weights_error = |file: &str, why: String| PackError::Weights { path: pack.path(file), why };
        let network = EfficientNetLite::from_bytes(&pack.read(&names.config)?, &pack.read(&names.weights)?)
            .map_err(|error| weights_error(&names.weights, error.to_string()))?;
        let file = names.heads.as_deref().unwrap_or_default();
        let heads = Heads::from_bytes(&pack.read(file)?).map_err(|why| weights_error(file, why))?;
        let features = FeatureExtractor::new(network, names.views.clone());
        Self::new(features, heads, fingerprint(pack.manifest())).map_err(|why| weights_error(file, why))
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
        let network = Network::Heads { features: Box::new(features), heads: Box::new(heads) };
        Ok(Self { network, fingerprint, channels })
    }

    /// The learned heads, where the encoder has them.
    pub fn heads(&self) -> Option<&Heads> {
        match &self.network {
            Network::Heads { heads, .. } => Some(heads),
            Network::Transformer(_) => None,
        }
    }

    /// Encodes one decoded photo.
    ///
    /// # Errors
    /// A [`Failure`] when the photo cannot be resized or the network refuses it.
    pub fn encode_image(&self, name: &str, image: &Image) -> Result<QueryEmbedding, Failure> {
        match &self.network {
            Network::Heads { features, heads } => {
                let photo = heads.photo_vector(&features.features(name, image)?);
                let location = heads.location_query(&photo);
                let vectors = vec![(Channel::photo(), photo), (Channel::location(), location)];
                Ok(QueryEmbedding { vectors })
            }
            Network::Transformer(network) => Ok(self.chosen(network.photo_vectors(name, image)?)),
        }
    }

    /// Unit vectors of places in the location channel, by the pack's location encoder ([`crate::open_location_encoder`])
    /// or the network's own; `None` without what makes them.
    pub fn place_vectors(
        &self,
        places: &[LatLon],
        locations: Option<&LocationEncoder>,
    ) -> Option<Vec<Vec<f32>>> {
        match &self.network {
            Network::Heads { heads, .. } => {
                let encoded = locations?.encode(places);
                let width = (encoded.len() / places.len().max(1)).max(1);
                Some(encoded.chunks_exact(width).map(|one| heads.location_vector(one)).collect())
            }
            Network::Transformer(network) => {
                places.iter().map(|place| network.place_vector(*place, locations)).collect()
            }
        }
    }

    /// What a gallery stores for a photo taken at a known place: the photo's vectors, and in the location channel the
    /// place's, by the pack's location encoder ([`crate::open_location_encoder`]) or the network's own.
    ///
    /// # Errors
    /// As [`PhotoEncoder::encode_image`]; also without the location encoder that the channel needs.
    pub fn encode_gallery_photo(
        &self,
        name: &str,
        image: &Image,
        location: LatLon,
        locations: Option<&LocationEncoder>,
    ) -> Result<QueryEmbedding, Failure> {
        let missing =
            || Failure::new(ErrorKind::BrokenModel, format!("{name}: the pack has no location encoder"));
        match &self.network {
            Network::Heads { features, heads } => {
                let locations = locations.ok_or_else(missing)?;
                let photo = heads.photo_vector(&features.features(name, image)?);
                let place = heads.location_vector(&locations.encode(&[location]));
                let vectors = vec![(Channel::photo(), photo), (Channel::location(), place)];
                Ok(QueryEmbedding { vectors })
            }
            Network::Transformer(network) => {
                let mut vectors = network.photo_vectors(name, image)?;
                if self.channels.iter().any(|spec| spec.channel == Channel::location()) {
                    let place = network.place_vector(location, locations).ok_or_else(missing)?;
                    for (_, vector) in
                        vectors.iter_mut().filter(|(channel, _)| *channel == Channel::location())
                    {
                        vector.clone_from(&place);
                    }
                }
                Ok(self.chosen(vectors))
            }
        }
    }

    /// The vectors of this encoder's channels, in their order.
    fn chosen(&self, vectors: Vec<(Channel, Vec<f32>)>) -> QueryEmbedding {
        let all = QueryEmbedding { vectors };
        let vector = |spec: &ChannelSpec| Some((spec.channel.clone(), all.get(&spec.channel)?.to_vec()));
        QueryEmbedding { vectors: self.channels.iter().filter_map(vector).collect() }
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
        photos.par_iter().map(|photo| self.encode_image(&photo.id.0, &photo.image)).collect()
    }
}

/// Identifies the vectors of a pack's encoder: network, heads, preprocessing.
pub fn fingerprint(manifest: &Manifest) -> String {
    let encoder = &manifest.encoder;
    let digest = |path: &str| {
        manifest.files.iter().find(|file| file.path == path).map_or("missing", |file| file.sha256.as_str())
    };
    let optional = |path: &Option<String>| path.as_deref().map_or("none", digest);
    let (kind, weights, heads) = (encoder.kind, digest(&encoder.weights), optional(&encoder.heads));
    let parts = if kind == EncoderKind::EfficientnetLite {
        format!("{kind:?} {weights} {heads} {:?}", encoder.views)
    } else {
        let (config, preprocessor) = (digest(&encoder.config), optional(&encoder.preprocessor));
        let locations = optional(&manifest.locations.encoder);
        format!("{kind:?} {weights} {heads} {config} {preprocessor} {locations} {:?}", encoder.dtype)
    };
    format!("{}-{}", manifest.name, &sha256_hex(parts.as_bytes())[..16])
}
