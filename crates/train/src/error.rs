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
    /// A number of the data that is not finite.
    #[error("{what} {row}: entry {column} is {value} (rows and entries are counted from 0)")]
    NotFinite {
        /// What the row is: `photo`, `location`.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// The entry of the row, from 0.
        column: usize,
        /// What it is.
        value: f32,
    },
    /// Fewer photos than directions to find.
    #[error("{photos} photos do not determine `dimension` = {dimension}: at least {} are needed", dimension + 1)]
    TooFewPhotos {
        /// Number of photos.
        photos: usize,
        /// Dimensions asked for.
        dimension: usize,
    },
    /// Nothing tells places apart when there is one place.
    #[error(
        "all {photos} photos lie within `neighbourhood_km` = {neighbourhood_km} of each other: give photos of several \
         places"
    )]
    OnePlace {
        /// Number of photos.
        photos: usize,
        /// The radius of a place, km.
        neighbourhood_km: f64,
    },
    /// Nothing tells what differs within places when each has one photo.
    #[error(
        "no two photos lie within `neighbourhood_km` = {neighbourhood_km} of each other: give several photos of a \
         place, or a larger radius"
    )]
    NoNeighbours {
        /// The radius of a place, km.
        neighbourhood_km: f64,
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
