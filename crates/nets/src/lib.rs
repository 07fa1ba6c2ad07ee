//! Neural networks as plain tensor programs, photo decoding and CPU kernels.
//!
//! The idea: a network is a value that is loaded once, from exactly the tensors it needs, and then is a pure
//! function that any number of threads may call. Each reproduces its official implementation within f32 noise
//! (golden tests), and a photo or location gives the same bits alone as in a batch.
//!
//! The cast: [`photo`] makes pixels of files; [`efficientnet_lite`] makes features of pixels, [`clip`] and [`siglip`]
//! (both over [`vision_transformer`]) stronger ones; [`geoclip`] and [`g3`] put places and photos in one space;
//! [`qwen2_vl`] scores prompts. Below them, [`checkpoint`] reads safetensors and `.pth`, all or nothing, with
//! [`NetworkError`] naming what is wrong; [`mapped_file`] maps files; [`kernels`] holds the loops worth SIMD, which
//! is chosen at run time and has a portable twin.
//!
//! ```
//! use nets::efficientnet_lite::EfficientNetLite;
//! use nets::geoclip::{DIMENSION, LocationEncoder};
//! use std::path::Path;
//!
//! let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter");
//!
//! let directory = pack.join("efficientnet-lite2");
//! let network =
//!     EfficientNetLite::from_files(&directory.join("config.json"), &directory.join("model.safetensors"))?;
//! let size = network.config().input_size;
//! let grey = vec![0.0; size * size * 3];
//! assert_eq!(network.forward_features(&grey)?.len(), 1280);
//!
//! let encoder = LocationEncoder::from_file(&pack.join("geoclip/location_encoder.safetensors"))?;
//! let paris = geo::LatLon::new(48.8566, 2.3522)?;
//! assert_eq!(encoder.encode_normalised(&[paris]).len(), DIMENSION);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The choice not taken: candle's operators for these networks. An operator at a time writes every wide inner
//! feature map to memory and reads it again, which is most of the time of a small network; our fused blocks never
//! do (`benches/README.md` has the ratios to `PyTorch`).

pub mod block_encoding;
pub mod checkpoint;
pub mod clip;
pub mod efficientnet_lite;
pub mod error;
mod fields;
mod fourier_encoder;
pub mod g3;
pub mod geoclip;
mod holding;
pub mod lora;
pub mod operators;
mod perceptron;
pub mod qwen2_vl;
pub mod siglip;
pub mod vision_transformer;

pub use error::NetworkError;
