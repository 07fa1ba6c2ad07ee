//! The location that a photo states: what is read, and what is refused with which words.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]
#![allow(clippy::format_collect, clippy::trivially_copy_pass_by_ref, reason = "files are built plainly")]

mod build;
mod containers;
mod exif_flaws;
mod hemispheres;
mod hostile;
mod messages;
mod rationals;
mod takeout_files;
mod xmp_files;

use photo::{StatedLocation, stated_location};

/// The reason why these bytes state no location.
fn refused(bytes: &[u8]) -> String {
    match stated_location(bytes) {
        Ok(stated) => format!("placed at {}", stated.location),
        Err(none) => none.to_string(),
    }
}

fn found(name: &str, bytes: &[u8]) -> StatedLocation {
    stated_location(bytes).unwrap_or_else(|none| panic!("{name}: {none}"))
}

#[track_caller]
fn assert_at(name: &str, stated: &StatedLocation, latitude: f64, longitude: f64) {
    let (north, east) = (stated.location.latitude(), stated.location.longitude());
    assert!((north - latitude).abs() < 1e-6 && (east - longitude).abs() < 1e-6, "{name}: {north}, {east}");
}

#[track_caller]
fn assert_eiffel(name: &str, bytes: &[u8]) {
    assert_at(name, &found(name, bytes), 48.858_267, 2.2945);
}
