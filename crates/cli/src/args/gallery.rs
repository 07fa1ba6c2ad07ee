//! Arguments of `georanker gallery`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DeviceArguments, ForceArguments, PackArguments};

/// `georanker gallery`.
#[derive(Debug, Args)]
pub struct GalleryArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: GalleryCommand,
}

/// What can be done with a gallery.
#[derive(Debug, Subcommand)]
pub enum GalleryCommand {
    /// Make a new gallery from geotagged photos.
    Build {
        /// Directory of the new gallery.
        gallery: PathBuf,
        /// The photos.
        #[command(flatten)]
        photos: PhotosArguments,
        /// Name the gallery [default: the directory's name].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The model pack whose encoder is used.
        #[command(flatten)]
        pack: PackArguments,
        /// Where the encoder runs.
        #[command(flatten)]
        device: DeviceArguments,
    },
    /// Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated.
    Add {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// The photos.
        #[command(flatten)]
        photos: PhotosArguments,
        /// The model pack whose encoder is used.
        #[command(flatten)]
        pack: PackArguments,
        /// Where the encoder runs.
        #[command(flatten)]
        device: DeviceArguments,
    },
    /// Remove photos by id.
    Remove {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Ids, as `gallery export` lists them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Show what a gallery holds.
    Info {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Check a gallery and report every problem.
    Verify {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Rebuild derived files that are stale or damaged.
        #[arg(long)]
        repair: bool,
    },
    /// Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory.
    Export {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Write the files into this directory.
        #[arg(long, short, value_name = "DIR")]
        out: PathBuf,
        /// Whether other files are replaced.
        #[command(flatten)]
        force: ForceArguments,
    },
}

/// Where photos and their locations come from.
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Args)]
pub struct PhotosArguments {
    /// Read photos from this folder or .tar file.
    #[arg(long, value_name = "DIR|TAR")]
    pub photos: PathBuf,
    /// Read locations from this photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos' GPS tags].
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// Use only table rows with these column values, for example split=gallery.
    #[arg(long = "where", value_name = "COLUMN=VALUE,...")]
    pub selection: Option<String>,
    /// Leave out rows of the table that are wrong; each is named.
    #[arg(long, requires = "table")]
    pub skip_bad_rows: bool,
    /// Use photos whose files end too early, as far as they go; each is named.
    #[arg(long)]
    pub allow_truncated: bool,
    /// Also read locations from the JSON files that Google Takeout puts beside photos.
    #[arg(long)]
    pub sidecars: bool,
    /// Replace photos whose place or file has changed; without it they are named and left as they are.
    #[arg(long)]
    pub update: bool,
    /// Write what became of each photo to this file: a CSV of `IMG_ID`, outcome and reason.
    #[arg(long, value_name = "FILE")]
    pub outcomes: Option<PathBuf>,
    /// Write a JSON report: photos per second, and time spent reading, decoding and encoding.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Whether other files are replaced.
    #[command(flatten)]
    pub force: ForceArguments,
}
