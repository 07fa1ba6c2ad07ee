//! The Hugging Face hub: its settings, its cache on disk, its listing of a repository.
//!
//! Environment variables and layout are those of the Python library `huggingface_hub`, so that either finds what the other
//! has fetched.

mod address;
mod cache;
mod listing;
mod settings;

pub(crate) use self::address::{escape, escape_path};
pub use self::cache::HubCache;
pub(crate) use self::cache::{is_commit, is_inside};
pub use self::listing::{Listing, RemoteFile, read_listing};
pub use self::settings::HubSettings;
