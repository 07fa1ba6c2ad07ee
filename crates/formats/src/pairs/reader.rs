//! Rows of a pairs file, one at a time.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::PairsRow;
use super::error::PairsError;
use super::form::{self, Wrong, with_non_numbers_as};

/// No real row is longer: this would be 500,000 candidates.
const LONGEST_LINE: usize = 64 << 20;

/// A line that is not blank.
#[derive(Debug)]
pub struct PairsLine {
    /// Its number in the file, from 1, blank lines counted.
    pub line: usize,
    /// The row's id where it could be read, even if the row is wrong.
    pub id: Option<String>,
    /// The row.
    pub row: Result<PairsRow, PairsError>,
}

/// Reads a pairs file row by row: one line in memory, and some 50 bytes for every row that went by, to find ids
/// that come twice. A byte order mark and blank lines are passed over.
pub struct PairsReader<R> {
    input: R,
    file: String,
    folder: PathBuf,
    line: usize,
    buffer: Vec<u8>,
    seen: SeenIds,
    ended: bool,
    longest: usize,
}

impl PairsReader<BufReader<File>> {
    /// Opens a file; the rows' paths resolve from its folder.
    ///
    /// # Errors
    /// [`PairsError::Open`].
    pub fn open(path: &Path) -> Result<Self, PairsError> {
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| {
            if file.metadata()?.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
            }
            Ok(file)
        });
        match opened {
            Ok(file) => {
                let folder = path.parent().unwrap_or_else(|| Path::new(""));
                Ok(Self::new(BufReader::with_capacity(1 << 16, file), name, folder))
            }
            Err(cause) => Err(PairsError::Open { file: name, cause }),
        }
    }
}

impl<R: BufRead> PairsReader<R> {
    /// Reads from `input`; `file` is its name in messages, `folder` is where the rows' paths start.
    pub fn new(input: R, file: impl Into<String>, folder: &Path) -> Self {
        Self {
            input,
            file: file.into(),
            folder: folder.to_owned(),
            line: 0,
            buffer: Vec::new(),
            seen: SeenIds::default(),
            ended: false,
            longest: LONGEST_LINE,
        }
    }

    /// As opened, but the rows' paths resolve from this folder.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    #[cfg(test)]
    pub(super) fn with_longest_line(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Reads the next line into the buffer, its end left out; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, PairsError> {
        self.buffer.clear();
        self.line += 1;
        let read = |cause| PairsError::Read { file: self.file.clone(), line: self.line, cause };
        let limit = self.longest as u64 + 1;
        let length = (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer).map_err(read)?;
        if length == 0 {
            return Ok(false);
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if length > self.longest {
            self.input.skip_until(b'\n').map_err(read)?;
            return Err(PairsError::TooLong {
                file: self.file.clone(),
                line: self.line,
                limit: self.longest,
            });
        }
        if self.line == 1 && self.buffer.starts_with(&[0xEF, 0xBB, 0xBF]) {
            self.buffer.drain(..3);
        }
        Ok(true)
    }

    fn parse(&mut self) -> PairsLine {
        let (file, line) = (self.file.clone(), self.line);
        let Ok(text) = std::str::from_utf8(&self.buffer) else {
            return PairsLine { line, id: None, row: Err(PairsError::NotUtf8 { file, line }) };
        };
        let (id, row) = match read(text, &self.folder) {
            Ok(row) => (Some(row.id.clone()), Ok(row)),
            Err((id, wrong)) => (id, Err(wrong)),
        };
        // The id is taken even by a row that is wrong: answers are found by it.
        if let Some(id) = &id
            && let Some(first) = self.seen.first_line(id, line)
        {
            let error = PairsError::DuplicateId { file, line, id: id.clone(), first };
            return PairsLine { line, id: Some(id.clone()), row: Err(error) };
        }
        let row = match row {
            Ok(row) if row.candidates.is_empty() => Err(PairsError::NoCandidates { file, line, id: row.id }),
            Ok(row) => Ok(row),
            Err(Wrong::Syntax { column, reason }) => Err(PairsError::Syntax { file, line, column, reason }),
            Err(Wrong::Field(field, problem)) => Err(PairsError::Field { file, line, field, problem }),
        };
        PairsLine { line, id, row }
    }
}

/// The row of a line; the id of a row that is wrong, where it can be read, and what is wrong.
fn read(text: &str, folder: &Path) -> Result<PairsRow, (Option<String>, Wrong)> {
    let wrong = match form::read(text, folder) {
        Ok(row) => return Ok(row),
        Err(wrong) => wrong,
    };
    // As null, so that one in place of the id is not taken for an id.
    let id = match with_non_numbers_as(text, |_| "null".into()) {
        Some(json) => form::id_of(&json),
        None => form::id_of(text),
    };
    if matches!(wrong, Wrong::Syntax { .. })
        && let Some(quoted) = with_non_numbers_as(text, |word| format!("\"{word}\""))
        && let Err(named @ Wrong::Field(..)) = form::read(&quoted, folder)
    {
        return Err((id, named));
    }
    Err((id, wrong))
}

impl<R: BufRead> Iterator for PairsReader<R> {
    type Item = PairsLine;

    fn next(&mut self) -> Option<PairsLine> {
        while !self.ended {
            match self.read_line() {
                Ok(false) => self.ended = true,
                Ok(true) if self.buffer.iter().all(u8::is_ascii_whitespace) => {}
                Ok(true) => return Some(self.parse()),
                Err(error) => {
                    self.ended = error.is_final();
                    return Some(PairsLine { line: self.line, id: None, row: Err(error) });
                }
            }
        }
        None
    }
}

/// Ids by two independent 64-bit hashes with random keys: small, and two of a billion ids meet by chance once in
/// 10^20 files.
#[derive(Default)]
struct SeenIds {
    keys: [RandomState; 2],
    lines: HashMap<[u64; 2], usize>,
}

impl SeenIds {
    /// The line where the id was first, if this is not the first.
    fn first_line(&mut self, id: &str, line: usize) -> Option<usize> {
        let key = [self.keys[0].hash_one(id), self.keys[1].hash_one(id)];
        match self.lines.entry(key) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        }
    }
}
