//! What the starter pack promises.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{
    Cancel, Channel, Encoder, ErrorKind, Exclude, Image, Locate, LocateOptions, LocateRequest,
    PerceptualHash, Photo, RetrievalOptions,
};
use formats::table::{PhotoRow, read_photos};
use gallery::{Gallery, PhotoSource, TarSource};
use georanker::pack::RankerManifest;
use georanker::{
    BatchEnd, BatchOptions, EncodedPhoto, Input, Locator, Pack, Parts, decode_photo, locate_files,
    open_set_ranker,
};
use photo::{DecodeOptions, Limits, perceptual_hash};
use rank::SimilarityRanker;
use rank::set::{SetChannel, SetConfig, SetNetwork, SetRanker, start};
use rayon::prelude::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn starter() -> PathBuf {
    repository().join("packs/starter")
}

fn open_photos() -> (Vec<PhotoRow>, TarSource) {
    let directory = repository().join("data/geophotos");
    (
        read_photos(directory.join("metadata.csv")).unwrap(),
        TarSource::open(&directory.join("photos.tar")).unwrap(),
    )
}

fn photo(row: &PhotoRow, source: &TarSource) -> Photo {
    let mut photo =
        decode_photo(&row.id.0, &source.read(&row.id).unwrap(), &Limits::default(), DecodeOptions::default())
            .unwrap();
    photo.author.clone_from(&row.author);
    photo
}

fn split<'a>(rows: &'a [PhotoRow], names: &[&str]) -> Vec<&'a PhotoRow> {
    rows.iter().filter(|row| row.split.as_deref().is_some_and(|split| names.contains(&split))).collect()
}

#[test]
fn every_file_is_as_listed_and_within_the_budget() {
    let pack = Pack::open(&starter()).unwrap();
    assert!(pack.verify().is_empty(), "{:?}", pack.verify());
    let bytes: u64 = pack.manifest().files.iter().map(|file| file.bytes).sum();
    // Together with the photos that its gallery refers to.
    let photos = std::fs::read_dir(repository().join("data/geophotos")).unwrap();
    let photos: u64 = photos.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes + photos <= 220_000_000, "the pack has {bytes} bytes, the open photos {photos}");
    assert!(pack.manifest().files.iter().all(|file| !file.licence.is_empty()));
}

#[test]
fn the_gallery_holds_its_split_alone_and_no_near_duplicate_of_a_held_out_photo() {
    let (rows, source) = open_photos();
    let gallery = Gallery::open(&starter().join("gallery"), None).unwrap();
    let shipped: HashMap<String, PerceptualHash> =
        gallery.photos().map(|record| (record.id.0, record.hash.unwrap())).collect();
    let allowed: HashSet<&str> = split(&rows, &["gallery"]).iter().map(|row| row.id.0.as_str()).collect();
    assert!(shipped.len() > 1500, "the gallery holds {} photos", shipped.len());
    assert!(shipped.keys().all(|id| allowed.contains(id.as_str())));
    let held_out = split(&rows, &["val", "test"]);
    assert!(held_out.len() > 500);
    let leaks: Vec<String> = held_out
        .par_iter()
        .flat_map_iter(|row| {
            let hash = perceptual_hash(&photo(row, &source).image);
            shipped
                .iter()
                .filter(move |(_, known)| known.is_near(hash))
                .map(|(id, _)| format!("{id} is {}", row.id))
        })
        .collect();
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[test]
fn a_batch_gives_what_single_photos_give() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(6).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    let options = LocateOptions::default();
    let together = locate(&locator, &photos, &options);
    for (photo, batched) in photos.iter().zip(together) {
        let alone = locate(&locator, std::slice::from_ref(photo), &options).remove(0).unwrap();
        assert_eq!(alone, batched.unwrap(), "{}", photo.id);
    }
}

#[test]
fn an_untrained_set_ranker_finds_vectors_for_all_candidates_and_answers_as_its_base() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(4).map(|row| photo(row, &source)).collect();
    let pack = Pack::open(&starter()).unwrap();
    let base = match &pack.manifest().ranker {
        RankerManifest::Similarity(settings) => settings.clone(),
        RankerManifest::Evidence(evidence) => evidence.vote.clone(),
        RankerManifest::Set(files) => open_set_ranker(&pack, files).unwrap().config().base.unwrap(),
    };
    let parts = Parts::open(&pack, None).unwrap();
    let locator = Locator::from_parts(&pack, parts.clone()).unwrap();
    let channels = parts.encoder.channels().iter().map(|spec| SetChannel {
        name: spec.channel.clone(),
        dimension: spec.dimension,
        temperatures: vec![0.1],
    });
    let network = SetNetwork::new(SetConfig::new(channels.collect(), Some(base.clone()))).unwrap();
    let weights = network.layout().iter().map(|spec| start(spec, || 0.7)).collect();
    let set_ranker = Arc::new(SetRanker::new(network, weights).unwrap());
    let similarity = Arc::new(SimilarityRanker::new(base).unwrap());
    let queries: Vec<_> = photos
        .iter()
        .map(|photo| EncodedPhoto::new(photo, parts.encoder.encode_one(photo).unwrap()))
        .collect();
    let options = LocateOptions::default();
    let locator = locator.with_ranker(set_ranker);
    let by_set = locator.rank(&queries, &options);
    let by_similarity = locator.with_ranker(similarity).rank(&queries, &options);
    for (set, similarity) in by_set.into_iter().zip(by_similarity) {
        let (set, similarity) = (set.unwrap(), similarity.unwrap());
        assert_eq!(set.ranking.best(), similarity.ranking.best());
        for candidate in &set.set.candidates {
            let known = candidate.embedding.vectors.len();
            assert_eq!(known, if candidate.photo.is_some() { 2 } else { 1 }, "{candidate:?}");
        }
    }
}

/// All photos with the same options.
fn locate(
    locator: &Locator,
    photos: &[Photo],
    options: &LocateOptions,
) -> Vec<Result<contract::Estimate, contract::Failure>> {
    let request = |photo: &Photo| LocateRequest::new(photo.clone()).with_options(options.clone());
    locator.locate(&photos.iter().map(request).collect::<Vec<_>>())
}

#[test]
fn one_photos_failure_is_not_that_of_others() {
    let (rows, source) = open_photos();
    let good = photo(split(&rows, &["test"])[0], &source);
    // A line of pixels so long that it cannot be resized.
    let broken = Photo::new("broken", Image::filled(40_000_000, 1, [0; 3]).unwrap());
    let locator = Locator::open(&starter()).unwrap();
    let answers = locate(&locator, &[good.clone(), broken, good], &LocateOptions::default());
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(answers[1].as_ref().unwrap_err().message.contains("broken"));
}

#[test]
fn each_request_has_its_own_options_and_a_cancelled_one_no_answer() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(3).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    let japan = LocateOptions { region: Some("JP".parse().unwrap()), ..LocateOptions::default() };
    let place = RetrievalOptions { same_place_m: 5000.0, ..RetrievalOptions::default() };
    let sparse = LocateOptions { retrieval: place, top: 3, ..LocateOptions::default() };
    let all = [LocateOptions::default(), japan, sparse];
    let requests: Vec<LocateRequest> = photos
        .iter()
        .flat_map(|photo| {
            all.iter().map(|options| LocateRequest::new(photo.clone()).with_options(options.clone()))
        })
        .collect();
    let together = locator.locate(&requests);
    for (request, answer) in requests.iter().zip(&together) {
        let alone = locator.locate(std::slice::from_ref(request)).remove(0);
        assert_eq!(answer, &alone, "{:?}", request.options);
    }
    assert_eq!(together[1].as_ref().unwrap().place.country_code.as_deref(), Some("JP"));
    requests[4].cancel.cancel();
    let again = locator.locate(&requests);
    assert_eq!(again[4].as_ref().unwrap_err().kind, ErrorKind::Interrupted);
    assert_eq!((&again[3], &again[5]), (&together[3], &together[5]));
}

#[test]
fn two_threads_share_a_locator() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(4).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    let expected = locate(&locator, &photos, &LocateOptions::default());
    std::thread::scope(|scope| {
        let run = || locate(&locator, &photos, &LocateOptions::default());
        for thread in [scope.spawn(run), scope.spawn(run), scope.spawn(run)] {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

#[test]
fn vectors_that_cannot_be_searched_with_are_one_photos_failure() {
    let (rows, source) = open_photos();
    let locator = Locator::open(&starter()).unwrap();
    let photo = photo(split(&rows, &["test"])[0], &source);
    let vectors = locator.encoder().encode_one(&photo).unwrap();
    let mut short = vectors.clone();
    short.vectors[0].1.pop();
    let mut without = vectors.clone();
    without.vectors.truncate(1);
    let queries =
        [short, vectors.clone(), without, vectors].map(|vectors| EncodedPhoto::new(&photo, vectors));
    let answers = locator.rank(&queries, &LocateOptions::default());
    let alone = locator.rank(&queries[1..2], &LocateOptions::default()).remove(0).unwrap();
    for index in [1, 3] {
        assert_eq!(answers[index].as_ref().unwrap().ranking, alone.ranking);
    }
    let message = |index: usize| answers[index].as_ref().unwrap_err().message.clone();
    assert!(message(0).starts_with(&format!("{}: query 0 has", photo.id)), "{}", message(0));
    assert!(message(2).contains("no vector in channel `location`"), "{}", message(2));
}

#[test]
fn a_channel_that_nobody_has_is_said_before_any_photo_is_read() {
    let locator = Locator::open(&starter()).unwrap();
    let mut options = BatchOptions::default();
    options.locate.retrieval.fuse = vec![(Channel::photo(), 1.0), (Channel::new("colour"), 1.0)];
    let failure = locator.check(&options.locate).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Usage);
    assert!(failure.message.contains("no channel `colour`"), "{}", failure.message);
    assert!(locator.check(&LocateOptions::default()).is_ok());
    let inputs = [Input::file(Path::new("gone.jpg"))];
    let mut said = Vec::new();
    let run = locate_files(&locator, &inputs, &options, &Cancel::default(), |located| {
        said.push(located.outcome.unwrap_err());
        Ok::<(), ()>(())
    });
    assert_eq!((run, said), (Ok(BatchEnd::Finished), vec![failure]));
}

#[test]
fn exclusions_that_leave_nothing_are_not_an_empty_gallery() {
    let (rows, source) = open_photos();
    let locator = Locator::open(&starter()).unwrap();
    let mut photo = photo(split(&rows, &["test"])[0], &source);
    let vectors = locator.encoder().encode_one(&photo).unwrap();
    let gallery = Gallery::open(&starter().join("gallery"), None).unwrap();
    let records = gallery.photos().filter(|record| record.attribution.author.is_some());
    let messages: Vec<String> = records
        .take(20)
        .filter_map(|record| {
            photo.author.clone_from(&record.attribution.author);
            let (latitude, longitude) = (record.location.latitude(), record.location.longitude());
            let options = LocateOptions {
                exclude: Exclude { same_author: true, near_duplicate: false },
                region: Some(format!("{latitude},{longitude},0.005").parse().unwrap()),
                ..LocateOptions::default()
            };
            let answer = locator.rank(&[EncodedPhoto::new(&photo, vectors.clone())], &options).remove(0);
            answer.err().map(|failure| failure.message)
        })
        .collect();
    assert!(!messages.is_empty());
    for message in messages {
        let said = "excluding same-author leaves nothing of the gallery in this region";
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn exclusions_and_regions_hold_in_every_candidate() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(4).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    let exclude = Exclude { same_author: true, near_duplicate: true };
    let options = LocateOptions { top: 100, exclude, ..LocateOptions::default() };
    for (photo, answer) in photos.iter().zip(locate(&locator, &photos, &options)) {
        let authors =
            answer.unwrap().candidates.into_iter().map(|ranked| ranked.candidate.attribution.author);
        assert!(authors.flatten().all(|author| Some(author) != photo.author));
    }
    let in_japan =
        LocateOptions { top: 100, region: Some("JP".parse().unwrap()), ..LocateOptions::default() };
    for answer in locate(&locator, &photos, &in_japan) {
        let estimate = answer.unwrap();
        assert_eq!(estimate.place.country_code.as_deref(), Some("JP"));
        assert!(
            estimate.candidates.iter().all(|one| one.candidate.place.country_code.as_deref() == Some("JP"))
        );
    }
}

#[test]
fn listed_candidates_are_distinct_and_stand_for_those_around_them() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(3).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    let all = LocateOptions { top: 1000, distinct_km: 0.0, ..LocateOptions::default() };
    let merged = LocateOptions { top: 1000, distinct_km: 25.0, ..LocateOptions::default() };
    for (every, few) in locate(&locator, &photos, &all).into_iter().zip(locate(&locator, &photos, &merged)) {
        let (every, few) = (every.unwrap().candidates, few.unwrap().candidates);
        let mass = |list: &[contract::RankedCandidate]| list.iter().map(|one| one.probability).sum::<f64>();
        assert!((mass(&every) - 1.0).abs() < 1e-9 && (mass(&few) - 1.0).abs() < 1e-9);
        assert!(few.len() < every.len());
        for (index, one) in few.iter().enumerate() {
            for other in &few[index + 1..] {
                let km = geo::haversine_km(one.candidate.location, other.candidate.location);
                assert!(km >= 25.0 && one.score >= other.score);
            }
        }
    }
}

#[test]
fn confidence_is_ordered_and_abstention_is_explained() {
    let (rows, source) = open_photos();
    let photos: Vec<Photo> = split(&rows, &["test"]).iter().take(20).map(|row| photo(row, &source)).collect();
    let locator = Locator::open(&starter()).unwrap();
    for answer in locate(&locator, &photos, &LocateOptions::default()) {
        let estimate = answer.unwrap();
        let stated = estimate.confidence.unwrap().0;
        assert!(stated.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(stated.iter().all(|value| (0.0..=1.0).contains(value)));
        assert_eq!(estimate.abstained(), estimate.coverage_note.is_some());
    }
}
