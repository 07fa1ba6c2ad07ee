//! CPU kernels: the few loops that are worth SIMD, each behind safe functions and with a scalar twin.

pub mod depthwise;
pub mod gemm;
pub mod instructions;
pub mod int8;
pub mod linear;
pub mod panels;
mod vector;
pub mod vectors;

pub use instructions::Instructions;
