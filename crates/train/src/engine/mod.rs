//! The loop that trains a ranker, whatever ranker it is.

mod trainable;

pub use trainable::{Gradients, GroupReport, Parameter, StepContext, TrainableRanker, ValidationGroup};
