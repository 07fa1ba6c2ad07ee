//! Everything the later steps work on: the photos that could be read, with features, encoded places and splits.

use contract::PerceptualHash;
use geo::LatLon;

use crate::features::Features;
use crate::list::{PhotoList, Split};
use crate::near_duplicates::{NearDuplicates, leaders};
use crate::places::Encoded;
use crate::{BuildError, Event, Run};

/// The least that a gallery must have for anything to be fitted.
const LEAST_GALLERY: usize = 20;
/// The least that a split must have for choosing or reporting.
const LEAST_HELD_OUT: usize = 5;

/// The photos. Numbers of photos are those of the features: what could not be read is not here.
pub(crate) struct Corpus {
    pub(crate) list: PhotoList,
    pub(crate) features: Features,
    /// Where each photo was taken.
    pub(crate) places: Vec<LatLon>,
    /// The encoded places of all rows of the table, where there is a location encoder.
    pub(crate) here: Option<Encoded>,
    /// The world's coordinates, and encoded.
    pub(crate) world: Vec<LatLon>,
    pub(crate) world_encoded: Option<Encoded>,
    /// Without near-duplicates of the others: those would be answers, not evidence.
    pub(crate) gallery: Vec<usize>,
    pub(crate) validation: Vec<usize>,
    pub(crate) test: Vec<usize>,
    /// For each photo the first near-duplicate of it.
    pub(crate) leader: Vec<usize>,
}

impl Corpus {
    pub(crate) fn new(
        list: PhotoList,
        features: Features,
        here: Option<Encoded>,
        (world, world_encoded): (Vec<LatLon>, Option<Encoded>),
        run: &Run<'_>,
    ) -> Result<Self, BuildError> {
        let rows: Vec<usize> = features.rows().iter().map(|row| *row as usize).collect();
        let places: Vec<LatLon> = rows.iter().map(|&row| list.places[row]).collect();
        let hashes: Vec<PerceptualHash> = (0..features.len()).map(|index| features.hash(index)).collect();
        let of = |split: Split| -> Vec<usize> {
            (0..rows.len()).filter(|&index| list.splits[rows[index]] == split).collect()
        };
        let (gallery, validation, test) = (of(Split::Gallery), of(Split::Validation), of(Split::Test));
        let mut held_out = NearDuplicates::default();
        for &index in validation.iter().chain(&test) {
            held_out.add(hashes[index]);
        }
        let all = gallery.len();
        let gallery: Vec<usize> =
            gallery.into_iter().filter(|&index| held_out.first(hashes[index]).is_none()).collect();
        if gallery.len() < all {
            let count = all - gallery.len();
            run.tell(Event::Note(&format!(
                "{count} near-duplicates of validation or test photos left out of the gallery"
            )));
        }
        for (split, found, least) in [
            ("gallery", gallery.len(), LEAST_GALLERY),
            ("val", validation.len(), LEAST_HELD_OUT),
            ("test", test.len(), LEAST_HELD_OUT),
        ] {
            if found < least {
                return Err(BuildError::TooFewPhotos { split, found, least });
            }
        }
        Ok(Self {
            places,
            here,
            world,
            world_encoded,
            gallery,
            validation,
            test,
            leader: leaders(&hashes),
            list,
            features,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// A photo's number in the table.
    pub(crate) fn row(&self, photo: usize) -> usize {
        self.features.rows()[photo] as usize
    }

    pub(crate) fn author(&self, photo: usize) -> u32 {
        self.list.authors[self.row(photo)]
    }

    /// What the location encoder makes of the place of a photo.
    pub(crate) fn encoded_place(&self, photo: usize) -> Option<&[f32]> {
        Some(self.here.as_ref()?.row(self.row(photo)))
    }

    pub(crate) fn precision_km(&self, photo: usize) -> f64 {
        self.list.precision_km[self.row(photo)]
    }
}
