//! Where things are: validated coordinates, geodesics on the WGS-84 ellipsoid, places.
#![forbid(unsafe_code)]

mod distance;
mod lat_lon;
mod place;
mod region;

pub use distance::{EARTH_RADIUS_KM, haversine_km};
pub use lat_lon::{CoordinateError, LatLon};
pub use place::Place;
pub use region::{Region, RegionError};
