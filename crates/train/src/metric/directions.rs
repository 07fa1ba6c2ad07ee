//! The directions in which whitened photos differ most.

use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, Par, Side};

use super::Standardised;
use crate::TrainError;
use crate::scatter::scatter;

/// A direction with a smaller share of the variance of the first one is rounding.
const LEAST_SHARE: f64 = 1e-12;

/// The leading principal directions of the features after whitening by `L^-T`: `[inputs, dimension]`, orthonormal, each
/// with a positive largest entry so that the result does not depend on a sign convention.
pub(super) fn leading_directions(
    standardised: Standardised<'_>,
    lower: &Mat<f64>,
    dimension: usize,
) -> Result<Mat<f64>, TrainError> {
    let photos = standardised.features.len() / standardised.inputs();
    // The smaller of the two matrices with the same eigenvalues.
    if photos > standardised.inputs() {
        by_covariance(standardised, lower, dimension)
    } else {
        by_gram(standardised, lower, dimension)
    }
}

/// From the covariance, `[inputs, inputs]`: no whitened photo is ever held.
pub(super) fn by_covariance(
    standardised: Standardised<'_>,
    lower: &Mat<f64>,
    dimension: usize,
) -> Result<Mat<f64>, TrainError> {
    let inputs = standardised.inputs();
    let photos = standardised.features.len() / inputs;
    // Standardised features have the mean 0. Their scatter C becomes L^-1 C L^-T.
    let scatter = scatter(photos, inputs, |rows, into| {
        for (row, into) in rows.zip(into.chunks_exact_mut(inputs)) {
            standardised.write(row, into);
        }
    });
    let mut half = scatter;
    solve_lower_triangular_in_place(lower.as_ref(), half.as_mut(), Par::Seq);
    let mut whitened = half.transpose().to_owned();
    solve_lower_triangular_in_place(lower.as_ref(), whitened.as_mut(), Par::Seq);
    let (vectors, values) = eigenvectors(&whitened)?;
    let mut directions = Mat::<f64>::zeros(inputs, dimension);
    for index in 0..dimension {
        let from = inputs - 1 - index; // eigenvalues rise
        length_of(&values, from, dimension)?;
        write_direction(&mut directions, index, |row| vectors[(row, from)]);
    }
    Ok(directions)
}

/// From the products of all pairs of photos, `[photos, photos]`: for few photos.
pub(super) fn by_gram(
    standardised: Standardised<'_>,
    lower: &Mat<f64>,
    dimension: usize,
) -> Result<Mat<f64>, TrainError> {
    let inputs = standardised.inputs();
    let photos = standardised.features.len() / inputs;
    let mut whitened = Mat::<f64>::zeros(inputs, photos);
    let mut features = vec![0.0; inputs];
    for photo in 0..photos {
        standardised.write(photo, &mut features);
        for (row, feature) in features.iter().enumerate() {
            whitened[(row, photo)] = *feature;
        }
    }
    // Rows times L^-T are the transposed solutions of L z = x^T.
    solve_lower_triangular_in_place(lower.as_ref(), whitened.as_mut(), Par::Seq);
    let gram = whitened.transpose() * &whitened;
    let (vectors, values) = eigenvectors(&gram)?;
    let mut directions = Mat::<f64>::zeros(inputs, dimension);
    for index in 0..dimension {
        let from = photos - 1 - index; // eigenvalues rise
        let length = length_of(&values, from, dimension)?;
        let direction = &whitened * vectors.col(from);
        write_direction(&mut directions, index, |row| direction[row] / length);
    }
    Ok(directions)
}

/// Eigenvectors as columns, and eigenvalues, which rise.
fn eigenvectors(symmetric: &Mat<f64>) -> Result<(Mat<f64>, Vec<f64>), TrainError> {
    let decomposition = symmetric
        .self_adjoint_eigen(Side::Lower)
        .map_err(|error| TrainError::Degenerate(format!("there are no eigenvalues: {error:?}")))?;
    let values = decomposition.S().column_vector();
    let values = (0..values.nrows()).map(|index| values[index]).collect();
    Ok((decomposition.U().to_owned(), values))
}

/// The root of an eigenvalue that is not just rounding.
fn length_of(values: &[f64], index: usize, dimension: usize) -> Result<f64, TrainError> {
    let largest = values.last().copied().unwrap_or_default();
    match values.get(index) {
        Some(value) if *value > LEAST_SHARE * largest => Ok(value.sqrt()),
        _ => Err(TrainError::Setting {
            name: "dimension",
            value: dimension as f64,
            why: "is larger than the rank of the features",
        }),
    }
}

fn write_direction(directions: &mut Mat<f64>, index: usize, value: impl Fn(usize) -> f64) {
    let rows = 0..directions.nrows();
    let largest = rows.clone().map(&value).fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
    for row in rows {
        directions[(row, index)] = value(row) * largest.signum();
    }
}
