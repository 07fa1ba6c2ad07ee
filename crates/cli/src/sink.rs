//! Where output goes: stdout, or a file that appears only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use contract::{ErrorKind, Failure};
use files::AtomicFile;

/// Stdout or a file. A file appears when [`Sink::commit`] says so, so that a failed run never leaves half a file in
/// place of a whole one; dropped before, it leaves nothing.
pub(crate) enum Sink {
    /// Standard output.
    Stdout(io::Stdout),
    /// A device or pipe: written as it is.
    Stream(BufWriter<File>),
    /// A file without its name yet.
    File(BufWriter<AtomicFile>),
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
            let file = File::options()
                .write(true)
                .open(&real)
                .map_err(|error| Failure::cannot_write(path, &error))?;
            return Ok(Self::Stream(BufWriter::new(file)));
        }
        let file = AtomicFile::create(&real).map_err(|error| Failure::cannot_write(path, &error))?;
        Ok(Self::File(BufWriter::new(file)))
    }

    /// Flushes, and gives a file its name.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file; the temporary one is removed.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => out
                .flush()
                .or_else(ignore_closed)
                .map_err(|error| Failure::cannot_write(Path::new("stdout"), &error)),
            Self::Stream(mut writer) => writer
                .flush()
                .or_else(ignore_closed)
                .map_err(|error| Failure::cannot_write(Path::new("the output"), &error)),
            Self::File(writer) => {
                let path = writer.get_ref().path().to_owned();
                let done =
                    writer.into_inner().map_err(io::IntoInnerError::into_error).and_then(AtomicFile::commit);
                done.map_err(|error| Failure::cannot_write(&path, &error))
            }
        }
    }

    /// Leaves a file as it was before, after a failure.
    pub(crate) fn discard(self) {
        drop(self);
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Stream(writer) => writer.write(bytes),
            Self::File(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Stream(writer) => writer.flush(),
            Self::File(writer) => writer.flush(),
        }
    }
}

/// Writes a text to stdout or a file.
///
/// # Errors
/// [`ErrorKind::Output`] naming the file. A reader that closed the pipe is not an error.
pub(crate) fn write_text(path: Option<&Path>, text: &str) -> Result<(), Failure> {
    let mut sink = Sink::open(path)?;
    let name = path.unwrap_or_else(|| Path::new("stdout"));
    match sink.write_all(text.as_bytes()).or_else(ignore_closed) {
        Ok(()) => sink.commit(),
        Err(error) => {
            sink.discard();
            Err(Failure::cannot_write(name, &error))
        }
    }
}

fn ignore_closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        fs::write(&path, "old").unwrap();
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write_all(b"half").unwrap();
        sink.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        sink.discard();
        assert_eq!((fs::read(&path).unwrap(), names()), (b"old".to_vec(), 1));
        write_text(Some(&path), "new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names()), (b"new".to_vec(), 1));
        assert_eq!(Sink::open(Some(folder.path())).err().unwrap().kind, ErrorKind::Usage);
        let nowhere = folder.path().join("no/out.csv");
        assert_eq!(write_text(Some(&nowhere), "x").unwrap_err().kind, ErrorKind::Output);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_text(Some(&link), "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
