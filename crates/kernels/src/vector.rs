//! One name for the SIMD registers of each instruction set, so that a kernel is written once.
#![allow(unsafe_code)] // SIMD; the functions are called only under the `target_feature` that they need.
#![allow(clippy::inline_always)] // These must land inside the function that enables the instructions.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm256_add_epi32, _mm256_add_ps, _mm256_castsi256_ps, _mm256_cvtepi32_ps,
    _mm256_cvtps_epi32, _mm256_div_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm512_add_epi32,
    _mm512_add_ps, _mm512_castsi512_ps, _mm512_cvtepi32_ps, _mm512_cvtps_epi32, _mm512_div_ps,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps,
};

/// A register of `LANES` floats.
///
/// # Safety
/// Every function needs the processor to have the instructions of the type: call them only below a function
/// with that `target_feature`. `load` and `store` touch `LANES` floats at the pointer, unaligned.
pub(super) trait Vector: Copy {
    const LANES: usize;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn splat(value: f32) -> Self;
    /// `self * factor + sum`.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    /// The larger; `limit` where `self` is NaN.
    unsafe fn at_least(self, limit: Self) -> Self;
    /// The smaller; `limit` where `self` is NaN.
    unsafe fn at_most(self, limit: Self) -> Self;
    unsafe fn mul(self, factor: Self) -> Self;
    unsafe fn div(self, divisor: Self) -> Self;
    /// The nearest whole number `n` and `2^n`, for `n` in `-126..=127`; anything for other numbers.
    unsafe fn power_of_two(self) -> (Self, Self);
}

/// Implements [`Vector`] by intrinsics.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($name:ident, $lanes:literal, $load:ident, $store:ident, $splat:ident, $mul_add:ident, $add:ident, $max:ident, $min:ident, $mul:ident, $div:ident, $to_int:ident, $to_float:ident, $splat_int:ident, $add_int:ident, $shift:ident, $cast:ident) => {
        impl Vector for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: the contract of the trait.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $mul_add(self, factor, sum) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            unsafe fn at_least(self, limit: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $max(self, limit) }
            }

            #[inline(always)]
            unsafe fn at_most(self, limit: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $min(self, limit) }
            }

            #[inline(always)]
            unsafe fn mul(self, factor: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $mul(self, factor) }
            }

            #[inline(always)]
            unsafe fn div(self, divisor: Self) -> Self {
                // SAFETY: the contract of the trait.
                unsafe { $div(self, divisor) }
            }

            #[inline(always)]
            unsafe fn power_of_two(self) -> (Self, Self) {
                // SAFETY: the contract of the trait. The exponent's bits are from the 23rd on, biased by 127.
                unsafe {
                    let whole = $to_int(self);
                    ($to_float(whole), $cast($shift::<23>($add_int(whole, $splat_int(127)))))
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vector!(
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_cvtps_epi32,
    _mm512_cvtepi32_ps,
    _mm512_set1_epi32,
    _mm512_add_epi32,
    _mm512_slli_epi32,
    _mm512_castsi512_ps
);
#[cfg(target_arch = "x86_64")]
vector!(
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_cvtps_epi32,
    _mm256_cvtepi32_ps,
    _mm256_set1_epi32,
    _mm256_add_epi32,
    _mm256_slli_epi32,
    _mm256_castsi256_ps
);

/// Eight floats in plain Rust. Products are rounded before they are added: without hardware support a fused
/// multiply-add is a slow library call.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self.0;
        for (left, right) in result.iter_mut().zip(other.0) {
            *left = operation(*left, right);
        }
        Self(result)
    }
}

impl Vector for Portable {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the contract of the trait: `LANES` floats can be read, unaligned.
        Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the contract of the trait: `LANES` floats can be written, unaligned.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.zip(factor, |left, right| left * right).zip(sum, |left, right| left + right)
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |left, right| left + right)
    }

    #[inline(always)]
    unsafe fn at_least(self, limit: Self) -> Self {
        self.zip(limit, |value, limit| if value > limit { value } else { limit })
    }

    #[inline(always)]
    unsafe fn at_most(self, limit: Self) -> Self {
        self.zip(limit, |value, limit| if value < limit { value } else { limit })
    }

    #[inline(always)]
    unsafe fn mul(self, factor: Self) -> Self {
        self.zip(factor, |value, factor| value * factor)
    }

    #[inline(always)]
    unsafe fn div(self, divisor: Self) -> Self {
        self.zip(divisor, |value, divisor| value / divisor)
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> (Self, Self) {
        let whole = self.0.map(f32::round_ties_even);
        let power = whole.map(|whole| f32::from_bits((whole as i32).wrapping_add(127).cast_unsigned() << 23));
        (Self(whole), Self(power))
    }
}
