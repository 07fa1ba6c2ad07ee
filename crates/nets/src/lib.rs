//! Neural networks as plain tensor programs, photo decoding and CPU kernels.

pub mod checkpoint;
pub mod efficientnet_lite;
pub mod error;
pub mod geoclip;
pub mod kernels;
pub mod mapped_file;
pub mod photo;

pub use error::NetworkError;
