//! `exp` in plain arithmetic that compilers turn into SIMD.

/// `e^x` within 2e-7 of the true value, relative; 0 below -87.3, which f32 can hardly hold.
///
/// Range reduction to `[-ln 2 / 2, ln 2 / 2]`, a polynomial of degree 7, and the power of two put into the exponent
/// bits (Cody and Waite 1980).
#[inline(always)]
#[allow(clippy::inline_always, reason = "must land inside the function that enables the instructions")]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to an integer and leaves that integer in the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    /// `ln 2` in two parts, the first with trailing zeros.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let clamped = x.clamp(-87.3, 88.3);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUNDER;
    let power = shifted - ROUNDER;
    let rest = clamped - power * LN_2[0] - power * LN_2[1];
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * rest + coefficient;
    }
    let bits = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    let value = sum * f32::from_bits(bits);
    if x < -87.3 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::exp;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn is_exp(x in -87.0_f32..88.0) {
            let expected = f64::from(x).exp();
            prop_assert!((f64::from(exp(x)) / expected - 1.0).abs() < 2e-7, "{x}");
        }
    }

    #[test]
    fn the_ends_are_right() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-1000.0), 0.0);
        assert!(exp(100.0) > 1e38);
    }
}
