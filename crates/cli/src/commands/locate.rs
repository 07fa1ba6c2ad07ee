//! `georanker locate`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use contract::{Cancel, ErrorKind, Failure, Locate, PhotoId};
use georanker::{
    BatchEnd, BatchOptions, Input, Located, Locator, OpenEvent, Pack, QueryCache, expand_inputs, find_pack,
    locate_files,
};
use photo::{DecodeOptions, Limits, decode, encode_thumbnail};
use present::{Format, OutputError, PhotoResult, Precision, Settings, Terminal, Thumbnails, Writer, writer};

#[cfg(feature = "lvlm")]
use super::generated::{Generated, with_models};
#[cfg(not(feature = "lvlm"))]
use super::without_models::{Generated, with_models};
use crate::args::LocateArguments;
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::sink::Sink;
use crate::terminal;
use crate::threads::use_threads;

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
    use_threads(arguments.device.threads)?;
    let pack = Pack::open(&find_pack(arguments.pack.pack.as_deref())?)?;
    let inputs = expand_inputs(&arguments.inputs);
    if inputs.skipped > 0 {
        note(quiet, &format!("skipped {} files that are not photos", inputs.skipped));
    }
    let locator = Locator::open_with(&pack, &request.open, &mut |event| tell(&event, quiet))?;
    let query_cache = match &arguments.retrieval.query_cache {
        Some(directory) => Some(Arc::new(QueryCache::open(directory, locator.encoder().as_ref())?)),
        None => None,
    };
    let limits = Limits { max_pixels: u64::from(arguments.max_megapixels) * 1_000_000, ..Limits::default() };
    let cancel = Cancel::by(stop_flag()?);
    locator.check(&request.options)?;
    let wants_map = arguments.format == Format::Html || arguments.map.is_some();
    let options = BatchOptions {
        locate: request.options.clone(),
        author: request.author.clone(),
        limits,
        thumbnail_side: wants_map.then_some(QUERY_SIDE),
        query_cache,
        ..BatchOptions::default()
    };
    let (locator, generated) = with_models(locator, request, &cancel, quiet)?;
    let pictures = Pictures { locator: &locator, queries: RefCell::default() };
    let mut targets = vec![Target::open(arguments.format, arguments.out.as_deref())?];
    if let Some(map) = &arguments.map {
        targets.push(Target::open(Format::Html, Some(map))?);
    }
    let precision = arguments.precision.unwrap_or(Precision::Exact);
    let run = Run {
        locator: &locator,
        gallery: locator.gallery_label(),
        pictures: &pictures,
        generated: &generated,
        cancel: &cancel,
        precision,
        quiet,
    };
    run.write_to(&inputs, &options, targets)
}

/// Says what opening a pack took.
fn tell(event: &OpenEvent, quiet: bool) {
    let text = match event {
        OpenEvent::EncodingCoordinates => {
            "encoding the pack's coordinates first; the result is kept in its directory".to_owned()
        }
        OpenEvent::CoordinatesEncoded { count, kept: Some(kept) } => {
            format!("{count} coordinates encoded, kept in {}", kept.display())
        }
        OpenEvent::CoordinatesEncoded { count, kept: None } => {
            format!("{count} coordinates encoded; could not save the index next to the list")
        }
    };
    note(quiet, &text);
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
    gallery: String,
    pictures: &'a Pictures<'a>,
    generated: &'a Generated,
    cancel: &'a Cancel,
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
                    origins: self.generated.is_asked(),
                    names: &photos,
                };
                Some(writer(target.format, settings, &mut target.sink))
            })
            .collect();
        // A reader that closes a pipe has seen enough; the other targets continue.
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
                if self.generated.ended().is_some_and(|ended| ended == *failure) {
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
            let input = Input { name: name.clone(), path: name.into() };
            emit(Located { input, outcome, elapsed_ms: 0.0, thumbnail: None })?;
        }
        let end = locate_files(self.locator, &inputs.photos, options, self.cancel, &mut emit)?;
        progress.finish_and_clear();
        let without = self.generated.finish(self.quiet);
        let end = match self.generated.ended() {
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
            self.pictures.remember(&located.input.name, thumbnail);
        }
        PhotoResult {
            photo: located.input.name,
            outcome: located.outcome,
            model: self.locator.name(),
            gallery: self.gallery.clone(),
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
