//! The rows of a photo table that a result matrix names: MP16-Pro's CSV has four millions, a benchmark needs few.

use std::collections::HashMap;
use std::path::Path;

use geo::LatLon;

use crate::table::{PhotoTable, TableError};

/// Some rows of a photo table, looked up by their number, from 0, the header not counted.
///
/// Memory is some 100 bytes a row that is kept: place texts come again and again and are held once.
#[derive(Debug, Default)]
pub struct Collection {
    rows: HashMap<u64, Stored>,
    texts: Vec<String>,
    known: HashMap<String, u32>,
    total: u64,
}

#[derive(Debug)]
struct Stored {
    id: Box<str>,
    location: LatLon,
    texts: [u32; 6],
    author: u32,
}

/// A photo of the collection.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionPhoto {
    /// Its `IMG_ID`.
    pub id: String,
    /// Where it was taken.
    pub location: LatLon,
    /// neighbourhood, city, county, state, region, country, as they are written; unknown ones are empty.
    pub texts: Vec<String>,
    /// Who took it, where the table says so.
    pub author: Option<String>,
}

impl Collection {
    /// Reads a photo table once and keeps the rows for which `wanted` holds. Rows that are not wanted may be wrong.
    ///
    /// # Errors
    /// As [`PhotoTable::open`], and a wanted row that is wrong.
    pub fn read(path: &Path, wanted: impl Fn(u64) -> bool) -> Result<Self, TableError> {
        let mut collection = Self::default();
        collection.intern("");
        for row in PhotoTable::open(path)?.keeping_blank_rows() {
            let number = collection.total;
            collection.total += 1;
            let row = match row {
                Err(error) if error.is_final() || wanted(number) => return Err(error),
                Err(_) => continue,
                Ok(_) if !wanted(number) => continue,
                Ok(row) => row,
            };
            let place = &row.place;
            let texts = [
                &place.neighbourhood,
                &place.city,
                &place.county,
                &place.state,
                &place.region,
                &place.country,
            ]
            .map(|text| collection.intern(text.as_deref().unwrap_or_default()));
            let author = collection.intern(row.author.as_deref().unwrap_or_default());
            let stored = Stored { id: row.id.0.into(), location: row.location, texts, author };
            collection.rows.insert(number, stored);
        }
        Ok(collection)
    }

    /// Rows of the table, kept or not.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether any row that was kept has an author.
    pub fn has_authors(&self) -> bool {
        self.rows.values().any(|row| row.author != 0)
    }

    /// A row that was kept.
    pub fn get(&self, number: u64) -> Option<CollectionPhoto> {
        let stored = self.rows.get(&number)?;
        let text = |index: u32| self.texts.get(index as usize).cloned().unwrap_or_default();
        Some(CollectionPhoto {
            id: stored.id.to_string(),
            location: stored.location,
            texts: stored.texts.iter().map(|&index| text(index)).collect(),
            author: Some(text(stored.author)).filter(|author| !author.is_empty()),
        })
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(&index) = self.known.get(text) {
            return index;
        }
        let index = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.known.insert(text.to_owned(), index);
        index
    }
}
