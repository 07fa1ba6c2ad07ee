//! The strong encoders: CLIP, `SigLIP`, `GeoCLIP` and G3.

use contract::{Channel, ChannelSpec, Failure, Photo};
use geo::LatLon;
use nets::checkpoint::ShardedCheckpoint;
use nets::clip::{ClipConfig, ClipVision};
use nets::g3::{G3, G3Config};
use nets::geoclip::{self, ImageHead, LocationEncoder};
use nets::siglip::{self, SiglipVision};
use nets::vision_transformer::{Preprocessor, VisionConfig};
use nets::{ComputeType, LoadOptions, NetworkError};
use rayon::prelude::*;

use crate::PackError;
use crate::pack::{EncoderKind, EncoderType, Pack};

/// G3's channels: a photo in CLIP's space, in the space shared with texts, in the space shared with places. The paper's
/// index is their sum.
const G3_CHANNELS: [&str; 3] = ["g3-image", "g3-text", "g3-location"];

/// A photo's vectors by channel.
pub(super) type PhotoVectors = Vec<(Channel, Vec<f32>)>;

/// A transformer and what it makes of photos.
pub(super) enum TransformerEncoder {
    Clip(Box<ClipVision>),
    Siglip(Box<SiglipVision>),
    Geoclip(Box<geoclip::PhotoEncoder>),
    G3(Box<G3>),
}

impl TransformerEncoder {
    /// Reads the files that a pack names; also the channels that it asks for.
    pub(super) fn open(pack: &Pack, options: &LoadOptions) -> Result<(Self, Vec<ChannelSpec>), PackError> {
        let encoder = Self::open_network(pack, options)?;
        // The manifest has been checked: the network knows each of them.
        let spec = |channel| ChannelSpec { dimension: encoder.dimension(&channel), channel };
        let channels = pack.manifest().encoder.made_channels().into_iter().map(spec).collect();
        Ok((encoder, channels))
    }

    /// Reads the files of the network that a pack names.
    pub(super) fn open_network(pack: &Pack, options: &LoadOptions) -> Result<Self, PackError> {
        let names = &pack.manifest().encoder;
        let config_file = pack.path(&names.config).display().to_string();
        let config = pack.read_text(&names.config)?;
        pack.verify_file(&names.weights)?;
        let weights = ShardedCheckpoint::open_file(&pack.path(&names.weights))?;
        let dtype = match names.dtype {
            EncoderType::F32 => ComputeType::F32,
            EncoderType::Bf16 => ComputeType::Bf16,
        };
        let options = LoadOptions { dtype, ..options.clone() };
        let preprocessor = |config: &VisionConfig| match &names.preprocessor {
            None => Ok(Preprocessor::usual(config)),
            Some(name) => {
                let json = pack.read_text(name)?;
                let file = pack.path(name).display().to_string();
                Ok::<_, PackError>(Preprocessor::from_json(&file, &json, config)?)
            }
        };
        let clip = || {
            let network =
                ClipVision::load(&ClipConfig::vision_from_json(&config_file, &config)?, &weights, &options)?;
            let preprocessor = preprocessor(network.config())?;
            Ok::<_, PackError>(network.with_preprocessor(preprocessor))
        };
        Ok(match names.kind {
            EncoderKind::Siglip => {
                let config = siglip::config_from_json(&config_file, &config)?;
                let network = SiglipVision::load(&config, &weights, &options)?;
                Self::Siglip(Box::new(network.with_preprocessor(preprocessor(&config)?)))
            }
            EncoderKind::Geoclip => {
                let name = names.heads.as_deref().unwrap_or_default();
                pack.verify_file(name)?;
                let head = ImageHead::from_file(&pack.path(name))?;
                Self::Geoclip(Box::new(geoclip::PhotoEncoder::new(clip()?, head)?))
            }
            EncoderKind::G3 => {
                let config = G3Config::from_json(&config_file, &config)?;
                let network = G3::load(&config, &weights, &options)?;
                Self::G3(Box::new(network.with_preprocessor(preprocessor(&config.clip.vision)?)))
            }
            EncoderKind::Clip | EncoderKind::EfficientnetLite => Self::Clip(Box::new(clip()?)),
        })
    }

    /// Numbers of a vector of a channel.
    pub(super) fn dimension(&self, channel: &Channel) -> usize {
        match self {
            Self::Clip(network) => network.dimension(),
            Self::Siglip(network) => network.dimension(),
            Self::Geoclip(_) if *channel == Channel::photo() => ImageHead::INPUTS,
            Self::Geoclip(_) => geoclip::DIMENSION,
            Self::G3(network) => network.dimension(),
        }
    }

    /// Each photo's unit vectors in all channels: one pass for all of them.
    pub(super) fn photo_vectors(&self, photos: &[&Photo]) -> Vec<Result<PhotoVectors, Failure>> {
        let preprocessor = match self {
            Self::Clip(network) => network.preprocessor(),
            Self::Siglip(network) => network.preprocessor(),
            Self::Geoclip(network) => network.clip().preprocessor(),
            Self::G3(network) => network.clip().preprocessor(),
        };
        let pixels = |photo: &&Photo| {
            let pixels = preprocessor.pixels(&photo.image);
            pixels.map_err(|error| error.named(&photo.id.0))
        };
        let prepared: Vec<Result<Vec<f32>, Failure>> = photos.par_iter().map(pixels).collect();
        let good: Vec<f32> = prepared.iter().flatten().flatten().copied().collect();
        let count = prepared.iter().filter(|one| one.is_ok()).count();
        let encoded = if count == 0 { Ok(Vec::new()) } else { self.encode(&good, count) };
        match encoded {
            Ok(encoded) => {
                let mut encoded = encoded.into_iter();
                prepared.into_iter().map(|one| one.map(|_| encoded.next().unwrap_or_default())).collect()
            }
            // What fails together is tried alone, so that each photo has its own answer.
            Err(error) if photos.len() < 2 => photos.iter().map(|one| Err(error.named(&one.id.0))).collect(),
            Err(_) => photos.iter().flat_map(|photo| self.photo_vectors(&[photo])).collect(),
        }
    }

    /// `pixels` is `[photos, 3, size, size]`.
    fn encode(&self, pixels: &[f32], photos: usize) -> Result<Vec<PhotoVectors>, NetworkError> {
        let channels = match self {
            Self::Clip(network) => vec![(Channel::photo(), network.encode_normalised(pixels)?)],
            Self::Siglip(network) => vec![(Channel::photo(), network.encode_normalised(pixels)?)],
            Self::Geoclip(network) => {
                let (location, photo) = network.encode_normalised(pixels)?;
                vec![(Channel::location(), location), (Channel::photo(), photo)]
            }
            Self::G3(network) => {
                let vectors = network.encode_photos(pixels)?;
                let [image, text, location] = G3_CHANNELS.map(Channel::new);
                vec![
                    (image, vectors.image),
                    (text, vectors.text),
                    (location, vectors.location.clone()),
                    // What a photo asks bare coordinates with is what it has in the space shared with them.
                    (Channel::location(), vectors.location),
                ]
            }
        };
        let of_photo = |photo: usize| {
            let vector = |(channel, all): &(Channel, Vec<f32>)| {
                let width = all.len() / photos;
                (channel.clone(), all[photo * width..(photo + 1) * width].to_vec())
            };
            channels.iter().map(vector).collect()
        };
        Ok((0..photos).map(of_photo).collect())
    }

    /// Places' unit vectors in the location channel; `None` without what makes them.
    pub(super) fn place_vectors<'a>(
        &self,
        places: &[LatLon],
        locations: impl FnOnce() -> Result<Option<&'a LocationEncoder>, Failure>,
    ) -> Result<Option<Vec<Vec<f32>>>, Failure> {
        if let Self::G3(network) = self {
            return Ok(Some(places.par_iter().map(|place| network.encode_locations(&[*place])).collect()));
        }
        let vectors = |locations: &LocationEncoder| {
            let all = locations.encode_normalised(places);
            all.chunks_exact(geoclip::DIMENSION).map(<[f32]>::to_vec).collect()
        };
        Ok(locations()?.map(vectors))
    }
}
