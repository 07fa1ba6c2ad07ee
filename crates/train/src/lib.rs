//! Training of retrieval heads and of rankers.
//!
//! # What it does
//! A few thousand photos cannot teach a network what the Earth looks like, but they can teach which directions of a
//! frozen network's features tell places apart. Two heads use frozen photo features: one has a closed form, the other
//! has few parameters and a contrastive loss. Both are deterministic: same data, same seed, same bytes.
//!
//! # Main types
//! [`fit_neighbourhood_whitening`] makes the photo space, [`fit_location_head`] the map into a location space: both find
//! the photos around a photo with [`Neighbours`], and are made for a hundred thousand photos in a mapped file.
//! [`fit_confidence`] makes the model that says how likely an answer is right.
//! [`contrastive`] continues the training of G3's heads with CLIP frozen. It is for programs of your own: no command
//! uses it. Rankers are trained by [`engine`], which runs [`set`] and [`vlm`]; [`datasets`] builds these from the files
//! that a [`configuration`] names.
//!
//! ```
//! use geo::LatLon;
//! use train::{WhiteningSettings, fit_neighbourhood_whitening};
//!
//! let features = [0.0, 5.0, 0.1, -5.0, 9.0, 4.0, 9.1, -4.0]; // four photos, two features
//! let (here, there) = (LatLon::new(0.0, 0.0)?, LatLon::new(50.0, 50.0)?);
//! let settings = WhiteningSettings { neighbourhood_km: 1.0, shrinkage: 0.01, dimension: 1 };
//! let space = fit_neighbourhood_whitening(&features, &[1.0, 1.0], &[here, here, there, there], &settings)?;
//! let (a, b, c) = (space.apply(&features[0..2]), space.apply(&features[2..4]), space.apply(&features[4..6]));
//! assert!((a[0] - b[0]).abs() < (a[0] - c[0]).abs(), "photos of one place come together");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Fine-tuning the encoder. With so few photos it learns to recognise the photographers; frozen features with
//! shrinkage did better on the validation split.
#![forbid(unsafe_code)]

pub mod chart;
mod confidence;
pub mod configuration;
pub mod contrastive;
pub mod curate;
pub mod datasets;
pub mod engine;
mod error;
mod finite;
mod location_head;
mod metric;
mod neighbours;
mod photo_pixels;
mod principal;
mod scatter;
pub mod set;
pub mod vlm;

pub use confidence::{ConfidenceSample, ConfidenceSettings, fit_confidence};
pub use error::TrainError;
pub use location_head::{EncodedLocations, LocationHeadSettings, LocationHeadWeights, fit_location_head};
pub use metric::{AffineProjection, WhiteningSettings, fit_neighbourhood_whitening};
pub use neighbours::Neighbours;
pub use photo_pixels::PhotoPixels;
pub use principal::principal_directions;
