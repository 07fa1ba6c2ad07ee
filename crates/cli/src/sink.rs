//! Where output goes: stdout, or a file that appears only when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use contract::{ErrorKind, Failure};
use files::AtomicFile;

/// Stdout or a file. A file appears when [`Sink::commit`] says so, so that a failed run never leaves half a file in
/// place of a whole one; dropped before, it leaves nothing.
pub(crate) enum Sink {
    /// Standard output.
    Stdout(io::Stdout),
    /// A device or pipe: written as it is.
    Stream(BufWriter<File>),
    /// A file without its name yet, and what had the name when it was opened.
    File(BufWriter<AtomicFile>, Before),
}

/// Length and time of change of a file that will be replaced; `None` where there is none.
type Before = Option<(u64, Option<SystemTime>)>;

fn state_of(path: &Path) -> Before {
    fs::metadata(path).ok().map(|metadata| (metadata.len(), metadata.modified().ok()))
}

impl Sink {
    /// Opens stdout (`None` or `-`) or a file.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self::Stdout(io::stdout()));
        };
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
        let before = state_of(&real);
        let file = AtomicFile::create(&real).map_err(|error| Failure::cannot_write(path, &error))?;
        Ok(Self::File(BufWriter::new(file), before))
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
            Self::File(writer, before) => {
                let path = writer.get_ref().path().to_owned();
                let failed = |error: io::Error| Failure::cannot_write(&path, &error);
                let mut file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
                let is_as_before = state_of(&path) == before;
                if !is_as_before {
                    file.rename_to(&free_name(&path));
                }
                let written = file.path().to_owned();
                file.commit().map_err(failed)?;
                files::remember_written(&written);
                if is_as_before {
                    return Ok(());
                }
                let message = format!("{} was changed by somebody else meanwhile", path.display());
                let hint = format!("it was left alone; the output is in {}", written.display());
                Err(Failure::new(ErrorKind::Output, message).with_hint(hint))
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
            Self::File(writer, _) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Stream(writer) => writer.flush(),
            Self::File(writer, _) => writer.flush(),
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

/// The first of `FILE.new`, `FILE.new.2`, ... that is not taken.
fn free_name(path: &Path) -> PathBuf {
    let name = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { ".new".to_owned() } else { format!(".new.{number}") });
        PathBuf::from(name)
    };
    (1..=usize::MAX).map(name).find(|name| name.symlink_metadata().is_err()).unwrap_or_else(|| name(1))
}

fn ignore_closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_others_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write_all(b"ours").unwrap();
        fs::write(&path, "theirs").unwrap();
        let failure = sink.commit().unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Output);
        assert!(failure.hint.unwrap().contains("out.csv.new"));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(fs::read(folder.path().join("out.csv.new")).unwrap(), b"ours");
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
