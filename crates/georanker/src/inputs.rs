//! What the user named, turned into a list of photos.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use contract::{ErrorKind, Failure};
use files::path_text;
use gallery::{Skipped, walk_photos};
use photo::{SNIFF_BYTES, sniff};

/// A photo to locate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The path as given, or the given directory and the path below it: the photo's name in every output.
    pub name: String,
    /// The path below the argument, with `/` between the parts: what a table of these photos calls it. The whole name
    /// where two photos of the run would share it. The same photo given twice has one.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Input {
    /// A file named by the user.
    pub fn file(path: &Path) -> Self {
        let id = path.file_name().map_or_else(|| path_text(path), |name| path_text(Path::new(name)));
        Self { name: path_text(path), id, path: path.to_owned() }
    }
}

/// The photos found, and what was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The photos, in the order given; directories in the order of their sorted paths.
    pub photos: Vec<Input>,
    /// Files in directories that were not taken.
    pub skipped: Skipped,
    /// Arguments and folders that gave nothing, each with its reason, under its name.
    pub failures: Vec<(String, Failure)>,
}

impl Inputs {
    /// Makes file names the ids, as tables without folders have them.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming two photos that share a file name.
    pub fn use_file_names(&mut self) -> Result<(), Failure> {
        let mut known: HashMap<String, &str> = HashMap::with_capacity(self.photos.len());
        let mut ids = Vec::with_capacity(self.photos.len());
        for photo in &self.photos {
            let id = photo.id.rsplit('/').next().unwrap_or(&photo.id).to_owned();
            let first = known.entry(id.clone()).or_insert(&photo.name);
            if *first != photo.name {
                let message = format!("{first} and {} share a file name", photo.name);
                return Err(Failure::new(ErrorKind::Usage, message)
                    .with_hint("set `ids` to path, or locate them in two runs"));
            }
            ids.push(id);
        }
        for (photo, id) in self.photos.iter_mut().zip(ids) {
            photo.id = id;
        }
        Ok(())
    }
}

/// Expands files and directories (recursively; links to directories are not followed).
///
/// A file named by the user is always taken, so that a wrong one fails by name; in a directory, files without a
/// photo's extension or first bytes, and those of the system, are skipped and counted.
pub fn expand_inputs(arguments: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    for argument in arguments {
        if argument.is_dir() {
            expand_directory(argument, &mut inputs);
        } else {
            inputs.photos.push(Input::file(argument));
        }
    }
    tell_apart(&mut inputs.photos);
    inputs
}

/// Gives photos that share an id their whole names, until none do: a whole name may be the id of another photo.
fn tell_apart(photos: &mut [Input]) {
    loop {
        let mut names: HashMap<&str, (&str, bool)> = HashMap::with_capacity(photos.len());
        for photo in photos.iter() {
            let (first, shared) = names.entry(&photo.id).or_insert((&photo.name, false));
            *shared |= *first != photo.name;
        }
        let is_shared = |photo: &Input| names.get(photo.id.as_str()).is_some_and(|(_, shared)| *shared);
        let shared: Vec<bool> =
            photos.iter().map(|photo| is_shared(photo) && photo.id != photo.name).collect();
        if !shared.contains(&true) {
            return;
        }
        for (photo, shared) in photos.iter_mut().zip(shared) {
            if shared {
                photo.id.clone_from(&photo.name);
            }
        }
    }
}

fn expand_directory(directory: &Path, inputs: &mut Inputs) {
    let (before, failed_before) = (inputs.photos.len(), inputs.failures.len());
    let walk = walk_photos(directory, &is_photo_by_content);
    inputs.skipped.add(walk.skipped);
    inputs.photos.extend(walk.photos.into_iter().map(|path| {
        let below = path.strip_prefix(directory).unwrap_or(&path);
        let parts: Vec<_> = below.iter().map(|part| path_text(Path::new(part))).collect();
        Input { name: path_text(&path), id: parts.join("/"), path }
    }));
    inputs.failures.extend(walk.failures.into_iter().map(|(path, error)| {
        let name = path_text(&path);
        let failure = Failure::new(ErrorKind::Unreadable, format!("{name}: {error}"));
        (name, failure)
    }));
    if inputs.photos.len() == before && inputs.failures.len() == failed_before {
        let name = path_text(directory);
        let failure = Failure::new(ErrorKind::NotFound, format!("{name}: no photos in this directory"))
            .with_hint("photos are files ending in .jpg, .png, .webp, .tif, .heic and the like");
        inputs.failures.push((name, failure));
    }
}

/// A file without an extension by its first bytes.
fn is_photo_by_content(path: &Path) -> bool {
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
        assert_eq!((inputs.skipped, inputs.failures.len()), (Skipped { others: 1, ..Skipped::default() }, 0));
        let ids: Vec<&str> = inputs.photos.iter().map(|input| input.id.as_str()).collect();
        assert_eq!(ids, ["b.jpg", "bare", "sub/a.png"]);
    }

    #[test]
    fn ids_are_unique_unless_the_photo_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["one/a.jpg", "one/b.jpg", "two/a.jpg", "two/sub/c.jpg"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let ids = |arguments: &[&str]| -> Vec<String> {
            let arguments: Vec<PathBuf> = arguments.iter().map(|name| root.join(name)).collect();
            expand_inputs(&arguments).photos.into_iter().map(|input| input.id).collect()
        };
        let whole = |name: &str| root.join(name).to_str().unwrap().to_owned();
        assert_eq!(ids(&["one", "two"]), [&*whole("one/a.jpg"), "b.jpg", &whole("two/a.jpg"), "sub/c.jpg"]);
        assert_eq!(ids(&["one/a.jpg", "two/sub/c.jpg", "one/a.jpg"]), ["a.jpg", "c.jpg", "a.jpg"]);
        // The whole name of one photo is what another one has below its folder.
        for name in ["x/a.jpg", "y/a.jpg", "c/x/a.jpg"] {
            std::fs::create_dir_all(Path::new(name).parent().map(|folder| root.join(folder)).unwrap())
                .unwrap();
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let mut photos = ["x/a.jpg", "y/a.jpg", "c/x/a.jpg"].map(|name| Input::file(Path::new(name)));
        photos[2].id = "x/a.jpg".into();
        tell_apart(&mut photos);
        let ids_now: Vec<&str> = photos.iter().map(|photo| photo.id.as_str()).collect();
        assert_eq!(ids_now, ["x/a.jpg", "y/a.jpg", "c/x/a.jpg"]);
        for folder in ["x", "y", "c"] {
            std::fs::remove_dir_all(root.join(folder)).unwrap();
        }
        assert_eq!(ids(&["."]), ["one/a.jpg", "one/b.jpg", "two/a.jpg", "two/sub/c.jpg"]);
    }

    #[test]
    fn an_empty_directory_is_a_named_failure() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = expand_inputs(&[folder.path().to_owned()]);
        assert!(inputs.failures[0].1.message.contains("no photos"));
    }
}
