//! Fitting [`rank::confidence::ConfidenceModel`]: a small network on features of judged answers.
//!
//! Written on candle's tensors as [`crate::fit_location_head`] is; a crate for gradient-boosted trees or logistic
//! regression (linfa, smartcore) has neither ordinal outputs nor weights a radius.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use contract::RADII_KM;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rank::confidence::{ConfidenceChannel, ConfidenceFeatures, ConfidenceModel, Member};

use crate::TrainError;

const RADII: usize = RADII_KM.len();

/// Settings of [`fit_confidence`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceSettings {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Networks that are averaged, each from a seed of its own.
    pub members: usize,
    /// Steps. The learning rate falls linearly to 0.
    pub steps: usize,
    /// Samples a step: one stretch after the other of a fixed shuffle.
    pub batch: usize,
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Share of hidden units set to 0 while training.
    pub dropout: f64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for ConfidenceSettings {
    fn default() -> Self {
        Self {
            hidden: 48,
            members: 3,
            steps: 800,
            batch: 8192,
            learning_rate: 3e-3,
            weight_decay: 0.02,
            dropout: 0.2,
            seed: 20_262,
        }
    }
}

/// A judged answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceSample {
    /// As [`ConfidenceFeatures::of`] gives them.
    pub features: Vec<f32>,
    /// Geodesic error of the location that was looked at, km.
    pub error_km: f64,
    /// How precisely the truth is known, km: radii below it are not learned from.
    pub precision_km: f64,
    /// How much the sample counts.
    pub weight: f32,
}

/// Fits the model: the weighted cross-entropy of all radii, averaged.
///
/// # Errors
/// [`TrainError`] for no samples, lengths that do not fit, settings out of range, or a loss that is not a number.
pub fn fit_confidence(
    channels: &[ConfidenceChannel],
    samples: &[ConfidenceSample],
    usual_similarity: f32,
    settings: &ConfidenceSettings,
) -> Result<ConfidenceModel, TrainError> {
    let features = ConfidenceFeatures::names(channels).len();
    check(samples, features, settings)?;
    let (centre, deviation) = moments(samples, features);
    let shuffled = shuffled(samples.len(), settings.seed);
    let samples: Vec<&ConfidenceSample> = shuffled.iter().map(|&index| &samples[index]).collect();
    let mut inputs: Vec<f32> = samples.iter().flat_map(|sample| sample.features.iter().copied()).collect();
    ConfidenceModel::standardise(&centre, &deviation, &mut inputs);
    let device = Device::Cpu;
    let rows = samples.len();
    let truth = Truth::of(&samples, &device)?;
    let inputs = Tensor::from_vec(inputs, (rows, features), &device)?;
    let members = (0..settings.members as u64)
        .map(|member| fit_member(&inputs, &truth, settings, settings.seed.wrapping_add(member)))
        .collect::<Result<Vec<Member>, TrainError>>()?;
    ConfidenceModel::new(channels.to_vec(), (centre, deviation), members, usual_similarity)
        .map_err(|error| TrainError::Degenerate(error.to_string()))
}

fn check(
    samples: &[ConfidenceSample],
    features: usize,
    settings: &ConfidenceSettings,
) -> Result<(), TrainError> {
    let setting = |name, value, why| Err(TrainError::Setting { name, value, why });
    if samples.is_empty() {
        return Err(TrainError::RowCount { what: "judged answers", expected: 1, found: 0 });
    }
    if settings.hidden == 0 || settings.members == 0 || settings.steps == 0 || settings.batch == 0 {
        return setting("hidden, members, steps, batch", 0.0, "must be at least 1");
    }
    if !(0.0..1.0).contains(&settings.dropout) {
        return setting("dropout", settings.dropout, "must be at least 0 and less than 1");
    }
    if let Some(short) = samples.iter().find(|sample| sample.features.len() != features) {
        let found = short.features.len();
        return Err(TrainError::RowCount { what: "features of an answer", expected: features, found });
    }
    if samples.iter().any(|sample| sample.features.iter().any(|value| !value.is_finite())) {
        return Err(TrainError::Degenerate("a feature of an answer is not finite".to_owned()));
    }
    if !samples.iter().any(|sample| sample.weight > 0.0) {
        return setting("weight", 0.0, "must be positive for some answer");
    }
    Ok(())
}

/// A fixed order that has nothing to do with the one in which samples were made.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(77));
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.random_range(0..=last));
    }
    order
}

/// Weighted mean and deviation of each feature.
fn moments(samples: &[ConfidenceSample], features: usize) -> (Vec<f32>, Vec<f32>) {
    let total: f64 = samples.iter().map(|sample| f64::from(sample.weight)).sum();
    let mut mean = vec![0.0; features];
    for sample in samples {
        let share = f64::from(sample.weight) / total;
        for (sum, value) in mean.iter_mut().zip(&sample.features) {
            *sum += share * f64::from(*value);
        }
    }
    let mut variance = vec![0.0; features];
    for sample in samples {
        let share = f64::from(sample.weight) / total;
        for ((sum, value), mean) in variance.iter_mut().zip(&sample.features).zip(&mean) {
            *sum += share * (f64::from(*value) - mean).powi(2);
        }
    }
    // A feature that never changes tells nothing, and must not tell anything when it changes one day.
    let deviation = |variance: f64| if variance > 1e-10 { variance.sqrt() as f32 } else { 1e6 };
    (mean.into_iter().map(|value| value as f32).collect(), variance.into_iter().map(deviation).collect())
}

/// What is to be stated.
struct Truth {
    /// 1 where the truth is within the radius, `[samples, 5]`.
    within: Tensor,
    /// Weights that sum to 1, `[samples, 5]`; 0 where the truth is not known precisely enough.
    weights: Tensor,
    /// Share of the samples within each radius.
    shares: [f64; RADII],
}

impl Truth {
    fn of(samples: &[&ConfidenceSample], device: &Device) -> Result<Self, TrainError> {
        let (mut within, mut weights) = (Vec::new(), Vec::new());
        let (mut right, mut known) = ([0.0; RADII], [0.0; RADII]);
        for sample in samples {
            for (index, radius) in RADII_KM.into_iter().enumerate() {
                let is_within = sample.error_km < radius;
                let weight = if sample.precision_km > radius { 0.0 } else { sample.weight };
                within.push(f32::from(u8::from(is_within)));
                weights.push(weight);
                known[index] += f64::from(weight);
                right[index] += if is_within { f64::from(weight) } else { 0.0 };
            }
        }
        let total: f32 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= total;
        }
        let shape = (samples.len(), RADII);
        Ok(Self {
            within: Tensor::from_vec(within, shape, device)?,
            weights: Tensor::from_vec(weights, shape, device)?,
            shares: std::array::from_fn(|index| right[index] / f64::max(known[index], 1e-9)),
        })
    }
}

/// Bias of the outputs under which every sample is given the overall shares.
fn first_guess(shares: &[f64; RADII]) -> Vec<f32> {
    let logit = |share: f64| {
        let share = share.clamp(1e-3, 1.0 - 1e-3);
        (share / (1.0 - share)).ln()
    };
    let mut bias = Vec::with_capacity(RADII);
    for (index, share) in shares.iter().enumerate() {
        bias.push(if index == 0 {
            logit(*share) as f32
        } else {
            // The inverse of softplus.
            let rise = (logit(*share) - logit(shares[index - 1])).max(0.05);
            rise.exp_m1().ln() as f32
        });
    }
    bias
}

fn fit_member(
    inputs: &Tensor,
    truth: &Truth,
    settings: &ConfidenceSettings,
    seed: u64,
) -> Result<Member, TrainError> {
    let device = inputs.device().clone();
    let (rows, features) = inputs.dims2()?;
    let hidden = settings.hidden;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = |count: usize, bound: f32| -> Vec<f32> {
        (0..count).map(|_| random.random_range(-bound..bound)).collect()
    };
    let bound = |inputs: usize| (inputs as f32).sqrt().recip();
    let var = |values: Vec<f32>, shape: &[usize]| -> Result<Var, TrainError> {
        Ok(Var::from_tensor(&Tensor::from_vec(values, shape, &device)?)?)
    };
    let first = var(uniform(features * hidden, bound(features)), &[features, hidden])?;
    let first_bias = var(vec![0.0; hidden], &[hidden])?;
    let second = var(uniform(hidden * RADII, bound(hidden)), &[hidden, RADII])?;
    let second_bias = var(first_guess(&truth.shares), &[RADII])?;
    let parameters = [&first, &first_bias, &second, &second_bias].map(Var::clone).to_vec();
    let start = ParamsAdamW {
        lr: settings.learning_rate,
        weight_decay: settings.weight_decay,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(parameters, start)?;
    let kept = 1.0 - settings.dropout as f32;
    let batch = settings.batch.min(rows);
    for step in 0..settings.steps {
        // The last stretch of a round overlaps with the one before it.
        let start = (step % rows.div_ceil(batch) * batch).min(rows - batch);
        let part = |tensor: &Tensor| tensor.narrow(0, start, batch);
        let (inputs, within, weights) = (part(inputs)?, part(&truth.within)?, part(&truth.weights)?);
        let hidden_units = inputs.matmul(&first)?.broadcast_add(&first_bias)?.relu()?;
        // One mask a step, the same for all samples: a mask of the activations' size costs more than the products.
        let mask: Vec<f32> =
            (0..hidden).map(|_| if random.random::<f32>() < kept { kept.recip() } else { 0.0 }).collect();
        let hidden_units = hidden_units.broadcast_mul(&Tensor::from_vec(mask, (1, hidden), &device)?)?;
        let outputs = hidden_units.matmul(&second)?.broadcast_add(&second_bias)?;
        let levels = levels(&outputs)?;
        // -(y ln s(z) + (1 - y) ln (1 - s(z))) = softplus(z) - y z.
        let loss = ((softplus(&levels)? - (within * &levels)?)? * weights)?.sum_all()?;
        // As if all samples had been looked at: the weights of a batch do not sum to 1.
        let loss = (loss * (rows as f64 / batch as f64))?;
        let value = loss.to_scalar::<f32>()?;
        if !value.is_finite() {
            return Err(TrainError::NonFiniteLoss { step, loss: value });
        }
        optimizer.set_learning_rate(settings.learning_rate * (1.0 - step as f64 / settings.steps as f64));
        optimizer.backward_step(&loss)?;
    }
    let flat = |var: &Var| -> Result<Vec<f32>, TrainError> { Ok(var.flatten_all()?.to_vec1()?) };
    Ok(Member {
        first: flat(&first)?,
        first_bias: flat(&first_bias)?,
        second: flat(&second)?,
        second_bias: flat(&second_bias)?,
    })
}

/// Rising levels of the outputs, `[rows, 5]`: the first as it is, each further one plus a softplus.
fn levels(outputs: &Tensor) -> Result<Tensor, TrainError> {
    let first = outputs.narrow(1, 0, 1)?;
    let rises = softplus(&outputs.narrow(1, 1, RADII - 1)?)?;
    let steps = Tensor::cat(&[first, rises], 1)?;
    let sums: Vec<f32> = (0..RADII * RADII).map(|at| f32::from(u8::from(at / RADII <= at % RADII))).collect();
    let sums = Tensor::from_vec(sums, (RADII, RADII), outputs.device())?.to_dtype(DType::F32)?;
    Ok(steps.matmul(&sums)?)
}

/// `ln(1 + e^x)`, without overflow.
fn softplus(x: &Tensor) -> Result<Tensor, TrainError> {
    let beyond = ((x.abs()?.neg()?.exp()? + 1.0)?.log())?;
    Ok((x.relu()? + beyond)?)
}

#[cfg(test)]
mod tests {
    use contract::Channel;

    use super::*;

    fn channels() -> Vec<ConfidenceChannel> {
        vec![ConfidenceChannel { name: Channel::photo(), spread: 0.05 }]
    }

    /// The third feature tells the error: below 0 it is far off, above 0 near in two of three.
    fn samples(count: usize) -> Vec<ConfidenceSample> {
        let features = ConfidenceFeatures::names(&channels()).len();
        let mut random = ChaCha8Rng::seed_from_u64(5);
        (0..count)
            .map(|index| {
                let mut values: Vec<f32> = (0..features).map(|_| random.random_range(-1.0..1.0)).collect();
                let near = index % 2 == 0;
                values[2] = if near { 1.0 } else { -1.0 };
                let error_km = if near && index % 6 != 0 { 10.0 } else { 4000.0 };
                ConfidenceSample { features: values, error_km, precision_km: 0.0, weight: 1.0 }
            })
            .collect()
    }

    fn quick() -> ConfidenceSettings {
        ConfidenceSettings {
            hidden: 8,
            members: 2,
            steps: 300,
            learning_rate: 1e-2,
            ..ConfidenceSettings::default()
        }
    }

    #[test]
    fn states_what_is_observed_and_repeats_itself() {
        let samples = samples(1200);
        let fit = || fit_confidence(&channels(), &samples, 0.4, &quick()).unwrap();
        let model = fit();
        let mean = |near: bool, radius: usize| {
            let of = samples.iter().filter(|sample| (sample.features[2] > 0.0) == near);
            let stated: Vec<f64> = of.map(|sample| model.of_features(&sample.features).0[radius]).collect();
            stated.iter().sum::<f64>() / stated.len() as f64
        };
        assert!((mean(true, 1) - 2.0 / 3.0).abs() < 0.05, "{}", mean(true, 1));
        assert!(mean(false, 3) < 0.05 && mean(true, 0) < 0.05, "{} {}", mean(false, 3), mean(true, 0));
        assert_eq!(model.to_bytes().unwrap(), fit().to_bytes().unwrap());
    }

    #[test]
    fn imprecise_truth_teaches_nothing_about_small_radii() {
        let mut samples = samples(600);
        for sample in &mut samples {
            // All are said to be right within a kilometre, which nobody can know at this precision.
            (sample.error_km, sample.precision_km) =
                (if sample.error_km < 100.0 { 0.5 } else { 4000.0 }, 10.0);
        }
        let stated = |samples: &[ConfidenceSample]| {
            let model = fit_confidence(&channels(), samples, 0.4, &quick()).unwrap();
            model.of_features(&samples[2].features).0
        };
        let imprecise = stated(&samples);
        for sample in &mut samples {
            sample.precision_km = 0.0;
        }
        let precise = stated(&samples);
        assert!((imprecise[1] - precise[1]).abs() < 0.1, "{imprecise:?} {precise:?}");
        assert!(imprecise[0] < precise[0] - 0.1, "{imprecise:?} {precise:?}");
    }

    #[test]
    fn refuses_what_cannot_be_learned_from() {
        let fit = |samples: &[ConfidenceSample], settings: &ConfidenceSettings| {
            fit_confidence(&channels(), samples, 0.4, settings).unwrap_err().to_string()
        };
        assert!(fit(&[], &quick()).contains("judged answers"));
        let mut bad = samples(4);
        bad[1].features[0] = f32::NAN;
        assert!(fit(&bad, &quick()).contains("not finite"));
        bad[1].features.pop();
        assert!(fit(&bad, &quick()).contains("features of an answer"));
        assert!(fit(&samples(4), &ConfidenceSettings { dropout: 1.0, ..quick() }).contains("dropout"));
    }
}
