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

    /// As many as a query's list has: a search finds nothing beyond.
    fn len(&self, channel: &Channel) -> usize {
        if *channel == self.channel.channel && self.rows > 0 { self.columns } else { 0 }
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
    (high >= 0.0 && low >= 0.0).then_some(((high as u64) << LOW_BITS) + low as u64)
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
mod tests {
    use contract::Query;

    use super::*;

    /// A matrix of row numbers as numpy writes it.
    fn write_npy(path: &Path, rows: usize, columns: usize, values: &[i64]) {
        let header = format!("{{'descr': '<i8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        // Magic, length and header end at a multiple of 64.
        let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
        bytes.extend_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
        bytes.extend_from_slice(format!("{header:<width$}\n", width = length - 1).as_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        std::fs::write(path, bytes).unwrap();
    }

    /// Two queries, each with a list of three of the four photos of a collection.
    fn lists(folder: &Path) -> RetrievedLists {
        let path = |name: &str| folder.join(name);
        let collection =
            "IMG_ID,LAT,LON,author\na.jpg,10,20,Ann\nb.jpg,11,21,Ben\nc.jpg,12,22,Ann\nd.jpg,13,23,\n";
        std::fs::write(path("collection.csv"), collection).unwrap();
        std::fs::write(path("queries.csv"), "IMG_ID,LAT,LON\nq.jpg,1,2\nr.jpg,3,4\n").unwrap();
        write_npy(&path("I.npy"), 2, 3, &[2, 1, 0, 0, 2, -1]);
        let files = RetrievedFiles {
            indices: &path("I.npy"),
            similarities: None,
            collection: &path("collection.csv"),
            queries: &path("queries.csv"),
        };
        RetrievedLists::open(files, "lists".to_owned(), Sample::default()).unwrap().0
    }

    fn found(lists: &RetrievedLists, query: u64, filter: &Filter, top: usize) -> Vec<u64> {
        let channels = [(Channel::photo(), 1.0)];
        let embedding = QueryEmbedding { vectors: vec![(Channel::photo(), vector_of(query))] };
        let queries = vec![Query { embedding: &embedding, filter }];
        let found = lists.search(&SearchRequest { channels: &channels, top, queries }).unwrap();
        found[0].iter().map(|neighbour| neighbour.item.0).collect()
    }

    #[test]
    fn filters_leave_as_many_as_the_list_has() {
        let folder = tempfile::tempdir().unwrap();
        let lists = lists(folder.path());
        let none = Filter::default();
        assert_eq!(found(&lists, 0, &none, 2), [2, 1]);
        assert_eq!(found(&lists, 1, &none, 9), [0, 2]);
        let no_author = Filter { exclude_authors: vec!["Ann".to_owned()], ..Filter::default() };
        assert_eq!(found(&lists, 0, &no_author, 1), [1]);
        let no_id = Filter { exclude_ids: vec!["c.jpg".into()], ..Filter::default() };
        assert_eq!(found(&lists, 0, &no_id, 2), [1, 0]);
        let region = Filter { region: Some("9,19,11.5,30".parse().unwrap()), ..Filter::default() };
        assert_eq!(found(&lists, 0, &region, 2), [1, 0]);
        for part in [FilterPart::Region, FilterPart::Authors, FilterPart::Ids] {
            assert_eq!(lists.filtering(part), Filtering::Exact);
        }
    }

    #[test]
    fn holdings_are_the_photos_that_lists_name() {
        let folder = tempfile::tempdir().unwrap();
        let lists = lists(folder.path());
        assert_eq!((lists.holdings().photos, lists.holdings().coordinates), (3, 0));
        assert_eq!((lists.len(&Channel::photo()), lists.len(&Channel::location())), (3, 0));
        let records = lists.records(&[ItemId(2), ItemId(3)]).unwrap();
        let ids: Vec<Option<&str>> =
            records.iter().map(|record| record.as_ref().map(|record| record.id.0.as_str())).collect();
        assert_eq!(ids, [Some("c.jpg"), None]);
    }

    #[test]
    fn an_unknown_channel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let lists = lists(folder.path());
        let channels = [(Channel::photo(), 1.0), (Channel::location(), 1.0)];
        let request = SearchRequest { channels: &channels, top: 1, queries: Vec::new() };
        let error = lists.search(&request).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BrokenGallery);
        assert!(error.message.contains("no channel `location`; they have photo"), "{}", error.message);
    }

    #[test]
    fn numbers_survive_as_vectors() {
        for number in [0, 1, 2996, (1 << 20) - 1, 1 << 20, 4_123_456, (1 << 40) + 12_345] {
            assert_eq!(number_of(&vector_of(number)), Some(number));
        }
        assert_eq!(number_of(&[1.0]), None);
        assert_eq!(number_of(&[-1.0, 0.0]), None);
    }
}
