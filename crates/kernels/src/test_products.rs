//! Numbers and products for the tests, from the definition in f64.

/// Numbers in -1..=1 that look random.
pub(crate) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// `left [rows, inner] * right [inner, columns] + bias [columns]`.
pub(crate) fn plain(left: &[f32], right: &[f32], bias: &[f32], shape: [usize; 3]) -> Vec<f64> {
    let columns = shape[2];
    of_definition(left, |index, column| right[index * columns + column], bias, shape)
}

/// `left [rows, inner] * right [columns, inner]^T + bias [columns]`.
pub(crate) fn plain_transposed(left: &[f32], right: &[f32], bias: &[f32], inner: usize) -> Vec<f64> {
    let shape = [left.len() / inner, inner, bias.len()];
    of_definition(left, |index, column| right[column * inner + index], bias, shape)
}

fn of_definition(
    left: &[f32],
    right: impl Fn(usize, usize) -> f32,
    bias: &[f32],
    [rows, inner, columns]: [usize; 3],
) -> Vec<f64> {
    let mut output = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for (column, &bias) in bias[..columns].iter().enumerate() {
            let left = left[row * inner..][..inner].iter().enumerate();
            let products = left.map(|(index, &left)| f64::from(left) * f64::from(right(index, column)));
            output.push(products.sum::<f64>() + f64::from(bias));
        }
    }
    output
}
