//! The whole table: rows without training, then every ranker, variant and seed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bed::{Bed, BedSettings, Query, make_bed, search_channel};
use crate::experiment::{Budget, Points, Variant};
use crate::report::{Accuracy, Curve, Row, accuracy_table, curve_table};
use crate::set_ranker::{SET_BUDGET, run_set};
use crate::tiny_vlm::{TinyShape, write_tiny_vlm};
use crate::vlm_ranker::{BedPhotos, VLM_BUDGET, run_vlm};
use crate::world::WholeEarth;

/// What to run.
#[derive(Clone, Debug)]
pub struct BenchSettings {
    /// The bed.
    pub bed: BedSettings,
    /// Seeds of the runs.
    pub seeds: Vec<u64>,
    /// Of the set ranker; none: left out.
    pub set: Option<Budget>,
    /// Of the LVLM ranker; none: left out.
    pub vlm: Option<Budget>,
    /// The variants.
    pub variants: Vec<Variant>,
    /// Where models and logs go.
    pub work: PathBuf,
    /// A Qwen2-VL checkpoint whose tokenizer is taken.
    pub tokens: PathBuf,
}

impl BenchSettings {
    /// The whole table, or with `quick` one seed, few steps and half the test queries.
    pub fn new(work: PathBuf, tokens: PathBuf, quick: bool) -> Self {
        let mut bed = BedSettings::default();
        let shorter = |budget: Budget| Budget { steps: budget.steps / 5, validations: 3, ..budget };
        let (mut set, mut vlm) = (SET_BUDGET, VLM_BUDGET);
        let mut seeds = vec![0, 1, 2];
        if quick {
            (set, vlm) = (shorter(set), shorter(vlm));
            bed.test /= 2;
            seeds.truncate(1);
        }
        Self { bed, seeds, set: Some(set), vlm: Some(vlm), variants: Variant::ALL.to_vec(), work, tokens }
    }
}

/// Accuracies and losses.
#[derive(Clone, Debug, Default)]
pub struct BenchReport {
    /// One a method.
    pub rows: Vec<Row>,
    /// One a run.
    pub curves: Vec<Curve>,
}

impl BenchReport {
    /// Both tables, as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = accuracy_table(&self.rows);
        // Runs of one method share their steps.
        for method in ["Set ranker", "LVLM"] {
            let curves: Vec<Curve> =
                self.curves.iter().filter(|curve| curve.name.starts_with(method)).cloned().collect();
            if !curves.is_empty() {
                let _ = write!(
                    text,
                    "\n{method}: mean validation loss after so many steps\n\n{}",
                    curve_table(&curves)
                );
            }
        }
        text
    }
}

/// Runs everything, telling `tell` what is done.
///
/// # Errors
/// Whatever fails first.
pub fn run_bench(
    earth: &WholeEarth,
    settings: &BenchSettings,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<BenchReport> {
    let started = Instant::now();
    let bed = make_bed(earth, &settings.bed)?;
    tell(&format!("the bed: {:.0} s", started.elapsed().as_secs_f64()));
    let mut report = BenchReport { rows: untrained_rows(&bed, &settings.seeds), curves: Vec::new() };
    if let Some(budget) = &settings.set {
        runs("Set ranker", settings, &mut report, tell, |variant, seed, out| {
            run_set(&bed, variant, budget, seed, out)
        })?;
    }
    if let Some(budget) = &settings.vlm {
        let model = settings.work.join("tiny-qwen2-vl");
        write_tiny_vlm(&model, &settings.tokens, &TinyShape::default(), settings.bed.seed)?;
        let photos: Arc<BedPhotos> = BedPhotos::new(&bed);
        runs("LVLM", settings, &mut report, tell, |variant, seed, out| {
            run_vlm(&bed, &photos, &model, variant, budget, seed, out)
        })?;
    }
    tell(&format!("all of it: {:.0} s", started.elapsed().as_secs_f64()));
    Ok(report)
}

fn runs(
    method: &str,
    settings: &BenchSettings,
    report: &mut BenchReport,
    tell: &mut dyn FnMut(&str),
    mut run: impl FnMut(Variant, u64, &Path) -> anyhow::Result<(Points, Vec<f64>)>,
) -> anyhow::Result<()> {
    for &variant in &settings.variants {
        let name = format!("{method}, {}", variant.name());
        let mut row = Row { name: name.clone(), runs: Vec::new(), seconds: 0.0 };
        for &seed in &settings.seeds {
            let started = Instant::now();
            let directory = format!("{}-{}-{seed}", method.to_lowercase().replace(' ', "-"), variant.slug());
            let (points, errors) = run(variant, seed, &settings.work.join(directory))?;
            let accuracy = Accuracy::of(&errors);
            let seconds = started.elapsed().as_secs_f64();
            tell(&format!(
                "{name}, seed {seed}: {seconds:.0} s, median {:.0} km, loss {}",
                accuracy.median_km,
                points.iter().map(|(_, loss)| format!("{loss:.3}")).collect::<Vec<_>>().join(" ")
            ));
            row.seconds += seconds;
            row.runs.push(accuracy);
            report.curves.push(Curve { name: format!("{name}, seed {seed}"), points });
        }
        report.rows.push(row);
    }
    Ok(())
}

/// What can be had without a ranker, and the best there is in the lists.
pub fn untrained_rows(bed: &Bed, seeds: &[u64]) -> Vec<Row> {
    let row = |name: &str, runs: Vec<Accuracy>| Row { name: name.into(), runs, seconds: 0.0 };
    let errors = |choose: &mut dyn FnMut(&Query) -> f64| {
        Accuracy::of(&bed.test.iter().map(choose).collect::<Vec<_>>())
    };
    let random = seeds.iter().map(|seed| {
        let mut random = ChaCha8Rng::seed_from_u64(*seed);
        errors(&mut |query| query.distances_km[random.random_range(0..query.distances_km.len())])
    });
    let most_similar = |query: &Query| {
        let similarity = |index: &usize| query.set.candidates[*index].similarity(&search_channel());
        let best = (0..query.distances_km.len()).max_by(|a, b| {
            similarity(a).partial_cmp(&similarity(b)).unwrap_or(std::cmp::Ordering::Equal).then(b.cmp(a))
        });
        best.map_or(f64::NAN, |best| query.distances_km[best])
    };
    vec![
        row("A candidate at random", random.collect()),
        row("The most similar candidate", vec![errors(&mut |query| most_similar(query))]),
        row(
            "The best candidate there is",
            vec![errors(&mut |query| query.distances_km.iter().copied().fold(f64::INFINITY, f64::min))],
        ),
    ]
}
