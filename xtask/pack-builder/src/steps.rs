//! A plain training loop in memory: no files, no validation on the way.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rank::MultiOrderLoss;
use train::engine::{Gradients, Parameter, StepContext, TrainableRanker};

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    /// Queries a step.
    pub(crate) batch: usize,
    /// At the end of the warm-up; falls to 0 along a cosine.
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
    /// Steps over which the rate rises from 0.
    pub(crate) warmup: usize,
}

/// Trains from fresh parameters; the weights in the model's order.
pub(crate) fn train(
    model: &dyn TrainableRanker,
    loss: &MultiOrderLoss,
    steps: &Steps,
    seed: u64,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let mut parameters = model.initial_parameters()?;
    let mut optimizer = AdamW::new(&parameters);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut waiting: Vec<usize> = Vec::new();
    let mut smoothed = None;
    for step in 0..steps.count {
        let mut batch = Vec::with_capacity(steps.batch);
        while batch.len() < steps.batch {
            if waiting.is_empty() {
                waiting = (0..model.queries()).collect();
                waiting.shuffle(&mut random);
            }
            batch.extend(waiting.pop());
        }
        let context = StepContext { loss, weight: 1.0 / steps.batch as f64, seed: random.random() };
        let mut gradients: Gradients =
            parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
        let reports = model.accumulate(&parameters, &batch, &context, &mut gradients)?;
        let norm = global_norm(&gradients);
        clip_to_norm(&mut gradients, norm, 1.0);
        let rise = ((step + 1) as f64 / steps.warmup.max(1) as f64).min(1.0);
        let fall = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps.count as f64).cos());
        optimizer.step(&mut parameters, &gradients, steps.learning_rate * rise * fall, steps.weight_decay);
        let value = reports.iter().map(|report| report.loss).sum::<f64>() / reports.len() as f64;
        smoothed = Some(smoothed.map_or(value, |known: f64| 0.98 * known + 0.02 * value));
        if (step + 1).is_multiple_of(200) || step == 0 {
            eprintln!("seed {seed}, step {}: loss {:.3}", step + 1, smoothed.unwrap_or(value));
        }
    }
    Ok(parameters.into_iter().map(|parameter| parameter.values).collect())
}

/// AdamW with the usual constants.
struct AdamW {
    steps: i32,
    first: Gradients,
    second: Gradients,
}

impl AdamW {
    fn new(parameters: &[Parameter]) -> Self {
        let zeros: Gradients = parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
        Self { steps: 0, first: zeros.clone(), second: zeros }
    }

    fn step(&mut self, parameters: &mut [Parameter], gradients: &Gradients, rate: f64, decay: f64) {
        self.steps += 1;
        let step_size = (rate / (1.0 - 0.9_f64.powi(self.steps))) as f32;
        let correction = (1.0 - 0.999_f64.powi(self.steps)).sqrt() as f32;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, gradient), (first, second)) in parameters.iter_mut().zip(gradients).zip(moments) {
            let kept = if parameter.decays { (1.0 - rate * decay) as f32 } else { 1.0 };
            for (((value, gradient), first), second) in
                parameter.values.iter_mut().zip(gradient).zip(first).zip(second)
            {
                *first += 0.1 * (gradient - *first);
                *second = 0.999 * *second + 0.001 * gradient * gradient;
                *value = kept * *value - step_size * (*first / (second.sqrt() / correction + 1e-8));
            }
        }
    }
}

fn global_norm(gradients: &Gradients) -> f64 {
    gradients.iter().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

fn clip_to_norm(gradients: &mut Gradients, norm: f64, most: f64) {
    if norm > most {
        let factor = (most / norm) as f32;
        gradients.iter_mut().flatten().for_each(|value| *value *= factor);
    }
}
