//! Training of heads and rankers.
