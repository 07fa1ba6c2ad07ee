//! The eight EXIF orientations.

use contract::{Image, ImageError};

/// Pixels are moved tile by tile: it keeps rows and columns within the cache when they change places.
const TILE: usize = 32;

/// How the stored pixels must be turned to stand upright (EXIF tag 0x0112).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// Rows and columns change places. Done first.
    transpose: bool,
    /// Then left and right change places.
    mirror_horizontal: bool,
    /// Then top and bottom change places.
    mirror_vertical: bool,
}

impl Orientation {
    /// From the EXIF value 1..=8; anything else means upright.
    pub(super) const fn from_exif(value: u8) -> Self {
        let (transpose, mirror_horizontal, mirror_vertical) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transpose, mirror_horizontal, mirror_vertical }
    }

    /// From a raw EXIF block; upright if it has none. Some writers keep the prefix that JPEG puts before it.
    pub(super) fn from_exif_block(block: &[u8]) -> Self {
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let orientation = image::metadata::Orientation::from_exif_chunk(block);
        orientation.map_or_else(Self::default, |orientation| Self::from_exif(orientation.to_exif()))
    }

    /// The upright image.
    pub(super) fn apply(self, image: Image) -> Result<Image, ImageError> {
        if self == Self::default() {
            return Ok(image);
        }
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (out_width, out_height) = if self.transpose { (height, width) } else { (width, height) };
        let source = image.rgb();
        let mut rgb = vec![0; source.len()];
        // One step to the right and one step down in the output, as steps in the source.
        let (mut right, mut down) = if self.transpose { (width, 1) } else { (1, width) };
        let mut start = 0;
        if self.mirror_horizontal {
            start += right * (out_width - 1);
            right = 0_usize.wrapping_sub(right);
        }
        if self.mirror_vertical {
            start += down * (out_height - 1);
            down = 0_usize.wrapping_sub(down);
        }
        for tile_top in (0..out_height).step_by(TILE) {
            for tile_left in (0..out_width).step_by(TILE) {
                let tile_width = TILE.min(out_width - tile_left);
                for y in tile_top..out_height.min(tile_top + TILE) {
                    let row = (y * out_width + tile_left) * 3;
                    let mut from =
                        start.wrapping_add(down.wrapping_mul(y)).wrapping_add(right.wrapping_mul(tile_left));
                    for pixel in rgb[row..row + tile_width * 3].chunks_exact_mut(3) {
                        pixel.copy_from_slice(&source[from * 3..from * 3 + 3]);
                        from = from.wrapping_add(right);
                    }
                }
            }
        }
        Image::new(out_width as u32, out_height as u32, rgb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the pixel at output (x, y) comes from, straight from the EXIF text: "the 0th row is the visual
    /// <top/bottom/left/right>, the 0th column the visual <...>".
    fn source_of(value: u8, x: u32, y: u32, width: u32, height: u32) -> (u32, u32) {
        match value {
            2 => (width - 1 - x, y),
            3 => (width - 1 - x, height - 1 - y),
            4 => (x, height - 1 - y),
            5 => (y, x),
            6 => (y, height - 1 - x),
            7 => (width - 1 - y, height - 1 - x),
            8 => (width - 1 - y, x),
            _ => (x, y),
        }
    }

    #[test]
    fn all_eight_orientations_move_every_pixel_to_its_place() {
        for (width, height) in [(1, 1), (3, 2), (70, 41), (33, 96)] {
            let rgb = (0..width * height).flat_map(|i| [i as u8, (i >> 8) as u8, 7]).collect();
            let image = Image::new(width, height, rgb).unwrap();
            for value in 0..=9 {
                let upright = Orientation::from_exif(value).apply(image.clone()).unwrap();
                let turned = (5..=8).contains(&value);
                let expected = if turned { (height, width) } else { (width, height) };
                assert_eq!((upright.width(), upright.height()), expected);
                for y in 0..upright.height() {
                    for x in 0..upright.width() {
                        let (from_x, from_y) = source_of(value, x, y, width, height);
                        assert_eq!(upright.pixel(x, y), image.pixel(from_x, from_y), "{value}: {x}, {y}");
                    }
                }
            }
        }
    }
}
