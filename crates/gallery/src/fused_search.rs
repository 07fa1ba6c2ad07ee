//! Searching a gallery in several channels at once, and without favour for hubs.

use contract::{Channel, Filter, Neighbour, QueryEmbedding};

use crate::derived::hubness::Hubness;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::matrix::{FusedPart, FusedQuery, search_fused};
use crate::search::Masks;

/// A batch of queries over several channels.
#[derive(Clone, Debug)]
pub struct FusedRequest<'a> {
    /// Channels and the weights of their similarities; one channel of weight 1 is a plain search.
    pub channels: &'a [(Channel, f32)],
    /// How much of each photo's hubness is taken off its similarity: 0 nothing, 0.5 as CSLS does.
    pub hubness: f32,
    /// How many results a query, at most.
    pub top: usize,
    /// The queries' vectors, and what to leave out for each.
    pub queries: Vec<(&'a QueryEmbedding, &'a Filter)>,
}

impl Gallery {
    /// The photos with the largest weighted sums of similarities: one exact search, no merge of lists. A neighbour's
    /// `similarity` is that sum over the sum of the weights' sizes, so that it stays a mean cosine; hubness chooses and
    /// orders, and does not change it.
    ///
    /// # Errors
    /// A channel that the gallery or a query does not have, a query of the wrong length or with a number that is not
    /// finite.
    pub fn search_fused(&self, request: &FusedRequest<'_>) -> Result<Vec<Vec<Neighbour>>, GalleryError> {
        let total: f32 = request.channels.iter().map(|(_, weight)| weight.abs()).sum();
        let mut parts = Vec::with_capacity(request.channels.len());
        for (channel, _) in request.channels {
            let matrix = self.matrix(channel).ok_or_else(|| self.unknown_channel(channel))?;
            let penalties = match request.hubness {
                0.0 => None,
                strength => Some((self.hubness(channel)?, strength)),
            };
            parts.push(FusedPart { matrix, penalties });
        }
        let mut masks = Masks::new(&self.derived.index);
        let numbers: Vec<Option<usize>> =
            request.queries.iter().map(|(_, filter)| masks.number_of(filter)).collect();
        let mut queries = Vec::with_capacity(request.queries.len());
        for ((embedding, _), number) in request.queries.iter().zip(&numbers) {
            let vectors = request.channels.iter().map(|(channel, weight)| {
                let vector = embedding
                    .get(channel)
                    .ok_or_else(|| GalleryError::NoQueryVector { channel: channel.clone() })?;
                Ok((vector, *weight))
            });
            let parts = vectors.collect::<Result<Vec<_>, GalleryError>>()?;
            queries.push(FusedQuery { parts, mask: number.and_then(|number| masks.get(number)) });
        }
        let mut found = search_fused(&parts, &queries, request.top)?;
        if total > 0.0 && total.to_bits() != 1.0_f32.to_bits() {
            found.iter_mut().flatten().for_each(|one| one.similarity /= total);
        }
        Ok(found.into_iter().map(|matches| self.neighbours(matches)).collect())
    }

    /// What each photo's similarity in a channel gains from being near everything, row by row the photos of
    /// [`Gallery::records`]: the mean similarity to its ten nearest among up to 4096 photos of the gallery. Computed
    /// when first asked for, and kept in a derived, checksummed file (`CHANNEL.hubness`).
    ///
    /// # Errors
    /// A channel that the gallery does not have.
    pub fn hubness(&self, channel: &Channel) -> Result<&[f32], GalleryError> {
        let ordinal = self.meta.channels.iter().position(|spec| spec.channel == *channel);
        let (ordinal, slot, matrix) = ordinal
            .and_then(|at| Some((at, self.hubness.get(at)?, self.derived.matrices.get(at)?)))
            .ok_or_else(|| self.unknown_channel(channel))?;
        if let Some(known) = slot.get() {
            return Ok(known.penalties());
        }
        if self.photo_count() == 0 {
            // Nobody to hold back, and perhaps no directory.
            return Ok(&[]);
        }
        let built = Hubness::open_or_build(&self.meta, ordinal, self.directory(), matrix)?;
        Ok(slot.get_or_init(|| built).penalties())
    }
}
