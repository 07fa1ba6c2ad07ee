//! Datasets from synthetic galleries: the rules hold, and a run that was cut gives the same bytes.
#![allow(clippy::unwrap_used)] // A test, helpers included.
#![allow(clippy::float_cmp, reason = "what is exact must be exact")]

mod curate_support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{Channel, ErrorKind, Failure, PhotoId};
use curate_support::Synthetic;
use formats::ranking_data::{RankingColumns, RankingReader, RankingRow};
use gallery::Gallery;
use geo::{LatLon, geodesic_km};
use train::curate::{
    CurationEvent, CurationPlan, CurationRun, GalleryQueries, QueryResult, QuerySource, Rules, Sample, curate,
};

const SMALL: Synthetic =
    Synthetic { photos: 1600, a_place: 40, dimension: 16, an_author: 25, spread: 0.6, named: true };

fn plan<'a>(out: &'a Path, rules: &Rules, sample: Sample, resume: bool) -> CurationPlan<'a> {
    CurationPlan {
        out,
        rules: rules.clone(),
        channel: Channel::photo(),
        gallery: "synthetic".into(),
        sample,
        columns: RankingColumns::default(),
        places_as_they_are: false,
        resume,
    }
}

fn run(gallery: &Gallery, out: &Path, rules: &Rules, sample: Sample) -> Result<CurationRun, Failure> {
    let mut queries = GalleryQueries::new(gallery, Channel::photo(), sample);
    let never = AtomicBool::new(false);
    curate(gallery, &mut queries, &plan(out, rules, sample, false), &never, &mut |_| {})
}

fn read(path: &Path) -> Vec<RankingRow> {
    RankingReader::open(path).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn lists_keep_to_the_rules_and_say_where_they_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = SMALL.build(&folder.path().join("gallery"), 1);
    let out = folder.path().join("set.parquet");
    let rules = Rules {
        exclude_same_author: true,
        min_distance_m: 2000.0,
        per_cell: Some(2),
        cell_km: 25.0,
        min_far: 3,
        ..Rules::default()
    };
    let done = run(&gallery, &out, &rules, Sample::default()).unwrap();
    let rows = read(&out);
    assert_eq!((done.counts.queries, done.counts.written, rows.len()), (1600, 1600, 1600));
    assert_eq!((done.counts.short, done.counts.few_far, done.counts.failed), (0, 0, 0));
    for row in &rows {
        assert_eq!(row.len(), 20);
        let query = gallery.record(&PhotoId(row.img_id.clone())).unwrap();
        assert_eq!((row.gps, &row.author), (gps(query.location), &query.attribution.author));
        assert!(row.ref_similarity.as_ref().unwrap().is_sorted_by(|a, b| a >= b));
        let mut far = 0;
        for (index, id) in row.ref_img_id.iter().enumerate() {
            let photo = gallery.record(&PhotoId(id.clone())).unwrap();
            let km = geodesic_km(query.location, photo.location);
            assert!(photo.attribution.author != query.attribution.author && km >= 2.0 && *id != row.img_id);
            assert_eq!(row.ref_gps[index], gps(photo.location));
            assert_eq!(row.ref_texts[index], ["", "City", "", "", "", "Country"]);
            far += usize::from(km >= 750.0);
        }
        assert!(far >= 3);
        let near = |gps: &[f64; 2]| {
            let here = LatLon::new(gps[0], gps[1]).unwrap();
            let locations = row.candidate_locations().unwrap();
            locations.into_iter().filter(|other| geodesic_km(here, *other) < 1.0).count()
        };
        // Points within 1 km lie in at most four cells.
        assert!(row.ref_gps.iter().all(|gps| near(gps) <= 8));
    }
    // More far ones than the rules on authors and cells leave.
    let greedy = Rules { per_cell: Some(1), cell_km: 5000.0, ..rules };
    let out = folder.path().join("short.parquet");
    let done = run(&gallery, &out, &greedy, Sample::default()).unwrap();
    assert!(done.counts.short > 1000 && done.counts.widened >= done.counts.short, "{:?}", done.counts);
    assert_eq!(read(&out).iter().filter(|row| row.len() < 20).count() as u64, done.counts.short);
}

fn gps(location: LatLon) -> [f64; 2] {
    [location.latitude(), location.longitude()]
}

#[test]
fn the_official_layout_has_the_query_first() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = SMALL.build(&folder.path().join("gallery"), 2);
    let out = folder.path().join("set.parquet");
    let rules = Rules { exclude_self: false, near_duplicate_bits: None, ..Rules::default() };
    run(&gallery, &out, &rules, Sample { fraction: 0.1, seed: 3 }).unwrap();
    let rows = read(&out);
    assert!((100..220).contains(&rows.len()), "{}", rows.len());
    for row in &rows {
        assert!(row.starts_with_itself() && row.len() == 20);
        assert!(row.ref_img_id[1..].iter().all(|id| *id != row.img_id));
        assert_eq!(row.candidate_set().unwrap().candidates.len(), 19);
    }
}

#[test]
fn places_are_looked_up_where_they_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Synthetic { photos: 60, named: false, ..SMALL }.build(&folder.path().join("gallery"), 4);
    let out = folder.path().join("set.parquet");
    run(&gallery, &out, &Rules { top: 4, ..Rules::default() }, Sample::default()).unwrap();
    let geocoder = geo::ReverseGeocoder::embedded();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for row in read(&out) {
        for (fields, location) in row.ref_texts.iter().zip(row.candidate_locations().unwrap()) {
            assert_eq!(fields.len(), 6);
            let place = geocoder.place(location);
            assert_eq!(
                (&fields[1], &fields[5]),
                (&place.city.unwrap_or_default(), &place.country.unwrap_or_default())
            );
            *seen.entry(fields[5].clone()).or_default() += 1;
        }
    }
    assert!(!seen.is_empty());
}

/// Passes queries on and raises a flag after some of them, as Ctrl-C would.
struct Stopping<'a> {
    inner: GalleryQueries<'a>,
    left: usize,
    stop: &'a AtomicBool,
}

impl QuerySource for Stopping<'_> {
    fn identity(&self) -> String {
        self.inner.identity()
    }

    fn expected(&self) -> Option<u64> {
        self.inner.expected()
    }

    fn skip(&mut self, count: u64) -> Result<(), Failure> {
        self.inner.skip(count)
    }

    fn take(&mut self, count: usize) -> Result<Vec<QueryResult>, Failure> {
        if self.left == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.left = self.left.saturating_sub(1);
        let mut queries = self.inner.take(count)?;
        // One in a hundred cannot be read.
        for query in queries.iter_mut().step_by(100) {
            *query = Err(Failure::new(ErrorKind::InvalidPhoto, "broken"));
        }
        Ok(queries)
    }
}

#[test]
fn a_run_that_is_stopped_everywhere_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = SMALL.build(&folder.path().join("gallery"), 5);
    let rules = Rules { per_cell: Some(3), min_far: 2, ..Rules::default() };
    let sample = Sample { fraction: 0.9, seed: 1 };
    let go = |out: &Path, left: usize, resume: bool| {
        let stop = AtomicBool::new(false);
        let inner = GalleryQueries::new(&gallery, Channel::photo(), sample);
        let mut queries = Stopping { inner, left, stop: &stop };
        let mut failed = 0;
        let run = curate(&gallery, &mut queries, &plan(out, &rules, sample, resume), &stop, &mut |event| {
            failed += usize::from(matches!(event, CurationEvent::Failed(_)));
        });
        (run, failed)
    };
    let whole = folder.path().join("whole.parquet");
    let (run, failed) = go(&whole, usize::MAX, false);
    let counts = run.unwrap().counts;
    assert_eq!((counts.failed as usize, counts.queries - counts.failed), (failed, counts.written));

    let cut = folder.path().join("cut.parquet");
    assert!(go(&cut, 0, false).0.unwrap().stopped);
    let again = go(&cut, 0, false).0.unwrap_err();
    assert!(again.kind == ErrorKind::Usage && again.hint.unwrap().contains("`resume`"));
    // What a kill leaves: a part's counts without its rows, and files under temporary names.
    let parts = folder.path().join("cut.parquet.parts");
    fs::write(parts.join("000001.json"), "{").unwrap();
    fs::write(parts.join("000001.parquet.99.tmp"), "half").unwrap();
    let mut resumed = 0;
    loop {
        let run = go(&cut, 0, true).0.unwrap();
        if !run.stopped {
            assert_eq!(run.counts, counts);
            break;
        }
        resumed += 1;
        assert!(!cut.exists() && resumed < 10);
    }
    assert!(resumed >= 2);
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&cut).unwrap());
    assert!(!parts.exists());
}

#[test]
fn another_run_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = SMALL.build(&folder.path().join("gallery"), 6);
    let out = folder.path().join("set.parquet");
    let stop = AtomicBool::new(true);
    let rules = Rules::default();
    let resume = |rules: &Rules, sample: Sample, resume| {
        let mut queries = GalleryQueries::new(&gallery, Channel::photo(), sample);
        curate(&gallery, &mut queries, &plan(&out, rules, sample, resume), &stop, &mut |_| {})
    };
    let all = Sample::default();
    assert!(resume(&rules, all, false).unwrap().stopped);
    let other = resume(&Rules { top: 10, ..rules.clone() }, all, true).unwrap_err();
    assert!(
        other.message.contains("\"top\": 20") && other.message.contains("\"top\": 10"),
        "{}",
        other.message
    );
    assert!(resume(&rules, Sample { fraction: 0.5, seed: 0 }, true).is_err());
    assert!(resume(&rules, all, true).unwrap().stopped);
}

#[test]
fn photos_at_one_place_are_counted_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let one = Synthetic { photos: 40, a_place: 40, spread: 0.0, ..SMALL };
    let gallery = one.build(&folder.path().join("gallery"), 7);
    let out = folder.path().join("set.parquet");
    let done = run(&gallery, &out, &Rules::default(), Sample::default()).unwrap();
    assert_eq!((done.counts.one_place, done.counts.short), (40, 0));
    let out = folder.path().join("none.parquet");
    let error =
        run(&gallery, &out, &Rules { per_cell: Some(1), ..Rules::default() }, Sample::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoCandidates);
    assert!(error.message.contains("none of the 40 queries has 2 candidates"), "{}", error.message);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the gallery and the first dataset");
}
