//! Arguments of `georanker score --benchmark`.

use std::path::PathBuf;

use clap::Args;

/// A benchmark's official file instead of a pairs file.
#[derive(Debug, Args)]
pub struct BenchmarkArguments {
    /// Score an official candidate file (im2gps3k.csv, yfcc4k.csv) instead of a pairs file.
    #[arg(long, value_name = "CSV", requires_all = ["photos", "candidate_photos"])]
    pub benchmark: Option<PathBuf>,
    /// Read the benchmark's photos from this folder or uncompressed .tar file.
    #[arg(long, value_name = "DIR|TAR", requires = "benchmark")]
    pub photos: Option<PathBuf>,
    /// Read the collection's photos (mp-16-images.tar) from this folder or uncompressed .tar file.
    #[arg(long, value_name = "DIR|TAR", requires = "benchmark")]
    pub candidate_photos: Option<PathBuf>,
    /// Score this many retrieved candidates per query.
    #[arg(long, value_name = "N", default_value_t = 12, requires = "benchmark")]
    pub retrieved: usize,
    /// Score this many generated candidates per query.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "benchmark")]
    pub generated: usize,
    /// Also write the best candidates' coordinates, for `evaluate --predictions`; requires --out.
    #[arg(long, value_name = "FILE", requires_all = ["benchmark", "out"])]
    pub predictions: Option<PathBuf>,
}

/// A benchmark to score, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchmarkRequest {
    /// The benchmark's photos.
    pub photos: PathBuf,
    /// The collection's photos.
    pub candidate_photos: PathBuf,
    /// Candidates from the retrieved lists.
    pub retrieved: usize,
    /// Candidates from the generated lists.
    pub generated: usize,
    /// Where the coordinates go.
    pub predictions: Option<PathBuf>,
}

impl BenchmarkArguments {
    /// The request and the file, if a benchmark is named.
    pub(super) fn resolve(&self) -> Option<(PathBuf, BenchmarkRequest)> {
        let request = BenchmarkRequest {
            photos: self.photos.clone()?,
            candidate_photos: self.candidate_photos.clone()?,
            retrieved: self.retrieved,
            generated: self.generated,
            predictions: self.predictions.clone(),
        };
        Some((self.benchmark.clone()?, request))
    }
}
