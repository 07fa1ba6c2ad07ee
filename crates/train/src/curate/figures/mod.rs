//! Figures of a dataset as SVG, each a page of its own: no fonts, scripts or files besides.

mod bars;
mod map;
mod svg;

pub use bars::{distance_histogram, list_positions};
pub use map::query_map;

/// Colours of the distance bands, nearest first: dark to light, told apart in grey as well.
const BAND_COLOURS: [&str; super::BANDS] = ["#0b3c5d", "#1d6996", "#3fa4a0", "#94c973", "#e6c34a", "#d9d9d9"];
