//! G3 (arXiv 2405.14702): photos, texts and places in the spaces that the paper retrieves in.
//!
//! CLIP ViT-L/14, frozen, and what was learned on top: photos go from CLIP's space into one with texts and one with
//! places, places through a location encoder over the Web Mercator projection. The paper's index holds the three
//! vectors of a photo (CLIP's, text-side, place-side) end to end, each of length 1; here they are [`PhotoVectors`],
//! three channels. An inner product of the long vectors is the sum of the three cosines.
//!
//! Main items: [`G3Config`], [`G3`] from `g3.pth` or safetensors, [`web_mercator`]; [`TrainedPart`] is what was learned on
//! top of CLIP, as plain values, for training it further.
//!
//! Alternative considered: one vector of 3 x 768 numbers. Channels apart can be weighted, and one of them is compared
//! with bare coordinates.

mod config;
mod mercator;
mod network;
mod trained;

pub use crate::fourier_encoder::FourierFeatures;
pub use config::G3Config;
pub use mercator::web_mercator;
pub use network::{G3, PhotoVectors};
pub use trained::{TrainedLayer, TrainedPart, TrainedTensor};
