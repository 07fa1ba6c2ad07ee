//! What stands where a pack is to go, looked at before anything is fetched.
//!
//! A pack's directory has the last part of a name only, so that packs of two organisations meet there; and a part that
//! came from elsewhere before lies there as a directory where now a link belongs. Either would cost the user a pack, or
//! a download of hours that ends in an error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::disk;
use super::{PackKind, Part, PullError, PulledPack, PulledPart, Recipe, Source};

/// Directories of an earlier pull that are to make room for links.
pub(super) struct Standing {
    replaced: Vec<(PathBuf, PulledPart)>,
}

impl Standing {
    /// Looks whether a pack can go into its directory.
    ///
    /// # Errors
    /// [`PullError::Taken`] for another pack's directory, [`PullError::InTheWay`] for what is not ours to remove,
    /// [`PullError::Manifest`] for a `pack.toml` whose settings cannot be kept.
    pub(super) fn look(recipe: &Recipe, directory: &Path) -> Result<Self, PullError> {
        let earlier = match PulledPack::open(directory) {
            Ok(pack) => Some(pack),
            // One that cannot be read is written again.
            Err(PullError::Recipe { .. }) => None,
            Err(PullError::Disk { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(earlier) = &earlier
            && is_another(earlier, recipe)
        {
            let sources: Vec<&str> = earlier.parts.iter().map(|part| part.source.as_str()).collect();
            let holds = format!("{} of {}", earlier.kind.as_str(), sources.join(", "));
            return Err(PullError::Taken { directory: directory.to_owned(), holds });
        }
        if matches!(recipe.kind, PackKind::G3 | PackKind::Geoclip) {
            PulledPack::kept_manifest(directory)?;
        }
        let mut replaced = Vec::new();
        for part in recipe.parts.iter().filter(|part| matches!(part.source, Source::Hub { .. })) {
            let place = directory.join(&part.name);
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_symlink() => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(disk(&place)(error)),
                Ok(found) => {
                    let known = earlier.as_ref().and_then(|pack| in_pack(pack, part));
                    match known.filter(|known| found.is_dir() && holds_only(&place, known)) {
                        Some(known) => replaced.push((place, known.clone())),
                        None => return Err(PullError::InTheWay { path: place }),
                    }
                }
            }
        }
        Ok(Self { replaced })
    }

    /// Removes the directories whose files an earlier pull fetched, now that what takes their place is there.
    ///
    /// # Errors
    /// [`PullError::Disk`].
    pub(super) fn make_room(self) -> Result<(), PullError> {
        self.replaced.into_iter().try_for_each(|(place, part)| {
            // Downloads take hours, in which somebody may have put something there.
            if !holds_only(&place, &part) {
                return Err(PullError::InTheWay { path: place });
            }
            fs::remove_dir_all(&place).map_err(disk(&place))
        })
    }
}

/// Whether a directory belongs to another pack. A part of one pack may come from elsewhere by `--repo`, but a checkpoint
/// is what its first part is.
fn is_another(earlier: &PulledPack, recipe: &Recipe) -> bool {
    if earlier.kind != recipe.kind {
        return true;
    }
    let (Some(before), Some(now)) = (earlier.parts.first(), recipe.parts.first()) else { return false };
    let (Source::Hub { repository, .. } | Source::GitHub { repository, .. }) = &now.source;
    // The host may be a mirror.
    recipe.kind == PackKind::Checkpoint && !before.source.ends_with(&format!("/{repository}"))
}

/// The part as an earlier pull left it, if its files lie in the pack itself.
fn in_pack<'a>(pack: &'a PulledPack, part: &Part) -> Option<&'a PulledPart> {
    pack.parts.iter().find(|known| known.name == part.name && known.directory.is_relative())
}

/// Whether a directory holds nothing but a part's files and what fetching them leaves beside them.
fn holds_only(place: &Path, part: &PulledPart) -> bool {
    let Ok(entries) = fs::read_dir(place) else { return false };
    entries.into_iter().all(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            is_file
                && part.files.iter().any(|file| {
                    let path = file.path.as_str();
                    name == path
                        || name == format!("{path}.incomplete").as_str()
                        || name == format!(".{path}.lock").as_str()
                })
        })
    })
}
