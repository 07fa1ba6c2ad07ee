//! The configuration of a checkpoint, as `config.json` has it.
