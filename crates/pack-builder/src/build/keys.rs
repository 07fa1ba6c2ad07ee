//! Names of what the steps make: hashes of everything that they depend on.

use std::fs;
use std::path::Path;

use files::sha256_of_file;

use crate::BuildError;
use crate::config::BuildConfig;
use crate::work::Key;

/// What each step's directory is named after.
pub(super) struct Keys {
    pub(super) features: Key,
    pub(super) refuse: Key,
    pub(super) places: Key,
    pub(super) heads: Key,
    pub(super) gallery: Key,
    pub(super) folds: Key,
    pub(super) ranker: Key,
    pub(super) confidence: Key,
    pub(super) report: Key,
}

impl Keys {
    pub(super) fn of(config: &BuildConfig, files: &Key) -> Result<Self, BuildError> {
        let table = digest(&config.photos.table)?;
        // Machines that share the work have the photos at other places: the archive's length stands for it.
        let archive = fs::metadata(&config.photos.from).map_err(BuildError::io(&config.photos.from))?;
        let archive = archive.is_file().then_some(archive.len());
        let encoder = (config.encoder.kind, &config.encoder.views, config.encoder.dtype, config.fits_heads());
        let features = Key::of("features", &(&encoder, &table, archive), &[files]);
        let refuse = match &config.photos.refuse {
            Some(refuse) => Key::of("refuse", &(&encoder, digest(&refuse.table)?), &[files]),
            None => Key::of("refuse", &(), &[]),
        };
        let places = Key::of("places", &(config.fits_heads(), &table), &[files]);
        let splits = (config.photos.validation_share, config.photos.test_share);
        let heads = Key::of("heads", &(&config.heads, config.seed, splits), &[&features, &places]);
        let naming = (&config.name, &config.photos.gallery_name, &config.out);
        let gallery = Key::of("gallery", &naming, &[&heads]);
        let folds = Key::of("folds", &config.folds, &[&heads]);
        let ranker = Key::of("ranker", &(&config.ranker, config.retrieval, config.confidence.fit), &[&folds]);
        let confidence = Key::of("confidence", &config.confidence, &[&ranker, &refuse]);
        let report = Key::of("report", &(&config.name, &config.version), &[&confidence]);
        Ok(Self { features, refuse, places, heads, gallery, folds, ranker, confidence, report })
    }
}

/// The SHA-256 of a file.
pub(super) fn digest(path: &Path) -> Result<String, BuildError> {
    sha256_of_file(path).map(|sum| sum.sha256).map_err(BuildError::io(path))
}
