//! The first convolution (3x3, stride 2, 3 channels) as a linear layer over patches of the image.

use std::ops::Range;

use kernels::depthwise::SamePadding;
use kernels::linear::PanelRows;
use kernels::panels::{AlignedBuffer, padded_channels};

/// Rows and columns of the stem's kernel.
pub(super) const KERNEL: usize = 3;
/// Step of the stem's kernel.
pub(super) const STRIDE: usize = 2;
/// Red, green, blue.
const CHANNELS: usize = 3;
/// Numbers of a patch.
const PATCH: usize = KERNEL * KERNEL * CHANNELS;

/// Gathers the patches of the output rows `rows`, `[pixels, 27]` in one panel. `image` is `[size, size, 3]`.
pub(super) fn patches<'a>(
    image: &[f32],
    geometry: &SamePadding,
    rows: Range<usize>,
    buffer: &'a mut AlignedBuffer,
) -> PanelRows<'a> {
    const WIDTH: usize = padded_channels(PATCH);
    const ROW: usize = KERNEL * CHANNELS;
    let count = rows.len() * geometry.output;
    buffer.reserve(count * WIDTH);
    let size = geometry.input;
    for (row, targets) in rows.zip(buffer.chunks_exact_mut((geometry.output * WIDTH).max(1))) {
        for tap in 0..KERNEL {
            let above = (row * STRIDE + tap).checked_sub(geometry.before).filter(|&above| above < size);
            let source =
                above.and_then(|above| image.get(above * size * CHANNELS..(above + 1) * size * CHANNELS));
            for (column, patch) in targets.chunks_exact_mut(WIDTH).enumerate() {
                let target = &mut patch[tap * ROW..(tap + 1) * ROW];
                let start = (column * STRIDE).checked_sub(geometry.before).map(|left| left * CHANNELS);
                match (source, start) {
                    (Some(source), Some(start)) if start + ROW <= source.len() => {
                        target.copy_from_slice(&source[start..start + ROW]);
                    }
                    (Some(source), _) => {
                        for (offset, pixel) in target.chunks_exact_mut(CHANNELS).enumerate() {
                            let left = (column * STRIDE + offset).checked_sub(geometry.before);
                            match left.and_then(|left| source.get(left * CHANNELS..(left + 1) * CHANNELS)) {
                                Some(values) => pixel.copy_from_slice(values),
                                None => pixel.fill(0.0),
                            }
                        }
                    }
                    (None, _) => target.fill(0.0),
                }
            }
        }
    }
    PanelRows { panels: buffer, rows: count, first: 0, count }
}
