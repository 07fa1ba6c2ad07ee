//! GeoCLIP's location encoder and image head: places and photos in one space of 512 numbers.
//!
//! V. V. Cepeda, G. K. Nayak, M. Shah: "GeoCLIP: Clip-Inspired Alignment between Locations and Images for
//! Effective Worldwide Geo-localization", 2023. A location is projected (Equal Earth), turned into random
//! Fourier features at three scales, and each scale goes through a perceptron of its own; their sum is the
//! location's vector. A photo's CLIP features go through a two-layer head. Cosine similarity times
//! `exp(logit_scale)` says how well they fit.
//!
//! `PhotoEncoder` is the photos' side, CLIP ViT-L/14 and the head; [`LocationEncoder`] that of the places.
//!
//! At the finest scale, phases reach thousands of radians: there f32 keeps four decimals at best, and the
//! official vectors differ from exact ones by up to 2e-5 a number. Ours follow the official rounding.

mod image_head;
mod location_encoder;
mod logits;
#[cfg(feature = "transformers")]
mod photo_encoder;
mod projection;

pub use image_head::ImageHead;
pub use location_encoder::LocationEncoder;
pub use logits::{LogitScale, logits};
#[cfg(feature = "transformers")]
pub use photo_encoder::PhotoEncoder;
pub use projection::equal_earth;

/// Numbers of an embedding.
pub const DIMENSION: usize = 512;
