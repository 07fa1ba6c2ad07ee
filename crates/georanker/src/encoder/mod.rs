//! Photos and coordinates to vectors.

mod extractor;
mod heads;
#[cfg(feature = "lvlm")]
mod transformer;
mod views;

use std::sync::OnceLock;

use contract::{Channel, ChannelSpec, Encoder, ErrorKind, Failure, Photo, QueryEmbedding};
use files::sha256_hex;
use geo::LatLon;
use nets::LoadOptions;
use nets::geoclip::LocationEncoder;

use crate::pack::{EncoderKind, Manifest, Pack};
use crate::{PackError, open_location_encoder};

pub use extractor::FeatureExtractor;
pub use heads::{Heads, HeadsError, Matrix};
#[cfg(feature = "lvlm")]
use transformer::TransformerEncoder;

/// Transformers take so many photos in one pass: enough for their products to be large, and the activations of ViT-L/14
/// stay below 100 MB.
#[cfg(feature = "lvlm")]
const TRANSFORMER_BATCH: usize = 8;

/// A photo becomes a vector in each channel: by a frozen network with learned heads (photo space and location space),
/// or by a transformer. Places become vectors of the location channel by the pack's location encoder, which is read when
/// it is first needed, or by the network's own.
pub struct PhotoEncoder {
    network: Network,
    fingerprint: String,
    channels: Vec<ChannelSpec>,
    locations: Locations,
}

enum Network {
    /// A frozen network, and heads that were fitted to its features.
    Heads { features: Box<FeatureExtractor>, heads: Box<Heads> },
    #[cfg(feature = "lvlm")]
    Transformer(TransformerEncoder),
}

/// The location encoder beside the network.
enum Locations {
    Absent,
    OfPack { pack: Box<Pack>, opened: OnceLock<Result<Option<LocationEncoder>, Failure>> },
}

impl PhotoEncoder {
    /// Loads a pack's encoder.
    ///
    /// # Errors
    /// [`PackError`] for files that are missing, damaged, or do not fit together.
    pub fn open(pack: &Pack) -> Result<Self, PackError> {
        Self::open_with(pack, &LoadOptions::default())
    }

    /// As [`PhotoEncoder::open`], on another device or with threads of its own; the number format is the pack's.
    ///
    /// # Errors
    /// As there; an encoder that has no GPU form refuses another device by name.
    pub fn open_with(pack: &Pack, options: &LoadOptions) -> Result<Self, PackError> {
        let locations = Locations::OfPack { pack: Box::new(pack.clone()), opened: OnceLock::new() };
        let names = &pack.manifest().encoder;
        if !names.has_fitted_heads() {
            #[cfg(not(feature = "lvlm"))]
            return Err(PackError::NotBuilt { directory: pack.directory().to_owned() });
            #[cfg(feature = "lvlm")]
            {
                let (encoder, channels) = TransformerEncoder::open(pack, options)?;
                let (network, fingerprint) = (Network::Transformer(encoder), fingerprint(pack.manifest()));
                return Ok(Self { network, fingerprint, channels, locations });
            }
        }
        let features = FeatureExtractor::open_with(pack, options)?;
        let file = names.heads.as_deref().unwrap_or_default();
        let weights_error =
            |why: HeadsError| PackError::Weights { path: pack.path(file), why: why.to_string() };
        let heads = Heads::from_bytes(&pack.read(file)?).map_err(weights_error)?;
        let encoder = Self::new(features, heads, fingerprint(pack.manifest())).map_err(weights_error)?;
        Ok(Self { locations, ..encoder })
    }

    /// Puts an encoder together that knows no places.
    ///
    /// # Errors
    /// When the heads do not fit the network.
    pub fn new(features: FeatureExtractor, heads: Heads, fingerprint: String) -> Result<Self, HeadsError> {
        if heads.photo_mean.len() != features.length() {
            let (found, expected) = (heads.photo_mean.len(), features.length());
            return Err(HeadsError(format!("the heads take {found} features, the network gives {expected}")));
        }
        let channels = vec![
            ChannelSpec { channel: Channel::photo(), dimension: heads.photo_projection.outputs },
            ChannelSpec { channel: Channel::location(), dimension: heads.location_second.outputs },
        ];
        let network = Network::Heads { features: Box::new(features), heads: Box::new(heads) };
        Ok(Self { network, fingerprint, channels, locations: Locations::Absent })
    }

    /// The learned heads, where the encoder has them.
    pub fn heads(&self) -> Option<&Heads> {
        match &self.network {
            Network::Heads { heads, .. } => Some(heads),
            #[cfg(feature = "lvlm")]
            Network::Transformer(_) => None,
        }
    }

    /// The location encoder beside the network; `None` for packs without one.
    fn location_encoder(&self) -> Result<Option<&LocationEncoder>, Failure> {
        let Locations::OfPack { pack, opened } = &self.locations else { return Ok(None) };
        let opened = opened.get_or_init(|| open_location_encoder(pack).map_err(Failure::from));
        opened.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// The vectors of this encoder's channels, in their order.
    #[cfg(feature = "lvlm")]
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

    fn encode(&self, photos: &[&Photo]) -> Vec<Result<QueryEmbedding, Failure>> {
        match &self.network {
            Network::Heads { features, heads } => {
                let of = |features: Result<Vec<f32>, Failure>| {
                    let vector = heads.photo_vector(&features?);
                    let location = heads.location_query(&vector);
                    let vectors = vec![(Channel::photo(), vector), (Channel::location(), location)];
                    Ok(QueryEmbedding { vectors })
                };
                features.of_batch(photos).into_iter().map(of).collect()
            }
            #[cfg(feature = "lvlm")]
            Network::Transformer(network) => {
                let batches = photos.chunks(TRANSFORMER_BATCH).flat_map(|batch| network.photo_vectors(batch));
                batches.map(|vectors| Ok(self.chosen(vectors?))).collect()
            }
        }
    }

    fn encode_places(&self, places: &[LatLon]) -> Result<Option<Vec<Vec<f32>>>, Failure> {
        match &self.network {
            Network::Heads { heads, .. } => {
                let Some(locations) = self.location_encoder()? else { return Ok(None) };
                let encoded = locations.encode(places);
                let width = (encoded.len() / places.len().max(1)).max(1);
                Ok(Some(encoded.chunks_exact(width).map(|one| heads.location_vector(one)).collect()))
            }
            #[cfg(feature = "lvlm")]
            Network::Transformer(network) => network.place_vectors(places, || self.location_encoder()),
        }
    }
}

/// What a gallery stores for photos taken at known places: the photos' vectors, and in the location channel, if the
/// encoder has it, the places'.
///
/// # Errors
/// One [`Failure`] per photo, as [`Encoder::encode`]; also without what makes the location channel's vectors.
pub fn encode_for_gallery(
    encoder: &dyn Encoder,
    photos: &[&Photo],
    places: &[LatLon],
) -> Vec<Result<QueryEmbedding, Failure>> {
    let mut embeddings = encoder.encode(photos);
    if encoder.channels().iter().all(|spec| spec.channel != Channel::location()) {
        return embeddings;
    }
    let missing = |photo: &Photo| {
        let message = format!("{}: the pack has no location encoder", photo.id);
        Failure::new(ErrorKind::BrokenModel, message)
    };
    let vectors = match encoder.encode_places(places) {
        Ok(Some(vectors)) => vectors,
        Ok(None) => return photos.iter().map(|photo| Err(missing(photo))).collect(),
        Err(failure) => return photos.iter().map(|_| Err(failure.clone())).collect(),
    };
    for (embedding, vector) in embeddings.iter_mut().zip(vectors) {
        let Ok(embedding) = embedding else { continue };
        let slot = embedding.vectors.iter_mut().find(|(channel, _)| *channel == Channel::location());
        if let Some((_, slot)) = slot {
            *slot = vector;
        }
    }
    embeddings
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
