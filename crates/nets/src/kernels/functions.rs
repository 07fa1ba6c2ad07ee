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

/// The most lanes of any register.
pub(super) const MOST_LANES: usize = 16;

/// `values[i] = function(values[i])`. The last few numbers pass through a register too: a number's result does not
/// depend on its place.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn map<V: Vector>(values: &mut [f32], function: impl Fn(V) -> V) {
    let mut chunks = values.chunks_exact_mut(V::LANES);
    // SAFETY: the caller's promise; every chunk and the buffer hold a register.
    unsafe {
        for chunk in &mut chunks {
            function(V::load(chunk.as_ptr())).store(chunk.as_mut_ptr());
        }
        let rest = chunks.into_remainder();
        if !rest.is_empty() {
            let mut buffer = [0.0; MOST_LANES];
            buffer[..rest.len()].copy_from_slice(rest);
            function(V::load(buffer.as_ptr())).store(buffer.as_mut_ptr());
            rest.copy_from_slice(&buffer[..rest.len()]);
        }
    }
}

/// As [`map`], with the numbers of a second slice of the same length.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn zip<V: Vector>(values: &mut [f32], others: &[f32], function: impl Fn(V, V) -> V) {
    let (mut chunks, other_chunks) = (values.chunks_exact_mut(V::LANES), others.chunks_exact(V::LANES));
    let other_rest = other_chunks.remainder();
    // SAFETY: the caller's promise; every chunk and the buffers hold a register.
    unsafe {
        for (chunk, other) in (&mut chunks).zip(other_chunks) {
            function(V::load(chunk.as_ptr()), V::load(other.as_ptr())).store(chunk.as_mut_ptr());
        }
        let rest = chunks.into_remainder();
        if !rest.is_empty() {
            let (mut buffer, mut other) = ([0.0; MOST_LANES], [0.0; MOST_LANES]);
            buffer[..rest.len()].copy_from_slice(rest);
            other[..rest.len()].copy_from_slice(&other_rest[..rest.len()]);
            function(V::load(buffer.as_ptr()), V::load(other.as_ptr())).store(buffer.as_mut_ptr());
            rest.copy_from_slice(&buffer[..rest.len()]);
        }
    }
}

/// The sum of `term` over a slice; the numbers after the last whole registers come last.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn sum<V: Vector>(values: &[f32], term: impl Fn(V) -> V) -> f32 {
    const SUMS: usize = 4;
    // SAFETY: the caller's promise; every chunk and the buffers hold what is loaded.
    unsafe {
        let mut sums = [V::splat(0.0); SUMS];
        let chunks = values.chunks_exact(SUMS * V::LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(term(V::load(chunk.as_ptr().add(index * V::LANES))));
            }
        }
        let mut lanes = [0.0_f32; MOST_LANES];
        sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(lanes.as_mut_ptr());
        let mut total = lanes.iter().sum::<f32>();
        for rest in rest.chunks(V::LANES) {
            let mut buffer = [0.0; MOST_LANES];
            buffer[..rest.len()].copy_from_slice(rest);
            term(V::load(buffer.as_ptr())).store(buffer.as_mut_ptr());
            total += buffer[..rest.len()].iter().sum::<f32>();
        }
        total
    }
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
            unsafe { map::<V>(self.0, |value| exp(value)) }
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
