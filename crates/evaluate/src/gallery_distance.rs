//! Accuracy by how far the nearest gallery photo is: what has been seen, what is near, what is new.

use std::collections::HashMap;

use geo::LatLon;
use geo::metrics::Bootstrap;
use rayon::prelude::*;
use serde::Serialize;

use crate::EvaluateError;
use crate::join::Joined;
use crate::nearest::Nearest;
use crate::report::{Entries, Report};

/// Where the bands of distance begin and end, km; each includes its lower end.
const EDGES_KM: [f64; 6] = [0.0, 1.0, 25.0, 200.0, 750.0, f64::INFINITY];

/// Where a gallery's photos were taken, and by whom.
#[derive(Clone, Debug)]
pub struct GalleryPlaces {
    name: String,
    nearest: Nearest,
    /// The number of the author of each photo; 0 for unknown ones.
    authors: Vec<u32>,
    numbers: HashMap<String, u32>,
    /// Whether photos by the author of the query do not count.
    exclude_same_author: bool,
}

impl GalleryPlaces {
    /// The photos of a gallery: places and authors, where known. With `exclude_same_author`, a query's distance is that
    /// to the nearest photo by someone else; photos and queries of unknown authors are then by nobody's.
    pub fn new(
        name: impl Into<String>,
        photos: Vec<(LatLon, Option<String>)>,
        exclude_same_author: bool,
    ) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut authors = Vec::with_capacity(photos.len());
        let mut places = Vec::with_capacity(photos.len());
        for (place, author) in photos {
            let next = numbers.len() as u32 + 1;
            authors.push(match author.filter(|author| !author.is_empty()) {
                Some(author) => *numbers.entry(author).or_insert(next),
                None => 0,
            });
            places.push(place);
        }
        Self {
            name: name.into(),
            nearest: Nearest::new(places.into_iter()),
            authors,
            numbers,
            exclude_same_author,
        }
    }

    /// Whether photos by the author of the query do not count.
    pub fn excludes_same_author(&self) -> bool {
        self.exclude_same_author
    }

    /// The geodesic to the nearest photo that counts, km; `None` when none does.
    fn distance_km(&self, from: LatLon, author: Option<&str>) -> Option<f64> {
        let own = author.and_then(|author| self.numbers.get(author)).filter(|_| self.exclude_same_author);
        self.nearest.distance_km(from, |photo| own.is_none_or(|own| self.authors.get(photo) != Some(own)))
    }
}

/// Accuracy by the distance from the truth to the nearest gallery photo.
#[derive(Clone, Debug, PartialEq)]
pub struct GalleryDistance {
    /// The gallery's name.
    pub gallery: String,
    /// Number of its photos.
    pub photos: usize,
    /// Whether photos by the author of the query did not count.
    pub exclude_same_author: bool,
    /// From near to far; only those with queries. Queries without any gallery photo that counts come last.
    pub bands: Vec<Band>,
}

/// The photos of the truth whose nearest gallery photo lies in a band of distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Lower end, km, inclusive; infinite when no gallery photo counts.
    pub low_km: f64,
    /// Upper end, km, exclusive.
    pub high_km: f64,
    /// Their accuracy; without breakdowns of their own.
    pub report: Report,
}

impl Band {
    /// `0-1`, `1-25`, .., `750-`, or `none`.
    pub fn key(&self) -> String {
        match (self.low_km, self.high_km) {
            (low, _) if low.is_infinite() => "none".to_owned(),
            (low, high) if high.is_infinite() => format!("{low}-"),
            (low, high) => format!("{low}-{high}"),
        }
    }
}

impl GalleryDistance {
    /// Sorts joined predictions by the distance of their truth to a gallery.
    ///
    /// # Errors
    /// A truth without a column for authors, when these do not count.
    pub fn new(
        joined: &Joined<'_>,
        gallery: &GalleryPlaces,
        bootstrap: &Bootstrap,
    ) -> Result<Self, EvaluateError> {
        if gallery.exclude_same_author {
            joined.truth.check_column(AUTHOR)?;
        }
        let authors = joined.truth.column(AUTHOR);
        let author = |photo: usize| {
            let column = authors?;
            let name = column.values.get(*column.numbers.get(photo)? as usize)?;
            Some(name.as_str()).filter(|name| !name.is_empty())
        };
        let band = |photo: &u32| {
            let photo = *photo as usize;
            let from = joined.truth.locations().get(photo)?;
            let distance = gallery.distance_km(*from, author(photo))?;
            EDGES_KM.windows(2).position(|edges| distance < edges[1])
        };
        let found: Vec<Option<usize>> = joined.selected.par_iter().map(band).collect();
        let edges = EDGES_KM.windows(2).map(|edges| (edges[0], edges[1]));
        let all = edges.enumerate().map(|(index, edges)| (Some(index), edges));
        let all = all.chain([(None, (f64::INFINITY, f64::INFINITY))]);
        let mut bands = Vec::new();
        for (wanted, (low_km, high_km)) in all {
            let photos: Vec<usize> = (0..found.len()).filter(|index| found[*index] == wanted).collect();
            if !photos.is_empty() {
                bands.push(Band { low_km, high_km, report: Report::of(joined, &photos, bootstrap) });
            }
        }
        Ok(Self {
            gallery: gallery.name.clone(),
            photos: gallery.authors.len(),
            exclude_same_author: gallery.exclude_same_author,
            bands,
        })
    }
}

/// The column of the truth that names authors.
pub(crate) const AUTHOR: &str = "author";

impl Serialize for GalleryDistance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            gallery: &'a str,
            photos: usize,
            exclude_same_author: bool,
            bands: Entries<'a, String, &'a Report>,
        }
        let bands: Vec<(String, &Report)> =
            self.bands.iter().map(|band| (band.key(), &band.report)).collect();
        Form {
            gallery: &self.gallery,
            photos: self.photos,
            exclude_same_author: self.exclude_same_author,
            bands: Entries(&bands),
        }
        .serialize(serializer)
    }
}
