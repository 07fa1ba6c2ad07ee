//! The suite accepts a correct backend and rejects wrong ones.

use super::*;
use crate::{
    ErrorKind, Failure, Filter, FilterPart, Filtering, Holdings, ItemId, Neighbour, PhotoId, SearchRequest,
};

/// What a backend in memory does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// Lists are in reverse order.
    Unsorted,
    /// One more result than was asked for.
    OneMore,
    /// The best result comes twice.
    Twice,
    /// Inner products, not divided by the sum of the weights' sizes.
    NotDivided,
    /// The nearest items are overlooked.
    Overlooks,
    /// Queries of a batch behind the first get its filter.
    BatchDiffers,
    IgnoresAuthors,
    IgnoresDateLine,
    /// A filter is applied to the best results only, though declared exact.
    FiltersAfterwards,
    /// Authors are declared immaterial, but records have them.
    SaysImmaterial,
    /// Items without a vector count as dissimilar.
    FindsPartialItems,
    /// Vectors of another length are compared as far as they go.
    AcceptsLengths,
    AcceptsNan,
    /// An unknown channel causes a panic.
    Panics,
    /// Vectors are in the order of the items, not of the ids.
    VectorsOutOfOrder,
    /// Unknown items are left out of the records.
    RecordsShort,
    /// All channels count all items.
    CountsItems,
    /// Ids are ranks.
    UnstableIds,
    /// Errors have no message.
    Silent,
}

struct Memory {
    channels: Vec<ChannelSpec>,
    items: Vec<SuiteItem>,
    fault: Fault,
}

impl Memory {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn admits(&self, filter: &Filter, record: &PhotoRecord) -> bool {
        let mut location = record.location;
        if self.is(Fault::IgnoresDateLine) && location.longitude() < -175.0 {
            location = geo::LatLon::new(location.latitude(), -170.0).unwrap();
        }
        let author = record.attribution.author.as_ref();
        filter.region.as_ref().is_none_or(|region| region.contains(location, &record.place))
            && (self.is(Fault::IgnoresAuthors)
                || !author.is_some_and(|author| filter.exclude_authors.contains(author)))
            && !filter.exclude_ids.contains(&record.id)
            && !filter.exclude_near.is_some_and(|near| record.hash.is_some_and(|hash| hash.is_near(near)))
    }

    fn similarity(
        &self,
        channels: &[(Channel, f32)],
        query: &QueryEmbedding,
        item: &SuiteItem,
    ) -> Option<f32> {
        let mut sum = 0.0;
        for (channel, weight) in channels {
            let dot = |stored: &[f32]| -> f32 {
                query.get(channel).unwrap().iter().zip(stored).map(|(one, other)| one * other).sum()
            };
            match item.vectors.get(channel) {
                Some(stored) => sum += weight * dot(stored),
                None if self.is(Fault::FindsPartialItems) => sum -= weight,
                None => return None,
            }
        }
        let size: f32 = channels.iter().map(|(_, weight)| weight.abs()).sum();
        Some(if size > 0.0 && !self.is(Fault::NotDivided) { sum / size } else { sum })
    }

    fn list(&self, request: &SearchRequest<'_>, number: usize) -> Vec<Neighbour> {
        let query = &request.queries[number];
        let filter = if self.is(Fault::BatchDiffers) { request.queries[0].filter } else { query.filter };
        let mut found: Vec<(usize, f32)> = Vec::new();
        for (number, item) in self.items.iter().enumerate() {
            if !self.is(Fault::FiltersAfterwards) && !self.admits(filter, &item.record) {
                continue;
            }
            found.extend(
                self.similarity(request.channels, query.embedding, item)
                    .map(|similarity| (number, similarity)),
            );
        }
        found.sort_by(|one, other| other.1.total_cmp(&one.1));
        if self.is(Fault::Overlooks) && found.len() > 100 {
            found.drain(..2);
        }
        let more = usize::from(self.is(Fault::OneMore));
        found.truncate(request.top.saturating_add(more));
        if self.is(Fault::FiltersAfterwards) {
            found.retain(|(number, _)| self.admits(filter, &self.items[*number].record));
        }
        if self.is(Fault::Twice) && found.len() > 2 {
            found[1] = found[0];
        }
        if self.is(Fault::Unsorted) {
            found.reverse();
        }
        let id = |rank: usize, number: usize| if self.is(Fault::UnstableIds) { rank } else { number };
        let neighbour = |(rank, &(number, similarity)): (usize, &(usize, f32))| Neighbour {
            item: ItemId(id(rank, number) as u64),
            location: self.items[number].record.location,
            similarity,
        };
        found.iter().enumerate().map(neighbour).collect()
    }

    fn check(&self, request: &SearchRequest<'_>) -> Result<(), Failure> {
        let message = |text: &str| if self.is(Fault::Silent) { String::new() } else { text.to_owned() };
        let refuse = |text: &str| Err(Failure::new(ErrorKind::Usage, message(text)));
        if request.channels.is_empty() {
            return refuse("no channels");
        }
        for (channel, weight) in request.channels {
            let known = self.channels.iter().find(|spec| spec.channel == *channel);
            assert!(known.is_some() || !self.is(Fault::Panics), "no channel `{channel}`");
            let Some(spec) = known else { return refuse("unknown channel") };
            if !weight.is_finite() {
                return refuse("a weight is not finite");
            }
            for query in &request.queries {
                let Some(vector) = query.embedding.get(channel) else { return refuse("no vector") };
                if vector.len() != spec.dimension && !self.is(Fault::AcceptsLengths) {
                    return refuse("wrong length");
                }
                if !vector.iter().all(|value| value.is_finite()) && !self.is(Fault::AcceptsNan) {
                    return refuse("not finite");
                }
            }
        }
        Ok(())
    }

    fn item(&self, item: ItemId) -> Option<&SuiteItem> {
        self.items.get(usize::try_from(item.0).ok()?)
    }
}

impl Search for Memory {
    fn encoder_fingerprint(&self) -> &'static str {
        "memory"
    }

    fn channels(&self) -> &[ChannelSpec] {
        &self.channels
    }

    fn holdings(&self) -> Holdings {
        Holdings { name: "memory".into(), photos: self.items.len(), coordinates: 0 }
    }

    fn len(&self, channel: &Channel) -> usize {
        let counted = |item: &&SuiteItem| self.is(Fault::CountsItems) || item.vectors.get(channel).is_some();
        self.items.iter().filter(counted).count()
    }

    fn filtering(&self, part: FilterPart) -> Filtering {
        if self.is(Fault::SaysImmaterial) && part == FilterPart::Authors {
            return Filtering::Immaterial;
        }
        Filtering::Exact
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        self.check(request)?;
        Ok((0..request.queries.len()).map(|number| self.list(request, number)).collect())
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        let mut items = items.to_vec();
        if self.is(Fault::VectorsOutOfOrder) {
            items.sort();
        }
        let vectors = |item| self.item(item).map(|item| item.vectors.clone()).unwrap_or_default();
        Ok(items.into_iter().map(vectors).collect())
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        let records = items.iter().map(|item| self.item(*item).map(|item| item.record.clone()));
        Ok(records.filter(|record| record.is_some() || !self.is(Fault::RecordsShort)).collect())
    }

    fn photo_bytes(&self, photo: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.items.iter().find(|item| item.record.id == *photo).map(|item| item.bytes.clone()))
    }

    fn coverage(&self) -> String {
        "what the suite gave".into()
    }
}

fn run_with(fault: Fault) {
    let channels = [(Channel::photo(), 16), (Channel::location(), 9), (Channel::new("text"), 12)]
        .map(|(channel, dimension)| ChannelSpec { channel, dimension });
    let backend = Backend::photos(channels.to_vec());
    run(&backend, |items| Box::new(Memory { channels: channels.to_vec(), items: items.to_vec(), fault }));
}

#[test]
fn a_correct_backend_passes() {
    run_with(Fault::None);
}

/// A fault, and the check that must name it.
macro_rules! rejected {
    ($($test:ident: $fault:ident => $check:literal;)*) => {
        $(
            #[test]
            #[should_panic(expected = $check)]
            fn $test() {
                run_with(Fault::$fault);
            }
        )*
    };
}

rejected! {
    unsorted_lists: Unsorted => "lists_are_sorted_and_hold_no_item_twice: query 0";
    more_than_top: OneMore => "results for top 10";
    an_item_twice: Twice => "an item is in the list twice";
    sums_not_divided_by_the_weights: NotDivided => "fused_similarities_are_weighted_means: query 0";
    overlooked_neighbours: Overlooks => "true neighbours found, a share of 1 is needed";
    batches_that_differ: BatchDiffers => "a_batch_equals_single_searches: query";
    ignored_authors: IgnoresAuthors => "author_filters_exclude_exact_names: query";
    a_date_line_that_is_an_edge: IgnoresDateLine => "region_filters_cross_the_date_line: ";
    filters_that_leave_too_few: FiltersAfterwards => "region_filters_admit_only_their_region: query";
    authors_declared_immaterial: SaysImmaterial => "has an author, but authors are immaterial";
    items_without_vectors: FindsPartialItems => "but lacks a vector in one of the channels";
    short_vectors: AcceptsLengths => "a vector that is too short in `photo` of [photo=1] is accepted";
    vectors_that_are_not_finite: AcceptsNan => "numbers_that_are_not_finite_are_refused: a vector with NaN";
    panics: Panics => "an_unknown_channel_is_refused: panicked: no channel `unheard-of`";
    vectors_out_of_order: VectorsOutOfOrder => "vectors_come_back_in_order: ";
    missing_records: RecordsShort => "records_come_back_in_order: ";
    wrong_counts: CountsItems => "counts_agree: an unknown channel has items";
    unstable_ids: UnstableIds => "ids_are_stable_between_searches: ";
    errors_without_a_message: Silent => "is refused without a message";
}

#[test]
#[should_panic(expected = "instead of")]
fn vectors_beyond_the_tolerance() {
    /// Keeps one digit of each number.
    fn rounded(items: &[SuiteItem]) -> Vec<SuiteItem> {
        let mut items = items.to_vec();
        let vectors = items.iter_mut().flat_map(|item| &mut item.vectors.vectors);
        vectors.flat_map(|(_, vector)| vector).for_each(|value| *value = (*value * 10.0).round() / 10.0);
        items
    }
    let channels = vec![ChannelSpec { channel: Channel::photo(), dimension: 16 }];
    let exactness = Exactness { similarity_tolerance: 0.01, least_recall: 0.0 };
    run(&Backend::photos(channels.clone()).approximate(exactness), |items| {
        Box::new(Memory { channels: channels.clone(), items: rounded(items), fault: Fault::None })
    });
}

/// Filters after the search, of twice as many results as were asked for, and refuses negative weights.
struct OverFetching(Memory);

impl Search for OverFetching {
    fn encoder_fingerprint(&self) -> &str {
        self.0.encoder_fingerprint()
    }

    fn channels(&self) -> &[ChannelSpec] {
        self.0.channels()
    }

    fn holdings(&self) -> Holdings {
        self.0.holdings()
    }

    fn len(&self, channel: &Channel) -> usize {
        self.0.len(channel)
    }

    fn filtering(&self, _: FilterPart) -> Filtering {
        Filtering::OverFetched
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        if request.channels.iter().any(|(_, weight)| *weight < 0.0) {
            return Err(Failure::new(ErrorKind::Usage, "a weight is negative"));
        }
        let more = SearchRequest { top: request.top.saturating_mul(2), ..request.clone() };
        let mut lists = self.0.search(&more)?;
        for list in &mut lists {
            list.truncate(request.top);
        }
        Ok(lists)
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        self.0.vectors(items)
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        self.0.records(items)
    }

    fn photo_bytes(&self, photo: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        self.0.photo_bytes(photo)
    }

    fn coverage(&self) -> String {
        self.0.coverage()
    }
}

#[test]
fn a_backend_that_over_fetches_passes_if_it_says_so() {
    let channels = vec![ChannelSpec { channel: Channel::photo(), dimension: 16 }];
    let backend = Backend::photos(channels.clone()).without(Ability::NegativeWeights);
    run(&backend, |items| {
        let (channels, items) = (channels.clone(), items.to_vec());
        Box::new(OverFetching(Memory { channels, items, fault: Fault::FiltersAfterwards }))
    });
}
