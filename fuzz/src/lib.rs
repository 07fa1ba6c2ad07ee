//! Fuzz targets: one function for each kind of file or text that comes from strangers.
//!
//! **The idea.** A target is a plain function over bytes that panics when a promise is broken: what is read lies on Earth,
//! a picture stays within the allowed size, what is written reads back. libFuzzer calls it through a three-line program in
//! `fuzz_targets/`; the tests of this crate call the same function over the files in `corpus/`, so that every input that
//! once broke something is tried again on each change, without a nightly compiler.
//!
//! **The cast.** [`TARGETS`] lists all of them. [`fn@photo`], [`photo_heif`], [`photo_jxl`] and [`location`] read photos;
//! [`photo_table`], [`predictions`], [`parquet`], [`official_table`], [`npy`] and [`pairs`] read tables; [`checkpoint`],
//! [`pickle`] and [`adapter`] read weights; [`gallery_index`] and [`gallery_database`] read galleries; [`configuration`]
//! reads settings and [`answer`] reads what models say.
//!
//! ```
//! // Nothing that a model may say brings the reader down.
//! fuzz::answer("somewhere near 48.85, 2.35".as_bytes());
//! ```
//!
//! `cargo xtask fuzz` runs them: `cargo xtask fuzz --seconds 3600 photo`.
//!
//! **The choice not taken.** A structured generator per format (`arbitrary`) finds its way behind checksums and lengths
//! sooner, but it only finds what its author thought of. Where a checksum stands in the way, the target mends it.

#![allow(clippy::missing_panics_doc, reason = "a target panics when a promise is broken: that is its report")]

mod galleries;
mod photos;
mod scratch;
mod tables;
mod texts;
mod weights;

pub use galleries::{gallery_database, gallery_index, gallery_seeds};
pub use photos::{location, photo, photo_heif, photo_jxl};
pub use tables::{npy, official_table, pairs, parquet, photo_table, predictions};
pub use texts::{answer, configuration};
pub use weights::{adapter, checkpoint, pickle};

/// A target: its name, which is also that of its folder in `corpus/`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("photo", photo),
    ("photo_heif", photo_heif),
    ("photo_jxl", photo_jxl),
    ("location", location),
    ("photo_table", photo_table),
    ("predictions", predictions),
    ("parquet", parquet),
    ("official_table", official_table),
    ("npy", npy),
    ("pairs", pairs),
    ("checkpoint", checkpoint),
    ("pickle", pickle),
    ("adapter", adapter),
    ("configuration", configuration),
    ("answer", answer),
    ("gallery_index", gallery_index),
    ("gallery_database", gallery_database),
];

/// Lets panics unwind in a fuzzer as they do in the product.
///
/// libFuzzer aborts at every panic. Decoders of other people's making may panic on damaged files: the product catches
/// that and reports the file as damaged (`contract::catch_panic`). Only a panic that nobody catches is a find.
pub fn unwind_again() {
    std::panic::set_hook(Box::new(|_| {}));
}
