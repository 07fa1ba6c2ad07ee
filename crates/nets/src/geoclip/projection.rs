//! The Equal Earth projection, scaled as GeoCLIP scales it.

use geo::LatLon;

/// Coefficients of the projection's polynomial in the parametric latitude.
const A1: f64 = 1.340_264;
const A2: f64 = -0.081_106;
const A3: f64 = 0.000_893;
const A4: f64 = 0.003_796;

/// GeoCLIP's scale: the projection's units in degrees.
const UNITS: f32 = 66.50336;

/// The projection's units to about `[-1, 1]`.
const SCALE: f64 = 66.50336 / 180.0;

/// Projected `[x, y]`, x to the east and y to the north, `x` in about `[-1, 1]`, `y` in about `[-0.5, 0.5]`.
///
/// B. Šavrič, T. Patterson, B. Jenny: "The Equal Earth map projection", 2018. With the parametric latitude
/// `t = asin(sqrt(3)/2 sin(latitude))` and `p(t) = A1 t + A2 t^3 + A3 t^7 + A4 t^9`:
/// `x = 2 longitude cos(t) / (sqrt(3) p'(t))`, `y = p(t)`.
///
/// ```
/// let origin = geo::LatLon::new(0.0, 0.0)?;
/// assert_eq!(nets::geoclip::equal_earth(origin), [0.0, 0.0]);
/// # Ok::<(), geo::CoordinateError>(())
/// ```
pub fn equal_earth(location: LatLon) -> [f64; 2] {
    let root = 3.0_f64.sqrt();
    let t = (root / 2.0 * location.latitude().to_radians().sin()).asin();
    let square = t * t;
    let sixth = square * square * square;
    let slope = A1 + 3.0 * A2 * square + sixth * (7.0 * A3 + 9.0 * A4 * square);
    let x = 2.0 * location.longitude().to_radians() * t.cos() / (root * slope);
    let y = t * (A1 + A2 * square + sixth * (A3 + A4 * square));
    [x * SCALE, y * SCALE]
}

/// As [`equal_earth`], each step rounded to f32 as the official encoder does, times `2 pi`.
///
/// At the encoder's finest scale one unit in the last place of an f32 turns a phase by up to 3e-4 radians. The
/// networks learned with that rounding in place, so following it gives vectors closer to the published ones
/// than exact arithmetic does: five times on average. What remains is the official sine's own last bit.
pub(super) fn two_pi_equal_earth(location: LatLon) -> [f32; 2] {
    const TO_RADIANS: f32 = (std::f64::consts::PI / 180.0) as f32;
    let root = 3.0_f32.sqrt();
    let rounded = |function: fn(f64) -> f64, value: f32| function(f64::from(value)) as f32;
    let latitude = location.latitude() as f32 * TO_RADIANS;
    let longitude = location.longitude() as f32 * TO_RADIANS;
    let t = rounded(f64::asin, root / 2.0 * rounded(f64::sin, latitude));
    let power = |exponent: i32| f64::from(t).powi(exponent) as f32;
    let (square, cube) = (t * t, t * t * t);
    let slope = 3.0
        * ((9.0 * A4) as f32 * power(8)
            + (7.0 * A3) as f32 * power(6)
            + (3.0 * A2) as f32 * square
            + A1 as f32);
    let x = 2.0 * root * longitude * rounded(f64::cos, t) / slope;
    let y = A4 as f32 * power(9) + A3 as f32 * power(7) + A2 as f32 * cube + A1 as f32 * t;
    [x, y].map(|value| value * UNITS / 180.0 * std::f32::consts::TAU)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn mirrors_with_the_signs(latitude in -90.0_f64..=90.0, longitude in -180.0_f64..=180.0) {
            let [x, y] = equal_earth(LatLon::new(latitude, longitude).unwrap());
            let [mirrored_x, mirrored_y] = equal_earth(LatLon::new(-latitude, -longitude).unwrap());
            prop_assert!((mirrored_x + x).abs() < 1e-15 && (mirrored_y + y).abs() < 1e-15);
            prop_assert!(x.abs() <= 1.0 && y.abs() <= 0.5);
        }

        #[test]
        fn rounding_moves_little(latitude in -90.0_f64..=90.0, longitude in -180.0_f64..=180.0) {
            let location = LatLon::new(latitude, longitude).unwrap();
            let exact = equal_earth(location).map(|value| value * std::f64::consts::TAU);
            for (rounded, exact) in two_pi_equal_earth(location).into_iter().zip(exact) {
                prop_assert!((f64::from(rounded) - exact).abs() < 4e-6, "{} {}", rounded, exact);
            }
        }

        #[test]
        fn keeps_areas(latitude in -88.0_f64..88.0, longitude in -179.0_f64..179.0) {
            // A small cell's area on the map, over its area on the sphere, is the same everywhere.
            let step = 1e-4;
            let at = |latitude, longitude| equal_earth(LatLon::new(latitude, longitude).unwrap());
            let [x0, y0] = at(latitude - step, longitude - step);
            let [x1, _] = at(latitude - step, longitude + step);
            let [x2, y2] = at(latitude + step, longitude - step);
            let area = (x1 - x0 + x2 - x0 - (x2 - x0)) * (y2 - y0);
            let radians = (2.0 * step).to_radians();
            let ratio = area / (radians * radians * latitude.to_radians().cos()) / (SCALE * SCALE);
            prop_assert!((ratio - 1.0).abs() < 1e-3, "{}", ratio);
        }
    }
}
