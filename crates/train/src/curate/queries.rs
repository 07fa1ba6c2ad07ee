//! Where queries come from.

use contract::{Channel, ErrorKind, Failure, PerceptualHash, PhotoId, PhotoRecord};
use gallery::Gallery;
use geo::{LatLon, Place};

/// A query photo: what the rules look at, and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct CurationQuery {
    /// Its id; a gallery photo of this id is the query itself.
    pub id: PhotoId,
    /// Where it was taken.
    pub location: LatLon,
    /// What is there.
    pub place: Place,
    /// Who took it.
    pub author: Option<String>,
    /// For near-duplicates.
    pub hash: Option<PerceptualHash>,
    /// `[dimension]`, a unit vector of the channel that is searched.
    pub vector: Vec<f32>,
}

impl CurationQuery {
    /// A gallery photo and its vector.
    pub fn of(record: PhotoRecord, vector: Vec<f32>) -> Self {
        let PhotoRecord { id, location, place, attribution, hash } = record;
        Self { id, location, place, author: attribution.author, hash, vector }
    }
}

/// A query, or why there is none.
pub type QueryResult = Result<CurationQuery, Failure>;

/// Queries one after the other, in an order that is always the same. What a source's [`Sample`] does not keep is as
/// if it were not there.
pub trait QuerySource {
    /// Identifies the queries: a run resumes only with the same.
    fn identity(&self) -> String;

    /// About how many there are, if that is known.
    fn expected(&self) -> Option<u64>;

    /// Passes over the next `count`.
    ///
    /// # Errors
    /// A source that cannot be read on.
    fn skip(&mut self, count: u64) -> Result<(), Failure>;

    /// Takes the next `count`; fewer only at the end.
    ///
    /// # Errors
    /// A source that cannot be read on. A query that fails by itself is counted like the others.
    fn take(&mut self, count: usize) -> Result<Vec<QueryResult>, Failure>;

    /// What the user should know about the queries that were taken.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A random part of the queries: each is in or out by its id and the seed, whatever the others are.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Sample {
    /// The part, 0 to 1.
    pub fraction: f64,
    /// Another seed, another part.
    pub seed: u64,
}

impl Default for Sample {
    /// All of them.
    fn default() -> Self {
        Self { fraction: 1.0, seed: 0 }
    }
}

impl Sample {
    /// About how many of `count` queries are in.
    pub fn expected(&self, count: u64) -> u64 {
        (count as f64 * self.fraction.clamp(0.0, 1.0)).round() as u64
    }

    /// Whether a query is in.
    pub fn keeps(&self, id: &PhotoId) -> bool {
        if self.fraction >= 1.0 {
            return true;
        }
        // FNV-1a, then the finaliser of SplitMix64.
        let hash = id.0.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.seed, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 <= self.fraction
    }
}

/// All photos of a gallery as queries, with the vectors that are stored there: nothing is encoded.
#[derive(Debug)]
pub struct GalleryQueries<'a> {
    gallery: &'a Gallery,
    channel: Channel,
    sample: Sample,
    row: usize,
}

impl<'a> GalleryQueries<'a> {
    /// The photos of a gallery, in the order in which they were added.
    pub fn new(gallery: &'a Gallery, channel: Channel, sample: Sample) -> Self {
        Self { gallery, channel, sample, row: 0 }
    }
}

impl GalleryQueries<'_> {
    /// The next row that the sample keeps.
    fn advance(&mut self) -> Option<(usize, PhotoRecord)> {
        loop {
            let record = self.gallery.record_at(self.row)?;
            self.row += 1;
            if self.sample.keeps(&record.id) {
                return Some((self.row - 1, record));
            }
        }
    }
}

impl QuerySource for GalleryQueries<'_> {
    fn identity(&self) -> String {
        format!("gallery {}", self.gallery.identity())
    }

    fn expected(&self) -> Option<u64> {
        Some(self.sample.expected(self.gallery.photo_count() as u64))
    }

    fn skip(&mut self, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            self.advance();
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Vec<QueryResult>, Failure> {
        let gallery = self.gallery;
        let matrix = gallery.matrix(&self.channel).ok_or_else(|| {
            let message = format!("the gallery {} has no channel {}", gallery.name(), self.channel);
            Failure::new(ErrorKind::Usage, message)
        })?;
        let mut queries = Vec::with_capacity(count);
        while queries.len() < count {
            let Some((row, record)) = self.advance() else { break };
            let vector = matrix.row(row).unwrap_or_default();
            queries.push(Ok(CurationQuery::of(record, vector)));
        }
        Ok(queries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_about_its_size_and_depends_on_the_seed() {
        let kept = |seed| -> Vec<u32> {
            let sample = Sample { fraction: 0.2, seed };
            (0..10_000).filter(|number| sample.keeps(&format!("photo {number}").into())).collect()
        };
        assert!((1800..2200).contains(&kept(1).len()), "{}", kept(1).len());
        assert_eq!(kept(1), kept(1));
        let both = kept(1).iter().filter(|number| kept(2).contains(number)).count();
        assert!((300..500).contains(&both), "{both}");
    }
}
