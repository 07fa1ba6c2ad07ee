//! `SwiGLU`, GELU and the like, in place.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use rayon::prelude::*;

use super::functions::{CHUNK, MOST_LANES, Task, dispatch, exp, map, sigmoid, zip};
use super::instructions::Instructions;
use super::vector::Vector;

/// `gate = silu(gate) * up` (Shazeer 2020), where `silu(x) = x * sigmoid(x)`. By the current rayon pool.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn swiglu(gate: &mut [f32], up: &[f32]) {
    pairs(Instructions::best(), Pairs::SwiGlu, gate, up);
}

/// The gradients of [`swiglu`]'s inputs, in their place: `gradient` is that of its output. By the current rayon pool.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn swiglu_gradient(gate: &mut [f32], up: &mut [f32], gradient: &[f32]) {
    swiglu_gradient_with(Instructions::best(), gate, up, gradient);
}

fn swiglu_gradient_with(instructions: Instructions, gate: &mut [f32], up: &mut [f32], gradient: &[f32]) {
    assert!(gate.len() == up.len() && up.len() == gradient.len(), "lengths differ");
    gate.par_chunks_mut(CHUNK)
        .zip(up.par_chunks_mut(CHUNK))
        .zip(gradient.par_chunks(CHUNK))
        .for_each(|((gate, up), gradient)| dispatch(instructions, SwiGluGradient { gate, up, gradient }));
}

/// `x * sigmoid(1.702 * x)` (Hendrycks and Gimpel 2016). By the current rayon pool.
pub fn quick_gelu(values: &mut [f32]) {
    each(Instructions::best(), Each::QuickGelu, values);
}

/// `x / 2 * (1 + erf(x / sqrt(2)))` (Hendrycks and Gimpel 2016), within 1e-6. By the current rayon pool.
pub fn gelu(values: &mut [f32]) {
    each(Instructions::best(), Each::Gelu, values);
}

/// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))` (Hendrycks and Gimpel 2016). By the current rayon pool.
pub fn gelu_tanh(values: &mut [f32]) {
    each(Instructions::best(), Each::GeluTanh, values);
}

/// `into += other`. By the current rayon pool.
///
/// # Panics
/// If the lengths differ: a mistake in the calling code.
pub fn add(into: &mut [f32], other: &[f32]) {
    pairs(Instructions::best(), Pairs::Add, into, other);
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// [`quick_gelu`].
    QuickGelu,
    /// [`gelu`].
    Gelu,
    /// [`gelu_tanh`].
    GeluTanh,
}

impl Each {
    /// Of every number, by this thread.
    pub(super) fn function(self) -> fn(&mut [f32]) {
        match self {
            Self::QuickGelu => |values| dispatch(Instructions::best(), EachOf(Self::QuickGelu, values)),
            Self::Gelu => |values| dispatch(Instructions::best(), EachOf(Self::Gelu, values)),
            Self::GeluTanh => |values| dispatch(Instructions::best(), EachOf(Self::GeluTanh, values)),
        }
    }
}

/// A function of two numbers.
#[derive(Clone, Copy)]
enum Pairs {
    SwiGlu,
    Add,
}

fn each(instructions: Instructions, function: Each, values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|values| dispatch(instructions, EachOf(function, values)));
}

fn pairs(instructions: Instructions, function: Pairs, values: &mut [f32], others: &[f32]) {
    assert_eq!(values.len(), others.len(), "lengths differ");
    values
        .par_chunks_mut(CHUNK)
        .zip(others.par_chunks(CHUNK))
        .for_each(|(values, others)| dispatch(instructions, PairsOf(function, values, others)));
}

struct EachOf<'a>(Each, &'a mut [f32]);

impl Task for EachOf<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.0 {
                Each::QuickGelu => map!(V, self.1, |x| x.mul(sigmoid(x.mul(V::splat(1.702))))),
                Each::Gelu => map!(V, self.1, |x| gelu_of(x)),
                // (1 + tanh(y)) / 2 = sigmoid(2 y), with 2 sqrt(2 / pi) = 1.595769 and 0.044715 of it.
                Each::GeluTanh => map!(V, self.1, |x| {
                    let steep = x.mul(x).mul_add(V::splat(0.071_354_814), V::splat(1.595_769));
                    x.mul(sigmoid(x.mul(steep)))
                }),
            }
        }
    }
}

struct PairsOf<'a>(Pairs, &'a mut [f32], &'a [f32]);

impl Task for PairsOf<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.0 {
                Pairs::SwiGlu => zip!(V, self.1, self.2, |gate, up| gate.mul(sigmoid(gate)).mul(up)),
                Pairs::Add => zip!(V, self.1, self.2, |left, right| left.add(right)),
            }
        }
    }
}

/// Slices of one length.
struct SwiGluGradient<'a> {
    gate: &'a mut [f32],
    up: &'a mut [f32],
    gradient: &'a [f32],
}

impl Task for SwiGluGradient<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self { gate, up, gradient } = self;
        let whole = gate.len() / V::LANES * V::LANES;
        let rest = gate.len() - whole;
        // The last few numbers pass through a register too, as in `map`.
        let mut last = [[0.0_f32; MOST_LANES]; 3];
        last[0][..rest].copy_from_slice(&gate[whole..]);
        last[1][..rest].copy_from_slice(&up[whole..]);
        last[2][..rest].copy_from_slice(&gradient[whole..]);
        for at in (0..gate.len()).step_by(V::LANES) {
            // SAFETY: the caller's promise; the slices are equally long, and all places hold a register.
            unsafe {
                let (gate, up, gradient) = if at < whole {
                    (gate.as_mut_ptr().add(at), up.as_mut_ptr().add(at), gradient.as_ptr().add(at))
                } else {
                    let [gate, up, gradient] = &mut last;
                    (gate.as_mut_ptr(), up.as_mut_ptr(), gradient.as_ptr())
                };
                let (x, y, slope) = (V::load(gate), V::load(up), V::load(gradient));
                let share = sigmoid(x);
                let silu = x.mul(share);
                // silu' = sigmoid + silu * (1 - sigmoid)
                let steep = silu.mul_add(V::splat(1.0).add(share.mul(V::splat(-1.0))), share);
                slope.mul(y).mul(steep).store(gate);
                slope.mul(silu).store(up);
            }
        }
        gate[whole..].copy_from_slice(&last[0][..rest]);
        up[whole..].copy_from_slice(&last[1][..rest]);
    }
}

/// With the rational approximation of erf by Hastings (Abramowitz and Stegun 1964, 7.1.26; error below 1.5e-7):
/// `x * erf(x / sqrt(2))` is the same for `x` and `-x`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn gelu_of<V: Vector>(x: V) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let size = x.mul(V::splat(-1.0)).at_least(x);
        let z = size.mul(V::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = V::splat(1.0).div(z.mul_add(V::splat(0.327_591_1), V::splat(1.0)));
        let mut sum = V::splat(1.061_405_4);
        for coefficient in [-1.453_152_1, 1.421_413_7, -0.284_496_72, 0.254_829_6, 0.0] {
            sum = sum.mul_add(t, V::splat(coefficient));
        }
        // The limit keeps infinity from becoming infinity times zero.
        let rest = sum.mul(exp(z.mul(z).mul(V::splat(-1.0)))).mul(V::splat(20.0).at_most(size));
        x.add(size).add(rest.mul(V::splat(-1.0))).mul(V::splat(0.5))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::cpu::erf::erf_f64;

    use super::*;

    fn inputs() -> Vec<f32> {
        (-200_003..=200_000).map(|index| index as f32 * 1e-4).chain([-1e4, 1e4, 0.0, -100.0, 100.0]).collect()
    }

    /// The largest error, beside a millionth of each expected value.
    fn worst(found: &[f32], expected: impl Iterator<Item = f64>) -> f64 {
        found.iter().zip(expected).fold(0.0, |worst: f64, (&found, expected)| {
            let error = (f64::from(found) - expected).abs() - 1e-6 * expected.abs();
            if error.is_nan() { f64::INFINITY } else { worst.max(error) }
        })
    }

    fn sigmoid_of(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn functions_of_one_number_equal_those_in_f64() {
        for &instructions in Instructions::available() {
            let mut found = inputs();
            each(instructions, Each::QuickGelu, &mut found);
            let expected =
                inputs().into_iter().map(f64::from).map(|x| x * sigmoid_of(f64::from(1.702_f32) * x));
            assert!(worst(&found, expected) < 1e-7, "{instructions:?}");
            let mut found = inputs();
            each(instructions, Each::Gelu, &mut found);
            let half = std::f64::consts::FRAC_1_SQRT_2;
            let expected = inputs().into_iter().map(f64::from).map(|x| x / 2.0 * (1.0 + erf_f64(x * half)));
            assert!(worst(&found, expected) < 5e-7, "{instructions:?}");
            let mut found = inputs();
            each(instructions, Each::GeluTanh, &mut found);
            let root = (2.0 / std::f64::consts::PI).sqrt();
            let expected = inputs().into_iter().map(f64::from).map(|x| {
                let y = root * (x + 0.044_715 * x * x * x);
                x / 2.0 * (1.0 + y.tanh())
            });
            assert!(worst(&found, expected) < 1e-6, "{instructions:?}");
        }
    }

    #[test]
    fn functions_of_two_numbers_equal_those_in_f64() {
        let others: Vec<f32> = (0..inputs().len()).map(|index| (index % 1009) as f32 / 504.5 - 1.0).collect();
        for &instructions in Instructions::available() {
            let both = || inputs().into_iter().map(f64::from).zip(others.iter().copied().map(f64::from));
            let mut found = inputs();
            pairs(instructions, Pairs::SwiGlu, &mut found, &others);
            assert!(worst(&found, both().map(|(gate, up)| gate * sigmoid_of(gate) * up)) < 1e-7);
            let mut found = inputs();
            pairs(instructions, Pairs::Add, &mut found, &others);
            assert!(worst(&found, both().map(|(left, right)| left + right)) < 1e-6);
        }
    }

    #[test]
    fn the_gradient_of_swiglu_is_the_difference_in_f64() {
        let others: Vec<f32> = (0..inputs().len()).map(|index| (index % 1009) as f32 / 504.5 - 1.0).collect();
        let gradient: Vec<f32> = (0..inputs().len()).map(|index| (index % 101) as f32 / 50.0 - 1.0).collect();
        for &instructions in Instructions::available() {
            let (mut gate, mut up) = (inputs(), others.clone());
            swiglu_gradient_with(instructions, &mut gate, &mut up, &gradient);
            let numbers = || {
                let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
                wide(&inputs()).into_iter().zip(wide(&others)).zip(wide(&gradient))
            };
            let silu = |x: f64| x * sigmoid_of(x);
            let expected = numbers().map(|((x, y), slope)| {
                let step = 1e-5 * x.abs().max(1.0);
                slope * y * (silu(x + step) - silu(x - step)) / (2.0 * step)
            });
            assert!(worst(&gate, expected) < 1e-6, "{instructions:?}");
            assert!(worst(&up, numbers().map(|((x, _), slope)| slope * silu(x))) < 1e-6, "{instructions:?}");
        }
    }

    #[test]
    fn the_public_names_mean_these_functions() {
        let (x, y) = ([0.5_f32, -1.0, 3.0], [2.0_f32, 1.0, -1.0]);
        let close = |found: [f32; 3], expected: [f32; 3]| {
            assert!(
                found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5),
                "{found:?}"
            );
        };
        let mut values = x;
        swiglu(&mut values, &y);
        close(values, [0.622_459_35, -0.268_941_43, -2.857_722_3]);
        let mut values = x;
        quick_gelu(&mut values);
        close(values, [0.350_388_8, -0.154_202_8, 2.981_935]);
        let mut values = x;
        gelu(&mut values);
        close(values, [0.345_731_23, -0.158_655_26, 2.995_950_3]);
        let mut values = x;
        gelu_tanh(&mut values);
        close(values, [0.345_714, -0.158_808_01, 2.996_362_6]);
        let mut values = x;
        add(&mut values, &y);
        close(values, [2.5, 0.0, 2.0]);
    }

    #[test]
    fn what_is_not_a_number_stays() {
        for &instructions in Instructions::available() {
            for function in [Each::QuickGelu, Each::Gelu, Each::GeluTanh] {
                let mut values = [f32::NAN, f32::INFINITY, 1.0];
                each(instructions, function, &mut values);
                assert!(values[0].is_nan() && values[1] == f32::INFINITY && values[2] > 0.8);
            }
        }
    }
}
