//! A validated WGS-84 coordinate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A position on the WGS-84 ellipsoid in degrees.
///
/// Latitude lies in `[-90, 90]`, longitude in `[-180, 180]`; both are finite. There is no way to hold an
/// invalid one, so nothing downstream checks again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLatLon", into = "RawLatLon")]
pub struct LatLon {
    latitude: f64,
    longitude: f64,
}

/// Why a pair of numbers is not a coordinate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CoordinateError {
    /// The latitude is not a finite number between -90 and 90.
    #[error("latitude {0} is outside -90..90 degrees")]
    Latitude(f64),
    /// The longitude is not a finite number between -180 and 180.
    #[error("longitude {0} is outside -180..180 degrees")]
    Longitude(f64),
}

impl LatLon {
    /// Checks and wraps a coordinate in degrees.
    ///
    /// # Errors
    /// [`CoordinateError`] names the field that is out of range or not finite.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, CoordinateError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(CoordinateError::Latitude(latitude));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(CoordinateError::Longitude(longitude));
        }
        Ok(Self { latitude, longitude })
    }

    /// As [`LatLon::new`], after bringing the longitude into `[-180, 180)` by whole turns.
    ///
    /// # Errors
    /// [`CoordinateError::Latitude`] as in `new`; [`CoordinateError::Longitude`] when it is not finite.
    pub fn wrapped(latitude: f64, longitude: f64) -> Result<Self, CoordinateError> {
        let turned = (longitude + 180.0).rem_euclid(360.0) - 180.0;
        Self::new(latitude, turned).map_err(|error| match error {
            CoordinateError::Longitude(_) => CoordinateError::Longitude(longitude),
            latitude @ CoordinateError::Latitude(_) => latitude,
        })
    }

    /// Degrees north.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// The point as a unit vector from the centre of a sphere, for means of nearby points.
    pub fn to_unit_vector(self) -> [f64; 3] {
        let (sin_latitude, cos_latitude) = self.latitude.to_radians().sin_cos();
        let (sin_longitude, cos_longitude) = self.longitude.to_radians().sin_cos();
        [cos_latitude * cos_longitude, cos_latitude * sin_longitude, sin_latitude]
    }

    /// The direction of a non-zero vector as a point on the sphere; `None` for the zero vector.
    pub fn from_vector([x, y, z]: [f64; 3]) -> Option<Self> {
        let horizontal = x.hypot(y);
        if horizontal.hypot(z) == 0.0 {
            return None;
        }
        Self::new(z.atan2(horizontal).to_degrees(), y.atan2(x).to_degrees()).ok()
    }
}

impl fmt::Display for LatLon {
    /// `latitude, longitude` with five decimals (about one metre).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.5}, {:.5}", self.latitude, self.longitude)
    }
}

#[derive(Serialize, Deserialize)]
struct RawLatLon {
    lat: f64,
    lon: f64,
}

impl TryFrom<RawLatLon> for LatLon {
    type Error = CoordinateError;

    fn try_from(raw: RawLatLon) -> Result<Self, CoordinateError> {
        Self::new(raw.lat, raw.lon)
    }
}

impl From<LatLon> for RawLatLon {
    fn from(point: LatLon) -> Self {
        Self { lat: point.latitude, lon: point.longitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_that_is_wrong() {
        assert_eq!(LatLon::new(91.0, 0.0), Err(CoordinateError::Latitude(91.0)));
        assert_eq!(LatLon::new(0.0, 180.5), Err(CoordinateError::Longitude(180.5)));
        assert!(LatLon::new(f64::NAN, 0.0).is_err());
        assert!(LatLon::new(0.0, f64::INFINITY).is_err());
    }

    #[test]
    fn wraps_whole_turns() {
        let point = LatLon::wrapped(10.0, 190.0).unwrap();
        assert!((point.longitude() + 170.0).abs() < 1e-12);
        assert_eq!(
            LatLon::wrapped(0.0, f64::NAN).unwrap_err().to_string(),
            "longitude NaN is outside -180..180 degrees"
        );
    }

    #[test]
    fn unit_vectors_round_trip() {
        let point = LatLon::new(-33.9, 151.2).unwrap();
        let back = LatLon::from_vector(point.to_unit_vector()).unwrap();
        assert!((back.latitude() - point.latitude()).abs() < 1e-12);
        assert!((back.longitude() - point.longitude()).abs() < 1e-12);
        assert_eq!(LatLon::from_vector([0.0; 3]), None);
    }
}
