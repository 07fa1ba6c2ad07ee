//! Marks as pixels.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::glyphs::{ADVANCE, ASCENT, WIDTH as LETTER_WIDTH, glyph};
use super::{Anchor, Colour, HEIGHT, Mark, WIDTH};

/// Pixels to a unit of the drawing.
const SCALE: f64 = 2.0;
const INK: Colour = [36, 41, 47];

pub(super) fn write(marks: &[Mark]) -> Vec<u8> {
    let (width, height) = ((WIDTH * SCALE) as u32, (HEIGHT * SCALE) as u32);
    let mut picture = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut cover =
        Cover { size: (width, height), shares: vec![0.0; (width * height) as usize], touched: Vec::new() };
    for mark in marks {
        match mark {
            Mark::Line { points, colour, width } => {
                points.windows(2).for_each(|ends| cover.add((ends[0], ends[1]), *width));
                cover.blend(&mut picture, *colour);
            }
            Mark::Text { x, y, text, anchor, size } => {
                draw_text(&mut picture, (*x, *y), text, *anchor, *size);
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    // Writing pixels of the right count into memory cannot fail.
    let _ = picture.write_to(&mut bytes, ImageFormat::Png);
    bytes.into_inner()
}

/// How much of each pixel a line covers.
struct Cover {
    size: (u32, u32),
    /// `[height, width]`, 0 to 1.
    shares: Vec<f32>,
    /// Pixels whose share is not 0.
    touched: Vec<usize>,
}

impl Cover {
    /// Adds a segment; where segments meet, the larger share counts.
    fn add(&mut self, ends: ((f64, f64), (f64, f64)), width: f64) {
        let scaled = |(x, y): (f64, f64)| (x * SCALE - 0.5, y * SCALE - 0.5);
        let (from, to) = (scaled(ends.0), scaled(ends.1));
        let reach = width * SCALE / 2.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length_squared = dx * dx + dy * dy;
        let range = |a: f64, b: f64, limit: u32| {
            let (least, most) = (a.min(b) - reach - 1.0, a.max(b) + reach + 1.0);
            least.max(0.0) as u32..=most.clamp(0.0, f64::from(limit - 1)) as u32
        };
        for row in range(from.1, to.1, self.size.1) {
            for column in range(from.0, to.0, self.size.0) {
                let (x, y) = (f64::from(column) - from.0, f64::from(row) - from.1);
                let along = if length_squared > 0.0 { (x * dx + y * dy) / length_squared } else { 0.0 };
                let along = along.clamp(0.0, 1.0);
                let distance = (x - along * dx).hypot(y - along * dy);
                let share = (reach + 0.5 - distance).clamp(0.0, 1.0) as f32;
                let pixel = (row * self.size.0 + column) as usize;
                if self.shares[pixel] == 0.0 && share > 0.0 {
                    self.touched.push(pixel);
                }
                self.shares[pixel] = self.shares[pixel].max(share);
            }
        }
    }

    /// Colours what is covered and clears the cover.
    fn blend(&mut self, picture: &mut RgbImage, colour: Colour) {
        for pixel in self.touched.drain(..) {
            let share = std::mem::take(&mut self.shares[pixel]);
            let (column, row) = (pixel as u32 % self.size.0, pixel as u32 / self.size.0);
            for (part, ink) in picture.get_pixel_mut(column, row).0.iter_mut().zip(colour) {
                *part = (f32::from(*part) * (1.0 - share) + f32::from(ink) * share).round() as u8;
            }
        }
    }
}

fn draw_text(picture: &mut RgbImage, (x, y): (f64, f64), text: &str, anchor: Anchor, size: f64) {
    // A letter's capital height is about seven tenths of its size.
    let dot = (size * 0.75 * SCALE / ASCENT as f64).round().max(1.0) as i64;
    let width = text.chars().count() as i64 * ADVANCE as i64 * dot - dot;
    let left = (x * SCALE) as i64
        - match anchor {
            Anchor::Start => 0,
            Anchor::Middle => width / 2,
            Anchor::End => width,
        };
    let top = (y * SCALE) as i64 - ASCENT as i64 * dot;
    for (place, letter) in text.chars().enumerate() {
        for (row, bits) in glyph(letter).into_iter().enumerate() {
            for column in (0..LETTER_WIDTH).filter(|column| bits >> (LETTER_WIDTH - 1 - column) & 1 == 1) {
                let corner = (left + (place * ADVANCE + column) as i64 * dot, top + row as i64 * dot);
                fill(picture, corner, dot);
            }
        }
    }
}

fn fill(picture: &mut RgbImage, (left, top): (i64, i64), side: i64) {
    for row in top..top + side {
        for column in left..left + side {
            if let (Ok(column), Ok(row)) = (u32::try_from(column), u32::try_from(row))
                && let Some(pixel) = picture.get_pixel_mut_checked(column, row)
            {
                *pixel = Rgb(INK);
            }
        }
    }
}
