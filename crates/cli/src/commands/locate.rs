//! `georanker locate`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contract::{ErrorKind, Failure, Locate, PhotoId};
use georanker::{
    BatchEnd, BatchOptions, CandidateSource, Judge, Located, Locator, Pack, Parts, QueryCache, expand_inputs,
    find_pack, locate_files_with, open_coordinates,
};
use photo::{DecodeOptions, Limits, decode, encode_thumbnail};
use present::{Format, OutputError, PhotoResult, Precision, Settings, Terminal, Thumbnails, Writer, writer};
use rank::vlm::PairScorer;

use super::written::WrittenSource;
use crate::args::{JudgeRequest, LocateArguments};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::sink::Sink;
use crate::terminal;

/// Longest side of the query's picture on the map.
const QUERY_SIDE: u32 = 640;
/// Longest side of a candidate's picture.
const CANDIDATE_SIDE: u32 = 200;

/// Locates photos and writes the answers.
///
/// # Errors
/// A [`Failure`] that ends the run; a photo's failure does not.
pub fn locate(arguments: &LocateArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    let pack = find_pack(arguments.pack.pack.as_deref())?;
    let inputs = expand_inputs(&arguments.inputs);
    if inputs.skipped > 0 {
        note(quiet, &format!("{} files that are no photos were skipped", inputs.skipped));
    }
    let mut locator = open(&pack, arguments, quiet)?;
    let query_cache = match &arguments.retrieval.query_cache {
        Some(directory) => Some(Arc::new(QueryCache::open(directory, locator.encoder())?)),
        None => None,
    };
    let limits = Limits { max_pixels: u64::from(arguments.max_megapixels) * 1_000_000, ..Limits::default() };
    let stop = stop_flag()?;
    if request.written.is_some() {
        let within_m = arguments.written.merge_within_m;
        let joining = Pack::open(&pack).and_then(|pack| locator.joining_written(&pack, within_m));
        locator = joining?;
    }
    locator.check(&request.options)?;
    if let Some(JudgeRequest { model, options, found, written }) = request.judge {
        note(quiet, &format!("opening {}; confidence is its own belief, not calibrated", model.display()));
        let scorer = PairScorer::open(&model, &options).map_err(|failure| Failure {
            hint: failure.hint.as_ref().map(|hint| hint.replace(" --adapter", " --judge-adapter")),
            ..failure
        })?;
        locator = locator.judged_by(Judge { scorer, found, written });
    }
    let locator = Arc::new(locator);
    let written = match request.written {
        None => None,
        Some(written) => {
            let asked = (&request.options, &request.author);
            Some(WrittenSource::open(written, &locator, asked, limits, &stop, quiet)?)
        }
    };
    let wants_map = arguments.format == Format::Html || arguments.map.is_some();
    let options = BatchOptions {
        locate: request.options,
        author: request.author,
        limits,
        thumbnail_side: wants_map.then_some(QUERY_SIDE),
        query_cache,
    };
    let pictures = Pictures { locator: &locator, queries: RefCell::default() };
    let mut targets = vec![Target::open(arguments.format, arguments.out.as_deref())?];
    if let Some(map) = &arguments.map {
        targets.push(Target::open(Format::Html, Some(map))?);
    }
    let precision = arguments.precision.unwrap_or(Precision::Exact);
    let run = Run {
        locator: &locator,
        pictures: &pictures,
        written: written.as_ref(),
        stop: &stop,
        precision,
        quiet,
    };
    run.write_to(&inputs, &options, targets)
}

/// Opens the pack with the gallery and the coordinates that are asked for.
fn open(directory: &Path, arguments: &LocateArguments, quiet: bool) -> Result<Locator, Failure> {
    let pack = Pack::open(directory)?;
    let gallery = arguments.gallery.as_deref();
    let brings_all = arguments.retrieval.coordinates.is_some()
        || arguments.retrieval.more_coordinates.is_some() && !pack.manifest().locations.has_places();
    let parts = if brings_all {
        Parts::open_for_coordinates(&pack, gallery)
    } else {
        if gallery.is_none() && Parts::would_encode_coordinates(&pack) {
            note(quiet, "the pack's coordinates are encoded first; the result is kept in its directory");
        }
        Parts::open(&pack, gallery)
    };
    let mut parts = parts?;
    let retrieval = &arguments.retrieval;
    if let Some(list) = retrieval.coordinates.as_ref().or(retrieval.more_coordinates.as_ref()) {
        let opened = open_coordinates(&pack, Arc::clone(&parts.encoder), list)?;
        let count = opened.index.location_count();
        match (opened.found, &opened.kept) {
            (true, _) => {}
            (false, Some(kept)) => {
                note(quiet, &format!("{count} coordinates encoded, kept in {}", kept.display()));
            }
            (false, None) => note(
                quiet,
                &format!("{count} coordinates encoded; there is no room beside the list to keep them"),
            ),
        }
        let index = Arc::new(opened.index);
        if retrieval.coordinates.is_some() {
            parts.locations = index;
        } else {
            parts.more_locations = Some(index);
        }
    }
    Locator::from_parts(&pack, parts).map_err(Failure::from)
}

/// A format and where it goes.
struct Target {
    format: Format,
    name: String,
    sink: Sink,
}

impl Target {
    fn open(format: Format, path: Option<&Path>) -> Result<Self, Failure> {
        let name = path.map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
        Ok(Self { format, name, sink: Sink::open(path)? })
    }
}

/// The parts of a run that stay the same for every photo.
struct Run<'a> {
    locator: &'a Locator,
    pictures: &'a Pictures<'a>,
    written: Option<&'a WrittenSource>,
    stop: &'a AtomicBool,
    precision: Precision,
    quiet: bool,
}

impl Run<'_> {
    fn write_to(
        &self,
        inputs: &georanker::Inputs,
        options: &BatchOptions,
        mut targets: Vec<Target>,
    ) -> Result<Exit, Failure> {
        let outcome = self.write_all(inputs, options, &mut targets);
        match outcome {
            Ok(exit) => {
                for target in targets {
                    target.sink.commit()?;
                }
                Ok(exit)
            }
            Err((failure, closed)) => {
                for target in targets {
                    target.sink.discard();
                }
                // Whoever closed the pipe has seen enough: `georanker locate ... | head`.
                if closed { Ok(Exit::Done) } else { Err(failure) }
            }
        }
    }

    fn write_all(
        &self,
        inputs: &georanker::Inputs,
        options: &BatchOptions,
        targets: &mut [Target],
    ) -> Result<Exit, (Failure, bool)> {
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let failed = |index: usize, error: &OutputError| {
            let name = names.get(index).map_or("output", String::as_str);
            let failure = Failure::new(ErrorKind::Output, format!("cannot write {name}: {error}"));
            (failure, error.is_closed_pipe())
        };
        let photos: Vec<String> = inputs.photos.iter().map(|input| input.name.clone()).collect();
        let mut writers: Vec<Option<Box<dyn Writer + '_>>> = targets
            .iter_mut()
            .map(|target| {
                let terminal = if target.name == "stdout" { terminal::of_stdout() } else { Terminal::PLAIN };
                let settings = Settings {
                    precision: self.precision,
                    terminal,
                    thumbnails: self.pictures,
                    origins: self.written.is_some(),
                    names: &photos,
                };
                Some(writer(target.format, settings, &mut target.sink))
            })
            .collect();
        // Whoever closes a pipe has seen enough of it; the other targets go on.
        let mut to_each = |action: &mut dyn FnMut(&mut dyn Writer) -> Result<(), OutputError>| {
            for (index, slot) in writers.iter_mut().enumerate() {
                let Some(one) = slot else { continue };
                match action(one.as_mut()) {
                    Err(error) if error.is_closed_pipe() && names.len() > 1 => *slot = None,
                    other => other.map_err(|error| failed(index, &error))?,
                }
            }
            Ok(())
        };
        to_each(&mut |one| one.begin())?;
        let progress = bar(inputs.photos.len(), "locating", self.quiet);
        let mut failures = 0;
        let mut emit = |located: Located| -> Result<(), (Failure, bool)> {
            if let Err(failure) = &located.outcome {
                if self.written.and_then(WrittenSource::ended).is_some_and(|ended| ended == *failure) {
                    // The run's failure, said once at the end.
                    return Ok(());
                }
                failures += 1;
                progress.suspend(|| report(failure));
            }
            let result = self.result(located);
            to_each(&mut |one| one.photo(&result))?;
            self.pictures.forget(&result.photo);
            progress.inc(1);
            Ok(())
        };
        for (name, failure) in &inputs.failures {
            let outcome = Err(failure.clone());
            emit(Located { name: name.clone(), outcome, elapsed_ms: 0.0, thumbnail: None })?;
        }
        let source = self.written.map(|written| written as &dyn CandidateSource);
        let end = locate_files_with(self.locator, &inputs.photos, options, source, self.stop, &mut emit)?;
        progress.finish_and_clear();
        let without = self.written.map_or(0, WrittenSource::finish);
        let end = match self.written.and_then(WrittenSource::ended) {
            Some(failure) if failure.kind != ErrorKind::Interrupted => return Err((failure, false)),
            Some(_) => BatchEnd::Stopped,
            None => end,
        };
        to_each(&mut |one| one.finish())?;
        Ok(match end {
            BatchEnd::Stopped => {
                note(self.quiet, "interrupted: the answers given so far are complete");
                Exit::Interrupted
            }
            BatchEnd::Finished if failures > 0 || without > 0 => Exit::SomeFailed,
            BatchEnd::Finished => Exit::Done,
        })
    }

    fn result(&self, located: Located) -> PhotoResult {
        if let Some(thumbnail) = located.thumbnail {
            self.pictures.remember(&located.name, thumbnail);
        }
        PhotoResult {
            photo: located.name,
            outcome: located.outcome,
            model: self.locator.name(),
            gallery: self.locator.gallery_label().to_owned(),
            elapsed_ms: located.elapsed_ms,
            precision: Precision::Exact,
        }
    }
}

/// Pictures for the map: queries as they were decoded, candidates from the gallery.
struct Pictures<'a> {
    locator: &'a Locator,
    queries: RefCell<HashMap<String, Vec<u8>>>,
}

impl Pictures<'_> {
    fn remember(&self, name: &str, thumbnail: Vec<u8>) {
        self.queries.borrow_mut().insert(name.to_owned(), thumbnail);
    }

    fn forget(&self, name: &str) {
        self.queries.borrow_mut().remove(name);
    }
}

impl Thumbnails for Pictures<'_> {
    fn query(&self, result: &PhotoResult) -> Option<Vec<u8>> {
        self.queries.borrow().get(&result.photo).cloned()
    }

    fn candidate(&self, photo: &PhotoId) -> Option<Vec<u8>> {
        // A gallery may refer to photos that are elsewhere: the map then has no picture of them.
        let bytes = self.locator.photo_bytes(photo)?;
        let image = decode(&bytes, &Limits::default(), DecodeOptions::default()).ok()?;
        encode_thumbnail(&image, CANDIDATE_SIDE, 80).ok()
    }
}
