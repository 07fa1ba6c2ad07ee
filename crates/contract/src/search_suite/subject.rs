//! A filled backend, how the suite asks it, and what the right answers are.

use std::collections::BTreeSet;

use super::{Ability, Backend, ItemKind, SuiteItem};
use crate::{
    Channel, Failure, Filter, FilterPart, Filtering, ItemId, Query, QueryEmbedding, Search, SearchRequest,
};

/// What is wrong, if something is.
pub(super) type Verdict = Result<(), String>;
/// A check of a filled backend.
pub(super) type Check = fn(&Subject<'_>) -> Verdict;

/// Results asked for by most checks.
pub(super) const TOP: usize = 10;
/// A neighbour's location tells which item it is: engines may round locations, but not by this many degrees.
const SAME_PLACE: f64 = 1e-4;
/// Two similarities that differ less are taken for equal: f32 cannot tell them apart.
const TIE: f64 = 1e-6;

/// Returns from a check unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        let holds: bool = $condition;
        if !holds {
            return Err(format!($($message)+));
        }
    };
}
pub(super) use ensure;

/// A filled backend.
pub(super) struct Subject<'a> {
    pub(super) backend: &'a Backend,
    pub(super) search: &'a dyn Search,
    /// What it was filled with.
    pub(super) items: &'a [SuiteItem],
    /// The vectors that the backend is asked with.
    pub(super) asked: &'a [QueryEmbedding],
    /// `[channels, queries, items]`, `None` for an item without a vector in the channel.
    cosines: Vec<Vec<Vec<Option<f64>>>>,
}

/// A neighbour, and which of the suite's items it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) number: usize,
    pub(super) item: ItemId,
    pub(super) similarity: f64,
}

/// Channels and the weights of their similarities.
pub(super) type Weighted = Vec<(Channel, f32)>;

impl<'a> Subject<'a> {
    /// `queries` are the vectors that the right answers are computed with: those of `asked`, unless the backend knows its
    /// queries in advance.
    pub(super) fn new(
        backend: &'a Backend,
        search: &'a dyn Search,
        items: &'a [SuiteItem],
        queries: &[QueryEmbedding],
        asked: &'a [QueryEmbedding],
    ) -> Self {
        let cosines = |channel: &Channel| {
            let of_query = |query: &QueryEmbedding| {
                let query = query.get(channel);
                items.iter().map(|item| Some(cosine(query?, item.vectors.get(channel)?))).collect()
            };
            queries.iter().map(of_query).collect()
        };
        let cosines = backend.channels.iter().map(|spec| cosines(&spec.channel)).collect();
        Self { backend, search, items, asked, cosines }
    }

    pub(super) fn tolerance(&self) -> f64 {
        self.backend.exactness.similarity_tolerance
    }

    /// Each channel alone.
    pub(super) fn single_channels(&self) -> Vec<Weighted> {
        self.backend.channels.iter().map(|spec| vec![(spec.channel.clone(), 1.0)]).collect()
    }

    /// The first channel alone.
    pub(super) fn first_channel(&self) -> Weighted {
        self.single_channels().swap_remove(0)
    }

    /// Each channel alone and, if there are several, all together.
    pub(super) fn all_searches(&self) -> Vec<Weighted> {
        let mut searches = self.single_channels();
        if searches.len() > 1 {
            searches.push(searches.concat());
        }
        searches
    }

    /// Asks, and returns only the number of lists.
    pub(super) fn ask(
        &self,
        channels: &[(Channel, f32)],
        top: usize,
        queries: Vec<Query<'_>>,
    ) -> Result<usize, Failure> {
        self.search.search(&SearchRequest { channels, top, queries }).map(|lists| lists.len())
    }

    /// Searches a batch of queries, given by number.
    pub(super) fn find(
        &self,
        channels: &[(Channel, f32)],
        top: usize,
        queries: &[(usize, &Filter)],
    ) -> Result<Vec<Vec<Found>>, String> {
        let queries = queries.iter().map(|&(number, filter)| (&self.asked[number], filter));
        self.find_embeddings(channels, top, &queries.collect::<Vec<_>>())
    }

    /// Searches all queries with one filter.
    pub(super) fn find_all(
        &self,
        channels: &[(Channel, f32)],
        top: usize,
        filter: &Filter,
    ) -> Result<Vec<Vec<Found>>, String> {
        let queries: Vec<(usize, &Filter)> = (0..self.asked.len()).map(|number| (number, filter)).collect();
        self.find(channels, top, &queries)
    }

    pub(super) fn find_embeddings(
        &self,
        channels: &[(Channel, f32)],
        top: usize,
        queries: &[(&QueryEmbedding, &Filter)],
    ) -> Result<Vec<Vec<Found>>, String> {
        let queries: Vec<Query<'_>> =
            queries.iter().map(|&(embedding, filter)| Query { embedding, filter }).collect();
        let asked = queries.len();
        let lists = self
            .search
            .search(&SearchRequest { channels, top, queries })
            .map_err(|failure| format!("the search of {} failed: {failure}", shown(channels)))?;
        ensure!(lists.len() == asked, "{} lists for {asked} queries", lists.len());
        let found = |neighbour: &crate::Neighbour| {
            let number = self.number_at(neighbour.location).ok_or_else(|| {
                format!("no stored item lies at {}, where a neighbour was found", neighbour.location)
            })?;
            Ok(Found { number, item: neighbour.item, similarity: f64::from(neighbour.similarity) })
        };
        lists.iter().map(|list| list.iter().map(found).collect()).collect()
    }

    fn number_at(&self, location: geo::LatLon) -> Option<usize> {
        let same = |item: &SuiteItem| same_place(item.record.location, location);
        self.items.iter().position(same)
    }

    /// The documented similarity of an item to a query; `None` for an item that lacks one of the channels.
    pub(super) fn similarity(&self, channels: &[(Channel, f32)], query: usize, number: usize) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (channel, weight) in channels {
            let ordinal = self.backend.channels.iter().position(|spec| spec.channel == *channel)?;
            sum += f64::from(*weight) * self.cosines[ordinal][query][number]?;
            weights += f64::from(weight.abs());
        }
        Some(sum / weights)
    }

    /// All items that a search may find, most similar first.
    pub(super) fn expected(
        &self,
        channels: &[(Channel, f32)],
        query: usize,
        filter: &Filter,
    ) -> Vec<(usize, f64)> {
        let admitted = (0..self.items.len()).filter(|&number| self.admits(filter, number));
        let similar = admitted.filter_map(|number| Some((number, self.similarity(channels, query, number)?)));
        let mut similar: Vec<(usize, f64)> = similar.collect();
        similar.sort_by(|one, other| other.1.total_cmp(&one.1));
        similar
    }

    /// Whether a filter lets an item through, by the parts that have an effect on this backend.
    pub(super) fn admits(&self, filter: &Filter, number: usize) -> bool {
        let record = &self.items[number].record;
        let excluded = |part: FilterPart| match part {
            FilterPart::Region => {
                filter.region.as_ref().is_some_and(|region| !region.contains(record.location, &record.place))
            }
            FilterPart::Authors => record
                .attribution
                .author
                .as_ref()
                .is_some_and(|author| filter.exclude_authors.contains(author)),
            FilterPart::Ids => filter.exclude_ids.contains(&record.id),
            FilterPart::NearDuplicates => {
                matches!((filter.exclude_near, record.hash), (Some(one), Some(other)) if one.is_near(other))
            }
        };
        !FilterPart::ALL
            .into_iter()
            .any(|part| self.search.filtering(part) != Filtering::Immaterial && excluded(part))
    }

    /// A filter without the parts that are applied after the search. If none are left out, the number of results is known.
    fn without_over_fetched(&self, filter: &Filter) -> Filter {
        let mut inside = filter.clone();
        for part in FilterPart::ALL {
            if self.search.filtering(part) != Filtering::OverFetched {
                continue;
            }
            match part {
                FilterPart::Region => inside.region = None,
                FilterPart::Authors => inside.exclude_authors.clear(),
                FilterPart::Ids => inside.exclude_ids.clear(),
                FilterPart::NearDuplicates => inside.exclude_near = None,
            }
        }
        inside
    }

    /// The least number of results when `wanted` are expected. The share is rounded down: an approximate search may miss one
    /// of a few.
    pub(super) fn least(&self, wanted: usize) -> usize {
        (wanted as f64 * self.backend.exactness.least_recall).floor() as usize
    }

    /// The similarities of the items that a search must find, highest first. A filter applied after the search, to at least
    /// `top` results, leaves the admitted ones of the `top` nearest.
    fn required(&self, channels: &[(Channel, f32)], query: usize, filter: &Filter, top: usize) -> Vec<f64> {
        let inside = self.without_over_fetched(filter);
        let nearest = self.expected(channels, query, &inside);
        // An item as similar as one beyond the `top` nearest may be left out for it.
        let beyond = match nearest.get(top) {
            Some((_, similarity)) if inside != *filter => similarity + TIE,
            _ => f64::NEG_INFINITY,
        };
        let nearest = nearest.into_iter().take(top);
        nearest
            .filter(|&(number, similarity)| similarity > beyond && self.admits(filter, number))
            .map(|(_, similarity)| similarity)
            .collect()
    }

    /// Compares the lists of all queries with the right ones: the filter, the number of results, their similarities, and the
    /// share of true neighbours among them.
    pub(super) fn compare(&self, channels: &[(Channel, f32)], top: usize, filter: &Filter) -> Verdict {
        let lists = self.find_all(channels, top, filter)?;
        let exact = self.without_over_fetched(filter) == *filter;
        let least_recall = self.backend.exactness.least_recall;
        let (mut wanted, mut hits) = (0, 0);
        for (query, list) in lists.iter().enumerate() {
            let expected = self.expected(channels, query, filter);
            let of = || format!("query {query} in {} with {filter:?}", shown(channels));
            self.check_similarities(channels, query, list)?;
            for found in list {
                let id = &self.items[found.number].record.id;
                ensure!(self.admits(filter, found.number), "{}: `{id}` is found, but not admitted", of());
            }
            let most = expected.len().min(top);
            // An approximate search may miss some of few admitted items, but fills its list from many.
            let least = if exact { self.least(expected.len()).min(top) } else { 0 };
            ensure!(
                (least..=most).contains(&list.len()),
                "{}: {} results, {least} to {most} expected",
                of(),
                list.len()
            );
            let required = self.required(channels, query, filter, top);
            wanted += required.len();
            let worst = required.last().map_or(f64::INFINITY, |similarity| similarity - TIE);
            let similar = |found: &&Found| self.similarity(channels, query, found.number) >= Some(worst);
            hits += list.iter().filter(similar).count().min(required.len());
        }
        ensure!(
            hits as f64 >= least_recall * wanted as f64,
            "{} with {filter:?}: {hits} of {wanted} true neighbours found, a share of {least_recall} is needed",
            shown(channels)
        );
        Ok(())
    }

    /// Compares the similarities of a list with those computed in f64.
    pub(super) fn check_similarities(
        &self,
        channels: &[(Channel, f32)],
        query: usize,
        list: &[Found],
    ) -> Verdict {
        for found in list {
            let id = &self.items[found.number].record.id;
            let of = || format!("query {query} in {}: `{id}`", shown(channels));
            let Some(exact) = self.similarity(channels, query, found.number) else {
                return Err(format!("{} is found, but lacks a vector in one of the channels", of()));
            };
            ensure!(
                (found.similarity - exact).abs() <= self.tolerance(),
                "{} has similarity {}, not {exact}",
                of(),
                found.similarity
            );
        }
        Ok(())
    }

    /// Whether two answers to one search agree: the same similarities and the same items, apart from items at the end of the
    /// lists that are equally similar. An approximate search answers the same query alike each time.
    pub(super) fn agree(&self, one: &[Found], other: &[Found]) -> Verdict {
        ensure!(one.len() == other.len(), "{} and {} results", one.len(), other.len());
        for (rank, (left, right)) in one.iter().zip(other).enumerate() {
            let (left, right) = (left.similarity, right.similarity);
            ensure!((left - right).abs() <= TIE, "at rank {rank}, similarities are {left} and {right}");
        }
        let items = |list: &[Found]| list.iter().map(|found| found.item).collect::<BTreeSet<ItemId>>();
        let last = one.last().map_or(f64::INFINITY, |found| found.similarity);
        let differ: Vec<ItemId> = items(one).symmetric_difference(&items(other)).copied().collect();
        for found in one.iter().chain(other).filter(|found| differ.contains(&found.item)) {
            let id = &self.items[found.number].record.id;
            ensure!((found.similarity - last).abs() <= TIE, "`{id}` is in one of two lists only");
        }
        Ok(())
    }

    /// The backend's ids of the suite's items, as far as searches find them.
    pub(super) fn known_items(&self) -> Result<Vec<Found>, String> {
        let mut known: Vec<Found> = Vec::new();
        for channels in self.single_channels() {
            let lists = self.find(&channels, self.items.len(), &[(0, &Filter::default())])?;
            let new = lists.into_iter().flatten();
            let seen: BTreeSet<ItemId> = known.iter().map(|found| found.item).collect();
            known.extend(new.filter(|found| !seen.contains(&found.item)));
        }
        Ok(known)
    }

    /// Ids that the backend does not have.
    pub(super) fn unknown_items(&self) -> Result<Vec<ItemId>, String> {
        let known: BTreeSet<ItemId> = self.known_items()?.iter().map(|found| found.item).collect();
        // Items that an approximate search missed have ids near those of the others.
        let candidates = [u64::MAX, u64::MAX - 12_345, u64::MAX / 2 + 12_345, u64::MAX / 3].map(ItemId);
        Ok(candidates.into_iter().filter(|item| !known.contains(item)).collect())
    }

    pub(super) fn has_records(&self) -> bool {
        self.backend.items == ItemKind::Photos
    }

    pub(super) fn can(&self, ability: Ability) -> bool {
        self.backend.can(ability)
    }
}

/// Whether two locations stand for one item.
pub(super) fn same_place(one: geo::LatLon, other: geo::LatLon) -> bool {
    let across = (one.longitude() - other.longitude()).abs();
    (one.latitude() - other.latitude()).abs() < SAME_PLACE && across.min(360.0 - across) < SAME_PLACE
}

/// Channels and weights for messages.
pub(super) fn shown(channels: &[(Channel, f32)]) -> String {
    let shown: Vec<String> = channels.iter().map(|(channel, weight)| format!("{channel}={weight}")).collect();
    format!("[{}]", shown.join(", "))
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |one: &[f32], other: &[f32]| -> f64 {
        one.iter().zip(other).map(|(&one, &other)| f64::from(one) * f64::from(other)).sum()
    };
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

/// A refusal must say what is wrong.
pub(super) fn refused<T>(what: &str, answer: Result<T, Failure>) -> Verdict {
    match answer {
        Ok(_) => Err(format!("{what} is accepted")),
        Err(failure) if failure.message.trim().is_empty() => {
            Err(format!("{what} is refused without a message"))
        }
        Err(_) => Ok(()),
    }
}
