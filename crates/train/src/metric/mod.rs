//! A photo space in closed form: whiten away what differs between photos of the same place.

mod directions;
#[cfg(test)]
mod tests;
mod within_place;

use faer::Par;
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use geo::LatLon;

use crate::TrainError;
use crate::finite::check_finite;
use crate::scatter::column_sums;
use directions::leading_directions;
use within_place::within_place_factor;

/// Settings of [`fit_neighbourhood_whitening`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WhiteningSettings {
    /// Photos closer than this, km, count as photos of the same place.
    pub neighbourhood_km: f64,
    /// Added to the within-place scatter, in units of its mean variance; large values change little.
    pub shrinkage: f64,
    /// Length of the resulting vectors; less than the number of photos.
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

/// Features, `[photos, inputs]` row-major, and how each is standardised: `(feature - mean) * scale`.
#[derive(Clone, Copy, Debug)]
struct Standardised<'a> {
    features: &'a [f32],
    /// `[inputs]`.
    mean: &'a [f64],
    /// `[inputs]`.
    scale: &'a [f64],
}

impl Standardised<'_> {
    fn inputs(&self) -> usize {
        self.mean.len()
    }

    /// The features of one photo as they are.
    fn row(&self, photo: usize) -> &[f32] {
        let inputs = self.inputs();
        &self.features[photo * inputs..(photo + 1) * inputs]
    }

    /// Writes the standardised features of one photo.
    fn write(&self, photo: usize, into: &mut [f64]) {
        let standards = self.mean.iter().zip(self.scale);
        for ((into, feature), (mean, scale)) in into.iter_mut().zip(self.row(photo)).zip(standards) {
            *into = (f64::from(*feature) - mean) * scale;
        }
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
/// `features` is `[photos, inputs]`, row-major. They are read four times, in part in the order of the places; they may
/// lie in a mapped file. Memory beyond them: some 2000 rows and a few matrices `[inputs, inputs]` in f64, plus about
/// 100 bytes per photo. The result does not depend on the number of threads.
///
/// # Errors
/// [`TrainError`] for sizes that do not fit, settings out of range, features that are not finite (the first is named),
/// too few photos for the dimension, photos that are all of one place, or of which no two are of one place, and
/// features without spread.
pub fn fit_neighbourhood_whitening(
    features: &[f32],
    feature_weights: &[f32],
    locations: &[LatLon],
    settings: &WhiteningSettings,
) -> Result<AffineProjection, TrainError> {
    let (photos, inputs) = (locations.len(), feature_weights.len());
    check(features, feature_weights, photos, settings)?;
    // Products are spread over threads by `scatter`; what is left to faer must not depend on the core count.
    faer::set_global_parallelism(Par::Seq);
    let (mean, scale) = standardisation(features, feature_weights, photos)?;
    let standardised = Standardised { features, mean: &mean, scale: &scale };
    let lower = within_place_factor(standardised, locations, settings)?;
    let directions = leading_directions(standardised, &lower, settings.dimension)?;
    // x L^-T V = x W with L^T W = V.
    let mut weights = directions;
    solve_upper_triangular_in_place(lower.transpose(), weights.as_mut(), Par::Seq);
    let outputs = weights.ncols();
    let projection = (0..inputs)
        .flat_map(|row| (0..outputs).map(move |column| (row, column)))
        .map(|(row, column)| (weights[(row, column)] * scale[row]) as f32)
        .collect();
    Ok(AffineProjection { mean: mean.into_iter().map(|value| value as f32).collect(), projection, outputs })
}

fn check(
    features: &[f32],
    feature_weights: &[f32],
    photos: usize,
    settings: &WhiteningSettings,
) -> Result<(), TrainError> {
    let inputs = feature_weights.len();
    if features.len() != photos * inputs || photos < 2 {
        let found = features.len() / inputs.max(1);
        return Err(TrainError::RowCount { what: "features", expected: photos.max(2), found });
    }
    let setting = |name, value, why| Err(TrainError::Setting { name, value, why });
    if !(settings.neighbourhood_km > 0.0 && settings.neighbourhood_km.is_finite()) {
        return setting("neighbourhood_km", settings.neighbourhood_km, "must be positive");
    }
    if !(settings.shrinkage > 0.0 && settings.shrinkage.is_finite()) {
        return setting("shrinkage", settings.shrinkage, "must be positive");
    }
    if settings.dimension == 0 || settings.dimension > inputs {
        return setting(
            "dimension",
            settings.dimension as f64,
            "must be between 1 and the number of features of a photo",
        );
    }
    if settings.dimension >= photos {
        return Err(TrainError::TooFewPhotos { photos, dimension: settings.dimension });
    }
    check_finite("photo", features, inputs)?;
    check_finite("feature weight", feature_weights, 1)
}

/// Mean and weighted inverse deviation of each feature. A dead feature gets a small scale, not infinity.
fn standardisation(
    features: &[f32],
    weights: &[f32],
    photos: usize,
) -> Result<(Vec<f64>, Vec<f64>), TrainError> {
    let inputs = weights.len();
    let mut mean = column_sums(features, inputs, |value, _| value);
    for sum in &mut mean {
        *sum /= photos as f64;
    }
    let mut variance = column_sums(features, inputs, |value, column| (value - mean[column]).powi(2));
    for sum in &mut variance {
        *sum /= photos as f64;
    }
    // What rounding leaves of equal values is far smaller than the least difference of f32 numbers.
    let differs = |(variance, mean): (&f64, &f64)| *variance > 1e-20 * mean.powi(2);
    if !variance.iter().zip(&mean).any(differs) {
        return Err(TrainError::Degenerate("all photos have the same features".to_owned()));
    }
    let scale = variance
        .iter()
        .zip(weights)
        .map(|(variance, weight)| f64::from(*weight) / (variance.sqrt() + 1e-3))
        .collect();
    Ok((mean, scale))
}
