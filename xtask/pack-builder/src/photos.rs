//! The open photos: table, pixels, features.

use std::path::{Path, PathBuf};

use anyhow::Context;
use contract::PerceptualHash;
use files::sha256_hex;
use formats::table::{PhotoRow, read_photos};
use gallery::{PhotoSource, TarSource};
use geo::{LatLon, ReverseGeocoder};
use georanker::FeatureExtractor;
use photo::perceptual_hash;
use photo::{DecodeOptions, Image, Limits, decode};
use rayon::prelude::*;

use crate::cache::cached;

/// The photos and where they are.
pub(crate) struct OpenPhotos {
    /// All rows of the table.
    pub(crate) rows: Vec<PhotoRow>,
    source: TarSource,
    directory: PathBuf,
}

impl OpenPhotos {
    /// Reads `metadata.csv` and opens `photos.tar`.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let mut rows = read_photos(directory.join("metadata.csv"))?;
        for row in &mut rows {
            // The table names the nearest town, across borders too; the geocoder stays in the country, and a
            // photo is then named as its surroundings are in every answer.
            let found = ReverseGeocoder::embedded().place(row.location);
            if found.country.is_some() {
                row.place = found;
            }
        }
        let source = TarSource::open(&directory.join("photos.tar"))?;
        Ok(Self { rows, source, directory: directory.to_owned() })
    }

    /// The rows of a split, in the table's order.
    pub(crate) fn split(&self, name: &str) -> Vec<PhotoRow> {
        self.rows.iter().filter(|row| row.split.as_deref() == Some(name)).cloned().collect()
    }

    /// A photo's pixels.
    pub(crate) fn image(&self, row: &PhotoRow) -> anyhow::Result<Image> {
        let bytes = self.source.read(&row.id)?;
        decode(&bytes, &Limits::default(), DecodeOptions::default()).with_context(|| row.id.to_string())
    }

    /// Perceptual hashes of rows, in order.
    pub(crate) fn hashes(&self, rows: &[PhotoRow]) -> anyhow::Result<Vec<PerceptualHash>> {
        rows.par_iter().map(|row| Ok(perceptual_hash(&self.image(row)?))).collect()
    }

    /// Features of rows, `[rows, features]`; `weights_key` identifies the network for the cache.
    pub(crate) fn features(
        &self,
        rows: &[PhotoRow],
        extractor: &FeatureExtractor,
        weights_key: &str,
        cache: Option<&Path>,
    ) -> anyhow::Result<Vec<f32>> {
        let table = std::fs::read(self.directory.join("metadata.csv"))?;
        let ids: String = rows.iter().map(|row| row.id.0.as_str()).collect();
        let key = sha256_hex(
            format!("{weights_key} {} {ids} {}", sha256_hex(&table), extractor.length()).as_bytes(),
        );
        cached(cache, "features", &key, || {
            let each: Vec<Vec<f32>> = rows
                .par_iter()
                .map(|row| Ok(extractor.features(&row.id.0, &self.image(row)?)?))
                .collect::<anyhow::Result<_>>()?;
            Ok(each.concat())
        })
    }
}

/// The locations of rows.
pub(crate) fn locations(rows: &[PhotoRow]) -> Vec<LatLon> {
    rows.iter().map(|row| row.location).collect()
}
