//! Opening what a pack names: encoder, gallery, world-wide coordinates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{Encoder as _, Failure};
use gallery::{Gallery, GallerySpec, LocationIndex, VectorPrecision};
use nets::LoadOptions;
use nets::geoclip::LocationEncoder;

use crate::coordinates::encode_coordinates;
use crate::pack::Pack;
use crate::{PackError, PhotoEncoder, fingerprint};

/// Where the encoded coordinates of a pack are kept, in its directory.
const COORDINATES_INDEX: &str = "coordinates.locations";

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
    /// Opens everything that locating needs; `gallery` replaces the pack's own. A pack that has neither a gallery nor an
    /// index of its coordinates encodes those, once: the index is kept in the pack's directory.
    ///
    /// # Errors
    /// [`PackError`] for anything missing, damaged or unfitting.
    pub fn open(pack: &Pack, gallery: Option<&Path>) -> Result<Self, PackError> {
        Self::open_with(pack, gallery, &LoadOptions::default())
    }

    /// As [`Parts::open`], with the encoder on another device.
    ///
    /// # Errors
    /// As [`Parts::open`]; an encoder that has no GPU form refuses one by name.
    pub fn open_with(pack: &Pack, gallery: Option<&Path>, load: &LoadOptions) -> Result<Self, PackError> {
        Self::open_parts(pack, gallery, true, load)
    }

    /// As [`Parts::open_with`], for a caller who brings other coordinates: the pack's own are not encoded for nothing.
    ///
    /// # Errors
    /// As [`Parts::open_with`].
    pub fn open_for_coordinates(
        pack: &Pack,
        gallery: Option<&Path>,
        load: &LoadOptions,
    ) -> Result<Self, PackError> {
        Self::open_parts(pack, gallery, false, load)
    }

    fn open_parts(
        pack: &Pack,
        gallery: Option<&Path>,
        own_coordinates: bool,
        load: &LoadOptions,
    ) -> Result<Self, PackError> {
        let expected = fingerprint(pack.manifest());
        let (encoder, (gallery, locations)) = rayon::join(
            || PhotoEncoder::open_with(pack, load),
            || (open_gallery(pack, gallery, &expected), open_locations(pack, &expected)),
        );
        let encoder = Arc::new(encoder?);
        let gallery = match gallery? {
            Some(gallery) => gallery,
            None if pack.manifest().locations.has_places() || !own_coordinates => {
                no_photos(&encoder, &expected)?
            }
            None => return Err(PackError::NoGallery { directory: pack.directory().to_owned() }),
        };
        let locations = match (locations?, &pack.manifest().locations.coordinates) {
            (Some(index), _) => index,
            (None, Some(list)) if own_coordinates && gallery.photo_count() == 0 => {
                pack.verify_file(list)?;
                let kept = pack.path(COORDINATES_INDEX);
                encode_coordinates(pack, encoder.as_ref(), &pack.path(list), kept)?.index
            }
            (None, _) => no_places(&expected)?,
        };
        Ok(Self { encoder, gallery: Arc::new(gallery), locations: Arc::new(locations), more_locations: None })
    }

    /// Whether opening a pack without another gallery has to encode its coordinates first, which takes a while.
    pub fn would_encode_coordinates(pack: &Pack) -> bool {
        let manifest = pack.manifest();
        let has_list = manifest.locations.index.is_none() && manifest.locations.coordinates.is_some();
        manifest.gallery.is_none() && has_list && !pack.path(COORDINATES_INDEX).exists()
    }
}

/// The gallery that is named, or else the pack's own, if it has one.
fn open_gallery(pack: &Pack, other: Option<&Path>, fingerprint: &str) -> Result<Option<Gallery>, PackError> {
    let directory: PathBuf = match (other, &pack.manifest().gallery) {
        (Some(other), _) => other.to_owned(),
        (None, Some(own)) => {
            pack.verify_directory(&own.path)?;
            pack.path(&own.path)
        }
        (None, None) => return Ok(None),
    };
    Gallery::open(&directory, Some(fingerprint)).map(Some).map_err(part)
}

/// What stands for a gallery where only coordinates are searched.
fn no_photos(encoder: &PhotoEncoder, fingerprint: &str) -> Result<Gallery, PackError> {
    let spec = GallerySpec {
        name: "coordinates".to_owned(),
        encoder_fingerprint: fingerprint.to_owned(),
        channels: encoder.channels().to_vec(),
        precision: VectorPrecision::Int8,
        sources: Vec::new(),
    };
    Gallery::empty(&spec).map_err(part)
}

fn open_locations(pack: &Pack, fingerprint: &str) -> Result<Option<LocationIndex>, PackError> {
    let Some(index) = &pack.manifest().locations.index else { return Ok(None) };
    pack.verify_file(index)?;
    LocationIndex::open(&pack.path(index), Some(fingerprint)).map(Some).map_err(part)
}

fn no_places(fingerprint: &str) -> Result<LocationIndex, PackError> {
    LocationIndex::build(fingerprint, 1, &[], std::iter::empty(), VectorPrecision::Int8).map_err(part)
}

/// Loads the pack's location encoder, which only adding photos needs; `None` for encoders that have none, or their own.
///
/// # Errors
/// [`PackError`] when its file is damaged.
pub fn open_location_encoder(pack: &Pack) -> Result<Option<LocationEncoder>, PackError> {
    let Some(name) = &pack.manifest().locations.encoder else { return Ok(None) };
    pack.verify_file(name)?;
    Ok(Some(LocationEncoder::from_file(&pack.path(name), &LoadOptions::default())?))
}

fn part(error: impl Into<Failure>) -> PackError {
    PackError::Part(error.into())
}
