//! Weight matrices as they are stored: f32, bf16, f16 or quantised blocks.
