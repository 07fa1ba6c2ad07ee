//! Normalisation of rows.

/// `output = input * rsqrt(mean(input^2) + epsilon) * weight` for each row of `weight.len()` numbers
/// (Zhang and Sennrich 2019). By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rms_norm(input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "output of another shape");
    for (input, output) in input.chunks_exact(weight.len()).zip(output.chunks_exact_mut(weight.len())) {
        let mean = input.iter().map(|value| value * value).sum::<f32>() / weight.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for ((output, input), weight) in output.iter_mut().zip(input).zip(weight) {
            *output = input * factor * weight;
        }
    }
}

/// `output = (input - mean) * rsqrt(variance + epsilon) * weight + bias` for each row of `weight.len()` numbers
/// (Ba, Kiros and Hinton 2016). By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "output of another shape");
    assert_eq!(weight.len(), bias.len(), "bias of another shape");
    let count = weight.len() as f32;
    for (input, output) in input.chunks_exact(weight.len()).zip(output.chunks_exact_mut(weight.len())) {
        let mean = input.iter().sum::<f32>() / count;
        let variance = input.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for (((output, input), weight), bias) in output.iter_mut().zip(input).zip(weight).zip(bias) {
            *output = (input - mean) * factor * weight + bias;
        }
    }
}
