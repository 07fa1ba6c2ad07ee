//! Functions of every number of a slice, by the registers of any instruction set.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use super::instructions::Instructions;
use super::vector::{Portable, Vector};

/// Something to do with registers.
pub(super) trait Task {
    /// What comes of it.
    type Output;

    /// Does it; an implementation must be `#[inline(always)]`.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    unsafe fn run<V: Vector>(self) -> Self::Output;
}

/// Does it with the given instructions, or in plain Rust where the processor lacks them.
pub(super) fn dispatch<T: Task>(instructions: Instructions, task: T) -> T::Output {
    match instructions.or_portable() {
        // SAFETY: `or_portable` has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { avx512(task) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { avx2(task) },
        // SAFETY: plain Rust.
        _ => unsafe { task.run::<Portable>() },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512<T: Task>(task: T) -> T::Output {
    // SAFETY: this function has the instructions.
    unsafe { task.run::<std::arch::x86_64::__m512>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<T: Task>(task: T) -> T::Output {
    // SAFETY: this function has the instructions.
    unsafe { task.run::<std::arch::x86_64::__m256>() }
}

/// Numbers of one task: enough to pay for handing it to another thread.
pub(super) const CHUNK: usize = 1 << 14;

/// The most lanes of any register.
pub(super) const MOST_LANES: usize = 16;

// Macros, as a closure may be left out of line, where the instructions are not enabled.

/// `map!(V, values, |x| result)`: `values[i] = result`, by registers `x` of `V`. The last few numbers pass through
/// a register too: a number's result does not depend on its place. Unsafe: the processor has the instructions of
/// `V`.
macro_rules! map {
    ($vector:ident, $values:expr, |$x:ident| $result:expr) => {{
        let values: &mut [f32] = $values;
        let whole = values.len() / $vector::LANES * $vector::LANES;
        let rest = values.len() - whole;
        let mut last = [0.0_f32; $crate::functions::MOST_LANES];
        last[..rest].copy_from_slice(&values[whole..]);
        for at in (0..values.len()).step_by($vector::LANES) {
            // Both hold a register there.
            let place = if at < whole { values.as_mut_ptr().add(at) } else { last.as_mut_ptr() };
            let $x = $vector::load(place);
            $vector::store($result, place);
        }
        values[whole..].copy_from_slice(&last[..rest]);
    }};
}

/// `zip!(V, values, others, |x, y| result)`: as [`map`], with the numbers `y` of a slice of the same length.
macro_rules! zip {
    ($vector:ident, $values:expr, $others:expr, |$x:ident, $y:ident| $result:expr) => {{
        let values: &mut [f32] = $values;
        let others: &[f32] = &$others[..values.len()];
        let whole = values.len() / $vector::LANES * $vector::LANES;
        let rest = values.len() - whole;
        let mut last = [[0.0_f32; $crate::functions::MOST_LANES]; 2];
        last[0][..rest].copy_from_slice(&values[whole..]);
        last[1][..rest].copy_from_slice(&others[whole..]);
        for at in (0..values.len()).step_by($vector::LANES) {
            // All hold a register there.
            let (place, other) = if at < whole {
                (values.as_mut_ptr().add(at), others.as_ptr().add(at))
            } else {
                (last[0].as_mut_ptr(), last[1].as_ptr())
            };
            let ($x, $y) = ($vector::load(place), $vector::load(other));
            $vector::store($result, place);
        }
        values[whole..].copy_from_slice(&last[0][..rest]);
    }};
}

pub(super) use {map, zip};

/// The sum of a slice or of its squares.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn sum_of<V: Vector, const SQUARES: bool>(values: &[f32]) -> f32 {
    const SUMS: usize = 4;
    // SAFETY: the caller's promise; every chunk and the buffers hold what is loaded.
    unsafe {
        let mut sums = [V::splat(0.0); SUMS];
        let chunks = values.chunks_exact(SUMS * V::LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (index, sum) in sums.iter_mut().enumerate() {
                let value = V::load(chunk.as_ptr().add(index * V::LANES));
                *sum = if SQUARES { value.mul_add(value, *sum) } else { sum.add(value) };
            }
        }
        let mut lanes = [0.0_f32; MOST_LANES];
        sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(lanes.as_mut_ptr());
        let rest = rest.iter().map(|value| if SQUARES { value * value } else { *value });
        lanes.iter().sum::<f32>() + rest.sum::<f32>()
    }
}

/// The sum of a slice.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn sum<V: Vector>(values: &[f32]) -> f32 {
    // SAFETY: the caller's promise.
    unsafe { sum_of::<V, false>(values) }
}

/// The sum of a slice's squares.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn sum_of_squares<V: Vector>(values: &[f32]) -> f32 {
    // SAFETY: the caller's promise.
    unsafe { sum_of::<V, true>(values) }
}

/// The greatest of a slice, without those that are NaN; negative infinity of none.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn most<V: Vector>(values: &[f32]) -> f32 {
    let chunks = values.chunks_exact(V::LANES);
    let rest = chunks.remainder();
    let mut lanes = [f32::NEG_INFINITY; MOST_LANES];
    // SAFETY: the caller's promise; every chunk and the buffer hold a register.
    unsafe {
        let mut greatest = V::splat(f32::NEG_INFINITY);
        for chunk in chunks {
            greatest = V::load(chunk.as_ptr()).at_least(greatest);
        }
        greatest.store(lanes.as_mut_ptr());
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// `e^x` with a relative error below 2e-7 for `x` in `-87..=88`, the result of the nearest limit beyond; NaN stays.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn exp<V: Vector>(value: V) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        // The number itself is the limit, so that NaN stays.
        let value = V::splat(-87.0).at_least(value);
        let value = V::splat(88.0).at_most(value);
        let (whole, power) = value.mul(V::splat(std::f32::consts::LOG2_E)).power_of_two();
        // ln 2 in two parts: the first has few bits, so that its product is exact.
        let rest = whole.mul_add(V::splat(-0.693_359_4), value);
        let rest = whole.mul_add(V::splat(2.121_944_4e-4), rest);
        // The Taylor series: |rest| <= ln(2) / 2, where the next term is below 6e-9.
        let mut sum = V::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = sum.mul_add(rest, V::splat(coefficient));
        }
        sum.mul(power)
    }
}

/// `1 / (1 + e^-x)`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn sigmoid<V: Vector>(value: V) -> V {
    // SAFETY: the caller's promise.
    unsafe { V::splat(1.0).div(V::splat(1.0).add(exp(value.mul(V::splat(-1.0))))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exp<'a>(&'a mut [f32]);

    impl Task for Exp<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Vector>(self) {
            // SAFETY: the caller's promise.
            unsafe { map!(V, self.0, |value| exp(value)) }
        }
    }

    #[test]
    fn exp_equals_the_one_in_f64() {
        let inputs: Vec<f32> = (0..=1_750_003).map(|index| -87.0 + index as f32 * 1e-4).collect();
        for &instructions in Instructions::available() {
            let mut values = inputs.clone();
            dispatch(instructions, Exp(&mut values));
            let worst = inputs.iter().zip(&values).fold(0.0, |worst: f64, (&input, &value)| {
                let exact = f64::from(input.min(88.0)).exp();
                worst.max((f64::from(value) / exact - 1.0).abs())
            });
            assert!(worst < 2e-7, "{instructions:?}: {worst}");
        }
    }

    #[test]
    fn exp_beyond_its_limits() {
        for &instructions in Instructions::available() {
            let mut values = [0.0, -0.0, -1e30, f32::NEG_INFINITY, 1e30, f32::INFINITY, f32::NAN];
            dispatch(instructions, Exp(&mut values));
            assert_eq!(values[..2], [1.0, 1.0]);
            assert!(values[2..4].iter().all(|&value| value > 0.0 && value < 2e-38));
            assert!(values[4..6].iter().all(|&value| value > 1e38));
            assert!(values[6].is_nan());
        }
    }
}
