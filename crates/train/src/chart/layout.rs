//! Where everything goes.

use super::{Anchor, Chart, Colour, HEIGHT, Mark, WIDTH};

const LEFT: f64 = 78.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 56.0;
/// Points that a line keeps; more are averaged, for no screen shows them.
const POINTS: usize = 900;
const TEXT_SIZE: f64 = 13.0;
/// Width of a letter of that size in the PNG, whose letters are the wider ones.
const LETTER: f64 = 9.0;

/// Colours that are told apart by eyes of all kinds (those of Okabe and Ito), the darkest first.
const COLOURS: [Colour; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];
const GRID: Colour = [226, 228, 232];
const AXIS: Colour = [90, 96, 104];

/// The marks of a chart, back to front.
pub(super) fn marks(chart: &Chart) -> Vec<Mark> {
    let lines: Vec<Vec<(f64, f64)>> = chart.series.iter().map(|series| thinned(&series.points)).collect();
    let x = Axis::over(lines.iter().flatten().map(|point| point.0), LEFT, WIDTH - RIGHT);
    let y = Axis::over(lines.iter().flatten().map(|point| point.1), HEIGHT - BOTTOM, TOP);
    let text = |x, y, text: &str, anchor, size| Mark::Text { x, y, text: text.to_owned(), anchor, size };
    let line = |from, to, colour| Mark::Line { points: vec![from, to], colour, width: 1.0 };
    let mut marks = Vec::new();
    for value in x.ticks() {
        let at = x.place(value);
        marks.push(line((at, TOP), (at, HEIGHT - BOTTOM), GRID));
        marks.push(text(at, HEIGHT - BOTTOM + 20.0, &x.label(value), Anchor::Middle, TEXT_SIZE));
    }
    for value in y.ticks() {
        let at = y.place(value);
        marks.push(line((LEFT, at), (WIDTH - RIGHT, at), GRID));
        marks.push(text(LEFT - 8.0, at + 4.5, &y.label(value), Anchor::End, TEXT_SIZE));
    }
    marks.push(line((LEFT, TOP), (LEFT, HEIGHT - BOTTOM), AXIS));
    marks.push(line((LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM), AXIS));
    for (series, points) in chart.series.iter().zip(&lines) {
        let colour = colour_of(series.colour);
        let (colour, width) = if series.pale { (paled(colour), 1.0) } else { (colour, 2.0) };
        let points: Vec<(f64, f64)> =
            points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
        if let [(x, y)] = points[..] {
            // One point is not a line: a small cross.
            for (dx, dy) in [(3.0, 3.0), (3.0, -3.0)] {
                marks.push(Mark::Line { points: vec![(x - dx, y - dy), (x + dx, y + dy)], colour, width });
            }
        } else {
            marks.push(Mark::Line { points, colour, width });
        }
    }
    marks.push(text(LEFT, 24.0, &chart.title, Anchor::Start, 16.0));
    marks.push(text(LEFT, 46.0, &chart.y, Anchor::Start, TEXT_SIZE));
    marks.push(text(f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 14.0, &chart.x, Anchor::Middle, TEXT_SIZE));
    let mut right = WIDTH - RIGHT;
    for series in chart.series.iter().rev().filter(|series| !series.name.is_empty()) {
        marks.push(text(right, 46.0, &series.name, Anchor::End, TEXT_SIZE));
        right -= LETTER * series.name.chars().count() as f64 + 8.0;
        let points = vec![(right - 18.0, 41.5), (right, 41.5)];
        marks.push(Mark::Line { points, colour: colour_of(series.colour), width: 3.0 });
        right -= 36.0;
    }
    marks
}

fn colour_of(number: usize) -> Colour {
    COLOURS[number % COLOURS.len()]
}

/// Two thirds of the way to white.
fn paled(colour: Colour) -> Colour {
    colour.map(|part| 255 - (255 - part) / 3)
}

/// Finite points, no more than [`POINTS`]: runs of neighbours are averaged.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> =
        points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let run = points.len().div_ceil(POINTS).max(1);
    points
        .chunks(run)
        .map(|run| {
            let count = run.len() as f64;
            (
                run.iter().map(|point| point.0).sum::<f64>() / count,
                run.iter().map(|point| point.1).sum::<f64>() / count,
            )
        })
        .collect()
}

/// A range of values along a range of places.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
    /// Between ticks.
    step: f64,
}

impl Axis {
    /// From the smallest to the largest value, or around the only one; ends at ticks.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        let (least, most) = match most - least {
            width if !width.is_finite() => (0.0, 1.0),
            width if width <= least.abs().max(1e-9) * 1e-9 => (least - 0.5, least + 0.5),
            _ => (least, most),
        };
        let rough = (most - least) / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|nice| nice * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        Self { least: (least / step).floor() * step, most: (most / step).ceil() * step, from, to, step }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (value - self.least) / (self.most - self.least) * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = ((self.most - self.least) / self.step).round() as usize;
        (0..=count).map(|number| self.least + number as f64 * self.step)
    }

    /// With the decimals that ticks differ in; very large and very small ones by powers of ten.
    fn label(&self, value: f64) -> String {
        let value = if value.abs() < self.step * 1e-6 { 0.0 } else { value };
        if value != 0.0 && !(1e-4..1e7).contains(&self.most.abs().max(self.least.abs())) {
            return format!("{value:.1e}");
        }
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{value:.decimals$}")
    }
}
