//! The evaluation crop of image classifiers: short side to a size, centre kept.

use contract::Image;

use super::resize::{Window, resize_window};
use super::{Filter, PhotoError};

/// How the length of the long side is made whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LongSide {
    /// Rounded down.
    Floor,
    /// Rounded to nearest, ties to even.
    Nearest,
}

/// What [`resize_short_side_and_crop`] does. The long side decides by how much the crop shifts, so networks differ in
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShortSideCrop {
    /// Pixels of the short side after resizing.
    pub short: u32,
    /// The long side keeps the aspect ratio, but for this rounding.
    pub long: LongSide,
    /// Side of the central square that is kept; its offset is rounded down.
    pub crop: u32,
    /// The resampling filter.
    pub filter: Filter,
}

impl ShortSideCrop {
    /// CLIP's preprocessing: short side and crop of `size` (224 or 336).
    pub const fn clip(size: u32) -> Self {
        Self { short: size, long: LongSide::Floor, crop: size, filter: Filter::Bicubic }
    }

    /// EfficientNet-Lite's preprocessing: a crop of `size` (224 for Lite0, 260 for Lite2), 0.875 of the short side.
    ///
    /// ```
    /// use photo::ShortSideCrop;
    /// assert_eq!(ShortSideCrop::efficientnet_lite(224).short, 256);
    /// assert_eq!(ShortSideCrop::efficientnet_lite(260).short, 297);
    /// ```
    pub const fn efficientnet_lite(size: u32) -> Self {
        // size * 8 / 7, rounded to nearest: there are no ties.
        let short = (size * 16 + 7) / 14;
        Self { short, long: LongSide::Nearest, crop: size, filter: Filter::Bicubic }
    }

    /// Width and height after resizing.
    fn size(&self, image: &Image) -> Result<(u32, u32), PhotoError> {
        let (width, height) = (u64::from(image.width()), u64::from(image.height()));
        let (scaled, short) = (u64::from(self.short) * width.max(height), width.min(height));
        let long = match self.long {
            LongSide::Floor => scaled / short,
            LongSide::Nearest => (scaled as f64 / short as f64).round_ties_even() as u64,
        };
        let long = u32::try_from(long)
            .map_err(|_| PhotoError::WrongTarget { width: u32::MAX, height: self.short })?;
        Ok(if width <= height { (self.short, long) } else { (long, self.short) })
    }
}

/// Resizes so that the short side has a given length and keeps the central square. Where that is larger than the
/// resized photo the margin is black.
///
/// Only what the crop keeps is computed.
///
/// # Errors
/// [`PhotoError::WrongTarget`] if a size is 0 or absurdly large.
pub fn resize_short_side_and_crop(image: &Image, how: &ShortSideCrop) -> Result<Image, PhotoError> {
    let (width, height) = how.size(image)?;
    let (columns, left) = central(width, how.crop);
    let (rows, top) = central(height, how.crop);
    let kept = resize_window(image, width, height, &Window { columns, rows }, how.filter)?;
    if kept.width() == how.crop && kept.height() == how.crop {
        return Ok(kept);
    }
    let mut square = Image::filled(how.crop, how.crop, [0; 3])?.into_rgb();
    let stride = how.crop as usize * 3;
    for (to, from) in square.chunks_exact_mut(stride).skip(top as usize).zip(kept.rows()) {
        to[left as usize * 3..][..from.len()].copy_from_slice(from);
    }
    Ok(Image::new(how.crop, how.crop, square)?)
}

/// The central `crop` of `size` pixels, and the margin before it where the crop is larger.
fn central(size: u32, crop: u32) -> (std::ops::Range<u32>, u32) {
    let start = size.saturating_sub(crop) / 2;
    (start..start + crop.min(size), crop.saturating_sub(size) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize;

    #[test]
    fn a_crop_is_the_middle_of_the_resized_photo() {
        let rgb = (0..90 * 61 * 3).map(|index| (index * 37 % 251) as u8).collect();
        let image = Image::new(90, 61, rgb).unwrap();
        for (short, crop) in [(40, 40), (40, 31), (61, 17), (100, 99), (20, 33)] {
            let how = ShortSideCrop { short, long: LongSide::Floor, crop, filter: Filter::Lanczos };
            let cropped = resize_short_side_and_crop(&image, &how).unwrap();
            let whole = resize(&image, short * 90 / 61, short, Filter::Lanczos).unwrap();
            assert_eq!((cropped.width(), cropped.height()), (crop, crop));
            let offset = |size: u32| {
                (i64::from(size) - i64::from(crop)).div_euclid(2)
                    + i64::from(size < crop && (crop - size) % 2 == 1)
            };
            for y in 0..crop {
                for x in 0..crop {
                    let from_x = u32::try_from(i64::from(x) + offset(whole.width()));
                    let from_y = u32::try_from(i64::from(y) + offset(whole.height()));
                    let expected = match (from_x, from_y) {
                        (Ok(from_x), Ok(from_y)) => whole.pixel(from_x, from_y).unwrap_or([0; 3]),
                        _ => [0; 3],
                    };
                    assert_eq!(cropped.pixel(x, y), Some(expected), "{short}, {crop}: {x}, {y}");
                }
            }
        }
    }
}
