//! Where output goes: stdout, or a file that appears only when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};

/// Stdout or a file. A file is written under a temporary name beside it and renamed by [`Sink::commit`], so that
/// a failed run never leaves half a file in place of a whole one.
pub(crate) enum Sink {
    /// Standard output.
    Stdout(io::Stdout),
    /// A device or pipe: written as it is.
    Stream(BufWriter<File>),
    /// A file under its temporary name.
    File {
        /// Open for writing.
        writer: BufWriter<File>,
        /// The temporary name.
        temporary: PathBuf,
        /// The name it will have.
        path: PathBuf,
    },
}

impl Sink {
    /// Opens stdout (`None`) or a file.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        // A link stays a link: its target is what is written.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if real.is_dir() || real.file_name().is_none() {
            let message = format!("{} is a directory", path.display());
            return Err(Failure::new(ErrorKind::Usage, message).with_hint("name a file"));
        }
        if real.exists() && !real.is_file() {
            let file = File::options().write(true).open(&real).map_err(|error| failed(path, &error))?;
            return Ok(Self::Stream(BufWriter::new(file)));
        }
        let path = real.as_path();
        let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(|error| failed(path, &error))?;
        Ok(Self::File { writer: BufWriter::new(file), temporary, path: path.to_owned() })
    }

    /// Flushes, and gives a file its name.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file; the temporary one is removed.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => {
                out.flush().or_else(ignore_closed).map_err(|error| failed(Path::new("stdout"), &error))
            }
            Self::Stream(mut writer) => {
                writer.flush().or_else(ignore_closed).map_err(|error| failed(Path::new("the output"), &error))
            }
            Self::File { mut writer, temporary, path } => {
                let done = writer.flush().and_then(|()| fs::rename(&temporary, &path));
                done.map_err(|error| {
                    // The first error is the one to report.
                    let _ = fs::remove_file(&temporary);
                    failed(&path, &error)
                })
            }
        }
    }

    /// Removes a temporary file after a failure.
    pub(crate) fn discard(self) {
        if let Self::File { temporary, .. } = self {
            // Nothing better can be done if it is gone already.
            let _ = fs::remove_file(temporary);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Stream(writer) | Self::File { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Stream(writer) | Self::File { writer, .. } => writer.flush(),
        }
    }
}

/// Writes a text to stdout or a file.
///
/// # Errors
/// [`ErrorKind::Output`] naming the file. A reader that closed the pipe is no error.
pub(crate) fn write_text(path: Option<&Path>, text: &str) -> Result<(), Failure> {
    let mut sink = Sink::open(path)?;
    let name = path.unwrap_or_else(|| Path::new("stdout"));
    match sink.write_all(text.as_bytes()).or_else(ignore_closed) {
        Ok(()) => sink.commit(),
        Err(error) => {
            sink.discard();
            Err(failed(name, &error))
        }
    }
}

fn ignore_closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(ErrorKind::Output, format!("cannot write {}: {error}", path.display()))
        .with_hint("check that the folder exists, that it may be written, and that the disk is not full")
}
