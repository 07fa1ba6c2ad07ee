//! The set ranker and its data: photos become vectors through a pack's encoder.

use std::collections::{BTreeSet, HashMap};

use contract::{
    Candidate, CandidateSet, Channel, Encoder, ErrorKind, Failure, Origin, Photo, PhotoId, QueryEmbedding,
};
use formats::ranking_data::RankingRow;
use geo::LatLon;
use georanker::pack::RankerManifest;
use georanker::{Heads, Pack, PackError, PhotoEncoder, open_location_encoder};
use nets::geoclip::LocationEncoder;
use rank::set::{SetChannel, SetConfig, SetNetwork};
use rank::vlm::PhotoSource;
use rayon::prelude::*;
use train::PhotoPixels;
use train::configuration::{EngineSettings, SetSettings};
use train::engine::TrainableRanker;
use train::set::{SetQuery, SetSettings as Perturbation, SetTraining, standardised};

use crate::progress::bar;

use super::rankers::{open_photos, read_rows, skipped};

type Rows = Vec<(String, RankingRow)>;

pub(super) fn open(
    settings: &SetSettings,
    engine: &EngineSettings,
    quiet: bool,
) -> Result<Box<dyn TrainableRanker>, Failure> {
    let training = read_rows(&settings.data, engine.queries)?;
    let validation = match &settings.validation {
        Some(file) => read_rows(file, engine.validation_queries)?,
        None => Vec::new(),
    };
    let photos = PhotoPixels::new(open_photos(&settings.photos)?);
    let broken = |error: PackError| Failure::from_error(&error);
    let pack = Pack::open(&settings.model).map_err(broken)?;
    let encoder = PhotoEncoder::open(&pack).map_err(broken)?;
    let locations = open_location_encoder(&pack).map_err(broken)?;
    let (Some(heads), Some(locations)) = (encoder.heads(), locations) else {
        let message =
            format!("{}: its encoder has no heads to train a set ranker on", settings.model.display());
        return Err(
            Failure::new(ErrorKind::Usage, message).with_hint("name a pack made with `cargo xtask pack`")
        );
    };
    let config = config(&pack, &encoder)?;
    let vectors = photo_vectors(settings, [&training, &validation], &encoder, &photos, quiet)?;
    let sets = |rows: Rows| -> Result<Vec<SetQuery>, Failure> {
        rows.iter().map(|(name, row)| query(settings, name, row, &vectors, heads, &locations)).collect()
    };
    let perturbation = perturbation(settings.perturb as f32, engine.seed);
    let (training, validation) = (sets(training)?, sets(validation)?);
    let network = SetNetwork::new(standardised(config, &training)?)?;
    Ok(Box::new(SetTraining::new(network, perturbation, training, validation)?))
}

/// A network of the shape of the pack's own set ranker; where it has none, one of the usual size on top of the pack's
/// similarity ranker.
fn config(pack: &Pack, encoder: &PhotoEncoder) -> Result<SetConfig, Failure> {
    let base = match &pack.manifest().ranker {
        RankerManifest::Similarity(settings) => settings.clone(),
        RankerManifest::Set(files) => {
            let bytes = pack.read(&files.config)?;
            let config = SetConfig::from_toml(&String::from_utf8_lossy(&bytes))?;
            return Ok(SetConfig { members: 1, ..config });
        }
    };
    let channel = |spec: &contract::ChannelSpec| SetChannel {
        name: spec.channel.clone(),
        dimension: spec.dimension,
        temperatures: vec![0.05, 0.15],
    };
    Ok(SetConfig::new(encoder.channels().iter().map(channel).collect(), Some(base)))
}

/// The usual perturbation, more or less of it; shares stay below one.
fn perturbation(by: f32, seed: u64) -> Perturbation {
    let usual = Perturbation::default();
    let share = |share: f32| (share * by).min(0.9);
    Perturbation {
        feature_dropout: share(usual.feature_dropout),
        vector_dropout: share(usual.vector_dropout),
        layer_dropout: share(usual.layer_dropout),
        candidates_lost: share(usual.candidates_lost),
        similarity_noise: usual.similarity_noise * by,
        channel_lost: share(usual.channel_lost),
        twins: usual.twins,
        seed,
    }
}

/// Entries of a row's list that become candidates.
fn entries(settings: &SetSettings, row: &RankingRow) -> std::ops::Range<usize> {
    let start = skipped(settings.skip, row).min(row.len());
    start..row.len().min(start.saturating_add(settings.group_size))
}

/// What the encoder makes of every photo that the rows name, each looked at once.
fn photo_vectors(
    settings: &SetSettings,
    rows: [&Rows; 2],
    encoder: &PhotoEncoder,
    photos: &PhotoPixels,
    quiet: bool,
) -> Result<HashMap<String, QueryEmbedding>, Failure> {
    let ids: BTreeSet<&String> = rows
        .into_iter()
        .flatten()
        .flat_map(|(_, row)| row.ref_img_id[entries(settings, row)].iter().chain([&row.img_id]))
        .filter(|id| !id.is_empty())
        .collect();
    let progress = bar(ids.len(), "encoding photos", quiet);
    let encoded = ids
        .into_par_iter()
        .map(|id| {
            let photo = Photo::new(id.as_str(), photos.photo(&PhotoId(id.clone()))?);
            let embedding = encoder.encode_one(&photo)?;
            progress.inc(1);
            Ok((id.clone(), embedding))
        })
        .collect();
    progress.finish_and_clear();
    encoded
}

fn query(
    settings: &SetSettings,
    name: &str,
    row: &RankingRow,
    vectors: &HashMap<String, QueryEmbedding>,
    heads: &Heads,
    locations: &LocationEncoder,
) -> Result<SetQuery, Failure> {
    let invalid = |column: &str, why: &dyn std::fmt::Display| {
        Failure::new(ErrorKind::InvalidTable, format!("{name}: {column}: {why}"))
    };
    let truth = row.location().map_err(|error| invalid("gps", &error))?;
    let places = row.candidate_locations().map_err(|error| invalid("ref_gps", &error))?;
    let entries = entries(settings, row);
    if entries.is_empty() {
        return Err(invalid("ref_gps", &"no candidates").with_hint("leave such rows out of the dataset"));
    }
    let kept: Vec<LatLon> = places[entries.clone()].to_vec();
    let encoded = locations.encode(&kept);
    let width = encoded.len() / kept.len();
    let query = vectors.get(&row.img_id).cloned().unwrap_or_default();
    let candidates = entries.zip(kept).enumerate().map(|(place, (index, location))| {
        let of_place = heads.location_vector(&encoded[place * width..(place + 1) * width]);
        let id = &row.ref_img_id[index];
        let of_photo = vectors.get(id).and_then(|of_photo| of_photo.get(&Channel::photo()));
        // As a search would have reported it. Similarities of the dataset are not looked at: they are of the encoder
        // that it was made with, and the ranker will meet those of this one.
        let (channel, vector) = match of_photo {
            Some(vector) => (Channel::photo(), vector),
            None => (Channel::location(), of_place.as_slice()),
        };
        let similarity = query.get(&channel).map_or(0.0, |query| dot(query, vector));
        let written = row.ref_origin.as_ref().is_some_and(|origins| origins[index].starts_with("generated"));
        let origin = if written {
            Origin::Generated { model: "ranking dataset".into(), sample: index }
        } else {
            Origin::Retrieved { channel, rank: place, similarity }
        };
        let mut embedding = QueryEmbedding { vectors: Vec::new() };
        embedding.vectors.extend(of_photo.map(|vector| (Channel::photo(), vector.to_vec())));
        embedding.vectors.push((Channel::location(), of_place));
        let photo = Some(id).filter(|id| !id.is_empty()).map(|id| PhotoId(id.clone()));
        Candidate { photo, embedding, ..Candidate::at(location, origin) }
    });
    let mut set = CandidateSet::new(row.img_id.as_str(), candidates.collect());
    set.embedding = query;
    Ok(SetQuery::new(set, truth))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
