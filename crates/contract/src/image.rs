//! The pixels that every crate works on.

use crate::{Diagnose, ErrorKind};

/// Bytes that are not the image they are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes do not make an RGB image of {width} x {height} pixels")]
pub struct ImageError {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes given.
    pub bytes: usize,
}

/// An 8-bit RGB image, `[height, width, 3]` row by row, at least one pixel large.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Image {
    /// Wraps `[height, width, 3]` bytes.
    ///
    /// # Errors
    /// [`ImageError`] if a side is 0 or `rgb` has another length than `height * width * 3`.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, ImageError> {
        let expected = u64::from(width) * u64::from(height);
        if expected == 0 || !rgb.len().is_multiple_of(3) || (rgb.len() / 3) as u64 != expected {
            return Err(ImageError { width, height, bytes: rgb.len() });
        }
        Ok(Self { width, height, rgb })
    }

    /// An image of one colour.
    ///
    /// # Errors
    /// [`ImageError`] if a side is 0.
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Result<Self, ImageError> {
        Self::new(width, height, colour.repeat(width as usize * height as usize))
    }

    /// Columns.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, `[height, width, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes, `[height, width, 3]`, without a copy.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The colour at column `x` of row `y`, or `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width {
            return None;
        }
        let start = (y as usize * self.width as usize + x as usize) * 3;
        self.rgb.get(start..start + 3)?.try_into().ok()
    }

    /// The rows from top to bottom, `width * 3` bytes each.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.rgb.chunks_exact(self.width as usize * 3)
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Image")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

impl Diagnose for ImageError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidPhoto
    }
}
