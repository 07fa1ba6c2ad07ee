//! Compares the two engines for dense products on the shapes of their users: `kernels::gemm`, on the `gemm` crate, and the
//! blocked products of `kernels::weights_linear`. `cargo run --release -p georanker-kernels --example bench_products`
//!
//! Both run in one process and take turns; what counts is the least time of each.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use kernels::gemm::{View, Workers, multiply};
use kernels::weights::WeightMatrix;
use kernels::weights_linear::{linear, linear_input_gradient};

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// The least time of each in microseconds, in turns.
fn race(mut runs: [&mut dyn FnMut(); 2]) -> [f64; 2] {
    let mut least = [f64::INFINITY; 2];
    let begun = Instant::now();
    let mut rounds = 0;
    while rounds < 5 || (begun.elapsed().as_secs_f64() < 1.0 && rounds < 20_000) {
        for (least, run) in least.iter_mut().zip(&mut runs) {
            let start = Instant::now();
            run();
            *least = least.min(start.elapsed().as_secs_f64() * 1e6);
        }
        rounds += 1;
    }
    least
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("                                   rows  inner columns |   gemm us  blocked us   ratio");
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    // (what, threads, rows, inner, columns, right side transposed)
    for (what, pool, rows, inner, columns, transposed) in [
        ("training: A x", &two, 900, 1536, 16, true),
        ("training: B (A x)", &two, 900, 16, 1536, true),
        ("training: B (A x), wide", &two, 900, 16, 8960, true),
        ("training: slopes B", &two, 900, 1536, 16, false),
        ("training: (slopes B) A", &two, 900, 16, 1536, false),
        ("training: gradient of A", &two, 16, 900, 1536, false),
        ("attention gradient: scores", &one, 48, 128, 600, true),
        ("attention gradient: queries", &one, 48, 600, 128, false),
        ("attention gradient: keys", &one, 600, 48, 128, false),
        ("logits of a photo", &two, 1, 512, 20_000, true),
        ("logits of 8 photos", &two, 8, 512, 20_000, true),
        ("logits of 64 photos", &two, 64, 512, 20_000, true),
        ("set ranker: layer", &two, 60, 64, 256, false),
        ("set ranker: attention", &two, 60, 16, 60, true),
    ] {
        let (left, right) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
        let (mut ours, mut theirs) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
        let (outputs, inputs) = if transposed { (columns, inner) } else { (inner, columns) };
        let weights = WeightMatrix::from_f32(right.clone(), outputs, inputs);
        let workers = if pool.current_num_threads() == 1 { Workers::One } else { Workers::Pool };
        let [gemm, blocked] = pool.install(|| {
            race([
                &mut || {
                    let view = View::new(&right, outputs, inputs);
                    let view = if transposed { view.transposed() } else { view };
                    multiply(workers, View::new(&left, rows, inner), view, 1.0, false, &mut theirs);
                },
                &mut || {
                    if transposed {
                        linear(&left, rows, &weights, None, &mut ours);
                    } else {
                        linear_input_gradient(&left, rows, &weights, &mut ours);
                    }
                },
            ])
        });
        let error =
            ours.iter().zip(&theirs).fold(0.0, |most: f32, (one, other)| most.max((one - other).abs()));
        assert!(error < 1e-2, "{what}: the engines differ by {error}");
        let ratio = blocked / gemm;
        println!("{what:33} {rows:5} {inner:6} {columns:7} | {gemm:9.1} {blocked:11.1} {ratio:7.2}");
    }
    Ok(())
}
