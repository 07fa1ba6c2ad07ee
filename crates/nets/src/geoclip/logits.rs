//! How well photos fit locations.

use std::path::Path;

use serde::Deserialize;

use super::DIMENSION;
use crate::checkpoint::{self, BARE_TENSOR, Checkpoint};
use crate::error::NetworkError;
use kernels::product::{Matrix, Right, product};

/// GeoCLIP's learned temperature: similarities are multiplied by `exp(log)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogitScale {
    log: f32,
}

#[derive(Deserialize)]
struct File {
    logit_scale_log: f32,
}

impl LogitScale {
    /// Loads `logit_scale.json`, whose field `logit_scale_log` holds the logarithm, or the number alone in
    /// `logit_scale_weights.pth` as it was published.
    ///
    /// # Errors
    /// [`NetworkError::Read`], [`NetworkError::Config`]; those of weights for a `.pth` file.
    pub fn from_file(path: &Path) -> Result<Self, NetworkError> {
        let (file, bytes) = (path.display().to_string(), checkpoint::open(path)?);
        if bytes.trim_ascii_start().starts_with(b"{") {
            return Self::load(&file, &bytes);
        }
        let checkpoint = Checkpoint::new(&file, &bytes, &[(BARE_TENSOR.into(), Vec::new())])?;
        let log = checkpoint.floats(BARE_TENSOR)?.first().copied().unwrap_or_default();
        if log.exp().is_finite() {
            Ok(Self { log })
        } else {
            Err(checkpoint.bad_value(BARE_TENSOR, format!("exp({log}) is not finite")))
        }
    }

    /// As [`LogitScale::from_file`], from the contents of the file.
    ///
    /// # Errors
    /// [`NetworkError::Config`].
    pub fn from_json(json: &[u8]) -> Result<Self, NetworkError> {
        Self::load("logit_scale.json", json)
    }

    fn load(file: &str, json: &[u8]) -> Result<Self, NetworkError> {
        let bad =
            |why: String| NetworkError::Config { file: file.into(), field: "logit_scale_log".into(), why };
        let parsed: File = serde_json::from_slice(json).map_err(|error| bad(error.to_string()))?;
        if parsed.logit_scale_log.exp().is_finite() {
            Ok(Self { log: parsed.logit_scale_log })
        } else {
            Err(bad(format!("exp({}) is not finite", parsed.logit_scale_log)))
        }
    }

    /// The factor.
    pub fn factor(self) -> f32 {
        self.log.exp()
    }
}

/// Logits `[photos, locations]` of normalised vectors `[photos, 512]` and `[locations, 512]`, all row-major.
///
/// # Errors
/// [`NetworkError::InputLength`].
pub fn logits(photos: &[f32], locations: &[f32], scale: LogitScale) -> Result<Vec<f32>, NetworkError> {
    for (what, values) in [("photo vectors", photos), ("location vectors", locations)] {
        if !values.len().is_multiple_of(DIMENSION) {
            let expected = format!("a multiple of {DIMENSION}");
            return Err(NetworkError::InputLength { what, found: values.len(), expected });
        }
    }
    let scaled: Vec<f32> = photos.iter().map(|value| value * scale.factor()).collect();
    let (rows, columns) = (photos.len() / DIMENSION, locations.len() / DIMENSION);
    let mut logits = vec![0.0; rows * columns];
    let left = Matrix { values: &scaled, rows, columns: DIMENSION };
    let right = Matrix { values: locations, rows: columns, columns: DIMENSION };
    product(left, Right::Transposed(right), None, &mut logits);
    Ok(logits)
}
