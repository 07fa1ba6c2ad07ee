//! A dataset in the making: a folder `OUT.parts` of part files, merged at the end.
//!
//! ```text
//! OUT.parquet.parts/run.json          what the run is made of; another run is refused
//!                   000000.json       counts of the first chunk, then
//!                   000000.parquet    its rows: the part is there when this file is
//! ```
//! Each file is written whole or not at all, so a killed run leaves whole parts. Merging reads the parts
//! in order and writes them again, so the dataset does not depend on where a run was cut.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use formats::ranking_data::{RankingColumns, RankingReader, RankingRow, RankingWriter};
use formats::table::TableError;

use super::counts::Counts;

/// The part files of a run.
#[derive(Debug)]
pub(super) struct Parts {
    out: PathBuf,
    directory: PathBuf,
}

impl Parts {
    /// Where the parts of a dataset are.
    pub(super) fn of(out: &Path) -> Self {
        let mut name = out.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(".parts");
        Self { out: out.to_path_buf(), directory: out.with_file_name(name) }
    }

    pub(super) fn exist(&self) -> bool {
        self.directory.join("run.json").is_file()
    }

    /// Starts a run, or resumes one of the same description; returns the counts of the parts that are there.
    pub(super) fn begin(&self, description: &str, resume: bool) -> Result<Vec<Counts>, Failure> {
        let run = self.directory.join("run.json");
        if self.exist() {
            let shown = self.directory.display();
            if !resume {
                let message = format!("{shown} holds an unfinished run");
                return Err(Failure::new(ErrorKind::Usage, message)
                    .with_hint("continue with `resume`, or start over with `force`"));
            }
            let stored = fs::read_to_string(&run).map_err(|error| failed("read", &run, &error))?;
            if stored != description {
                let message = format!(
                    "{shown} holds an unfinished run of other rules, queries or another gallery{}",
                    difference(&stored, description)
                );
                return Err(Failure::new(ErrorKind::Usage, message)
                    .with_hint("resume with the settings of the first run, or start over with `force`"));
            }
        } else {
            fs::create_dir(&self.directory).map_err(|error| failed("write", &self.directory, &error))?;
            write(&run, description)?;
        }
        self.counts()
    }

    fn counts(&self) -> Result<Vec<Counts>, Failure> {
        let mut counts = Vec::new();
        while self.rows_of(counts.len()).is_file() {
            let path = self.counts_of(counts.len());
            let text = fs::read_to_string(&path).map_err(|error| failed("read", &path, &error))?;
            counts.push(serde_json::from_str(&text).map_err(|error| {
                Failure::new(ErrorKind::Unreadable, format!("{} is damaged: {error}", path.display()))
                    .with_hint("start over with `force`")
            })?);
        }
        Ok(counts)
    }

    /// Adds a part.
    pub(super) fn add(&self, number: usize, counts: &Counts, rows: &[RankingRow]) -> Result<(), Failure> {
        let text = serde_json::to_string(counts).map_err(|error| internal(&error.to_string()))?;
        write(&self.counts_of(number), &text)?;
        let written = (|| {
            let mut writer = RankingWriter::create(self.rows_of(number), RankingColumns::default())?;
            for row in rows {
                writer.write(row)?;
            }
            writer.finish()
        })();
        written.map(|_| ()).map_err(|error| table(&error))
    }

    /// Writes the dataset from `count` parts.
    pub(super) fn merge(
        &self,
        count: usize,
        columns: RankingColumns,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Failure> {
        // Written beside the parts, so that a killed run leaves nothing next to the dataset.
        let whole = self.directory.join("whole.parquet");
        let mut writer = RankingWriter::create(&whole, columns).map_err(|error| table(&error))?;
        let mut rows = 0;
        for number in 0..count {
            for row in RankingReader::open(self.rows_of(number)).map_err(|error| table(&error))? {
                let row = row.map_err(|error| table(&error))?;
                writer.write(&row).map_err(|error| table(&error))?;
                rows += 1;
            }
            progress(rows);
        }
        writer.finish().map_err(|error| table(&error))?;
        files::rename_durably(&whole, &self.out).map_err(|error| failed("write", &self.out, &error))
    }

    /// Removes the parts.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &self.directory, &error))
            }
            _ => Ok(()),
        }
    }

    fn counts_of(&self, number: usize) -> PathBuf {
        self.directory.join(format!("{number:06}.json"))
    }

    fn rows_of(&self, number: usize) -> PathBuf {
        self.directory.join(format!("{number:06}.parquet"))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    files::write_atomic(path, text).map_err(|error| failed("write", path, &error))
}

/// The first line that differs, for a message.
fn difference(stored: &str, wanted: &str) -> String {
    let differ = stored.lines().zip(wanted.lines()).find(|(stored, wanted)| stored != wanted);
    differ.map_or_else(String::new, |(stored, wanted)| {
        let plain = |line: &str| line.trim().trim_end_matches(',').to_owned();
        format!(" (there: {}; now: {})", plain(stored), plain(wanted))
    })
}

fn failed(action: &str, path: &Path, error: &io::Error) -> Failure {
    let kind = if action == "read" { ErrorKind::Unreadable } else { ErrorKind::Output };
    Failure::new(kind, format!("cannot {action} {}: {error}", path.display()))
        .with_hint("check that the folder exists, that it may be written, and that the disk is not full")
}

fn table(error: &TableError) -> Failure {
    Failure::from_error(error)
}

pub(super) fn internal(why: &str) -> Failure {
    Failure::new(ErrorKind::Internal, why)
}
