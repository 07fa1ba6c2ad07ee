//! `log.jsonl` and `validation.jsonl`: one row a step, one row a validation.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::EngineError;

/// Name of the log of steps.
pub(super) const LOG_FILE: &str = "log.jsonl";
/// Name of the log of validations.
pub(super) const VALIDATION_FILE: &str = "validation.jsonl";

/// What a step did. All counts are of this step, over all processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// The step, from 1.
    pub step: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Mean loss of its queries.
    pub loss: f64,
    /// The first-order part.
    pub first_order: f64,
    /// The second-order part.
    pub second_order: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Queries.
    pub queries: u64,
    /// Tokens, or what the model counts as its work.
    pub tokens: u64,
    /// Wall time.
    pub seconds: f64,
}

/// What a validation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationRow {
    /// After which step.
    pub step: u64,
    /// Mean loss.
    pub loss: f64,
    /// The first-order part.
    pub first_order: f64,
    /// The second-order part.
    pub second_order: f64,
    /// Percent of the queries whose best-scored candidate is nearer to the truth than so many km.
    pub within_km: WithinKm,
    /// Median distance of the best-scored candidate to the truth, km.
    pub median_km: f64,
    /// Mean distance, km.
    pub mean_km: f64,
    /// Queries.
    pub queries: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Percent within each of [`geo::metrics::RADII_KM`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithinKm {
    /// 1 km.
    #[serde(rename = "1")]
    pub street: f64,
    /// 25 km.
    #[serde(rename = "25")]
    pub city: f64,
    /// 200 km.
    #[serde(rename = "200")]
    pub region: f64,
    /// 750 km.
    #[serde(rename = "750")]
    pub country: f64,
    /// 2500 km.
    #[serde(rename = "2500")]
    pub continent: f64,
}

impl WithinKm {
    /// From the nearest radius to the farthest.
    pub fn list(&self) -> [f64; 5] {
        [self.street, self.city, self.region, self.country, self.continent]
    }
}

/// A row that belongs to a step.
pub(super) trait OfStep: DeserializeOwned {
    fn step(&self) -> u64;
}

impl OfStep for LogRow {
    fn step(&self) -> u64 {
        self.step
    }
}

impl OfStep for ValidationRow {
    fn step(&self) -> u64 {
        self.step
    }
}

/// The rows of a run's `log.jsonl`; a last line that is not complete is left out.
///
/// # Errors
/// A file that cannot be read, a line that is not a row.
pub fn read_log(out: &Path) -> Result<Vec<LogRow>, EngineError> {
    rows_up_to(&out.join(LOG_FILE), u64::MAX).map(|(rows, _)| rows)
}

/// The same of `validation.jsonl`.
///
/// # Errors
/// As [`read_log`].
pub(super) fn read_validations(out: &Path) -> Result<Vec<ValidationRow>, EngineError> {
    rows_up_to(&out.join(VALIDATION_FILE), u64::MAX).map(|(rows, _)| rows)
}

/// The rows up to a step, and where they end in the file. No file: no rows.
///
/// A killed process leaves rows beyond its last checkpoint and perhaps half a line; a machine that lost its power
/// perhaps a tail of garbage. All of that is behind the rows that count. Garbage before one that counts is an error.
fn rows_up_to<Row: OfStep>(path: &Path, step: u64) -> Result<(Vec<Row>, u64), EngineError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(EngineError::reading(path)(error)),
    };
    let (mut rows, mut end, mut offset) = (Vec::new(), 0, 0);
    let mut stranger = None;
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        offset += line.len();
        let row = line.ends_with(b"\n").then(|| serde_json::from_slice::<Row>(line).ok()).flatten();
        match row {
            Some(row) if row.step() <= step => {
                if let Some(stranger) = stranger {
                    let problem = format!("line {stranger} is not a row of this log");
                    return Err(EngineError::Damaged { path: path.to_path_buf(), problem });
                }
                rows.push(row);
                end = offset as u64;
            }
            Some(_) => {}
            None => stranger = stranger.or(Some(number + 1)),
        }
    }
    Ok((rows, end))
}

/// A log that is being written.
pub(super) struct RowLog {
    path: PathBuf,
    file: File,
}

impl RowLog {
    /// Opens a log and cuts it back to the rows up to `step`.
    pub(super) fn open<Row: OfStep>(path: PathBuf, step: u64) -> Result<(Self, Vec<Row>), EngineError> {
        let (rows, end) = rows_up_to(&path, step)?;
        let open = || -> io::Result<File> {
            let mut file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.set_len(end)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(EngineError::writing(&path))?;
        Ok((Self { path, file }, rows))
    }

    /// Adds a row.
    pub(super) fn append(&mut self, row: &impl Serialize) -> Result<(), EngineError> {
        let mut line =
            serde_json::to_vec(row).map_err(|error| EngineError::writing(&self.path)(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(EngineError::writing(&self.path))
    }

    /// Waits until all rows are on the disk.
    pub(super) fn sync(&self) -> Result<(), EngineError> {
        self.file.sync_data().map_err(EngineError::writing(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64) -> LogRow {
        LogRow {
            step,
            learning_rate: 1e-4,
            loss: 0.1 + 0.2,
            first_order: 1.0,
            second_order: 2.0,
            grad_norm: 3.5,
            queries: 4,
            tokens: 5,
            seconds: 0.25,
        }
    }

    #[test]
    fn rows_have_exactly_the_documented_fields() {
        let line = serde_json::to_string(&row(7)).unwrap();
        let expected = "{\"step\":7,\"learning_rate\":0.0001,\"loss\":0.30000000000000004,\"first_order\":1.0,\
                        \"second_order\":2.0,\"grad_norm\":3.5,\"queries\":4,\"tokens\":5,\"seconds\":0.25}";
        assert_eq!(line, expected);
    }

    #[test]
    fn opening_cuts_back_to_the_step_whatever_the_tail() {
        for tail in ["", "{\"step\":4,\"lear", "\0\0\0\0", "{\"step\":4}\n{\"st"] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(LOG_FILE);
            let (mut log, rows) = RowLog::open::<LogRow>(path.clone(), 0).unwrap();
            assert!(rows.is_empty());
            (1..=3).for_each(|step| log.append(&row(step)).unwrap());
            drop(log);
            let mut bytes = fs::read(&path).unwrap();
            bytes.extend(tail.as_bytes());
            fs::write(&path, bytes).unwrap();
            assert_eq!(read_log(directory.path()).unwrap().len(), 3, "{tail:?}");
            let (mut log, rows) = RowLog::open::<LogRow>(path.clone(), 2).unwrap();
            assert_eq!(rows, [row(1), row(2)]);
            log.append(&row(3)).unwrap();
            assert_eq!(read_log(directory.path()).unwrap(), [row(1), row(2), row(3)]);
        }
    }

    #[test]
    fn garbage_before_a_row_that_counts_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOG_FILE);
        let line = |step| serde_json::to_string(&row(step)).unwrap();
        fs::write(&path, format!("{}\nnonsense\n{}\n", line(1), line(2))).unwrap();
        let message = read_log(directory.path()).unwrap_err().to_string();
        assert!(message.contains("line 2"), "{message}");
    }
}
