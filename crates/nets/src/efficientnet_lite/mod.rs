//! EfficientNet-Lite: image classifiers made for phones, here the source of photo features.
//!
//! Inverted-residual blocks with `ReLU6`, without squeeze-and-excitation, padded as in `TensorFlow` (M. Tan and
//! Q. Le, `EfficientNet`, 2019; Lite variants 2020). Batch normalisation is folded into the weights.

mod block;
mod config;
mod layers;
mod network;
mod scratch;
mod stem;

pub use block::Threads;
pub use config::{BlockConfig, Config};
pub use network::{EfficientNetLite, Output, Request};
