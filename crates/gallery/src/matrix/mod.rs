//! Vectors in int8, scanned exactly and re-scored in f32.

mod error;
mod file;
mod fused;
mod mask;
mod search;
#[cfg(test)]
mod test_vectors;
mod top;

pub use error::MatrixError;
pub use file::{VectorMatrix, VectorPrecision};
pub use mask::RowMask;
pub use search::{Match, MatrixQuery};

pub(crate) use file::{FIRST_FREE_TAG, MatrixPlan, MatrixWriter, reading, writing};
pub(crate) use fused::{FusedQuery, search_fused};
