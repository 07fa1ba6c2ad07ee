//! Line charts as SVG and PNG.
//!
//! # What it does
//! A [`Chart`] is laid out once, into lines and texts at places (`Mark`); two writers draw the same marks, one as SVG
//! text, one as pixels with letters of its own, so no system font is needed and the same chart gives the same bytes on
//! every machine.
//!
//! ```
//! use train::chart::{Chart, Series};
//!
//! let loss = Series::new("loss", vec![(1.0, 2.3), (2.0, 1.7), (3.0, 1.4)]);
//! let chart = Chart { title: "Loss".into(), x: "step".into(), y: "loss".into(), series: vec![loss] };
//! assert!(chart.svg().starts_with("<svg"));
//! assert!(chart.png().starts_with(b"\x89PNG"));
//! ```
//!
//! # Alternatives considered
//! A plotting crate. Those that write PNG bring a font stack and want fonts on the machine; these few charts need lines,
//! ticks and a legend.

mod glyphs;
mod layout;
mod raster;
mod svg;

pub(crate) use svg::escape_xml;

/// A line chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Above the chart.
    pub title: String,
    /// Under the horizontal axis.
    pub x: String,
    /// Over the vertical axis.
    pub y: String,
    /// The lines.
    pub series: Vec<Series>,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; a line without one is not in the legend.
    pub name: String,
    /// Places, from left to right; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Which colour; lines of one number belong together.
    pub colour: usize,
    /// Drawn thin and pale: what another line smooths.
    pub pale: bool,
}

impl Series {
    /// A line in the first colour.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, colour: 0, pale: false }
    }

    /// The same in another colour.
    #[must_use]
    pub fn coloured(self, colour: usize) -> Self {
        Self { colour, ..self }
    }

    /// The same, thin and pale.
    #[must_use]
    pub fn paled(self) -> Self {
        Self { pale: true, ..self }
    }
}

impl Chart {
    /// As SVG text.
    pub fn svg(&self) -> String {
        svg::write(&layout::marks(self))
    }

    /// As the bytes of a PNG, at twice the size of the SVG.
    pub fn png(&self) -> Vec<u8> {
        raster::write(&layout::marks(self))
    }
}

/// Size of the drawing.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 480.0;

/// A colour, red green blue.
type Colour = [u8; 3];

/// Something at a place; the origin is at the top left.
#[derive(Clone, Debug, PartialEq)]
enum Mark {
    /// Joined segments.
    Line { points: Vec<(f64, f64)>, colour: Colour, width: f64 },
    /// A line of text, its base line at `y`.
    Text { x: f64, y: f64, text: String, anchor: Anchor, size: f64 },
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    Start,
    Middle,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let broken = Series::new("a < b & c", vec![(0.0, f64::NAN), (f64::INFINITY, 1.0)]);
        for series in [vec![], vec![broken], vec![Series::new("one", vec![(3.0, 3.0)])]] {
            let chart = Chart { title: "\"<&>\"".into(), series, ..Chart::default() };
            let svg = chart.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<&>"), "{svg}");
            let png = image::load_from_memory(&chart.png()).unwrap();
            assert_eq!((png.width(), png.height()), (1800, 960));
        }
    }

    #[test]
    fn the_same_chart_gives_the_same_bytes() {
        let chart = Chart {
            title: "Loss".into(),
            x: "step".into(),
            y: "loss".into(),
            series: vec![Series::new("loss", (0..5000).map(|i| (f64::from(i), f64::from(i % 7))).collect())],
        };
        assert_eq!(chart.png(), chart.png());
        assert_eq!(chart.svg(), chart.svg());
        assert!(chart.svg().len() < 60_000, "long lines are thinned");
    }
}
