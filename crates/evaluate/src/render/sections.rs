//! What is shown to people: a list of small tables, the same in a terminal and in Markdown.

use contract::RADII_KM;
use geo::metrics::Improvement;

use super::grid::{Grid, escaped, printable};
use super::numbers::{kilometres, measured, p_value, percent, points, share, signed};
use super::strata;
use crate::{Breakdown, Calibration, Comparison, Evaluation, Measured, Outcome, Report};

/// The field's names of the radii.
const LEVELS: [&str; 5] = ["street", "city", "region", "country", "continent"];

/// A table with its title and a remark.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) remark: String,
    pub(super) grid: Grid,
}

impl Section {
    pub(super) fn to_text(&self) -> String {
        let remark = if self.remark.is_empty() { String::new() } else { printable(&self.remark) + "\n" };
        format!("{}\n\n{}{remark}", printable(&self.title), self.grid.to_text())
    }

    pub(super) fn to_markdown(&self) -> String {
        let remark =
            if self.remark.is_empty() { String::new() } else { format!("\n{}\n", escaped(&self.remark)) };
        format!("### {}\n\n{}{remark}", escaped(&self.title), self.grid.to_markdown())
    }
}

pub(super) fn sections(outcome: &Outcome) -> Vec<Section> {
    let several = outcome.evaluations.len() > 1;
    let of = |name: &str| if several { format!(" of {name}") } else { String::new() };
    let mut sections = vec![accuracy(outcome)];
    let resamples = outcome.options.bootstrap.resamples;
    sections.extend(outcome.comparisons.iter().map(|comparison| difference(comparison, resamples)));
    for one in &outcome.evaluations {
        let of = of(&one.predictions);
        sections.extend(one.report.by.iter().map(|breakdown| by_value(breakdown, &of)));
        sections.extend(one.gallery_distance.iter().map(|distance| strata::gallery_distance(distance, &of)));
        if let Some(countries) = &one.countries {
            sections.extend(strata::countries(countries, &of));
        }
        if let Some(calibration) = &one.calibration {
            sections.push(honesty(calibration, &of));
            sections.push(strata::ranking(calibration, &of));
            sections.extend(one.abstention.iter().map(|abstention| strata::abstention(abstention, &of)));
            sections.extend(reliability(calibration, &of));
        }
    }
    sections
}

fn radius_name(index: usize) -> String {
    format!("within {} km ({}), %", RADII_KM[index], LEVELS[index])
}

fn accuracy(outcome: &Outcome) -> Section {
    let bootstrap = outcome.options.bootstrap;
    let resampled = bootstrap.resamples > 0;
    let names = outcome.evaluations.iter().map(|one| one.predictions.clone());
    let mut grid = Grid::new(std::iter::once(String::new()).chain(names));
    let mut row = |name: String, cell: &dyn Fn(&Evaluation) -> String| {
        grid.push(std::iter::once(name).chain(outcome.evaluations.iter().map(cell)));
    };
    row("photos".into(), &|one| one.report.n.to_string());
    row("with a prediction".into(), &|one| one.report.matched.to_string());
    for index in 0..RADII_KM.len() {
        row(radius_name(index), &|one| {
            let within = one.report.within_km[index];
            let value = Measured { value: within.percent, low: within.low, high: within.high };
            measured(value, resampled, percent)
        });
    }
    row("median error, km".into(), &|one| measured(one.report.median_km, resampled, kilometres));
    row("mean error, km".into(), &|one| measured(one.report.mean_km, resampled, kilometres));
    row("GeoScore, 0 to 5000".into(), &|one| measured(one.report.geoscore, resampled, points));
    let selection = &outcome.options.selection;
    let which = if selection.is_empty() { String::new() } else { format!(", {selection}") };
    let misses = if resampled {
        let (resamples, seed) = (bootstrap.resamples, bootstrap.seed);
        format!(
            "In brackets: 95 % intervals, {resamples} bootstrap resamples, seed {seed}. A photo without a \
                 prediction is a miss; the mean error leaves it out."
        )
    } else {
        "A photo without a prediction is a miss; the mean error leaves it out.".into()
    };
    // The photos are the same for all predictions.
    let left_out = outcome.evaluations.first().map(|one| not_judged(&one.report)).unwrap_or_default();
    Section { title: format!("Accuracy on {}{which}", outcome.truth), remark: misses + &left_out, grid }
}

/// How many photos are left out at which radius; nothing if none is.
fn not_judged(report: &Report) -> String {
    let left_out = report.within_km.iter().filter(|within| within.not_judged > 0);
    let counts: Vec<String> =
        left_out.map(|within| format!("{} within {} km", within.not_judged, within.radius_km)).collect();
    if counts.is_empty() {
        return String::new();
    }
    format!(
        " Not judged, because the place of the photo is less precise (precision_km): {}.",
        counts.join(", ")
    )
}

fn difference(comparison: &Comparison, resamples: usize) -> Section {
    let mut grid = Grid::new(["", "better by", "95 % interval", "p"]);
    let mut row = |name: String, better: &Improvement, write: fn(f64) -> String| {
        let (low, high) = (signed(better.low, write), signed(better.high, write));
        let interval = if resamples == 0 { "none".into() } else { format!("[{low}, {high}]") };
        grid.push([name, signed(better.difference, write), interval, p_value(better.p, resamples)]);
    };
    for (index, better) in comparison.within_km.iter().enumerate() {
        row(radius_name(index), better, percent);
    }
    row("median error, km".into(), &comparison.median_km, kilometres);
    row("GeoScore, 0 to 5000".into(), &comparison.geoscore, points);
    Section {
        title: format!("{} against {}", comparison.predictions, comparison.reference),
        remark: "Above zero means better. Paired bootstrap: the same photos for both; p is the share of the \
                 resamples without an improvement."
            .into(),
        grid,
    }
}

fn by_value(breakdown: &Breakdown, of: &str) -> Section {
    let groups = breakdown
        .groups
        .iter()
        .map(|(value, report)| (if value.is_empty() { "(empty)".to_owned() } else { value.clone() }, report));
    let grid = groups_grid(&breakdown.column, groups);
    let left_out = breakdown
        .groups
        .iter()
        .any(|(_, report)| report.within_km.iter().any(|within| within.not_judged > 0));
    let remark = if left_out {
        "At each radius without the photos whose precision_km is larger; the JSON form counts them."
    } else {
        ""
    };
    Section { title: format!("Accuracy{of} by {}", breakdown.column), remark: remark.into(), grid }
}

/// The accuracy of some groups of photos, one row each.
pub(super) fn groups_grid<'a>(name: &str, groups: impl Iterator<Item = (String, &'a Report)>) -> Grid {
    let mut header = vec![name.to_owned(), "photos".into(), "predicted".into()];
    header.extend(RADII_KM.map(|radius| format!("< {radius} km, %")));
    header.extend(["median km".into(), "mean km".into(), "GeoScore".into()]);
    let mut grid = Grid::new(header);
    for (value, report) in groups {
        let mut row = vec![value, report.n.to_string(), report.matched.to_string()];
        row.extend(report.within_km.map(|within| percent(within.percent)));
        row.extend([kilometres(report.median_km.value), kilometres(report.mean_km.value)]);
        row.push(points(report.geoscore.value));
        grid.push(row);
    }
    grid
}

fn honesty(calibration: &Calibration, of: &str) -> Section {
    let mut grid = Grid::new([
        "",
        "photos",
        "mean confidence",
        "correct",
        "calibration error",
        "in bins of equal width",
        "Brier score",
    ]);
    for one in &calibration.radii {
        let brier = if one.n == 0 { "none".into() } else { format!("{:.4}", one.brier) };
        grid.push([
            format!("within {} km", one.radius_km),
            one.n.to_string(),
            share(one.mean_confidence),
            share(one.correct),
            share(one.equal_mass.expected_calibration_error),
            share(one.expected_calibration_error),
            brier,
        ]);
    }
    Section {
        title: format!("Calibration{of}"),
        remark: "Over the photos whose prediction states a confidence; errors and scores: 0 is perfect. The \
                 expected calibration error is that of ten bins of equally many photos; beside it that of ten bins of \
                 equal width."
            .into(),
        grid,
    }
}

fn reliability<'a>(calibration: &'a Calibration, of: &'a str) -> impl Iterator<Item = Section> + 'a {
    calibration.radii.iter().filter_map(move |one| {
        let mut grid = Grid::new(["confidence", "photos", "mean confidence", "correct"]);
        for bin in one.bins.iter().filter(|bin| bin.n > 0) {
            grid.push([
                format!("{:.0} to {:.0} %", 100.0 * bin.low, 100.0 * bin.high),
                bin.n.to_string(),
                share(bin.mean_confidence),
                share(bin.correct),
            ]);
        }
        let title = format!("Reliability{of} within {} km", one.radius_km);
        (!grid.is_empty()).then_some(Section { title, remark: String::new(), grid })
    })
}
