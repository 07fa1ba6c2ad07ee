//! Arguments of `georanker gallery`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PackArguments;

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
        /// Name of the gallery [default: the directory's name].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The model pack whose encoder is used.
        #[command(flatten)]
        pack: PackArguments,
    },
    /// Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on.
    Add {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// The photos.
        #[command(flatten)]
        photos: PhotosArguments,
        /// The model pack whose encoder is used.
        #[command(flatten)]
        pack: PackArguments,
    },
    /// Remove photos by id.
    Remove {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Ids, as `gallery export` lists them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Say what a gallery holds.
    Info {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a gallery; every problem is named.
    Verify {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Write the derived files anew if they are stale or damaged.
        #[arg(long)]
        repair: bool,
    },
    /// Write the gallery's photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory.
    Export {
        /// Directory of the gallery.
        gallery: PathBuf,
        /// Directory for the files.
        #[arg(long, short, value_name = "DIR")]
        out: PathBuf,
    },
}

/// Where photos and their locations come from.
#[derive(Debug, Args)]
pub struct PhotosArguments {
    /// Folder of photos, or a .tar file.
    #[arg(long, value_name = "DIR|TAR")]
    pub photos: PathBuf,
    /// Photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos' own GPS tags].
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// Only rows of the table where a column has a value, such as split=gallery; several are joined by commas.
    #[arg(long = "where", value_name = "COLUMN=VALUE,...")]
    pub selection: Option<String>,
    /// Write photos a second, and the shares of reading, decoding and encoding, to this file (JSON).
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}
