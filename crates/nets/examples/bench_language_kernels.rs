//! Times the kernels of language models: `cargo run --release --example bench_language_kernels [linear|attention|rows]`.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use nets::kernels::gemm::{Matrix, Right, gemm_f32};
use nets::kernels::linear::Activation;
use nets::kernels::weights::{StoredType, WeightMatrix};
use nets::kernels::weights_linear::linear;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// The least of a few runs, in seconds.
fn least(mut run: impl FnMut()) -> f64 {
    run();
    let mut least = f64::INFINITY;
    let begun = Instant::now();
    for _ in 0..20 {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64());
        if begun.elapsed().as_secs_f64() > 1.5 {
            break;
        }
    }
    least
}

fn bench_linear() {
    let all = [StoredType::F32, StoredType::Bf16, StoredType::F16, StoredType::Q8, StoredType::Q4];
    println!(
        "GFLOP/s        outputs inputs  rows |  gemm_f32 |      F32     Bf16      F16       Q8       Q4"
    );
    for [outputs, inputs] in [[8960, 1536], [1536, 8960], [1536, 1536], [256, 1536], [5120, 1280]] {
        let values = numbers(outputs * inputs, 1);
        let weights = WeightMatrix::from_f32(values.clone(), outputs, inputs);
        let stored = all.map(|stored| weights.convert(stored));
        for rows in [1, 15, 250, 900, 5200] {
            let input = numbers(rows * inputs, 2);
            let mut output = vec![0.0; rows * outputs];
            let work = 2.0 * (rows * outputs * inputs) as f64 / 1e9;
            let plain = work
                / least(|| {
                    let left = Matrix { values: &input, rows, columns: inputs };
                    let right = Right::Transposed(Matrix { values: &values, rows: outputs, columns: inputs });
                    gemm_f32(left, right, None, Activation::Identity, &mut output);
                });
            print!("               {outputs:7} {inputs:6} {rows:5} | {plain:9.1} |");
            for weights in &stored {
                if rows == 5200 && !matches!(weights.stored(), StoredType::F32 | StoredType::Q4) {
                    print!("        -");
                    continue;
                }
                print!(" {:8.1}", work / least(|| linear(&input, rows, weights, None, &mut output)));
            }
            println!();
        }
    }
}

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    if what.is_empty() || what == "linear" {
        bench_linear();
    }
}
