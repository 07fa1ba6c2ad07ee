//! Training queries that look like test queries: each photo encoded by heads that have not seen its fold.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use contract::{Channel, Exclude, LocateOptions, QueryEmbedding};
use files::sha256_hex;
use gallery::Gallery;
use geo::{LatLon, haversine_km};
use georanker::pack::Manifest;
use georanker::{EncodedPhoto, Heads, Locator, Pack, Parts};
use train::set::SetQuery;

use crate::build::{Ingredients, fit_heads, write_gallery};
use crate::cache::cached;

/// How photos are divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folds {
    /// How many folds.
    pub(crate) count: usize,
    /// Side of a cell, degrees: photos of one author in one cell share a fold.
    pub(crate) cell_degrees: f64,
}

impl Folds {
    /// The fold of each photo. Near-duplicates share one: a query's twin among its candidates would teach the ranker to
    /// look for twins, and no test query has any.
    fn assign(self, ingredients: &Ingredients) -> Vec<usize> {
        let cell = |degrees: f64| (degrees / self.cell_degrees).floor();
        let key = |index: usize| {
            let row = &ingredients.rows[index];
            let (latitude, longitude) = (cell(row.location.latitude()), cell(row.location.longitude()));
            format!("{} {latitude} {longitude}", row.author.as_deref().unwrap_or_default())
        };
        let hashes = &ingredients.hashes;
        // A photo follows its first near-duplicate, which follows its own, down to one that leads.
        let mut leader: Vec<usize> = Vec::with_capacity(hashes.len());
        for (index, hash) in hashes.iter().enumerate() {
            let earlier = (0..index).find(|&other| hashes[other].is_near(*hash));
            leader.push(earlier.map_or(index, |other| leader[other]));
        }
        let number =
            |text: &str| u32::from_str_radix(&sha256_hex(text.as_bytes())[..8], 16).unwrap_or(0) as usize;
        leader.into_iter().map(|index| number(&key(index)) % self.count).collect()
    }
}

/// Queries of all folds: as the gallery is, and without candidates by the query's own author.
pub(crate) struct OutOfFold {
    pub(crate) plain: Vec<SetQuery>,
    pub(crate) other_authors: Vec<SetQuery>,
}

/// Fits heads for each fold on the others, and finds the candidates of the fold's photos among the others' photos (and
/// the world's coordinates) exactly as `locate` would.
pub(crate) fn out_of_fold(
    folds: Folds,
    ingredients: &Ingredients,
    parts: &Parts,
    (pack, manifest): (&Path, &Manifest),
    cache: Option<&Path>,
) -> anyhow::Result<OutOfFold> {
    let fold_of = folds.assign(ingredients);
    let mut result = OutOfFold { plain: Vec::new(), other_authors: Vec::new() };
    for fold in 0..folds.count {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..fold_of.len()).partition(|&index| fold_of[index] == fold);
        ensure!(!own.is_empty() && !others.is_empty(), "fold {fold} of {folds:?} is empty or everything");
        let others = ingredients.only(&others);
        let heads = fitted(&others, cache)?;
        let directory = tempfile::tempdir()?;
        write_gallery(directory.path(), &others, &heads, "fold")?;
        // Coordinates lie in the location encoder's space, which no fold changes.
        let parts = Parts { gallery: Arc::new(Gallery::open(directory.path(), None)?), ..parts.clone() };
        let locator = Locator::from_parts(&Pack::in_memory(pack, manifest.clone()), parts.clone())?;
        let own = ingredients.only(&own);
        let queries: Vec<EncodedPhoto> = own
            .rows
            .iter()
            .zip(own.features.chunks_exact(own.length))
            .map(|(row, features)| {
                let photo = heads.photo_vector(features);
                let location = heads.location_query(&photo);
                let vectors = vec![(Channel::photo(), photo), (Channel::location(), location)];
                EncodedPhoto {
                    id: row.id.clone(),
                    author: row.author.clone(),
                    embedding: QueryEmbedding { vectors },
                    // Ranking needs no pixels.
                    image: None,
                    hash: None,
                    no_content: None,
                    stated: None,
                    incomplete: None,
                }
            })
            .collect();
        for (list, same_author) in [(&mut result.plain, false), (&mut result.other_authors, true)] {
            let exclude = Exclude { same_author, near_duplicate: false };
            let options = LocateOptions { exclude, ..LocateOptions::default() };
            for (row, ranked) in own.rows.iter().zip(locator.rank(&queries, &options)) {
                let mut set = ranked?.set;
                locator.attach_vectors(&mut set)?;
                list.push(SetQuery::new(set, row.location));
            }
        }
        eprintln!("fold {fold}: {} queries, {} gallery photos", own.rows.len(), others.rows.len());
    }
    let places: Vec<LatLon> = ingredients.rows.iter().map(|row| row.location).collect();
    let place_of = |query: &SetQuery| {
        let row = ingredients.rows.iter().find(|row| row.id == query.set.query);
        row.map(|row| row.location)
    };
    for query in result.plain.iter_mut().chain(&mut result.other_authors) {
        // Crowded places count by the square root of their photos.
        let here = place_of(query);
        let crowd =
            here.map_or(1, |here| places.iter().filter(|other| haversine_km(here, **other) < 25.0).count());
        query.weight = (crowd as f64).sqrt().recip();
    }
    for list in [&mut result.plain, &mut result.other_authors] {
        let mean = list.iter().map(|query| query.weight).sum::<f64>() / list.len() as f64;
        for query in list.iter_mut() {
            query.weight /= mean;
        }
    }
    Ok(result)
}

/// Heads fitted on these photos, kept between runs.
fn fitted(ingredients: &Ingredients, cache: Option<&Path>) -> anyhow::Result<Heads> {
    let ids: Vec<String> =
        ingredients.rows.iter().map(|row| format!("{} {}", row.id, row.location)).collect();
    let ids = ids.join("\n");
    let sum: f64 = ingredients.features.iter().map(|value| f64::from(*value)).sum();
    let key = sha256_hex(format!("{ids}{sum}").as_bytes());
    let floats = cached(cache, "fold-heads", &key, || {
        let bytes = fit_heads(ingredients)?.to_bytes().map_err(anyhow::Error::msg)?;
        ensure!(bytes.len().is_multiple_of(4), "heads are not a whole number of floats");
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    })?;
    Heads::from_bytes(bytemuck::cast_slice(&floats)).map_err(anyhow::Error::msg)
}
