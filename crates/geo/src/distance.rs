//! Distances between points, in km.

use crate::LatLon;

/// Radius of the sphere used for great-circle distances, km (the value the golden numbers use).
pub const EARTH_RADIUS_KM: f64 = 6371.0;

/// Great-circle distance on a sphere of [`EARTH_RADIUS_KM`], km. Within 0.6 % of the geodesic and many
/// times faster: for filters and kernels, never for reported accuracy.
pub fn haversine_km(from: LatLon, to: LatLon) -> f64 {
    let (latitude_a, latitude_b) = (from.latitude().to_radians(), to.latitude().to_radians());
    let half_latitude = (latitude_b - latitude_a) / 2.0;
    let half_longitude = (to.longitude() - from.longitude()).to_radians() / 2.0;
    let chord = half_latitude.sin().powi(2)
        + latitude_a.cos() * latitude_b.cos() * half_longitude.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
}
