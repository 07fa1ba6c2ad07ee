//! `georanker gallery`.

use std::path::{Component, Path, PathBuf};

use contract::table::PhotoTable;
use contract::{Attribution, Diagnose, Encoder, ErrorKind, Failure, PhotoId};
use evaluate::Selection;
use gallery::{
    Gallery, GalleryError, GallerySpec, GalleryWriter, PhotoFiles, PhotoSource, SourceKind, SourceSpec,
    VectorPrecision,
};
use geo::Place;
use georanker::{GalleryBuilder, Pack, PhotoEncoder, PhotoToAdd, find_pack, open_location_encoder};
use nets::photo::Limits;

use crate::args::{GalleryCommand, PackArguments, PhotosArguments};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::sink::write_text;

/// Runs a gallery command.
///
/// # Errors
/// A [`Failure`] that ends the run; photos that fail are reported and left out.
pub fn gallery(command: &GalleryCommand, quiet: bool) -> Result<Exit, Failure> {
    match command {
        GalleryCommand::Build { gallery, photos, name, pack } => {
            let work = Work::prepare(photos, pack)?;
            let fallback = gallery.file_name().map(|name| name.to_string_lossy().into_owned());
            let spec = GallerySpec {
                name: name.clone().or(fallback).unwrap_or_else(|| "gallery".to_owned()),
                encoder_fingerprint: work.encoder.fingerprint().to_owned(),
                channels: work.encoder.channels().to_vec(),
                precision: VectorPrecision::Int8,
                sources: Vec::new(),
            };
            let writer = match GalleryWriter::create(gallery, &spec) {
                // A build that was interrupted goes on.
                Err(GalleryError::AlreadyExists { .. }) => {
                    GalleryWriter::open(gallery, Some(work.encoder.fingerprint()))
                }
                other => other,
            }
            .map_err(|error| failure(&error))?;
            work.add(writer, gallery, photos, quiet)
        }
        GalleryCommand::Add { gallery, photos, pack } => {
            let work = Work::prepare(photos, pack)?;
            let writer = GalleryWriter::open(gallery, Some(work.encoder.fingerprint()))
                .map_err(|error| failure(&error))?;
            work.add(writer, gallery, photos, quiet)
        }
        GalleryCommand::Remove { gallery, ids } => remove(gallery, ids, quiet),
        GalleryCommand::Info { gallery, json } => info(gallery, *json),
        GalleryCommand::Verify { gallery, repair } => verify(gallery, *repair, quiet),
        GalleryCommand::Export { gallery, out } => export(gallery, out, quiet),
    }
}

/// What adding photos needs.
struct Work {
    encoder: PhotoEncoder,
    locations: Option<nets::geoclip::LocationEncoder>,
    source: PhotoFiles,
    kind: SourceKind,
    wanted: Vec<PhotoToAdd>,
}

impl Work {
    fn prepare(photos: &PhotosArguments, pack: &PackArguments) -> Result<Self, Failure> {
        let kind = if photos.photos.is_dir() { SourceKind::Folder } else { SourceKind::Tar };
        let source = PhotoFiles::open(&photos.photos).map_err(|error| failure(&error))?;
        let wanted = wanted(photos, &source)?;
        let directory = find_pack(pack.pack.as_deref()).map_err(|error| failure(&error))?;
        let pack = Pack::open(&directory).map_err(|error| failure(&error))?;
        let encoder = PhotoEncoder::open(&pack).map_err(|error| failure(&error))?;
        let locations = open_location_encoder(&pack).map_err(|error| failure(&error))?;
        Ok(Self { encoder, locations, source, kind, wanted })
    }

    fn add(
        &self,
        mut writer: GalleryWriter,
        gallery: &Path,
        photos: &PhotosArguments,
        quiet: bool,
    ) -> Result<Exit, Failure> {
        let location = relative_to(&photos.photos, gallery)?;
        let spec = match self.kind {
            SourceKind::Tar => SourceSpec::tar(location),
            _ => SourceSpec::folder(location),
        };
        let source = writer.add_source(&spec).map_err(|error| failure(&error))?;
        let stop = stop_flag()?;
        let progress = bar(self.wanted.len(), "encoding", quiet);
        let builder = GalleryBuilder {
            encoder: &self.encoder,
            locations: self.locations.as_ref(),
            photos: &self.source,
            source,
            limits: Limits::default(),
        };
        let outcome =
            builder.add(&mut writer, &self.wanted, &stop, |done| progress.set_position(done as u64))?;
        progress.finish_and_clear();
        writer.finish().map_err(|error| failure(&error))?;
        for (_, failure) in &outcome.failures {
            report(failure);
        }
        note(
            quiet,
            &format!(
                "{}: {} photos added, {} there before, {} failed; {} in all",
                gallery.display(),
                outcome.added,
                outcome.already_present,
                outcome.failures.len(),
                writer.len()
            ),
        );
        Ok(match (outcome.stopped, outcome.failures.is_empty()) {
            (true, _) => Exit::Interrupted,
            (false, false) => Exit::SomeFailed,
            (false, true) => Exit::Done,
        })
    }
}

/// The photos that a table selects, or all photos of the source.
fn wanted(photos: &PhotosArguments, source: &dyn PhotoSource) -> Result<Vec<PhotoToAdd>, Failure> {
    let Some(table) = &photos.table else {
        if photos.selection.is_some() {
            return Err(Failure::new(ErrorKind::Usage, "--where selects rows of a table")
                .with_hint("add --table FILE"));
        }
        let ids = source.ids().map_err(|error| failure(&error))?;
        if ids.is_empty() {
            let message = format!("{}: no photos", photos.photos.display());
            return Err(Failure::new(ErrorKind::NotFound, message));
        }
        return Ok(ids.into_iter().map(without_table).collect());
    };
    let rows = PhotoTable::open(table).map_err(|error| failure(&error))?;
    let selection = selection(photos.selection.as_deref().unwrap_or_default(), table, rows.columns())?;
    let mut wanted = Vec::new();
    for row in rows {
        let row = row.map_err(|error| failure(&error))?;
        if selection.fits(&row) {
            wanted.push(PhotoToAdd {
                id: row.id,
                location: Some(row.location),
                place: row.place,
                attribution: Attribution { author: row.author, licence: row.licence, source: row.source },
            });
        }
    }
    if wanted.is_empty() {
        let what = if selection.is_empty() { "the table is empty" } else { "no row fits --where" };
        let message = format!("{}: {what}", table.display());
        return Err(Failure::new(ErrorKind::InvalidTable, message));
    }
    Ok(wanted)
}

/// The conditions of `--where`, each on a column of the table.
pub(super) fn selection(text: &str, table: &Path, columns: &[String]) -> Result<Selection, Failure> {
    let selection: Selection =
        text.parse().map_err(|error| Failure::new(ErrorKind::Usage, format!("--where: {error}")))?;
    for condition in &selection.conditions {
        if !columns.iter().any(|column| column.eq_ignore_ascii_case(&condition.column)) {
            let message = format!("--where: {} has no column `{}`", table.display(), condition.column);
            let hint = format!("its columns are {}", columns.join(", "));
            return Err(Failure::new(ErrorKind::Usage, message).with_hint(hint));
        }
    }
    Ok(selection)
}

fn without_table(id: PhotoId) -> PhotoToAdd {
    PhotoToAdd { id, location: None, place: Place::default(), attribution: Attribution::default() }
}

fn remove(directory: &Path, ids: &[String], quiet: bool) -> Result<Exit, Failure> {
    let mut writer = GalleryWriter::open(directory, None).map_err(|error| failure(&error))?;
    let mut absent = 0;
    let mut present = Vec::new();
    for id in ids {
        let id = PhotoId(id.clone());
        if writer.contains(&id).map_err(|error| failure(&error))? {
            present.push(id);
        } else {
            absent += 1;
            report(&Failure::new(ErrorKind::NotFound, format!("{}: no photo `{id}`", directory.display())));
        }
    }
    let removed = writer.remove(&present).map_err(|error| failure(&error))?;
    writer.finish().map_err(|error| failure(&error))?;
    note(quiet, &format!("{removed} photos removed, {} left", writer.len()));
    Ok(if absent > 0 { Exit::SomeFailed } else { Exit::Done })
}

fn info(directory: &Path, json: bool) -> Result<Exit, Failure> {
    let gallery = Gallery::open(directory, None).map_err(|error| failure(&error))?;
    let places: Vec<_> = gallery.records().map(|record| (record.location, record.place)).collect();
    write_text(None, &crate::gallery_text::info(&gallery.info(), &geo::coverage_note(&places), json))?;
    Ok(Exit::Done)
}

fn verify(directory: &Path, repair: bool, quiet: bool) -> Result<Exit, Failure> {
    let mut problems = gallery::verify(directory);
    if repair && !problems.is_empty() {
        gallery::rebuild(directory).map_err(|error| failure(&error))?;
        problems = gallery::verify(directory);
    }
    for problem in &problems {
        write_text(None, &format!("{problem}\n"))?;
    }
    if problems.is_empty() {
        note(quiet, &format!("{}: no problems", directory.display()));
        return Ok(Exit::Done);
    }
    Ok(Exit::Broken)
}

fn export(directory: &Path, out: &Path, quiet: bool) -> Result<Exit, Failure> {
    let gallery = Gallery::open(directory, None).map_err(|error| failure(&error))?;
    for file in gallery.export(out).map_err(|error| failure(&error))? {
        note(quiet, &file.display().to_string());
    }
    Ok(Exit::Done)
}

/// The path of the photos as seen from the gallery, so that both may move together.
fn relative_to(photos: &Path, gallery: &Path) -> Result<String, Failure> {
    let absolute = |path: &Path| {
        path.canonicalize()
            .map_err(|error| Failure::new(ErrorKind::NotFound, format!("{}: {error}", path.display())))
    };
    let (photos, gallery) = (absolute(photos)?, absolute(gallery)?);
    let common = photos.components().zip(gallery.components()).take_while(|(a, b)| a == b).count();
    let mut relative = PathBuf::new();
    for _ in gallery.components().skip(common) {
        relative.push("..");
    }
    relative.extend(photos.components().skip(common));
    let parts = relative.components().map(|part| match part {
        Component::ParentDir => "..".to_owned(),
        other => other.as_os_str().to_string_lossy().into_owned(),
    });
    Ok(parts.collect::<Vec<_>>().join("/"))
}

fn failure(error: &impl Diagnose) -> Failure {
    Failure::from_error(error)
}
