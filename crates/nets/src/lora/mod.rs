//! Low-rank adapters (LoRA) in PEFT's format.
