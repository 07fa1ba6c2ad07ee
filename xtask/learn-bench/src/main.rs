//! `cargo xtask learnbench`: makes the bed, trains, judges, reports.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use learn_bench::files::{sheet, table, write_photos, write_png};
use learn_bench::{Bed, BedSettings, Frame, Jitter, WholeEarth, earth_file, make_bed, view};
use nets::photo::Image;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the bed as files to look at: photos, table, contact sheets.
    Files {
        /// A directory.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let Command::Files { out } = Arguments::parse().command;
    let earth = WholeEarth::open(&earth_file())?;
    let bed = make_bed(&earth, &BedSettings::default())?;
    let queries = || bed.train.iter().chain(&bed.validation).chain(&bed.test);
    write_photos(bed.gallery.iter().chain(queries().map(|query| &query.view)), &out.join("photos"))?;
    std::fs::write(out.join("photos.csv"), table(&bed))?;
    let mut lists = String::from("query,rank,candidate,similarity,km\n");
    for query in queries() {
        for (rank, (candidate, km)) in query.set.candidates.iter().zip(&query.distances_km).enumerate() {
            let similarity = candidate.similarity(&contract::Channel::photo()).unwrap_or_default();
            let photo = candidate.photo.as_ref().map_or("", |photo| &photo.0);
            lists.push_str(&format!("{},{rank},{photo},{similarity},{km:.1}\n", query.view.id));
        }
    }
    std::fs::write(out.join("candidates.csv"), lists)?;
    write_sheets(&earth, &bed, &out)
}

/// Two sheets: known places in four views each, the first one straight; and queries beside their candidates.
fn write_sheets(earth: &WholeEarth, bed: &Bed, out: &Path) -> anyhow::Result<()> {
    use rand::SeedableRng;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let frame = Frame { side: 112, ..BedSettings::default().frame };
    let known = [(27.0, 31.0), (45.8, 10.0), (64.5, -18.5), (69.0, 20.0), (-3.0, -60.0), (22.7, -81.0)];
    let mut rows: Vec<Vec<Image>> = Vec::new();
    for (latitude, longitude) in known {
        let centre = geo::LatLon::new(latitude, longitude)?;
        let mut row = vec![
            view(earth, centre, Frame { width_km: 1200.0, ..frame }, &Jitter::NONE)?,
            view(earth, centre, frame, &Jitter::NONE)?,
        ];
        for _ in 0..4 {
            row.push(view(earth, centre, frame, &Jitter::draw(&mut random))?);
        }
        rows.push(row);
    }
    let rows: Vec<Vec<&Image>> = rows.iter().map(|row| row.iter().collect()).collect();
    write_png(&sheet(&rows)?, &out.join("places.png"))?;
    let rows: Vec<Vec<&Image>> = bed
        .test
        .iter()
        .take(16)
        .map(|query| {
            let found = query.gallery.iter().take(11).map(|index| &bed.gallery[*index].image);
            std::iter::once(&query.view.image).chain(found).collect()
        })
        .collect();
    write_png(&sheet(&rows)?, &out.join("queries.png"))
}
