//! `georanker curate stats`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use contract::{ErrorKind, Failure};
use formats::ranking_data::RankingReader;
use formats::table::TableError;
use train::curate::{BAND_NAMES, Statistics, figures};

use crate::args::CurateStatsArguments;
use crate::exit::{Exit, report};
use crate::outputs::Outputs;
use crate::progress::{bar, note};
use crate::sink::write_text;

/// Rows between two movements of the progress bar.
const STEP: u64 = 256;
/// What is written into the directory.
const FILES: [&str; 4] = ["distances.svg", "positions.svg", "map.svg", "stats.json"];
/// So many wrong rows are named one by one.
const NAMED: u64 = 20;

pub(super) fn stats(arguments: &CurateStatsArguments, quiet: bool) -> Result<Exit, Failure> {
    let directory = arguments.out.as_deref();
    let written = FILES.map(|name| directory.map(|directory| directory.join(name)));
    let outputs = Outputs::default().input("DATASET", Some(&arguments.dataset));
    let outputs = written.iter().fold(outputs, |outputs, file| outputs.output("", file.as_deref()));
    outputs.check(arguments.force.force)?;
    let reader = RankingReader::open(&arguments.dataset)?;
    let progress = bar(reader.row_count() as usize, "reading", quiet);
    let mut statistics = Statistics::default();
    let (mut read, mut wrong) = (0, 0);
    for row in reader {
        match row {
            Ok(row) => statistics.add(&row),
            // A file that cannot be read on has no statistics.
            Err(error @ TableError::Parquet { .. }) => return Err(Failure::from_error(&error)),
            Err(error) => {
                wrong += 1;
                if wrong <= NAMED {
                    progress.suspend(|| report(&Failure::from_error(&error)));
                }
            }
        }
        read += 1;
        if read % STEP == 0 {
            progress.set_position(read);
        }
    }
    progress.finish_and_clear();
    if wrong > NAMED {
        note(quiet, &format!("... and {} more rows are wrong", wrong - NAMED));
    }
    let summary = serde_json::to_string_pretty(&statistics.summary())
        .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?;
    if let Some(directory) = &arguments.out {
        fs::create_dir_all(directory).map_err(|error| Failure::cannot_write(directory, &error))?;
        let texts = [
            figures::distance_histogram(&statistics),
            figures::list_positions(&statistics),
            figures::query_map(&statistics),
            format!("{summary}\n"),
        ];
        for (path, text) in written.iter().flatten().zip(texts) {
            write_text(Some(path), &text)?;
            note(quiet, &path.display().to_string());
        }
    }
    let shown = if arguments.json { format!("{summary}\n") } else { table(&arguments.dataset, &statistics) };
    write_text(None, &shown)?;
    Ok(if wrong > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// The numbers for people.
fn table(dataset: &Path, statistics: &Statistics) -> String {
    let summary = statistics.summary();
    let mut text = format!("{}\n", dataset.display());
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<22} {value}");
    };
    line("queries", summary.queries.to_string());
    let [fewest, mean, most] = summary.candidates_per_query;
    line("candidates", format!("{} ({fewest} to {most} a query, {mean:.1} on average)", summary.candidates));
    let authors = match summary.with_author {
        0 => "not stated".to_owned(),
        some => format!("{} ({some} queries name theirs)", summary.authors),
    };
    line("authors", authors);
    let best = summary.median_best_km.map_or_else(|| "none".to_owned(), |km| format!("{km:.2} km (median)"));
    line("best candidate", best);
    if summary.with_itself > 0 {
        line("queries in own list", format!("{} (first, not counted)", summary.with_itself));
    }
    if summary.empty > 0 {
        line("without candidates", summary.empty.to_string());
    }
    if summary.one_place > 0 {
        line("all at one place", summary.one_place.to_string());
    }
    let mut bands = Table::new();
    bands.load_style(presets::UTF8_HORIZONTAL_ONLY);
    bands.set_header(["distance", "candidates", "%", "best candidates", "%"]);
    let share = |count: u64, of: u64| format!("{:.1}", 100.0 * count as f64 / of.max(1) as f64);
    let listed = summary.best_in_band.iter().sum();
    for ((name, all), best) in
        BAND_NAMES.into_iter().zip(summary.candidates_in_band).zip(summary.best_in_band)
    {
        let cells = [
            name.to_owned(),
            all.to_string(),
            share(all, summary.candidates),
            best.to_string(),
            share(best, listed),
        ];
        bands.add_row(cells);
    }
    for column in bands.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let _ = writeln!(text, "{bands}");
    text
}
