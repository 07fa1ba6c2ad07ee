//! Reads Natural Earth outlines from `TopoJSON` and cuts them at the antimeridian.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// `[longitude, latitude]`, degrees; longitudes may leave -180..180 while a ring is unwrapped.
pub(crate) type Point = [f64; 2];
pub(crate) type Ring = Vec<Point>;

pub(crate) struct Atlas {
    arcs: Vec<Ring>,
    objects: Value,
}

impl Atlas {
    /// Reads `countries-SCALE.json` of the npm package `world-atlas`.
    pub(crate) fn open(folder: &Path, scale: &str) -> Result<Self> {
        let path = folder.join(format!("countries-{scale}.json"));
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Self::read(&serde_json::from_str(&text)?)
    }

    fn read(topology: &Value) -> Result<Self> {
        let pair = |field: &str| -> Result<[f64; 2]> {
            let values = &topology["transform"][field];
            Ok([values[0].as_f64().context("transform")?, values[1].as_f64().context("transform")?])
        };
        let (scale, shift) = (pair("scale")?, pair("translate")?);
        let mut arcs = Vec::new();
        for arc in topology["arcs"].as_array().context("arcs")? {
            // TopoJSON stores each arc as steps from point to point.
            let (mut column, mut row) = (0.0, 0.0);
            let mut points = Vec::new();
            for step in arc.as_array().context("arc")? {
                column += step[0].as_f64().context("step")?;
                row += step[1].as_f64().context("step")?;
                points.push([column * scale[0] + shift[0], row * scale[1] + shift[1]]);
            }
            arcs.push(points);
        }
        Ok(Self { arcs, objects: topology["objects"].clone() })
    }

    /// Polygons of the land, cut at the antimeridian: the first ring is the shore, the others are holes.
    pub(crate) fn land(&self) -> Result<Vec<Vec<Ring>>> {
        let mut polygons = Vec::new();
        for geometry in self.objects["land"]["geometries"].as_array().context("land")? {
            for polygon in polygons_of(geometry)? {
                let mut rings = Vec::new();
                for ring in polygon.as_array().context("polygon")? {
                    rings.push(self.ring(ring)?);
                }
                polygons.extend(cut(&rings)?);
            }
        }
        Ok(polygons)
    }

    /// Lines that two countries share, cut at the antimeridian.
    pub(crate) fn borders(&self) -> Result<Vec<Ring>> {
        let mut owners: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let countries = self.objects["countries"]["geometries"].as_array().context("countries")?;
        for (country, geometry) in countries.iter().enumerate() {
            for polygon in polygons_of(geometry)? {
                for ring in polygon.as_array().context("polygon")? {
                    for arc in ring.as_array().context("ring")? {
                        owners.entry(arc_index(arc)?.0).or_default().insert(country);
                    }
                }
            }
        }
        let mut lines = Vec::new();
        for (arc, countries) in owners {
            if countries.len() > 1 {
                lines.extend(split_line(&self.arcs[arc]));
            }
        }
        Ok(lines)
    }

    fn ring(&self, arcs: &Value) -> Result<Ring> {
        let mut points: Ring = Vec::new();
        for arc in arcs.as_array().context("ring")? {
            let (index, reversed) = arc_index(arc)?;
            let mut part = self.arcs[index].clone();
            if reversed {
                part.reverse();
            }
            // Neighbouring arcs repeat the point where they meet.
            points.pop();
            points.extend(part);
        }
        Ok(points)
    }
}

fn polygons_of(geometry: &Value) -> Result<Vec<&Value>> {
    match geometry["type"].as_str() {
        Some("Polygon") => Ok(vec![&geometry["arcs"]]),
        Some("MultiPolygon") => Ok(geometry["arcs"].as_array().context("arcs")?.iter().collect()),
        _ => Ok(Vec::new()),
    }
}

fn arc_index(arc: &Value) -> Result<(usize, bool)> {
    let index = arc.as_i64().context("arc index")?;
    Ok(if index < 0 { (!index as usize, true) } else { (index as usize, false) })
}

/// Makes longitudes continuous along the line, so that a step over the antimeridian stays short.
fn unwrap(line: &[Point]) -> Ring {
    let mut points: Ring = Vec::with_capacity(line.len());
    for &[longitude, latitude] in line {
        let turned = match points.last() {
            Some(&[before, _]) => longitude + 360.0 * ((before - longitude) / 360.0).round(),
            None => longitude,
        };
        points.push([turned, latitude]);
    }
    points
}

/// Cuts a polygon at the antimeridian. A ring that goes around a pole (Antarctica) is closed through it.
fn cut(rings: &[Ring]) -> Result<Vec<Vec<Ring>>> {
    let mut outer = unwrap(&rings[0]);
    let (first, last) = (outer[0], outer[outer.len() - 1]);
    if (last[0] - first[0]).abs() > 180.0 {
        let pole = if first[1] < 0.0 { -90.0 } else { 90.0 };
        outer.push([last[0], pole]);
        outer.push([first[0], pole]);
        outer.push(first);
    }
    let mut pieces = Vec::new();
    for turn in -1..=1 {
        let shift = 360.0 * f64::from(turn);
        let east = clip(&outer, |point| point[0] - (shift - 180.0), shift - 180.0);
        let piece = clip(&east, |point| shift + 180.0 - point[0], shift + 180.0);
        let piece: Ring = piece.into_iter().map(|[x, y]| [x - shift, y]).collect();
        if piece.len() > 3 && area(&piece).abs() > 1e-9 {
            pieces.push(vec![piece]);
        }
    }
    for hole in &rings[1..] {
        // The 1:50m Antarctica has the pole itself as a hole; the cut above has closed it already.
        if hole.iter().all(|point| point[1].abs() > 89.99) {
            continue;
        }
        let hole = unwrap(hole);
        if hole.iter().any(|point| point[0].abs() > 180.0) {
            bail!("a hole crosses the antimeridian");
        }
        let owner = pieces.iter_mut().find(|piece| contains(&piece[0], hole[0]));
        owner.context("a hole without a shore around it")?.push(hole);
    }
    Ok(pieces)
}

/// Sutherland-Hodgman clip of a closed ring to the side where `side` is not negative; the cut is at
/// longitude `edge`.
fn clip(ring: &[Point], side: impl Fn(Point) -> f64, edge: f64) -> Ring {
    let mut kept = Vec::new();
    for pair in ring.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (before, after) = (side(from), side(to));
        if before >= 0.0 {
            kept.push(from);
        }
        if (before >= 0.0) != (after >= 0.0) {
            let share = before / (before - after);
            kept.push([edge, from[1] + share * (to[1] - from[1])]);
        }
    }
    kept.extend(kept.first().copied());
    kept
}

fn split_line(line: &[Point]) -> Vec<Ring> {
    let mut parts: Vec<Ring> = vec![Vec::new()];
    for &point in line {
        let current = parts.last_mut().expect("there is always a part");
        match current.last() {
            Some(last) if (last[0] - point[0]).abs() > 180.0 => parts.push(vec![point]),
            _ => current.push(point),
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

fn area(ring: &[Point]) -> f64 {
    ring.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum::<f64>() / 2.0
}

fn contains(ring: &[Point], [x, y]: Point) -> bool {
    let crossings = ring.windows(2).filter(|pair| {
        let ([x1, y1], [x2, y2]) = (pair[0], pair[1]);
        (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
    });
    crossings.count() % 2 == 1
}
