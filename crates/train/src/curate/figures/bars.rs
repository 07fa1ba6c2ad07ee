//! How far candidates are: a histogram, and the bands position by position.

use super::super::statistics::{HISTOGRAM_FROM_KM, HISTOGRAM_STEPS, POSITIONS, STEPS_A_DECADE};
use super::super::{BAND_NAMES, Statistics};
use super::BAND_COLOURS;
use super::svg::{Anchor, INK, Svg, grouped};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 400.0;
/// The plot: left, top, right, bottom.
const PLOT: [f64; 4] = [70.0, 70.0, 840.0, 345.0];
const CANDIDATES: &str = "#94c973";
const BEST: &str = "#0b3c5d";

/// Shares of candidates, and of queries by their best candidate, over the distance to the query in steps of a fifth
/// of a power of ten.
pub fn distance_histogram(statistics: &Statistics) -> String {
    let [left, top, right, bottom] = PLOT;
    let mut svg = Svg::new(WIDTH, HEIGHT, "Distance from the query");
    let share = |counts: &[u64; HISTOGRAM_STEPS]| -> Vec<f64> {
        let total = counts.iter().sum::<u64>().max(1) as f64;
        counts.iter().map(|count| 100.0 * *count as f64 / total).collect()
    };
    let (all, best) = (share(&statistics.distances), share(&statistics.best_distances));
    let highest = all.iter().chain(&best).copied().fold(1.0, f64::max);
    let step = [1.0, 2.0, 5.0, 10.0, 20.0].into_iter().find(|step| highest / step <= 6.0).unwrap_or(20.0);
    let ceiling = (highest / step).ceil() * step;
    let y = |percent: f64| bottom - percent / ceiling * (bottom - top);
    axis(&mut svg, ceiling, step);
    svg.upright_text([22.0, f64::midpoint(top, bottom)], "percent");
    let wide = (right - left) / HISTOGRAM_STEPS as f64;
    for (index, (all, best)) in all.iter().zip(&best).enumerate() {
        let x = left + index as f64 * wide;
        for (offset, percent, colour) in [(0.08, *all, CANDIDATES), (0.5, *best, BEST)] {
            if percent > 0.0 {
                svg.rectangle([x + offset * wide, y(percent)], [0.42 * wide, bottom - y(percent)], colour);
            }
        }
        if index.is_multiple_of(STEPS_A_DECADE) {
            let decade = HISTOGRAM_FROM_KM * 10_f64.powi((index / STEPS_A_DECADE) as i32);
            let name =
                if decade < 1.0 { format!("{:.0} m", decade * 1000.0) } else { format!("{decade:.0} km") };
            svg.line([x, bottom], [x, bottom + 5.0], INK);
            svg.text([x, bottom + 20.0], Anchor::Middle, &name);
        }
    }
    svg.text(
        [f64::midpoint(left, right), bottom + 42.0],
        Anchor::Middle,
        "distance, the first step with what is nearer",
    );
    legend(
        &mut svg,
        &[
            (CANDIDATES, format!("{} candidates", grouped(statistics.candidates))),
            (BEST, format!("best candidate of each of {} queries", grouped(statistics.queries))),
        ],
    );
    svg.finish()
}

/// For each position of the lists the share of candidates in each band of distance.
pub fn list_positions(statistics: &Statistics) -> String {
    let [left, top, right, bottom] = PLOT;
    let mut svg = Svg::new(WIDTH, HEIGHT, "Distance by position in the list");
    axis(&mut svg, 100.0, 25.0);
    svg.upright_text([22.0, f64::midpoint(top, bottom)], "percent of the candidates there");
    let wide = (right - left) / statistics.by_position.len().max(1) as f64;
    let every = statistics.by_position.len().div_ceil(20).max(1);
    for (index, bands) in statistics.by_position.iter().enumerate() {
        let total = bands.iter().sum::<u64>().max(1) as f64;
        let x = left + index as f64 * wide;
        let mut base = bottom;
        for (count, colour) in bands.iter().zip(BAND_COLOURS) {
            let height = *count as f64 / total * (bottom - top);
            base -= height;
            if *count > 0 {
                svg.rectangle([x + 0.06 * wide, base], [0.88 * wide, height], colour);
            }
        }
        if index.is_multiple_of(every) {
            let last = index + 1 == POSITIONS;
            let name = format!("{}{}", index + 1, if last { "+" } else { "" });
            svg.text([x + wide / 2.0, bottom + 18.0], Anchor::Middle, &name);
        }
    }
    svg.text(
        [f64::midpoint(left, right), bottom + 42.0],
        Anchor::Middle,
        "position in the list, most similar first",
    );
    let names: Vec<(&str, String)> =
        BAND_COLOURS.into_iter().zip(BAND_NAMES).map(|(colour, name)| (colour, name.to_owned())).collect();
    legend(&mut svg, &names);
    svg.finish()
}

/// Horizontal lines with percentages, and the base.
fn axis(svg: &mut Svg, ceiling: f64, step: f64) {
    let [left, top, right, bottom] = PLOT;
    let mut percent = 0.0;
    while percent <= ceiling {
        let y = bottom - percent / ceiling * (bottom - top);
        svg.line([left, y], [right, y], if percent > 0.0 { "#dddddd" } else { INK });
        svg.text([left - 8.0, y + 4.0], Anchor::End, &format!("{percent:.0}"));
        percent += step;
    }
}

fn legend(svg: &mut Svg, entries: &[(&str, String)]) {
    let mut x = PLOT[0];
    for (colour, name) in entries {
        svg.rectangle([x, 42.0], [12.0, 12.0], colour);
        svg.text([x + 18.0, 52.5], Anchor::Start, name);
        x += 44.0 + 6.7 * name.chars().count() as f64;
    }
}
