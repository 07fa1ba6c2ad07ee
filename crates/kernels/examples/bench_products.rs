//! Compares the two engines for dense products on the shapes of their users: `kernels::gemm`, on the `gemm` crate, and
//! `kernels::product`. `cargo run --release -p georanker-kernels --example bench_products`
//!
//! Both run in one process and take turns; what counts is the least time of each. The last column is the noise: the ratio
//! of `kernels::gemm` to itself.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use kernels::gemm::{View, Workers, multiply};
use kernels::product::{Matrix, Right, product};

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// The least time of each in microseconds, in turns.
fn race<const N: usize>(mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
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
    println!("                                   rows  inner columns |   gemm us product us  ratio    A/A");
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
        let mut again = theirs.clone();
        let (outputs, inputs) = if transposed { (columns, inner) } else { (inner, columns) };
        let matrix = Matrix { values: &right, rows: outputs, columns: inputs };
        let side = if transposed { Right::Transposed(matrix) } else { Right::Plain(matrix) };
        let workers = if pool.current_num_threads() == 1 { Workers::One } else { Workers::Pool };
        let run_gemm = |output: &mut [f32]| {
            let view = View::new(&right, outputs, inputs);
            let view = if transposed { view.transposed() } else { view };
            multiply(workers, View::new(&left, rows, inner), view, 1.0, false, output);
        };
        let [gemm, blocked, gemm_again] = pool.install(|| {
            race([
                &mut || run_gemm(&mut theirs),
                &mut || product(Matrix { values: &left, rows, columns: inner }, side, None, &mut ours),
                &mut || run_gemm(&mut again),
            ])
        });
        let error =
            ours.iter().zip(&theirs).fold(0.0, |most: f32, (one, other)| most.max((one - other).abs()));
        assert!(error < 1e-2, "{what}: the engines differ by {error}");
        let (ratio, noise) = (blocked / gemm, gemm_again / gemm);
        println!(
            "{what:33} {rows:5} {inner:6} {columns:7} | {gemm:9.1} {blocked:10.1} {ratio:6.2} {noise:6.2}"
        );
    }
    Ok(())
}
