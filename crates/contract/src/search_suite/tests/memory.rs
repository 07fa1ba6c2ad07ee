//! A backend in memory, correct but for one fault.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

use geo::LatLon;

use super::super::subject::TOP;
use super::super::{Ability, Backend, SuiteItem};
use crate::{
    Channel, ChannelSpec, ErrorKind, Failure, Filter, FilterPart, Filtering, Holdings, ItemId, Neighbour,
    PerceptualHash, PhotoId, PhotoRecord, QueryEmbedding, Search, SearchRequest,
};

/// What a backend in memory does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    None,

    // What it says of itself.
    DeclaresAnotherChannel,
    DeclaresAnotherDimension,
    DeclaresFewerChannels,
    NamesNoEncoder,
    SaysNoCoverage,
    /// Photos are counted as coordinates.
    HoldsCoordinates,
    /// All channels count all items.
    CountsItems,
    /// Unknown channels count all items.
    CountsUnknownChannels,

    // Lists.
    /// Something is found although nothing is there.
    FindsInNothing,
    /// Lists are in reverse order.
    Unsorted,
    /// One more result than was asked for.
    OneMore,
    /// The best result is there, even if none was asked for.
    AtLeastOne,
    /// A hundred results at most.
    CapsTop,
    /// The best result comes twice.
    Twice,
    /// Only one of the items that share their vectors is found.
    Deduplicates,
    /// The nearest items are overlooked.
    Overlooks,
    /// A single item is overlooked.
    OverlooksOne,
    HalvesSimilarities,
    /// Queries of a batch behind the first get its filter.
    BatchDiffers,
    /// Queries of a batch behind the first are answered less exactly.
    BatchIsCoarse,
    /// Queries of a batch behind the first find another item that is nearly as similar as the right one.
    BatchSwapsItems,
    RefusesNoQueries,
    /// Vectors of a query are told by their order, not by their channels.
    UsesForeignChannels,
    /// Other threads than the first find nothing.
    BelongsToOneThread,
    /// Items without a vector count as dissimilar.
    FindsPartialItems,

    // Weights.
    /// Inner products, not divided by the sum of the weights' sizes.
    NotDivided,
    DividesByZero,
    AcceptsInfiniteWeights,
    /// Negative weights count as positive ones.
    DropsSigns,
    /// Negative weights are accepted without the ability.
    AcceptsNegativeWeights,

    // Filters.
    Ignores(FilterPart),
    IgnoresCountries,
    /// Filters by country are accepted without the ability.
    AcceptsCountries,
    IgnoresDateLine,
    /// "Ann" excludes "ann" too.
    IgnoresCase,
    /// The limit of near-duplicates is one bit too low.
    LowersLimit,
    /// Of several parts of a filter only the first counts.
    OneFilterPart,
    /// A filter is applied to the best results only, though declared exact.
    FiltersAfterwards,
    /// A filter declared over-fetched leaves nothing.
    GivesUp,
    /// A filter declared over-fetched is applied to half of the results that were asked for.
    FetchesTooFew,
    /// A part is declared immaterial, but records have what it is about.
    SaysImmaterial(FilterPart),

    // What is fetched by id.
    /// Ids are ranks.
    UnstableIds,
    /// Two items have one id.
    SharedIds,
    /// Vectors are in the order of the items, not of the ids.
    VectorsOutOfOrder,
    /// Unknown items have the vectors of the first item.
    VectorsOfUnknown,
    /// Unknown items are left out of the records.
    RecordsShort,
    /// Unknown items have the record of the first item.
    RecordsOfUnknown,
    RecordsWithoutAuthors,
    BytesOfAnother,
    BytesOfUnknown,
    NoBytes,
    UnreadableBytes,

    // Refusals.
    /// An unknown channel causes a panic.
    Panics,
    AcceptsUnknownChannels,
    /// Vectors of another length are compared as far as they go.
    AcceptsLengths,
    AcceptsNan,
    AcceptsMissingVectors,
    AcceptsNoChannels,
    /// Only the first query of a batch is checked.
    ChecksFirstQuery,
    /// The search after a refused one finds nothing.
    BreaksOnRefusal,
    /// Errors have no message.
    Silent,
}

pub(super) struct Memory {
    backend: Backend,
    /// What it says its channels are.
    channels: Vec<ChannelSpec>,
    /// How it says it filters.
    filtering: Filtering,
    items: Vec<SuiteItem>,
    fault: Fault,
    first_thread: OnceLock<ThreadId>,
    has_refused: AtomicBool,
}

impl Memory {
    pub(super) fn new(backend: &Backend, filtering: Filtering, items: &[SuiteItem], fault: Fault) -> Self {
        let mut channels = backend.channels.clone();
        match fault {
            Fault::DeclaresAnotherChannel => channels[0].channel = Channel::new("another"),
            Fault::DeclaresAnotherDimension => channels[0].dimension += 1,
            Fault::DeclaresFewerChannels => channels.truncate(1),
            _ => {}
        }
        Self {
            backend: backend.clone(),
            channels,
            filtering,
            items: items.to_vec(),
            fault,
            first_thread: OnceLock::new(),
            has_refused: AtomicBool::new(false),
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Whether a part of a filter excludes a photo; `None` if the filter does not have this part.
    fn excludes(&self, part: FilterPart, filter: &Filter, record: &PhotoRecord) -> Option<bool> {
        match part {
            _ if self.is(Fault::Ignores(part)) => None,
            FilterPart::Region => {
                let region = filter.region.as_ref()?;
                if self.is(Fault::IgnoresCountries) && matches!(region, geo::Region::Country(_)) {
                    return None;
                }
                let mut location = record.location;
                if self.is(Fault::IgnoresDateLine) && location.longitude() < -175.0 {
                    location = LatLon::new(location.latitude(), -170.0).unwrap();
                }
                Some(!region.contains(location, &record.place))
            }
            FilterPart::Authors => {
                let excluded = |author: &String| {
                    let same = |other: &String| {
                        other == author || self.is(Fault::IgnoresCase) && other.eq_ignore_ascii_case(author)
                    };
                    filter.exclude_authors.iter().any(same)
                };
                let active = !filter.exclude_authors.is_empty();
                active.then(|| record.attribution.author.as_ref().is_some_and(excluded))
            }
            FilterPart::Ids => {
                (!filter.exclude_ids.is_empty()).then(|| filter.exclude_ids.contains(&record.id))
            }
            FilterPart::NearDuplicates => {
                let near = filter.exclude_near?;
                let limit = PerceptualHash::NEAR_DUPLICATE_BITS - u32::from(self.is(Fault::LowersLimit));
                Some(record.hash.is_some_and(|hash| hash.distance(near) <= limit))
            }
        }
    }

    fn admits(&self, filter: &Filter, record: &PhotoRecord) -> bool {
        let active = FilterPart::ALL.into_iter().filter_map(|part| self.excludes(part, filter, record));
        let parts = if self.is(Fault::OneFilterPart) { 1 } else { FilterPart::ALL.len() };
        !active.take(parts).any(|excluded| excluded)
    }

    fn vector<'a>(&self, query: &'a QueryEmbedding, channel: &Channel) -> &'a [f32] {
        if self.is(Fault::UsesForeignChannels) {
            let ordinal = self.backend.channels.iter().position(|spec| spec.channel == *channel);
            return &query.vectors[ordinal.unwrap()].1;
        }
        query.get(channel).unwrap_or_default()
    }

    fn similarity(
        &self,
        channels: &[(Channel, f32)],
        query: &QueryEmbedding,
        item: &SuiteItem,
    ) -> Option<f32> {
        let mut sum = 0.0;
        for (channel, weight) in channels {
            let weight = if self.is(Fault::DropsSigns) { weight.abs() } else { *weight };
            let dot = |stored: &[f32]| -> f32 {
                self.vector(query, channel).iter().zip(stored).map(|(one, other)| one * other).sum()
            };
            match item.vectors.get(channel) {
                Some(stored) => sum += weight * dot(stored),
                None if self.is(Fault::FindsPartialItems) => sum -= weight,
                None => return None,
            }
        }
        let mut size: f32 = channels.iter().map(|(_, weight)| weight.abs()).sum();
        if self.is(Fault::NotDivided) || size == 0.0 && !self.is(Fault::DividesByZero) {
            size = 1.0;
        }
        Some(if self.is(Fault::HalvesSimilarities) { sum / size / 2.0 } else { sum / size })
    }

    /// The numbers and similarities of the items that one query finds.
    fn find(&self, request: &SearchRequest<'_>, number: usize) -> Vec<(usize, f32)> {
        let query = &request.queries[number];
        let behind = number > 0;
        let filter =
            if behind && self.is(Fault::BatchDiffers) { request.queries[0].filter } else { query.filter };
        if self.is(Fault::GivesUp) && *filter != Filter::default() {
            return Vec::new();
        }
        let top = match self.fault {
            Fault::OneMore => request.top.saturating_add(1),
            Fault::AtLeastOne => request.top.max(1),
            Fault::CapsTop => request.top.min(100),
            _ => request.top,
        };
        let fetched = match self.fault {
            Fault::FetchesTooFew => Some(top / 2),
            Fault::FiltersAfterwards => Some(top),
            _ if self.filtering == Filtering::OverFetched => Some(top.saturating_mul(2)),
            _ => None,
        };
        let mut found: Vec<(usize, f32)> = Vec::new();
        for (number, item) in self.items.iter().enumerate() {
            if fetched.is_some() || self.admits(filter, &item.record) {
                let similarity = self.similarity(request.channels, query.embedding, item);
                found.extend(similarity.map(|similarity| (number, similarity)));
            }
        }
        found.sort_by(|one, other| other.1.total_cmp(&one.1));
        if let Some(fetched) = fetched.filter(|_| *filter != Filter::default()) {
            found.truncate(fetched);
            found.retain(|(number, _)| self.admits(filter, &self.items[*number].record));
        }
        self.spoil(&mut found, behind);
        found.truncate(top);
        if self.is(Fault::Twice) && found.len() > 2 {
            found[1] = found[0];
        }
        if self.is(Fault::Unsorted) {
            found.reverse();
        }
        found
    }

    /// Changes a list before it is cut. `behind` is true for all queries of a batch but the first.
    fn spoil(&self, found: &mut Vec<(usize, f32)>, behind: bool) {
        match self.fault {
            Fault::Deduplicates => {
                found.dedup_by_key(|(number, _)| self.items[*number].vectors.clone());
            }
            Fault::Overlooks if found.len() > 100 => {
                found.drain(..2);
            }
            Fault::OverlooksOne => found.retain(|(number, _)| *number != 1),
            Fault::BatchIsCoarse if behind => {
                for (_, similarity) in found {
                    *similarity += 0.001;
                }
            }
            Fault::BatchSwapsItems if behind && found.len() > TOP => {
                let (one, other) = (found[TOP - 2], found[TOP]);
                if one.1 - other.1 < 0.01 {
                    found[TOP - 2].0 = other.0;
                    found[TOP].0 = one.0;
                }
            }
            _ => {}
        }
    }

    fn list(&self, request: &SearchRequest<'_>, number: usize) -> Vec<Neighbour> {
        let found = self.find(request, number);
        let id = |rank: usize, number: usize| match self.fault {
            Fault::UnstableIds => rank,
            Fault::SharedIds => number / 2,
            _ => number,
        };
        let neighbour = |(rank, &(number, similarity)): (usize, &(usize, f32))| Neighbour {
            item: ItemId(id(rank, number) as u64),
            location: self.items[number].record.location,
            similarity,
        };
        let mut list: Vec<Neighbour> = found.iter().enumerate().map(neighbour).collect();
        if self.is(Fault::FindsInNothing) && self.items.is_empty() {
            let location = LatLon::new(0.0, 0.0).unwrap();
            list.push(Neighbour { item: ItemId(0), location, similarity: 0.5 });
        }
        list
    }

    fn refuse(&self, text: &str) -> Result<(), Failure> {
        self.has_refused.store(true, Ordering::Relaxed);
        let message = if self.is(Fault::Silent) { String::new() } else { text.to_owned() };
        Err(Failure::new(ErrorKind::Usage, message))
    }

    fn check(&self, request: &SearchRequest<'_>) -> Result<(), Failure> {
        if request.channels.is_empty() && !self.is(Fault::AcceptsNoChannels) {
            return self.refuse("no channels");
        }
        if request.queries.is_empty() && self.is(Fault::RefusesNoQueries) {
            return self.refuse("no queries");
        }
        let checked = if self.is(Fault::ChecksFirstQuery) { 1 } else { request.queries.len() };
        for (channel, weight) in request.channels {
            let known = self.backend.channels.iter().find(|spec| spec.channel == *channel);
            assert!(known.is_some() || !self.is(Fault::Panics), "no channel `{channel}`");
            let Some(spec) = known else {
                if self.is(Fault::AcceptsUnknownChannels) {
                    continue;
                }
                return self.refuse("unknown channel");
            };
            if !weight.is_finite() && !self.is(Fault::AcceptsInfiniteWeights) {
                return self.refuse("a weight is not finite");
            }
            let may_be_negative =
                self.backend.can(Ability::NegativeWeights) || self.is(Fault::AcceptsNegativeWeights);
            if *weight < 0.0 && !may_be_negative {
                return self.refuse("a weight is negative");
            }
            for query in request.queries.iter().take(checked) {
                let Some(vector) = query.embedding.get(channel) else {
                    if self.is(Fault::AcceptsMissingVectors) {
                        continue;
                    }
                    return self.refuse("no vector");
                };
                if vector.len() != spec.dimension && !self.is(Fault::AcceptsLengths) {
                    return self.refuse("wrong length");
                }
                if !vector.iter().all(|value| value.is_finite()) && !self.is(Fault::AcceptsNan) {
                    return self.refuse("not finite");
                }
            }
        }
        let knows_countries = self.backend.can(Ability::Countries) || self.is(Fault::AcceptsCountries);
        let mut regions = request.queries.iter().filter_map(|query| query.filter.region.as_ref());
        if !knows_countries && regions.any(|region| matches!(region, geo::Region::Country(_))) {
            return self.refuse("no countries");
        }
        Ok(())
    }

    fn item(&self, item: ItemId) -> Option<&SuiteItem> {
        self.items.get(usize::try_from(item.0).ok()?)
    }

    /// An item or, with a fault, the first instead of one that is not there.
    fn item_or_first(&self, item: ItemId, fault: Fault) -> Option<&SuiteItem> {
        self.item(item).or_else(|| self.items.first().filter(|_| self.is(fault)))
    }
}

impl Search for Memory {
    fn encoder_fingerprint(&self) -> &str {
        if self.is(Fault::NamesNoEncoder) { "" } else { "memory" }
    }

    fn channels(&self) -> &[ChannelSpec] {
        &self.channels
    }

    fn holdings(&self) -> Holdings {
        let (count, name) = (self.items.len(), "memory".into());
        if self.is(Fault::HoldsCoordinates) {
            return Holdings { name, photos: 0, coordinates: count };
        }
        Holdings { name, photos: count, coordinates: 0 }
    }

    fn len(&self, channel: &Channel) -> usize {
        let known = self.backend.channels.iter().any(|spec| spec.channel == *channel);
        let counts_all = self.is(if known { Fault::CountsItems } else { Fault::CountsUnknownChannels });
        self.items.iter().filter(|item| counts_all || item.vectors.get(channel).is_some()).count()
    }

    fn filtering(&self, part: FilterPart) -> Filtering {
        if self.is(Fault::SaysImmaterial(part)) { Filtering::Immaterial } else { self.filtering }
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        self.check(request)?;
        let current = std::thread::current().id();
        let is_foreign = *self.first_thread.get_or_init(|| current) != current;
        let is_broken = self.has_refused.swap(false, Ordering::Relaxed);
        if is_foreign && self.is(Fault::BelongsToOneThread) || is_broken && self.is(Fault::BreaksOnRefusal) {
            return Ok(vec![Vec::new(); request.queries.len()]);
        }
        Ok((0..request.queries.len()).map(|number| self.list(request, number)).collect())
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        if !self.backend.can(Ability::Vectors) {
            return Ok(vec![QueryEmbedding::default(); items.len()]);
        }
        let mut items = items.to_vec();
        if self.is(Fault::VectorsOutOfOrder) {
            items.sort();
        }
        let stored = |item| self.item_or_first(item, Fault::VectorsOfUnknown);
        Ok(items
            .into_iter()
            .map(|item| stored(item).map(|item| item.vectors.clone()).unwrap_or_default())
            .collect())
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        let stored = |item: &ItemId| self.item_or_first(*item, Fault::RecordsOfUnknown);
        let records = items.iter().map(|item| {
            let mut record = stored(item)?.record.clone();
            if self.is(Fault::RecordsWithoutAuthors) {
                record.attribution.author = None;
            }
            Some(record)
        });
        Ok(records.filter(|record| record.is_some() || !self.is(Fault::RecordsShort)).collect())
    }

    fn photo_bytes(&self, photo: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        if self.is(Fault::UnreadableBytes) {
            return Err(Failure::new(ErrorKind::BrokenGallery, "the disk is gone"));
        }
        if self.is(Fault::NoBytes) || !self.backend.can(Ability::PhotoBytes) {
            return Ok(None);
        }
        let number = self.items.iter().position(|item| item.record.id == *photo);
        let number = number.or(self.is(Fault::BytesOfUnknown).then_some(0));
        let number = number.map(|number| number + usize::from(self.is(Fault::BytesOfAnother)));
        Ok(number.and_then(|number| self.items.get(number)).map(|item| item.bytes.clone()))
    }

    fn coverage(&self) -> String {
        if self.is(Fault::SaysNoCoverage) { String::new() } else { "what the suite gave".into() }
    }
}
