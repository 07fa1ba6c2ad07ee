//! Lists that another program has found: FAISS's `I.npy` and `D.npy` beside the tables they speak of.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use contract::{
    Attribution, Channel, ChannelSpec, ErrorKind, Failure, Filter, FilterPart, Filtering, Holdings, ItemId,
    Neighbour, PhotoId, PhotoRecord, QueryEmbedding, Search, SearchRequest,
};
use formats::official::{Collection, CollectionPhoto, NpyFile};
use formats::ranking_data::place_of;
use formats::table::PhotoTable;
use geo::Region;

use super::queries::{CurationQuery, QueryResult, QuerySource, Sample};

/// Rows of a matrix that are read at a time.
const BLOCK: usize = 4096;
/// A query's number is its "vector": two floats, exact up to 2^44 rows.
const LOW_BITS: u32 = 20;

/// The files of a retrieval.
#[derive(Clone, Copy, Debug)]
pub struct RetrievedFiles<'a> {
    /// `I.npy`: row numbers of the collection, `[queries, neighbours]`, -1 for none.
    pub indices: &'a Path,
    /// `D.npy`: similarities of the same shape.
    pub similarities: Option<&'a Path>,
    /// The collection's photo table, such as MP16-Pro's CSV.
    pub collection: &'a Path,
    /// The queries' photo table, row by row the matrix's.
    pub queries: &'a Path,
}

/// What a search has found before: a [`Search`] whose queries are known by number.
#[derive(Debug)]
pub struct RetrievedLists {
    matrices: Mutex<Matrices>,
    collection: Collection,
    /// Photos that the lists name.
    photos: usize,
    columns: usize,
    rows: u64,
    identity: String,
    channel: ChannelSpec,
}

#[derive(Debug)]
struct Matrices {
    indices: NpyFile,
    similarities: Option<NpyFile>,
}

/// The queries that belong to [`RetrievedLists`].
#[derive(Debug)]
pub struct RetrievedQueries {
    rows: PhotoTable,
    sample: Sample,
    number: u64,
    expected: u64,
    identity: String,
}

impl RetrievedLists {
    /// Opens the files, reads the rows of the collection that are named and checks that everything fits together.
    /// `identity` stands for the files' contents: a run resumes only with the same.
    ///
    /// # Errors
    /// A file that is refused, and files that do not fit together, each by name.
    pub fn open(
        files: RetrievedFiles<'_>,
        identity: String,
        sample: Sample,
    ) -> Result<(Self, RetrievedQueries), Failure> {
        let mut indices = NpyFile::open(files.indices)?;
        let similarities = match files.similarities {
            Some(path) => Some(NpyFile::open(path)?),
            None => None,
        };
        if let Some(other) = &similarities
            && (other.rows(), other.columns()) != (indices.rows(), indices.columns())
        {
            let message = format!(
                "{} is [{}, {}], but {} is [{}, {}]",
                other.name(),
                other.rows(),
                other.columns(),
                indices.name(),
                indices.rows(),
                indices.columns()
            );
            return Err(Failure::new(ErrorKind::InvalidTable, message)
                .with_hint("both matrices must come from one search"));
        }
        let mut rows = 0;
        for row in PhotoTable::open(files.queries)? {
            rows += 1;
            if let Err(error) = row
                && error.is_final()
            {
                return Err(error.into());
            }
        }
        if rows != indices.rows() {
            let message = format!(
                "{} has {} rows, but {} has {rows}: they belong together row by row",
                indices.name(),
                indices.rows(),
                files.queries.display()
            );
            return Err(Failure::new(ErrorKind::InvalidTable, message)
                .with_hint("give the table that the search was run with"));
        }
        let (wanted, last) = named_rows(&mut indices)?;
        let collection = Collection::read(files.collection, |row| wanted.contains(&row))?;
        if let Some((number, [row, column])) = last
            && number >= collection.total()
        {
            let message = format!(
                "{}, row {row}, column {column}: {number} is beyond the {} rows of {}",
                indices.name(),
                collection.total(),
                files.collection.display()
            );
            return Err(Failure::new(ErrorKind::InvalidTable, message)
                .with_hint("give the table that the index was built from"));
        }
        let lists = Self {
            photos: wanted.len(),
            columns: indices.columns() as usize,
            matrices: Mutex::new(Matrices { indices, similarities }),
            collection,
            rows,
            identity: identity.clone(),
            channel: ChannelSpec { channel: Channel::photo(), dimension: 2 },
        };
        let table = PhotoTable::open(files.queries)?;
        Ok((lists, RetrievedQueries { rows: table, sample, number: 0, expected: rows, identity }))
    }

    /// Whether the collection says who took its photos.
    pub fn has_authors(&self) -> bool {
        self.collection.has_authors()
    }

    fn matrices(&self) -> MutexGuard<'_, Matrices> {
        // Reading leaves nothing half done.
        self.matrices.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn list(&self, number: u64, top: usize, filter: &Filter) -> Result<Vec<Neighbour>, Failure> {
        let (indices, similarities) = {
            let mut matrices = self.matrices();
            let indices = matrices.indices.integers(number, 1)?;
            let similarities = match &mut matrices.similarities {
                Some(file) => Some(file.floats(number, 1)?),
                None => None,
            };
            (indices, similarities)
        };
        let mut neighbours = Vec::new();
        for (column, index) in indices.into_iter().enumerate() {
            if neighbours.len() == top {
                break;
            }
            let Some(photo) = u64::try_from(index).ok().and_then(|index| self.collection.get(index)) else {
                continue;
            };
            let (item, location) = (ItemId(index.cast_unsigned()), photo.location);
            // The few that are kept are asked for again: records are made here for filters only.
            if *filter != Filter::default() && !admits(filter, &record_of(photo)) {
                continue;
            }
            let similarity = similarities.as_ref().and_then(|list| list.get(column));
            let similarity = similarity.map_or(f32::NAN, |value| *value as f32);
            neighbours.push(Neighbour { item, location, similarity });
        }
        Ok(neighbours)
    }
}

fn admits(filter: &Filter, record: &PhotoRecord) -> bool {
    let by = record.attribution.author.as_ref();
    let by = by.is_some_and(|author| filter.exclude_authors.contains(author));
    let region = filter.region.as_ref();
    let inside = region.is_none_or(|region| region.contains(record.location, &record.place));
    inside && !by && !filter.exclude_ids.contains(&record.id)
}

/// The rows of the collection that the matrix names, and the largest of them with its place.
type Named = (HashSet<u64>, Option<(u64, [u64; 2])>);

fn named_rows(indices: &mut NpyFile) -> Result<Named, Failure> {
    let columns = indices.columns();
    let (mut wanted, mut last) = (HashSet::new(), None::<(u64, [u64; 2])>);
    for first in (0..indices.rows()).step_by(BLOCK) {
        let block = indices.integers(first, BLOCK)?;
        for (at, index) in block.into_iter().enumerate() {
            let place = [first + at as u64 / columns, at as u64 % columns];
            match u64::try_from(index) {
                Ok(index) => {
                    wanted.insert(index);
                    if last.is_none_or(|(largest, _)| index > largest) {
                        last = Some((index, place));
                    }
                }
                // FAISS's word for "no more neighbours".
                Err(_) if index == -1 => {}
                Err(_) => {
                    let [row, column] = place;
                    let message = format!(
                        "{}, row {row}, column {column}: {index} is not a row number",
                        indices.name()
                    );
                    return Err(Failure::new(ErrorKind::InvalidTable, message)
                        .with_hint("give the matrix of row numbers (I.npy), not that of similarities"));
                }
            }
        }
    }
    Ok((wanted, last))
}

impl Search for RetrievedLists {
    fn encoder_fingerprint(&self) -> &str {
        &self.identity
    }

    fn channels(&self) -> &[ChannelSpec] {
        std::slice::from_ref(&self.channel)
    }

    fn holdings(&self) -> Holdings {
        Holdings { name: "retrieved lists".to_owned(), photos: self.photos, coordinates: 0 }
    }

    /// The length of the longest list: a search finds no more than that.
    fn len(&self, channel: &Channel) -> usize {
        let longest = self.columns.min(self.photos);
        if *channel == self.channel.channel && self.rows > 0 { longest } else { 0 }
    }

    fn filtering(&self, part: FilterPart) -> Filtering {
        match part {
            FilterPart::NearDuplicates => Filtering::Immaterial,
            // A query's list is gone through until `top` are admitted.
            FilterPart::Region | FilterPart::Authors | FilterPart::Ids => Filtering::Exact,
        }
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        let known = &self.channel.channel;
        if let Some((channel, _)) = request.channels.iter().find(|(channel, _)| channel != known) {
            let message = format!("the retrieved lists have no channel `{channel}`; they have {known}");
            return Err(Failure::new(ErrorKind::BrokenGallery, message));
        }
        if request.channels.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "the search names no channel")
                .with_hint("name at least one channel to search"));
        }
        // One channel's weight has no effect, unless it asks for the photos that are least similar.
        if let Some((_, weight)) = request.channels.iter().find(|(_, weight)| !is_positive(*weight)) {
            let message = format!("the retrieved lists cannot be weighted by {weight}");
            return Err(Failure::new(ErrorKind::Usage, message).with_hint("give a weight above 0"));
        }
        let mut regions = request.queries.iter().filter_map(|query| query.filter.region.as_ref());
        if regions.any(|region| matches!(region, Region::Country(_))) {
            let message = "the photos of retrieved lists have no country codes";
            return Err(Failure::new(ErrorKind::Usage, message).with_hint("give a box or a circle instead"));
        }
        let find = |query: &contract::Query<'_>| {
            let vector = query.embedding.get(known);
            let number = vector.and_then(number_of).filter(|number| *number < self.rows);
            let number = number.ok_or_else(|| {
                Failure::new(ErrorKind::Internal, "a query that is not in the matrix of results")
            })?;
            self.list(number, request.top, query.filter)
        };
        request.queries.iter().map(find).collect()
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        Ok(vec![QueryEmbedding::default(); items.len()])
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        Ok(items.iter().map(|item| self.collection.get(item.0).map(record_of)).collect())
    }

    fn photo_bytes(&self, _: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }

    fn coverage(&self) -> String {
        "lists that another program has found".to_owned()
    }
}

fn record_of(photo: CollectionPhoto) -> PhotoRecord {
    PhotoRecord {
        id: PhotoId(photo.id),
        location: photo.location,
        place: place_of(&photo.texts),
        attribution: Attribution { author: photo.author, ..Attribution::default() },
        hash: None,
    }
}

fn vector_of(number: u64) -> Vec<f32> {
    vec![(number >> LOW_BITS) as f32, (number & ((1 << LOW_BITS) - 1)) as f32]
}

fn number_of(vector: &[f32]) -> Option<u64> {
    let &[high, low] = vector else { return None };
    let is_part =
        |value: f32, bits: u32| value.fract() == 0.0 && (0.0..(1_u64 << bits) as f32).contains(&value);
    let is_number = is_part(high, f32::MANTISSA_DIGITS) && is_part(low, LOW_BITS);
    is_number.then(|| ((high as u64) << LOW_BITS) + low as u64)
}

fn is_positive(weight: f32) -> bool {
    weight > 0.0 && weight.is_finite()
}

impl RetrievedQueries {
    fn advance(&mut self) -> Result<Option<QueryResult>, Failure> {
        loop {
            let number = self.number;
            let Some(row) = self.rows.next() else { return Ok(None) };
            self.number += 1;
            match row {
                Ok(row) if !self.sample.keeps(&row.id) => {}
                Ok(row) => {
                    return Ok(Some(Ok(CurationQuery {
                        id: row.id,
                        location: row.location,
                        place: row.place,
                        author: row.author,
                        hash: None,
                        vector: vector_of(number),
                    })));
                }
                Err(error) if error.is_final() => return Err(error.into()),
                Err(error) => return Ok(Some(Err(error.into()))),
            }
        }
    }
}

impl QuerySource for RetrievedQueries {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn expected(&self) -> Option<u64> {
        Some(self.sample.expected(self.expected))
    }

    fn skip(&mut self, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            self.advance()?;
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Vec<QueryResult>, Failure> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            let Some(query) = self.advance()? else { break };
            taken.push(query);
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
