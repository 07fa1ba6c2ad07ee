//! The head from photo space to a frozen location space: a contrastive fit, as in GeoCLIP.

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, ops};
use geo::{EARTH_RADIUS_KM, LatLon};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::finite::check_finite;
use crate::{Neighbours, TrainError};

/// Settings of [`fit_location_head`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocationHeadSettings {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Number of `AdamW` steps; the learning rate falls linearly to 0.
    pub steps: usize,
    /// Photos a step.
    pub batch: usize,
    /// World-wide coordinates a step that serve as further negatives.
    pub negatives: usize,
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Share of inputs set to 0 while training.
    pub dropout: f64,
    /// Softmax temperature of the similarities.
    pub temperature: f64,
    /// A location `d` km from the truth has target weight `exp(-d / target_scale_km)`.
    pub target_scale_km: f64,
    /// Photos closer than this share their sampling weight (its square root), so that crowded places do not rule.
    pub crowd_km: f64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for LocationHeadSettings {
    fn default() -> Self {
        Self {
            hidden: 512,
            steps: 400,
            batch: 384,
            negatives: 1536,
            learning_rate: 3e-3,
            weight_decay: 0.1,
            dropout: 0.3,
            temperature: 0.05,
            target_scale_km: 50.0,
            crowd_km: 25.0,
            seed: 20_261,
        }
    }
}

/// Two linear layers with a rectifier between: `y = relu(x W1 + b1) W2 + b2`.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationHeadWeights {
    /// `[inputs, hidden]`, row-major.
    pub first: Vec<f32>,
    /// `[hidden]`.
    pub first_bias: Vec<f32>,
    /// `[hidden, outputs]`, row-major.
    pub second: Vec<f32>,
    /// `[outputs]`.
    pub second_bias: Vec<f32>,
    /// Loss of each step.
    pub losses: Vec<f32>,
}

/// Points with their vectors in the frozen location space.
#[derive(Clone, Copy, Debug)]
pub struct EncodedLocations<'a> {
    /// The points.
    pub locations: &'a [LatLon],
    /// `[points, outputs]`, row-major, unit vectors.
    pub vectors: &'a [f32],
}

/// Fits a head so that a photo's vector is close to the vector of its location.
///
/// A step draws photos and world-wide coordinates; the loss is the cross-entropy between the softmax of the
/// similarities to all drawn locations and targets that fall off with distance (the contrastive loss of `GeoCLIP`,
/// with soft targets so that two photos of one street are not each other's negatives).
///
/// `photos` is `[n, inputs]` row-major with its encoded locations; `world` the further negatives.
///
/// # Errors
/// [`TrainError`] for sizes that do not fit, numbers that are not finite (the first is named by its row), a `crowd_km`
/// that is not positive, or a loss that is not a number.
pub fn fit_location_head(
    photos: &[f32],
    truth: EncodedLocations<'_>,
    world: EncodedLocations<'_>,
    settings: &LocationHeadSettings,
) -> Result<LocationHeadWeights, TrainError> {
    let count = truth.locations.len();
    let (inputs, outputs) = (photos.len() / count.max(1), truth.vectors.len() / count.max(1));
    let rows = |what, list: &[f32], width: usize, expected: usize| {
        let found = list.len() / width.max(1);
        if found == expected && expected > 0 {
            Ok(())
        } else {
            Err(TrainError::RowCount { what, expected, found })
        }
    };
    rows("photo vectors", photos, inputs, count)?;
    rows("location vectors", truth.vectors, outputs, count)?;
    rows("world vectors", world.vectors, outputs, world.locations.len())?;
    if settings.crowd_km.is_nan() || settings.crowd_km <= 0.0 {
        let (name, value) = ("crowd_km", settings.crowd_km);
        return Err(TrainError::Setting { name, value, why: "must be positive" });
    }
    check_finite("photo", photos, inputs)?;
    check_finite("location of photo", truth.vectors, outputs)?;
    check_finite("world location", world.vectors, outputs)?;

    let device = Device::Cpu;
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut layer = |rows: usize, columns: usize| -> Result<(Var, Var), TrainError> {
        let bound = (rows as f64).sqrt().recip() as f32;
        let weights: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-bound..bound)).collect();
        let bias = Tensor::zeros(columns, DType::F32, &device)?;
        let weights = Tensor::from_vec(weights, (rows, columns), &device)?;
        Ok((Var::from_tensor(&weights)?, Var::from_tensor(&bias)?))
    };
    let (first, first_bias) = layer(inputs, settings.hidden)?;
    let (second, second_bias) = layer(settings.hidden, outputs)?;
    let parameters = vec![first.clone(), first_bias.clone(), second.clone(), second_bias.clone()];
    let mut optimizer = AdamW::new(
        parameters,
        ParamsAdamW {
            lr: settings.learning_rate,
            weight_decay: settings.weight_decay,
            ..ParamsAdamW::default()
        },
    )?;

    let mut sampler = Sampler::new(truth.locations, world.locations, settings);
    let mut losses = Vec::with_capacity(settings.steps);
    for step in 0..settings.steps {
        let drawn = sampler.draw();
        let batch = drawn.photos.len();
        let kept = 1.0 - settings.dropout as f32;
        let mut input = Vec::with_capacity(batch * inputs);
        for &photo in &drawn.photos {
            let row = &photos[photo * inputs..(photo + 1) * inputs];
            input.extend(
                row.iter().map(|value| if random.random::<f32>() < kept { value / kept } else { 0.0 }),
            );
        }
        let mut places = Vec::with_capacity((batch + drawn.negatives.len()) * outputs);
        for &photo in &drawn.photos {
            places.extend_from_slice(&truth.vectors[photo * outputs..(photo + 1) * outputs]);
        }
        for &point in &drawn.negatives {
            places.extend_from_slice(&world.vectors[point * outputs..(point + 1) * outputs]);
        }
        let columns = batch + drawn.negatives.len();
        let input = Tensor::from_vec(input, (batch, inputs), &device)?;
        let places = Tensor::from_vec(places, (columns, outputs), &device)?;
        let targets = Tensor::from_vec(drawn.targets, (batch, columns), &device)?;

        let hidden = input.matmul(&first)?.broadcast_add(&first_bias)?.relu()?;
        let raw = hidden.matmul(&second)?.broadcast_add(&second_bias)?;
        let norm = (raw.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
        let similarity = (raw.broadcast_div(&norm)?.matmul(&places.t()?)? / settings.temperature)?;
        let log_probability = ops::log_softmax(&similarity, D::Minus1)?;
        let loss = ((targets * log_probability)?.sum_all()? * (-1.0 / batch as f64))?;

        let value = loss.to_scalar::<f32>()?;
        if !value.is_finite() {
            return Err(TrainError::NonFiniteLoss { step, loss: value });
        }
        losses.push(value);
        optimizer.set_learning_rate(settings.learning_rate * (1.0 - step as f64 / settings.steps as f64));
        optimizer.backward_step(&loss)?;
    }
    let flat = |var: &Var| -> Result<Vec<f32>, TrainError> { Ok(var.flatten_all()?.to_vec1()?) };
    Ok(LocationHeadWeights {
        first: flat(&first)?,
        first_bias: flat(&first_bias)?,
        second: flat(&second)?,
        second_bias: flat(&second_bias)?,
        losses,
    })
}

/// What one step looks at.
struct Drawn {
    photos: Vec<usize>,
    negatives: Vec<usize>,
    /// `[photos, photos + negatives]`, each row sums to 1.
    targets: Vec<f32>,
}

/// Draws photos by damped crowding and negatives evenly.
struct Sampler<'a> {
    random: ChaCha8Rng,
    photo_vectors: Vec<[f64; 3]>,
    world: &'a [LatLon],
    /// Cumulative sampling weights of the photos.
    cumulative: Vec<f64>,
    settings: LocationHeadSettings,
}

impl<'a> Sampler<'a> {
    fn new(photos: &[LatLon], world: &'a [LatLon], settings: &LocationHeadSettings) -> Self {
        let photo_vectors: Vec<[f64; 3]> = photos.iter().map(|point| point.to_unit_vector()).collect();
        let mut sum = 0.0;
        let cumulative = Neighbours::new(photos, settings.crowd_km)
            .counts()
            .into_iter()
            .map(|crowd| {
                sum += (crowd as f64).sqrt().recip();
                sum
            })
            .collect();
        let random = ChaCha8Rng::seed_from_u64(settings.seed.wrapping_add(1));
        Self { random, photo_vectors, world, cumulative, settings: *settings }
    }

    fn draw(&mut self) -> Drawn {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let photos: Vec<usize> = (0..self.settings.batch)
            .map(|_| {
                let at = self.random.random_range(0.0..total);
                self.cumulative.partition_point(|sum| *sum <= at).min(self.cumulative.len() - 1)
            })
            .collect();
        let negatives: Vec<usize> =
            (0..self.settings.negatives).map(|_| self.random.random_range(0..self.world.len())).collect();
        let places: Vec<[f64; 3]> = photos
            .iter()
            .map(|photo| self.photo_vectors[*photo])
            .chain(negatives.iter().map(|point| self.world[*point].to_unit_vector()))
            .collect();
        let mut targets = Vec::with_capacity(photos.len() * places.len());
        for photo in &photos {
            let here = self.photo_vectors[*photo];
            let start = targets.len();
            targets.extend(
                places
                    .iter()
                    .map(|there| (-arc_km(&here, there) / self.settings.target_scale_km).exp() as f32),
            );
            let sum: f32 = targets[start..].iter().sum();
            for target in &mut targets[start..] {
                *target /= sum;
            }
        }
        Drawn { photos, negatives, targets }
    }
}

/// Great-circle distance between unit vectors, km; exact for small angles.
fn arc_km(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    let chord = ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt();
    2.0 * EARTH_RADIUS_KM * (chord / 2.0).min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> LocationHeadSettings {
        LocationHeadSettings {
            hidden: 16,
            steps: 60,
            batch: 32,
            negatives: 8,
            dropout: 0.0,
            learning_rate: 1e-2,
            ..LocationHeadSettings::default()
        }
    }

    /// Four places; a photo's vector is a rotated version of its place's vector.
    fn world() -> (Vec<f32>, Vec<LatLon>, Vec<f32>) {
        let (mut photos, mut points, mut vectors) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..40usize {
            let place = index % 4;
            points.push(LatLon::new(place as f64 * 20.0 - 30.0, 10.0).unwrap());
            photos.extend((0..4).map(|axis| f32::from(u8::from(axis == (place + 1) % 4))));
            vectors.extend((0..4).map(|axis| f32::from(u8::from(axis == place))));
        }
        (photos, points, vectors)
    }

    #[test]
    fn learns_and_repeats_itself() {
        let (photos, points, vectors) = world();
        let truth = EncodedLocations { locations: &points, vectors: &vectors };
        let fit = || fit_location_head(&photos, truth, truth, &small()).unwrap();
        let weights = fit();
        let (start, end) = (weights.losses[0], weights.losses[59]);
        assert!(end < start - 0.3, "loss {start} -> {end}");
        assert_eq!(weights, fit(), "same seed, same weights");
    }

    #[test]
    fn refuses_lists_that_do_not_fit() {
        let (photos, points, vectors) = world();
        let truth = EncodedLocations { locations: &points, vectors: &vectors };
        let world = EncodedLocations { locations: &points, vectors: &vectors[4..] };
        assert!(fit_location_head(&photos, truth, world, &small()).is_err());
        let none = EncodedLocations { locations: &[], vectors: &[] };
        assert!(fit_location_head(&[], none, truth, &small()).is_err());
    }
}
