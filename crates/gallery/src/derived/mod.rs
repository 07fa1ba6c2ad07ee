//! Derived files: everything a search needs, in the shape it needs it, rebuildable from the database.
//!
//! A reader that holds one keeps its snapshot whatever a writer does: files are replaced, never changed.

pub(crate) mod build;
pub(crate) mod container;
pub(crate) mod photo_index;
