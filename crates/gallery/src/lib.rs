//! Geotagged photos one can search.
