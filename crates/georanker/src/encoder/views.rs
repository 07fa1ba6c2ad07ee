//! Squares out of photos.

use contract::Failure;
use photo::{
    Filter, Image, Layout, Normalisation, ShortSideCrop, normalise, resize, resize_short_side_and_crop,
};

use crate::pack::View;

/// A view of a photo as network input: `[size, size, 3]`, row-major.
///
/// # Errors
/// A [`Failure`] that names the photo when it cannot be resized (a side thousands of times the other).
pub(super) fn view_input(name: &str, image: &Image, view: View, size: u32) -> Result<Vec<f32>, Failure> {
    let square = match view {
        View::CentreCrop => resize_short_side_and_crop(image, &ShortSideCrop::efficientnet_lite(size)),
        View::Squash => resize(image, size, size, Filter::Bicubic),
    };
    let square = square.map_err(|error| error.named(name))?;
    Ok(normalise(&square, &Normalisation::EFFICIENTNET_LITE, Layout::Nhwc))
}
