//! The GPS tag of EXIF data, as exiftool would find it.

use super::angle::{Angle, Part};
use super::coordinates::{Half, Statement};
use super::tiff::{Directory, Entry, Tiff};

const GPS_POINTER: u16 = 0x8825;
const LATITUDE_REFERENCE: u16 = 1;
const LATITUDE: u16 = 2;
const LONGITUDE_REFERENCE: u16 = 3;
const LONGITUDE: u16 = 4;
const ALTITUDE_REFERENCE: u16 = 5;
const ALTITUDE: u16 = 6;
/// The greatest tag of a GPS directory (horizontal positioning error).
const GREATEST: u16 = 31;

/// Pointers to GPS directories that are followed.
const MOST_POINTERS: usize = 8;

/// What EXIF data say about the location.
#[derive(Debug)]
pub(super) enum Exif {
    /// They cannot be followed; the text says where it ends.
    Damaged(&'static str),
    /// They have no GPS tag.
    NoGpsTag,
    /// They have one.
    Gps(Statement),
}

/// Reads a block that begins with a TIFF header.
pub(super) fn read(block: &[u8]) -> Exif {
    let Some(tiff) = Tiff::new(block) else { return Exif::Damaged("its header is not valid") };
    let directories = tiff.directories();
    if directories.is_empty() {
        return Exif::Damaged("its main directory is missing");
    }
    let pointers = directories.iter().flat_map(|directory| &directory.entries);
    let pointers: Vec<Entry> =
        pointers.filter(|entry| entry.tag == GPS_POINTER).take(MOST_POINTERS).copied().collect();
    if pointers.is_empty() {
        return if directories.iter().any(|directory| directory.is_cut) {
            Exif::Damaged("it ends within a directory")
        } else if directories.iter().any(|directory| directory.has_strange_entries) {
            Exif::Damaged("a directory has entries of types that do not exist")
        } else {
            Exif::NoGpsTag
        };
    }
    let mut found: Vec<Directory> =
        pointers.iter().filter_map(|pointer| gps_directory(&tiff, *pointer)).collect();
    let best = found.iter().position(has_coordinates).unwrap_or(0);
    if found.is_empty() {
        return Exif::Damaged("its GPS tag points to no directory");
    }
    statement(&tiff, &found.swap_remove(best))
}

/// The directory that a pointer leads to; of the ways to read the pointer, the first that leads to coordinates.
fn gps_directory(tiff: &Tiff<'_>, pointer: Entry) -> Option<Directory> {
    let readings = tiff.pointers(pointer).into_iter().filter_map(|at| tiff.directory(at));
    let mut plausible: Vec<Directory> = readings.filter(looks_like_gps).collect();
    let best = plausible.iter().position(has_coordinates).unwrap_or(0);
    (!plausible.is_empty()).then(|| plausible.swap_remove(best))
}

fn looks_like_gps(directory: &Directory) -> bool {
    directory.entries.first().is_none_or(|entry| entry.tag <= GREATEST)
}

fn has_coordinates(directory: &Directory) -> bool {
    directory.entries.iter().any(|entry| matches!(entry.tag, LATITUDE | LONGITUDE))
}

fn statement(tiff: &Tiff<'_>, directory: &Directory) -> Exif {
    let entry = |tag: u16| directory.entries.iter().find(|entry| entry.tag == tag).copied();
    let half = |value: u16, reference: u16| -> Option<Half> {
        let value = match entry(value) {
            Some(entry) => angle(tiff, entry)?,
            None => None,
        };
        Some(Half { value, reference: entry(reference).and_then(|entry| tiff.text(entry)) })
    };
    let latitude = half(LATITUDE, LATITUDE_REFERENCE);
    let longitude = half(LONGITUDE, LONGITUDE_REFERENCE);
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
        return Exif::Damaged("its GPS tag points outside of it");
    };
    if latitude.value.is_none() && longitude.value.is_none() && directory.is_cut {
        return Exif::Damaged("it ends within the GPS tag");
    }
    let below_sea = entry(ALTITUDE_REFERENCE).and_then(|entry| tiff.numbers(entry));
    let below_sea = below_sea.is_some_and(|parts| parts == [Part::Number(1.0)]);
    let altitude = match entry(ALTITUDE).and_then(|entry| tiff.numbers(entry)).as_deref() {
        Some([Part::Number(metres)]) if metres.is_finite() => Some(if below_sea { -metres } else { *metres }),
        _ => None,
    };
    Exif::Gps(Statement { latitude, longitude, altitude, bare_numbers_are_signed: false })
}

/// An angle; `None` if it lies outside of the data.
#[allow(clippy::option_option, reason = "outside of the data, empty, and there are three things")]
fn angle(tiff: &Tiff<'_>, entry: Entry) -> Option<Option<Result<Angle, String>>> {
    if Tiff::is_text(entry) {
        let text = tiff.text(entry)?;
        return Some((!text.trim().is_empty()).then(|| Angle::from_text(&text).ok_or(text)));
    }
    let parts = tiff.numbers(entry)?;
    Some((!parts.is_empty()).then(|| Ok(Angle { parts, ..Angle::default() })))
}
