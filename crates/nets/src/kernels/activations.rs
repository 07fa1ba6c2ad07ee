//! `SwiGLU`, GELU and the like, in place. By the current rayon pool.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::exponential::exp;

/// Numbers in one task.
const CHUNK: usize = 1 << 14;

/// `gate = silu(gate) * up` (Shazeer 2020), where `silu(x) = x * sigmoid(x)`.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn swiglu(gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "lengths differ");
    gate.par_chunks_mut(CHUNK).zip(up.par_chunks(CHUNK)).for_each(|(gate, up)| {
        Arch::new().dispatch(Pairwise(gate, up, |gate: f32, up: f32| gate / (1.0 + exp(-gate)) * up));
    });
}

/// `x * sigmoid(1.702 * x)` (Hendrycks and Gimpel 2016).
pub fn quick_gelu(values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|values| {
        Arch::new().dispatch(Pointwise(values, |x: f32| x / (1.0 + exp(-1.702 * x))));
    });
}

/// `x / 2 * (1 + erf(x / sqrt(2)))` (Hendrycks and Gimpel 2016), within 1e-6.
pub fn gelu(values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|values| {
        for value in values {
            let x = f64::from(*value);
            let erf = candle_core::cpu::erf::erf_f64(x * std::f64::consts::FRAC_1_SQRT_2);
            *value = (0.5 * x * (1.0 + erf)) as f32;
        }
    });
}

/// `into += other`.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn add(into: &mut [f32], other: &[f32]) {
    assert_eq!(into.len(), other.len(), "lengths differ");
    into.par_chunks_mut(CHUNK).zip(other.par_chunks(CHUNK)).for_each(|(into, other)| {
        Arch::new().dispatch(Pairwise(into, other, |into: f32, other: f32| into + other));
    });
}

/// A function on each number.
struct Pointwise<'a, F>(&'a mut [f32], F);

impl<F: Fn(f32) -> f32> NullaryFnOnce for Pointwise<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            *value = (self.1)(*value);
        }
    }
}

/// A function on each number and its partner.
struct Pairwise<'a, F>(&'a mut [f32], &'a [f32], F);

impl<F: Fn(f32, f32) -> f32> NullaryFnOnce for Pairwise<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (value, other) in self.0.iter_mut().zip(self.1) {
            *value = (self.2)(*value, *other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919) % 4001) as f32 / 100.0 - 20.0).collect()
    }

    fn check(found: &[f32], expected: impl Fn(f64) -> f64) {
        for (found, input) in found.iter().zip(numbers(found.len())) {
            let expected = expected(f64::from(input));
            assert!(
                (f64::from(*found) - expected).abs() < 1e-6 * expected.abs().max(1.0),
                "{input}: {found}"
            );
        }
    }

    #[test]
    fn equal_their_definitions() {
        let count = CHUNK + 37;
        let mut values = numbers(count);
        quick_gelu(&mut values);
        check(&values, |x| x / (1.0 + (-1.702 * x).exp()));
        let mut values = numbers(count);
        let up = numbers(count);
        swiglu(&mut values, &up);
        for ((found, x), up) in values.iter().zip(numbers(count)).zip(&up) {
            let expected = f64::from(x) / (1.0 + (-f64::from(x)).exp()) * f64::from(*up);
            assert!((f64::from(*found) - expected).abs() < 1e-6 * expected.abs().max(1.0));
        }
        let mut values = numbers(count);
        add(&mut values, &up);
        check(&values, |x| x + x);
    }

    #[test]
    fn gelu_has_the_known_values() {
        let mut values = [0.0, 1.0, -1.0, 3.0, -10.0];
        gelu(&mut values);
        for (found, expected) in values.into_iter().zip([0.0, 0.841_344_75, -0.158_655_25, 2.995_950_3, 0.0])
        {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn extremes_stay_finite() {
        let mut values = [-1e30, 1e30, -200.0, 200.0];
        quick_gelu(&mut values);
        for (found, expected) in values.into_iter().zip([0.0, 1e30, 0.0, 200.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
