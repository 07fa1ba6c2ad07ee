//! From a photo's features to the vectors that are searched.

use contract::{Channel, ChannelSpec, QueryEmbedding};
use geo::LatLon;
use georanker::{Heads, HeadsError, Matrix};
use train::{
    EncodedLocations, LocationHeadSettings, WhiteningSettings, fit_location_head,
    fit_neighbourhood_whitening, principal_directions,
};

use crate::BuildError;
use crate::config::HeadsConfig;
use crate::corpus::Corpus;

/// Heads that were fitted, or the channels that a network has of its own.
#[derive(Clone)]
pub(crate) enum Space {
    Heads(Box<Heads>),
    Own(Vec<ChannelSpec>),
}

impl Space {
    pub(crate) fn channels(&self) -> Vec<ChannelSpec> {
        match self {
            Self::Heads(heads) => vec![
                ChannelSpec { channel: Channel::photo(), dimension: heads.photo_projection.outputs },
                ChannelSpec { channel: Channel::location(), dimension: heads.location_second.outputs },
            ],
            Self::Own(channels) => channels.clone(),
        }
    }

    /// What a photo asks with, from its features.
    pub(crate) fn query(&self, features: &[f32]) -> QueryEmbedding {
        let vectors = match self {
            Self::Heads(heads) => {
                let photo = heads.photo_vector(features);
                let location = heads.location_query(&photo);
                vec![(Channel::photo(), photo), (Channel::location(), location)]
            }
            Self::Own(channels) => {
                let mut rest = features;
                channels
                    .iter()
                    .map(|spec| {
                        let (own, others) = rest.split_at(spec.dimension.min(rest.len()));
                        rest = others;
                        (spec.channel.clone(), own.to_vec())
                    })
                    .collect()
            }
        };
        QueryEmbedding { vectors }
    }

    /// The vector of a place in the channel `location`, from what the location encoder makes of it.
    pub(crate) fn place(&self, encoded: &[f32]) -> Vec<f32> {
        match self {
            Self::Heads(heads) => heads.location_vector(encoded),
            Self::Own(_) => encoded.to_vec(),
        }
    }
}

/// Which features heads are fitted on.
pub(crate) struct Fit<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) config: &'a HeadsConfig,
    /// How many of the features are the network's final ones.
    pub(crate) final_length: usize,
    /// The location space, `[encoded, location]`: the same for all fits.
    pub(crate) location_space: &'a [f32],
    pub(crate) seed: u64,
}

/// The directions in which encoded coordinates differ most, `[encoded, dimension]`.
pub(crate) fn location_space(corpus: &Corpus, dimension: usize) -> Result<Vec<f32>, BuildError> {
    let Some(encoded) = &corpus.world_encoded else { return Ok(Vec::new()) };
    principal_directions(encoded.all(), encoded.width, dimension).map_err(BuildError::training("heads"))
}

impl Fit<'_> {
    /// Fits heads on some photos: a draw of them, where there are more than the configuration allows.
    pub(crate) fn heads(&self, photos: &[usize]) -> Result<Heads, BuildError> {
        let Self { corpus, config, final_length, location_space, seed } = self;
        let Some(world) = &corpus.world_encoded else {
            return Err(HeadsError::from("fitted heads need a location encoder".to_owned()).into());
        };
        let photos = drawn(photos, config.photos, *seed);
        let length = corpus.features.length;
        let features: Vec<f32> =
            photos.iter().flat_map(|&photo| corpus.features.row(photo)).copied().collect();
        let places: Vec<LatLon> = photos.iter().map(|&photo| corpus.places[photo]).collect();
        let mut feature_weights = vec![1.0; *final_length];
        feature_weights.resize(length, config.block_weight);
        let dimension = config.dimension.min(length).min(photos.len().saturating_sub(1)).max(1);
        let whitening = WhiteningSettings {
            neighbourhood_km: config.neighbourhood_km,
            shrinkage: config.shrinkage,
            dimension,
        };
        let space = fit_neighbourhood_whitening(&features, &feature_weights, &places, &whitening)
            .map_err(BuildError::training("heads"))?;
        let matrix = |values: Vec<f32>, inputs: usize, outputs: usize| {
            let wrong = || HeadsError::from(format!("a matrix of {inputs} x {outputs} has another size"));
            Matrix::new(values, inputs, outputs).ok_or_else(wrong)
        };
        let (encoded, location) = (world.width, location_space.len() / world.width.max(1));
        let mut heads = Heads {
            photo_mean: space.mean.clone(),
            photo_projection: matrix(space.projection, length, space.outputs)?,
            location_first: matrix(vec![0.0; space.outputs], space.outputs, 1)?,
            location_first_bias: vec![0.0],
            location_second: matrix(vec![0.0; location], 1, location)?,
            location_second_bias: vec![0.0; location],
            location_space: matrix(location_space.to_vec(), encoded, location)?,
        };
        let vectors: Vec<f32> =
            features.chunks_exact(length).flat_map(|row| heads.photo_vector(row)).collect();
        drop(features);
        let encoded_here = photos.iter().filter_map(|&photo| corpus.encoded_place(photo));
        let here: Vec<f32> = encoded_here.flat_map(|row| heads.location_vector(row)).collect();
        let world: Vec<f32> =
            world.all().chunks_exact(encoded).flat_map(|row| heads.location_vector(row)).collect();
        let settings = LocationHeadSettings {
            steps: config.location_steps,
            seed: *seed,
            ..LocationHeadSettings::default()
        };
        let fitted = fit_location_head(
            &vectors,
            EncodedLocations { locations: &places, vectors: &here },
            EncodedLocations { locations: &corpus.world, vectors: &world },
            &settings,
        )
        .map_err(BuildError::training("heads"))?;
        heads.location_first = matrix(fitted.first, space.outputs, settings.hidden)?;
        heads.location_first_bias = fitted.first_bias;
        heads.location_second = matrix(fitted.second, settings.hidden, location)?;
        heads.location_second_bias = fitted.second_bias;
        Ok(heads)
    }
}

/// At most so many of the photos, in their order; which ones is the seed's choice.
pub(crate) fn drawn(photos: &[usize], most: usize, seed: u64) -> Vec<usize> {
    if photos.len() <= most {
        return photos.to_vec();
    }
    let mut ordered: Vec<(u64, usize)> =
        photos.iter().map(|&photo| (mixed(photo as u64, seed), photo)).collect();
    ordered.sort_unstable();
    ordered.truncate(most);
    let mut chosen: Vec<usize> = ordered.into_iter().map(|(_, photo)| photo).collect();
    chosen.sort_unstable();
    chosen
}

/// A number that looks random (the finaliser of `SplitMix64`).
pub(crate) const fn mixed(value: u64, seed: u64) -> u64 {
    let mut z =
        value.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_seeded_and_ordered() {
        let all: Vec<usize> = (0..1000).collect();
        let some = drawn(&all, 100, 7);
        assert_eq!(some, drawn(&all, 100, 7));
        assert_ne!(some, drawn(&all, 100, 8));
        assert!(some.len() == 100 && some.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(drawn(&all, 2000, 7), all);
    }

    #[test]
    fn own_channels_are_cut_out_of_the_features() {
        let spec = |name: &str, dimension| ChannelSpec { channel: Channel::new(name), dimension };
        let space = Space::Own(vec![spec("a", 2), spec("b", 1)]);
        let query = space.query(&[1.0, 2.0, 3.0]);
        assert_eq!(query.get(&Channel::new("b")), Some(&[3.0_f32][..]));
    }
}
