//! Checks of what is fetched by id.

use std::collections::BTreeMap;

use super::Ability;
use super::filters::some_filters;
use super::subject::{Found, Subject, TOP, Verdict, ensure, same_place};
use crate::{FilterPart, Filtering, ItemId, PhotoId, PhotoRecord, QueryEmbedding};

/// Known items out of order, one of them twice, with unknown ones in between (`None`).
fn mixed(subject: &Subject<'_>) -> Result<Vec<(ItemId, Option<Found>)>, String> {
    let known = subject.known_items()?;
    ensure!(!known.is_empty(), "no items are found");
    let unknown = subject.unknown_items()?;
    let mut mixed: Vec<(ItemId, Option<Found>)> = Vec::new();
    for (number, found) in known.iter().rev().enumerate() {
        mixed.push((found.item, Some(*found)));
        if let Some(&item) = unknown.get(number / 10).filter(|_| number % 10 == 0) {
            mixed.push((item, None));
        }
    }
    mixed.push((known[0].item, Some(known[0])));
    Ok(mixed)
}

pub(super) fn ids_are_stable_between_searches(subject: &Subject<'_>) -> Verdict {
    let mut ids: BTreeMap<usize, ItemId> = BTreeMap::new();
    let mut numbers: BTreeMap<ItemId, usize> = BTreeMap::new();
    let mut filters = some_filters(subject);
    filters.push(crate::Filter::default());
    for channels in subject.all_searches() {
        for filter in &filters {
            for found in subject.find_all(&channels, TOP, filter)?.into_iter().flatten() {
                let name = &subject.items[found.number].record.id;
                let id = *ids.entry(found.number).or_insert(found.item);
                ensure!(id == found.item, "`{name}` has the ids {id:?} and {:?}", found.item);
                let number = *numbers.entry(found.item).or_insert(found.number);
                ensure!(number == found.number, "`{name}` shares the id {id:?} with another item");
            }
        }
    }
    Ok(())
}

pub(super) fn vectors_come_back_in_order(subject: &Subject<'_>) -> Verdict {
    let mixed = mixed(subject)?;
    let items: Vec<ItemId> = mixed.iter().map(|(item, _)| *item).collect();
    let vectors = subject.search.vectors(&items).map_err(|failure| failure.to_string())?;
    ensure!(vectors.len() == items.len(), "{} embeddings for {} items", vectors.len(), items.len());
    for ((item, found), embedding) in mixed.iter().zip(&vectors) {
        let stored = found.filter(|_| subject.can(Ability::Vectors));
        let Some(found) = stored else {
            ensure!(embedding.vectors.is_empty(), "{item:?} has vectors");
            continue;
        };
        let stored = &subject.items[found.number];
        same_vectors(&stored.vectors, embedding, subject.tolerance())
            .map_err(|why| format!("`{}`: {why}", stored.record.id))?;
    }
    Ok(())
}

/// A number of a vector is its similarity to an axis: the same tolerance applies.
fn same_vectors(stored: &QueryEmbedding, found: &QueryEmbedding, tolerance: f64) -> Verdict {
    let (expected, channels) = (stored.vectors.len(), found.vectors.len());
    ensure!(channels == expected, "vectors in {channels} channels, not {expected}");
    for (channel, stored) in &stored.vectors {
        let Some(found) = found.get(channel) else { return Err(format!("no vector in `{channel}`")) };
        ensure!(found.len() == stored.len(), "a vector of length {} in `{channel}`", found.len());
        for (stored, found) in stored.iter().zip(found) {
            let error = (f64::from(*stored) - f64::from(*found)).abs();
            ensure!(error <= tolerance, "{found} instead of {stored} in `{channel}`");
        }
    }
    Ok(())
}

pub(super) fn records_come_back_in_order(subject: &Subject<'_>) -> Verdict {
    let mixed = mixed(subject)?;
    let items: Vec<ItemId> = mixed.iter().map(|(item, _)| *item).collect();
    let records = subject.search.records(&items).map_err(|failure| failure.to_string())?;
    ensure!(records.len() == items.len(), "{} records for {} items", records.len(), items.len());
    for ((item, found), record) in mixed.iter().zip(&records) {
        let Some(found) = found.filter(|_| subject.has_records()) else {
            ensure!(record.is_none(), "{item:?} has a record");
            continue;
        };
        let stored = &subject.items[found.number].record;
        let Some(record) = record else { return Err(format!("`{}` has no record", stored.id)) };
        same_record(subject, stored, record)?;
    }
    Ok(())
}

fn same_record(subject: &Subject<'_>, stored: &PhotoRecord, found: &PhotoRecord) -> Verdict {
    let id = &stored.id;
    let matters = |part| subject.search.filtering(part) != Filtering::Immaterial;
    ensure!(found.id == *id, "the record of `{}` instead of that of `{id}`", found.id);
    ensure!(same_place(found.location, stored.location), "`{id}` lies at {}", found.location);
    ensure!(found.place.city == stored.place.city, "`{id}` has the city {:?}", found.place.city);
    let country = &found.place.country_code;
    ensure!(
        !subject.can(Ability::Countries) || *country == stored.place.country_code,
        "`{id}` has the country {country:?}"
    );
    let author = &found.attribution.author;
    ensure!(
        !matters(FilterPart::Authors) || *author == stored.attribution.author,
        "`{id}` has the author {author:?}"
    );
    ensure!(
        !matters(FilterPart::NearDuplicates) || found.hash == stored.hash,
        "`{id}` has the hash {:?}",
        found.hash
    );
    Ok(())
}

pub(super) fn unknown_items_have_neither_vectors_nor_records(subject: &Subject<'_>) -> Verdict {
    let unknown = subject.unknown_items()?;
    for items in [&unknown[..], &[]] {
        let vectors = subject.search.vectors(items).map_err(|failure| failure.to_string())?;
        ensure!(vectors == vec![QueryEmbedding::default(); items.len()], "unknown items have vectors");
        let records = subject.search.records(items).map_err(|failure| failure.to_string())?;
        ensure!(records == vec![None; items.len()], "unknown items have records");
    }
    Ok(())
}

pub(super) fn photo_bytes_are_those_stored(subject: &Subject<'_>) -> Verdict {
    for item in subject.items.iter().take(TOP) {
        let id = &item.record.id;
        match subject.search.photo_bytes(id) {
            Ok(Some(bytes)) => {
                ensure!(bytes == item.bytes, "`{id}` has other bytes than those stored");
            }
            // A backend that has no bytes, or cannot read them, may say so.
            _ if !subject.can(Ability::PhotoBytes) => {}
            Ok(None) => return Err(format!("`{id}` has no bytes")),
            Err(failure) => return Err(format!("the bytes of `{id}` cannot be read: {failure}")),
        }
    }
    for id in ["missing.jpg", "", "../../etc/passwd"] {
        if let Ok(Some(_)) = subject.search.photo_bytes(&PhotoId(id.to_owned())) {
            return Err(format!("the unknown photo `{id}` has bytes"));
        }
    }
    Ok(())
}
