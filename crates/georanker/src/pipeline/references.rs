//! Coordinates that go with a question to a generating model.

use contract::{ErrorKind, Failure, LocateOptions, Photo, Query, QueryEmbedding};
use geo::LatLon;

use super::retrieve::PlannedSearch;
use super::{EncodedPhoto, Locator, filter_for};

impl Locator {
    /// Where the gallery's photos most similar to a photo were taken, most similar first, and where the least similar
    /// ones were, least similar first: G3's candidates and anti-candidates. At most `count` each, from the first of the
    /// pack's channels that has anything in it. What the request excludes is not named either: a model that reads the
    /// query's own place in its prompt needs no eyes.
    ///
    /// # Errors
    /// The photo cannot be encoded, or there is nothing to search.
    pub fn references(
        &self,
        photo: &Photo,
        count: usize,
        options: &LocateOptions,
    ) -> Result<(Vec<LatLon>, Vec<LatLon>), Failure> {
        let embedding = self.encoder.encode_one(photo)?;
        let turned = |vector: &Vec<f32>| vector.iter().map(|value| -value).collect();
        let vectors = embedding.vectors.iter();
        let opposite = QueryEmbedding {
            vectors: vectors.map(|(channel, vector)| (channel.clone(), turned(vector))).collect(),
        };
        let encoded = EncodedPhoto::new(photo, embedding);
        let filter = filter_for(&encoded, options)?;
        let queries = [&encoded.embedding, &opposite].map(|embedding| Query { embedding, filter: &filter });
        let together = self.fused.iter().flat_map(|fused| fused.channels.iter().map(|one| &one.channel));
        for channel in self.retrieval.iter().map(|search| &search.channel).chain(together) {
            let channels = vec![(channel.clone(), 1.0)];
            let wanted = PlannedSearch { name: channel.clone(), channels, top: count, fused: false };
            let mut found = self.search(&wanted, &queries, count, &options.retrieval)?.into_iter();
            let mut places = || -> Vec<LatLon> {
                found
                    .next()
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(_, neighbour)| neighbour.location)
                    .collect()
            };
            let (mut similar, mut dissimilar) = (places(), places());
            if similar.is_empty() {
                continue;
            }
            if dissimilar.iter().any(|place| similar.contains(place)) {
                // A gallery so small that both lists meet: half of it is each.
                similar.truncate(similar.len().div_ceil(2));
                dissimilar.retain(|place| !similar.contains(place));
            }
            return Ok((similar, dissimilar));
        }
        let message = format!("{}: the gallery has no photos to name in the prompt", photo.id);
        Err(Failure::new(ErrorKind::NoCandidates, message)
            .with_hint("choose the zero-shot `prompt`, which names no photos"))
    }
}
