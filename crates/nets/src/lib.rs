//! Neural networks as plain tensor programs, photo decoding and CPU kernels.
