//! `georanker gallery`.

use std::path::{Component, Path, PathBuf};

use contract::{Attribution, Encoder, ErrorKind, Failure, PhotoId};
use evaluate::Selection;
use formats::table::{PhotoRow, PhotoTable, PlausibilityCheck};
use gallery::{
    Gallery, GalleryError, GallerySpec, GalleryWriter, Listing, PhotoFiles, PhotoSource, Skipped, SourceKind,
    SourceSpec, VectorPrecision,
};
use geo::Place;
use georanker::{
    AddReport, BuildEvent, BuildTimes, Difference, GalleryBuilder, OutcomeTally, Pack, PhotoEncoder,
    PhotoOutcome, PhotoToAdd, find_pack, write_outcome, write_outcome_header,
};
use photo::{DecodeOptions, Limits, Sidecars};

use crate::args::{DeviceArguments, GalleryCommand, PackArguments, PhotosArguments};
use crate::exit::{Exit, report};
use crate::outputs::Outputs;
use crate::progress::{bar, note, stop_flag};
use crate::sink::{Sink, write_text};
use crate::stdin::file_of;
use crate::threads::use_threads;

/// Runs a gallery command.
///
/// # Errors
/// A [`Failure`] that ends the run; photos that fail are reported and left out.
pub fn gallery(command: &GalleryCommand, quiet: bool) -> Result<Exit, Failure> {
    match command {
        GalleryCommand::Build { gallery, photos, name, pack, device } => {
            let work = Work::prepare(photos, pack, device)?;
            let fallback = gallery.file_name().map(|name| name.to_string_lossy().into_owned());
            let spec = GallerySpec {
                name: name.clone().or(fallback).unwrap_or_else(|| "gallery".to_owned()),
                encoder_fingerprint: work.encoder.fingerprint().to_owned(),
                channels: work.encoder.channels().to_vec(),
                precision: VectorPrecision::Int8,
                sources: Vec::new(),
            };
            let writer = match GalleryWriter::create(gallery, &spec) {
                // An interrupted build continues.
                Err(GalleryError::AlreadyExists { .. }) => {
                    let writer = GalleryWriter::open(gallery, Some(work.encoder.fingerprint()))?;
                    let photos = if writer.len() == 1 { "photo" } else { "photos" };
                    note(
                        quiet,
                        &format!(
                            "{} exists, with {} {photos}: adding to it",
                            gallery.display(),
                            writer.len()
                        ),
                    );
                    writer
                }
                other => other?,
            };
            work.add(writer, gallery, photos, quiet)
        }
        GalleryCommand::Add { gallery, photos, pack, device } => {
            let work = Work::prepare(photos, pack, device)?;
            let writer = GalleryWriter::open(gallery, Some(work.encoder.fingerprint()))?;
            work.add(writer, gallery, photos, quiet)
        }
        GalleryCommand::Remove { gallery, ids } => remove(gallery, ids, quiet),
        GalleryCommand::Info { gallery, json } => info(gallery, *json),
        GalleryCommand::Verify { gallery, repair } => verify(gallery, *repair, quiet),
        GalleryCommand::Export { gallery, out, force } => export(gallery, out, force.force, quiet),
    }
}

/// What adding photos needs.
struct Work {
    encoder: PhotoEncoder,
    source: PhotoFiles,
    kind: SourceKind,
    wanted: Wanted,
}

impl Work {
    fn prepare(
        photos: &PhotosArguments,
        pack: &PackArguments,
        device: &DeviceArguments,
    ) -> Result<Self, Failure> {
        let outputs = Outputs::default()
            .input("--table", photos.table.as_deref())
            .input("--photos", Some(&photos.photos));
        let outputs = outputs.output("--report", photos.report.as_deref());
        outputs.output("--outcomes", photos.outcomes.as_deref()).check(photos.force.force)?;
        use_threads(device.threads)?;
        let load = device.resolve()?;
        if photos.sidecars && photos.photos.is_file() {
            let message = format!(
                "sidecars are read beside the photos of a folder, and {} is a file",
                photos.photos.display()
            );
            return Err(Failure::new(ErrorKind::Usage, message).with_hint("unpack it, and give the folder"));
        }
        let kind = if photos.photos.is_dir() { SourceKind::Folder } else { SourceKind::Tar };
        let source = PhotoFiles::open(&photos.photos)?;
        let table = photos.table.as_deref().map(file_of).transpose()?;
        let wanted = Wanted::of(photos, table.as_deref(), &source)?;
        let directory = find_pack(pack.pack.as_deref())?;
        let pack = Pack::open(&directory)?;
        let encoder = PhotoEncoder::open_with(&pack, &load)?;
        // No place at all: what is broken is found before any photo is read.
        encoder.encode_places(&[])?;
        Ok(Self { encoder, source, kind, wanted })
    }

    fn add(
        &self,
        mut writer: GalleryWriter,
        gallery: &Path,
        photos: &PhotosArguments,
        quiet: bool,
    ) -> Result<Exit, Failure> {
        warn(&writer, quiet);
        let location = relative_to(&photos.photos, gallery)?;
        let spec = match self.kind {
            SourceKind::Tar => SourceSpec::tar(location),
            SourceKind::Folder => SourceSpec::folder(location),
        };
        let source = writer.add_source(&spec)?;
        let stop = stop_flag()?;
        let mut log = Log::open(photos.outcomes.as_deref())?;
        for failure in &self.wanted.unreadable {
            report(failure);
            log.write(None, &PhotoOutcome::Failed(failure.clone()));
        }
        for text in &self.wanted.notes {
            note(quiet, &format!("note: {text}"));
        }
        let progress = bar(self.wanted.count, "encoding", quiet);
        let builder = GalleryBuilder {
            encoder: &self.encoder,
            photos: &self.source,
            source,
            limits: Limits::default(),
            decode: DecodeOptions { allow_truncated: photos.allow_truncated, ..DecodeOptions::default() },
            sidecars: if photos.sidecars { Sidecars::XmpAndTakeout } else { Sidecars::Xmp },
            update: photos.update,
        };
        let outcome = builder.add(&mut writer, self.wanted.rows()?, &stop, |event| match event {
            BuildEvent::Done(done) => progress.set_position(done as u64),
            BuildEvent::Note(text) => progress.suspend(|| note(quiet, &format!("note: {text}"))),
            BuildEvent::Photo(id, outcome) => {
                log.write(id, outcome);
                match (outcome, id) {
                    (PhotoOutcome::Failed(failure), _) => progress.suspend(|| report(failure)),
                    (PhotoOutcome::Differs(why), Some(id)) => {
                        progress.suspend(|| report(&left_as_it_was(id, *why)));
                    }
                    _ => {}
                }
            }
        });
        progress.finish_and_clear();
        // What is committed is in the log, also where the rest failed.
        let lines = log.finish(&self.wanted.skipped)?;
        let mut outcome = outcome?;
        outcome.failed += self.wanted.unreadable.len();
        writer.finish()?;
        let updated = match outcome.updated {
            0 => String::new(),
            count => format!(", {count} replaced"),
        };
        note(
            quiet,
            &format!(
                "{}: {} {} added{}, {} there before, {} failed; {} in all",
                gallery.display(),
                outcome.added,
                if outcome.added == 1 { "photo" } else { "photos" },
                updated,
                outcome.already_present + outcome.differing,
                outcome.failed,
                writer.len()
            ),
        );
        let is_plain = outcome.updated + outcome.differing + outcome.failed == 0;
        if lines.len() > 1 || !is_plain {
            for line in &lines {
                note(quiet, &format!("  {line}"));
            }
        }
        if outcome.times.photos > 0 {
            note(quiet, &rate(&outcome.times));
        }
        if let Some(path) = &photos.report {
            write_text(Some(path), &report_text(&outcome, writer.len())?)?;
        }
        let all_taken = outcome.failed + outcome.differing == 0;
        Ok(match (outcome.stopped, all_taken) {
            (true, _) => Exit::Interrupted,
            (false, false) => Exit::SomeFailed,
            (false, true) => Exit::Done,
        })
    }
}

/// What became of the photos, counted and in a file.
struct Log {
    tally: OutcomeTally,
    file: Option<Sink>,
    /// The first thing that went wrong with the file; the photos come first.
    error: Option<std::io::Error>,
}

impl Log {
    fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let mut log = Self { tally: OutcomeTally::default(), file: None, error: None };
        if let Some(path) = path {
            let mut sink = Sink::open(Some(path))?;
            log.error = write_outcome_header(&mut sink).err();
            log.file = Some(sink);
        }
        Ok(log)
    }

    fn write(&mut self, id: Option<&PhotoId>, outcome: &PhotoOutcome) {
        self.tally.count(id, outcome);
        if let (Some(file), None) = (&mut self.file, &self.error) {
            self.error = write_outcome(file, id, outcome).err();
        }
    }

    /// The counts, line by line.
    fn finish(mut self, skipped: &Skipped) -> Result<Vec<String>, Failure> {
        self.tally.skip(skipped.others, "not photos");
        self.tally.skip(skipped.links, "links to folders, which are not followed");
        self.tally.skip(skipped.system, "of the system: files and folders such as ._* and @eaDir");
        match (self.file, self.error) {
            (Some(_), Some(error)) => {
                return Err(Failure::new(ErrorKind::Output, format!("cannot write the outcomes: {error}")));
            }
            (Some(file), None) => file.commit()?,
            (None, _) => {}
        }
        Ok(self.tally.lines())
    }
}

/// A photo that differs from the one in the gallery.
fn left_as_it_was(id: &PhotoId, why: Difference) -> Failure {
    match why {
        Difference::GivenTwice { .. } => Failure::new(ErrorKind::Usage, format!("{id}: {why}"))
            .with_hint("correct the table, and add it again with `update`"),
        _ => Failure::new(ErrorKind::Usage, format!("{id} is in the gallery already: {why}"))
            .with_hint("replace it with `update`"),
    }
}

/// Says what the file system lacks.
fn warn(writer: &GalleryWriter, quiet: bool) {
    if let Some(text) = writer.warning() {
        note(quiet, &format!("warning: {text}"));
    }
}

/// Photos a second and where the time went, in words.
fn rate(times: &BuildTimes) -> String {
    let shares: Vec<String> =
        times.shares().iter().map(|(name, share)| format!("{name} {:.0} %", share * 100.0)).collect();
    format!("{:.1} photos/s; {}", times.rate(), shares.join(", "))
}

/// The same as JSON, for `--report`.
fn report_text(outcome: &AddReport, photos: usize) -> Result<String, Failure> {
    let shares: serde_json::Map<String, serde_json::Value> =
        outcome.times.shares().into_iter().map(|(name, share)| (name.to_owned(), share.into())).collect();
    let report = serde_json::json!({
        "added": outcome.added,
        "already_present": outcome.already_present,
        "updated": outcome.updated,
        "differing": outcome.differing,
        "failed": outcome.failed,
        "stopped": outcome.stopped,
        "photos_in_gallery": photos,
        "photos_per_second": outcome.times.rate(),
        "shares": shares,
        "seconds": outcome.times,
    });
    let text = serde_json::to_string_pretty(&report);
    text.map(|text| text + "\n").map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))
}

/// The photos that a table selects, or all photos of the source. A table is gone through twice and never held: the
/// collections people have are of millions.
struct Wanted {
    source: WantedSource,
    count: usize,
    /// What a folder has besides photos.
    skipped: Skipped,
    /// Folders that cannot be read: the rest is taken all the same.
    unreadable: Vec<Failure>,
    /// What is odd about a table that was read.
    notes: Vec<String>,
}

enum WantedSource {
    Table { path: PathBuf, selection: Selection },
    Photos(Vec<PhotoId>),
}

impl Wanted {
    /// Counts the photos.
    fn of(photos: &PhotosArguments, table: Option<&Path>, source: &dyn PhotoSource) -> Result<Self, Failure> {
        let Some(table) = table else {
            if photos.selection.is_some() {
                return Err(Failure::new(ErrorKind::Usage, "--where selects rows of a table")
                    .with_hint("add --table FILE"));
            }
            let Listing { ids, skipped, failures } = source.list()?;
            if let (true, Some(failure)) = (ids.is_empty(), failures.first()) {
                return Err(Failure::from_error(failure));
            }
            if ids.is_empty() {
                let shown = photos.photos.display();
                let message = match skipped.words() {
                    Some(words) => format!("{shown}: no photos ({words})"),
                    None => format!("{shown}: no photos"),
                };
                return Err(Failure::new(ErrorKind::NotFound, message));
            }
            let unreadable = failures.into_iter().map(Failure::from).collect();
            return Ok(Self {
                count: ids.len(),
                source: WantedSource::Photos(ids),
                skipped,
                unreadable,
                notes: Vec::new(),
            });
        };
        let mut rows = PhotoTable::open(table)?;
        let selection = selection(photos.selection.as_deref().unwrap_or_default(), table, rows.columns())?;
        let (mut count, mut check) = (0, PlausibilityCheck::default());
        for row in rows.by_ref() {
            match row {
                Ok(row) => {
                    check.see(&row);
                    count += usize::from(selection.fits(&row));
                }
                // Named when its turn comes.
                Err(error) if photos.skip_bad_rows && !error.is_final() => {
                    check.see_error(&error);
                    count += 1;
                }
                // What is wrong with the table is said before hours go into its photos.
                Err(error) => {
                    let failure = Failure::from(error);
                    let hint = failure.hint.clone().map_or_else(String::new, |hint| format!("{hint}; or "));
                    return Err(failure.with_hint(format!("{hint}leave such rows out with `skip_bad_rows`")));
                }
            }
        }
        let findings = check.findings().iter().map(ToString::to_string).collect::<Vec<_>>();
        let notes = rows.notes().iter().map(ToString::to_string).chain(findings).collect();
        if count == 0 {
            let what = if selection.is_empty() {
                "the table is empty".to_owned()
            } else {
                format!("no row fits --where {selection}")
            };
            let message = format!("{}: {what}", table.display());
            return Err(Failure::new(ErrorKind::InvalidTable, message));
        }
        let source = WantedSource::Table { path: table.to_owned(), selection };
        Ok(Self { source, count, skipped: Skipped::default(), unreadable: Vec::new(), notes })
    }

    /// The photos, one after the other.
    fn rows(&self) -> Result<Box<dyn Iterator<Item = Result<PhotoToAdd, Failure>> + '_>, Failure> {
        Ok(match &self.source {
            WantedSource::Photos(ids) => Box::new(ids.iter().cloned().map(without_table).map(Ok)),
            WantedSource::Table { path, selection } => {
                let rows = PhotoTable::open(path)?;
                Box::new(rows.filter_map(move |row| match row {
                    Ok(row) => selection.fits(&row).then(|| Ok(of_row(row))),
                    Err(error) => Some(Err(error.into())),
                }))
            }
        })
    }
}

fn of_row(row: PhotoRow) -> PhotoToAdd {
    PhotoToAdd {
        id: row.id,
        location: Some(row.location),
        place: row.place,
        attribution: Attribution { author: row.author, licence: row.licence, source: row.source },
    }
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
    let mut writer = GalleryWriter::open(directory, None)?;
    warn(&writer, quiet);
    let mut absent = 0;
    let mut present = Vec::new();
    for id in ids {
        let id = PhotoId(id.clone());
        if writer.contains(&id)? {
            present.push(id);
        } else {
            absent += 1;
            report(&Failure::new(ErrorKind::NotFound, format!("{}: no photo `{id}`", directory.display())));
        }
    }
    let removed = writer.remove(&present)?;
    writer.finish()?;
    let photos = if removed == 1 { "photo" } else { "photos" };
    note(quiet, &format!("{removed} {photos} removed, {} left", writer.len()));
    Ok(if absent > 0 { Exit::SomeFailed } else { Exit::Done })
}

fn info(directory: &Path, json: bool) -> Result<Exit, Failure> {
    let gallery = Gallery::open(directory, None)?;
    let places: Vec<_> = gallery.photos().map(|record| (record.location, record.place)).collect();
    write_text(None, &crate::gallery_text::info(gallery.info(), geo::coverage_note(&places), json)?)?;
    Ok(Exit::Done)
}

fn verify(directory: &Path, repair: bool, quiet: bool) -> Result<Exit, Failure> {
    let mut problems = gallery::verify(directory);
    if repair && !problems.is_empty() {
        gallery::rebuild(directory)?;
        problems = gallery::verify(directory);
    }
    for problem in &problems {
        write_text(None, &format!("{problem}\n"))?;
    }
    if problems.is_empty() {
        note(quiet, &format!("{}: no problems", directory.display()));
        return Ok(Exit::Done);
    }
    // The gallery itself is sound: what it was given is not.
    let is_sound = problems.iter().all(|problem| matches!(problem, gallery::Problem::CopiesApart { .. }));
    Ok(if is_sound { Exit::SomeFailed } else { Exit::Broken })
}

fn export(directory: &Path, out: &Path, force: bool, quiet: bool) -> Result<Exit, Failure> {
    let gallery = Gallery::open(directory, None)?;
    let written = gallery.export_files(out);
    let outputs = written.iter().fold(Outputs::default(), |outputs, file| outputs.output("", Some(file)));
    outputs.check(force)?;
    for file in gallery.export(out)? {
        files::remember_written(&file);
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
