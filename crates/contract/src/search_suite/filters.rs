//! Checks of filters.

use geo::{LatLon, Region};

use super::Ability;
use super::fixture::{AUTHORS, HASH};
use super::subject::{Subject, TOP, Verdict, ensure, refused};
use crate::{Filter, FilterPart, Filtering, PhotoId, Query};

/// Crosses the date line: a tenth of the items lie here, on both sides of it.
const FIJI: Region = Region::BoundingBox { south: -20.0, west: 177.0, north: -15.0, east: -178.0 };
const TROPICS: Region = Region::BoundingBox { south: -40.0, west: -60.0, north: 40.0, east: 60.0 };

fn circle(latitude: f64, longitude: f64, radius_km: f64) -> Region {
    let centre = LatLon::new(latitude, longitude).unwrap_or_else(|error| panic!("{error}"));
    Region::Circle { centre, radius_km }
}

fn in_region(region: Region) -> Filter {
    Filter { region: Some(region), ..Filter::default() }
}

fn without_authors(authors: &[&str]) -> Filter {
    Filter { exclude_authors: authors.iter().map(|&author| author.to_owned()).collect(), ..Filter::default() }
}

/// Excludes the photos most similar to a query.
fn without_best(subject: &Subject<'_>, query: usize, count: usize) -> Filter {
    let best = subject.expected(&subject.first_channel(), query, &Filter::default());
    let ids = best.into_iter().take(count).map(|(number, _)| subject.items[number].record.id.clone());
    Filter { exclude_ids: ids.collect(), ..Filter::default() }
}

/// One filter of each part, and one of all parts, for checks that are not about filters.
pub(super) fn some_filters(subject: &Subject<'_>) -> Vec<Filter> {
    let ids = without_best(subject, 1, 3).exclude_ids;
    vec![
        in_region(TROPICS),
        without_authors(&AUTHORS[..2]),
        Filter { exclude_ids: ids.clone(), ..Filter::default() },
        Filter { exclude_near: Some(HASH), ..Filter::default() },
        Filter {
            region: Some(TROPICS),
            exclude_authors: vec![AUTHORS[0].to_owned()],
            exclude_ids: ids,
            exclude_near: Some(HASH),
        },
    ]
}

/// Compares in all channels, alone and together.
fn compare(subject: &Subject<'_>, filters: &[Filter]) -> Verdict {
    for channels in subject.all_searches() {
        for filter in filters {
            subject.compare(&channels, TOP, filter)?;
        }
    }
    Ok(())
}

pub(super) fn region_filters_admit_only_their_region(subject: &Subject<'_>) -> Verdict {
    let one = subject.items[5].record.location;
    let regions = [
        TROPICS,
        circle(10.0, 20.0, 4000.0),
        // Around a pole.
        circle(-80.0, 0.0, 3000.0),
        // One item, which is seldom among the nearest.
        circle(one.latitude(), one.longitude(), 0.05),
        // No items.
        Region::BoundingBox { south: 85.0, west: -10.0, north: 89.0, east: 10.0 },
    ];
    compare(subject, &regions.map(in_region))
}

pub(super) fn region_filters_cross_the_date_line(subject: &Subject<'_>) -> Verdict {
    let filters = [FIJI, circle(-17.5, 179.9, 250.0), circle(-17.5, -179.9, 250.0)].map(in_region);
    for filter in &filters {
        let admitted = (0..subject.items.len()).filter(|&number| subject.admits(filter, number));
        let (west, east): (Vec<f64>, Vec<f64>) = admitted
            .map(|number| subject.items[number].record.location.longitude())
            .partition(|longitude| *longitude > 0.0);
        ensure!(!west.is_empty() && !east.is_empty(), "the suite has no items on both sides: {filter:?}");
    }
    compare(subject, &filters)
}

pub(super) fn country_filters_admit_only_their_country_or_are_refused(subject: &Subject<'_>) -> Verdict {
    // No item lies in Iceland.
    let filters = ["AU", "FJ", "IS"].map(|code| in_region(Region::Country(code.to_owned())));
    if subject.can(Ability::Countries) {
        return compare(subject, &filters);
    }
    for filter in &filters {
        let queries = vec![Query { embedding: &subject.asked[0], filter }];
        let answer = subject.ask(&subject.first_channel(), TOP, queries);
        refused("a filter by country, which the items do not know,", answer)?;
    }
    Ok(())
}

pub(super) fn author_filters_exclude_exact_names(subject: &Subject<'_>) -> Verdict {
    let mut filters: Vec<Filter> = AUTHORS.iter().map(|author| without_authors(&[author])).collect();
    filters.push(without_authors(&["An", "Nobody", "%"]));
    filters.push(without_authors(&[AUTHORS[0], AUTHORS[3], "Nobody"]));
    filters.push(without_authors(&AUTHORS));
    compare(subject, &filters)
}

pub(super) fn id_filters_exclude_their_photos(subject: &Subject<'_>) -> Verdict {
    let mut filters = vec![
        // Two ids that are hard to quote, and two that are not there.
        Filter {
            exclude_ids: subject.items[2..4].iter().map(|item| item.record.id.clone()).collect(),
            ..Filter::default()
        },
        Filter {
            exclude_ids: vec![PhotoId("missing.jpg".to_owned()), PhotoId("photos".to_owned())],
            ..Filter::default()
        },
    ];
    // The nearest ones, few and more than an over-fetching search asks for.
    for query in [0, 1, 2] {
        filters.extend([1, TOP, 8 * TOP].map(|count| without_best(subject, query, count)));
    }
    compare(subject, &filters)
}

pub(super) fn near_duplicate_filters_exclude_up_to_the_limit(subject: &Subject<'_>) -> Verdict {
    let other = crate::PerceptualHash(!HASH.0);
    let filters = [HASH, crate::PerceptualHash(HASH.0 ^ 0b1011), other]
        .map(|hash| Filter { exclude_near: Some(hash), ..Filter::default() });
    compare(subject, &filters)
}

pub(super) fn filters_combine(subject: &Subject<'_>) -> Verdict {
    let ids = without_best(subject, 1, TOP).exclude_ids;
    let authors = vec![AUTHORS[0].to_owned(), AUTHORS[3].to_owned()];
    let region_and_authors =
        Filter { region: Some(TROPICS), exclude_authors: authors.clone(), ..Filter::default() };
    let authors_and_ids =
        Filter { exclude_authors: authors.clone(), exclude_ids: ids.clone(), ..Filter::default() };
    let ids_and_near = Filter { exclude_ids: ids.clone(), exclude_near: Some(HASH), ..Filter::default() };
    let all =
        Filter { region: Some(FIJI), exclude_authors: authors, exclude_ids: ids, exclude_near: Some(HASH) };
    compare(subject, &[region_and_authors, authors_and_ids, ids_and_near, all])
}

/// A part is immaterial only if the items have no such property: the suite's photos have authors, ids and locations.
pub(super) fn immaterial_parts_are_absent_from_the_records(subject: &Subject<'_>) -> Verdict {
    let is_immaterial = |part| subject.search.filtering(part) == Filtering::Immaterial;
    ensure!(!is_immaterial(FilterPart::Region), "all items have a location, but regions are immaterial");
    let items: Vec<_> = subject.known_items()?.iter().map(|found| found.item).collect();
    let records = subject.search.records(&items).map_err(|failure| failure.to_string())?;
    for record in records.into_iter().flatten() {
        let id = &record.id;
        ensure!(!is_immaterial(FilterPart::Ids), "`{id}` has an id, but ids are immaterial");
        let has_author = record.attribution.author.is_some();
        ensure!(
            !(has_author && is_immaterial(FilterPart::Authors)),
            "`{id}` has an author, but authors are immaterial"
        );
        let has_hash = record.hash.is_some();
        ensure!(
            !(has_hash && is_immaterial(FilterPart::NearDuplicates)),
            "`{id}` has a hash, but near-duplicates are immaterial"
        );
    }
    Ok(())
}
