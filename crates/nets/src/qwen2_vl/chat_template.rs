//! The chat template of a checkpoint, rendered.
