//! Opening a pack with what a user brings: another gallery, other coordinates.

use std::path::PathBuf;
use std::sync::Arc;

use contract::Failure;
use nets::LoadOptions;

use crate::coordinates::open_coordinates;
use crate::{Locator, Pack, Parts};

/// What a locator is made of besides its pack.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Searched in place of the pack's own gallery.
    pub gallery: Option<PathBuf>,
    /// A list of coordinates (CSV: `LAT`, `LON`) in place of the pack's own.
    pub coordinates: Option<PathBuf>,
    /// A list of coordinates that is searched besides the pack's own.
    pub more_coordinates: Option<PathBuf>,
    /// Where the encoder runs; its number format is the pack's.
    pub load: LoadOptions,
}

/// What takes a while, or is worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenEvent {
    /// The pack's coordinates are about to be encoded; the result is kept in its directory.
    EncodingCoordinates,
    /// A list of coordinates was encoded.
    CoordinatesEncoded {
        /// How many.
        count: usize,
        /// Where the result is kept; `None` where nothing can be written beside the list.
        kept: Option<PathBuf>,
    },
}

impl Locator {
    /// Opens a pack with what the user brings.
    ///
    /// # Errors
    /// As [`Locator::open`]; a list of coordinates that cannot be read, or that this pack cannot search.
    pub fn open_with(
        pack: &Pack,
        options: &OpenOptions,
        tell: &mut dyn FnMut(OpenEvent),
    ) -> Result<Self, Failure> {
        let gallery = options.gallery.as_deref();
        let has_places = pack.manifest().locations.has_places();
        let brings_all = options.coordinates.is_some() || options.more_coordinates.is_some() && !has_places;
        let mut parts = if brings_all {
            Parts::open_for_coordinates(pack, gallery, &options.load)?
        } else {
            if gallery.is_none() && Parts::would_encode_coordinates(pack) {
                tell(OpenEvent::EncodingCoordinates);
            }
            Parts::open_with(pack, gallery, &options.load)?
        };
        if let Some(list) = options.coordinates.as_ref().or(options.more_coordinates.as_ref()) {
            let opened = open_coordinates(pack, parts.encoder.as_ref(), list)?;
            if !opened.found {
                let count = opened.index.location_count();
                tell(OpenEvent::CoordinatesEncoded { count, kept: opened.kept });
            }
            let index = Arc::new(opened.index);
            if options.coordinates.is_some() {
                parts.locations = index;
            } else {
                parts.more_locations = Some(index);
            }
        }
        Ok(Self::from_parts(pack, parts)?)
    }
}
