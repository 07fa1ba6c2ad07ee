//! Candidates that come from elsewhere, on their way through a locator.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use contract::{Cancel, Candidate, ErrorKind, Failure, Locate, LocateOptions, LocateRequest, Origin};
use geo::LatLon;
use georanker::{
    CandidateSource, DecodeOptions, Limits, Locator, QueryPhoto, decode_photo, read_photo_bytes,
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn locator() -> Locator {
    Locator::open(&repository().join("packs/starter")).unwrap()
}

fn request(name: &str) -> LocateRequest {
    let bytes = read_photo_bytes(&repository().join("samples").join(name), &Limits::default()).unwrap();
    let photo = decode_photo(name, &bytes, &Limits::default(), DecodeOptions::default()).unwrap();
    let options = LocateOptions { top: 1000, distinct_km: 0.0, ..LocateOptions::default() };
    LocateRequest::new(photo).with_options(options)
}

/// Gives the same place for every photo, remembers which it was asked about, and cancels some on the way.
struct Told {
    model: &'static str,
    place: LatLon,
    asked: Mutex<Vec<String>>,
    cancels: Option<(&'static str, Cancel)>,
}

impl Told {
    fn new(model: &'static str, place: LatLon) -> Self {
        Self { model, place, asked: Mutex::default(), cancels: None }
    }
}

impl CandidateSource for Told {
    fn candidates(&self, photos: &[&QueryPhoto]) -> Vec<Result<Vec<Candidate>, Failure>> {
        let origin = || Origin::generated(self.model, 0);
        let one = |photo: &&QueryPhoto| {
            self.asked.lock().unwrap().push(photo.id().0.clone());
            if let Some((_, cancel)) = self.cancels.as_ref().filter(|(name, _)| *name == photo.id().0) {
                cancel.cancel();
            }
            Ok(vec![Candidate::at(self.place, origin())])
        };
        photos.iter().map(one).collect()
    }
}

#[test]
fn each_source_merges_within_its_own_distance() {
    let plain = locator();
    let found = plain.locate(&[request("creek.jpg")]).remove(0).unwrap();
    // Some 11 km from a candidate that is there.
    let best = found.candidates[0].candidate.location;
    let place = LatLon::new(best.latitude() + 0.1, best.longitude()).unwrap();
    let models = |merge: [f64; 2]| {
        let [near, far] = merge;
        let with = plain.clone().with_source(Arc::new(Told::new("one", place)), near).unwrap();
        let with = with.with_source(Arc::new(Told::new("other", place)), far).unwrap();
        let estimate = with.locate(&[request("creek.jpg")]).remove(0).unwrap();
        let mut alone = Vec::new();
        for candidate in &estimate.candidates {
            if let Origin::Generated { model, .. } = &candidate.candidate.origin {
                alone.push(model.clone());
            }
        }
        alone.sort();
        alone
    };
    assert_eq!(models([0.0, 20_000.0]), ["one"], "the second joins a candidate that is near");
    assert_eq!(models([20_000.0, 0.0]), ["other"], "the first joins, the second stays alone");
}

#[test]
fn a_cancelled_photo_is_not_asked_about_and_the_others_are_answered() {
    let (cancelled, creek, later) = (Cancel::default(), Cancel::default(), Cancel::default());
    cancelled.cancel();
    let place = LatLon::new(46.0, 8.0).unwrap();
    let first = Arc::new(Told { cancels: Some(("tower.jpg", later.clone())), ..Told::new("one", place) });
    let second = Arc::new(Told::new("other", place));
    let with = locator().with_source(first.clone(), 0.0).unwrap();
    let with = with.with_source(second.clone(), 0.0).unwrap();
    let named = |name: &str, cancel: &Cancel| {
        let mut one = request("creek.jpg");
        one.photo.id = name.into();
        one.cancel = cancel.clone();
        one
    };
    let requests = [named("before.jpg", &cancelled), named("creek.jpg", &creek), named("tower.jpg", &later)];
    let answers = with.locate(&requests);
    let kinds: Vec<Option<ErrorKind>> =
        answers.iter().map(|answer| answer.as_ref().err().map(|failure| failure.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::Interrupted), None, Some(ErrorKind::Interrupted)]);
    assert_eq!(*first.asked.lock().unwrap(), ["creek.jpg", "tower.jpg"]);
    assert_eq!(*second.asked.lock().unwrap(), ["creek.jpg"], "nobody waits for the other any more");
}
