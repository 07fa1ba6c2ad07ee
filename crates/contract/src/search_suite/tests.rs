//! The suite accepts correct backends and rejects wrong ones.

mod memory;

use super::*;
use crate::{FilterPart, Filtering};

use memory::{Fault, Memory};

const APPROXIMATE: Exactness = Exactness { similarity_tolerance: 0.01, least_recall: 0.95 };

/// Photos in up to three channels, exact and with all abilities.
fn photos(channels: usize) -> Backend {
    let all = [(Channel::photo(), 16), (Channel::location(), 9), (Channel::new("text"), 12)];
    let all = all.map(|(channel, dimension)| ChannelSpec { channel, dimension });
    Backend::photos(all[..channels].to_vec())
}

fn run_as(backend: &Backend, filtering: Filtering, fault: Fault) {
    run(backend, |items| Box::new(Memory::new(backend, filtering, items, fault)));
}

/// Some faults are wrong only of backends with another declaration.
fn run_with(fault: Fault) {
    let photos = photos(2);
    match fault {
        Fault::AcceptsNegativeWeights => {
            run_as(&photos.without(Ability::NegativeWeights), Filtering::Exact, fault);
        }
        Fault::AcceptsCountries => run_as(&photos.without(Ability::Countries), Filtering::Exact, fault),
        Fault::BatchIsCoarse | Fault::BatchSwapsItems | Fault::Deduplicates => {
            run_as(&photos.approximate(APPROXIMATE), Filtering::Exact, fault);
        }
        Fault::GivesUp | Fault::FetchesTooFew => run_as(&photos, Filtering::OverFetched, fault),
        _ => run_as(&photos, Filtering::Exact, fault),
    }
}

#[test]
fn a_correct_backend_passes() {
    for channels in 1..=3 {
        run_as(&photos(channels), Filtering::Exact, Fault::None);
    }
}

#[test]
fn a_backend_that_over_fetches_passes_if_it_says_so() {
    run_as(&photos(3), Filtering::OverFetched, Fault::None);
}

#[test]
fn a_backend_without_abilities_passes_if_it_says_so() {
    let abilities = [
        Ability::Vectors,
        Ability::PhotoBytes,
        Ability::PartialItems,
        Ability::Countries,
        Ability::NegativeWeights,
    ];
    run_as(&abilities.into_iter().fold(photos(3), Backend::without), Filtering::Exact, Fault::None);
}

#[test]
fn a_backend_without_photo_bytes_may_fail_to_read_them() {
    run_as(&photos(3).without(Ability::PhotoBytes), Filtering::Exact, Fault::UnreadableBytes);
}

#[test]
fn an_approximate_backend_may_overlook_one_of_two_equal_items() {
    run_as(&photos(3).approximate(APPROXIMATE), Filtering::Exact, Fault::OverlooksOne);
}

/// A fault, and what the suite must say of it: in most cases the check and the start of its message.
macro_rules! rejected {
    ($($test:ident: $fault:ident $(($part:ident))? => $message:literal;)*) => {
        $(
            #[test]
            #[should_panic(expected = $message)]
            fn $test() {
                run_with(Fault::$fault $((FilterPart::$part))?);
            }
        )*
    };
}

// What a backend says of itself.
rejected! {
    another_channel: DeclaresAnotherChannel => "channels_are_those_declared: channel `photo` is missing";
    another_dimension: DeclaresAnotherDimension => "channels_are_those_declared: `photo` has dimension 17";
    fewer_channels: DeclaresFewerChannels => "channels_are_those_declared: 1 channels, 2 declared";
    an_encoder_without_a_name: NamesNoEncoder => "channels_are_those_declared: the encoder's fingerprint is";
    coverage_without_words: SaysNoCoverage => "channels_are_those_declared: the coverage is empty";
    photos_held_as_coordinates: HoldsCoordinates => "counts_agree: (0, 600) photos and coordinates are held";
    wrong_counts: CountsItems => "counts_agree: `photo` has length 600, not 400";
    counts_of_unknown_channels: CountsUnknownChannels => "counts_agree: an unknown channel has items";
}

// Lists.
rejected! {
    results_of_nothing: FindsInNothing => "an_empty_backend_gives_empty_lists: no stored item lies at";
    unsorted_lists: Unsorted => "lists_are_sorted_and_hold_no_item_twice: query 0";
    more_than_top: OneMore => "results for top 10";
    results_for_top_0: AtLeastOne => "top_limits_the_lists: [photo=1]: results for top 0";
    fewer_than_top: CapsTop => ": 100 results, 600 to 600 expected";
    an_item_twice: Twice => "an item is in the list twice";
    equal_items_found_once: Deduplicates => "items_with_equal_vectors_are_all_found: [photo=1]: ";
    overlooked_neighbours: Overlooks => "true neighbours found, a share of 1 is needed";
    overlooked_equal_items: OverlooksOne => "items_with_equal_vectors_are_all_found: [photo=1]: 11 of 12";
    halved_similarities: HalvesSimilarities => "similarities_are_cosines: query 0";
    batches_that_differ: BatchDiffers => "a_batch_equals_single_searches: query";
    batches_that_are_coarser: BatchIsCoarse => "in a batch and alone: at rank 0, similarities are";
    batches_that_find_other_items: BatchSwapsItems => "is in one of two lists only";
    batches_of_no_queries: RefusesNoQueries => "no_queries_give_no_lists: the search of";
    foreign_channels: UsesForeignChannels => "other_channels_of_a_query_are_ignored: query 0";
    one_thread_only: BelongsToOneThread => "threads_share_a_backend: thread";
    items_without_vectors: FindsPartialItems => "but lacks a vector in one of the channels";
}

// Weights.
rejected! {
    sums_not_divided_by_the_weights: NotDivided => "fused_similarities_are_weighted_means: query 0";
    a_single_weight_that_counts: NotDivided => "the_size_of_a_single_weight_has_no_effect: query 0";
    a_division_by_zero: DividesByZero => "a_weight_of_zero_gives_finite_similarities_or_is_refused: ";
    weights_that_are_not_finite: AcceptsInfiniteWeights => "a weight of NaN in [photo=NaN] is accepted";
    weights_without_a_sign: DropsSigns => "a_negative_weight_reverses_the_list_or_is_refused: query 0";
    negative_weights: AcceptsNegativeWeights => "the weight -1 in [photo=-1] is accepted";
}

// Filters.
rejected! {
    ignored_regions: Ignores(Region) => "region_filters_admit_only_their_region: query 0";
    ignored_authors: Ignores(Authors) => "author_filters_exclude_exact_names: query";
    ignored_ids: Ignores(Ids) => "id_filters_exclude_their_photos: query";
    ignored_near_duplicates: Ignores(NearDuplicates) => "near_duplicate_filters_exclude_up_to_the_limit: query";
    ignored_countries: IgnoresCountries => "country_filters_admit_only_their_country_or_are_refused: query";
    countries_without_the_ability: AcceptsCountries => "which the items do not know, is accepted";
    a_date_line_that_is_an_edge: IgnoresDateLine => "region_filters_cross_the_date_line: ";
    authors_of_either_case: IgnoresCase => "author_filters_exclude_exact_names: ";
    a_lower_limit: LowersLimit => "near_duplicate_filters_exclude_up_to_the_limit: query";
    one_part_of_a_filter: OneFilterPart => "filters_combine: query";
    filters_that_leave_too_few: FiltersAfterwards => "region_filters_admit_only_their_region: query";
    over_fetching_that_gives_up: GivesUp => "author_filters_exclude_exact_names: [photo=1] with";
    over_fetching_of_too_few: FetchesTooFew => "author_filters_exclude_exact_names: [photo=1] with";
    regions_declared_immaterial: SaysImmaterial(Region) => "all items have a location, but regions are";
    authors_declared_immaterial: SaysImmaterial(Authors) => "has an author, but authors are immaterial";
    ids_declared_immaterial: SaysImmaterial(Ids) => "has an id, but ids are immaterial";
    hashes_declared_immaterial: SaysImmaterial(NearDuplicates) => "but near-duplicates are immaterial";
}

// What is fetched by id.
rejected! {
    unstable_ids: UnstableIds => "ids_are_stable_between_searches: ";
    shared_ids: SharedIds => "ids_are_stable_between_searches: ";
    vectors_out_of_order: VectorsOutOfOrder => "vectors_come_back_in_order: ";
    vectors_of_unknown_items: VectorsOfUnknown => ": unknown items have vectors";
    missing_records: RecordsShort => "records_come_back_in_order: ";
    records_of_unknown_items: RecordsOfUnknown => ": unknown items have records";
    records_without_authors: RecordsWithoutAuthors => "has the author None";
    bytes_of_another_photo: BytesOfAnother => "`photos/0000.jpg` has other bytes than those stored";
    bytes_of_an_unknown_photo: BytesOfUnknown => "the unknown photo `missing.jpg` has bytes";
    no_bytes: NoBytes => "photo_bytes_are_those_stored: `photos/0000.jpg` has no bytes";
    unreadable_bytes: UnreadableBytes => "the bytes of `photos/0000.jpg` cannot be read: the disk is gone";
}

// Refusals.
rejected! {
    panics: Panics => "an_unknown_channel_is_refused: panicked: no channel `unheard-of`";
    unknown_channels: AcceptsUnknownChannels => "an unknown channel in [unheard-of=1] is accepted";
    short_vectors: AcceptsLengths => "a vector that is too short in `photo` of [photo=1] is accepted";
    vectors_that_are_not_finite: AcceptsNan => "numbers_that_are_not_finite_are_refused: a vector with NaN";
    missing_vectors: AcceptsMissingVectors => "in the last channel of [photo=1] is accepted";
    no_channels: AcceptsNoChannels => "a search without channels is accepted";
    batches_half_checked: ChecksFirstQuery => "of [photo=1] in a batch is accepted";
    refusals_that_break: BreaksOnRefusal => "before and after an unknown channel in [unheard-of=1]: ";
    errors_without_a_message: Silent => "is refused without a message";
}

#[test]
#[should_panic(expected = "failed checks of the search suite: 1\nphoto_bytes_are_those_stored: ")]
fn a_single_failed_check() {
    run_with(Fault::NoBytes);
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
    let backend = photos(1).approximate(Exactness { similarity_tolerance: 0.01, least_recall: 0.0 });
    run(&backend, |items| Box::new(Memory::new(&backend, Filtering::Exact, &rounded(items), Fault::None)));
}
