//! The files that photos were made of, so that a photo that was put in another's place is noticed.
//!
//! A table of its own, made when it is first needed: galleries of older versions have none, and older versions do not
//! look at it. So it refers to nothing: they remove photos without it, and keys are never used again. With it comes an index
//! of the files, so that a photo that a table spells in two ways is one photo.

use contract::{Attribution, PhotoId, PhotoRecord};
use geo::{LatLon, Place, geodesic_km};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::record::StoredReference;
use crate::rows::{PHOTO_COLUMNS, read_photo};
use crate::spec::FileStamp;

pub(crate) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS photo_files (
        key INTEGER PRIMARY KEY,
        bytes INTEGER NOT NULL, modified INTEGER NOT NULL, crc INTEGER NOT NULL
    );
";

/// Without it, [`made_of`] goes through all photos.
pub(crate) const INDEX: &str = "CREATE INDEX IF NOT EXISTS photos_by_path ON photos (source, path);";

/// What a gallery has of a photo.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldPhoto {
    /// The number of the source it was added from; `None` for one whose bytes are in no source.
    pub source: Option<u32>,
    /// Where it was taken.
    pub location: LatLon,
    /// What that place is called.
    pub place: Place,
    /// Whom to credit.
    pub attribution: Attribution,
    /// The file it was made of, where that is known.
    pub file: Option<FileStamp>,
}

pub(crate) fn insert(connection: &Connection, key: i64, stamp: &FileStamp) -> rusqlite::Result<()> {
    let FileStamp { bytes, modified, crc } = *stamp;
    connection
        .prepare_cached("INSERT OR REPLACE INTO photo_files VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, bytes.cast_signed(), modified, crc])
        .map(|_| ())
}

/// Gives a photo that is there another stamp.
pub(crate) fn restamp(connection: &Connection, id: &PhotoId, stamp: &FileStamp) -> rusqlite::Result<()> {
    let key = connection
        .prepare_cached("SELECT key FROM photos WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()?;
    match key {
        Some(key) if is_there(connection)? => insert(connection, key, stamp),
        _ => Ok(()),
    }
}

pub(crate) fn delete(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    if is_there(connection)? {
        connection.prepare_cached("DELETE FROM photo_files WHERE key = ?1")?.execute([key])?;
    }
    Ok(())
}

pub(crate) fn held(connection: &Connection, id: &PhotoId) -> rusqlite::Result<Option<HeldPhoto>> {
    let plain = format!("SELECT {PHOTO_COLUMNS} FROM photos WHERE id = ?1");
    let found = connection.prepare_cached(&plain)?.query_row([&id.0], read_photo).optional()?;
    let Some((key, photo)) = found else { return Ok(None) };
    let source = match photo.reference {
        StoredReference::InSource { source, .. } => Some(source),
        StoredReference::Inline | StoredReference::None => None,
    };
    let PhotoRecord { location, place, attribution, .. } = photo.record;
    let mut photo = HeldPhoto { source, location, place, attribution, file: None };
    if is_there(connection)? {
        let stamp = |row: &Row<'_>| {
            let bytes: i64 = row.get(0)?;
            Ok(FileStamp { bytes: bytes.cast_unsigned(), modified: row.get(1)?, crc: row.get(2)? })
        };
        photo.file = connection
            .prepare_cached("SELECT bytes, modified, crc FROM photo_files WHERE key = ?1")?
            .query_row([key], stamp)
            .optional()?;
    }
    Ok(Some(photo))
}

/// The photo that was made of this file of a source.
pub(crate) fn made_of(connection: &Connection, source: u32, path: &str) -> rusqlite::Result<Option<PhotoId>> {
    connection
        .prepare_cached("SELECT id FROM photos WHERE source = ?1 AND path = ?2")?
        .query_row(params![source, path], |row| row.get(0).map(PhotoId))
        .optional()
}

/// Two places of the same picture may be apart by this much, km: tables round, and phones measure twice.
const COPIES_APART_KM: f64 = 1.0;

/// How many photos have the same file as an earlier one and another place; and one of them with that earlier one.
pub(crate) fn copies_apart(connection: &Connection) -> rusqlite::Result<Option<(usize, [PhotoId; 2])>> {
    if !is_there(connection)? {
        return Ok(None);
    }
    // One pass in order: a join of the table with itself may visit every pair.
    let mut statement = connection.prepare(
        "SELECT bytes, crc, id, latitude, longitude FROM photo_files JOIN photos USING (key) ORDER BY bytes, crc, key",
    )?;
    let (mut count, mut example) = (0, None);
    let mut first: Option<([i64; 2], PhotoId, LatLon)> = None;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let content = [row.get(0)?, row.get(1)?];
        // Places that are none are reported by another check.
        let Ok(place) = LatLon::new(row.get(3)?, row.get(4)?) else { continue };
        match &first {
            Some((same, id, first_place)) if *same == content => {
                if geodesic_km(place, *first_place) > COPIES_APART_KM {
                    count += 1;
                    if example.is_none() {
                        example = Some([PhotoId(row.get(2)?), id.clone()]);
                    }
                }
            }
            _ => first = Some((content, PhotoId(row.get(2)?), place)),
        }
    }
    Ok(example.map(|example| (count, example)))
}

fn is_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'photo_files'")?
        .exists([])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Photos with a key, a place and a file.
    fn filled(photos: impl Iterator<Item = (i64, f64, i64)>) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE photos (key INTEGER PRIMARY KEY, id TEXT, latitude REAL, longitude REAL)",
            )
            .unwrap();
        connection.execute_batch(TABLE).unwrap();
        for (key, latitude, crc) in photos {
            connection
                .prepare_cached("INSERT INTO photos VALUES (?1, ?1 || '.jpg', ?2, 7.0)")
                .unwrap()
                .execute(params![key, latitude])
                .unwrap();
            let stamp = FileStamp { bytes: 100, modified: 1, crc: crc as u32 };
            insert(&connection, key, &stamp).unwrap();
        }
        connection
    }

    #[test]
    fn copies_at_other_places_are_counted() {
        let connection = filled([(1, 40.0, 5), (2, 40.001, 5), (3, 50.0, 5), (4, 60.0, 6)].into_iter());
        let apart = |connection: &Connection| {
            copies_apart(connection).unwrap().map(|(count, [one, other])| (count, one.0, other.0))
        };
        assert_eq!(apart(&connection), Some((1, "3.jpg".into(), "1.jpg".into())));
        // An older version removes a photo without its stamp.
        connection.execute("DELETE FROM photos WHERE key = 1", []).unwrap();
        assert_eq!(apart(&connection), Some((1, "3.jpg".into(), "2.jpg".into())));
        connection.execute("DELETE FROM photos WHERE key = 3", []).unwrap();
        assert_eq!(apart(&connection), None);
        assert_eq!(copies_apart(&Connection::open_in_memory().unwrap()).unwrap(), None);
    }

    #[test]
    fn many_copies_take_no_longer_than_many_photos() {
        let connection = filled((0..40_000).map(|key| (key, 10.0 + (key % 2) as f64, key / 2)));
        let started = Instant::now();
        assert_eq!(copies_apart(&connection).unwrap().unwrap().0, 20_000);
        // A join of the table with itself takes more than ten times as long.
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
