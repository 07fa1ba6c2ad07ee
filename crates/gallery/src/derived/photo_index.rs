//! The derived file `photos.index`: records and filter columns, one row a photo in the order of keys.

use std::collections::HashMap;
use std::io::{self, Seek, Write};

use contract::PerceptualHash;
use geo::LatLon;
use rusqlite::Connection;

use super::container::{Container, ContainerWriter, Header, Kind, SectionEntry, Tag, damaged};
use crate::record::{self, StoredPhoto};
use crate::region::country_number;
use crate::rows::{PHOTO_COLUMNS, read_photo};
use crate::schema::Meta;

const IDENTITY: Tag = 1;
const KEYS: Tag = 2;
const COORDINATES: Tag = 3;
const COUNTRIES: Tag = 4;
const AUTHORS: Tag = 5;
const HASHES: Tag = 6;
const HAS_HASH: Tag = 7;
const BY_ID: Tag = 8;
const RECORD_STARTS: Tag = 9;
const AUTHOR_STARTS: Tag = 10;
const AUTHOR_NAMES: Tag = 11;
const RECORDS: Tag = 12;

/// In place of an author's number.
const NO_AUTHOR: u32 = u32::MAX;

/// Why a derived file could not be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the index of all photos in the database.
pub(crate) fn write<W: Write + Seek>(
    connection: &Connection,
    meta: &Meta,
    out: W,
) -> Result<(W, Vec<SectionEntry>), BuildError> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned);
    let rows = count("SELECT count(*) FROM photos")?;
    let authors = count("SELECT count(DISTINCT author) FROM photos")?;
    let author_bytes = count(
        "SELECT coalesce(sum(length(CAST(author AS BLOB))), 0) FROM (SELECT DISTINCT author FROM photos)",
    )?;
    let sections = [
        (IDENTITY, Some(meta.identity.len() as u64)),
        (KEYS, Some(rows * 8)),
        (COORDINATES, Some(rows * 16)),
        (COUNTRIES, Some(rows * 2)),
        (AUTHORS, Some(rows * 4)),
        (HASHES, Some(rows * 8)),
        (HAS_HASH, Some(rows)),
        (BY_ID, Some(rows * 4)),
        (RECORD_STARTS, Some((rows + 1) * 8)),
        (AUTHOR_STARTS, Some((authors + 1) * 8)),
        (AUTHOR_NAMES, Some(author_bytes)),
        (RECORDS, None),
    ];
    let header = Header { kind: Kind::PhotoIndex, generation: meta.generation, rows, dimension: 0 };
    let mut container = ContainerWriter::new(out, header, &sections);
    container.append(IDENTITY, meta.identity.as_bytes())?;
    let authors = write_authors(connection, &mut container)?;
    let keys = write_photos(connection, &mut container, &authors)?;
    let mut statement = connection.prepare("SELECT key FROM photos ORDER BY id")?;
    let mut by_id = statement.query([])?;
    while let Some(row) = by_id.next()? {
        let position = keys.binary_search(&row.get(0)?).map_err(|_| damaged("a key is missing"))?;
        container.append(BY_ID, &(position as u32).to_le_bytes())?;
    }
    Ok(container.finish()?)
}

/// Authors in order, and the number of each.
fn write_authors<W: Write + Seek>(
    connection: &Connection,
    container: &mut ContainerWriter<W>,
) -> Result<HashMap<String, u32>, BuildError> {
    let mut numbers = HashMap::new();
    let mut end = 0_u64;
    container.append(AUTHOR_STARTS, &end.to_le_bytes())?;
    let mut statement =
        connection.prepare("SELECT DISTINCT author FROM photos WHERE author IS NOT NULL ORDER BY author")?;
    let mut authors = statement.query([])?;
    while let Some(row) = authors.next()? {
        let author: String = row.get(0)?;
        container.append(AUTHOR_NAMES, author.as_bytes())?;
        end += author.len() as u64;
        container.append(AUTHOR_STARTS, &end.to_le_bytes())?;
        numbers.insert(author, numbers.len() as u32);
    }
    Ok(numbers)
}

/// Columns and records, and the keys in order.
fn write_photos<W: Write + Seek>(
    connection: &Connection,
    container: &mut ContainerWriter<W>,
    authors: &HashMap<String, u32>,
) -> Result<Vec<i64>, BuildError> {
    let mut keys = Vec::new();
    let mut encoded = Vec::new();
    let mut end = 0_u64;
    container.append(RECORD_STARTS, &end.to_le_bytes())?;
    let mut statement = connection.prepare(&format!("SELECT {PHOTO_COLUMNS} FROM photos ORDER BY key"))?;
    let mut photos = statement.query([])?;
    while let Some(row) = photos.next()? {
        let (key, StoredPhoto { record, reference }) = read_photo(row)?;
        let author = record.attribution.author.as_ref().and_then(|author| authors.get(author));
        let country = country_number(record.place.country_code.as_deref());
        keys.push(key);
        container.append(KEYS, &key.to_le_bytes())?;
        container.append(COORDINATES, &record.location.latitude().to_le_bytes())?;
        container.append(COORDINATES, &record.location.longitude().to_le_bytes())?;
        container.append(COUNTRIES, &country.to_le_bytes())?;
        container.append(AUTHORS, &author.copied().unwrap_or(NO_AUTHOR).to_le_bytes())?;
        container.append(HASHES, &record.hash.map_or(0, |hash| hash.0).to_le_bytes())?;
        container.append(HAS_HASH, &[u8::from(record.hash.is_some())])?;
        encoded.clear();
        record::encode(&record, &reference, &mut encoded);
        container.append(RECORDS, &encoded)?;
        end += encoded.len() as u64;
        container.append(RECORD_STARTS, &end.to_le_bytes())?;
    }
    Ok(keys)
}

/// The opened index.
#[derive(Debug)]
pub(crate) struct PhotoIndex {
    container: Container,
    rows: usize,
}

impl PhotoIndex {
    pub(crate) fn from_container(container: Container) -> io::Result<Self> {
        let rows = container.header().rows as usize;
        container.sized::<i64>(KEYS, rows)?;
        container.sized::<[f64; 2]>(COORDINATES, rows)?;
        container.sized::<u16>(COUNTRIES, rows)?;
        container.sized::<u32>(AUTHORS, rows)?;
        container.sized::<u64>(HASHES, rows)?;
        container.sized::<u8>(HAS_HASH, rows)?;
        container.sized::<u32>(BY_ID, rows)?;
        container.sized::<u64>(RECORD_STARTS, rows + 1)?;
        Ok(Self { container, rows })
    }

    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    pub(crate) fn identity(&self) -> &str {
        self.container.text(IDENTITY)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// `[rows, 2]`, degrees.
    pub(crate) fn coordinates(&self) -> &[[f64; 2]] {
        self.container.section(COORDINATES)
    }

    /// See [`country_number`].
    pub(crate) fn countries(&self) -> &[u16] {
        self.container.section(COUNTRIES)
    }

    pub(crate) fn key(&self, row: usize) -> Option<i64> {
        self.container.section::<i64>(KEYS).get(row).copied()
    }

    /// The row of a key; keys are in order.
    pub(crate) fn row_of_key(&self, key: i64) -> Option<usize> {
        self.container.section::<i64>(KEYS).binary_search(&key).ok()
    }

    pub(crate) fn hash(&self, row: usize) -> Option<PerceptualHash> {
        let known = *self.container.section::<u8>(HAS_HASH).get(row)? != 0;
        self.container.section::<u64>(HASHES).get(row).filter(|_| known).map(|&bits| PerceptualHash(bits))
    }

    /// Numbers of authors, `[rows]`; compare with [`PhotoIndex::author_number`].
    pub(crate) fn authors(&self) -> &[u32] {
        self.container.section(AUTHORS)
    }

    pub(crate) fn author_number(&self, author: &str) -> Option<u32> {
        let starts = self.container.section::<u64>(AUTHOR_STARTS);
        let names = self.container.section::<u8>(AUTHOR_NAMES);
        let name = |number: usize| {
            let (start, end) = (*starts.get(number)? as usize, *starts.get(number + 1)? as usize);
            names.get(start..end)
        };
        let (mut low, mut high) = (0, starts.len().saturating_sub(1));
        while low < high {
            let middle = usize::midpoint(low, high);
            match name(middle)?.cmp(author.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Number of distinct authors.
    pub(crate) fn author_count(&self) -> usize {
        self.container.section::<u64>(AUTHOR_STARTS).len().saturating_sub(1)
    }

    /// The row of a photo.
    pub(crate) fn row_of(&self, id: &str) -> Option<usize> {
        let by_id = self.container.section::<u32>(BY_ID);
        let id_of = |row: &u32| self.record_bytes(*row as usize).map(record::decode_id).unwrap_or_default();
        by_id
            .binary_search_by(|row| id_of(row).cmp(id))
            .ok()
            .and_then(|at| by_id.get(at))
            .map(|&row| row as usize)
    }

    /// Where the photo in a row was taken.
    pub(crate) fn location(&self, row: usize) -> Option<LatLon> {
        let &[latitude, longitude] = self.coordinates().get(row)?;
        LatLon::new(latitude, longitude).ok()
    }

    /// The photo in a row.
    pub(crate) fn photo(&self, row: usize) -> Option<StoredPhoto> {
        let location = self.location(row)?;
        record::decode(self.record_bytes(row)?, location, self.hash(row))
    }

    fn record_bytes(&self, row: usize) -> Option<&[u8]> {
        let starts = self.container.section::<u64>(RECORD_STARTS);
        let (start, end) = (*starts.get(row)? as usize, *starts.get(row + 1)? as usize);
        self.container.section::<u8>(RECORDS).get(start..end)
    }
}
