//! Which SIMD instructions a kernel may use.

/// A family of SIMD instructions, found at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512F: 16 lanes, 32 registers.
    Avx512,
    /// AVX2 with FMA: 8 lanes, 16 registers.
    Avx2,
    /// Plain Rust: every other processor, and the twin the others are tested against.
    Portable,
}

impl Instructions {
    /// The fastest that this processor runs.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// Those that this processor runs, fastest first.
    pub fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 && is_x86_feature_detected!("avx512f") {
                return &[Self::Avx512, Self::Avx2, Self::Portable];
            }
            if avx2 {
                return &[Self::Avx2, Self::Portable];
            }
        }
        &[Self::Portable]
    }

    /// These, or [`Instructions::Portable`] where the processor lacks them: what a kernel may really use.
    #[must_use]
    pub fn or_portable(self) -> Self {
        if Self::available().contains(&self) { self } else { Self::Portable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_is_always_there() {
        assert_eq!(Instructions::available().last(), Some(&Instructions::Portable));
        assert_eq!(Instructions::best().or_portable(), Instructions::best());
    }
}
