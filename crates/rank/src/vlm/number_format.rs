//! Number formats of a computation.

use std::fmt;

use nets::ComputeType;
use serde::{Deserialize, Serialize};

/// The format of the numbers that a network computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits with a small range.
    F16,
}

impl From<NumberFormat> for ComputeType {
    fn from(format: NumberFormat) -> Self {
        match format {
            NumberFormat::F32 => Self::F32,
            NumberFormat::Bf16 => Self::Bf16,
            NumberFormat::F16 => Self::F16,
        }
    }
}

impl fmt::Display for NumberFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}
