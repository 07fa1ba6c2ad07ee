//! `outlines.bin`: land and borders for drawing.

use std::path::Path;

use anyhow::Result;

use crate::atlas::{Atlas, Ring};

pub(crate) fn build(world_atlas: &Path) -> Result<Vec<u8>> {
    let mut bytes = b"GEOUTLN1".to_vec();
    for scale in ["110m", "50m"] {
        let atlas = Atlas::open(world_atlas, scale)?;
        write_shapes(&mut bytes, &atlas.land()?)?;
        let borders: Vec<_> = atlas.borders()?.into_iter().map(|line| vec![line]).collect();
        write_shapes(&mut bytes, &borders)?;
    }
    Ok(bytes)
}

fn write_shapes(bytes: &mut Vec<u8>, shapes: &[Vec<Ring>]) -> Result<()> {
    bytes.extend(u32::try_from(shapes.len())?.to_le_bytes());
    for rings in shapes {
        bytes.extend(u16::try_from(rings.len())?.to_le_bytes());
        for ring in rings {
            let mut points: Vec<[i32; 2]> = ring
                .iter()
                .map(|&[longitude, latitude]| {
                    [grid((longitude + 180.0) / 360.0), grid((latitude + 90.0) / 180.0)]
                })
                .collect();
            points.dedup();
            bytes.extend(u32::try_from(points.len())?.to_le_bytes());
            let mut before = [0; 2];
            for point in points {
                for axis in 0..2 {
                    write_step(bytes, point[axis] - before[axis]);
                }
                before = point;
            }
        }
    }
    Ok(())
}

fn grid(share: f64) -> i32 {
    (share.clamp(0.0, 1.0) * 65_535.0).round() as i32
}

/// One byte for steps of -127..=127; otherwise the byte -128 and the step as `i32`.
fn write_step(bytes: &mut Vec<u8>, step: i32) {
    match i8::try_from(step) {
        Ok(short) if short != i8::MIN => bytes.extend(short.to_le_bytes()),
        _ => {
            bytes.extend(i8::MIN.to_le_bytes());
            bytes.extend(step.to_le_bytes());
        }
    }
}
