//! The set ranker on the bed.

use std::path::Path;

use contract::Channel;
use rank::set::{SetChannel, SetConfig, SetNetwork, SetRanker};
use train::set::{SetQuery, SetSettings, SetTraining, standardised};

use crate::bed::{Bed, Query, search_channel};
use crate::experiment::{Budget, Points, Variant, errors_km, train_into};

/// How the set ranker is trained on the whole bed.
pub const SET_BUDGET: Budget = Budget {
    steps: 600,
    batch_queries: 32,
    learning_rate: 2e-3,
    weight_decay: 0.05,
    validations: 6,
    validation_queries: 300,
};

/// Trains a set ranker into a directory and judges what was saved there on the test queries: losses on the way, and the
/// errors in km.
///
/// # Errors
/// Those of training.
pub fn run_set(
    bed: &Bed,
    variant: Variant,
    budget: &Budget,
    seed: u64,
    out: &Path,
) -> anyhow::Result<(Points, Vec<f64>)> {
    let points = train_into(out, &set_training(bed, variant, seed)?, variant, budget, seed)?;
    Ok((points, errors_km(&SetRanker::open(out)?, variant, &bed.test)?))
}

/// The set ranker as the engine sees it: the search's similarities and, where candidate photos may be seen, the vectors
/// of the photo space; no base ranker.
///
/// # Errors
/// Sets that do not fit the network.
pub fn set_training(bed: &Bed, variant: Variant, seed: u64) -> anyhow::Result<SetTraining> {
    let lengths = bed.gallery.first().map_or((0, 0), |view| (view.search.len(), view.vector.len()));
    let channel = |name, dimension| SetChannel { name, dimension, temperatures: vec![0.05, 0.2] };
    let mut channels = vec![channel(search_channel(), lengths.0)];
    if variant != Variant::NoPhotos {
        channels.push(channel(Channel::photo(), lengths.1));
    }
    let config = SetConfig::new(channels, None);
    let settings = SetSettings { seed, channel_lost: 0.0, ..SetSettings::default() };
    let queries = |queries: &[Query]| -> Vec<SetQuery> {
        let seen = |query: &Query| SetQuery::new(variant.seen(&query.set), query.view.place.location);
        queries.iter().map(seen).collect()
    };
    let training = queries(&bed.train);
    let network = SetNetwork::new(standardised(config, &training)?)?;
    Ok(SetTraining::new(network, settings, training, queries(&bed.validation))?)
}
