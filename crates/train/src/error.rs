//! Why training stopped.

/// A training that cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Lists that belong together have different lengths.
    #[error("{what}: {found} rows, expected {expected}")]
    RowCount {
        /// Which input.
        what: &'static str,
        /// Rows expected.
        expected: usize,
        /// Rows found.
        found: usize,
    },
    /// A setting outside its range.
    #[error("{name} = {value}: {why}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        why: &'static str,
    },
    /// The scatter matrix is not positive definite: constant or non-finite features.
    #[error("the features have no usable spread: {0}")]
    Degenerate(String),
    /// The loss is no longer a number.
    #[error("the loss became {loss} at step {step}; lower the learning rate")]
    NonFiniteLoss {
        /// Step, from 0.
        step: usize,
        /// The loss.
        loss: f32,
    },
    /// A checkpoint that cannot be read or written.
    #[error(transparent)]
    Network(#[from] nets::NetworkError),
    /// A tensor operation failed.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
}
