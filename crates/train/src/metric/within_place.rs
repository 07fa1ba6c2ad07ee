//! How much photos of one place differ.

use std::ops::Range;

use faer::{Mat, Side};
use geo::LatLon;

use super::{Standardised, WhiteningSettings};
use crate::TrainError;
use crate::neighbours::Neighbours;
use crate::scatter::scatter;

/// The Cholesky factor `L` of the shrunk within-place scatter, `[inputs, inputs]`.
pub(super) fn within_place_factor(
    standardised: Standardised<'_>,
    locations: &[LatLon],
    settings: &WhiteningSettings,
) -> Result<Mat<f64>, TrainError> {
    let (photos, inputs) = (locations.len(), standardised.inputs());
    let near = Neighbours::new(locations, settings.neighbourhood_km);
    let counts = near.counts();
    let neighbourhood_km = settings.neighbourhood_km;
    if counts.iter().all(|count| *count == photos) {
        return Err(TrainError::OnePlace { photos, neighbourhood_km });
    }
    if counts.iter().all(|count| *count <= 1) {
        return Err(TrainError::NoNeighbours { neighbourhood_km });
    }
    let total_weight: f64 = counts.iter().map(|count| weight(*count)).sum();
    let mut scatter = scatter(photos, inputs, |positions, rows| {
        write_differences(standardised, &near, positions, rows);
    });
    let trace: f64 = (0..inputs).map(|index| scatter[(index, index)]).sum();
    let mean_variance = trace / total_weight / inputs as f64;
    if !(mean_variance > 0.0 && mean_variance.is_finite()) {
        return Err(TrainError::Degenerate(format!(
            "no two photos within {neighbourhood_km} km of each other differ"
        )));
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

/// Weight of a photo with so many photos around it, itself included.
fn weight(count: usize) -> f64 {
    (count as f64).sqrt().recip()
}

/// Writes, for the photos at some positions, their standardised difference from the mean of their neighbours times the
/// square root of their weight.
///
/// The sum over the neighbours is carried from photo to photo. In f64, sums of f32 features of one magnitude are exact
/// for up to some hundred million terms, so nothing builds up, and neighbours with equal features differ by 0.
fn write_differences(
    standardised: Standardised<'_>,
    near: &Neighbours,
    positions: Range<usize>,
    rows: &mut [f64],
) {
    let inputs = standardised.inputs();
    let mut sums = vec![0.0; inputs];
    let mut rows = rows.chunks_exact_mut(inputs);
    near.walk(positions, |step| {
        if step.fresh {
            sums.fill(0.0);
        }
        for photo in step.entered {
            for (sum, feature) in sums.iter_mut().zip(standardised.row(*photo as usize)) {
                *sum += f64::from(*feature);
            }
        }
        for photo in step.left {
            for (sum, feature) in sums.iter_mut().zip(standardised.row(*photo as usize)) {
                *sum -= f64::from(*feature);
            }
        }
        let Some(row) = rows.next() else { return };
        let (count, root) = (step.count as f64, weight(step.count).sqrt());
        let features = standardised.row(step.point).iter().zip(standardised.scale);
        for ((into, sum), (feature, scale)) in row.iter_mut().zip(&sums).zip(features) {
            *into = (f64::from(*feature) - sum / count) * scale * root;
        }
    });
}
