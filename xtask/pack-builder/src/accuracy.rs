//! The pack on held-out photos, method by method.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use contract::{Exclude, LocateOptions};
use evaluate::{EvaluateRequest, Format, Options, Selection, render, run};
use formats::table::{PhotoRow, PredictionRow, PredictionWriter};
use gallery::Gallery;
use geo::{LatLon, geodesic_km};
use georanker::{EncodedPhoto, Locator, Pack, Parts};
use photo::perceptual_hash;
use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;

use crate::gap::{self, Errors};
use crate::methods::Method;
use crate::photos::OpenPhotos;
use crate::select::encode;

/// Subsets of the report: a heading and conditions on the truth's columns.
const SUBSETS: [(&str, &str); 3] = [
    ("All photos", ""),
    ("Balanced photos", "balanced=1"),
    (
        "Balanced photos outside the two largest owners",
        "balanced=1,owner!=NewGraphEnvironment,owner!=WoollyMittens",
    ),
];

/// Predicts a split and writes the report.
pub(crate) fn report(
    pack: &Path,
    photos: &Path,
    split: &str,
    predictions: &Path,
    out: &Path,
) -> anyhow::Result<()> {
    let opened = OpenPhotos::open(photos)?;
    let rows = opened.split(split);
    ensure!(!rows.is_empty(), "no photos in split {split}");
    let manifest = Pack::open(pack)?;
    let parts = Parts::open(&manifest, None)?;
    let gallery = Arc::clone(&parts.gallery);
    let locator = Locator::from_parts(&manifest, parts)?;
    let queries = encode(&opened, &rows, &locator)?;
    let methods = Method::all(&manifest)?;
    fs::create_dir_all(predictions)?;
    let truth = photos.join("metadata.csv");
    let mut text = format!("# Accuracy of {} on split `{split}` ({} photos)\n", manifest.label(), rows.len());
    let _ = write!(
        text,
        "\nRanker: {}; {:.2} ms a candidate set, features and network.\n",
        locator.ranker().name(),
        ranking_time(&locator, &queries)?
    );
    for (heading, exclude) in [
        ("As the gallery is", Exclude::default()),
        ("With `--exclude same-author,near-duplicate`", Exclude { same_author: true, near_duplicate: true }),
    ] {
        let _ = write!(text, "\n## {heading}\n");
        let (files, errors) = predict((&locator, &gallery), &methods, &rows, &queries, exclude, predictions)?;
        text.push_str("\n### The gap to the best candidate\n");
        text.push_str(&gap::table(&rows, &SUBSETS, &errors)?);
        for (subset, conditions) in SUBSETS {
            let _ = write!(text, "\n### {subset}\n\n");
            let selection: Vec<String> = std::iter::once(format!("split={split}"))
                .chain((!conditions.is_empty()).then(|| conditions.to_owned()))
                .collect();
            let by = if conditions.is_empty() { vec!["owner".to_owned()] } else { Vec::new() };
            text.push_str(&evaluated(&truth, &files, &selection, by)?);
        }
    }
    fs::write(out, &text).with_context(|| out.display().to_string())?;
    eprintln!("{text}");
    Ok(())
}

fn evaluated(
    truth: &Path,
    files: &[PathBuf],
    selection: &[String],
    by: Vec<String>,
) -> anyhow::Result<String> {
    let mut request = EvaluateRequest::new(truth, files.to_vec());
    request.options = Options { by, selection: Selection::parse_all(selection)?, ..Options::default() };
    let mut text = render(&run(&request)?, Format::Markdown);
    // Confidence is stated by the default alone.
    let mut default_only = EvaluateRequest::new(truth, vec![files[1].clone()]);
    default_only.options =
        Options { calibration: true, selection: Selection::parse_all(selection)?, ..Options::default() };
    if request.options.by.is_empty() {
        return Ok(text);
    }
    text.push('\n');
    text.push_str(&render(&run(&default_only)?, Format::Markdown));
    Ok(text)
}

/// One predictions file a method that answers, and every method's errors.
fn predict(
    (locator, gallery): (&Locator, &Gallery),
    methods: &[Method],
    rows: &[PhotoRow],
    queries: &[EncodedPhoto],
    exclude: Exclude,
    directory: &Path,
) -> anyhow::Result<(Vec<PathBuf>, Vec<Errors>)> {
    let options = LocateOptions { exclude, top: 1, ..LocateOptions::default() };
    let suffix = if exclude == Exclude::default() { "" } else { "-excluded" };
    let ranked = locator.rank(queries, &options);
    let estimates = locator.locate_encoded(queries, &options);
    let mut random = ChaCha8Rng::seed_from_u64(20_262);
    let (mut files, mut all_errors) = (Vec::new(), Vec::new());
    for method in methods {
        let path = directory.join(format!("{}{suffix}.csv", method.name()));
        let mut writer = PredictionWriter::new(&path.display().to_string(), File::create(&path)?)?;
        let mut errors = Errors { name: method.name(), km: Vec::with_capacity(rows.len()) };
        for (((row, photo), ranked), estimate) in rows.iter().zip(queries).zip(&ranked).zip(&estimates) {
            let ranked = ranked.as_ref().map_err(Clone::clone)?;
            let location = match method {
                Method::RandomGallery => random_location(gallery, photo, exclude, &mut random),
                Method::Default => Some(estimate.as_ref().map_err(Clone::clone)?.location),
                other => other.answer(ranked, row.location)?,
            };
            let location = location.context("no candidate")?;
            errors.km.push(geodesic_km(location, row.location));
            let mut prediction = PredictionRow::new(row.id.clone(), location);
            if let (Method::Default, Ok(estimate)) = (method, estimate) {
                prediction.confidence = estimate.confidence.map_or([None; 5], |known| known.0.map(Some));
                prediction.abstained = Some(estimate.abstained());
            }
            writer.write(&prediction)?;
        }
        writer.finish()?;
        if !method.knows_the_truth() {
            files.push(path);
        }
        all_errors.push(errors);
    }
    Ok((files, all_errors))
}

/// Mean milliseconds in which the pack's ranker scores a set, after one that warms up.
fn ranking_time(locator: &Locator, queries: &[EncodedPhoto]) -> anyhow::Result<f64> {
    let ranked = locator.rank(queries, &LocateOptions::default());
    let sets: Vec<_> = ranked.into_iter().collect::<Result<_, _>>()?;
    let ranker = locator.ranker();
    let first = sets.first().context("no queries")?;
    ranker.rank(&first.set)?;
    let start = Instant::now();
    for one in &sets {
        ranker.rank(&one.set)?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e3 / sets.len() as f64)
}

fn random_location(
    gallery: &Gallery,
    photo: &EncodedPhoto,
    exclude: Exclude,
    random: &mut ChaCha8Rng,
) -> Option<LatLon> {
    let hash = photo.image.as_deref().map(perceptual_hash);
    let records = gallery.photos().filter(|record| {
        let same_author = exclude.same_author && record.attribution.author == photo.author;
        let near =
            exclude.near_duplicate && record.hash.zip(hash).is_some_and(|(one, other)| one.is_near(other));
        !same_author && !near
    });
    records.choose(random).map(|record| record.location)
}
