//! The whole Earth as an image.

use std::path::Path;

use anyhow::{Context, ensure};
use geo::LatLon;
use photo::{DecodeOptions, Image, Limits, decode};

/// An equirectangular image: north up, the left edge at 180 degrees west, twice as wide as high.
#[derive(Clone, Debug)]
pub struct WholeEarth {
    image: Image,
}

impl WholeEarth {
    /// Reads the image.
    ///
    /// # Errors
    /// A file that is not a photo, or not twice as wide as high.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let label = || file.display().to_string();
        let bytes = std::fs::read(file).with_context(label)?;
        Self::new(decode(&bytes, &Limits::default(), DecodeOptions::default()).with_context(label)?)
            .with_context(label)
    }

    /// Takes pixels for the Earth.
    ///
    /// # Errors
    /// An image that is not twice as wide as high.
    pub fn new(image: Image) -> anyhow::Result<Self> {
        ensure!(
            image.width() == 2 * image.height(),
            "{} x {} pixels: an equirectangular image is twice as wide as high",
            image.width(),
            image.height()
        );
        Ok(Self { image })
    }

    /// The colour at a point, 0 to 255 each for red, green, blue: bilinear between pixel centres, around the
    /// globe in longitude.
    pub fn colour(&self, point: LatLon) -> [f32; 3] {
        let (width, height) = (self.image.width(), self.image.height());
        let per_degree = f64::from(height) / 180.0;
        let x = (point.longitude() + 180.0) * per_degree - 0.5;
        let y = ((90.0 - point.latitude()) * per_degree - 0.5).clamp(0.0, f64::from(height - 1));
        let (left, top) = (x.floor(), y.floor());
        let (right_share, lower_share) = ((x - left) as f32, (y - top) as f32);
        let column = |step: i64| (left as i64 + step).rem_euclid(i64::from(width)) as u32;
        let row = |step: u32| (top as u32 + step).min(height - 1);
        let mut colour = [0.0; 3];
        for (step_x, share_x) in [(0, 1.0 - right_share), (1, right_share)] {
            for (step_y, share_y) in [(0, 1.0 - lower_share), (1, lower_share)] {
                let pixel = self.image.pixel(column(step_x), row(step_y)).unwrap_or_default();
                for (sum, value) in colour.iter_mut().zip(pixel) {
                    *sum += share_x * share_y * f32::from(value);
                }
            }
        }
        colour
    }
}

/// Whether a colour of the Blue Marble is that of water: there, blue outweighs both others.
pub fn is_water([red, green, blue]: [f32; 3]) -> bool {
    blue > 1.15 * red.max(green) + 2.0
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "what is exact must be exact")]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    /// Red grows with the column, green with the row.
    fn ramp() -> WholeEarth {
        let rgb =
            (0..4_u8).flat_map(|row| (0..8_u8).flat_map(move |column| [10 * column, 20 * row, 0])).collect();
        WholeEarth::new(Image::new(8, 4, rgb).unwrap()).unwrap()
    }

    #[test]
    fn pixel_centres_have_their_own_colour() {
        let earth = ramp();
        // Eight columns of 45 degrees: the centre of column 3, row 1.
        assert_eq!(earth.colour(point(22.5, -22.5)), [30.0, 20.0, 0.0]);
        assert_eq!(earth.colour(point(22.5, 0.0)), [35.0, 20.0, 0.0]);
        assert_eq!(earth.colour(point(90.0, -22.5)), [30.0, 0.0, 0.0]);
        assert_eq!(earth.colour(point(-90.0, -22.5)), [30.0, 60.0, 0.0]);
    }

    #[test]
    fn the_date_line_is_no_edge() {
        let earth = ramp();
        assert_eq!(earth.colour(point(22.5, 180.0)), earth.colour(point(22.5, -180.0)));
        assert_eq!(earth.colour(point(22.5, 180.0)), [35.0, 20.0, 0.0]);
    }

    #[test]
    fn other_shapes_are_refused() {
        assert!(WholeEarth::new(Image::filled(5, 4, [0; 3]).unwrap()).is_err());
    }
}
