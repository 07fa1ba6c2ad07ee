//! The first stage: what the searches find for each photo.

use std::collections::HashMap;

use contract::{
    CandidateSet, Channel, ErrorKind, Failure, Filter, Found, ItemId, Neighbour, PhotoRecord, Query,
    QueryEmbedding, RetrievalOptions, Search, SearchRequest,
};
use rank::FoundItem;

use super::thin::Thinning;
use super::{EncodedPhoto, Locator};
use crate::pack::{FusedManifest, RetrievalManifest};

/// What the candidates of a fused search are called where the pack has no name for them.
const FUSED: &str = "fused";

/// One search of a request: over one channel, or over several at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedSearch {
    /// What its candidates' channel is called.
    pub(super) name: Channel,
    /// The channels and the weights of their similarities.
    pub(super) channels: Vec<(Channel, f32)>,
    /// How many candidates it contributes.
    pub(super) top: usize,
    /// Whether it searches several channels at once, which only backends with all of them can.
    pub(super) fused: bool,
}

/// What a photo's searches found, in the order of the plan.
pub(super) type Retrieved = Vec<(Channel, Vec<FoundItem>)>;

/// A neighbour and the number of the search that found it.
type Placed = (usize, Neighbour);

/// The searches of a request: the pack's, one channel each, then its fused one, with the request's weights if it has any.
pub(super) fn plan(
    alone: &[RetrievalManifest],
    fused: Option<&FusedManifest>,
    options: &RetrievalOptions,
) -> Vec<PlannedSearch> {
    let mut searches: Vec<PlannedSearch> = alone
        .iter()
        .map(|one| PlannedSearch {
            name: one.channel.clone(),
            channels: vec![(one.channel.clone(), 1.0)],
            top: one.top,
            fused: false,
        })
        .collect();
    let of_pack = || {
        let channels =
            fused.map(|pack| pack.channels.iter().map(|one| (one.channel.clone(), one.weight)).collect());
        channels.unwrap_or_default()
    };
    let channels = if options.fuse.is_empty() { of_pack() } else { options.fuse.clone() };
    if !channels.is_empty() {
        let top = || alone.iter().map(|one| one.top).max().unwrap_or(20);
        searches.push(PlannedSearch {
            name: fused.map_or_else(|| Channel::new(FUSED), |pack| pack.name.clone()),
            channels,
            top: fused.map_or_else(top, |pack| pack.top),
            fused: true,
        });
    }
    searches
}

impl Locator {
    /// Each photo's findings. Photos are searched together; if that fails, each alone, so that one photo's vectors that
    /// do not fit are not another's failure.
    pub(super) fn retrieve(
        &self,
        photos: &[&EncodedPhoto],
        filters: &[&Filter],
        options: &RetrievalOptions,
    ) -> Vec<Result<Retrieved, Failure>> {
        let plan = plan(&self.retrieval, self.fused.as_ref(), options);
        match self.retrieve_together(photos, filters, &plan, options) {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(failure) if photos.len() < 2 => {
                let named = |photo: &&EncodedPhoto| Failure {
                    message: format!("{}: {}", photo.id, failure.message),
                    ..failure.clone()
                };
                photos.iter().map(|photo| Err(named(photo))).collect()
            }
            Err(_) => {
                let alone = |at: usize| self.retrieve(&photos[at..=at], &filters[at..=at], options);
                (0..photos.len()).flat_map(alone).collect()
            }
        }
    }

    fn retrieve_together(
        &self,
        photos: &[&EncodedPhoto],
        filters: &[&Filter],
        plan: &[PlannedSearch],
        options: &RetrievalOptions,
    ) -> Result<Vec<Retrieved>, Failure> {
        let thinning = Thinning::of(options);
        let queries: Vec<Query<'_>> = photos
            .iter()
            .zip(filters)
            .map(|(photo, filter)| Query { embedding: &photo.embedding, filter })
            .collect();
        let mut found: Vec<Vec<Vec<Placed>>> = vec![Vec::with_capacity(plan.len()); photos.len()];
        for wanted in plan {
            let top = thinning.depth(wanted.top);
            let lists = self.search(wanted, &queries, top, options)?;
            for (photo, list) in found.iter_mut().zip(lists) {
                photo.push(list);
            }
        }
        let records = self.records(&found)?;
        let tops: Vec<usize> = plan.iter().map(|wanted| wanted.top).collect();
        let of_photo = |lists: Vec<Vec<Placed>>| {
            let named = plan.iter().zip(lists).map(|(wanted, list)| {
                (wanted.name.clone(), list.iter().map(|placed| records.item(placed)).collect())
            });
            let mut named: Retrieved = named.collect();
            thinning.thin(&mut named, &tops);
            named
        };
        Ok(found.into_iter().map(of_photo).collect())
    }

    /// One planned search over all backends that take part, merged.
    pub(super) fn search(
        &self,
        wanted: &PlannedSearch,
        queries: &[Query<'_>],
        top: usize,
        options: &RetrievalOptions,
    ) -> Result<Vec<Vec<Placed>>, Failure> {
        let mut lists: Vec<Vec<Vec<Placed>>> = vec![Vec::new(); queries.len()];
        for number in self.taking_part(wanted, options) {
            let Some(search) = self.searches.get(number) else { continue };
            let request = SearchRequest { channels: &wanted.channels, top, queries: queries.to_vec() };
            let results = search.search(&request).map_err(|failure| {
                if wanted.fused && !options.fuse.is_empty() {
                    let message = format!("channels to fuse: {}", failure.message);
                    return Failure::new(ErrorKind::Usage, message);
                }
                failure
            })?;
            for (all, new) in lists.iter_mut().zip(results) {
                all.push(new.into_iter().map(|one| (number, one)).collect());
            }
        }
        Ok(lists.into_iter().map(|lists| merge(lists, top)).collect())
    }

    /// Which backends a search asks: those that hold something in its channels. The channels that a request fuses are
    /// not searched one by one as well where they are fused.
    fn taking_part(&self, wanted: &PlannedSearch, options: &RetrievalOptions) -> Vec<usize> {
        let knows = |search: &dyn Search, channel: &Channel| {
            search.channels().iter().any(|spec| spec.channel == *channel)
        };
        let has_all = |search: &dyn Search, channels: &[(Channel, f32)]| {
            channels.iter().all(|(channel, _)| knows(search, channel))
        };
        let mut chosen: Vec<usize> = Vec::new();
        for (number, search) in self.searches.iter().enumerate() {
            let search = search.as_ref();
            let takes_part = if wanted.fused {
                has_all(search, &wanted.channels) && search.holdings().coordinates == 0
            } else {
                let fused =
                    wanted.channels.iter().any(|(one, _)| options.fuse.iter().any(|(of, _)| of == one));
                let elsewhere = fused && search.holdings().coordinates == 0;
                !elsewhere && wanted.channels.iter().all(|(channel, _)| !search.is_empty(channel))
            };
            if takes_part {
                chosen.push(number);
            }
        }
        if wanted.fused && chosen.is_empty() {
            // Its complaint names the channel, and those that it has.
            chosen.push(0);
        }
        chosen
    }

    /// What is known of all items that were found.
    fn records(&self, found: &[Vec<Vec<Placed>>]) -> Result<Records, Failure> {
        let mut records = HashMap::new();
        for (number, search) in self.searches.iter().enumerate() {
            let of_search = found.iter().flatten().flatten().filter(|(at, _)| *at == number);
            let mut items: Vec<ItemId> = of_search.map(|(_, neighbour)| neighbour.item).collect();
            items.sort_unstable();
            items.dedup();
            let known = search.records(&items)?;
            let known = items.into_iter().zip(known);
            records.extend(known.filter_map(|(item, record)| Some(((number, item), record?))));
        }
        Ok(Records(records))
    }

    /// Gives the candidates that a fused search found their similarity in each of its channels: rankers know those.
    ///
    /// # Errors
    /// Those of the backends.
    pub(super) fn add_similarities(
        &self,
        set: &mut CandidateSet,
        options: &RetrievalOptions,
    ) -> Result<(), Failure> {
        let plan = plan(&self.retrieval, self.fused.as_ref(), options);
        let Some(fused) = plan.iter().find(|search| search.fused) else { return Ok(()) };
        let of_fused = |candidate: &contract::Candidate| {
            candidate.photo.is_some() && candidate.similarity(&fused.name).is_some()
        };
        let wanted: Vec<usize> =
            (0..set.candidates.len()).filter(|&at| of_fused(&set.candidates[at])).collect();
        let vectors = self.vectors_of(set, &wanted)?;
        for (at, stored) in wanted.into_iter().zip(vectors) {
            for (channel, _) in &fused.channels {
                let candidate = &mut set.candidates[at];
                let known = candidate.similarities.iter().any(|(name, _)| name == channel);
                if let (false, Some(query), Some(stored)) =
                    (known, set.embedding.get(channel), stored.get(channel))
                {
                    let similarity = query.iter().zip(stored).map(|(a, b)| a * b).sum();
                    candidate.similarities.push((channel.clone(), similarity));
                }
            }
        }
        Ok(())
    }

    /// Fills in the candidates' own vectors, for rankers that look at them.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn attach_vectors(&self, set: &mut CandidateSet) -> Result<(), Failure> {
        let all: Vec<usize> = (0..set.candidates.len()).collect();
        let vectors = self.vectors_of(set, &all)?;
        for (candidate, vectors) in set.candidates.iter_mut().zip(vectors) {
            candidate.embedding = vectors;
        }
        Ok(())
    }

    /// The stored vectors of some candidates.
    fn vectors_of(&self, set: &CandidateSet, wanted: &[usize]) -> Result<Vec<QueryEmbedding>, Failure> {
        let mut vectors = vec![QueryEmbedding::default(); wanted.len()];
        for (number, search) in self.searches.iter().enumerate() {
            let items = wanted.iter().enumerate().filter_map(|(at, &candidate)| {
                let found = set.candidates.get(candidate)?.found?;
                (found.search == number).then_some((at, found.item))
            });
            let (places, items): (Vec<usize>, Vec<ItemId>) = items.unzip();
            for (at, embedding) in places.into_iter().zip(search.vectors(&items)?) {
                vectors[at] = embedding;
            }
        }
        Ok(vectors)
    }
}

/// Records by search and item.
struct Records(HashMap<(usize, ItemId), PhotoRecord>);

impl Records {
    fn item(&self, &(search, neighbour): &Placed) -> FoundItem {
        let Neighbour { item, location, similarity } = neighbour;
        let photo = self.0.get(&(search, item)).cloned();
        FoundItem { found: Found { search, item }, location, similarity, photo }
    }
}

/// One list of several, the most similar first among those that come next; each list keeps its own order. Of equals the
/// earlier list's comes first.
fn merge(mut lists: Vec<Vec<Placed>>, top: usize) -> Vec<Placed> {
    if lists.len() < 2 {
        return lists.pop().unwrap_or_default();
    }
    let mut lists: Vec<_> = lists.into_iter().map(|list| list.into_iter().peekable()).collect();
    let mut merged = Vec::new();
    while merged.len() < top {
        let mut best: Option<(usize, f32)> = None;
        for (number, list) in lists.iter_mut().enumerate() {
            if let Some((_, next)) = list.peek()
                && best.is_none_or(|(_, similarity)| next.similarity.total_cmp(&similarity).is_gt())
            {
                best = Some((number, next.similarity));
            }
        }
        let next = best.and_then(|(number, _)| lists.get_mut(number)?.next());
        let Some(next) = next else { break };
        merged.push(next);
    }
    merged
}

#[cfg(test)]
mod tests {
    use geo::LatLon;

    use super::*;

    #[test]
    fn merging_keeps_the_order_of_each_list() {
        let list = |similarities: &[f32], search: usize| -> Vec<Placed> {
            let location = LatLon::new(0.0, 0.0).unwrap();
            let one = |similarity| (search, Neighbour { item: ItemId(0), location, similarity });
            similarities.iter().copied().map(one).collect()
        };
        let lists = || vec![list(&[0.9, 0.5, 0.2], 0), list(&[0.6, 0.5, 0.1], 1)];
        let found = |top| -> Vec<(f32, usize)> {
            merge(lists(), top).iter().map(|(search, one)| (one.similarity, *search)).collect()
        };
        let all = [(0.9, 0), (0.6, 1), (0.5, 0), (0.5, 1), (0.2, 0), (0.1, 1)];
        assert_eq!(found(9), all);
        assert_eq!(found(2), all[..2]);
        let alone: Vec<f32> = merge(lists()[..1].to_vec(), 9).iter().map(|(_, one)| one.similarity).collect();
        assert_eq!((alone, merge(Vec::new(), 9).len()), (vec![0.9, 0.5, 0.2], 0));
    }

    #[test]
    fn a_request_overrides_the_weights_of_the_pack() {
        let photo = |top| RetrievalManifest { channel: Channel::photo(), top };
        let none = RetrievalOptions::default();
        assert!(plan(&[photo(50)], None, &none).iter().all(|search| !search.fused));
        let asked = RetrievalOptions { fuse: vec![(Channel::photo(), 2.0)], ..none.clone() };
        let found = plan(&[photo(50)], None, &asked).pop().unwrap();
        assert_eq!((found.name.as_str(), found.top, found.fused), ("fused", 50, true));
        let channels = vec![crate::pack::WeightedChannel { channel: Channel::new("g3-text"), weight: 1.0 }];
        let pack = FusedManifest { name: Channel::new("g3"), top: 20, channels };
        let found = plan(&[], Some(&pack), &none).pop().unwrap();
        assert_eq!((found.name.as_str(), found.channels[0].1), ("g3", 1.0));
        assert!((plan(&[], Some(&pack), &asked)[0].channels[0].1 - 2.0).abs() < 1e-6);
    }
}
