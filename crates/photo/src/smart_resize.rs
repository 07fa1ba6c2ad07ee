//! The sizes to which Qwen2-VL resizes photos.

/// Bounds of [`smart_resize`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmartResize {
    /// Sides become multiples of this: patch side times merge size.
    pub factor: u32,
    /// Least number of pixels afterwards.
    pub min_pixels: u32,
    /// Greatest number of pixels afterwards.
    pub max_pixels: u32,
    /// Whether photos thinner than `factor` are stretched to it (the message builder does) or refused (the image
    /// processor does).
    pub stretch_thin: bool,
}

impl SmartResize {
    /// The bounds of Qwen2-VL's message builder, where resizing happens: factor 28, 4 to 16,384 merged patches.
    pub const QWEN2_VL: Self =
        Self { factor: 28, min_pixels: 4 * 28 * 28, max_pixels: 16_384 * 28 * 28, stretch_thin: true };

    /// The bounds of Qwen2-VL's image processor.
    pub const QWEN2_VL_PROCESSOR: Self = Self { stretch_thin: false, ..Self::QWEN2_VL };
}

/// A photo that [`smart_resize`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SmartResizeError {
    /// More than 200 times as long as wide.
    #[error("absolute aspect ratio must be smaller than 200, got {ratio:?}")]
    AspectRatio {
        /// Long side over short side.
        ratio: f64,
    },
    /// Thinner than one merged patch.
    #[error("height:{height} and width:{width} must be larger than factor:{factor}")]
    TooThin {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
        /// The least side.
        factor: u32,
    },
    /// A side of 0.
    #[error("height:{height} and width:{width} must not be zero")]
    Zero {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
}

/// The height and width, multiples of the factor, closest to the photo's whose product is within the bounds and
/// whose aspect ratio is nearly the photo's.
///
/// ```
/// use photo::{SmartResize, smart_resize};
/// assert_eq!(smart_resize(3000, 4000, &SmartResize::QWEN2_VL), Ok((2996, 4004)));
/// ```
///
/// # Errors
/// [`SmartResizeError`].
pub fn smart_resize(height: u32, width: u32, bounds: &SmartResize) -> Result<(u32, u32), SmartResizeError> {
    const MAX_RATIO: f64 = 200.0;
    if height == 0 || width == 0 {
        return Err(SmartResizeError::Zero { height, width });
    }
    let factor = bounds.factor.max(1);
    if !bounds.stretch_thin && height.min(width) < factor {
        return Err(SmartResizeError::TooThin { height, width, factor });
    }
    let ratio = f64::from(height.max(width)) / f64::from(height.min(width));
    if ratio > MAX_RATIO {
        return Err(SmartResizeError::AspectRatio { ratio });
    }
    let step = f64::from(factor);
    let (exact_height, exact_width) = (f64::from(height), f64::from(width));
    // Python's round(): half to even.
    let nearest = |side: f64| ((side / step).round_ties_even() * step).max(step);
    let (near_height, near_width) = (nearest(exact_height), nearest(exact_width));
    let area = exact_height * exact_width;
    let (new_height, new_width) = if near_height * near_width > f64::from(bounds.max_pixels) {
        let shrink = (area / f64::from(bounds.max_pixels)).sqrt();
        let below = |side: f64| (side / shrink / step).floor() * step;
        (below(exact_height), below(exact_width))
    } else if near_height * near_width < f64::from(bounds.min_pixels) {
        let grow = (f64::from(bounds.min_pixels) / area).sqrt();
        let above = |side: f64| (side * grow / step).ceil() * step;
        (above(exact_height), above(exact_width))
    } else {
        (near_height, near_width)
    };
    // Never 0, as the original might give for slivers beside a tight bound.
    Ok(((new_height as u32).max(factor), (new_width as u32).max(factor)))
}
