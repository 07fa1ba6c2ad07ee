//! Coordinates to vectors.

use std::collections::HashSet;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::Ordering;

use formats::table::read_coordinates;
use geo::LatLon;
use rayon::prelude::*;

use crate::work::Numbers;
use crate::{BuildError, Event, Run};

/// Points that are encoded between two looks at the clock.
const BLOCK: usize = 1024;

/// Reads a list of coordinates, each once, in the file's order.
pub(crate) fn world(path: &Path) -> Result<Vec<LatLon>, BuildError> {
    let all = read_coordinates(path).map_err(BuildError::part)?;
    let mut seen = HashSet::new();
    let is_new = |point: &LatLon| seen.insert((point.latitude().to_bits(), point.longitude().to_bits()));
    let points: Vec<LatLon> = all.into_iter().map(|(point, _)| point).filter(is_new).collect();
    if points.is_empty() {
        let why = "it holds no coordinates".to_owned();
        return Err(BuildError::Config { path: path.to_owned(), why });
    }
    Ok(points)
}

/// Encodes points block by block into a file of `[points, width]` numbers.
pub(crate) fn encode_into(
    path: &Path,
    points: &[LatLon],
    encode: impl Fn(&[LatLon]) -> Result<Vec<f32>, BuildError> + Sync,
    run: &Run<'_>,
) -> Result<(), BuildError> {
    let file = fs::File::create(path).map_err(BuildError::io(path))?;
    let mut file = BufWriter::new(file);
    let threads = rayon::current_num_threads().max(1);
    let mut done = 0;
    for blocks in points.chunks(BLOCK * threads) {
        if run.stop.load(Ordering::Relaxed) {
            return Err(BuildError::Interrupted);
        }
        let encoded: Vec<Vec<f32>> = blocks.par_chunks(BLOCK).map(&encode).collect::<Result<_, _>>()?;
        for block in encoded {
            file.write_all(bytemuck::cast_slice(&block)).map_err(BuildError::io(path))?;
        }
        done += blocks.len();
        run.tell(Event::Count { done, total: points.len() });
    }
    file.flush().map_err(BuildError::io(path))
}

/// Encoded points, `[points, width]`.
pub(crate) struct Encoded {
    values: Numbers,
    pub(crate) width: usize,
}

impl Encoded {
    pub(crate) fn open(path: &Path, points: usize) -> Result<Self, BuildError> {
        let values = Numbers::open::<f32>(path)?;
        let count = values.as_slice::<f32>().len();
        if points == 0 || !count.is_multiple_of(points) || count == 0 {
            let why = format!("it holds {count} numbers for {points} points");
            return Err(BuildError::Damaged { path: path.to_owned(), why });
        }
        Ok(Self { values, width: count / points })
    }

    pub(crate) fn all(&self) -> &[f32] {
        self.values.as_slice()
    }

    pub(crate) fn row(&self, index: usize) -> &[f32] {
        &self.all()[index * self.width..(index + 1) * self.width]
    }
}
