//! EfficientNet-Lite: image classifiers made for phones, here the source of photo features.
//!
//! Inverted-residual blocks with `ReLU6`, without squeeze-and-excitation, padded as in `TensorFlow` (M. Tan and
//! Q. Le, "EfficientNet", 2019; Lite variants 2020). Batch normalisation is folded into the weights.
//!
//! Main items: [`EfficientNetLite`] runs a [`Request`] on photos and gives an [`Output`]; [`Config`] is its shape and
//! says how photos are prepared; [`Threads`] says who works.
//!
//! How it is fast: most of the time of such a network goes into moving its wide inner feature maps. Here a block
//! expands, filters and projects a few rows (or a few channels) at a time, so that they never leave the cache.

mod block;
mod config;
mod layers;
mod network;
mod scratch;
mod stem;

pub use block::Threads;
pub use config::{BlockConfig, Config};
pub use network::{EfficientNetLite, Output, Request};
