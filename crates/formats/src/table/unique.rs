//! Whole tables in memory: one row per photo.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use contract::PhotoId;
use geo::LatLon;

use super::bad_rows::BadRows;
use super::error::{Position, TableError};
use super::notes::TableNote;

/// What a table is after it was read as a whole.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WholeTable<T> {
    /// The rows, one per photo, in the order of the file.
    pub rows: Vec<T>,
    /// What the user should know.
    pub notes: Vec<TableNote>,
    /// How many rows were wrong and passed over.
    pub skipped: u64,
}

/// A row of a photo.
pub(super) trait PhotoKey {
    fn id(&self) -> &PhotoId;
    fn position(&self) -> Position;
    fn place(&self) -> Option<LatLon>;
    /// Equality apart from the position.
    fn is_same(&self, other: &Self) -> bool;
}

/// Collects rows. One that repeats another exactly is passed over; one that gives a photo other values is wrong.
pub(super) fn unique<T: PhotoKey>(
    file: &str,
    rows: impl Iterator<Item = Result<T, TableError>>,
    bad: &mut BadRows<'_>,
) -> Result<WholeTable<T>, TableError> {
    let mut seen: HashMap<PhotoId, usize> = HashMap::new();
    let mut all: Vec<T> = Vec::new();
    let mut repeated: Option<(u64, Position, Position)> = None;
    let before = bad.count();
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                bad.pass(file, error)?;
                continue;
            }
        };
        let entry = match seen.entry(row.id().clone()) {
            Entry::Vacant(free) => {
                free.insert(all.len());
                all.push(row);
                continue;
            }
            Entry::Occupied(entry) => entry,
        };
        let Some(first) = all.get(*entry.get()) else { continue };
        if row.is_same(first) {
            repeated.get_or_insert((0, row.position(), first.position())).0 += 1;
            continue;
        }
        let places = [first.place(), row.place()];
        bad.pass(
            file,
            TableError::DuplicateId {
                file: file.to_owned(),
                position: row.position(),
                id: row.id().0.clone(),
                first: first.position(),
                places: (places[0] != places[1]).then(|| Box::new(places)),
            },
        )?;
    }
    let repeated = repeated.map(|(rows, position, first)| TableNote::Repeated {
        file: file.to_owned(),
        rows,
        position,
        first,
    });
    Ok(WholeTable { rows: all, notes: repeated.into_iter().collect(), skipped: bad.count() - before })
}
