//! Opening what a pack names: encoder, gallery, world-wide coordinates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{Candidate, Channel, Diagnose, Failure, QueryEmbedding};
use gallery::{Gallery, LocationIndex, VectorPrecision};
use geo::LatLon;
use nets::geoclip::LocationEncoder;

use crate::pack::Pack;
use crate::{PackError, PhotoEncoder, fingerprint};

/// The heavy parts behind a [`crate::Locator`].
#[derive(Clone)]
pub struct Parts {
    /// Photos to vectors.
    pub encoder: Arc<PhotoEncoder>,
    /// Geotagged photos.
    pub gallery: Arc<Gallery>,
    /// Coordinates of the whole world; none where the pack has no index of them.
    pub locations: Arc<LocationIndex>,
    /// Further coordinates that are searched with them.
    pub more_locations: Option<Arc<LocationIndex>>,
}

impl Parts {
    /// Opens everything that locating needs; `gallery` replaces the pack's own.
    ///
    /// # Errors
    /// [`PackError`] for anything missing, damaged or unfitting.
    pub fn open(pack: &Pack, gallery: Option<&Path>) -> Result<Self, PackError> {
        let expected = fingerprint(pack.manifest());
        let (encoder, (gallery, locations)) = rayon::join(
            || PhotoEncoder::open(pack),
            || (open_gallery(pack, gallery, &expected), open_locations(pack, &expected)),
        );
        Ok(Self {
            encoder: Arc::new(encoder?),
            gallery: Arc::new(gallery?),
            locations: Arc::new(locations?),
            more_locations: None,
        })
    }
}

impl Parts {
    /// Fills in the candidates' own vectors: a photo's from the gallery, a bare coordinate's from the world-wide ones.
    pub fn attach_vectors(&self, candidates: &mut [Candidate]) {
        let bare: Vec<LatLon> =
            candidates.iter().filter(|one| one.photo.is_none()).map(|one| one.location).collect();
        let mut of_places = self.locations.vectors_at(&bare);
        if let Some(more) = &self.more_locations {
            for (known, other) in of_places.iter_mut().zip(more.vectors_at(&bare)) {
                *known = known.take().or(other);
            }
        }
        let mut of_places = of_places.into_iter();
        for candidate in candidates {
            candidate.embedding = if let Some(photo) = &candidate.photo {
                self.gallery.embedding(photo)
            } else {
                let vector = of_places.next().flatten().map(|vector| (Channel::location(), vector));
                QueryEmbedding { vectors: vector.into_iter().collect() }
            };
        }
    }
}

fn open_gallery(pack: &Pack, other: Option<&Path>, fingerprint: &str) -> Result<Gallery, PackError> {
    let directory: PathBuf = if let Some(other) = other {
        other.to_owned()
    } else {
        let own = &pack.manifest().gallery.path;
        pack.verify_directory(own)?;
        pack.path(own)
    };
    Gallery::open(&directory, Some(fingerprint)).map_err(|error| part(&error))
}

fn open_locations(pack: &Pack, fingerprint: &str) -> Result<LocationIndex, PackError> {
    let Some(index) = &pack.manifest().locations.index else {
        let none = LocationIndex::build(fingerprint, 1, &[], std::iter::empty(), VectorPrecision::Int8);
        return none.map_err(|error| part(&error));
    };
    pack.verify_file(index)?;
    LocationIndex::open(&pack.path(index), Some(fingerprint)).map_err(|error| part(&error))
}

/// Loads the pack's location encoder, which only adding photos needs; `None` for encoders that have none, or their own.
///
/// # Errors
/// [`PackError`] when its file is damaged.
pub fn open_location_encoder(pack: &Pack) -> Result<Option<LocationEncoder>, PackError> {
    let Some(name) = &pack.manifest().locations.encoder else { return Ok(None) };
    pack.verify_file(name)?;
    Ok(Some(LocationEncoder::from_file(&pack.path(name))?))
}

fn part(error: &impl Diagnose) -> PackError {
    PackError::Part(Failure::from_error(error))
}
