//! The pack on held-out photos, method by method.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use contract::table::{PhotoRow, PredictionRow, PredictionWriter};
use contract::{Channel, Exclude, LocateOptions, Photo, QueryEmbedding};
use evaluate::{EvaluateRequest, Format, Options, Selection, render, run};
use geo::LatLon;
use georanker::{Locator, Pack, Parts, hash_of, image_of};
use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;

use crate::photos::OpenPhotos;
use crate::select::encode;

/// The methods compared; the second is the reference of the comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// The location of the most similar gallery photo.
    NearestPhoto,
    /// The pack's own ranking and decision.
    Default,
    /// The most similar coordinate of the GPS channel.
    GpsChannel,
    /// The location of a random gallery photo.
    RandomGallery,
}

impl Method {
    const ALL: [Self; 4] = [Self::NearestPhoto, Self::Default, Self::GpsChannel, Self::RandomGallery];

    const fn name(self) -> &'static str {
        match self {
            Self::NearestPhoto => "nearest-photo",
            Self::Default => "default",
            Self::GpsChannel => "gps-channel",
            Self::RandomGallery => "random-gallery",
        }
    }
}

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
    let locator = Locator::from_parts(&manifest, Parts::open(&manifest, None)?)?;
    let queries = encode(&opened, &rows, &locator)?;
    fs::create_dir_all(predictions)?;
    let truth = photos.join("metadata.csv");
    let mut text = format!("# Accuracy of {} on split `{split}` ({} photos)\n", manifest.label(), rows.len());
    for (heading, exclude) in [
        ("As the gallery is", Exclude::default()),
        ("With `--exclude same-author,near-duplicate`", Exclude { same_author: true, near_duplicate: true }),
    ] {
        let _ = write!(text, "\n## {heading}\n");
        let files = predict(&locator, &rows, &queries, exclude, predictions)?;
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

fn predict(
    locator: &Locator,
    rows: &[PhotoRow],
    queries: &[(Photo, QueryEmbedding)],
    exclude: Exclude,
    directory: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let options = LocateOptions { exclude, top: 1, ..LocateOptions::default() };
    let suffix = if exclude == Exclude::default() { "" } else { "-excluded" };
    let ranked = locator.rank(queries, &options);
    let estimates = locator.locate_encoded(queries, &options);
    let mut random = ChaCha8Rng::seed_from_u64(20_262);
    let mut files = Vec::new();
    for method in Method::ALL {
        let path = directory.join(format!("{}{suffix}.csv", method.name()));
        let mut writer = PredictionWriter::new(&path.display().to_string(), File::create(&path)?)?;
        for (((row, (photo, _)), ranked), estimate) in rows.iter().zip(queries).zip(&ranked).zip(&estimates) {
            let ranked = ranked.as_ref().map_err(Clone::clone)?;
            let best_in = |channel: Channel, photos_only: bool| -> Option<LatLon> {
                let known = ranked.set.candidates.iter().filter(|one| !photos_only || one.photo.is_some());
                let scored = known.filter_map(|one| Some((one.similarity(&channel)?, one.location)));
                // The first maximum, as everywhere.
                scored
                    .reduce(|best, one| if one.0 > best.0 { one } else { best })
                    .map(|(_, location)| location)
            };
            let location = match method {
                Method::NearestPhoto => best_in(Channel::photo(), true),
                Method::GpsChannel => best_in(Channel::location(), false),
                Method::RandomGallery => random_location(locator, photo, exclude, &mut random)?,
                Method::Default => Some(estimate.as_ref().map_err(Clone::clone)?.location),
            };
            let mut prediction = PredictionRow::new(row.id.clone(), location.context("no candidate")?);
            if let (Method::Default, Ok(estimate)) = (method, estimate) {
                prediction.confidence = estimate.confidence.0.map(Some);
                prediction.abstained = Some(estimate.abstained);
            }
            writer.write(&prediction)?;
        }
        writer.finish()?;
        files.push(path);
    }
    Ok(files)
}

fn random_location(
    locator: &Locator,
    photo: &Photo,
    exclude: Exclude,
    random: &mut ChaCha8Rng,
) -> anyhow::Result<Option<LatLon>> {
    let hash = hash_of(&image_of(photo)?);
    let records = locator.gallery().records().filter(|record| {
        let same_author = exclude.same_author && record.attribution.author == photo.author;
        let near = exclude.near_duplicate && record.hash.is_some_and(|other| other.is_near(hash));
        !same_author && !near
    });
    Ok(records.choose(random).map(|record| record.location))
}
