//! Validated coordinates, distances on the WGS-84 ellipsoid, place names, and accuracy metrics. All data is compiled in:
//! nothing is loaded or downloaded.
//!
//! # Main types
//! - [`LatLon`] is a validated coordinate; [`Place`] holds the names of a location; [`Region`] is a part of the
//!   world to search in; [`Continent`] is the largest unit, by the country.
//! - [`geodesic_km`], [`haversine_km`], [`destination`], [`spherical_mean`] compute with points.
//! - [`metrics`] turns errors in km into the field's numbers, with bootstrap intervals.
//! - [`ReverseGeocoder`] names the place at a point; [`Gazetteer`] finds the point of a name; [`coverage_note`] says what a set of photos covers.
//! - [`outlines`] holds the outlines of a world map for drawing.
//!
//! ```
//! use geo::metrics::{Bootstrap, Summary};
//! use geo::{LatLon, ReverseGeocoder, geodesic_km};
//!
//! let truth = LatLon::new(48.8584, 2.2945)?;
//! let guess = LatLon::new(48.8530, 2.3499)?;
//! let summary = Summary::new(&[Some(geodesic_km(truth, guess)), None], &Bootstrap::default());
//! assert_eq!(summary.percent_within[1].value, 50.0);
//!
//! let place = ReverseGeocoder::embedded().place(guess);
//! assert_eq!((place.city.as_deref(), place.country.as_deref()), (Some("Paris"), Some("France")));
//! # Ok::<(), geo::CoordinateError>(())
//! ```
//!
//! # Alternatives considered
//! The nearest town alone, as in most offline geocoders. It puts Weil am Rhein in
//! Switzerland and Tijuana's beaches in California. Here polygons determine the country, and towns only name
//! places inside it.
//!
//! # Data
//! In the crate: `GeoNames` (CC BY 4.0), `OpenStreetMap` contributors (`ODbL` 1.0, through the crate
//! `country-boundaries`), Natural Earth (public domain). See `data/README.md`.
#![forbid(unsafe_code)]

mod borders;
mod continents;
mod countries;
mod coverage;
mod distance;
mod embedded;
mod gazetteer;
mod geocoder;
mod lat_lon;
pub mod metrics;
mod near_land;
mod outlines;
mod place;
mod region;
mod subdivisions;
mod towns;

pub use continents::{Continent, UnknownContinent, continent_of};
pub use countries::{countries, country_name};
pub use coverage::coverage_note;
pub use distance::{EARTH_RADIUS_KM, destination, geodesic_km, haversine_km, spherical_mean};
pub use gazetteer::{FoundPlace, Gazetteer, LastName, Level, PlaceError};
pub use geocoder::{City, ReverseGeocoder};
pub use lat_lon::{CoordinateError, LatLon};
pub use outlines::{MapPoint, MapPolygon, OutlineScale, Outlines, outlines};
pub use place::Place;
pub use region::{Region, RegionError, RegionMatcher};
