//! JPEG XL, behind the cargo feature `jxl`. Its orientation is part of the format and always applied.

use super::decode::Decoded;
use super::{Alpha, Format, Limits, PhotoError};

#[cfg(not(feature = "jxl"))]
pub(super) fn decode(_: &[u8], _: &Limits, _: Alpha) -> Result<Decoded, PhotoError> {
    Err(PhotoError::UnsupportedFormat { format: Format::Jxl })
}

#[cfg(feature = "jxl")]
pub(super) fn decode(bytes: &[u8], limits: &Limits, alpha: Alpha) -> Result<Decoded, PhotoError> {
    use contract::Image;
    use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, JxlThreadPool, PixelFormat};

    use super::samples::to_rgb;

    /// Planes of f32 before and after each filter, and the samples of the bit stream.
    const BYTES_PER_PIXEL: u64 = 96;
    const OVERHEAD_BYTES: u64 = 256 << 20;

    let failed = |error: Box<dyn std::error::Error + Send + Sync>| explain(&*error);
    let most = limits.max_pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(OVERHEAD_BYTES);
    let mut waiting = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(usize::try_from(most).unwrap_or(usize::MAX)))
        .build_uninit();
    waiting.feed_bytes(bytes).map_err(failed)?;
    let mut photo = match waiting.try_init().map_err(failed)? {
        InitializeResult::Initialized(photo) => photo,
        InitializeResult::NeedMoreData(_) => return Err(truncated("its header is cut off")),
    };
    limits.check_pixels(photo.width(), photo.height())?;
    photo.finalize().map_err(failed)?;
    if photo.num_loaded_keyframes() == 0 {
        return Err(truncated("pixel data is missing"));
    }
    let format = photo.pixel_format();
    if format.has_black() {
        let what = "CMYK colours".into();
        return Err(PhotoError::UnsupportedVariant { format: Format::Jxl, what });
    }
    let render = photo.render_frame(0).map_err(failed)?;
    let mut stream = render.stream();
    let (width, height, channels) = (stream.width(), stream.height(), stream.channels() as usize);
    let mut samples = vec![0_u8; width as usize * height as usize * channels];
    stream.write_to_buffer(&mut samples);
    let rgb = match (format, channels) {
        (PixelFormat::Gray, 1) => to_rgb::<1>(&samples, alpha),
        (PixelFormat::Graya, 2) => to_rgb::<2>(&samples, alpha),
        (PixelFormat::Rgb, 3) => samples,
        (PixelFormat::Rgba, 4) => to_rgb::<4>(&samples, alpha),
        _ => {
            let what = format!("{channels} channels");
            return Err(PhotoError::UnsupportedVariant { format: Format::Jxl, what });
        }
    };
    Ok(Decoded::upright(Image::new(width, height, rgb)?))
}

#[cfg(feature = "jxl")]
fn truncated(why: &str) -> PhotoError {
    PhotoError::Truncated { format: Format::Jxl, why: why.into() }
}

#[cfg(feature = "jxl")]
fn explain(error: &(dyn std::error::Error + 'static)) -> PhotoError {
    let why = error.to_string();
    let lower = why.to_ascii_lowercase();
    if ["unexpected end", "eof", "incomplete", "ended before"].iter().any(|words| lower.contains(words)) {
        truncated(&why)
    } else {
        PhotoError::Damaged { format: Format::Jxl, why }
    }
}
