//! The location that a photo states: in its EXIF data, in its XMP, or in a file beside it.
//!
//! Read in this order, the first usable one counts: EXIF, XMP in the file, XMP sidecars, Google Takeout's JSON. A later
//! one that contradicts it is handed over as well. What cannot be used is refused with its own reason; nothing is
//! guessed, and 0, 0 is never a location.
//!
//! Containers and EXIF are read by code of our own: see `tiff`, `blocks` and `iso_blocks` for why no library does it.

mod angle;
mod blocks;
mod coordinates;
mod exif;
mod iso_blocks;
mod jpeg_blocks;
mod png_blocks;
mod refusal;
mod sidecars;
mod taken;
mod takeout;
mod tiff;
mod xmp;

use contract::{Failure, catch_panic};
use geo::{LatLon, geodesic_km};

use self::blocks::Blocks;
use self::coordinates::Statement;
use self::exif::Exif;

pub use self::taken::{CaptureTime, capture_time};

pub use self::refusal::{Axis, HemisphereDoubt, LocationSource, NoLocation, NoLocationReason, Refusal, Unit};

/// Two locations this far apart (km) contradict each other.
const CONTRADICTION_KM: f64 = 1.0;

/// Which files beside a photo are read for its location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sidecars {
    /// None.
    None,
    /// XMP sidecars: `NAME.EXT.xmp` and `NAME.xmp`.
    #[default]
    Xmp,
    /// XMP sidecars, and the JSON files of Google Takeout.
    XmpAndTakeout,
}

/// Where a photo says it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedLocation {
    /// The location.
    pub location: LatLon,
    /// Metres above sea level.
    pub altitude: Option<f64>,
    /// Who says so.
    pub source: LocationSource,
    /// The first other source that says something else.
    pub contradiction: Option<Contradiction>,
}

/// A location that contradicts the one that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// Who says so.
    pub source: LocationSource,
    /// The other location.
    pub location: LatLon,
    /// Kilometres between the two.
    pub km: f64,
}

impl StatedLocation {
    /// The contradiction, if there is one, as a sentence about the photo of this name.
    pub fn contradiction_note(&self, photo: &str) -> Option<String> {
        let Contradiction { source, location, km } = self.contradiction.as_ref()?;
        let (used, used_source) = (self.location, &self.source);
        Some(format!(
            "{photo}: {used_source} says {used}, but {source} says {location}, {km:.1} km away; {used_source} is used"
        ))
    }
}

/// Reads the location that is stated in a photo file.
///
/// # Errors
/// [`NoLocation`], with one reason per cause. It never panics: a block whose reader does so counts as damaged.
pub fn stated_location(bytes: &[u8]) -> Result<StatedLocation, NoLocation> {
    Statements::in_file(bytes).conclude(None)
}

/// As [`stated_location`], with the files beside the photo.
///
/// `read` returns the bytes of the file of a name, if there is one; the names begin with the folder of `file_name`,
/// exactly as given. It is asked for sidecars that `sidecars` leaves out only if there is no location otherwise, so
/// that the error can name the one that has it.
///
/// # Errors
/// [`NoLocation`], with one reason per cause.
pub fn stated_location_with(
    file_name: &str,
    bytes: &[u8],
    sidecars: Sidecars,
    read: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<StatedLocation, NoLocation> {
    let mut statements = Statements::in_file(bytes);
    if sidecars >= Sidecars::Xmp {
        statements.add_xmp_sidecars(file_name, read);
    }
    if sidecars >= Sidecars::XmpAndTakeout {
        statements.add_takeout(file_name, read);
    }
    let unread = if statements.usable.is_empty() && sidecars < Sidecars::XmpAndTakeout {
        let mut others = Statements::default();
        if sidecars < Sidecars::Xmp {
            others.add_xmp_sidecars(file_name, read);
        }
        others.add_takeout(file_name, read);
        others.conclude(None).ok().and_then(|other| match other.source {
            LocationSource::XmpSidecar(name) | LocationSource::Takeout(name) => Some(name),
            LocationSource::Exif | LocationSource::Xmp => None,
        })
    } else {
        None
    };
    statements.conclude(unread)
}

/// The names of the files beside a photo that [`stated_location_with`] asks for. They begin with the folder of
/// `file_name`, exactly as given.
pub fn sidecar_names(file_name: &str, wanted: Sidecars) -> Vec<String> {
    let mut names = if wanted >= Sidecars::Xmp { sidecars::xmp(file_name) } else { Vec::new() };
    if wanted >= Sidecars::XmpAndTakeout {
        names.extend(sidecars::takeout(file_name).into_iter().map(|name| name.file));
    }
    names
}

/// Reads the location that is stated in a photo file, for callers that show failures.
///
/// # Errors
/// A [`Failure`] that names the photo and the reason.
pub fn gps_tag(name: &str, bytes: &[u8]) -> Result<LatLon, Failure> {
    stated_location(bytes).map(|stated| stated.location).map_err(|none| none.named(name))
}

/// All that was stated, in the order in which it counts.
#[derive(Default)]
struct Statements {
    has_exif: bool,
    usable: Vec<(LocationSource, LatLon, Option<f64>)>,
    reasons: Vec<NoLocationReason>,
}

impl Statements {
    fn in_file(bytes: &[u8]) -> Self {
        let mut statements = Self::default();
        let Ok(blocks) = catch_panic(|| Blocks::of(bytes)) else {
            statements.damaged_exif("its reader gave up");
            return statements;
        };
        for block in &blocks.exif {
            statements.has_exif = true;
            match catch_panic(|| exif::read(block)) {
                Ok(Exif::Gps(statement)) => {
                    statements.add(LocationSource::Exif, &statement);
                }
                Ok(Exif::Damaged(why)) => statements.damaged_exif(why),
                Ok(Exif::NoGpsTag) => {}
                Err(_) => statements.damaged_exif("its reader gave up"),
            }
        }
        for packet in &blocks.xmp {
            statements.add_packet(&LocationSource::Xmp, packet);
        }
        statements
    }

    fn add_xmp_sidecars(&mut self, photo: &str, read: &mut dyn FnMut(&str) -> Option<Vec<u8>>) {
        for name in sidecars::xmp(photo) {
            if let Some(bytes) = read(&name) {
                self.add_packet(&LocationSource::XmpSidecar(name), &bytes);
            }
        }
    }

    /// Only the first JSON that fits belongs to the photo.
    fn add_takeout(&mut self, photo: &str, read: &mut dyn FnMut(&str) -> Option<Vec<u8>>) {
        for name in sidecars::takeout(photo) {
            let Some(bytes) = read(&name.file) else { continue };
            let read = catch_panic(|| takeout::read(&bytes))
                .unwrap_or_else(|_| Err(Refusal::Damaged { why: "its reader gave up".to_owned() }));
            let said = match read {
                Ok(json) if !name.fits(json.title.as_deref()) => continue,
                Ok(json) => json.location,
                Err(why) => Err(why),
            };
            let source = LocationSource::Takeout(name.file);
            match said {
                Ok(Some((location, altitude))) => self.usable.push((source, location, altitude)),
                Ok(None) => {}
                Err(why) => self.refuse(source, why),
            }
            return;
        }
    }

    fn add_packet(&mut self, source: &LocationSource, packet: &[u8]) {
        let read = catch_panic(|| xmp::read(packet)).unwrap_or_else(|_| Err("its reader gave up".to_owned()));
        match read {
            Ok(found) => found.iter().for_each(|statement| self.add(source.clone(), statement)),
            Err(why) => self.refuse(source.clone(), Refusal::Damaged { why }),
        }
    }

    fn add(&mut self, source: LocationSource, statement: &Statement) {
        match statement.location() {
            Ok(Some(location)) => self.usable.push((source, location, statement.altitude)),
            Ok(None) => self.refuse(source, Refusal::NoCoordinates),
            Err(why) => self.refuse(source, why),
        }
    }

    fn refuse(&mut self, stated_by: LocationSource, why: Refusal) {
        self.reasons.push(NoLocationReason::Refused { stated_by, why });
    }

    fn damaged_exif(&mut self, why: &str) {
        self.reasons.push(NoLocationReason::DamagedExif { why: why.to_owned() });
    }

    fn conclude(self, unread_sidecar: Option<String>) -> Result<StatedLocation, NoLocation> {
        let mut usable = self.usable.into_iter();
        let Some((source, location, altitude)) = usable.next() else {
            let neither = if self.has_exif { NoLocationReason::NoGpsTag } else { NoLocationReason::NoExif };
            let reason = self.reasons.into_iter().next().unwrap_or(neither);
            return Err(NoLocation { reason, unread_sidecar });
        };
        let contradiction = usable
            .map(|(source, other, _)| Contradiction {
                source,
                location: other,
                km: geodesic_km(location, other),
            })
            .find(|other| other.km > CONTRADICTION_KM);
        Ok(StatedLocation { location, altitude, source, contradiction })
    }
}
