//! Making a dataset: chunk by chunk from queries to rows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{
    Channel, ErrorKind, Failure, Filter, ItemId, Neighbour, PhotoRecord, Query, QueryEmbedding, Search,
    SearchRequest,
};
use formats::ranking_data::{RETRIEVED, RankingColumns, RankingRow};
use rayon::prelude::*;
use serde::Serialize;

use super::choose::{Choice, FoundPhoto, choose};
use super::counts::Counts;
use super::parts::{Parts, internal};
use super::places::PlaceTexts;
use super::queries::{CurationQuery, QuerySource, Sample};
use super::rules::Rules;

/// Queries between two moments at which a run can resume.
const CHUNK: usize = 512;
/// Neighbours that a search may return at once: what bounds memory when it goes deep.
const AT_ONCE: usize = 1 << 16;
/// The first search finds this many times the list, and each further one this many times the one before.
const DEEPER: usize = 4;

/// What a dataset is made of.
#[derive(Clone, Debug)]
pub struct CurationPlan<'a> {
    /// The dataset.
    pub out: &'a Path,
    /// The lists.
    pub rules: Rules,
    /// The channel that is searched, and in which the queries' vectors are.
    pub channel: Channel,
    /// Identifies the gallery.
    pub gallery: String,
    /// What the query source samples; part of what a run must be resumed with.
    pub sample: Sample,
    /// Columns of the dataset.
    pub columns: RankingColumns,
    /// Leaves places as they are; otherwise unknown cities and countries are looked up.
    pub places_as_they_are: bool,
    /// Goes on with an unfinished run.
    pub resume: bool,
}

/// What a run tells.
#[derive(Debug)]
pub enum CurationEvent<'a> {
    /// What is done and on disk.
    Advanced(&'a Counts),
    /// A query that could not be read.
    Failed(&'a Failure),
    /// Rows of the dataset that are merged.
    Merged(u64),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurationRun {
    /// What became of the queries, those of an earlier part of the run included.
    pub counts: Counts,
    /// Chunks that an earlier run had done.
    pub resumed_chunks: usize,
    /// Stopped before the end; it can be resumed.
    pub stopped: bool,
}

/// Makes a ranking dataset. The same queries, gallery and plan give the same bytes, whether the run was cut or not.
///
/// Memory: one chunk of 512 queries and their neighbours, at most 65,536 of those at a time.
///
/// # Errors
/// Rules that make no sense, an unfinished run that is not to be resumed, a search or a source that fails, output
/// that cannot be written, and [`ErrorKind::NoCandidates`] if no query has a list.
pub fn curate(
    search: &dyn Search,
    queries: &mut dyn QuerySource,
    plan: &CurationPlan<'_>,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(CurationEvent<'_>),
) -> Result<CurationRun, Failure> {
    plan.rules.check()?;
    if search.is_empty(&plan.channel) {
        let message = format!("the gallery {} holds nothing in channel {}", plan.gallery, plan.channel);
        return Err(Failure::new(ErrorKind::NoCandidates, message));
    }
    let parts = Parts::of(plan.out);
    let done = parts.begin(&describe(plan, queries.identity(), search)?, plan.resume)?;
    let mut counts = Counts::default();
    for part in &done {
        counts.add(part);
    }
    queries.skip(counts.queries)?;
    let texts = PlaceTexts::new(plan.places_as_they_are);
    let maker = Maker { search, rules: &plan.rules, channel: &plan.channel, texts };
    let mut number = done.len();
    loop {
        tell(CurationEvent::Advanced(&counts));
        if stop.load(Ordering::Relaxed) {
            return Ok(CurationRun { counts, resumed_chunks: done.len(), stopped: true });
        }
        let taken = queries.take(CHUNK)?;
        if taken.is_empty() {
            break;
        }
        let mut chunk = Counts { queries: taken.len() as u64, ..Counts::default() };
        let mut good = Vec::with_capacity(taken.len());
        for query in taken {
            match query {
                Ok(query) => good.push(query),
                Err(failure) => {
                    chunk.failed += 1;
                    tell(CurationEvent::Failed(&failure));
                }
            }
        }
        if plan.rules.exclude_same_author {
            chunk.without_author = good.iter().filter(|query| query.author.is_none()).count() as u64;
        }
        let rows = maker.rows(&good, &mut chunk)?;
        parts.add(number, &chunk, &rows)?;
        counts.add(&chunk);
        number += 1;
    }
    if counts.written == 0 {
        parts.remove()?;
        return Err(nothing(&counts, &plan.rules));
    }
    parts.merge(number, plan.columns, |rows| tell(CurationEvent::Merged(rows)))?;
    parts.remove()?;
    Ok(CurationRun { counts, resumed_chunks: done.len(), stopped: false })
}

/// Removes what an unfinished run left.
///
/// # Errors
/// Those of the file system.
pub fn forget(out: &Path) -> Result<(), Failure> {
    Parts::of(out).remove()
}

/// Whether there is an unfinished run for a dataset.
pub fn is_unfinished(out: &Path) -> bool {
    Parts::of(out).exist()
}

/// All that decides the bytes of the dataset.
fn describe(plan: &CurationPlan<'_>, queries: String, search: &dyn Search) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Description<'a> {
        format: u32,
        gallery: &'a str,
        encoder: &'a str,
        channel: &'a Channel,
        queries: String,
        sample: Sample,
        columns: [bool; 3],
        rules: &'a Rules,
    }
    let RankingColumns { origin, similarity, author } = plan.columns;
    let description = Description {
        format: 1,
        gallery: &plan.gallery,
        encoder: search.encoder_fingerprint(),
        channel: &plan.channel,
        queries,
        sample: plan.sample,
        columns: [origin, similarity, author],
        rules: &plan.rules,
    };
    serde_json::to_string_pretty(&description).map_err(|error| internal(&error.to_string()))
}

fn nothing(counts: &Counts, rules: &Rules) -> Failure {
    let message = if counts.queries == 0 {
        "there are no queries".to_owned()
    } else if counts.failed == counts.queries {
        format!("none of the {} queries could be read", counts.queries)
    } else {
        format!(
            "none of the {} queries has {} candidates that the rules admit",
            counts.queries - counts.failed,
            rules.at_least
        )
    };
    Failure::new(ErrorKind::NoCandidates, message).with_hint(
        "relax the rules: fewer exclusions, more candidates per cell, larger cells, a smaller `at_least`",
    )
}

struct Maker<'a> {
    search: &'a dyn Search,
    rules: &'a Rules,
    channel: &'a Channel,
    texts: PlaceTexts,
}

impl Maker<'_> {
    /// The rows of a chunk; queries without a list are counted and left out.
    fn rows(&self, queries: &[CurationQuery], counts: &mut Counts) -> Result<Vec<RankingRow>, Failure> {
        let limit = self.rules.deepest.min(self.search.len(self.channel));
        let mut lists: Vec<Option<(Choice, Vec<FoundPhoto>)>> = vec![None; queries.len()];
        let mut pending: Vec<usize> = (0..queries.len()).collect();
        let mut depth = (self.rules.top * DEEPER).max(32).min(limit);
        let mut first = true;
        while !pending.is_empty() {
            let mut incomplete = Vec::new();
            for batch in pending.chunks((AT_ONCE / depth.max(1)).max(1)) {
                let found = self.find(queries, batch, depth, !first)?;
                let chosen: Vec<(Choice, Vec<FoundPhoto>)> = batch
                    .par_iter()
                    .zip(found)
                    .filter_map(|(&index, neighbours)| {
                        let choice = choose(self.rules, queries.get(index)?, &neighbours);
                        let kept = choice.chosen.iter().filter_map(|&at| neighbours.get(at).cloned());
                        let kept = kept.collect();
                        Some((choice, kept))
                    })
                    .collect();
                for (&index, list) in batch.iter().zip(chosen) {
                    if depth < limit && !list.0.is_complete(self.rules) {
                        incomplete.push(index);
                    }
                    if let Some(slot) = lists.get_mut(index) {
                        *slot = Some(list);
                    }
                }
            }
            if first {
                counts.widened += incomplete.len() as u64;
            }
            first = false;
            pending = incomplete;
            depth = depth.saturating_mul(DEEPER).min(limit);
        }
        let rows: Vec<Option<RankingRow>> = queries
            .par_iter()
            .zip(&lists)
            .map(|(query, list)| list.as_ref().map(|(choice, list)| self.row(query, choice, list)))
            .collect();
        let mut written = Vec::with_capacity(rows.len());
        for (row, list) in rows.into_iter().zip(&lists) {
            let (Some(row), Some((choice, _))) = (row, list) else { continue };
            if row.len() < self.rules.at_least {
                counts.left_out += 1;
                continue;
            }
            counts.written += 1;
            counts.candidates += row.len() as u64;
            counts.short += u64::from(row.len() < self.rules.top);
            counts.few_far += u64::from(choice.far < self.rules.min_far);
            counts.one_place += u64::from(super::statistics::is_one_place(&row));
            written.push(row);
        }
        Ok(written)
    }

    /// Neighbours of some of the queries. A second search leaves an author's photos to the backend: otherwise they
    /// would fill every result of a prolific author.
    fn find(
        &self,
        queries: &[CurationQuery],
        batch: &[usize],
        top: usize,
        again: bool,
    ) -> Result<Vec<Vec<FoundPhoto>>, Failure> {
        let wanted: Vec<&CurationQuery> = batch.iter().filter_map(|&index| queries.get(index)).collect();
        let exclude = |query: &&CurationQuery| match &query.author {
            Some(author) if again && self.rules.exclude_same_author && self.rules.exclude_self => {
                Filter { exclude_authors: vec![author.clone()], ..Filter::default() }
            }
            _ => Filter::default(),
        };
        let filters: Vec<Filter> = wanted.iter().map(exclude).collect();
        let embedding = |query: &&CurationQuery| QueryEmbedding {
            vectors: vec![(self.channel.clone(), query.vector.clone())],
        };
        let embeddings: Vec<QueryEmbedding> = wanted.iter().map(embedding).collect();
        let queries = embeddings.iter().zip(&filters);
        let queries = queries.map(|(embedding, filter)| Query { embedding, filter }).collect();
        let channels = [(self.channel.clone(), 1.0)];
        let found = self.search.search(&SearchRequest { channels: &channels, top, queries })?;
        let mut items: Vec<ItemId> = found.iter().flatten().map(|one| one.item).collect();
        items.sort_unstable();
        items.dedup();
        let records: HashMap<ItemId, Option<PhotoRecord>> =
            items.iter().copied().zip(self.search.records(&items)?).collect();
        let norms = self.norms(&items)?;
        let with_photo = |one: &Neighbour| FoundPhoto {
            location: one.location,
            similarity: norms.get(&one.item).map_or(one.similarity, |norm| cosine(one.similarity, *norm)),
            photo: records.get(&one.item).cloned().flatten(),
        };
        let in_order = |list: &Vec<Neighbour>| {
            let mut list: Vec<FoundPhoto> = list.iter().map(with_photo).collect();
            if !norms.is_empty() {
                // The backend ordered them by their products.
                list.sort_by(|one, other| other.similarity.total_cmp(&one.similarity));
            }
            list
        };
        Ok(found.iter().map(in_order).collect())
    }

    /// Lengths of the stored vectors: those of quantised galleries are not exactly 1. Backends without vectors of their
    /// own, such as lists of another program's results, have none.
    fn norms(&self, items: &[ItemId]) -> Result<HashMap<ItemId, f32>, Failure> {
        if !self.search.channels().iter().any(|spec| spec.channel == *self.channel) {
            return Ok(HashMap::new());
        }
        let vectors = self.search.vectors(items)?;
        let norm = |embedding: &QueryEmbedding| {
            let vector = embedding.get(self.channel)?;
            Some(vector.iter().map(|value| value * value).sum::<f32>().sqrt())
        };
        let known = items.iter().zip(&vectors);
        Ok(known.filter_map(|(item, embedding)| Some((*item, norm(embedding)?))).collect())
    }

    fn row(&self, query: &CurationQuery, choice: &Choice, list: &[FoundPhoto]) -> RankingRow {
        let gps = |location: geo::LatLon| [location.latitude(), location.longitude()];
        let mut row = RankingRow {
            img_id: query.id.0.clone(),
            gps: gps(query.location),
            author: query.author.clone(),
            ..RankingRow::default()
        };
        let mut similarities = Vec::with_capacity(list.len() + 1);
        if let (false, Some(similarity)) = (self.rules.exclude_self, choice.itself) {
            row.ref_gps.push(row.gps);
            row.ref_img_id.push(row.img_id.clone());
            row.ref_texts.push(self.texts.fields(&query.place, query.location));
            similarities.push(similarity);
        }
        for neighbour in list {
            let nothing = geo::Place::default();
            let (id, place) = match &neighbour.photo {
                Some(photo) => (photo.id.0.clone(), &photo.place),
                None => (String::new(), &nothing),
            };
            row.ref_gps.push(gps(neighbour.location));
            row.ref_img_id.push(id);
            row.ref_texts.push(self.texts.fields(place, neighbour.location));
            similarities.push(neighbour.similarity);
        }
        row.ref_origin = Some(vec![RETRIEVED.to_owned(); row.len()]);
        row.ref_similarity = Some(similarities);
        row
    }
}

/// The cosine, of a product with a vector of this length.
fn cosine(product: f32, norm: f32) -> f32 {
    if norm > 0.0 { (product / norm).clamp(-1.0, 1.0) } else { product }
}
