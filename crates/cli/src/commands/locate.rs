//! `georanker locate`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use contract::{Cancel, ErrorKind, Failure, Locate, PhotoId};
use geo::Region;
use georanker::{
    BatchEnd, BatchOptions, Input, Inputs, Located, Locator, OpenEvent, Pack, QueryCache, find_pack,
    locate_album, locate_by_metadata, locate_files, locate_together,
};
use photo::{DecodeOptions, Limits, Sidecars, decode, encode_thumbnail};
use present::{Format, OutputError, PhotoResult, Precision, Settings, Terminal, Thumbnails, Writer, writer};

#[cfg(feature = "lvlm")]
use super::generated::{Generated, with_models};
#[cfg(not(feature = "lvlm"))]
use super::without_models::{Generated, with_models};
use crate::args::{Grouping, Ids, LocateArguments};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag, tell_skipped};
use crate::sink::Sink;
use crate::stdin::{named, photos_of};
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
    if let Some(also) = arguments.region.as_deref().and_then(Region::ambiguity) {
        note(quiet, &format!("note: {also}"));
    }
    if arguments.exif_only {
        return by_metadata(arguments, quiet);
    }
    let pack = Pack::open(&find_pack(arguments.pack.pack.as_deref())?)?;
    let inputs = inputs_of(arguments)?;
    tell_skipped(&inputs.skipped, quiet);
    let locator = Locator::open_with(&pack, &request.open, &mut |event| tell(&event, quiet))?;
    let query_cache = match &arguments.retrieval.query_cache {
        Some(directory) => Some(Arc::new(QueryCache::open(directory, locator.encoder().as_ref())?)),
        None => None,
    };
    let cancel = Cancel::by(stop_flag()?);
    locator.check(&request.options)?;
    let options = BatchOptions {
        locate: request.options.clone(),
        author: request.author.clone(),
        query_cache,
        ..options_of(arguments)
    };
    let grouping = request.grouping;
    let (locator, generated) = with_models(locator, request, &cancel, quiet)?;
    let pictures = Pictures { locator: Some(&locator), queries: RefCell::default() };
    let run = Run {
        locator: Some(&locator),
        grouping,
        model: locator.name(),
        gallery: locator.gallery_label(),
        pictures: &pictures,
        generated: Some(&generated),
        cancel: &cancel,
        precision: arguments.precision.unwrap_or(Precision::Exact),
        quiet,
    };
    run.write_to(&inputs, &options, targets(arguments)?)
}

/// The photos, with the ids that were asked for.
fn inputs_of(arguments: &LocateArguments) -> Result<Inputs, Failure> {
    let mut inputs = photos_of(&arguments.inputs)?;
    if arguments.ids == Ids::Name {
        inputs.use_file_names()?;
    }
    Ok(inputs)
}

/// What the files state, and nothing else.
fn by_metadata(arguments: &LocateArguments, quiet: bool) -> Result<Exit, Failure> {
    let inputs = inputs_of(arguments)?;
    tell_skipped(&inputs.skipped, quiet);
    let cancel = Cancel::by(stop_flag()?);
    let pictures = Pictures { locator: None, queries: RefCell::default() };
    let run = Run {
        locator: None,
        grouping: Grouping::Each,
        model: "the files' metadata".to_owned(),
        gallery: "none".to_owned(),
        pictures: &pictures,
        generated: None,
        cancel: &cancel,
        precision: arguments.precision.unwrap_or(Precision::Exact),
        quiet,
    };
    run.write_to(&inputs, &options_of(arguments), targets(arguments)?)
}

/// What every run needs to know.
fn options_of(arguments: &LocateArguments) -> BatchOptions {
    let max_pixels = u64::from(arguments.max_megapixels) * 1_000_000;
    let wants_map = arguments.format == Format::Html || arguments.map.is_some();
    BatchOptions {
        limits: Limits { max_pixels, ..Limits::default() },
        thumbnail_side: wants_map.then_some(QUERY_SIDE),
        decode: DecodeOptions { allow_truncated: arguments.allow_truncated, ..DecodeOptions::default() },
        sidecars: if arguments.sidecars { Sidecars::XmpAndTakeout } else { Sidecars::Xmp },
        ..BatchOptions::default()
    }
}

fn targets(arguments: &LocateArguments) -> Result<Vec<Target>, Failure> {
    let mut targets = vec![Target::open(arguments.format, arguments.out.as_deref())?];
    if let Some(map) = &arguments.map {
        targets.push(Target::open(Format::Html, Some(map))?);
    }
    Ok(targets)
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
        let file = path.filter(|path| path.as_os_str() != "-");
        let name = file.map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
        Ok(Self { format, name, sink: Sink::open(path)? })
    }
}

/// The parts of a run that stay the same for every photo.
struct Run<'a> {
    /// `None` answers from the files' metadata.
    locator: Option<&'a Locator>,
    grouping: Grouping,
    model: String,
    gallery: String,
    pictures: &'a Pictures<'a>,
    generated: Option<&'a Generated>,
    cancel: &'a Cancel,
    precision: Precision,
    quiet: bool,
}

impl Run<'_> {
    fn write_to(
        &self,
        inputs: &Inputs,
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
        inputs: &Inputs,
        options: &BatchOptions,
        targets: &mut [Target],
    ) -> Result<Exit, (Failure, bool)> {
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let failed = |index: usize, error: &OutputError| {
            let name = names.get(index).map_or("output", String::as_str);
            let failure = Failure::new(ErrorKind::Output, format!("cannot write {name}: {error}"));
            (failure, error.is_closed_pipe())
        };
        let mut writers: Vec<Option<Box<dyn Writer + '_>>> = targets
            .iter_mut()
            .map(|target| {
                let terminal = if target.name == "stdout" { terminal::of_stdout() } else { Terminal::PLAIN };
                let settings = Settings {
                    precision: self.precision,
                    terminal,
                    thumbnails: self.pictures,
                    origins: self.generated.is_some_and(Generated::is_asked),
                    together: self.grouping == Grouping::Together,
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
                if self.ended().is_some_and(|ended| ended == *failure) {
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
            let input = Input { name: name.clone(), id: name.clone(), path: name.into() };
            emit(Located { input, outcome, elapsed_ms: 0.0, thumbnail: None })?;
        }
        let end = match self.locator {
            Some(locator) => self.locate(locator, &inputs.photos, options, &mut emit),
            None => locate_by_metadata(&inputs.photos, options, self.cancel, &mut emit),
        }?;
        progress.finish_and_clear();
        let without = self.generated.map_or(0, |generated| generated.finish(self.quiet));
        let end = match self.ended() {
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

    fn locate<E>(
        &self,
        locator: &Locator,
        photos: &[Input],
        options: &BatchOptions,
        emit: impl FnMut(Located) -> Result<(), E>,
    ) -> Result<BatchEnd, E> {
        match self.grouping {
            Grouping::Each => locate_files(locator, photos, options, self.cancel, emit),
            Grouping::Together => locate_together(locator, photos, options, self.cancel, emit),
            Grouping::Album(within_min) => {
                locate_album(locator, photos, options, within_min, self.cancel, emit)
            }
        }
    }

    /// What ended the run of a model that generates candidates.
    fn ended(&self) -> Option<Failure> {
        self.generated.and_then(Generated::ended)
    }

    fn result(&self, located: Located) -> PhotoResult {
        if let Some(thumbnail) = located.thumbnail {
            self.pictures.remember(&located.input.name, thumbnail);
        }
        PhotoResult {
            photo: located.input.name,
            id: located.input.id,
            outcome: located
                .outcome
                .map_err(|failure| Failure { message: named(&failure.message), ..failure }),
            model: self.model.clone(),
            gallery: self.gallery.clone(),
            elapsed_ms: located.elapsed_ms,
            precision: Precision::Exact,
        }
    }
}

/// Pictures for the map: queries as they were decoded, candidates from the gallery.
struct Pictures<'a> {
    locator: Option<&'a Locator>,
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
        let bytes = self.locator?.photo_bytes(photo)?;
        let image = decode(&bytes, &Limits::default(), DecodeOptions::default()).ok()?;
        encode_thumbnail(&image, CANDIDATE_SIDE, 80).ok()
    }
}
