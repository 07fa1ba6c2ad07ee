//! [`contract::Search`] on a gallery: filters become masks, matches become neighbours.

use contract::{Channel, Failure, Filter, Neighbour, Search, SearchFuture, SearchRequest};
use geo::Region;

use crate::derived::photo_index::PhotoIndex;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::matrix::{Match, MatrixQuery, RowMask};
use crate::region::region_mask;

impl Search for Gallery {
    fn encoder_fingerprint(&self) -> &str {
        &self.meta.encoder_fingerprint
    }

    fn len(&self, channel: &Channel) -> usize {
        self.matrix(channel).map_or(0, crate::VectorMatrix::len)
    }

    fn search<'a>(&'a self, request: SearchRequest<'a>) -> SearchFuture<'a> {
        Box::pin(async move { self.search_now(&request).map_err(|error| Failure::from_error(&error)) })
    }
}

impl Gallery {
    /// [`Search::search`] without the future.
    ///
    /// # Errors
    /// A channel that is not there, a query of the wrong length or with a number that is not finite.
    pub fn search_now(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, GalleryError> {
        let matrix = self.matrix(request.channel).ok_or_else(|| self.unknown_channel(request.channel))?;
        let mut masks = Masks::new(&self.derived.index);
        let numbers: Vec<Option<usize>> =
            request.queries.iter().map(|query| masks.number_of(query.filter)).collect();
        let queries: Vec<MatrixQuery<'_>> = request
            .queries
            .iter()
            .zip(&numbers)
            .map(|(query, number)| MatrixQuery {
                vector: query.vector,
                mask: number.and_then(|number| masks.get(number)),
            })
            .collect();
        let found = matrix.search(&queries, request.top)?;
        Ok(found.into_iter().map(|matches| self.neighbours(matches)).collect())
    }

    pub(crate) fn unknown_channel(&self, channel: &Channel) -> GalleryError {
        GalleryError::UnknownChannel {
            name: self.meta.name.clone(),
            channel: channel.clone(),
            known: self.meta.channels.iter().map(|spec| spec.channel.as_str()).collect::<Vec<_>>().join(", "),
        }
    }

    pub(crate) fn neighbours(&self, matches: Vec<Match>) -> Vec<Neighbour> {
        let neighbour = |Match { row, similarity }| {
            let record = self.derived.index.photo(row)?.record;
            Some(Neighbour { location: record.location, similarity, photo: Some(record) })
        };
        matches.into_iter().filter_map(neighbour).collect()
    }
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
