//! Tables: CSV in every dialect, Parquet, the official files, arrays, pairs.

use std::io::Cursor;
use std::path::Path;

use contract::Diagnose;
use formats::official::{BenchmarkTable, NpyFile, literal};
use formats::pairs::PairsReader;
use formats::ranking_data::RankingReader;
use formats::table::{
    PhotoRow, PhotoTable, PhotoWriter, PlausibilityCheck, Position, PredictionRow, PredictionTable,
    PredictionWriter, TableError,
};

use crate::scratch::Scratch;

/// A fuzzer's table is short; a reader that yields more rows than bytes would never end.
fn rows<T>(file: &str, size: usize, rows: impl Iterator<Item = Result<T, TableError>>) -> Vec<T> {
    let mut good = Vec::new();
    for (count, row) in rows.enumerate() {
        assert!(count <= size, "{file} has more rows than bytes");
        match row {
            Ok(row) => good.push(row),
            Err(error) => {
                let _ = (error.to_string(), error.hint(), error.kind());
                if error.is_final() {
                    break;
                }
            }
        }
    }
    good
}

/// Photo tables as CSV: rows lie on Earth, and what is written reads back.
pub fn photo_table(data: &[u8]) {
    let Ok(mut table) = PhotoTable::from_csv("t.csv", Cursor::new(data.to_vec())) else { return };
    let good = rows("t.csv", data.len(), &mut table);
    let _ = table.notes().iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut check = PlausibilityCheck::default();
    for row in &good {
        check.see(row);
    }
    let _ = check.findings().iter().map(ToString::to_string).collect::<Vec<_>>();
    written_photos_read_back(&good);
}

fn written_photos_read_back(rows: &[PhotoRow]) {
    let mut bytes = Vec::new();
    let written = PhotoWriter::new("out.csv", &mut bytes, &[]).and_then(|mut writer| {
        rows.iter().try_for_each(|row| writer.write(row))?;
        writer.finish()
    });
    assert!(written.is_ok(), "{written:?}");
    let again =
        PhotoTable::from_csv("out.csv", Cursor::new(bytes)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match again {
        Ok(again) => {
            let seen =
                |rows: &[PhotoRow]| rows.iter().map(|row| (row.id.clone(), row.location)).collect::<Vec<_>>();
            assert_eq!(seen(rows), seen(&again));
        }
        Err(error) => panic!("what was written cannot be read: {error}"),
    }
}

/// Predictions as CSV.
pub fn predictions(data: &[u8]) {
    let Ok(table) = PredictionTable::from_csv("p.csv", Cursor::new(data.to_vec())) else { return };
    let good = rows("p.csv", data.len(), table);
    let mut bytes = Vec::new();
    let written = PredictionWriter::new("out.csv", &mut bytes).and_then(|mut writer| {
        good.iter().try_for_each(|row| writer.write(row))?;
        writer.finish()
    });
    assert!(written.is_ok(), "{written:?}");
    let again = PredictionTable::from_csv("out.csv", Cursor::new(bytes))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match again {
        Ok(again) => {
            // Rows that were wrong are not written, so the others stand in other lines.
            let placed = |rows: Vec<PredictionRow>| -> Vec<PredictionRow> {
                rows.into_iter().map(|row| PredictionRow { position: Position::Line(0), ..row }).collect()
            };
            assert_eq!(placed(good), placed(again));
        }
        Err(error) => panic!("what was written cannot be read: {error}"),
    }
}

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
}

fn with_file(name: &str, data: &[u8], read: impl FnOnce(&Path)) {
    SCRATCH.with(|scratch| read(&scratch.write(name, data)));
}

/// Parquet: photo tables, predictions and ranking datasets.
pub fn parquet(data: &[u8]) {
    with_file("t.parquet", data, |path| {
        // A page of a run of one value may stand for any number of rows.
        const MOST_ROWS: usize = 1 << 16;
        if let Ok(table) = PhotoTable::open(path) {
            let _ = rows("t.parquet", usize::MAX, table.take(MOST_ROWS));
        }
        if let Ok(table) = PredictionTable::open(path) {
            let _ = rows("t.parquet", usize::MAX, table.take(MOST_ROWS));
        }
        if let Ok(reader) = RankingReader::open(path) {
            for row in rows("t.parquet", usize::MAX, reader.take(MOST_ROWS)) {
                let _ = (row.location(), row.candidate_locations(), row.candidate_set());
            }
        }
    });
}

/// The official CSVs with Python literals in their cells, and such a literal alone.
pub fn official_table(data: &[u8]) {
    if let Ok(table) = BenchmarkTable::from_csv("b.csv", Cursor::new(data.to_vec())) {
        let _ = rows("b.csv", data.len(), table);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        match literal::parse(text) {
            Ok(value) => {
                let _ = (value.number(), value.items().map(<[_]>::len), value.text(), value.kind());
            }
            Err(error) => {
                let _ = error.to_string();
            }
        }
    }
}

/// Arrays: every row that the header promises can be read.
pub fn npy(data: &[u8]) {
    with_file("a.npy", data, |path| match NpyFile::open(path) {
        Ok(mut file) => {
            let (rows, columns) = (file.rows(), file.columns());
            let floats = file.floats(0, usize::MAX);
            assert!(floats.is_ok(), "{floats:?}");
            let expected = u128::from(rows) * u128::from(columns);
            assert_eq!(floats.map_or(0, |floats| floats.len()) as u128, expected);
            let _ = (file.integers(rows / 2, 3), file.floats(rows, 1), file.floats(u64::MAX, 1));
        }
        Err(error) => {
            let _ = (error.to_string(), error.hint(), error.kind());
        }
    });
}

/// Pairs to be scored, as JSON lines.
pub fn pairs(data: &[u8]) {
    let reader = PairsReader::new(Cursor::new(data), "pairs.jsonl", Path::new("photos"));
    for (count, line) in reader.enumerate() {
        assert!(count <= data.len(), "more lines than bytes");
        match line.row {
            Ok(row) => {
                let _ = format!("{row:?}");
            }
            Err(error) => {
                let _ = (error.to_string(), error.hint(), error.kind());
            }
        }
    }
}
