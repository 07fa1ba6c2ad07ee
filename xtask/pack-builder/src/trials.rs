//! The set ranker trained in different ways, side by side on `val`: what was tried before one was chosen.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use contract::{Decide, RADII_KM, Ranker};
use formats::table::PhotoRow;
use geo::geodesic_km;
use geo::metrics::{mean_geo_score, median_km, percent_within};
use georanker::Ranked;
use rank::set::SetRanker;
use rank::{Keep, MultiOrderLoss, decide};
use train::set::SetSettings;

use crate::build::{Ingredients, open_encoder, validation};
use crate::photos::OpenPhotos;
use crate::select::{self, rerank_with};
use crate::set::{Plan, Workshop};
use crate::steps::Steps;

/// The trials: each changes one thing of the plan that the pack is built with.
fn trials() -> Vec<(&'static str, Plan)> {
    let usual = Plan::default;
    let calm = SetSettings {
        feature_dropout: 0.0,
        vector_dropout: 0.0,
        layer_dropout: 0.0,
        candidates_lost: 0.0,
        similarity_noise: 0.0,
        channel_lost: 0.0,
        twins: 0.0,
        ..usual().settings
    };
    let strong =
        SetSettings { feature_dropout: 0.3, layer_dropout: 0.3, candidates_lost: 0.6, ..usual().settings };
    let steps = |count, learning_rate| Steps { count, learning_rate, ..usual().steps };
    let loss = |lambda, keep| MultiOrderLoss { lambda, keep, ..MultiOrderLoss::default() };
    vec![
        ("the pack's plan", usual()),
        ("one layer of attention, width 32", Plan { layers: 1, ..usual() }),
        ("two layers of attention, width 64", Plan { width: 64, layers: 2, ..usual() }),
        ("scored by its own probability (no reach)", Plan { reach: Vec::new(), ..usual() }),
        ("no twins", Plan { settings: SetSettings { twins: 0.0, ..usual().settings }, ..usual() }),
        ("no query without its author", Plan { other_authors_every: None, ..usual() }),
        ("a third as many steps", Plan { steps: steps(270, 1e-3), ..usual() }),
        ("a third of the learning rate", Plan { steps: steps(800, 3e-4), ..usual() }),
        ("more decay", Plan { steps: Steps { weight_decay: 0.3, ..usual().steps }, ..usual() }),
        ("no dropout, no perturbed sets", Plan { settings: calm, ..usual() }),
        ("more dropout, more perturbed sets", Plan { settings: strong, ..usual() }),
        ("vectors of the photos, 8 directions", Plan { directions: 8, ..usual() }),
        ("20 candidates", Plan { max_candidates: 20, ..usual() }),
        ("K = 1", Plan { loss: loss(1.0, Keep::First(1)), ..usual() }),
        ("both orders, K = 5, lambda 0.7", Plan { loss: loss(0.7, Keep::First(5)), ..usual() }),
    ]
}

/// Carries out the trials and writes the page.
pub(crate) fn run(
    pack: &Path,
    photos: &Path,
    cache: Option<&Path>,
    only: &str,
    out: &Path,
) -> anyhow::Result<()> {
    let photos = OpenPhotos::open(photos)?;
    let ingredients = Ingredients::gather(pack, &photos, cache)?;
    let (mut manifest, encoder) = open_encoder(pack)?;
    let validation = validation(&photos, pack, &manifest, encoder)?;
    let base = select::choose(&mut manifest, &validation)?;
    let workshop = Workshop::open(&manifest, pack, &ingredients, &validation, &base, cache)?;
    let rows = &validation.rows;
    let mut text = format!(
        "# Trials of the set ranker on split `val` ({} photos)\n\nPercent within 1 / 25 / 200 / 750 / 2500 km; \
         median, km; `GeoScore`. \"Without authors\": candidates by the photo's own author and near-duplicates \
         excluded. Each row: the average of three seeds' networks, and at 25 and 200 km the seeds alone, lowest to \
         highest.\n\n| plan | val | median | score | seeds, 25 km | seeds, 200 km | without authors | score | minutes |\n\
         | --- | --- | ---: | ---: | --- | --- | --- | ---: | ---: |\n",
        rows.len()
    );
    let (plain, excluding) = (Figures::of(rows, &workshop.plain), Figures::of(rows, &workshop.excluding));
    line(&mut text, "similarity", &plain, &[], &excluding, 0.0);
    for (name, plan) in trials().into_iter().filter(|(name, _)| name.contains(only)) {
        let started = Instant::now();
        let members = workshop.train(&plan)?;
        let figures = |ranker: &dyn Ranker, sets: &[Ranked]| -> anyhow::Result<Figures> {
            Ok(Figures::of(rows, &rerank_with(ranker, sets)?))
        };
        let alone: Vec<Figures> =
            members.iter().map(|one| figures(one, &workshop.plain)).collect::<Result<_, _>>()?;
        let together = SetRanker::together(members)?;
        let (plain, excluding) =
            (figures(&together, &workshop.plain)?, figures(&together, &workshop.excluding)?);
        line(&mut text, name, &plain, &alone, &excluding, started.elapsed().as_secs_f64() / 60.0);
        // Written as it grows: trials take long.
        fs::write(out, &text).with_context(|| out.display().to_string())?;
        eprintln!("{}", text.lines().last().unwrap_or_default());
    }
    Ok(())
}

/// Accuracy of one ranker on one list of sets.
struct Figures {
    within: [f64; RADII_KM.len()],
    median_km: f64,
    score: f64,
}

impl Figures {
    fn of(rows: &[PhotoRow], ranked: &[Ranked]) -> Self {
        let error = |(row, one): (&PhotoRow, &Ranked)| {
            let chosen = decide(&one.set, &one.ranking, 1.0, Decide::Argmax)?.chosen;
            Some(geodesic_km(row.location, one.set.candidates[chosen].location))
        };
        let errors: Vec<Option<f64>> = rows.iter().zip(ranked).map(error).collect();
        Self {
            within: RADII_KM.map(|radius| percent_within(&errors, radius)),
            median_km: median_km(&errors),
            score: mean_geo_score(&errors),
        }
    }

    fn listed(&self) -> String {
        self.within.map(|percent| format!("{percent:.1}")).join(" / ")
    }
}

fn line(
    text: &mut String,
    name: &str,
    plain: &Figures,
    alone: &[Figures],
    excluding: &Figures,
    minutes: f64,
) {
    let spread = |radius: usize| {
        let values = || alone.iter().map(|one| one.within[radius]);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        if alone.is_empty() { "-".to_owned() } else { format!("{low:.1} to {high:.1}") }
    };
    let _ = writeln!(
        text,
        "| {name} | {} | {:.0} | {:.0} | {} | {} | {} | {:.0} | {minutes:.1} |",
        plain.listed(),
        plain.median_km,
        plain.score,
        spread(1),
        spread(2),
        excluding.listed(),
        excluding.score,
    );
}
