//! Distances, destinations and means of points.

use std::sync::LazyLock;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};

use crate::LatLon;

/// Radius of the sphere used for great-circle distances, km (the value the golden numbers use).
pub const EARTH_RADIUS_KM: f64 = 6371.0;

static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// Length of the shortest path on the WGS-84 ellipsoid, km (Karney 2013, *Algorithms for geodesics*). Exact
/// to nanometres, antipodal points included; about 0.5 microseconds. Every reported distance is this one.
///
/// ```
/// # fn main() -> Result<(), geo::CoordinateError> {
/// let sydney = geo::LatLon::new(-33.8688, 151.2093)?;
/// let melbourne = geo::LatLon::new(-37.8136, 144.9631)?;
/// assert!((geo::geodesic_km(sydney, melbourne) - 713.8).abs() < 0.1);
/// # Ok(())
/// # }
/// ```
pub fn geodesic_km(from: LatLon, to: LatLon) -> f64 {
    let metres: f64 = WGS84.inverse(from.latitude(), from.longitude(), to.latitude(), to.longitude());
    metres / 1000.0
}

/// Great-circle distance on a sphere of [`EARTH_RADIUS_KM`], km. Within 0.6 % of the geodesic and many
/// times faster: for filters and kernels, never for reported accuracy.
pub fn haversine_km(from: LatLon, to: LatLon) -> f64 {
    let (latitude_a, latitude_b) = (from.latitude().to_radians(), to.latitude().to_radians());
    let half_latitude = (latitude_b - latitude_a) / 2.0;
    let half_longitude = (to.longitude() - from.longitude()).to_radians() / 2.0;
    let chord =
        half_latitude.sin().powi(2) + latitude_a.cos() * latitude_b.cos() * half_longitude.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
}

/// The point that lies `distance_km` from `from` along the geodesic that starts at `bearing_degrees`
/// (clockwise from north). `None` when one of the numbers is not finite.
///
/// A circle on the map is a row of destinations:
///
/// ```
/// # fn main() -> Result<(), geo::CoordinateError> {
/// let centre = geo::LatLon::new(48.8566, 2.3522)?;
/// let circle: Vec<geo::LatLon> =
///     (0..72).filter_map(|step| geo::destination(centre, f64::from(step) * 5.0, 25.0)).collect();
/// assert!(circle.iter().all(|point| (geo::geodesic_km(centre, *point) - 25.0).abs() < 1e-6));
/// # Ok(())
/// # }
/// ```
pub fn destination(from: LatLon, bearing_degrees: f64, distance_km: f64) -> Option<LatLon> {
    if !(bearing_degrees.is_finite() && distance_km.is_finite()) {
        return None;
    }
    let (latitude, longitude): (f64, f64) =
        WGS84.direct(from.latitude(), from.longitude(), bearing_degrees, distance_km * 1000.0);
    LatLon::wrapped(latitude.clamp(-90.0, 90.0), longitude).ok()
}

/// Weighted mean direction of points on the sphere. Weights must not be negative.
///
/// `None` when there is no weight, or when the points cancel out (such as two antipodes), so that no
/// direction is the mean.
pub fn spherical_mean(points: &[(LatLon, f64)]) -> Option<LatLon> {
    let mut sum = [0.0; 3];
    let mut total = 0.0;
    for (point, weight) in points {
        for (axis, part) in sum.iter_mut().zip(point.to_unit_vector()) {
            *axis += weight * part;
        }
        total += weight;
    }
    let length = sum.iter().map(|axis| axis * axis).sum::<f64>().sqrt();
    // Rounding leaves about 1e-16 of the total where points cancel out.
    if length > 1e-12 * total { LatLon::from_vector(sum) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::CoordinateError;

    const GOLDEN: &str = include_str!("../../../tests/golden/geodesy/distances.json");

    fn number(value: &Value) -> f64 {
        value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
    }

    fn golden() -> Value {
        serde_json::from_str(GOLDEN).unwrap()
    }

    fn point(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    #[test]
    fn equals_the_golden_distances() {
        let golden = golden();
        let pairs = golden["pairs"].as_array().unwrap();
        assert_eq!(pairs.len(), 200);
        for pair in pairs {
            let end = |name: &str| LatLon::wrapped(number(&pair[name][0]), number(&pair[name][1])).unwrap();
            let (a, b) = (end("a"), end("b"));
            let geodesic = number(&pair["geodesic_km"]);
            assert!((geodesic_km(a, b) - geodesic).abs() < 1e-6, "{pair}: {}", geodesic_km(a, b));
            let haversine = number(&pair["haversine_km_R6371"]);
            assert!((haversine_km(a, b) - haversine).abs() < 1e-9, "{pair}: {}", haversine_km(a, b));
        }
    }

    #[test]
    fn refuses_what_the_reference_refuses() {
        let golden = golden();
        let errors = golden["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 2);
        for case in errors {
            let refusal = LatLon::new(number(&case["a"][0]), number(&case["a"][1]));
            assert!(matches!(refusal, Err(CoordinateError::Latitude(_))), "{case}");
        }
    }

    #[test]
    fn means_are_weighted_and_cross_the_antimeridian() {
        let middle = spherical_mean(&[(point(0.0, 179.0), 1.0), (point(0.0, -179.0), 1.0)]).unwrap();
        assert!((middle.longitude().abs() - 180.0).abs() < 1e-9, "{middle}");
        let heavier = spherical_mean(&[(point(0.0, 0.0), 3.0), (point(0.0, 1.0), 1.0)]).unwrap();
        assert!((heavier.longitude() - 0.25).abs() < 1e-4, "{heavier}");
        assert_eq!(spherical_mean(&[]), None);
        assert_eq!(spherical_mean(&[(point(1.0, 1.0), 0.0)]), None);
        assert_eq!(spherical_mean(&[(point(30.0, 40.0), 1.0), (point(-30.0, -140.0), 1.0)]), None);
    }

    #[test]
    fn destinations_refuse_what_is_not_finite() {
        assert_eq!(destination(point(0.0, 0.0), f64::NAN, 1.0), None);
        assert_eq!(destination(point(0.0, 0.0), 0.0, f64::INFINITY), None);
    }

    fn any_point() -> impl Strategy<Value = LatLon> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| point(latitude, longitude))
    }

    proptest! {
        #[test]
        fn a_distance_is_a_metric(a in any_point(), b in any_point(), c in any_point()) {
            prop_assert!((geodesic_km(a, b) - geodesic_km(b, a)).abs() < 1e-8);
            prop_assert!((haversine_km(a, b) - haversine_km(b, a)).abs() < 1e-8);
            prop_assert!(geodesic_km(a, a).abs() < 1e-8);
            prop_assert!(geodesic_km(a, c) <= geodesic_km(a, b) + geodesic_km(b, c) + 1e-6);
            prop_assert!(haversine_km(a, c) <= haversine_km(a, b) + haversine_km(b, c) + 1e-6);
        }

        #[test]
        fn the_sphere_is_close_to_the_ellipsoid(a in any_point(), b in any_point()) {
            let (ellipsoid, sphere) = (geodesic_km(a, b), haversine_km(a, b));
            prop_assert!((ellipsoid - sphere).abs() <= 0.006 * ellipsoid + 1e-6, "{ellipsoid} {sphere}");
        }

        #[test]
        fn destinations_lie_at_their_distance(
            from in any_point(), bearing in -360.0..720.0, distance in 0.0..10_000.0,
        ) {
            let reached = destination(from, bearing, distance).unwrap();
            prop_assert!((geodesic_km(from, reached) - distance).abs() < 1e-6);
        }

        #[test]
        fn the_mean_of_one_point_is_the_point(only in any_point(), weight in 0.01..100.0) {
            prop_assert!(haversine_km(spherical_mean(&[(only, weight)]).unwrap(), only) < 1e-4);
        }
    }
}
