//! The files that photos were made of, so that a photo that was put in another's place is noticed.
//!
//! A table of its own, made when it is first needed: galleries of older versions have none, and older versions do not
//! look at it. So it refers to nothing: they remove photos without it, and keys are never used again.

use contract::PhotoId;
use geo::LatLon;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::spec::FileStamp;

pub(crate) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS photo_files (
        key INTEGER PRIMARY KEY,
        bytes INTEGER NOT NULL, modified INTEGER NOT NULL, crc INTEGER NOT NULL
    );
";

/// What a gallery has of a photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldPhoto {
    /// The number of the source it was added from; `None` for one whose bytes are in no source.
    pub source: Option<u32>,
    /// Where it was taken.
    pub location: LatLon,
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
    let plain = "SELECT source, latitude, longitude, key FROM photos WHERE id = ?1";
    let of_row = |row: &Row<'_>| {
        let (latitude, longitude): (f64, f64) = (row.get(1)?, row.get(2)?);
        let location = LatLon::new(latitude, longitude).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Real, error.into())
        })?;
        Ok((HeldPhoto { source: row.get(0)?, location, file: None }, row.get::<_, i64>(3)?))
    };
    let found = connection.prepare_cached(plain)?.query_row([&id.0], of_row).optional()?;
    let Some((mut photo, key)) = found else { return Ok(None) };
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

fn is_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'photo_files'")?
        .exists([])
}
