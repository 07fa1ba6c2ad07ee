//! The search half of `benches/search/compare.py`: reads raw f32 rows and queries, builds the matrix file,
//! searches, and prints one JSON object.
//!
//! `bench_search ROWS.f32 QUERIES.f32 DIMENSION TOP REPEATS TRUTH.i64` - `TRUTH` holds `[queries, TOP]` row
//! numbers by f32.
#![allow(clippy::print_stdout)] // It prints its result.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gallery::{Match, MatrixQuery, VectorMatrix, VectorPrecision};
use kernels::int8::Kernel;

const BATCHES: [usize; 3] = [1, 16, 64];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, queries, dimension, top, repeats, truth] = &arguments[..] else {
        return Err("usage: bench_search ROWS.f32 QUERIES.f32 DIMENSION TOP REPEATS TRUTH.i64".into());
    };
    let (dimension, top, repeats) =
        (dimension.parse::<usize>()?, top.parse::<usize>()?, repeats.parse::<usize>()?);
    let rows = files::MappedFile::open(Path::new(rows))?;
    let rows: &[f32] = bytemuck::try_cast_slice(&rows).map_err(|error| error.to_string())?;
    let queries = std::fs::read(queries)?;
    let queries: Vec<f32> = queries.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    let truth = std::fs::read(truth)?;
    let truth: Vec<i64> = truth.as_chunks::<8>().0.iter().map(|eight| i64::from_le_bytes(*eight)).collect();
    let queries: Vec<&[f32]> = queries.chunks_exact(dimension).collect();

    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let directory = tempfile::tempdir()?;
    let mut results = Vec::new();
    for precision in [VectorPrecision::F32, VectorPrecision::Int8] {
        let start = Instant::now();
        let path = directory.path().join("bench.matrix");
        VectorMatrix::build(dimension, rows.chunks_exact(dimension), precision)?.write(&path)?;
        let build_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let matrix = VectorMatrix::open(&path)?;
        let open_ms = start.elapsed().as_secs_f64() * 1e3;
        let mut wall_ms = serde_json::Map::new();
        let mut cpu_ms = serde_json::Map::new();
        for batch in BATCHES {
            let asked: Vec<MatrixQuery<'_>> =
                queries.iter().take(batch).map(|&vector| MatrixQuery { vector, mask: None }).collect();
            matrix.search(&asked, top)?;
            let mut best = f64::INFINITY;
            for _ in 0..repeats {
                let start = Instant::now();
                matrix.search(&asked, top)?;
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            wall_ms.insert(batch.to_string(), best.into());
            // Ticks of 10 ms: averaged over many searches.
            let (before, many) = (cpu_seconds()?, repeats * 4);
            alone.install(|| (0..many).try_for_each(|_| matrix.search(&asked, top).map(|_| ())))?;
            cpu_ms.insert(batch.to_string(), ((cpu_seconds()? - before) * 1e3 / many as f64).into());
        }
        let asked: Vec<MatrixQuery<'_>> =
            queries.iter().map(|&vector| MatrixQuery { vector, mask: None }).collect();
        let recall = recall(&matrix.search(&asked, top)?, &truth, top);
        let precision = precision.as_str();
        results.push(serde_json::json!({
            "precision": precision, "build_seconds": build_seconds, "open_ms": open_ms,
            "wall_ms": wall_ms, "cpu_ms": cpu_ms, "recall": recall,
        }));
    }
    let kernel = format!("{:?}", Kernel::best());
    println!(
        "{}",
        serde_json::json!({ "kernel": kernel, "threads": rayon::current_num_threads(), "results": results })
    );
    Ok(())
}

/// CPU time of this process so far (Linux: fields 14 and 15 of its `stat`, in hundredths of a second).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    Ok(fields.map(str::parse::<f64>).sum::<Result<f64, _>>()? / 100.0)
}

/// Share of the true neighbours that were found.
fn recall(found: &[Vec<Match>], truth: &[i64], top: usize) -> f64 {
    let hits: usize = found
        .iter()
        .zip(truth.chunks_exact(top))
        .map(|(found, truth)| found.iter().filter(|one| truth.contains(&(one.row as i64))).count())
        .sum();
    hits as f64 / (found.len() * top) as f64
}
