//! The strong encoders: CLIP, `SigLIP`, `GeoCLIP` and G3.

use contract::{Channel, ChannelSpec, Failure};
use geo::LatLon;
use nets::NetworkError;
use nets::checkpoint::ShardedCheckpoint;
use nets::clip::{ClipConfig, ClipVision, Holding};
use nets::g3::{G3, G3Config};
use nets::geoclip::{self, ImageHead, LocationEncoder};
use photo::Image;
use nets::siglip::{self, SiglipVision};
use nets::vision_transformer::{Preprocessor, VisionConfig};

use crate::PackError;
use crate::pack::{EncoderKind, EncoderType, Pack};

/// G3's channels: a photo in CLIP's space, in the space shared with texts, in the space shared with places. The paper's
/// index is their sum.
const G3_CHANNELS: [&str; 3] = ["g3-image", "g3-text", "g3-location"];

/// A transformer and what it makes of photos.
pub(super) enum TransformerEncoder {
    Clip(Box<ClipVision>),
    Siglip(Box<SiglipVision>),
    Geoclip(Box<geoclip::PhotoEncoder>),
    G3(Box<G3>),
}

impl TransformerEncoder {
    /// Reads the files that a pack names; also the channels that it asks for.
    pub(super) fn open(pack: &Pack) -> Result<(Self, Vec<ChannelSpec>), PackError> {
        let names = &pack.manifest().encoder;
        let config_file = pack.path(&names.config).display().to_string();
        let config = pack.read(&names.config)?;
        let config = String::from_utf8_lossy(&config);
        pack.verify_file(&names.weights)?;
        let weights = ShardedCheckpoint::open_file(&pack.path(&names.weights))?;
        let holding = match names.dtype {
            EncoderType::F32 => Holding::default(),
            EncoderType::Bf16 => Holding::bf16(),
        };
        let preprocessor = |config: &VisionConfig| match &names.preprocessor {
            None => Ok(Preprocessor::usual(config)),
            Some(name) => {
                let json = pack.read(name)?;
                let file = pack.path(name).display().to_string();
                Ok::<_, PackError>(Preprocessor::from_json(&file, &String::from_utf8_lossy(&json), config)?)
            }
        };
        let clip = || {
            let network =
                ClipVision::load(&ClipConfig::vision_from_json(&config_file, &config)?, &weights, &holding)?;
            let preprocessor = preprocessor(network.config())?;
            Ok::<_, PackError>(network.with_preprocessor(preprocessor))
        };
        let encoder = match names.kind {
            EncoderKind::Siglip => {
                let config = siglip::config_from_json(&config_file, &config)?;
                let network = SiglipVision::load(&config, &weights, &holding)?;
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
                let network = G3::load(&config, &weights, &holding)?;
                Self::G3(Box::new(network.with_preprocessor(preprocessor(&config.clip.vision)?)))
            }
            EncoderKind::Clip | EncoderKind::EfficientnetLite => Self::Clip(Box::new(clip()?)),
        };
        // The manifest has been checked: the network knows each of them.
        let spec = |channel| ChannelSpec { dimension: encoder.dimension(&channel), channel };
        let channels = names.made_channels().into_iter().map(spec).collect();
        Ok((encoder, channels))
    }

    /// Numbers of a vector of a channel.
    fn dimension(&self, channel: &Channel) -> usize {
        match self {
            Self::Clip(network) => network.dimension(),
            Self::Siglip(network) => network.dimension(),
            Self::Geoclip(_) if *channel == Channel::photo() => ImageHead::INPUTS,
            Self::Geoclip(_) => geoclip::DIMENSION,
            Self::G3(network) => network.dimension(),
        }
    }

    /// A photo's unit vectors in all channels.
    pub(super) fn photo_vectors(
        &self,
        name: &str,
        image: &Image,
    ) -> Result<Vec<(Channel, Vec<f32>)>, Failure> {
        let preprocessor = match self {
            Self::Clip(network) => network.preprocessor(),
            Self::Siglip(network) => network.preprocessor(),
            Self::Geoclip(network) => network.clip().preprocessor(),
            Self::G3(network) => network.clip().preprocessor(),
        };
        let pixels = preprocessor.pixels(image).map_err(|error| error.named(name))?;
        self.encode(&pixels).map_err(|error| error.named(name))
    }

    fn encode(&self, pixels: &[f32]) -> Result<Vec<(Channel, Vec<f32>)>, NetworkError> {
        Ok(match self {
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
        })
    }

    /// A place's unit vector in the location channel; `None` without what makes it.
    pub(super) fn place_vector(
        &self,
        place: LatLon,
        locations: Option<&LocationEncoder>,
    ) -> Option<Vec<f32>> {
        match self {
            Self::G3(network) => Some(network.encode_locations(&[place])),
            _ => locations.map(|locations| locations.encode_normalised(&[place])),
        }
    }
}
