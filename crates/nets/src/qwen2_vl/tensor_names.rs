//! The names of the tensors, in both layouts of the hub.
