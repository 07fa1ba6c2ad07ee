//! CPU kernels: the few loops that are worth SIMD, each behind safe functions and with a scalar twin.

pub mod activations;
pub mod attention;
pub mod attention_gradient;
mod blocked;
pub mod depthwise;
mod functions;
pub mod gemm;
pub mod instructions;
pub mod int8;
pub mod linear;
pub mod norms;
pub mod panels;
pub mod rotary;
mod vector;
pub mod vectors;
pub mod weights;
pub mod weights_linear;

pub use instructions::Instructions;
