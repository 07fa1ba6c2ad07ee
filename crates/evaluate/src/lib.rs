//! Accuracy the way the field reports it.
