//! Where the queries are.

use std::fmt::Write as _;

use geo::{MapPoint, OutlineScale, outlines};

use super::super::Statistics;
use super::super::statistics::MAP;
use super::svg::{Anchor, Svg, grouped};

/// Pixels a degree.
const SCALE: f64 = 3.0;
const LEFT: f64 = 20.0;
const TOP: f64 = 40.0;
const DOT: &str = "#b8442f";

/// A world map with a dot for each square degree that has queries; areas grow with the logarithm of their number.
pub fn query_map(statistics: &Statistics) -> String {
    let (width, height) = (360.0 * SCALE, 180.0 * SCALE);
    let mut svg = Svg::new(width + 2.0 * LEFT, height + TOP + 40.0, "Where the queries are");
    svg.rectangle([LEFT, TOP], [width, height], "#eef3f6");
    let world = outlines(OutlineScale::Coarse);
    let mut land = String::new();
    for ring in world.land.iter().flat_map(|polygon| &polygon.rings) {
        trace(&mut land, ring);
        land.push('Z');
    }
    svg.path(&land, "#dcd9d0", "#a8a498");
    let mut borders = String::new();
    for border in &world.borders {
        trace(&mut borders, border);
    }
    svg.path(&borders, "none", "#bdb9ad");
    let mut cells: Vec<(usize, u32)> = statistics
        .map
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(index, count)| (index, *count))
        .collect();
    // Small dots last, so that large ones do not cover them.
    cells.sort_by_key(|(index, count)| (std::cmp::Reverse(*count), *index));
    for &(index, count) in &cells {
        let [row, column] = [index / MAP[1], index % MAP[1]];
        svg.circle(
            [LEFT + (column as f64 + 0.5) * SCALE, TOP + (row as f64 + 0.5) * SCALE],
            radius(count),
            DOT,
            0.6,
        );
    }
    let foot = TOP + height + 24.0;
    let text =
        format!("{} queries in {} square degrees", grouped(statistics.queries), grouped(cells.len() as u64));
    svg.text([LEFT, foot], Anchor::Start, &text);
    let most = cells.first().map_or(1, |(_, count)| *count);
    let mut x = LEFT + width - 60.0;
    for count in [1, 10, 100, 1000].into_iter().filter(|count| *count <= most.max(1)).rev() {
        svg.circle([x, foot - 4.0], radius(count), DOT, 0.6);
        svg.text([x + 14.0, foot], Anchor::Start, &count.to_string());
        x -= 64.0;
    }
    svg.finish()
}

fn radius(count: u32) -> f64 {
    1.5 + 1.6 * f64::from(count).log10()
}

/// One decimal is a thirtieth of a degree.
fn trace(data: &mut String, line: &[MapPoint]) {
    for (index, [longitude, latitude]) in line.iter().enumerate() {
        let x = LEFT + (f64::from(*longitude) + 180.0) * SCALE;
        let y = TOP + (90.0 - f64::from(*latitude)) * SCALE;
        // Writing to a String cannot fail.
        let _ = write!(data, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
}
