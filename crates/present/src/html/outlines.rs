//! The outlines of the world as text for the page.

use base64::{Engine, engine::general_purpose::STANDARD};
use geo::{MapPoint, OutlineScale};

/// Cells of the grid on each axis, less one.
const GRID: f32 = 65_535.0;

/// Land rings and border lines in base64. Both start with their count; a line is its number of points, then
/// column and row of each as differences to the point before (the first one to 0, 0), zigzag-coded. All
/// numbers are variable-length integers, seven bits a byte, low bits first.
pub(super) fn encode(scale: OutlineScale) -> String {
    let world = geo::outlines(scale);
    let rings: Vec<&[MapPoint]> =
        world.land.iter().flat_map(|polygon| &polygon.rings).map(Vec::as_slice).collect();
    let borders: Vec<&[MapPoint]> = world.borders.iter().map(Vec::as_slice).collect();
    let mut bytes = Vec::new();
    write_lines(&mut bytes, &rings);
    write_lines(&mut bytes, &borders);
    STANDARD.encode(bytes)
}

fn write_lines(bytes: &mut Vec<u8>, lines: &[&[MapPoint]]) {
    write_number(bytes, lines.len() as u32);
    for line in lines {
        write_number(bytes, line.len() as u32);
        let (mut column, mut row) = (0, 0);
        for [longitude, latitude] in *line {
            let next_column = ((longitude + 180.0) / 360.0 * GRID).round() as i32;
            let next_row = ((latitude + 90.0) / 180.0 * GRID).round() as i32;
            write_difference(bytes, next_column - column);
            write_difference(bytes, next_row - row);
            (column, row) = (next_column, next_row);
        }
    }
}

fn write_difference(bytes: &mut Vec<u8>, value: i32) {
    write_number(bytes, ((value << 1) ^ (value >> 31)) as u32);
}

fn write_number(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_take_a_byte() {
        let mut bytes = Vec::new();
        for value in [0, -1, 1, 63, -64, 64, -65_535] {
            write_difference(&mut bytes, value);
        }
        assert_eq!(bytes, [0, 1, 2, 126, 127, 0x80, 1, 0xfd, 0xff, 0x07]);
    }

    #[test]
    fn the_world_is_small_enough_to_embed() {
        let size = encode(OutlineScale::Coarse).len() + encode(OutlineScale::Medium).len();
        assert!((100_000..500_000).contains(&size), "{size}");
    }
}
