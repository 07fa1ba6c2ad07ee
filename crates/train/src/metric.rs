//! A photo space in closed form: whiten away what differs between photos of the same place.

use faer::{Mat, Par, Side, linalg::triangular_solve::solve_lower_triangular_in_place};
use geo::{LatLon, haversine_km};

use crate::TrainError;

/// Settings of [`fit_neighbourhood_whitening`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WhiteningSettings {
    /// Photos closer than this, km, count as photos of the same place.
    pub neighbourhood_km: f64,
    /// Added to the within-place scatter, in units of its mean variance; large values change little.
    pub shrinkage: f64,
    /// Length of the resulting vectors.
    pub dimension: usize,
}

/// An affine map `y = (x - mean) * projection`; vectors are L2-normalised after it.
#[derive(Clone, Debug, PartialEq)]
pub struct AffineProjection {
    /// `[inputs]`.
    pub mean: Vec<f32>,
    /// `[inputs, outputs]`, row-major.
    pub projection: Vec<f32>,
    /// Length of the output.
    pub outputs: usize,
}

impl AffineProjection {
    /// Projects one feature vector: `[inputs]` to `[outputs]`, not normalised.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let mut result = vec![0.0; self.outputs];
        let rows = self.projection.chunks_exact(self.outputs);
        for ((value, mean), row) in features.iter().zip(&self.mean).zip(rows) {
            let centred = value - mean;
            for (sum, weight) in result.iter_mut().zip(row) {
                *sum += centred * weight;
            }
        }
        result
    }
}

/// Fits linear discriminant analysis with soft, geographic classes.
///
/// Every feature is standardised (mean 0, deviation 1) and multiplied by `feature_weights`. The within-place
/// scatter `S = sum_i w_i (x_i - m_i)(x_i - m_i)^T`, with `m_i` the mean of the photos within
/// `neighbourhood_km` of photo `i` and `w_i = 1 / sqrt(photos there)` so that crowded places do not rule, is
/// shrunk, `A = S + shrinkage * mean(diag S) * I`, and factored `A = L L^T`. Features times `L^-T` have unit
/// spread within places; their leading `dimension` principal directions are kept.
///
/// `features` is `[photos, inputs]`, row-major.
///
/// # Errors
/// [`TrainError`] for sizes that do not fit, settings out of range, or features without spread.
pub fn fit_neighbourhood_whitening(
    features: &[f32],
    feature_weights: &[f32],
    locations: &[LatLon],
    settings: &WhiteningSettings,
) -> Result<AffineProjection, TrainError> {
    let (photos, inputs) = (locations.len(), feature_weights.len());
    check(features, photos, inputs, settings)?;
    // One thread, so that the result does not depend on the machine's core count.
    faer::set_global_parallelism(Par::Seq);
    let (mean, scale) = standardisation(features, feature_weights, photos, inputs);
    let standardised = Mat::<f64>::from_fn(photos, inputs, |row, column| {
        (f64::from(features[row * inputs + column]) - mean[column]) * scale[column]
    });
    let lower = within_place_factor(&standardised, locations, settings)?;
    // Rows times L^-T are the transposed solutions of L z = x^T.
    let mut whitened = standardised.transpose().to_owned();
    solve_lower_triangular_in_place(lower.as_ref(), whitened.as_mut(), Par::Seq);
    let directions = leading_directions(&whitened, settings.dimension)?;
    // x L^-T V = x W with L^T W = V.
    let mut weights = directions;
    faer::linalg::triangular_solve::solve_upper_triangular_in_place(
        lower.transpose(),
        weights.as_mut(),
        Par::Seq,
    );
    let outputs = weights.ncols();
    let projection = (0..inputs)
        .flat_map(|row| (0..outputs).map(move |column| (row, column)))
        .map(|(row, column)| (weights[(row, column)] * scale[row]) as f32)
        .collect();
    Ok(AffineProjection { mean: mean.into_iter().map(|value| value as f32).collect(), projection, outputs })
}

fn check(
    features: &[f32],
    photos: usize,
    inputs: usize,
    settings: &WhiteningSettings,
) -> Result<(), TrainError> {
    if features.len() != photos * inputs || photos < 2 {
        let found = features.len() / inputs.max(1);
        return Err(TrainError::RowCount { what: "features", expected: photos.max(2), found });
    }
    if let Some(bad) = features.iter().find(|value| !value.is_finite()) {
        return Err(TrainError::Degenerate(format!("a feature is {bad}")));
    }
    let setting = |name, value, why| Err(TrainError::Setting { name, value, why });
    if !(settings.neighbourhood_km > 0.0 && settings.neighbourhood_km.is_finite()) {
        return setting("neighbourhood_km", settings.neighbourhood_km, "must be positive");
    }
    if !(settings.shrinkage > 0.0 && settings.shrinkage.is_finite()) {
        return setting("shrinkage", settings.shrinkage, "must be positive");
    }
    if settings.dimension == 0 || settings.dimension > inputs.min(photos) {
        return setting(
            "dimension",
            settings.dimension as f64,
            "must be between 1 and the number of photos and features",
        );
    }
    Ok(())
}

/// Mean and weighted inverse deviation of each feature. A dead feature gets a small scale, not infinity.
fn standardisation(features: &[f32], weights: &[f32], photos: usize, inputs: usize) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![0.0; inputs];
    for row in features.chunks_exact(inputs) {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += f64::from(*value) / photos as f64;
        }
    }
    let mut variance = vec![0.0; inputs];
    for row in features.chunks_exact(inputs) {
        for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
            *sum += (f64::from(*value) - mean).powi(2) / photos as f64;
        }
    }
    let scale = variance
        .iter()
        .zip(weights)
        .map(|(variance, weight)| f64::from(*weight) / (variance.sqrt() + 1e-3))
        .collect();
    (mean, scale)
}

/// The Cholesky factor `L` of the shrunk within-place scatter, `[inputs, inputs]`.
fn within_place_factor(
    standardised: &Mat<f64>,
    locations: &[LatLon],
    settings: &WhiteningSettings,
) -> Result<Mat<f64>, TrainError> {
    let (photos, inputs) = (standardised.nrows(), standardised.ncols());
    let mut spread = Mat::<f64>::zeros(photos, inputs);
    let mut total_weight = 0.0;
    for (row, here) in locations.iter().enumerate() {
        let near: Vec<usize> = (0..photos)
            .filter(|other| haversine_km(*here, locations[*other]) < settings.neighbourhood_km)
            .collect();
        let weight = (near.len() as f64).sqrt().recip();
        total_weight += weight;
        for column in 0..inputs {
            let values = standardised.col(column);
            let mean = near.iter().map(|other| values[*other]).sum::<f64>() / near.len() as f64;
            spread[(row, column)] = (values[row] - mean) * weight.sqrt();
        }
    }
    let mut scatter = spread.transpose() * &spread;
    let trace: f64 = (0..inputs).map(|index| scatter[(index, index)]).sum();
    let mean_variance = trace / total_weight / inputs as f64;
    if !(mean_variance > 0.0 && mean_variance.is_finite()) {
        return Err(TrainError::Degenerate("no two photos of one place differ".to_owned()));
    }
    for column in 0..inputs {
        for row in 0..inputs {
            scatter[(row, column)] /= total_weight;
        }
        scatter[(column, column)] += settings.shrinkage * mean_variance;
    }
    let factor = scatter
        .llt(Side::Lower)
        .map_err(|error| TrainError::Degenerate(format!("the scatter has no Cholesky factor: {error:?}")))?;
    Ok(factor.L().to_owned())
}

/// The leading principal directions of the columns of `samples` (`[inputs, photos]`): `[inputs, dimension]`,
/// orthonormal, each with a positive largest entry so that the result does not depend on a sign convention.
fn leading_directions(samples: &Mat<f64>, dimension: usize) -> Result<Mat<f64>, TrainError> {
    let (inputs, photos) = (samples.nrows(), samples.ncols());
    let mut centred = samples.clone();
    for row in 0..inputs {
        let mean = (0..photos).map(|column| samples[(row, column)]).sum::<f64>() / photos as f64;
        for column in 0..photos {
            centred[(row, column)] -= mean;
        }
    }
    // The photos are fewer than the features: decompose the Gram matrix of the photos.
    let gram = centred.transpose() * &centred;
    let decomposition = gram
        .self_adjoint_eigen(Side::Lower)
        .map_err(|error| TrainError::Degenerate(format!("the Gram matrix has no eigenvalues: {error:?}")))?;
    let (vectors, values) = (decomposition.U(), decomposition.S().column_vector());
    let mut directions = Mat::<f64>::zeros(inputs, dimension);
    for index in 0..dimension {
        let from = photos - 1 - index; // eigenvalues rise
        let length = values[from].max(0.0).sqrt();
        if length < 1e-9 {
            return Err(TrainError::Setting {
                name: "dimension",
                value: dimension as f64,
                why: "is larger than the rank of the features",
            });
        }
        let direction = &centred * vectors.col(from);
        let largest =
            (0..inputs).map(|row| direction[row]).fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        for row in 0..inputs {
            directions[(row, index)] = direction[row] / length * largest.signum();
        }
    }
    Ok(directions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two features tell the place, eight tell the weather (large and useless).
    fn world() -> (Vec<f32>, Vec<LatLon>) {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let (mut features, mut locations) = (Vec::new(), Vec::new());
        for photo in 0..120 {
            let place = photo % 12;
            let (row, column) = (f64::from(place / 4), f64::from(place % 4));
            locations.push(LatLon::new(row * 10.0, column * 10.0).unwrap());
            features.extend([
                row as f32 + random.random_range(-0.2..0.2),
                column as f32 + random.random_range(-0.2..0.2),
            ]);
            features.extend((0..8).map(|_| random.random_range(-3.0..3.0f32)));
        }
        (features, locations)
    }

    fn share_of_right_nearest(vectors: &[Vec<f32>], locations: &[LatLon]) -> f64 {
        let nearest = |query: usize| {
            (0..vectors.len()).filter(|other| *other != query).min_by(|a, b| {
                let distance = |other: usize| -> f32 {
                    vectors[query].iter().zip(&vectors[other]).map(|(x, y)| (x - y).powi(2)).sum()
                };
                distance(*a).total_cmp(&distance(*b))
            })
        };
        let right = (0..vectors.len()).filter(|&q| nearest(q).is_some_and(|n| locations[n] == locations[q]));
        right.count() as f64 / vectors.len() as f64
    }

    #[test]
    fn ignores_what_differs_within_a_place() {
        let (features, locations) = world();
        let raw: Vec<Vec<f32>> = features.chunks(10).map(<[f32]>::to_vec).collect();
        let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.01, dimension: 2 };
        let fit = fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &settings).unwrap();
        let projected: Vec<Vec<f32>> = raw.iter().map(|row| fit.apply(row)).collect();
        let (before, after) =
            (share_of_right_nearest(&raw, &locations), share_of_right_nearest(&projected, &locations));
        assert!(after > 0.95 && after > before + 0.3, "before {before}, after {after}");
    }

    #[test]
    fn is_deterministic_and_refuses_nonsense() {
        let (features, locations) = world();
        let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.1, dimension: 4 };
        let fit = || fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &settings);
        assert_eq!(fit().unwrap(), fit().unwrap());
        let wide = WhiteningSettings { dimension: 11, ..settings };
        assert!(fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &wide).is_err());
        assert!(fit_neighbourhood_whitening(&features[10..], &[1.0; 10], &locations, &settings).is_err());
        let constant = vec![1.0; features.len()];
        assert!(fit_neighbourhood_whitening(&constant, &[1.0; 10], &locations, &settings).is_err());
    }
}
