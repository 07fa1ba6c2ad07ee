//! Scaled dot-product attention over packed groups with a shared prefix.
