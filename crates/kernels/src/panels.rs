//! How activations lie in memory: channels in panels of [`PANEL`], as the kernels consume and produce them.
//!
//! A tensor of `[rows, channels]` (rows are pixels, photos or locations) is stored panel by panel; a panel is
//! `[rows, width]`. All panels are [`PANEL`] wide, only the last may be narrower: a multiple of [`LANES`]. The
//! channels that fill up the last panel are padding, and kernels write zeros there.
//!
//! Three registers of 16 floats make a panel of 48. It divides the inner widths of every EfficientNet-Lite
//! (six times a multiple of eight), and one panel of a feature map fits in the cache of a core.

use std::ops::{Deref, DerefMut};

/// Channels of a full panel.
pub const PANEL: usize = 48;

/// Panels are padded to a multiple of this.
pub const LANES: usize = 16;

/// Panels of a tensor with `channels` channels.
pub const fn panel_count(channels: usize) -> usize {
    channels.div_ceil(PANEL)
}

/// Width of a panel, padding included; 0 past the end.
pub const fn panel_width(channels: usize, panel: usize) -> usize {
    let rest = channels.saturating_sub(panel * PANEL);
    if rest >= PANEL { PANEL } else { rest.next_multiple_of(LANES) }
}

/// Floats of a row over all panels.
pub const fn padded_channels(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// A weight as the kernels want it: zero for a subnormal (below 1.2e-38), else itself.
///
/// Weight decay leaves many subnormals in some published weights, and processors compute with them a hundred times
/// slower. The results cannot show the difference.
pub(super) fn without_subnormals(weight: f32) -> f32 {
    if weight.is_subnormal() { 0.0 } else { weight }
}

/// Floats aligned to a cache line (64 bytes), zero at first.
pub struct AlignedBuffer {
    floats: Vec<f32>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    const FLOATS_PER_LINE: usize = 16;

    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let floats = vec![0.0_f32; length + Self::FLOATS_PER_LINE];
        let offset = floats.as_ptr().align_offset(64);
        // `align_offset` may decline; then the kernels are slower but right, as their loads are unaligned.
        let start = if offset < Self::FLOATS_PER_LINE { offset } else { 0 };
        Self { floats, start, length }
    }

    /// Makes room for `length` floats, of unspecified value.
    pub fn reserve(&mut self, length: usize) {
        if length > self.length {
            *self = Self::zeros(length);
        }
    }
}

impl Clone for AlignedBuffer {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Default for AlignedBuffer {
    fn default() -> Self {
        Self::zeros(0)
    }
}

impl Deref for AlignedBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.floats[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.floats[self.start..self.start + self.length]
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AlignedBuffer({} floats)", self.length)
    }
}

/// Copies row-major `[rows, channels]` into panels. `panels` holds `rows * padded_channels(channels)` floats.
pub fn to_panels(values: &[f32], rows: usize, channels: usize, panels: &mut [f32]) {
    for (panel, block) in panels.chunks_mut((rows * PANEL).max(1)).enumerate().take(panel_count(channels)) {
        let width = panel_width(channels, panel);
        let first = panel * PANEL;
        let real = width.min(channels - first);
        for (row, target) in values.chunks_exact(channels).zip(block.chunks_exact_mut(width)) {
            target[..real].copy_from_slice(&row[first..first + real]);
            target[real..].fill(0.0);
        }
    }
}

/// Copies panels into row-major `[rows, channels]`.
pub fn from_panels(panels: &[f32], rows: usize, channels: usize, values: &mut [f32]) {
    for (panel, block) in panels.chunks((rows * PANEL).max(1)).enumerate().take(panel_count(channels)) {
        let width = panel_width(channels, panel);
        let first = panel * PANEL;
        let real = width.min(channels - first);
        for (row, source) in values.chunks_exact_mut(channels).zip(block.chunks_exact(width)) {
            row[first..first + real].copy_from_slice(&source[..real]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn panels_round_trip(rows in 0_usize..20, channels in 1_usize..200) {
            let values: Vec<f32> = (0..rows * channels).map(|index| index as f32 + 1.0).collect();
            let mut panels = AlignedBuffer::zeros(rows * padded_channels(channels));
            panels.fill(f32::NAN);
            to_panels(&values, rows, channels, &mut panels);
            prop_assert!(panels.iter().all(|value| value.is_finite()));
            let mut back = vec![0.0; rows * channels];
            from_panels(&panels, rows, channels, &mut back);
            prop_assert_eq!(values, back);
        }

        #[test]
        fn widths_add_up(channels in 1_usize..2000) {
            let sum: usize = (0..panel_count(channels)).map(|panel| panel_width(channels, panel)).sum();
            prop_assert_eq!(sum, padded_channels(channels));
            prop_assert_eq!(panel_width(channels, panel_count(channels)), 0);
        }
    }

    #[test]
    fn buffers_are_aligned() {
        for length in [0, 1, 15, 16, 1000] {
            let buffer = AlignedBuffer::zeros(length);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert_eq!(buffer.clone().as_ptr() as usize % 64, 0);
        }
    }
}
