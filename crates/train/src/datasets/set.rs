//! The data of a set ranker: photos and places become vectors through an encoder.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use contract::{
    Candidate, CandidateSet, Channel, Encoder, ErrorKind, Failure, Origin, Photo, PhotoId, QueryEmbedding,
};
use gallery::PhotoFiles;
use geo::LatLon;
use kernels::vectors::dot_f32;
use rank::set::{SetConfig, SetNetwork};
use rank::vlm::PhotoSource;
use rayon::prelude::*;

use super::{NamedRow, read_rows};
use crate::PhotoPixels;
use crate::configuration::{EngineSettings, SetSettings};
use crate::set::{SetQuery, SetSettings as Perturbation, SetTraining, standardised};

/// Photos that are decoded and encoded together: what bounds memory.
const BATCH: usize = 64;

/// Unit vectors of places in the location channel, one each, in order.
type PlaceVectors<'a> = dyn Fn(&[LatLon]) -> Result<Vec<Vec<f32>>, Failure> + Sync + 'a;

/// Rows of a ranking dataset and the photos that they name.
#[derive(Debug)]
pub struct SetDataset {
    settings: SetSettings,
    seed: u64,
    training: Vec<NamedRow>,
    validation: Vec<NamedRow>,
    photos: PhotoPixels,
}

impl SetDataset {
    /// Reads the rows that settings name and finds their photos.
    ///
    /// # Errors
    /// What is missing or wrong, by file, row and column; a row without candidates is.
    pub fn open(settings: &SetSettings, engine: &EngineSettings) -> Result<Self, Failure> {
        let training = read_rows(&settings.data, engine.queries)?;
        let validation = match &settings.validation {
            Some(file) => read_rows(file, engine.validation_queries)?,
            None => Vec::new(),
        };
        // Encoding the photos takes long: what is wrong with a row is said before.
        for named in training.iter().chain(&validation) {
            entries(settings, named)?;
        }
        Ok(Self {
            training,
            validation,
            photos: PhotoPixels::new(PhotoFiles::open(&settings.photos)?),
            settings: settings.clone(),
            seed: engine.seed,
        })
    }

    /// Encodes all photos, each once, and puts a network of this shape and the queries together. `progress` is told how
    /// many photos of how many are done.
    ///
    /// # Errors
    /// A photo that cannot be read or encoded; vectors that do not fit the network.
    pub fn training(
        &self,
        config: SetConfig,
        encoder: &dyn Encoder,
        progress: &dyn Fn(usize, usize),
    ) -> Result<SetTraining, Failure> {
        let vectors = self.photo_vectors(encoder, progress)?;
        let places = |places: &[LatLon]| {
            let missing = || Failure::new(ErrorKind::Usage, "the encoder knows no places");
            encoder.encode_places(places)?.ok_or_else(missing)
        };
        let sets = |rows: &[NamedRow]| -> Result<Vec<SetQuery>, Failure> {
            rows.iter().map(|row| query(&self.settings, row, &vectors, &places)).collect()
        };
        let (training, validation) = (sets(&self.training)?, sets(&self.validation)?);
        let network = SetNetwork::new(standardised(config, &training)?)?;
        let perturbation = perturbation(self.settings.perturb as f32, self.seed);
        SetTraining::new(network, perturbation, training, validation)
    }

    /// What the encoder makes of every photo that the rows name, each encoded once.
    fn photo_vectors(
        &self,
        encoder: &dyn Encoder,
        progress: &dyn Fn(usize, usize),
    ) -> Result<HashMap<String, QueryEmbedding>, Failure> {
        let mut ids: BTreeSet<&String> = BTreeSet::new();
        for named in self.training.iter().chain(&self.validation) {
            ids.extend(&named.row.ref_img_id[entries(&self.settings, named)?]);
            ids.insert(&named.row.img_id);
        }
        ids.retain(|id| !id.is_empty());
        let ids: Vec<&String> = ids.into_iter().collect();
        let mut vectors = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let photo =
                |id: &&String| Ok(Photo::new(id.as_str(), self.photos.photo(&PhotoId((*id).clone()))?));
            let photos = batch.par_iter().map(photo).collect::<Result<Vec<Photo>, Failure>>()?;
            for (id, embedding) in batch.iter().zip(encoder.encode(&photos.iter().collect::<Vec<_>>())) {
                vectors.insert((*id).clone(), embedding?);
            }
            progress(vectors.len(), ids.len());
        }
        Ok(vectors)
    }
}

/// The default perturbation times a factor; shares stay below one.
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

/// Entries of a row's list that become candidates: at least one.
fn entries(settings: &SetSettings, named: &NamedRow) -> Result<Range<usize>, Failure> {
    let length = named.row.len();
    let start = named.skipped(settings.skip).min(length);
    let entries = start..length.min(start.saturating_add(settings.group_size));
    if entries.is_empty() {
        let failure = invalid(named, "ref_gps", &"no candidates");
        return Err(failure.with_hint("leave such rows out of the dataset"));
    }
    Ok(entries)
}

fn invalid(named: &NamedRow, column: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::InvalidTable, format!("{}: {column}: {why}", named.name))
}

fn query(
    settings: &SetSettings,
    named: &NamedRow,
    vectors: &HashMap<String, QueryEmbedding>,
    of_places: &PlaceVectors<'_>,
) -> Result<SetQuery, Failure> {
    let row = &named.row;
    let truth = row.location().map_err(|error| invalid(named, "gps", &error))?;
    let places = row.candidate_locations().map_err(|error| invalid(named, "ref_gps", &error))?;
    let entries = entries(settings, named)?;
    let kept: Vec<LatLon> = places[entries.clone()].to_vec();
    let encoded = of_places(&kept)?;
    let query = vectors.get(&row.img_id).cloned().unwrap_or_default();
    let candidates = entries.zip(kept).zip(encoded).enumerate();
    let candidates = candidates.map(|(place, ((index, location), of_place))| {
        let id = &row.ref_img_id[index];
        let of_photo = vectors.get(id).and_then(|of_photo| of_photo.get(&Channel::photo()));
        // As a search would have reported it. Similarities of the dataset are not looked at: they are of the encoder
        // that it was made with, and the ranker will meet those of this one.
        let (channel, vector) = match of_photo {
            Some(vector) => (Channel::photo(), vector),
            None => (Channel::location(), of_place.as_slice()),
        };
        let similarity = query.get(&channel).map_or(0.0, |query| dot_f32(query, vector));
        let origin = match row.generated_by(index) {
            Some(model) => Origin::generated(model, index),
            None => Origin::Retrieved { channel, rank: place, similarity },
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

#[cfg(test)]
mod tests {
    use formats::ranking_data::{RankingColumns, RankingRow, RankingWriter};

    use super::*;

    fn row(origins: Option<&[&str]>) -> NamedRow {
        let origins = origins.map(|origins| origins.iter().map(ToString::to_string).collect());
        let photos = ["q.jpg", "a.jpg", "b.jpg", ""].map(String::from).to_vec();
        let row = RankingRow {
            img_id: "q.jpg".into(),
            gps: [1.0, 2.0],
            ref_gps: photos.iter().enumerate().map(|(index, _)| [index as f64, 5.0]).collect(),
            ref_texts: vec![Vec::new(); photos.len()],
            ref_img_id: photos,
            ref_origin: origins,
            ..RankingRow::default()
        };
        NamedRow { name: "t.parquet, row 1".into(), row }
    }

    fn vectors(named: &NamedRow) -> HashMap<String, QueryEmbedding> {
        let ids = named.row.ref_img_id.iter().filter(|id| !id.is_empty());
        let vector = |id: &String| QueryEmbedding {
            vectors: vec![
                (Channel::photo(), vec![id.len() as f32, 1.0]),
                (Channel::location(), vec![0.5, 2.0]),
            ],
        };
        ids.map(|id| (id.clone(), vector(id))).collect()
    }

    fn made(settings: &SetSettings, named: &NamedRow) -> Result<SetQuery, Failure> {
        let places =
            |places: &[LatLon]| Ok(places.iter().map(|at| vec![at.latitude() as f32, 0.0]).collect());
        query(settings, named, &vectors(named), &places)
    }

    /// docs/src/curation.md: `retrieved`, or the name of a model that wrote the candidate.
    #[test]
    fn an_origin_is_retrieved_or_a_models_name() {
        let origins = |origins: Option<&[&str]>| -> Vec<Origin> {
            let query = made(&SetSettings::default(), &row(origins)).unwrap();
            query.set.candidates.into_iter().map(|candidate| candidate.origin).collect()
        };
        let [first, second, third] = &origins(Some(&["retrieved", "retrieved", "", "qwen2-vl-7b"]))[..]
        else {
            panic!("three candidates besides the query itself")
        };
        assert!(!first.is_generated() && !second.is_generated());
        assert_eq!(*third, Origin::generated("qwen2-vl-7b", 3));
        assert!(origins(None).iter().all(|origin| !origin.is_generated()));
    }

    #[test]
    fn a_row_without_candidates_is_refused_before_any_photo_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("t.parquet");
        let mut writer = RankingWriter::create(&data, RankingColumns::default()).unwrap();
        for candidates in [["q.jpg", "a.jpg"].as_slice(), &["q.jpg"]] {
            let row = RankingRow {
                ref_gps: vec![[0.0, 5.0]; candidates.len()],
                ref_img_id: candidates.iter().map(ToString::to_string).collect(),
                ref_texts: vec![vec!["Lagos".into(), "Nigeria".into()]; candidates.len()],
                ..row(None).row
            };
            writer.write(&row).unwrap();
        }
        writer.finish().unwrap();
        let settings = SetSettings { data, photos: folder.path().into(), ..SetSettings::default() };
        let failure = SetDataset::open(&settings, &EngineSettings::default()).unwrap_err();
        assert!(failure.message.ends_with("t.parquet, row 2: ref_gps: no candidates"), "{failure}");
        // With the query itself kept, as a candidate, there is one.
        let settings = SetSettings { skip: Some(0), ..settings };
        assert_eq!(SetDataset::open(&settings, &EngineSettings::default()).unwrap().training.len(), 2);
    }

    #[test]
    fn candidates_look_like_those_of_a_search() {
        let query = made(&SetSettings { group_size: 3, ..SetSettings::default() }, &row(None)).unwrap();
        let candidates = &query.set.candidates;
        assert_eq!(candidates.len(), 3);
        let found = |index: usize| candidates[index].origin.clone();
        let (channel, similarity) = (Channel::photo(), 5.0 * 5.0 + 1.0);
        assert_eq!(found(0), Origin::Retrieved { channel, rank: 0, similarity });
        // Without a photo: by its place, at latitude 3.
        let (channel, similarity) = (Channel::location(), 0.5 * 3.0);
        assert_eq!(found(2), Origin::Retrieved { channel, rank: 2, similarity });
        assert_eq!(candidates[2].photo, None);
        assert_eq!(candidates[0].embedding.vectors.len(), 2);
        assert_eq!(query.set.embedding.get(&Channel::location()), Some(&[0.5, 2.0][..]));
        let failure = made(&SetSettings { skip: Some(9), ..SetSettings::default() }, &row(None)).unwrap_err();
        assert_eq!(failure.message, "t.parquet, row 1: ref_gps: no candidates");
    }
}
