//! How the learning rate moves.

use serde::{Deserialize, Serialize};

use crate::configuration::CountOrShare;

/// The shape of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Down to nothing in a straight line.
    #[default]
    Linear,
    /// Down to nothing along half a cosine.
    Cosine,
    /// As it is.
    Constant,
}

/// A shape after a warm-up from nothing in a straight line. Factors are those of Hugging Face Transformers' schedules
/// of the same names, so step 1 of a run with a warm-up has a learning rate of 0, and the last step of one without has
/// `1 / steps`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schedule {
    /// The shape.
    #[serde(rename = "schedule")]
    pub shape: Shape,
    /// Steps of the warm-up, or their share of all steps (rounded up).
    pub warmup: CountOrShare,
}

impl Default for Schedule {
    /// Linear, no warm-up.
    fn default() -> Self {
        Self { shape: Shape::Linear, warmup: CountOrShare::Count(0) }
    }
}

impl Schedule {
    /// What the learning rate is multiplied by at `step` (from 1) of `steps`.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let warmup = match self.warmup {
            CountOrShare::Count(count) => count,
            CountOrShare::Share(share) => (share * steps as f64).ceil() as u64,
        };
        let done = step.saturating_sub(1);
        if done < warmup {
            return done as f64 / warmup as f64;
        }
        let rest = steps.saturating_sub(warmup).max(1) as f64;
        match self.shape {
            Shape::Linear => steps.saturating_sub(done) as f64 / rest,
            Shape::Cosine => {
                let progress = (done - warmup) as f64 / rest;
                (0.5 * (1.0 + (std::f64::consts::PI * progress).cos())).max(0.0)
            }
            Shape::Constant => 1.0,
        }
    }
}
