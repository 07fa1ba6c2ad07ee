//! `near_land.bin`: which cells of a 0.1 degree grid lie on land or within 25 km of it.

use anyhow::Result;
use geo::{LatLon, haversine_km};

use crate::atlas::{Point, Ring};
use crate::places::Town;

const ROWS: usize = 1800;
const COLUMNS: usize = 3600;
const REACH_KM: f64 = 25.0;

pub(crate) fn build(land: &[Vec<Ring>], towns: &[Town]) -> Result<Vec<u8>> {
    let mut near = vec![false; ROWS * COLUMNS];
    fill_inside(&mut near, land);
    for ring in land.iter().flatten() {
        for edge in ring.windows(2) {
            // The pole and the antimeridian are cuts, not shores.
            if edge[0][1].min(edge[1][1]) > -89.9 && edge.iter().any(|point| point[0].abs() < 179.999) {
                let steps = (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1]) / 0.02;
                for step in 0..=(steps as usize) {
                    let share = step as f64 / (steps + 1.0);
                    mark_around(
                        &mut near,
                        [0, 1].map(|axis| edge[0][axis] + share * (edge[1][axis] - edge[0][axis])),
                    )?;
                }
            }
        }
    }
    for town in towns {
        mark_around(&mut near, [town.longitude, town.latitude])?;
    }
    write_runs(&near)
}

/// Cells whose centre is inside the land: even-odd rule along each row of centres.
fn fill_inside(near: &mut [bool], land: &[Vec<Ring>]) {
    for (row, cells) in near.chunks_mut(COLUMNS).enumerate() {
        let y = (row as f64 + 0.5) / 10.0 - 90.0;
        let mut crossings = Vec::new();
        for edge in land.iter().flatten().flat_map(|ring| ring.windows(2)) {
            let ([x1, y1], [x2, y2]) = (edge[0], edge[1]);
            if (y1 > y) != (y2 > y) {
                crossings.push(x1 + (y - y1) / (y2 - y1) * (x2 - x1));
            }
        }
        crossings.sort_by(f64::total_cmp);
        for inside in crossings.chunks_exact(2) {
            let start = ((inside[0] + 180.0) * 10.0 - 0.5).ceil().max(0.0) as usize;
            let end = (((inside[1] + 180.0) * 10.0 - 0.5).floor() + 1.0).max(0.0) as usize;
            if let Some(run) = cells.get_mut(start..end.min(COLUMNS)) {
                run.fill(true);
            }
        }
    }
}

fn mark_around(near: &mut [bool], [longitude, latitude]: Point) -> Result<()> {
    let here = LatLon::wrapped(latitude, longitude)?;
    let rows = 3_i64;
    let columns = (3.0 / latitude.to_radians().cos().max(0.01)).ceil() as i64;
    let row = ((latitude + 90.0) * 10.0).floor() as i64;
    let column = ((longitude + 180.0) * 10.0).floor() as i64;
    for y in (row - rows).max(0)..=(row + rows).min(ROWS as i64 - 1) {
        for x in column - columns..=column + columns {
            let index = y as usize * COLUMNS + x.rem_euclid(COLUMNS as i64) as usize;
            if !near[index] {
                let centre =
                    LatLon::wrapped((y as f64 + 0.5) / 10.0 - 90.0, (x as f64 + 0.5) / 10.0 - 180.0)?;
                near[index] = haversine_km(here, centre) <= REACH_KM;
            }
        }
    }
    Ok(())
}

/// 1801 `u32`: where each row starts, in changes; then `u16` changes: the columns where near becomes far or
/// far becomes near (each row starts far).
fn write_runs(near: &[bool]) -> Result<Vec<u8>> {
    let mut starts = vec![0_u32];
    let mut changes = Vec::new();
    for cells in near.chunks(COLUMNS) {
        let mut before = false;
        for (column, &cell) in cells.iter().enumerate() {
            if cell != before {
                changes.push(u16::try_from(column)?);
                before = cell;
            }
        }
        starts.push(u32::try_from(changes.len())?);
    }
    let mut bytes = b"GEOLAND1".to_vec();
    bytes.extend(starts.into_iter().flat_map(u32::to_le_bytes));
    bytes.extend(changes.into_iter().flat_map(u16::to_le_bytes));
    Ok(bytes)
}
