//! Neural networks as plain tensor programs.
//!
//! # What it does
//! A network is a value that is loaded once, from exactly the tensors it needs. After that it is a pure
//! function that any number of threads may call. Each reproduces its official implementation within f32 noise
//! (golden tests), and a photo or location gives the same bits alone as in a batch.
//!
//! # Main types
//! [`efficientnet_lite`] turns pixels into features; `clip` and `siglip` (both over `vision_transformer`) give
//! stronger ones; [`geoclip`] and `g3` put places and photos in one space; `qwen2_vl` scores prompts, with adapters from
//! `lora`. Below them, [`checkpoint`] reads safetensors and `.pth`, all tensors or none; a [`NetworkError`] says what is
//! wrong. The SIMD loops are in [`kernels`].
//!
//! [`LoadOptions`] describes how any of them is loaded: device, number format, storage of the weights, threads.
//!
//! Features choose what is compiled: `lvlm` brings `qwen2_vl` and `lora`, `transformers` what runs on candle's tensors
//! and `.pth` files. Without either, only what the starter pack needs remains, and candle is not compiled.
//!
//! ```
//! use nets::LoadOptions;
//! use nets::efficientnet_lite::EfficientNetLite;
//! use nets::geoclip::{DIMENSION, LocationEncoder};
//! use std::path::Path;
//!
//! let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter");
//!
//! let directory = pack.join("efficientnet-lite2");
//! let (config, weights) = (directory.join("config.json"), directory.join("model.safetensors"));
//! let network = EfficientNetLite::from_files(&config, &weights, &LoadOptions::default())?;
//! let size = network.config().input_size;
//! let grey = vec![0.0; size * size * 3];
//! assert_eq!(network.forward_features(&grey)?.len(), 1280);
//!
//! let weights = pack.join("geoclip/location_encoder.safetensors");
//! let encoder = LocationEncoder::from_file(&weights, &LoadOptions::default())?;
//! let paris = geo::LatLon::new(48.8566, 2.3522)?;
//! assert_eq!(encoder.encode_normalised(&[paris]).len(), DIMENSION);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Candle's operators for these networks. Running one operator at a time writes every wide inner
//! feature map to memory and reads it again, which takes most of the time of a small network. Our fused blocks avoid
//! this (`benches/runs` has the ratios to `PyTorch`).

#[cfg(feature = "transformers")]
mod block_encoding;
pub mod checkpoint;
#[cfg(feature = "transformers")]
pub mod clip;
pub mod efficientnet_lite;
pub mod error;
#[cfg(feature = "transformers")]
mod fields;
#[cfg_attr(
    not(feature = "transformers"),
    allow(dead_code, unreachable_pub, reason = "training of G3 uses them")
)]
mod fourier_encoder;
#[cfg(feature = "transformers")]
pub mod g3;
pub mod geoclip;
#[cfg(feature = "transformers")]
mod holding;
mod load_options;
#[cfg(feature = "lvlm")]
pub mod lora;
#[cfg(feature = "transformers")]
pub mod operators;
mod perceptron;
#[cfg(feature = "lvlm")]
pub mod qwen2_vl;
#[cfg(feature = "transformers")]
pub mod siglip;
#[cfg(feature = "transformers")]
pub mod vision_transformer;

pub use error::NetworkError;
pub use load_options::{ComputeType, DeviceChoice, LoadOptions, Operators, WeightStorage};
