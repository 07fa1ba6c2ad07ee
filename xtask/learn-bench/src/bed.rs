//! The bed: places of four splits, one view each, a photo space, and the candidates of every query.

use anyhow::Context;
use contract::{Candidate, CandidateSet, Channel, Origin, PhotoId, QueryEmbedding};
use geo::{LatLon, geodesic_km};
use photo::Image;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use train::{WhiteningSettings, fit_neighbourhood_whitening};

use crate::descriptor::{LENGTH, describe};
use crate::places::{NamedPlace, draw_places};
use crate::view::{Frame, Jitter, view};
use crate::world::WholeEarth;

/// How large the bed is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BedSettings {
    /// Seed of places and views.
    pub seed: u64,
    /// Places whose views can be found.
    pub gallery: usize,
    /// Queries to train on.
    pub train: usize,
    /// Queries to choose by.
    pub validation: usize,
    /// Queries to judge by.
    pub test: usize,
    /// Size of a view.
    pub frame: Frame,
    /// No two places are closer, whatever their splits, km.
    pub apart_km: f64,
    /// Candidates a query.
    pub candidates: usize,
    /// Length of the vectors of the photo space.
    pub dimension: usize,
    /// How many of these numbers the search goes by: fewer find more of what is only roughly alike.
    pub searched: usize,
    /// Of the gallery in the order of similarity, every so many-th is a candidate: 1 takes the most similar ones, larger
    /// numbers give lists of easy and of hard ones. At least 1.
    pub every: usize,
}

impl Default for BedSettings {
    fn default() -> Self {
        Self {
            seed: 20_261,
            gallery: 3000,
            train: 3000,
            validation: 300,
            test: 1000,
            frame: Frame { side: 56, width_km: 360.0 },
            apart_km: 75.0,
            candidates: 20,
            dimension: 32,
            searched: 3,
            every: 100,
        }
    }
}

impl BedSettings {
    /// A bed for a test of seconds.
    #[must_use]
    pub const fn tiny(self) -> Self {
        Self {
            gallery: 300,
            train: 200,
            validation: 40,
            test: 60,
            candidates: 8,
            every: 30,
            apart_km: 150.0,
            ..self
        }
    }
}

/// Views of places closer than this, km, are taken for views of one place by the whitening.
const NEIGHBOURHOOD_KM: f64 = 400.0;
const SHRINKAGE: f64 = 0.3;
/// The photo space is fitted to so many views: its cost grows with the cube.
const FITTED: usize = 1200;

/// The channel that finds candidates: the leading directions of the photo space.
pub fn search_channel() -> Channel {
    Channel::new("search")
}

/// A photo of the bed.
#[derive(Clone, Debug)]
pub struct View {
    /// Its name, as `gallery-00012.png`.
    pub id: PhotoId,
    /// What it shows.
    pub place: NamedPlace,
    /// The pixels.
    pub image: Image,
    /// Unit vector in the photo space, `[dimension]`.
    pub vector: Vec<f32>,
    /// Unit vector along its leading directions, `[searched]`.
    pub search: Vec<f32>,
}

/// A query, its candidates and where they lie.
#[derive(Clone, Debug)]
pub struct Query {
    /// The photo.
    pub view: View,
    /// Its candidates, most similar first.
    pub set: CandidateSet,
    /// For each candidate, its index in the gallery.
    pub gallery: Vec<usize>,
    /// For each candidate, its distance to the truth, km.
    pub distances_km: Vec<f64>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Bed {
    /// The photos that can be found.
    pub gallery: Vec<View>,
    /// Queries to train on.
    pub train: Vec<Query>,
    /// Queries to choose by.
    pub validation: Vec<Query>,
    /// Queries to judge by.
    pub test: Vec<Query>,
}

/// Makes the bed. Same settings, same bed.
///
/// # Errors
/// Too many places for the distance between them; a view of no pixels.
pub fn make_bed(earth: &WholeEarth, settings: &BedSettings) -> anyhow::Result<Bed> {
    let BedSettings { gallery, train, validation, test, .. } = *settings;
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let count = gallery + train + validation + test;
    let places = draw_places(earth, count, settings.apart_km, settings.frame.width_km, &mut random)?;
    let mut views = photograph(earth, settings, places)?;
    // The space is made from what a real system has: its gallery.
    fit_space(&mut views, gallery.min(FITTED), settings)?;
    let mut rest = views.split_off(gallery);
    let gallery = views;
    let mut take = |count: usize| -> Vec<Query> {
        let later = rest.split_off(count);
        let now = std::mem::replace(&mut rest, later);
        now.into_par_iter().map(|view| query(view, &gallery, settings.candidates, settings.every)).collect()
    };
    let (train, validation, test) = (take(train), take(validation), take(test));
    Ok(Bed { gallery, train, validation, test })
}

/// One view a place, with a jitter that depends on the seed and the number of the place alone. Vectors are
/// descriptions still.
fn photograph(
    earth: &WholeEarth,
    settings: &BedSettings,
    places: Vec<NamedPlace>,
) -> anyhow::Result<Vec<View>> {
    let one = |(number, place): (usize, NamedPlace)| {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        random.set_stream(number as u64 + 1);
        let image = view(earth, place.location, settings.frame, &Jitter::draw(&mut random))?;
        let vector = describe(&image);
        Ok(View { id: PhotoId(format!("view-{number:05}.png")), place, image, vector, search: Vec::new() })
    };
    places.into_par_iter().enumerate().map(one).collect()
}

/// Replaces descriptions by vectors of a space that is fitted to the first `fitted` views.
fn fit_space(views: &mut [View], fitted: usize, settings: &BedSettings) -> anyhow::Result<()> {
    let known = &views[..fitted];
    let features: Vec<f32> = known.iter().flat_map(|view| view.vector.iter().copied()).collect();
    let locations: Vec<LatLon> = known.iter().map(|view| view.place.location).collect();
    let whitening = WhiteningSettings {
        neighbourhood_km: NEIGHBOURHOOD_KM,
        shrinkage: SHRINKAGE,
        dimension: settings.dimension,
    };
    let space = fit_neighbourhood_whitening(&features, &[1.0; LENGTH], &locations, &whitening)
        .context("the photo space of the bed")?;
    for view in views {
        let vector = space.apply(&view.vector);
        view.search = unit(&vector[..settings.searched.min(vector.len())]);
        view.vector = unit(&vector);
    }
    Ok(())
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.iter().map(|value| value / norm).collect()
}

/// The candidates of a query: every so many-th of the gallery, the most similar first.
fn query(view: View, gallery: &[View], candidates: usize, every: usize) -> Query {
    let similarity =
        |other: &View| -> f32 { view.search.iter().zip(&other.search).map(|(a, b)| a * b).sum() };
    let mut order: Vec<(usize, f32)> =
        gallery.iter().enumerate().map(|(index, other)| (index, similarity(other))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let order: Vec<(usize, f32)> = order.into_iter().step_by(every).take(candidates).collect();
    let found = order.iter().enumerate().map(|(rank, (index, similarity))| {
        let other = &gallery[*index];
        let origin = Origin::Retrieved { channel: search_channel(), rank, similarity: *similarity };
        let mut candidate = Candidate::at(other.place.location, origin);
        candidate.place = other.place.place.clone();
        candidate.photo = Some(other.id.clone());
        candidate.embedding = QueryEmbedding { vectors: vec![(Channel::photo(), other.vector.clone())] };
        candidate
    });
    let mut set = CandidateSet::new(view.id.clone(), found.collect());
    set.embedding = QueryEmbedding { vectors: vec![(Channel::photo(), view.vector.clone())] };
    let distance =
        |(index, _): &(usize, f32)| geodesic_km(view.place.location, gallery[*index].place.location);
    let distances_km = order.iter().map(distance).collect();
    Query { set, gallery: order.into_iter().map(|(index, _)| index).collect(), distances_km, view }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_earth;

    #[test]
    fn splits_are_apart_and_lists_are_in_order() {
        let settings =
            BedSettings { gallery: 60, train: 30, test: 10, every: 5, ..BedSettings::default().tiny() };
        let bed = make_bed(&sample_earth(), &settings).unwrap();
        assert_eq!(
            (bed.gallery.len(), bed.train.len(), bed.validation.len(), bed.test.len()),
            (60, 30, 40, 10)
        );
        for query in bed.train.iter().chain(&bed.validation).chain(&bed.test) {
            assert_eq!(query.set.candidates.len(), 8);
            assert!(query.distances_km.iter().all(|km| *km > 149.0));
            let similarities: Vec<f32> =
                query.set.candidates.iter().filter_map(|one| one.similarity(&search_channel())).collect();
            assert!(similarities.is_sorted_by(|a, b| a >= b) && similarities[0] <= 1.001);
        }
        let again = make_bed(&sample_earth(), &settings).unwrap();
        assert_eq!(again.test[3].set, bed.test[3].set);
        assert_eq!(again.test[3].view.image, bed.test[3].view.image);
    }
}
