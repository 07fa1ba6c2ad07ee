//! A test suite that every [`Search`] backend passes (cargo feature `search-suite`).
//!
//! # What it does
//! A backend's tests say what the backend is with [`Backend`], and give [`run`] a function that fills it with items. The
//! suite fills it several times (with nothing, with several hundred items, and with items that lack some vectors where the
//! backend holds such), searches it, and compares the answers with its own, computed in f64 over all items. The data are
//! the same in every run.
//!
//! ```
//! use contract::search_suite::{Ability, Backend, Exactness, SuiteItem, run};
//! use contract::{Channel, ChannelSpec, Search};
//!
//! /// `fill` makes a new backend that holds the given items.
//! fn passes_the_suite(fill: impl FnMut(&[SuiteItem]) -> Box<dyn Search>) {
//!     let channels = vec![ChannelSpec { channel: Channel::photo(), dimension: 32 }];
//!     let backend = Backend::photos(channels)
//!         .without(Ability::PartialItems)
//!         .approximate(Exactness { similarity_tolerance: 0.01, least_recall: 0.95 });
//!     run(&backend, fill);
//! }
//! ```
//!
//! # Alternatives considered
//! Tests in each backend: they drift apart, and a new backend starts without any. Property tests: a remote engine is filled
//! too slowly for hundreds of cases.

mod counts;
mod filters;
mod fixture;
mod items;
mod lists;
mod refusals;
mod subject;
#[cfg(test)]
mod tests;
mod weights;

use crate::{Channel, ChannelSpec, PhotoRecord, QueryEmbedding, Search, catch_panic};

use fixture::Fixture;
use subject::{Check, Subject};

/// An item that the backend must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct SuiteItem {
    /// Id, location, place, author and hash. Locations lie at least 100 m apart. A backend of bare coordinates keeps only
    /// the location and the country.
    pub record: PhotoRecord,
    /// Stands for the bytes of the photo's file, which a backend stores if it has [`Ability::PhotoBytes`].
    pub bytes: Vec<u8>,
    /// A unit vector, `[dimension]`, in each channel of the backend; in only some of them if the backend has
    /// [`Ability::PartialItems`].
    pub vectors: QueryEmbedding,
}

/// What the items of a backend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Photos, with a record each.
    Photos,
    /// Bare coordinates, without records.
    Coordinates,
}

/// What some backends can do and others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// [`Search::vectors`] returns stored vectors. Without it, embeddings are empty.
    Vectors,
    /// [`Search::photo_bytes`] returns the stored bytes. Without it, bytes may be absent or unreadable.
    PhotoBytes,
    /// Items may lack vectors in some of the channels.
    PartialItems,
    /// Items know their country. Without it, a filter by country is refused.
    Countries,
    /// Weights may be negative. Without it, they are refused.
    NegativeWeights,
}

/// How close a backend's answers are to those of an exact search in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exactness {
    /// The largest error of a similarity, and of a number of a stored vector. Two answers to the same query agree within
    /// 1e-6 all the same.
    pub similarity_tolerance: f64,
    /// The least share of the true neighbours that is found, 0 to 1, over all queries of a check. With a filter that is
    /// [`OverFetched`](crate::Filtering::OverFetched), the true neighbours are those of the unfiltered list that it admits.
    pub least_recall: f64,
}

impl Exactness {
    /// Exact search over vectors stored in f32.
    pub const EXACT: Self = Self { similarity_tolerance: 1e-5, least_recall: 1.0 };
}

/// What a backend declares to the suite. How it filters is asked of [`Search::filtering`].
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// What its items are.
    pub items: ItemKind,
    /// The channels to fill, at least one, with at least 4 dimensions each. Several channels test fused search too.
    pub channels: Vec<ChannelSpec>,
    /// How exact it is.
    pub exactness: Exactness,
    /// What it can do.
    pub abilities: Vec<Ability>,
}

impl Backend {
    /// An exact backend of photos with all abilities.
    pub fn photos(channels: Vec<ChannelSpec>) -> Self {
        let abilities = vec![
            Ability::Vectors,
            Ability::PhotoBytes,
            Ability::PartialItems,
            Ability::Countries,
            Ability::NegativeWeights,
        ];
        Self { items: ItemKind::Photos, channels, exactness: Exactness::EXACT, abilities }
    }

    /// An exact backend of bare coordinates with vectors of length `dimension` in the channel [`Channel::location`].
    pub fn coordinates(dimension: usize) -> Self {
        let channels = vec![ChannelSpec { channel: Channel::location(), dimension }];
        Self { items: ItemKind::Coordinates, ..Self::photos(channels) }
            .without(Ability::PartialItems)
            .without(Ability::PhotoBytes)
    }

    /// The same without an ability.
    #[must_use]
    pub fn without(mut self, ability: Ability) -> Self {
        self.abilities.retain(|other| *other != ability);
        self
    }

    /// The same with another exactness.
    #[must_use]
    pub const fn approximate(mut self, exactness: Exactness) -> Self {
        self.exactness = exactness;
        self
    }

    fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }
}

/// A filled backend that knows its queries in advance, for [`run_with_known_queries`].
pub struct KnownQueries {
    /// The backend.
    pub search: Box<dyn Search>,
    /// The embeddings that stand for the suite's queries, in their order.
    pub embeddings: Vec<QueryEmbedding>,
}

/// Runs all checks. `build` returns a new backend that holds the given items and nothing else.
///
/// # Panics
/// If a check fails. The message names every failed check and says what it found.
pub fn run(backend: &Backend, mut build: impl FnMut(&[SuiteItem]) -> Box<dyn Search>) {
    run_with_known_queries(backend, |items, queries| KnownQueries {
        search: build(items),
        embeddings: queries.to_vec(),
    });
}

/// As [`run`], for a backend that looks its answers up by query. `build` also receives the vectors of all queries that will
/// be asked, and returns the embeddings to ask them with. These may have another dimension than the items' vectors.
///
/// # Panics
/// As [`run`].
pub fn run_with_known_queries(
    backend: &Backend,
    mut build: impl FnMut(&[SuiteItem], &[QueryEmbedding]) -> KnownQueries,
) {
    let fixture = Fixture::new(&backend.channels);
    let mut failures = Vec::new();
    let mut on = |items: &[SuiteItem], checks: &[(&str, Check)]| {
        let KnownQueries { search, embeddings } = build(items, &fixture.queries);
        assert_eq!(embeddings.len(), fixture.queries.len(), "`build` must return one embedding per query");
        let subject = Subject::new(backend, search.as_ref(), items, &fixture.queries, &embeddings);
        for (name, check) in checks {
            let verdict = catch_panic(|| check(&subject));
            match verdict {
                Ok(Ok(())) => {}
                Ok(Err(why)) => failures.push(format!("{name}: {why}")),
                Err(message) => failures.push(format!("{name}: panicked: {message}")),
            }
        }
    };
    on(&[], WITHOUT_ITEMS);
    on(&fixture.items, WITH_ITEMS);
    if backend.can(Ability::PartialItems) && backend.channels.len() > 1 {
        on(&fixture.partial_items(), WITH_PARTIAL_ITEMS);
        on(&fixture.items_of_one_channel(), WITH_AN_EMPTY_CHANNEL);
    }
    assert!(
        failures.is_empty(),
        "failed checks of the search suite: {}\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Pairs each check with its name.
macro_rules! named {
    ($($module:ident::$check:ident),* $(,)?) => {
        &[$((stringify!($check), $module::$check as Check)),*]
    };
}

const WITHOUT_ITEMS: &[(&str, Check)] = named![
    counts::counts_agree,
    lists::an_empty_backend_gives_empty_lists,
    items::unknown_items_have_neither_vectors_nor_records,
];

const WITH_ITEMS: &[(&str, Check)] = named![
    counts::channels_are_those_declared,
    counts::counts_agree,
    lists::lists_are_sorted_and_hold_no_item_twice,
    lists::similarities_are_cosines,
    lists::true_neighbours_are_found,
    lists::items_with_equal_vectors_are_all_found,
    lists::a_batch_equals_single_searches,
    lists::top_limits_the_lists,
    lists::no_queries_give_no_lists,
    lists::other_channels_of_a_query_are_ignored,
    lists::threads_share_a_backend,
    weights::fused_similarities_are_weighted_means,
    weights::the_size_of_a_single_weight_has_no_effect,
    weights::a_negative_weight_reverses_the_list_or_is_refused,
    weights::a_weight_of_zero_gives_finite_similarities_or_is_refused,
    weights::weights_that_are_not_finite_are_refused,
    filters::region_filters_admit_only_their_region,
    filters::region_filters_cross_the_date_line,
    filters::country_filters_admit_only_their_country_or_are_refused,
    filters::author_filters_exclude_exact_names,
    filters::id_filters_exclude_their_photos,
    filters::near_duplicate_filters_exclude_up_to_the_limit,
    filters::filters_combine,
    filters::immaterial_parts_are_absent_from_the_records,
    items::ids_are_stable_between_searches,
    items::vectors_come_back_in_order,
    items::records_come_back_in_order,
    items::unknown_items_have_neither_vectors_nor_records,
    items::photo_bytes_are_those_stored,
    refusals::an_unknown_channel_is_refused,
    refusals::a_vector_of_another_length_is_refused,
    refusals::numbers_that_are_not_finite_are_refused,
    refusals::a_query_without_the_channel_is_refused,
    refusals::a_search_without_channels_is_refused,
];

const WITH_PARTIAL_ITEMS: &[(&str, Check)] = named![
    counts::counts_agree,
    lists::items_without_a_vector_are_not_found,
    items::vectors_come_back_in_order,
    items::records_come_back_in_order,
];

const WITH_AN_EMPTY_CHANNEL: &[(&str, Check)] =
    named![counts::counts_agree, lists::items_without_a_vector_are_not_found];
