//! The Web Mercator projection, scaled as G3 scales it.

use geo::LatLon;

/// Radius of the sphere, metres.
const RADIUS: f64 = 6_378_137.0;

/// Metres from the middle of the map to its edge.
const EDGE: f64 = 20_037_508.342_789_2;

/// Projected `[north, east]`, in that order, `[-1, 1]` on the square map; the poles are finite, at about 12.1.
///
/// EPSG:3857 with `north = R asinh(tan(latitude))`, which f64 keeps finite at 90 degrees, as PROJ does.
///
/// ```
/// let [north, east] = nets::g3::web_mercator(geo::LatLon::new(0.0, 180.0)?);
/// assert_eq!(north, 0.0);
/// assert!((east - 1.0).abs() < 1e-12);
/// # Ok::<(), geo::CoordinateError>(())
/// ```
pub fn web_mercator(location: LatLon) -> [f64; 2] {
    let north = RADIUS * location.latitude().to_radians().tan().asinh();
    let east = RADIUS * location.longitude().to_radians();
    [north / EDGE, east / EDGE]
}

/// As [`web_mercator`], rounded to f32 as the official encoder does, times `2 pi`.
pub(super) fn two_pi_web_mercator(location: LatLon) -> [f32; 2] {
    web_mercator(location).map(|value| (std::f64::consts::TAU as f32) * value as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn mirrors_with_the_signs_and_grows_northwards(
            latitude in -89.0_f64..89.0, longitude in -180.0_f64..=180.0
        ) {
            let at = |latitude, longitude| web_mercator(LatLon::new(latitude, longitude).unwrap());
            let [north, east] = at(latitude, longitude);
            let [south, west] = at(-latitude, -longitude);
            prop_assert!((north + south).abs() < 1e-12 && (east + west).abs() < 1e-12);
            prop_assert!(at(latitude + 0.5, longitude)[0] > north);
            prop_assert!(east.abs() <= 1.0 + 1e-12);
        }
    }
}
