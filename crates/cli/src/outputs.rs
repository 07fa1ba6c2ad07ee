//! Which files a command may write. Every command asks here before it starts, so that no run ends by destroying what the
//! user has.

use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use photo::has_photo_extension;

/// The files that a command reads and those it will write.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    read: Vec<(String, PathBuf)>,
    written: Vec<(String, PathBuf, Existing)>,
    inputs_stay: bool,
}

/// What becomes of a file that has the name of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
    Replaced,
    /// Kept under another name, or continued.
    #[cfg(any(test, feature = "lvlm", feature = "train"))]
    Kept,
}

impl Outputs {
    /// A file that is read, and how the user named it: by an option, or by itself.
    #[must_use]
    pub(crate) fn input(mut self, option: &str, path: Option<&Path>) -> Self {
        self.read.extend(path.map(|path| (option.to_owned(), path.to_owned())));
        self
    }

    /// Files that are read, named by themselves.
    #[must_use]
    pub(crate) fn inputs<'a>(mut self, paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        self.read.extend(paths.into_iter().map(|path| (String::new(), path.clone())));
        self
    }

    /// A file that will be written; one that is there is replaced.
    #[must_use]
    pub(crate) fn output(mut self, option: &str, path: Option<&Path>) -> Self {
        self.written.extend(path.map(|path| (option.to_owned(), path.to_owned(), Existing::Replaced)));
        self
    }

    /// A file that will be written, or stdout where none is named.
    #[must_use]
    pub(crate) fn output_or_stdout(self, option: &str, path: Option<&Path>) -> Self {
        self.output(option, Some(path.unwrap_or(Path::new("-"))))
    }

    /// A file that will be written; one that is there is continued or set aside.
    #[must_use]
    #[cfg(any(test, feature = "lvlm", feature = "train"))]
    pub(crate) fn output_kept(mut self, option: &str, path: Option<&Path>) -> Self {
        self.written.extend(path.map(|path| (option.to_owned(), path.to_owned(), Existing::Kept)));
        self
    }

    /// Inputs are not replaced by force either: they are still read while the output is written.
    #[must_use]
    #[cfg(any(feature = "lvlm", feature = "train"))]
    pub(crate) fn inputs_stay(mut self) -> Self {
        self.inputs_stay = true;
        self
    }

    /// Refuses outputs that are inputs, that have a photo's name, or that would replace a file that this program did not
    /// write; with `force` only outputs that are each other, or directories.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option and the file.
    pub(crate) fn check(&self, force: bool) -> Result<(), Failure> {
        let mut taken: Vec<(&str, PathBuf)> = Vec::new();
        for (option, path, existing) in &self.written {
            if path.as_os_str() == "-" {
                if let Some((other, _)) = taken.iter().find(|(_, known)| known.as_os_str() == "-") {
                    let message = format!("{option} and {other} both go to stdout");
                    return Err(usage(message).with_hint(format!("give {option} a file")));
                }
                taken.push((option, path.clone()));
                continue;
            }
            let named = || named(option, path);
            if path.is_dir() || path.file_name().is_none() {
                return Err(usage(format!("{}: this is a directory", named())).with_hint("name a file"));
            }
            if path.exists() && !path.is_file() {
                // A device or pipe.
                continue;
            }
            let real = real(path);
            if let Some((other, _)) = taken.iter().find(|(_, known)| *known == real) {
                let message = format!("{option} and {other} name the same file: {}", path.display());
                return Err(usage(message).with_hint(format!("give {option} a name of its own")));
            }
            if !force || self.inputs_stay {
                self.refuse_input(option, path, &real)?;
            }
            if !force {
                refuse_photo_name(option, path)?;
                if *existing == Existing::Replaced {
                    refuse_foreign(option, path)?;
                }
            }
            taken.push((option, real));
        }
        Ok(())
    }

    fn refuse_input(&self, option: &str, path: &Path, real_path: &Path) -> Result<(), Failure> {
        // There may be a million inputs: where the output is not there, only a file of its name can be the same.
        let there = path.exists();
        let same =
            |input: &Path| (there || input.file_name() == path.file_name()) && real(input) == real_path;
        let Some((of, input)) = self.read.iter().find(|(_, input)| same(input)) else { return Ok(()) };
        let message = if of.is_empty() {
            format!("{} is also an input: {}", named(option, path), input.display())
        } else {
            format!("{option} and {of} name the same file: {}", path.display())
        };
        let hint = if self.inputs_stay {
            format!("give {option} a name of its own")
        } else {
            "write to another file, or replace the input with `force`".to_owned()
        };
        Err(usage(message).with_hint(hint))
    }
}

/// Text in a file called photo.jpg is nearly always a slip: `--map *.jpg` names the first photo as the map.
fn refuse_photo_name(option: &str, path: &Path) -> Result<(), Failure> {
    if !has_photo_extension(path) {
        return Ok(());
    }
    let message = format!("{}: the output is not a photo, but has a photo's name", named(option, path));
    let hint =
        "name the output right after the option and the photos before it; `force` writes it all the same";
    Err(usage(message).with_hint(hint))
}

fn refuse_foreign(option: &str, path: &Path) -> Result<(), Failure> {
    let is_empty = || path.metadata().is_ok_and(|metadata| metadata.len() == 0);
    if !path.exists() || is_empty() || files::is_own(path) {
        return Ok(());
    }
    let message = format!(
        "{}: this file exists, and georanker did not write it or it has changed since",
        named(option, path)
    );
    Err(usage(message).with_hint("write to another file, or replace it with `force`"))
}

fn named(option: &str, path: &Path) -> String {
    if option.is_empty() { path.display().to_string() } else { format!("{option} {}", path.display()) }
}

fn usage(message: String) -> Failure {
    Failure::new(ErrorKind::Usage, message)
}

/// One name for a file, by whatever way it is named; also for one that does not exist yet.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let to_be = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    let there = path.canonicalize().ok();
    there.or_else(to_be).or_else(|| std::path::absolute(path).ok()).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn refusal(outputs: &Outputs, force: bool) -> String {
        outputs.check(force).err().map_or_else(|| "written".into(), |failure| failure.message)
    }

    #[test]
    fn nothing_of_the_user_is_replaced_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("truth.csv"), "IMG_ID").unwrap();
        fs::write(at("empty.csv"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("truth.csv"), at("link.csv")).unwrap();
        #[cfg(not(unix))]
        fs::hard_link(at("truth.csv"), at("link.csv")).unwrap();
        let of = |name: &str| {
            Outputs::default().input("--truth", Some(&at("truth.csv"))).output("--out", Some(&at(name)))
        };
        for (name, part) in [
            ("truth.csv", "--out and --truth name the same file"),
            ("sub/../truth.csv", "--out and --truth name the same file"),
            ("link.csv", "--out and --truth name the same file"),
            ("new.JPG", "has a photo's name"),
            ("new.heic", "has a photo's name"),
        ] {
            let message = refusal(&of(name), false);
            assert!(message.contains(part), "{name}: {message}");
            assert_eq!(refusal(&of(name), true), "written", "{name}");
        }
        for name in ["new.csv", "empty.csv", "no/such/folder.csv"] {
            assert_eq!(refusal(&of(name), false), "written", "{name}");
        }
        for force in [false, true] {
            assert!(refusal(&of("sub"), force).contains("this is a directory"));
        }
        let other = |name: &str| Outputs::default().output("--out", Some(&at(name)));
        assert!(refusal(&other("truth.csv"), false).contains("did not write it"));
        assert_eq!(refusal(&other("truth.csv"), true), "written");
        assert_eq!(
            refusal(&Outputs::default().output_kept("--out", Some(&at("truth.csv"))), false),
            "written"
        );
    }

    #[test]
    fn two_outputs_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let both = |second: &str| {
            Outputs::default().output("--out", Some(&at("a"))).output("--map", Some(&at(second)))
        };
        assert_eq!(refusal(&both("b"), false), "written");
        assert!(refusal(&both("./a"), true).contains("--map and --out name the same file"));
        let stdout = |first, second: &str| {
            Outputs::default().output_or_stdout("--out", first).output("--map", Some(Path::new(second)))
        };
        assert!(refusal(&stdout(None, "-"), true).contains("--map and --out both go to stdout"));
        assert!(refusal(&stdout(Some(Path::new("-")), "-"), true).contains("both go to stdout"));
        assert_eq!(refusal(&stdout(None, "map.html"), false), "written");
        let device = Outputs::default().output("--out", Some(Path::new("/dev/null")));
        assert_eq!(refusal(&device, false), "written");
        assert_eq!(refusal(&Outputs::default().output("--out", Some(Path::new("-"))), false), "written");
    }

    #[test]
    fn inputs_named_by_themselves_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let photo = folder.path().join("photo");
        fs::write(&photo, "x").unwrap();
        let outputs = Outputs::default().inputs([&photo]).output("--out", Some(&photo));
        assert!(refusal(&outputs, false).contains("is also an input"));
    }
}
