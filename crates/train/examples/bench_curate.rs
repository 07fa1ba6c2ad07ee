//! How fast datasets are made: `bench_curate [PHOTOS] [DIMENSION] [FRACTION]`, one JSON object. The gallery is made in
//! a process of its own, so that the peak memory is that of curation.
#![allow(clippy::print_stdout)] // It prints its result.

#[path = "../tests/curate_support/mod.rs"]
mod curate_support;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use contract::Channel;
use curate_support::Synthetic;
use formats::ranking_data::{RankingColumns, RankingReader};
use gallery::Gallery;
use train::curate::{CurationPlan, GalleryQueries, Rules, Sample, Statistics, curate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: usize| arguments.get(index).map_or(Ok(default), |text| text.parse());
    let (photos, dimension) = (number(0, 100_000)?, number(1, 256)?);
    let fraction: f64 = arguments.get(2).map_or(Ok(0.1), |text| text.parse())?;
    if let Some(directory) = arguments.get(3) {
        let synthetic =
            Synthetic { photos, a_place: 50, dimension, an_author: 40, spread: 0.5, named: false };
        synthetic.build(Path::new(directory), 1);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let directory = folder.path().join("gallery");
    let mut build = Command::new(std::env::current_exe()?);
    build.args([photos.to_string(), dimension.to_string(), fraction.to_string()]).arg(&directory);
    if !build.status()?.success() {
        return Err("the gallery was not made".into());
    }
    let gallery = Gallery::open(&directory, None)?;
    let opened_mb = peak_mb();
    let all_rules = Rules {
        exclude_same_author: true,
        min_distance_m: 50.0,
        per_cell: Some(5),
        min_far: 3,
        ..Rules::default()
    };
    let plain = Rules { near_duplicate_bits: None, ..Rules::default() };
    for (name, rules) in [("plain", plain), ("all rules", all_rules)] {
        let out = folder.path().join(format!("{name}.parquet"));
        let sample = Sample { fraction, seed: 1 };
        let plan = CurationPlan {
            out: &out,
            rules,
            channel: Channel::photo(),
            gallery: "bench".into(),
            sample,
            columns: RankingColumns::default(),
            places_as_they_are: false,
            resume: false,
        };
        let mut queries = GalleryQueries::new(&gallery, Channel::photo(), sample);
        let clock = Instant::now();
        let run = curate(&gallery, &mut queries, &plan, &AtomicBool::new(false), &mut |_| {})?;
        let seconds = clock.elapsed().as_secs_f64();
        let clock = Instant::now();
        let mut statistics = Statistics::default();
        for row in RankingReader::open(&out)? {
            statistics.add(&row?);
        }
        println!(
            "{}",
            serde_json::json!({
                "rules": name, "photos": photos, "dimension": dimension, "counts": run.counts,
                "seconds": seconds, "rows_per_second": run.counts.written as f64 / seconds,
                "statistics_seconds": clock.elapsed().as_secs_f64(), "bytes": out.metadata()?.len(),
                "opened_mb": opened_mb, "peak_mb": peak_mb(), "threads": rayon::current_num_threads(),
            })
        );
    }
    Ok(())
}

/// Peak resident memory, MB; 0 where the system does not tell.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}
