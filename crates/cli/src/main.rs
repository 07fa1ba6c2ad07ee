//! The georanker binary.
fn main() {}
