//! `cargo xtask learnbench`: makes the bed, trains, judges, reports.
#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};
use learn_bench::files::{sheet, table, write_photos, write_png};
use learn_bench::{
    Bed, BedSettings, BenchSettings, Frame, Jitter, Variant, WholeEarth, earth_file, make_bed, run_bench,
    search_channel, tokens_directory, view,
};
use photo::Image;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train and judge every ranker, and write the table.
    Run {
        /// One seed, few steps.
        #[arg(long)]
        quick: bool,
        /// Only these rankers.
        #[arg(long, value_delimiter = ',', default_values = ["set", "vlm"])]
        rankers: Vec<String>,
        /// Only these variants (both, first, second, no-photos); all without it.
        #[arg(long, value_delimiter = ',')]
        variants: Vec<String>,
        /// How many seeds instead of three.
        #[arg(long)]
        seeds: Option<u64>,
        /// Steps of each run instead of the usual ones.
        #[arg(long)]
        steps: Option<u64>,
        /// Learning rate of each run instead of the usual ones.
        #[arg(long)]
        learning_rate: Option<f64>,
        /// Where models and logs go.
        #[arg(long)]
        work: PathBuf,
        /// The report; without it the table is printed alone.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Write the bed as files to look at: photos, tables, contact sheets.
    Files {
        /// A directory.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let earth = WholeEarth::open(&earth_file())?;
    match Arguments::parse().command {
        Command::Files { out } => write_files(&earth, &out),
        Command::Run { quick, rankers, variants, seeds, steps, learning_rate, work, out } => {
            let mut settings = BenchSettings::new(work, tokens_directory(), quick);
            settings.seeds = seeds.map_or(settings.seeds, |count| (0..count).collect());
            if !variants.is_empty() {
                settings.variants = variants.iter().map(|name| variant(name)).collect::<Result<_, _>>()?;
            }
            for budget in [&mut settings.set, &mut settings.vlm].into_iter().flatten() {
                budget.steps = steps.unwrap_or(budget.steps);
                budget.learning_rate = learning_rate.unwrap_or(budget.learning_rate);
            }
            let wanted = |name: &str| rankers.iter().any(|ranker| ranker == name);
            settings.set = settings.set.filter(|_| wanted("set"));
            settings.vlm = settings.vlm.filter(|_| wanted("vlm"));
            let report = run_bench(&earth, &settings, &mut |text| eprintln!("{text}"))?;
            let text = report_page(&settings, &report.markdown());
            std::io::stdout().write_all(text.as_bytes())?;
            out.map_or(Ok(()), |out| std::fs::write(&out, &text).with_context(|| out.display().to_string()))
        }
    }
}

fn variant(name: &str) -> anyhow::Result<Variant> {
    let known = Variant::ALL.into_iter().find(|variant| variant.slug() == name);
    known.with_context(|| format!("--variants: `{name}` is none of both, first, second, no-photos"))
}

/// The report's page.
fn report_page(settings: &BenchSettings, tables: &str) -> String {
    let BedSettings { gallery, train, validation, test, frame, apart_km, candidates, seed, .. } =
        settings.bed;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "# The learnable test bed\n\n\
        `cargo xtask learnbench`, bed seed {seed}, {threads} threads. Gallery {gallery} places; {train} queries to train on, \
        {validation} to watch, {test} to judge by; views of {side} x {side} pixels, about {width} km wide; no two places \
        within {apart_km} km of each other; {candidates} candidates a query. What it is: `docs/src/learning-test-bed.md`.\n\n",
        side = frame.side,
        width = frame.width_km,
    );
    for (name, budget) in [("Set ranker", &settings.set), ("LVLM", &settings.vlm)] {
        if let Some(budget) = budget {
            let _ = writeln!(
                text,
                "{name}: {} steps of {} queries, learning rate {}.",
                budget.steps, budget.batch_queries, budget.learning_rate
            );
        }
    }
    let seeds = settings.seeds.len();
    let _ = write!(text, "\nMeans over {seeds} seeds; in brackets the smallest and the largest.\n\n{tables}");
    text
}

fn write_files(earth: &WholeEarth, out: &Path) -> anyhow::Result<()> {
    let bed = make_bed(earth, &BedSettings::default())?;
    let queries = || bed.train.iter().chain(&bed.validation).chain(&bed.test);
    write_photos(bed.gallery.iter().chain(queries().map(|query| &query.view)), &out.join("photos"))?;
    std::fs::write(out.join("photos.csv"), table(&bed))?;
    let mut lists = String::from("query,rank,candidate,similarity,km\n");
    for query in queries() {
        for (rank, (candidate, km)) in query.set.candidates.iter().zip(&query.distances_km).enumerate() {
            let similarity = candidate.similarity(&search_channel()).unwrap_or_default();
            let photo = candidate.photo.as_ref().map_or("", |photo| &photo.0);
            let _ = writeln!(lists, "{},{rank},{photo},{similarity},{km:.1}", query.view.id);
        }
    }
    std::fs::write(out.join("candidates.csv"), lists)?;
    write_sheets(earth, &bed, out)
}

/// Two sheets: known places from far and near, straight and jittered; and queries, each beside its candidates.
fn write_sheets(earth: &WholeEarth, bed: &Bed, out: &Path) -> anyhow::Result<()> {
    const KNOWN: [(f64, f64); 7] = [
        (27.0, 33.0),
        (45.0, 12.0),
        (64.5, -18.5),
        (70.0, 25.0),
        (-3.0, -60.0),
        (22.7, -81.0),
        (-16.5, 179.9),
    ];
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let near = Frame { side: 112, ..BedSettings::default().frame };
    let far = Frame { width_km: 1500.0, ..near };
    let mut rows: Vec<Vec<Image>> = Vec::new();
    for (latitude, longitude) in KNOWN {
        let centre = geo::LatLon::new(latitude, longitude)?;
        let mut row =
            vec![view(earth, centre, far, &Jitter::NONE)?, view(earth, centre, near, &Jitter::NONE)?];
        for _ in 0..4 {
            row.push(view(earth, centre, near, &Jitter::draw(&mut random))?);
        }
        rows.push(row);
    }
    let rows: Vec<Vec<&Image>> = rows.iter().map(|row| row.iter().collect()).collect();
    write_png(&sheet(&rows)?, &out.join("places.png"))?;
    let of_query = |query: &learn_bench::Query| -> Vec<Image> {
        let found = query.gallery.iter().take(11).map(|index| bed.gallery[*index].image.clone());
        std::iter::once(query.view.image.clone()).chain(found).collect()
    };
    let rows: Vec<Vec<Image>> = bed.test.iter().take(16).map(of_query).collect();
    let rows: Vec<Vec<&Image>> = rows.iter().map(|row| row.iter().collect()).collect();
    write_png(&sheet(&rows)?, &out.join("queries.png"))
}
