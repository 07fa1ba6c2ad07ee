//! Root-mean-square and layer normalisation.
