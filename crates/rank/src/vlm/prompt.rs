//! The prompt of a (query, candidate) pair.
