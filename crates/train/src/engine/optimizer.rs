//! `AdamW` on flat f32 vectors, and clipping.

use rayon::prelude::*;

use super::{Gradients, Parameter};

/// Values that one thread updates at a time.
const CHUNK: usize = 1 << 14;

/// `AdamW` (arXiv 1711.05101) with the arithmetic of `torch.optim.AdamW`: decoupled decay before the update, bias
/// corrections in f64, moments in f32, betas 0.9 and 0.999, eps 1e-8.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// Steps done.
    pub(super) steps: u64,
    /// Means of gradients, one vector a parameter.
    pub(super) first_moments: Vec<Vec<f32>>,
    /// Means of squared gradients.
    pub(super) second_moments: Vec<Vec<f32>>,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// Before the first step.
    pub fn new(parameters: &[Parameter]) -> Self {
        let zeros = || parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
        Self { steps: 0, first_moments: zeros(), second_moments: zeros() }
    }

    /// Moves the parameters against the gradients, which must be of their lengths.
    pub fn step(
        &mut self,
        parameters: &mut [Parameter],
        gradients: &Gradients,
        learning_rate: f64,
        weight_decay: f64,
    ) {
        self.steps += 1;
        let steps = self.steps as f64;
        let step_size = (learning_rate / (1.0 - BETA_1.powf(steps))) as f32;
        let correction = (1.0 - BETA_2.powf(steps)).sqrt() as f32;
        let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
        for ((parameter, gradient), (first, second)) in parameters.iter_mut().zip(gradients).zip(moments) {
            let decay = if parameter.decays { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 };
            let update = |value: &mut f32, gradient: f32, first: &mut f32, second: &mut f32| {
                *first += (1.0 - BETA_1) as f32 * (gradient - *first);
                *second = BETA_2 as f32 * *second + (1.0 - BETA_2) as f32 * gradient * gradient;
                let spread = second.sqrt() / correction + EPSILON as f32;
                *value = decay * *value - step_size * (*first / spread);
            };
            let chunks = (parameter.values.par_chunks_mut(CHUNK), gradient.par_chunks(CHUNK));
            chunks
                .into_par_iter()
                .zip(first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK)))
                .for_each(|((values, gradient), (first, second))| {
                    for (((value, gradient), first), second) in
                        values.iter_mut().zip(gradient).zip(first).zip(second)
                    {
                        update(value, *gradient, first, second);
                    }
                });
        }
    }
}

/// The Euclidean norm of all gradients as one vector, summed in f64.
pub fn global_norm(gradients: &Gradients) -> f64 {
    gradients.iter().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

/// Scales the gradients down so that their norm is at most `most`, as `torch.nn.utils.clip_grad_norm_` does: by
/// `most / (norm + 1e-6)` where that is below 1. `norm` is their [`global_norm`].
pub fn clip_to_norm(gradients: &mut Gradients, norm: f64, most: f64) {
    let coefficient = most / (norm + 1e-6);
    if coefficient < 1.0 {
        gradients.iter_mut().flatten().for_each(|value| *value *= coefficient as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(values: Vec<f32>, decays: bool) -> Parameter {
        Parameter { name: "p".into(), shape: vec![values.len()], values, decays }
    }

    #[test]
    fn the_first_step_moves_by_the_learning_rate_whatever_the_gradient() {
        let mut parameters = [parameter(vec![1.0, -2.0, 3.0], false)];
        AdamW::new(&parameters).step(&mut parameters, &vec![vec![1e-3, -500.0, 0.0]], 0.1, 0.5);
        for (found, expected) in parameters[0].values.iter().zip([0.9, -1.9, 3.0]) {
            assert!((found - expected).abs() < 1e-5, "{found}");
        }
    }

    #[test]
    fn decay_is_decoupled_and_only_where_asked_for() {
        let mut parameters = [parameter(vec![2.0], true), parameter(vec![2.0], false)];
        AdamW::new(&parameters).step(&mut parameters, &vec![vec![0.0], vec![0.0]], 0.1, 0.5);
        assert!((parameters[0].values[0] - 2.0 * 0.95).abs() < 1e-6);
        assert_eq!(parameters[1].values[0].to_bits(), 2.0_f32.to_bits());
    }

    #[test]
    fn clipping_reaches_the_norm_and_leaves_small_gradients() {
        let mut gradients = vec![vec![3.0, 0.0], vec![4.0]];
        let norm = global_norm(&gradients);
        assert!((norm - 5.0).abs() < 1e-12);
        clip_to_norm(&mut gradients, norm, 10.0);
        assert_eq!(gradients, [vec![3.0, 0.0], vec![4.0]]);
        clip_to_norm(&mut gradients, norm, 1.0);
        let expected = 1.0 / (5.0 + 1e-6);
        assert!((f64::from(gradients[1][0]) - 4.0 * expected).abs() < 1e-7);
        // A norm within 1e-6 of the limit is scaled as torch scales it.
        let mut gradients = vec![vec![1.0]];
        clip_to_norm(&mut gradients, 1.0, 1.0);
        assert!(gradients[0][0] < 1.0);
    }
}
