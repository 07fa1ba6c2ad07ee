//! A world-wide test bed on which rankers must learn, without photos.
//!
//! # What it does
//! One public-domain image of the whole Earth holds what geolocation is about: deserts, forests, coasts and snow look
//! alike in far apart places, and yet not quite. Small squares of it, seen straight from above and jittered in
//! colour, turn and scale, are the photos; places on land, spread evenly over the sphere, are gallery and queries. A
//! hand-made description retrieves candidates; rankers learn to choose among them with the multi-order loss.
//!
//! # Main types
//! [`WholeEarth`] is the image, [`view()`] cuts a square out of it, [`draw_places`] spreads places, [`make_bed`] makes
//! gallery, queries and candidates of it all; [`files`] writes them where files are needed. [`run_set`] and [`run_vlm`]
//! train and judge a ranker in one [`Variant`] of loss and input; [`write_tiny_vlm`] makes the network for the latter;
//! [`run_bench`] runs everything, and [`BenchReport`] is the table.
//!
//! # Alternatives considered
//! Synthetic scenes whose colours follow from the coordinates by a formula. Whatever learns them learns the formula;
//! here nobody wrote down what tells the Gobi from the Namib.
#![forbid(unsafe_code)]

mod bed;
mod bench;
mod descriptor;
mod experiment;
pub mod files;
mod places;
mod report;
mod set_ranker;
mod tiny_vlm;
mod view;
mod vlm_ranker;
mod world;

pub use bed::{Bed, BedSettings, Query, View, make_bed, search_channel};
pub use bench::{BenchReport, BenchSettings, run_bench, untrained_rows};
pub use descriptor::{LENGTH as DESCRIPTION_LENGTH, describe};
pub use experiment::{Budget, Points, Variant, errors_km, train_into};
pub use places::{NamedPlace, draw_places};
pub use report::{Accuracy, Curve, RADII_KM, Row, accuracy_table, curve_table};
pub use set_ranker::{SET_BUDGET, run_set, set_training};
pub use tiny_vlm::{TinyShape, write_tiny_vlm};
pub use view::{Frame, Jitter, view};
pub use vlm_ranker::{BedPhotos, VLM_BUDGET, run_vlm, vlm_training};
pub use world::{WholeEarth, is_water};

/// A directory with a Qwen2-VL tokenizer in the repository.
pub fn tokens_directory() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tiny-qwen2vl")
}

/// The repository's image of the Earth.
pub fn earth_file() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/blue-marble/earth.jpg")
}

#[cfg(test)]
fn sample_earth() -> WholeEarth {
    WholeEarth::open(&earth_file()).unwrap()
}
