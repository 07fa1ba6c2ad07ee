//! A photo that a gallery holds already, and the same name given again.

use std::fmt;

use contract::{Failure, PhotoId};
use gallery::{FileStamp, HeldPhoto};
use geo::{LatLon, geodesic_km};
use photo::{sidecar_names, stated_location_with};

use crate::{GalleryBuilder, PhotoToAdd};

/// Places this close (km) are the same: tables round.
const SAME_PLACE_KM: f64 = 0.01;

/// What is other about a photo whose name is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Its place.
    Place {
        /// What the table, the file or its sidecar says.
        now: LatLon,
        /// What the gallery has.
        held: LatLon,
    },
    /// The table itself names it twice, with two places.
    GivenTwice {
        /// The place that counts.
        first: LatLon,
        /// The other.
        second: LatLon,
    },
    /// What the table says of it besides: the names of the place, the author, the licence, the source.
    Description,
    /// The content of its file.
    File,
}

impl Difference {
    /// What it has in common with the differences of other photos, in words.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Place { .. } => "another place",
            Self::GivenTwice { .. } => "given twice with different places",
            Self::Description => "its place's name, author, licence or source is another",
            Self::File => "its file has changed",
        }
    }

    /// The difference of two places, if they are far enough apart.
    fn of_places(now: LatLon, held: LatLon) -> Option<Self> {
        (!is_same_place(now, held)).then_some(Self::Place { now, held })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { now, held } => write!(
                formatter,
                "its place is {now} now and {held} in the gallery, {} apart",
                distance(geodesic_km(*now, *held))
            ),
            Self::GivenTwice { first, second } => write!(
                formatter,
                "the table gives it twice, at {first} and at {second}, {} apart; the first counts",
                distance(geodesic_km(*first, *second))
            ),
            Self::Description | Self::File => formatter.write_str(self.words()),
        }
    }
}

pub(crate) fn is_same_place(one: LatLon, other: LatLon) -> bool {
    geodesic_km(one, other) <= SAME_PLACE_KM
}

/// `12 m` or `3.4 km`.
fn distance(km: f64) -> String {
    if km < 1.0 { format!("{:.0} m", km * 1000.0) } else { format!("{km:.1} km") }
}

/// The difference between two rows of one table that name the same photo.
pub(crate) fn given_twice(first: LatLon, second: &PhotoToAdd) -> Option<Difference> {
    let second = second.location?;
    Difference::of_places(first, second).map(|_| Difference::GivenTwice { first, second })
}

/// Whether a table says something that the gallery does not have. What it leaves empty was looked up.
fn is_described_otherwise(photo: &PhotoToAdd, held: &HeldPhoto) -> bool {
    let PhotoToAdd { place, attribution, .. } = photo;
    let pairs = [
        (&place.neighbourhood, &held.place.neighbourhood),
        (&place.city, &held.place.city),
        (&place.county, &held.place.county),
        (&place.state, &held.place.state),
        (&place.region, &held.place.region),
        (&place.country, &held.place.country),
        (&place.country_code, &held.place.country_code),
        (&attribution.author, &held.attribution.author),
        (&attribution.licence, &held.attribution.licence),
        (&attribution.source, &held.attribution.source),
    ];
    pairs.into_iter().any(|(given, known)| given.is_some() && given != known)
}

/// How a photo compares with the one that is held.
pub(crate) enum Compared {
    /// The same.
    Same,
    /// The same, although its file looks another way: its stamp is this one now.
    Restamped(FileStamp),
    /// Another one.
    Other(Difference),
}

impl GalleryBuilder<'_> {
    /// Compares a photo with the one that the gallery holds. The photo is read only if its file, or a sidecar that may
    /// state its place, has another time or length than before.
    pub(crate) fn compare(&self, photo: &PhotoToAdd, held: &HeldPhoto) -> Compared {
        if let Some(other) = photo.location.and_then(|now| Difference::of_places(now, held.location)) {
            return Compared::Other(other);
        }
        if is_described_otherwise(photo, held) {
            return Compared::Other(Difference::Description);
        }
        let (Some(stamp), Some((bytes, modified))) = (held.file, self.state(photo)) else {
            return Compared::Same;
        };
        if (bytes, modified) == (stamp.bytes, stamp.modified) || modified == 0 && bytes == stamp.bytes {
            return Compared::Same;
        }
        let Ok(content) = self.photos.read(&photo.id) else { return Compared::Same };
        let now = FileStamp::of(&content, modified);
        if (now.bytes, now.crc) != (stamp.bytes, stamp.crc) {
            return Compared::Other(Difference::File);
        }
        let stated = if photo.location.is_none() { self.stated(&photo.id, &content).ok() } else { None };
        match stated.and_then(|(place, _)| Difference::of_places(place, held.location)) {
            Some(other) => Compared::Other(other),
            None => Compared::Restamped(now),
        }
    }

    /// Length of a photo's file, and the time (seconds since 1970) at which it or what states its place last changed.
    pub(crate) fn state(&self, photo: &PhotoToAdd) -> Option<(u64, i64)> {
        let name = self.photos.name_of(&photo.id);
        let (bytes, mut modified) = self.photos.file_state(&name)?;
        if photo.location.is_none() && modified != 0 {
            let sidecars = sidecar_names(&name.0, self.sidecars);
            let times = sidecars.iter().filter_map(|sidecar| self.photos.sidecar_time(sidecar));
            modified = times.fold(modified, i64::max);
        }
        Some((bytes, modified))
    }

    /// The location that a photo or a file beside it states, and what contradicts it.
    pub(crate) fn stated(&self, id: &PhotoId, bytes: &[u8]) -> Result<(LatLon, Option<String>), Failure> {
        let name = self.photos.name_of(id).0;
        let mut read = |sidecar: &str| self.photos.sidecar(sidecar);
        let stated =
            stated_location_with(&name, bytes, self.sidecars, &mut read).map_err(|none| none.named(&id.0))?;
        Ok((stated.location, stated.contradiction_note(&id.0)))
    }
}
