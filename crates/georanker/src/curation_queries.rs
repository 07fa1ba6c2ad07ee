//! Queries of a ranking dataset from a photo table or a folder of photos.

use std::path::Path;
use std::sync::Arc;

use contract::{Channel, Encoder, ErrorKind, Failure, Photo, PhotoId, QueryEmbedding};
use files::{sha256_hex, sha256_of_file};
use formats::table::{PhotoRow, PhotoTable, PlausibilityCheck};
use gallery::{Gallery, Listing, PhotoFiles, PhotoSource};
use geo::LatLon;
use photo::{DecodeOptions, Limits, Sidecars, decode_photo, perceptual_hash, stated_location_with};
use rayon::prelude::*;
use train::curate::{CurationQuery, QueryResult, QuerySource, Sample};

use crate::pipeline::lost;
use crate::pipeline::no_content;
use crate::{CachedQuery, QueryCache};

/// Photos that are not in the gallery, and what makes vectors of them.
pub struct QueryEncoder {
    /// Where the photos' bytes come from.
    pub photos: PhotoFiles,
    /// The encoder of the gallery.
    pub encoder: Arc<dyn Encoder>,
    /// What one photo may cost.
    pub limits: Limits,
    /// Vectors of photos that were encoded before.
    pub cache: Option<QueryCache>,
}

/// Queries that a photo table or a folder names. Photos that are in the gallery bring their vectors with them; others
/// are read and encoded.
pub struct PhotoQueries<'a> {
    names: Names,
    identity: String,
    sample: Sample,
    vectors: Vectors<'a>,
}

/// Where the queries' vectors come from.
struct Vectors<'a> {
    gallery: &'a Gallery,
    channel: Channel,
    encoder: Option<QueryEncoder>,
}

/// Whether a row of a table is wanted.
type Wanted = Box<dyn Fn(&PhotoRow) -> bool>;

enum Names {
    Table { rows: Box<PhotoTable>, wanted: Wanted, check: Box<PlausibilityCheck> },
    Photos { ids: std::vec::IntoIter<PhotoId> },
}

/// What is known of a query before its photo is looked at.
enum Named {
    Row(Box<PhotoRow>),
    Photo(PhotoId),
    Failed(Failure),
}

impl<'a> PhotoQueries<'a> {
    /// The rows of a photo table for which `wanted` holds; `selection` is what it is made of, for recognising a run.
    /// Without an encoder all photos must be in the gallery.
    ///
    /// # Errors
    /// A table that does not open or lacks a column.
    pub fn from_table(
        table: &Path,
        (selection, wanted): (&str, Wanted),
        gallery: &'a Gallery,
        (channel, sample): (Channel, Sample),
        encoder: Option<QueryEncoder>,
    ) -> Result<Self, Failure> {
        let rows = PhotoTable::open(table)?;
        let hash = sha256_of_file(table).map_err(|error| {
            Failure::new(ErrorKind::Unreadable, format!("cannot read {}: {error}", table.display()))
        })?;
        let identity = format!("table {} where {selection:?}", hash.sha256);
        let vectors = Vectors { gallery, channel, encoder };
        Ok(Self {
            names: Names::Table { rows: Box::new(rows), wanted, check: Box::default() },
            identity,
            sample,
            vectors,
        })
    }

    /// All photos of a folder or tar file, located by their GPS tags.
    ///
    /// # Errors
    /// Photos that cannot be listed.
    pub fn from_photos(
        encoder: QueryEncoder,
        gallery: &'a Gallery,
        channel: Channel,
        sample: Sample,
    ) -> Result<Self, Failure> {
        let Listing { ids, failures, .. } = encoder.photos.list()?;
        // A dataset without a part of its photos would look complete.
        if let Some(failure) = failures.into_iter().next() {
            return Err(failure.into());
        }
        let names: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
        let identity = format!("photos {}", sha256_hex(names.join("\n").as_bytes()));
        let vectors = Vectors { gallery, channel, encoder: Some(encoder) };
        Ok(Self { names: Names::Photos { ids: ids.into_iter() }, identity, sample, vectors })
    }

    /// The next one that is wanted and in the sample.
    fn advance(&mut self) -> Result<Option<Named>, Failure> {
        match &mut self.names {
            Names::Photos { ids } => Ok(ids.find(|id| self.sample.keeps(id)).map(Named::Photo)),
            Names::Table { rows, wanted, check } => loop {
                match rows.next() {
                    None => return Ok(None),
                    Some(Ok(row)) => {
                        check.see(&row);
                        if wanted(&row) && self.sample.keeps(&row.id) {
                            return Ok(Some(Named::Row(Box::new(row))));
                        }
                    }
                    Some(Err(error)) => {
                        check.see_error(&error);
                        let failure = Failure::from_error(&error);
                        return if error.is_final() {
                            Err(failure)
                        } else {
                            Ok(Some(Named::Failed(failure)))
                        };
                    }
                }
            },
        }
    }
}

/// A query that is known, or a photo that must be encoded first.
enum Prepared {
    Known(Box<CurationQuery>),
    Photo { photo: Photo, location: LatLon, key: Option<String> },
}

/// With the row of the table that named it, if one did.
type PreparedResult = Result<(Prepared, Option<Box<PhotoRow>>), Failure>;

impl Vectors<'_> {
    /// One query for each name, in order; photos that have no vectors yet are encoded in one batch.
    fn queries(&self, named: Vec<Named>) -> Vec<QueryResult> {
        let prepared: Vec<PreparedResult> = named.into_par_iter().map(|one| self.prepare(one)).collect();
        let photos: Vec<&Photo> = prepared
            .iter()
            .flatten()
            .filter_map(|(one, _)| match one {
                Prepared::Photo { photo, .. } => Some(photo),
                Prepared::Known(_) => None,
            })
            .collect();
        let mut encoded = match &self.encoder {
            Some(encoder) if !photos.is_empty() => encoder.encoder.encode(&photos),
            _ => Vec::new(),
        }
        .into_iter();
        let each = prepared.into_iter().map(|one| {
            let (prepared, row) = one?;
            let mut query = match prepared {
                Prepared::Known(query) => *query,
                Prepared::Photo { photo, location, key } => {
                    let embedding = encoded.next().unwrap_or_else(|| Err(lost(&photo.id.0)))?;
                    if let (Some(key), Some(cache)) = (key, self.cache()) {
                        let size = [photo.image.width(), photo.image.height()];
                        let hash = perceptual_hash(&photo.image);
                        let no_content = no_content(&photo.image);
                        cache
                            .put(&key, &CachedQuery { embedding: embedding.clone(), size, hash, no_content });
                    }
                    self.query_of(&photo, location, &embedding)?
                }
            };
            // What the table says goes before what the gallery knows.
            if let Some(row) = row {
                query.location = row.location;
                query.place = row.place.or(query.place);
                query.author = row.author.or(query.author);
            }
            Ok(query)
        });
        each.collect()
    }

    fn cache(&self) -> Option<&QueryCache> {
        self.encoder.as_ref()?.cache.as_ref()
    }

    fn prepare(&self, named: Named) -> PreparedResult {
        let (id, row) = match named {
            Named::Failed(failure) => return Err(failure),
            Named::Row(row) => (row.id.clone(), Some(row)),
            Named::Photo(id) => (id, None),
        };
        let stored = self.gallery.record(&id).zip(self.gallery.vector(&id, &self.channel));
        if let Some((record, vector)) = stored {
            return Ok((Prepared::Known(Box::new(CurationQuery::of(record, vector))), row));
        }
        let Some(encoder) = &self.encoder else {
            let message = format!("{id}: the photo is not in the gallery, so it has no vector");
            return Err(Failure::new(ErrorKind::NotFound, message)
                .with_hint("give the `photos` as well, or add this one to the gallery"));
        };
        let bytes = encoder.photos.read(&id)?;
        let location = if let Some(row) = &row {
            row.location
        } else {
            let name = encoder.photos.name_of(&id).0;
            let mut read = |sidecar: &str| encoder.photos.sidecar(sidecar);
            let stated = stated_location_with(&name, &bytes, Sidecars::Xmp, &mut read);
            stated.map_err(|none| none.named(&id.0))?.location
        };
        // The pixels are needed for the hash anyway: what is remembered is the costly part.
        let photo = decode_photo(&id.0, &bytes, &encoder.limits, DecodeOptions::default())?;
        let key = encoder.cache.as_ref().map(|_| sha256_hex(&bytes));
        let known = key.as_ref().and_then(|key| encoder.cache.as_ref()?.get(key));
        let prepared = match known {
            Some(known) => Prepared::Known(Box::new(self.query_of(&photo, location, &known.embedding)?)),
            None => Prepared::Photo { photo, location, key },
        };
        Ok((prepared, row))
    }

    fn query_of(&self, photo: &Photo, location: LatLon, embedding: &QueryEmbedding) -> QueryResult {
        let channel = &self.channel;
        let vector = embedding.get(channel).ok_or_else(|| {
            Failure::new(ErrorKind::Usage, format!("the model pack makes no vectors for channel {channel}"))
        })?;
        Ok(CurationQuery {
            id: photo.id.clone(),
            location,
            place: geo::Place::default(),
            author: None,
            hash: Some(perceptual_hash(&photo.image)),
            vector: vector.to_vec(),
        })
    }
}

impl QuerySource for PhotoQueries<'_> {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn expected(&self) -> Option<u64> {
        match &self.names {
            Names::Photos { ids } => Some(self.sample.expected(ids.len() as u64)),
            Names::Table { .. } => None,
        }
    }

    fn skip(&mut self, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            self.advance()?;
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Vec<QueryResult>, Failure> {
        let mut named = Vec::with_capacity(count);
        while named.len() < count {
            let Some(one) = self.advance()? else { break };
            named.push(one);
        }
        Ok(self.vectors.queries(named))
    }

    fn notes(&self) -> Vec<String> {
        let Names::Table { rows, check, .. } = &self.names else { return Vec::new() };
        let findings = check.findings();
        let findings = findings.iter().map(ToString::to_string);
        rows.notes().iter().map(ToString::to_string).chain(findings).collect()
    }
}
