//! Photos and vectors to and from database rows.

use contract::{Attribution, PerceptualHash, PhotoId, PhotoRecord};
use geo::{LatLon, Place};
use kernels::int8;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::matrix::VectorPrecision;
use crate::record::{StoredPhoto, StoredReference};
use crate::spec::{NewPhoto, PhotoReference};

/// Columns in the order of [`read_photo`].
pub(crate) const PHOTO_COLUMNS: &str = "key, id, latitude, longitude, neighbourhood, city, county, state, region, \
                                        country, country_code, author, licence, origin, hash, source, path";

/// One row of `photos`.
pub(crate) fn read_photo(row: &Row<'_>) -> rusqlite::Result<(i64, StoredPhoto)> {
    let invalid = |column: usize, kind, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, kind, error)
    };
    let location =
        LatLon::new(row.get(2)?, row.get(3)?).map_err(|error| invalid(2, Type::Real, error.into()))?;
    let place = Place {
        neighbourhood: row.get(4)?,
        city: row.get(5)?,
        county: row.get(6)?,
        state: row.get(7)?,
        region: row.get(8)?,
        country: row.get(9)?,
        country_code: row.get(10)?,
    };
    let attribution = Attribution { author: row.get(11)?, licence: row.get(12)?, source: row.get(13)? };
    let hash = row.get::<_, Option<i64>>(14)?.map(|bits| PerceptualHash(bits.cast_unsigned()));
    let reference = match (row.get::<_, Option<u32>>(15)?, row.get::<_, Option<String>>(16)?) {
        (Some(source), Some(path)) => StoredReference::InSource { source, path },
        // Inline photos are marked by a path without a source, which is empty.
        (None, Some(_)) => StoredReference::Inline,
        _ => StoredReference::None,
    };
    let id = PhotoId(row.get(1)?);
    Ok((
        row.get(0)?,
        StoredPhoto { record: PhotoRecord { id, location, place, attribution, hash }, reference },
    ))
}

/// Inserts a photo without its vectors; `None` if its id is there already.
pub(crate) fn insert_photo(connection: &Connection, photo: &NewPhoto) -> rusqlite::Result<Option<i64>> {
    let PhotoRecord { id, location, place, attribution, hash } = &photo.record;
    let (source, path) = match &photo.reference {
        PhotoReference::None => (None, None),
        PhotoReference::InSource { source, path } => (Some(*source), Some(path.as_str())),
        PhotoReference::Inline(_) => (None, Some("")),
    };
    let inserted = connection
        .prepare_cached(
            "INSERT INTO photos (id, latitude, longitude, neighbourhood, city, county, state, region, country,
                country_code, author, licence, origin, hash, source, path)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            id.0,
            location.latitude(),
            location.longitude(),
            place.neighbourhood,
            place.city,
            place.county,
            place.state,
            place.region,
            place.country,
            place.country_code,
            attribution.author,
            attribution.licence,
            attribution.source,
            hash.map(|hash| hash.0.cast_signed()),
            source,
            path,
        ])?;
    if inserted == 0 {
        return Ok(None);
    }
    let key = connection.last_insert_rowid();
    let (latitude, longitude) = (location.latitude(), location.longitude());
    connection
        .prepare_cached("INSERT INTO photo_locations VALUES (?1, ?2, ?2, ?3, ?3)")?
        .execute(params![key, latitude, longitude])?;
    if let PhotoReference::Inline(bytes) = &photo.reference {
        connection.prepare_cached("INSERT INTO photo_bytes VALUES (?1, ?2)")?.execute(params![key, bytes])?;
    }
    Ok(Some(key))
}

/// A vector as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredVector {
    /// Given for int8.
    pub(crate) scale: Option<f32>,
    /// int8 codes, or f32 in little-endian order.
    pub(crate) bytes: Vec<u8>,
}

impl StoredVector {
    pub(crate) fn new(vector: &[f32], precision: VectorPrecision) -> Self {
        match precision {
            VectorPrecision::F32 => {
                Self { scale: None, bytes: vector.iter().flat_map(|value| value.to_le_bytes()).collect() }
            }
            VectorPrecision::Int8 => {
                let mut codes = vec![0_i8; vector.len()];
                let scale = int8::quantise(vector, &mut codes);
                Self { scale: Some(scale), bytes: codes.into_iter().map(i8::cast_unsigned).collect() }
            }
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn problem(&self, dimension: usize, precision: VectorPrecision) -> Option<String> {
        let width = if precision == VectorPrecision::F32 { 4 } else { 1 };
        if self.bytes.len() != dimension * width {
            return Some(format!("it has {} bytes instead of {}", self.bytes.len(), dimension * width));
        }
        let finite = match precision {
            VectorPrecision::F32 => self.to_f32().iter().all(|value| value.is_finite()),
            VectorPrecision::Int8 => self.scale.is_some_and(f32::is_finite),
        };
        (!finite).then(|| "it holds a number that is not finite".to_owned())
    }

    pub(crate) fn to_f32(&self) -> Vec<f32> {
        match self.scale {
            Some(scale) => self.codes().iter().map(|&code| scale * f32::from(code)).collect(),
            None => self.bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
        }
    }

    pub(crate) fn codes(&self) -> &[i8] {
        bytemuck::cast_slice(&self.bytes)
    }
}

/// Length, finiteness and norm of a vector that is to be stored.
pub(crate) fn check_new_vector(vector: &[f32], dimension: usize) -> Result<(), String> {
    if vector.len() != dimension {
        return Err(format!("the vector has {} numbers instead of {dimension}", vector.len()));
    }
    let norm = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
    if !norm.is_finite() {
        return Err("the vector holds a number that is not finite".into());
    }
    if (norm - 1.0).abs() > 0.01 {
        return Err(format!("the vector has length {norm:.4} instead of 1"));
    }
    Ok(())
}
