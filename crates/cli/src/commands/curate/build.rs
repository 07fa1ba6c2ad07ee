//! `georanker curate build`.

use std::path::Path;
use std::sync::Arc;

use contract::{Channel, Encoder, ErrorKind, Failure, PhotoId, Search};
use files::sha256_of_file;
use formats::table::PhotoTable;
use gallery::{Gallery, PhotoFiles, PhotoSource};
use georanker::{Pack, PhotoEncoder, PhotoQueries, QueryCache, QueryEncoder, find_pack};
use photo::Limits;
use train::curate::{
    Counts, CurationEvent, CurationPlan, GalleryQueries, QuerySource, RetrievedFiles, RetrievedLists,
    RetrievedQueries, Rules, curate, forget, is_unfinished,
};

use crate::args::{CurateBuildArguments, CurateRequest};
use crate::commands::gallery::selection;
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};

pub(super) fn build(arguments: &CurateBuildArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    let out = arguments.out.as_path();
    if out.exists() && !is_unfinished(out) {
        if arguments.resume {
            note(quiet, &format!("{} is complete", out.display()));
            return Ok(Exit::Done);
        }
        if !arguments.force {
            let message = format!("{} is there already", out.display());
            return Err(Failure::new(ErrorKind::Usage, message)
                .with_hint("give another name, or replace it with --force"));
        }
    }
    if out.exists() && is_unfinished(out) && !arguments.force && !files::is_own(out) {
        let message =
            format!("{} exists beside an unfinished run, and georanker did not write it", out.display());
        return Err(
            Failure::new(ErrorKind::Usage, message).with_hint("move it away, or start over with --force")
        );
    }
    if arguments.force {
        forget(out)?;
        // The user has said that it may be replaced, also by a run that resumes this one.
        files::remember_written(out);
    }
    let plan = CurationPlan {
        out,
        rules: request.rules.clone(),
        channel: Channel::photo(),
        gallery: String::new(),
        sample: request.sample,
        columns: request.columns,
        places_as_they_are: false,
        resume: arguments.resume,
    };
    if let (Some(indices), Some(table)) = (&arguments.retrieved.retrieved, &request.table) {
        let (lists, mut queries) = retrieved(arguments, &request, indices, table)?;
        let gallery = format!("the lists of {}", indices.display());
        let plan = CurationPlan { gallery, places_as_they_are: true, ..plan };
        return run(&lists, &mut queries, &plan, None, quiet);
    }
    let directory = arguments.gallery.as_deref().ok_or_else(|| {
        Failure::new(ErrorKind::Usage, "name what gives the candidates: --gallery or --retrieved")
    })?;
    let gallery = Gallery::open(directory, None)?;
    if request.rules.exclude_same_author {
        check_authors(arguments, &request, &gallery)?;
    }
    let mut queries = queries(arguments, &request, &gallery)?;
    let plan = CurationPlan { gallery: format!("{} {}", gallery.name(), gallery.identity()), ..plan };
    run(&gallery, queries.as_mut(), &plan, arguments.queries.selection.as_deref(), quiet)
}

/// Lists of another program's search. What cannot be judged about them is refused.
fn retrieved(
    arguments: &CurateBuildArguments,
    request: &CurateRequest,
    indices: &Path,
    table: &Path,
) -> Result<(RetrievedLists, RetrievedQueries), Failure> {
    let collection = arguments.retrieved.collection.as_deref().unwrap_or(table);
    let similarities = arguments.retrieved.distances.as_deref();
    let mut identity = String::from("retrieved");
    for file in [Some(indices), similarities, Some(collection), Some(table)].into_iter().flatten() {
        let hash = sha256_of_file(file).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ErrorKind::NotFound,
                _ => ErrorKind::Unreadable,
            };
            Failure::new(kind, format!("cannot read {}: {error}", file.display()))
        })?;
        identity.push(' ');
        identity.push_str(&hash.sha256);
    }
    let files = RetrievedFiles { indices, similarities, collection, queries: table };
    let (lists, queries) = RetrievedLists::open(files, identity, request.sample)?;
    if request.rules.exclude_same_author {
        if !lists.has_authors() {
            return Err(no_authors(&collection.display().to_string()));
        }
        if !names_authors(&PhotoTable::open(table)?) {
            return Err(no_authors(&table.display().to_string()));
        }
    }
    Ok((lists, queries))
}

/// Refuses to leave out the authors' photos where that would leave out nothing: no photo of the gallery, or no query, has
/// an author.
fn check_authors(
    arguments: &CurateBuildArguments,
    request: &CurateRequest,
    gallery: &Gallery,
) -> Result<(), Failure> {
    let in_gallery =
        |id: &PhotoId| gallery.record(id).is_some_and(|record| record.attribution.author.is_some());
    if !gallery.photos().any(|record| record.attribution.author.is_some()) {
        return Err(no_authors(&format!("the gallery {}", gallery.name())));
    }
    let (source, known) = match (&request.table, &arguments.queries.photos) {
        (Some(table), _) => {
            let mut rows = PhotoTable::open(table)?;
            // Queries that the gallery holds bring their authors with them.
            let known = names_authors(&rows) || rows.any(|row| row.is_ok_and(|row| in_gallery(&row.id)));
            (table.display().to_string(), known)
        }
        (None, Some(photos)) => {
            let ids = PhotoFiles::open(photos).and_then(|photos| photos.ids());
            let known = ids?.iter().any(in_gallery);
            (photos.display().to_string(), known)
        }
        (None, None) => return Ok(()),
    };
    if known { Ok(()) } else { Err(no_authors(&source)) }
}

fn names_authors(table: &PhotoTable) -> bool {
    table.columns().iter().any(|name| name.eq_ignore_ascii_case("author"))
}

fn no_authors(source: &str) -> Failure {
    let message = format!("--exclude same-author: {source} says of no photo who took it");
    Failure::new(ErrorKind::Usage, message).with_hint("add a column AUTHOR, or leave it out")
}

fn run(
    search: &dyn Search,
    queries: &mut dyn QuerySource,
    plan: &CurationPlan<'_>,
    selection: Option<&str>,
    quiet: bool,
) -> Result<Exit, Failure> {
    let stop = stop_flag()?;
    let progress = bar(queries.expected().unwrap_or(u64::MAX) as usize, "curating", quiet);
    if queries.expected().is_none() {
        progress.unset_length();
    }
    let outcome = curate(search, queries, plan, &stop, &mut |event| match event {
        CurationEvent::Advanced(counts) => progress.set_position(counts.queries),
        CurationEvent::Failed(failure) => progress.suspend(|| report(failure)),
        CurationEvent::Merged(rows) => {
            progress.set_message("merging");
            progress.set_position(rows);
        }
    });
    progress.finish_and_clear();
    let run = outcome?;
    if !run.stopped {
        files::remember_written(plan.out);
    }
    if run.stopped {
        let message = format!("stopped after {} queries", run.counts.queries);
        return Err(Failure::new(ErrorKind::Interrupted, message).with_hint("continue with --resume"));
    }
    if run.counts.queries == 0 {
        return Err(nothing_wanted(selection));
    }
    for line in queries.notes() {
        note(quiet, &format!("note: {line}"));
    }
    for line in summary(plan.out, &run.counts, &plan.rules) {
        note(quiet, &line);
    }
    Ok(if run.counts.failed > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// An empty dataset is an error, which names the condition that left nothing.
fn nothing_wanted(selection: Option<&str>) -> Failure {
    match selection {
        Some(condition) => {
            Failure::new(ErrorKind::InvalidTable, format!("--where {condition}: no row of the queries fits"))
                .with_hint("check the column's values; text is compared exactly")
        }
        None => Failure::new(ErrorKind::InvalidTable, "there are no queries")
            .with_hint("a larger `sample` takes more of them"),
    }
}

fn queries<'a>(
    arguments: &CurateBuildArguments,
    request: &CurateRequest,
    gallery: &'a Gallery,
) -> Result<Box<dyn QuerySource + 'a>, Failure> {
    let (channel, sample) = (Channel::photo(), request.sample);
    let encoder = match &arguments.queries.photos {
        Some(photos) => Some(encoder(arguments, photos, gallery)?),
        None => None,
    };
    match (&request.table, encoder) {
        (None, None) => Ok(Box::new(GalleryQueries::new(gallery, channel, sample))),
        (None, Some(encoder)) => Ok(Box::new(PhotoQueries::from_photos(encoder, gallery, channel, sample)?)),
        (Some(table), encoder) => {
            let text = arguments.queries.selection.as_deref().unwrap_or_default();
            let rows = PhotoTable::open(table)?;
            let selection = selection(text, table, rows.columns())?;
            let wanted = Box::new(move |row: &_| selection.fits(row));
            let queries =
                PhotoQueries::from_table(table, (text, wanted), gallery, (channel, sample), encoder)?;
            Ok(Box::new(queries))
        }
    }
}

fn encoder(
    arguments: &CurateBuildArguments,
    photos: &Path,
    gallery: &Gallery,
) -> Result<QueryEncoder, Failure> {
    let photos = PhotoFiles::open(photos)?;
    let directory = find_pack(arguments.pack.pack.as_deref())?;
    let pack = Pack::open(&directory)?;
    let encoder = PhotoEncoder::open(&pack)?;
    // Vectors of another encoder would find nonsense.
    Gallery::open(gallery.directory(), Some(encoder.fingerprint()))?;
    let cache = match &arguments.queries.query_cache {
        Some(directory) => Some(QueryCache::open(directory, &encoder)?),
        None => None,
    };
    Ok(QueryEncoder { photos, encoder: Arc::new(encoder), limits: Limits::default(), cache })
}

/// What was made, and what fell short of the rules.
fn summary(out: &Path, counts: &Counts, rules: &Rules) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {} rows with {} candidates from {} queries",
        out.display(),
        counts.written,
        counts.candidates,
        counts.queries
    )];
    let mut tell = |count: u64, what: String| {
        if count > 0 {
            lines.push(format!("  {count} {what}"));
        }
    };
    tell(counts.failed, "queries failed (named above, or in the run that was resumed)".into());
    tell(counts.left_out, format!("queries left out: fewer than {} candidates", rules.at_least));
    tell(counts.short, format!("rows with fewer than {} candidates", rules.top));
    tell(counts.few_far, format!("rows with fewer than {} candidates beyond 750 km", rules.min_far));
    tell(counts.one_place, "rows whose candidates are all at one place: they teach a ranker nothing".into());
    tell(
        counts.without_author,
        "queries without an author: --exclude same-author left nothing out of their lists".into(),
    );
    tell(counts.widened, "queries for which the search went deeper".into());
    lines
}
