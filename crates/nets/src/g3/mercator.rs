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
    metres(location.latitude(), location.longitude()).map(|metres| metres / EDGE)
}

/// `[north, east]` of a place in degrees.
fn metres(latitude: f64, longitude: f64) -> [f64; 2] {
    [RADIUS * latitude.to_radians().tan().asinh(), RADIUS * longitude.to_radians()]
}

/// As [`web_mercator`], rounded to f32 where the official encoder rounds: degrees and metres come as f32, and the scale
/// is divided by in f32. What lies between is f64 there too.
///
/// At the encoder's finest scale one unit in the last place of an f32 turns a phase by up to 4e-4 radians, and the
/// network learned with that rounding in place.
fn rounded(location: LatLon) -> [f32; 2] {
    metres(location.latitude() as f32 as f64, location.longitude() as f32 as f64)
        .map(|metres| metres as f32 / EDGE as f32)
}

/// [`rounded`] times `2 pi`, in f32 as well.
pub(super) fn two_pi_web_mercator(location: LatLon) -> [f32; 2] {
    rounded(location).map(|value| std::f32::consts::TAU * value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// To the bit: a phase at the finest scale shows every unit in the last place.
    #[test]
    fn equals_the_official_numbers_to_the_bit() {
        let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::read(golden.join("../../tests/golden/g3/outputs.safetensors")).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
        let pairs = |name: &str| -> Vec<[f32; 2]> {
            let (pairs, rest) = tensors.tensor(name).unwrap().data().as_chunks::<8>();
            assert!(rest.is_empty());
            pairs
                .iter()
                .map(|&[a, b, c, d, e, f, g, h]| {
                    [f32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h])]
                })
                .collect()
        };
        let (places, expected) = (pairs("mercator_coords"), pairs("mercator_scaled"));
        assert_eq!((places.len(), expected.len()), (64, 64));
        for ([latitude, longitude], expected) in places.into_iter().zip(expected) {
            let place = LatLon::new(latitude.into(), longitude.into()).unwrap();
            assert_eq!(rounded(place).map(f32::to_bits), expected.map(f32::to_bits), "{place:?}");
        }
    }

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
