//! What can go wrong with a matrix.

use std::path::PathBuf;

use contract::{Channel, Diagnose, ErrorKind};

/// Why a matrix could not be made, opened or searched.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// A vector of another length.
    #[error("{what} has {found} numbers, but the vectors here have {expected}")]
    WrongDimension {
        /// Which vector: `query 3`, `row 17`.
        what: String,
        /// Length of the matrix's vectors.
        expected: usize,
        /// Length of this one.
        found: usize,
    },
    /// A vector with NaN or infinity.
    #[error("{what} holds a number that is not finite")]
    NotFinite {
        /// Which vector.
        what: String,
    },
    /// A vector length that cannot be stored.
    #[error("vectors of {dimension} numbers cannot be stored (1 to {max})", max = kernels::int8::MAX_DIMENSION)]
    UnsupportedDimension {
        /// The length.
        dimension: usize,
    },
    /// More rows than a matrix can number.
    #[error("{rows} rows are more than a matrix holds ({max})", max = u32::MAX)]
    TooManyRows {
        /// The rows.
        rows: usize,
    },
    /// Channels that do not have the same rows.
    #[error("{what} has {found} rows, the first channel has {expected}")]
    UnequalRows {
        /// Which channel.
        what: String,
        /// Rows of the first channel.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// A channel that is not searched here.
    #[error("{name} has no channel `{channel}`; it has {known}")]
    UnknownChannel {
        /// What was searched.
        name: String,
        /// The channel asked for.
        channel: Channel,
        /// The channels it has.
        known: String,
    },
    /// A search that names no channel.
    #[error("the search names no channel")]
    NoChannels,
    /// A query without a vector in a channel that is searched.
    #[error("the query has no vector in channel `{channel}`")]
    NoQueryVector {
        /// The channel.
        channel: Channel,
    },
    /// A file of vectors made by another encoder.
    #[error("`{}` holds vectors of `{stored}`, but `{expected}` is in use", .path.display())]
    OtherEncoder {
        /// The file.
        path: PathBuf,
        /// Fingerprint in the file.
        stored: String,
        /// Fingerprint asked for.
        expected: String,
    },
    /// A country filter on coordinates without countries.
    #[error("these coordinates carry no country codes, so a search cannot be limited to a country")]
    NoCountries,
    /// A file that could not be read, or is damaged.
    #[error("cannot read vectors from `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that could not be written.
    #[error("cannot write vectors to `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Diagnose for MatrixError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongDimension { .. }
            | Self::NotFinite { .. }
            | Self::UnequalRows { .. }
            | Self::UnsupportedDimension { .. }
            | Self::NoQueryVector { .. }
            | Self::OtherEncoder { .. } => ErrorKind::BrokenModel,
            Self::TooManyRows { .. } | Self::NoCountries | Self::NoChannels => ErrorKind::Usage,
            Self::Read { .. } | Self::UnknownChannel { .. } => ErrorKind::BrokenGallery,
            Self::Write { .. } => ErrorKind::Output,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::WrongDimension { .. } | Self::OtherEncoder { .. } => {
                Some("use the encoder that made the stored vectors".into())
            }
            Self::NoChannels => Some("name at least one channel to search".into()),
            Self::NoCountries => {
                Some("give a box or a circle instead, or build the index with countries".into())
            }
            _ => None,
        }
    }
}
