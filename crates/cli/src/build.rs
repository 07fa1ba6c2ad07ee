//! What this program was built from.

/// The commit, or `unknown` for a build from a package.
pub const COMMIT: &str = env!("GEORANKER_COMMIT");

/// The cargo features that are on.
pub const FEATURES: &[&str] = &[
    #[cfg(feature = "avif")]
    "avif",
    #[cfg(feature = "heic")]
    "heic",
    #[cfg(feature = "jxl")]
    "jxl",
    #[cfg(feature = "lvlm")]
    "lvlm",
    #[cfg(feature = "parquet")]
    "parquet",
    #[cfg(feature = "pull")]
    "pull",
    #[cfg(feature = "train")]
    "train",
];

/// Version, commit and features, as `--version` prints them.
pub const LONG_VERSION: &str = env!("GEORANKER_LONG_VERSION");
