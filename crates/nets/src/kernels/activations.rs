//! `SwiGLU`, GELU and the like, in place.

/// `gate = silu(gate) * up` (Shazeer 2020), where `silu(x) = x * sigmoid(x)`. By the current rayon pool.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn swiglu(gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "lengths differ");
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

/// `x * sigmoid(1.702 * x)` (Hendrycks and Gimpel 2016). By the current rayon pool.
pub fn quick_gelu(values: &mut [f32]) {
    for value in values {
        *value /= 1.0 + (-1.702 * *value).exp();
    }
}

/// `x / 2 * (1 + erf(x / sqrt(2)))` (Hendrycks and Gimpel 2016), within 1e-6. By the current rayon pool.
pub fn gelu(values: &mut [f32]) {
    for value in values {
        let x = f64::from(*value);
        *value =
            (0.5 * x * (1.0 + candle_core::cpu::erf::erf_f64(x * std::f64::consts::FRAC_1_SQRT_2))) as f32;
    }
}

/// `into += other`. By the current rayon pool.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn add(into: &mut [f32], other: &[f32]) {
    assert_eq!(into.len(), other.len(), "lengths differ");
    for (into, other) in into.iter_mut().zip(other) {
        *into += other;
    }
}
