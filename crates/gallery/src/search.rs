//! [`contract::Search`] on a gallery: filters become masks, rows become items.

use contract::{
    Channel, ChannelSpec, Failure, Filter, FilterPart, Filtering, Holdings, ItemId, Neighbour, PhotoId,
    PhotoRecord, Query, QueryEmbedding, Search, SearchRequest,
};
use geo::{LatLon, Place, Region};

use crate::derived::photo_index::PhotoIndex;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::matrix::{FusedQuery, Match, MatrixError, MatrixQuery, RowMask, VectorMatrix, search_fused};
use crate::region::region_mask;

impl Search for Gallery {
    fn encoder_fingerprint(&self) -> &str {
        &self.meta.encoder_fingerprint
    }

    fn channels(&self) -> &[ChannelSpec] {
        &self.meta.channels
    }

    fn holdings(&self) -> Holdings {
        Holdings { name: self.meta.name.clone(), photos: self.photo_count(), coordinates: 0 }
    }

    fn len(&self, channel: &Channel) -> usize {
        self.matrix(channel).map_or(0, VectorMatrix::len)
    }

    fn filtering(&self, _: FilterPart) -> Filtering {
        Filtering::Exact
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        Ok(self.search_rows(request)?)
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        let of = |item: &ItemId| self.row_of_item(*item).map(|row| self.embedding_at(row));
        Ok(items.iter().map(|item| of(item).unwrap_or_default()).collect())
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        Ok(items.iter().map(|item| self.record_at(self.row_of_item(*item)?)).collect())
    }

    fn photo_bytes(&self, photo: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Gallery::photo_bytes(self, photo)?)
    }

    fn coverage(&self) -> String {
        let places: Vec<(LatLon, Place)> =
            self.photos().map(|record| (record.location, record.place)).collect();
        geo::coverage_note(&places)
    }
}

impl Gallery {
    fn search_rows(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, GalleryError> {
        let matrices = request.channels.iter().map(|(channel, _)| self.known_matrix(channel));
        let matrices = matrices.collect::<Result<Vec<_>, GalleryError>>()?;
        let mut masks = Masks::new(&self.derived.index);
        let numbers: Vec<Option<usize>> =
            request.queries.iter().map(|query| masks.number_of(query.filter)).collect();
        let masks: Vec<Option<&RowMask>> =
            numbers.into_iter().map(|number| number.and_then(|number| masks.get(number))).collect();
        let found = search_channels(&matrices, request, &masks)?;
        Ok(found.into_iter().map(|matches| self.neighbours(matches)).collect())
    }

    fn known_matrix(&self, channel: &Channel) -> Result<&VectorMatrix, GalleryError> {
        self.matrix(channel).ok_or_else(|| {
            unknown_channel(format!("gallery `{}`", self.meta.name), channel, &self.meta.channels).into()
        })
    }

    fn neighbours(&self, matches: Vec<Match>) -> Vec<Neighbour> {
        let index = &self.derived.index;
        let neighbour = |Match { row, similarity }| {
            let location = index.location(row)?;
            Some(Neighbour { item: ItemId(index.key(row)?.cast_unsigned()), location, similarity })
        };
        matches.into_iter().filter_map(neighbour).collect()
    }

    fn row_of_item(&self, item: ItemId) -> Option<usize> {
        self.derived.index.row_of_key(item.0.cast_signed())
    }
}

/// The best rows of each query, with the similarities that [`contract::Neighbour`] asks for: the same for every backend that
/// keeps its vectors in matrices. `matrices` are those of the request's channels, `masks` belong to its queries.
///
/// # Errors
/// [`MatrixError`]: no channel, a query without a vector in a channel, a vector or weight that is not finite, a vector of
/// another length.
pub(crate) fn search_channels(
    matrices: &[&VectorMatrix],
    request: &SearchRequest<'_>,
    masks: &[Option<&RowMask>],
) -> Result<Vec<Vec<Match>>, MatrixError> {
    if matrices.is_empty() {
        return Err(MatrixError::NoChannels);
    }
    let asked = request.queries.iter().zip(masks);
    if let ([matrix], [(channel, weight)]) = (matrices, request.channels)
        && weight.is_finite()
        && *weight > 0.0
    {
        // The size of a single weight changes nothing: similarities are divided by it.
        let queries = asked
            .map(|(query, &mask)| Ok(MatrixQuery { vector: vector_of(query, channel)?, mask }))
            .collect::<Result<Vec<_>, MatrixError>>()?;
        return matrix.search(&queries, request.top);
    }
    let queries = asked
        .map(|(query, &mask)| {
            let part = |(channel, weight): &(Channel, f32)| Ok((vector_of(query, channel)?, *weight));
            let parts = request.channels.iter().map(part).collect::<Result<_, MatrixError>>()?;
            Ok(FusedQuery { parts, mask })
        })
        .collect::<Result<Vec<_>, MatrixError>>()?;
    let mut found = search_fused(matrices, &queries, request.top)?;
    let total: f32 = request.channels.iter().map(|(_, weight)| weight.abs()).sum();
    if total > 0.0 {
        found.iter_mut().flatten().for_each(|one| one.similarity /= total);
    }
    Ok(found)
}

fn vector_of<'a>(query: &Query<'a>, channel: &Channel) -> Result<&'a [f32], MatrixError> {
    query.embedding.get(channel).ok_or_else(|| MatrixError::NoQueryVector { channel: channel.clone() })
}

/// The error for a channel that `name` does not have.
pub(crate) fn unknown_channel(name: String, channel: &Channel, known: &[ChannelSpec]) -> MatrixError {
    let known = known.iter().map(|spec| spec.channel.as_str()).collect::<Vec<_>>().join(", ");
    MatrixError::UnknownChannel { name, channel: channel.clone(), known }
}

/// The masks of a batch; queries with equal filters share one, and those with equal regions its costly part.
pub(crate) struct Masks<'a> {
    index: &'a PhotoIndex,
    regions: Vec<(&'a Region, RowMask)>,
    filters: Vec<(&'a Filter, RowMask)>,
}

impl<'a> Masks<'a> {
    pub(crate) fn new(index: &'a PhotoIndex) -> Self {
        Self { index, regions: Vec::new(), filters: Vec::new() }
    }

    /// `None` for a filter that lets everything through.
    pub(crate) fn number_of(&mut self, filter: &'a Filter) -> Option<usize> {
        if *filter == Filter::default() {
            return None;
        }
        if let Some(known) = self.filters.iter().position(|(other, _)| *other == filter) {
            return Some(known);
        }
        let mut mask = self.of_region(filter.region.as_ref());
        self.exclude(filter, &mut mask);
        self.filters.push((filter, mask));
        Some(self.filters.len() - 1)
    }

    pub(crate) fn get(&self, number: usize) -> Option<&RowMask> {
        self.filters.get(number).map(|(_, mask)| mask)
    }

    fn of_region(&mut self, region: Option<&'a Region>) -> RowMask {
        let Some(region) = region else { return RowMask::all(self.index.len()) };
        if let Some((_, mask)) = self.regions.iter().find(|(other, _)| *other == region) {
            return mask.clone();
        }
        let mask = region_mask(region, self.index.coordinates(), self.index.countries());
        self.regions.push((region, mask.clone()));
        mask
    }

    fn exclude(&self, filter: &Filter, mask: &mut RowMask) {
        let authors: Vec<u32> =
            filter.exclude_authors.iter().filter_map(|author| self.index.author_number(author)).collect();
        if !authors.is_empty() {
            for (row, author) in self.index.authors().iter().enumerate() {
                if authors.contains(author) {
                    mask.remove(row);
                }
            }
        }
        for id in &filter.exclude_ids {
            if let Some(row) = self.index.row_of(&id.0) {
                mask.remove(row);
            }
        }
        if let Some(hash) = filter.exclude_near {
            for row in 0..self.index.len() {
                if self.index.hash(row).is_some_and(|other| other.is_near(hash)) {
                    mask.remove(row);
                }
            }
        }
    }
}
