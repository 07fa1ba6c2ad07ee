//! Rows of scores on stdout or in a file that survives whatever ends the run.
//!
//! A file gets every row at its end in one write, as soon as the row is done. Resuming a file ([`RowsOutput`] with
//! `resume`) cuts a torn last line off, keeps the rows that have scores and appends the others. When the last row is done
//! the file is put into the order of the pairs file, by a temporary file and a rename; scores of rows that the pairs file
//! no longer has come last. So no score that was written is ever in danger, and an interrupted run ends with the same
//! file as another.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use formats::pairs::{PairsRow, ScoredRow};
use serde::Deserialize;

use super::digest::{digest_of, line_with};
use super::rows::RowSink;

/// Where the rows go, found and checked, but not yet touched.
pub struct RowsOutput(Found);

enum Found {
    Stdout,
    /// A device or pipe.
    Stream(PathBuf),
    File {
        path: PathBuf,
        resume: bool,
        /// Whether rows carry a digest of what was asked; see [`super::digest`].
        digests: bool,
    },
}

/// What a file holds from before.
#[derive(Debug, Default)]
struct Earlier {
    /// Scored rows by id.
    rows: HashMap<String, KeptRow>,
    /// Bytes of whole rows; what comes after is torn.
    whole: u64,
    /// Whether the last whole row has no line end.
    unended: bool,
}

#[derive(Clone, Debug)]
struct KeptRow {
    piece: Piece,
    scores: usize,
    digest: Option<String>,
}

/// Bytes of the file, a line with its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u64,
    length: u64,
}

impl RowsOutput {
    /// Finds out what is there and whether it can be used. No path: stdout. `resume`: keep the scores that the file has.
    /// `digests`: rows carry a digest of what was asked, and only scores of the same question are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a directory, or for a file to resume that no run of this kind wrote;
    /// [`ErrorKind::Output`] where there is no folder for it.
    pub fn find(path: Option<&Path>, resume: bool, digests: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(Found::Stdout)) };
        // A link stays a link: its target is what is written.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let usage = |what: &str| Failure::new(ErrorKind::Usage, format!("{}: {what}", path.display()));
        if real.is_dir() || real.file_name().is_none() {
            return Err(usage("this is a directory").with_hint("name a file"));
        }
        if real.exists() && !real.is_file() {
            if resume {
                return Err(usage("this is not a regular file, so its rows cannot be resumed"));
            }
            return Ok(Self(Found::Stream(real)));
        }
        let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder
            && !folder.is_dir()
        {
            return Err(Failure::cannot_write(path, &io::Error::from(io::ErrorKind::NotFound)));
        }
        match File::open(&real) {
            // Read again when it is opened for writing; here only to refuse a file of something else early.
            Ok(file) if resume => {
                Earlier::read(&file, path)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::cannot_write(path, &error)),
        }
        Ok(Self(Found::File { path: real, resume, digests }))
    }

    /// Opens it for writing: what an earlier run left is resumed or set aside.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file.
    pub fn begin(self) -> Result<OpenRows, Failure> {
        let (path, resume, digests) = match self.0 {
            Found::Stdout => return Ok(OpenRows::to(Box::new(io::stdout()), "stdout".into())),
            Found::Stream(path) => {
                let file = File::options()
                    .write(true)
                    .open(&path)
                    .map_err(|error| Failure::cannot_write(&path, &error))?;
                return Ok(OpenRows::to(Box::new(file), path));
            }
            Found::File { path, resume, digests } => (path, resume, digests),
        };
        let error = |error: &io::Error| Failure::cannot_write(&path, error);
        let mut notes = Vec::new();
        let mut file = open_alone(&path)?;
        if !resume && file.metadata().map_err(|cause| error(&cause))?.len() > 0 {
            let aside = free_name(&path);
            fs::rename(&path, &aside).map_err(|cause| error(&cause))?;
            notes.push(format!("{} was there already; it is now {}", path.display(), aside.display()));
            file = open_alone(&path)?;
        }
        // Another run may have written while the model was loaded: what counts is what is there now.
        let earlier = if resume { Earlier::read(&file, &path)? } else { Earlier::default() };
        let mut end = earlier.whole;
        file.set_len(end).map_err(|cause| error(&cause))?;
        if earlier.unended {
            file.write_all(b"\n").map_err(|cause| error(&cause))?;
            end += 1;
        }
        if resume {
            let kept = earlier.rows.values().filter(|kept| !digests || kept.digest.is_some()).count();
            notes.push(format!("{}: {kept} rows have their scores already", path.display()));
        }
        let rows = Resumable { file, end, digests, kept: earlier.rows, order: Vec::new() };
        Ok(OpenRows { path, notes, closed: false, target: Target::File(Box::new(rows)) })
    }
}

/// Opens a file for reading and appending, unless another run does.
fn open_alone(path: &Path) -> Result<File, Failure> {
    let opened = File::options().read(true).append(true).create(true).open(path);
    let file = opened.map_err(|error| Failure::cannot_write(path, &error))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        let message = format!("{}: another run is writing this file", path.display());
        return Err(Failure::new(ErrorKind::Output, message).with_hint("wait for it to end, or stop it"));
    }
    Ok(file)
}

/// The first of `FILE.previous`, `FILE.previous.2`, ... that is not taken.
fn free_name(path: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(".previous");
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let name = PathBuf::from(name);
        if name.symlink_metadata().is_err() {
            return name;
        }
        number += 1;
    }
}

/// A line of an output file.
#[derive(Deserialize)]
struct WrittenRow {
    id: Option<String>,
    scores: Option<Vec<f32>>,
    asked: Option<String>,
    error: Option<serde::de::IgnoredAny>,
}

impl Earlier {
    /// Reads the rows of a file. A line that is not a row is refused, so that no other file is ever cut; a last
    /// line that has no end and is not a whole row either is torn.
    fn read(file: &File, path: &Path) -> Result<Self, Failure> {
        let mut input = BufReader::with_capacity(1 << 16, file);
        let mut earlier = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let length =
                input.read_until(b'\n', &mut line).map_err(|error| Failure::cannot_write(path, &error))?;
            if length == 0 {
                break;
            }
            let ended = line.last() == Some(&b'\n');
            let piece = Piece { start: earlier.whole, length: length as u64 + u64::from(!ended) };
            let row = serde_json::from_slice::<WrittenRow>(&line).ok();
            let Some(row) = row.filter(|row| row.scores.is_some() != row.error.is_some()) else {
                if !ended && is_torn_row(&line) {
                    break;
                }
                let message = format!("{}, line {number}: this is not a row of scores", path.display());
                return Err(Failure::new(ErrorKind::Usage, message)
                    .with_hint("only a file of scores can be resumed: name another output file"));
            };
            earlier.whole += length as u64;
            earlier.unended = !ended;
            if let (Some(id), Some(scores)) = (row.id, row.scores) {
                // The last one counts: a row whose candidates had changed was scored again.
                earlier.rows.insert(id, KeptRow { piece, scores: scores.len(), digest: row.asked });
            }
        }
        Ok(earlier)
    }
}

fn is_torn_row(line: &[u8]) -> bool {
    let start = b"{\"id\":";
    let length = line.len().min(start.len());
    line[..length] == start[..length]
}

/// Where rows go, open for writing.
pub struct OpenRows {
    path: PathBuf,
    notes: Vec<String>,
    closed: bool,
    target: Target,
}

enum Target {
    Stream(Box<dyn Write>),
    File(Box<Resumable>),
}

/// A file and where in it the rows are, in the order of the pairs file.
struct Resumable {
    file: File,
    end: u64,
    digests: bool,
    kept: HashMap<String, KeptRow>,
    order: Vec<Piece>,
}

impl OpenRows {
    fn to(stream: Box<dyn Write>, path: PathBuf) -> Self {
        Self { path, notes: Vec::new(), closed: false, target: Target::Stream(stream) }
    }

    /// What a person should know about the file before the run.
    pub fn summary(&self) -> Option<String> {
        (!self.notes.is_empty()).then(|| self.notes.join("\n"))
    }

    /// Whether writing failed because the reader has gone.
    pub const fn closed(&self) -> bool {
        self.closed
    }

    /// After the last row: puts a file that was resumed into the order of the pairs file.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file, which then is as it was.
    pub fn finish(self) -> Result<(), Failure> {
        match self.target {
            Target::Stream(_) => Ok(()),
            Target::File(rows) => {
                rows.finish(&self.path).map_err(|error| Failure::cannot_write(&self.path, &error))
            }
        }
    }
}

impl RowSink for OpenRows {
    fn keeps(&mut self, row: &PairsRow) -> bool {
        let Target::File(rows) = &mut self.target else { return false };
        // Other candidates, or another number of them: the file was changed, the scores are of something else.
        let digest = rows.digests.then(|| digest_of(row));
        let fits = |kept: &KeptRow| {
            kept.scores == row.candidates.len() && (digest.is_none() || kept.digest == digest)
        };
        let piece = rows.kept.remove(&row.id).filter(fits).map(|kept| kept.piece);
        rows.order.extend(piece);
        piece.is_some()
    }

    fn write(&mut self, asked: Option<&PairsRow>, row: &ScoredRow) -> Result<(), Failure> {
        let digests = matches!(&self.target, Target::File(rows) if rows.digests);
        let line = match asked.filter(|_| digests && row.outcome.is_ok()) {
            Some(asked) => line_with(row, &digest_of(asked)),
            None => row.to_line(),
        };
        let written = match &mut self.target {
            Target::Stream(out) => out.write_all(line.as_bytes()).and_then(|()| out.flush()),
            Target::File(rows) => rows.append(line.as_bytes()),
        };
        written.map_err(|error| {
            self.closed = error.kind() == io::ErrorKind::BrokenPipe;
            Failure::cannot_write(&self.path, &error)
        })
    }
}

impl Resumable {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        let length = line.len() as u64;
        self.order.push(Piece { start: self.end, length });
        self.end += length;
        Ok(())
    }

    fn finish(mut self, path: &Path) -> io::Result<()> {
        // Scores of rows that this pairs file does not have: they stay, after the others.
        let mut others: Vec<Piece> = self.kept.values().map(|kept| kept.piece).collect();
        others.sort_by_key(|piece| piece.start);
        self.order.extend(others);
        let mut at = 0;
        let in_order = self.order.iter().all(|piece| {
            let follows = piece.start == at;
            at += piece.length;
            follows
        });
        if in_order && at == self.end {
            return Ok(());
        }
        files::write_atomic_with(path, |out| self.copy_in_order(out))
    }

    fn copy_in_order(&mut self, out: &mut File) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        self.file.seek(SeekFrom::Start(0))?;
        let mut input = BufReader::new(&self.file);
        let mut at = 0;
        for piece in &self.order {
            input.seek_relative(piece.start as i64 - at as i64)?;
            at = piece.start + piece.length;
            let copied = io::copy(&mut (&mut input).take(piece.length), &mut out)?;
            if copied != piece.length {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was cut meanwhile"));
            }
        }
        out.flush()
    }
}
