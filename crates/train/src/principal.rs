//! Fewer dimensions for vectors that do not fill theirs.

use faer::{Par, Side};

use crate::TrainError;
use crate::finite::check_finite;
use crate::scatter::scatter;

/// The leading directions of vectors around the origin: `[width, dimension]`, row-major, orthonormal columns.
///
/// Vectors times the result keep their inner products as well as any linear map to `dimension` numbers can.
/// `vectors` is `[n, width]`, row-major. Each direction's largest entry is positive, so that the result does not
/// depend on a sign convention.
///
/// # Errors
/// [`TrainError`] for sizes that do not fit or numbers that are not finite.
pub fn principal_directions(vectors: &[f32], width: usize, dimension: usize) -> Result<Vec<f32>, TrainError> {
    let count = vectors.len() / width.max(1);
    if count == 0 || vectors.len() != count * width || dimension == 0 || dimension > width {
        let why = "must be between 1 and the length of the vectors";
        return Err(TrainError::Setting { name: "dimension", value: dimension as f64, why });
    }
    check_finite("vector", vectors, width)?;
    // The decomposition must not depend on the machine's core count.
    faer::set_global_parallelism(Par::Seq);
    let moments = scatter(count, width, |rows, into| {
        let from = &vectors[rows.start * width..rows.end * width];
        into.iter_mut().zip(from).for_each(|(into, from)| *into = f64::from(*from));
    });
    let decomposition = moments.self_adjoint_eigen(Side::Lower).map_err(|error| {
        TrainError::Degenerate(format!("the second moments have no eigenvalues: {error:?}"))
    })?;
    let vectors = decomposition.U();
    let mut directions = vec![0.0; width * dimension];
    for index in 0..dimension {
        let column = vectors.col(width - 1 - index); // eigenvalues rise
        let largest =
            (0..width).map(|row| column[row]).fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        for row in 0..width {
            directions[row * dimension + index] = (column[row] * largest.signum()) as f32;
        }
    }
    Ok(directions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_plane_that_holds_the_vectors() {
        // Vectors in the plane spanned by (1, 1, 0) and (0, 0, 1).
        let vectors: Vec<f32> = (0..20)
            .flat_map(|index| {
                let (a, b) = (index as f32, (index % 3) as f32);
                [a, a, b]
            })
            .collect();
        let directions = principal_directions(&vectors, 3, 2).unwrap();
        for row in vectors.chunks(3) {
            let projected: Vec<f32> =
                (0..2).map(|d| (0..3).map(|i| row[i] * directions[i * 2 + d]).sum()).collect();
            let (before, after): (f32, f32) =
                (row.iter().map(|v| v * v).sum(), projected.iter().map(|v| v * v).sum());
            assert!((before - after).abs() < 1e-3 * (1.0 + before), "{before} {after}");
        }
        assert!(principal_directions(&vectors, 3, 4).is_err());
    }
}
