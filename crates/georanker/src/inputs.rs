//! What the user named, turned into a list of photos.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use photo::{SNIFF_BYTES, has_photo_extension, sniff};
use walkdir::WalkDir;

/// A photo to locate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The path as given, or the given directory and the path below it: the photo's name in every output.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The photos found, and what was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The photos, in the order given; directories in the order of their sorted paths.
    pub photos: Vec<Input>,
    /// Files in directories that are not photos.
    pub skipped: usize,
    /// Arguments and folders that gave nothing, each with its reason, under its name.
    pub failures: Vec<(String, Failure)>,
}

/// Expands files and directories (recursively; links to directories are not followed).
///
/// A file named by the user is always taken, so that a wrong one fails by name; in a directory, files without a
/// photo's extension or first bytes are skipped and counted.
pub fn expand_inputs(arguments: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    for argument in arguments {
        if argument.is_dir() {
            expand_directory(argument, &mut inputs);
        } else {
            inputs.photos.push(Input { name: argument.display().to_string(), path: argument.clone() });
        }
    }
    inputs
}

fn expand_directory(directory: &Path, inputs: &mut Inputs) {
    let (before, failed_before) = (inputs.photos.len(), inputs.failures.len());
    for entry in WalkDir::new(directory).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            // Pipes and devices would never end; broken links are kept, to fail by name.
            Ok(entry) if entry.path().metadata().is_ok_and(|data| !data.is_file()) => inputs.skipped += 1,
            Ok(entry) => {
                let path = entry.into_path();
                if is_photo(&path) {
                    inputs.photos.push(Input { name: path.display().to_string(), path });
                } else {
                    inputs.skipped += 1;
                }
            }
            Err(error) => {
                let name = error.path().unwrap_or(directory).display().to_string();
                let failure = Failure::new(ErrorKind::Unreadable, format!("{name}: {error}"));
                inputs.failures.push((name, failure));
            }
        }
    }
    if inputs.photos.len() == before && inputs.failures.len() == failed_before {
        let name = directory.display().to_string();
        let failure = Failure::new(ErrorKind::NotFound, format!("{name}: no photos in this directory"))
            .with_hint("photos are files ending in .jpg, .png, .webp, .tif, .heic and the like");
        inputs.failures.push((name, failure));
    }
}

/// A photo by its extension; a file with another extension by its first bytes. A file that cannot be opened
/// counts as a photo if its extension says so: locating it then names the reason.
fn is_photo(path: &Path) -> bool {
    if has_photo_extension(path) {
        return true;
    }
    if path.extension().is_some() {
        return false;
    }
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    let read = File::open(path).and_then(|file| file.take(SNIFF_BYTES as u64).read_to_end(&mut head));
    read.is_ok() && sniff(&head).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_recurse_and_other_files_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("sub")).unwrap();
        for name in ["b.jpg", "sub/a.png", "notes.txt"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        std::fs::write(root.join("bare"), b"\xff\xd8\xff\xe0 and so on").unwrap();
        let inputs = expand_inputs(&[root.to_owned()]);
        let names: Vec<&Path> =
            inputs.photos.iter().map(|input| input.path.strip_prefix(root).unwrap()).collect();
        assert_eq!(names, [Path::new("b.jpg"), Path::new("bare"), Path::new("sub/a.png")]);
        assert_eq!((inputs.skipped, inputs.failures.len()), (1, 0));
    }

    #[test]
    fn an_empty_directory_is_a_named_failure() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = expand_inputs(&[folder.path().to_owned()]);
        assert!(inputs.failures[0].1.message.contains("no photos"));
    }
}
