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
    CREATE INDEX IF NOT EXISTS photos_by_path ON photos (source, path);
";

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
    let mut statement = connection.prepare(
        "WITH firsts AS (
             SELECT bytes, crc, min(key) AS key FROM photo_files GROUP BY bytes, crc HAVING count(*) > 1
         )
         SELECT copy.id, copy.latitude, copy.longitude, first.id, first.latitude, first.longitude
         FROM firsts JOIN photo_files AS file USING (bytes, crc)
              JOIN photos AS copy ON copy.key = file.key
              JOIN photos AS first ON first.key = firsts.key
         WHERE file.key > firsts.key ORDER BY file.key",
    )?;
    let (mut count, mut example) = (0, None);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place =
            |column: usize| Ok::<_, rusqlite::Error>(LatLon::new(row.get(column)?, row.get(column + 1)?));
        // Places that are none are reported by another check.
        if let (Ok(one), Ok(other)) = (place(1)?, place(4)?)
            && geodesic_km(one, other) > COPIES_APART_KM
        {
            count += 1;
            example.get_or_insert([PhotoId(row.get(0)?), PhotoId(row.get(3)?)]);
        }
    }
    Ok(example.map(|example| (count, example)))
}

fn is_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'photo_files'")?
        .exists([])
}
