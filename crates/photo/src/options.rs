//! What the caller allows and wants when decoding.

use super::PhotoError;

/// Bounds on what one photo may cost, checked before anything is allocated for its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_file_bytes: u64,
    /// Largest `width * height`. Three bytes are kept for each; decoders of progressive JPEG and of 16-bit
    /// formats need about four times as much while they work.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 256 MiB and 2^27 = 134,217,728 pixels: the 108-megapixel photos of phones pass, most bombs do not.
    fn default() -> Self {
        Self { max_file_bytes: 256 << 20, max_pixels: 1 << 27 }
    }
}

impl Limits {
    /// Checks a file size, so that a caller can refuse a file before reading it.
    ///
    /// # Errors
    /// [`PhotoError::FileTooLarge`].
    pub const fn check_file_bytes(&self, bytes: u64) -> Result<(), PhotoError> {
        if bytes > self.max_file_bytes {
            return Err(PhotoError::FileTooLarge { bytes, limit: self.max_file_bytes });
        }
        Ok(())
    }

    /// Checks the size that a header announces.
    ///
    /// # Errors
    /// [`PhotoError::TooManyPixels`].
    pub const fn check_pixels(&self, width: u32, height: u32) -> Result<(), PhotoError> {
        if width as u64 * height as u64 > self.max_pixels {
            return Err(PhotoError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        Ok(())
    }
}

/// What becomes of transparent pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alpha {
    /// Blended with a white page.
    #[default]
    OnWhite,
    /// The alpha channel is dropped and the colours under it appear.
    Drop,
}

/// How pixels are read from a file. The default is what a person would see in a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeOptions {
    /// Whether the EXIF orientation is applied.
    pub apply_orientation: bool,
    /// What becomes of transparent pixels.
    pub alpha: Alpha,
    /// Whether samples of 16 bits that hold smaller numbers are scaled up. Cameras and scanners store 8, 10, 12 or
    /// 14 bits in 16, and the high byte alone is then black.
    ///
    /// The number of bits is that of the largest sample. A photo is taken for one of 14 bits only if no sample
    /// reaches a quarter of the scale: a dark photo of true 16 bits is at most brightened.
    pub scale_narrow_samples: bool,
    /// Whether a JPEG or PNG file that ends too early gives the rows that are there; the image is that much lower.
    /// Other formats are refused all the same.
    pub allow_truncated: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            apply_orientation: true,
            alpha: Alpha::OnWhite,
            scale_narrow_samples: true,
            allow_truncated: false,
        }
    }
}

impl DecodeOptions {
    /// The pixels that the reference implementation of `GeoRanker` sees (`convert("RGB")` of Python's imaging
    /// library): EXIF orientation ignored, alpha dropped, the high byte of 16 bits.
    pub const fn official() -> Self {
        Self {
            apply_orientation: false,
            alpha: Alpha::Drop,
            scale_narrow_samples: false,
            allow_truncated: false,
        }
    }
}
