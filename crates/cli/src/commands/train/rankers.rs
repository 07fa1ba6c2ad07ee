//! What is trained: from the fields of a configuration to something that the engine trains.

use std::path::Path;

use contract::{ErrorKind, Failure};
use formats::ranking_data::{RankingReader, RankingRow};
use gallery::PhotoFiles;
use train::configuration::{ConfigurationError, EngineSettings, Fields, SetSettings, VlmSettings};
use train::engine::TrainableRanker;

use crate::args::TrainedRanker;

use super::{set, vlm};

/// A model as its configuration describes it.
pub(super) enum Description {
    /// The set ranker.
    Set(SetSettings),
    /// The vision-language ranker.
    Vlm(VlmSettings),
}

impl Description {
    pub(super) fn read(ranker: TrainedRanker, fields: &mut Fields) -> Result<Self, ConfigurationError> {
        Ok(match ranker {
            TrainedRanker::Set => Self::Set(SetSettings::read(fields)?),
            TrainedRanker::Vlm => Self::Vlm(VlmSettings::read(fields)?),
        })
    }

    /// As on the command line.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Vlm(_) => "vlm",
        }
    }

    /// Opens model and data.
    ///
    /// # Errors
    /// What is missing, damaged or does not fit, by name.
    pub(super) fn open(
        &self,
        engine: &EngineSettings,
        quiet: bool,
    ) -> Result<Box<dyn TrainableRanker>, Failure> {
        match self {
            Self::Set(settings) => set::open(settings, engine, quiet),
            Self::Vlm(settings) => vlm::open(settings, engine),
        }
    }
}

/// Rows of a ranking dataset with the names that messages call them; the first so many, or all with 0.
///
/// # Errors
/// [`ErrorKind::InvalidTable`] and its like, naming file, row and column; [`ErrorKind::NoCandidates`] without rows.
pub(super) fn read_rows(file: &Path, limit: usize) -> Result<Vec<(String, RankingRow)>, Failure> {
    let reader = RankingReader::open(file)?;
    let mut rows = Vec::new();
    for (number, row) in reader.take(if limit == 0 { usize::MAX } else { limit }).enumerate() {
        let row = row?;
        rows.push((format!("{}, row {}", file.display(), number + 1), row));
    }
    if rows.is_empty() {
        let message = format!("{} has no rows", file.display());
        return Err(Failure::new(ErrorKind::NoCandidates, message).with_hint("name another dataset"));
    }
    Ok(rows)
}

/// How many entries at the start of a row's list are passed over: as asked, or else the query itself.
pub(super) fn skipped(asked: Option<usize>, row: &RankingRow) -> usize {
    asked.unwrap_or_else(|| usize::from(row.ref_img_id.first() == Some(&row.img_id)))
}

/// The folder or tar file of the photos.
///
/// # Errors
/// One that is missing or cannot be read.
pub(super) fn open_photos(path: &Path) -> Result<PhotoFiles, Failure> {
    PhotoFiles::open(path).map_err(Failure::from)
}
