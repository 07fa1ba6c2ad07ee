//! A gallery behaves like a map from ids to photos, and searches it like a sort.
#![allow(clippy::unwrap_used)] // A test, helpers included.

mod common;

use std::collections::BTreeMap;

use common::{COUNTRIES, FINGERPRINT, found, photo, photos, spec, unit_vector};
use contract::{Channel, Filter, PerceptualHash, PhotoId, Search};
use gallery::{Gallery, GalleryWriter, NewPhoto, VectorPrecision, verify};
use geo::Region;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u64>),
    Remove(Vec<u64>),
    Reopen,
    Finish,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let numbers = || prop::collection::vec(0_u64..40, 0..8);
    let step = prop_oneof![
        4 => numbers().prop_map(Step::Add),
        2 => numbers().prop_map(Step::Remove),
        1 => Just(Step::Reopen),
        1 => Just(Step::Finish),
    ];
    prop::collection::vec(step, 1..12)
}

fn passes(photo: &NewPhoto, filter: &Filter) -> bool {
    let record = &photo.record;
    filter.region.as_ref().is_none_or(|region| region.contains(record.location, &record.place))
        && !filter.exclude_ids.contains(&record.id)
        && record.attribution.author.as_ref().is_none_or(|author| !filter.exclude_authors.contains(author))
        && !matches!((filter.exclude_near, record.hash), (Some(one), Some(other)) if one.is_near(other))
}

/// Exact f32 ranking of the model.
fn expected(
    model: &BTreeMap<PhotoId, NewPhoto>,
    query: &[f32],
    filter: &Filter,
    top: usize,
) -> Vec<(f32, String)> {
    let mut all: Vec<(f32, String)> = model
        .values()
        .filter(|photo| passes(photo, filter))
        .map(|photo| {
            let vector = photo.vectors.get(&Channel::photo()).unwrap();
            (vector.iter().zip(query).map(|(a, b)| a * b).sum(), photo.record.id.0.clone())
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(top);
    all
}

fn filters(random: &mut ChaCha8Rng, near: PerceptualHash) -> Vec<Filter> {
    let near = PerceptualHash(near.0 ^ 0b1011);
    let country = COUNTRIES[random.random_range(0..3)];
    let everything = Filter {
        region: Some("-60,-170,60,170".parse().unwrap()),
        exclude_authors: vec!["author 1".into(), "nobody".into()],
        exclude_ids: vec![photo(4).record.id, "missing.jpg".into()],
        exclude_near: Some(near),
    };
    vec![
        Filter::default(),
        Filter { region: Some(Region::Country(country.into())), ..Filter::default() },
        Filter { region: Some("-50,170,50,-170".parse().unwrap()), ..Filter::default() },
        Filter { region: Some("10,20,4000".parse().unwrap()), ..Filter::default() },
        Filter { exclude_near: Some(near), ..Filter::default() },
        everything,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_sequence_of_changes_equals_a_map(steps in steps(), seed in any::<u64>(), int8 in any::<bool>()) {
        let directory = tempfile::tempdir().unwrap();
        let precision = if int8 { VectorPrecision::Int8 } else { VectorPrecision::F32 };
        let mut writer = GalleryWriter::create(directory.path(), &spec(precision)).unwrap();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(numbers) => {
                    let batch = photos(numbers);
                    let mut present = Vec::new();
                    for photo in &batch {
                        if model.contains_key(&photo.record.id) {
                            present.push(photo.record.id.clone());
                        } else {
                            model.insert(photo.record.id.clone(), photo.clone());
                        }
                    }
                    let report = writer.add(&batch).unwrap();
                    prop_assert_eq!(report.added + present.len(), batch.len());
                    prop_assert_eq!(report.already_present, present);
                }
                Step::Remove(numbers) => {
                    let mut ids: Vec<PhotoId> = numbers.into_iter().map(|number| photo(number).record.id).collect();
                    let before = model.len();
                    for id in &ids {
                        model.remove(id);
                    }
                    ids.push("missing.jpg".into());
                    prop_assert_eq!(writer.remove(&ids).unwrap(), before - model.len());
                }
                Step::Reopen => {
                    drop(writer);
                    writer = GalleryWriter::open(directory.path(), Some(FINGERPRINT)).unwrap();
                }
                Step::Finish => writer.finish().unwrap(),
            }
            prop_assert_eq!(writer.len(), model.len());
        }
        writer.finish().unwrap();
        let region = Region::Country("FR".into());
        let mut in_region = writer.ids_in(&region).unwrap();
        in_region.sort();
        let wanted: Vec<PhotoId> = model
            .values()
            .filter(|photo| photo.record.place.country_code.as_deref() == Some("FR"))
            .map(|photo| photo.record.id.clone())
            .collect();
        prop_assert_eq!(in_region, wanted);
        drop(writer);

        let gallery = Gallery::open(directory.path(), Some(FINGERPRINT)).unwrap();
        prop_assert!(gallery.warnings().is_empty());
        prop_assert_eq!(gallery.len(&Channel::photo()), model.len());
        prop_assert_eq!(gallery.photos().count(), model.len());
        for (id, photo) in &model {
            prop_assert_eq!(gallery.record(id), Some(photo.record.clone()));
        }
        prop_assert_eq!(gallery.record(&"missing.jpg".into()), None);

        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let near = model.values().find_map(|photo| photo.record.hash).unwrap_or(PerceptualHash(0));
        for filter in filters(&mut random, near) {
            let query = unit_vector(&mut random, 24);
            let found = found(&gallery, &query, &filter, 6);
            let expected = expected(&model, &query, &filter, 6);
            prop_assert_eq!(found.len(), expected.len());
            for (id, (similarity, _)) in found.iter().zip(&expected) {
                let photo = &model[&PhotoId(id.clone())];
                prop_assert!(passes(photo, &filter));
                let own: f32 = photo.vectors.get(&Channel::photo()).unwrap().iter().zip(&query).map(|(a, b)| a * b).sum();
                let tolerance = if int8 { 0.02 } else { 1e-5 };
                prop_assert!((own - similarity).abs() < tolerance);
            }
        }
        // Photos of the folder are not there: harmless, and nothing else may be wrong.
        prop_assert!(verify(directory.path()).iter().all(|problem| problem.to_string().contains("photos")));
    }
}
