//! CPU kernels: the few loops that are worth SIMD, each behind safe functions and with a scalar twin.
//!
//! # What it does
//! Everything here works on slices of numbers and knows no tensor library. The instructions are chosen at run time
//! ([`Instructions`]), so that one binary is fast on every processor; the portable form is the twin that tests compare
//! with.
//!
//! # Main types
//! [`linear`], [`weights_linear`] and [`product`](mod@product) multiply matrices; [`attention`], [`norms`], [`activations`] and
//! [`rotary`] are the rest of a transformer; [`depthwise`] and [`panels`] are for convolutions; [`int8`] is for
//! vector search; [`weights`] and [`blocks`] hold weights in the format of their files.
//!
//! ```
//! let mut codes = [0_i8; 3];
//! let scale = kernels::int8::quantise(&[0.5, -1.0, 0.25], &mut codes);
//! assert!((scale * f32::from(codes[1]) + 1.0).abs() < 0.01);
//! ```
//!
//! # Alternatives considered
//! The operators of a tensor library: each writes its result to memory, and the next one reads it back.

pub mod activations;
pub mod attention;
#[cfg(feature = "gradients")]
pub mod attention_gradient;
mod blocked;
pub mod blocks;
pub mod depthwise;
mod functions;
#[cfg(feature = "gradients")]
pub mod gemm;
pub mod instructions;
pub mod int8;
pub mod linear;
pub mod norms;
pub mod panels;
pub mod product;
pub mod rotary;
mod vector;
pub mod vectors;
pub mod weights;
pub mod weights_linear;

pub use instructions::Instructions;

#[cfg(test)]
mod test_blocks;
#[cfg(test)]
mod test_products;
