//! Times the kernels of language models:
//! `cargo run --release -p georanker-kernels --example bench_language_kernels [linear|attention|rows]`.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use kernels::activations::{add, gelu, quick_gelu, swiglu};
use kernels::attention::{Attention, Heads, Segment, Strided, attention};
use kernels::blocks;
use kernels::gemm::{View, Workers, multiply};
use kernels::norms::{layer_norm, rms_norm};
use kernels::rotary::rotate;
use kernels::weights::{StoredType, WeightMatrix};
use kernels::weights_linear::linear;
use test_blocks::encode_blocks;

#[path = "../src/test_blocks.rs"]
mod test_blocks;

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
        "GFLOP/s        outputs inputs  rows |      gemm |      F32     Bf16      F16       Q8       Q4  rounded"
    );
    for [outputs, inputs] in [[8960, 1536], [1536, 8960], [1536, 1536], [256, 1536], [5120, 1280]] {
        let values = numbers(outputs * inputs, 1);
        let weights = WeightMatrix::from_f32(values.clone(), outputs, inputs);
        let mut stored = all.map(|stored| weights.convert(stored, encode_blocks)).to_vec();
        stored.push(weights.convert(StoredType::Bf16, encode_blocks).with_rounded_inputs());
        for rows in [1, 15, 250, 900, 5200] {
            let input = numbers(rows * inputs, 2);
            let mut output = vec![0.0; rows * outputs];
            let work = 2.0 * (rows * outputs * inputs) as f64 / 1e9;
            let plain = work
                / least(|| {
                    let right = View::new(&values, outputs, inputs).transposed();
                    multiply(Workers::Pool, View::new(&input, rows, inputs), right, 1.0, false, &mut output);
                });
            print!("               {outputs:7} {inputs:6} {rows:5} | {plain:9.1} |");
            for weights in &stored {
                if rows == 5200 && matches!(weights.stored(), StoredType::F16 | StoredType::Q8) {
                    print!("        -");
                    continue;
                }
                print!(" {:8.1}", work / least(|| linear(&input, rows, weights, None, &mut output)));
            }
            println!();
        }
    }
}

fn bench_attention() {
    const PREFIX: usize = 250;
    let lengths = [170, 390, 250, 300, 210, 180, 350, 270, 230, 190, 310, 260, 240, 200, 220];
    println!("attention: milliseconds, GFLOP/s of what is not masked");
    for (name, query, key_value, dimension, causal) in [
        ("vision tower", 16, 16, 80, false),
        ("2B, 15 candidates", 12, 2, 128, true),
        ("7B, 15 candidates", 28, 4, 128, true),
    ] {
        let lengths = if causal { &lengths[..] } else { &[884][..] };
        let rows: usize = lengths.iter().sum();
        let stride = (query + 2 * key_value) * dimension;
        let all = numbers(rows * stride, 1);
        let part = |first: usize| Strided { values: &all[first * dimension..], stride };
        let mut segments = Vec::new();
        let mut first = 0;
        for &length in lengths {
            segments.push(Segment { queries: first..first + length, keys: first..first + length });
            first += length;
        }
        let before = numbers(PREFIX * key_value * dimension, 2);
        let before = Strided { values: &before, stride: key_value * dimension };
        let inputs = Attention {
            heads: Heads { query, key_value, dimension },
            queries: part(0),
            keys: part(query),
            values: part(query + key_value),
            prefix: causal.then_some((before, before, PREFIX)),
            segments: &segments,
            causal,
            scale: 0.1,
        };
        let pairs = |length: usize| {
            if causal { length * PREFIX + length * (length + 1) / 2 } else { length * length }
        };
        let seen: usize = lengths.iter().map(|&length| pairs(length)).sum();
        let mut output = vec![0.0; rows * query * dimension];
        let seconds = least(|| attention(&inputs, &mut output));
        let work = 4e-9 * (seen * query * dimension) as f64;
        println!("  {name:20} {:9.1} {:9.1}", seconds * 1e3, work / seconds);
    }
}

fn bench_rows() {
    let (mut wide, other) = (numbers(5200 * 8960, 1), numbers(5200 * 8960, 2));
    let mut time = |name: &str, run: &mut dyn FnMut(&mut [f32])| {
        println!("  {name:28} {:9.2}", least(|| run(&mut wide)) * 1e3);
    };
    println!("rows: milliseconds");
    time("swiglu 5200 x 8960", &mut |values| swiglu(values, &other));
    time("quick_gelu 884 x 5120", &mut |values| quick_gelu(&mut values[..884 * 5120]));
    time("gelu 221 x 5120", &mut |values| gelu(&mut values[..221 * 5120]));
    time("add 5200 x 1536", &mut |values| add(&mut values[..5200 * 1536], &other[..5200 * 1536]));
    time("rms_norm 5200 x 1536", &mut |values| {
        rms_norm(&other[..5200 * 1536], &other[..1536], 1e-6, &mut values[..5200 * 1536]);
    });
    time("layer_norm 884 x 1280", &mut |values| {
        layer_norm(&other[..884 * 1280], &other[..1280], &other[..1280], 1e-6, &mut values[..884 * 1280]);
    });
    time("rotate 5200 x 12 x 128", &mut |values| {
        rotate(&mut values[..5200 * 2048], 2048, 12, 128, &other[..5200 * 64], &other[..5200 * 64]);
    });
}

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    if what.is_empty() || what == "linear" {
        bench_linear();
    }
    if what.is_empty() || what == "attention" {
        bench_attention();
    }
    if what.is_empty() || what == "rows" {
        bench_rows();
    }
}
