use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::{RankingColumns, RankingReader, RankingRow, RankingWriter};
use crate::table::TableError;
use contract::Diagnose;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/ranking-data").join(name)
}

fn read(path: &Path) -> Vec<RankingRow> {
    RankingReader::open(path).unwrap().collect::<Result<_, _>>().unwrap()
}

fn write(path: &Path, columns: RankingColumns, rows: &[RankingRow]) {
    let mut writer = RankingWriter::create(path, columns).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), rows.len() as u64);
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn what_pyarrow_and_datasets_write_is_read() {
    let rows = read(&golden("pyarrow.parquet"));
    assert_eq!(rows.len(), 3);
    let first = &rows[0];
    assert_eq!((first.img_id.as_str(), first.gps), ("ab_cd_1234567890.jpg", [48.858_37, 2.294_481]));
    assert_eq!(first.ref_gps, [[48.852_968_2, 2.349_902_1], [-33.856_784_4, 151.215_296_7], [0.1, -180.0]]);
    assert_eq!(first.ref_texts[0], ["Quartier de la Cité", "Paris", "", "Île-de-France", "", "France"]);
    assert_eq!(first.ref_origin.as_deref(), Some(texts(&["retrieved", "retrieved", "generated"]).as_slice()));
    let similarity = first.ref_similarity.as_ref().unwrap();
    assert!(similarity[..2] == [0.5, 0.25] && similarity[2].is_nan());
    assert_eq!(first.author.as_deref(), Some("somebody@N00"));
    assert!(rows[1].is_empty() && rows[1].ref_origin == Some(vec![]) && rows[1].author.is_none());
    assert_eq!(rows[2].ref_img_id, ["a", ""]);
    assert_eq!(rows[2].ref_texts, [texts(&[]), texts(&["東京都", ""])]);
    assert_eq!((&rows[2].ref_origin, &rows[2].ref_similarity, &rows[2].author), (&None, &None, &None));

    let official = read(&golden("datasets.parquet"));
    for (row, official) in rows.into_iter().zip(official) {
        let plain = RankingRow { ref_origin: None, ref_similarity: None, author: None, ..row };
        assert_eq!(plain, official);
    }
}

/// Needs a Python with pyarrow and datasets, named in `GEORANKER_DATASETS_PYTHON`.
#[test]
#[ignore = "needs Python with pyarrow and datasets: cargo xtask test sets it up"]
fn what_we_write_is_read_by_pyarrow_and_datasets() {
    let python = std::env::var_os("GEORANKER_DATASETS_PYTHON").expect("GEORANKER_DATASETS_PYTHON is not set");
    let folder = tempfile::tempdir().unwrap();
    let rows = read(&golden("pyarrow.parquet"));
    for columns in [RankingColumns::default(), RankingColumns::OFFICIAL] {
        let path = folder.path().join("ours.parquet");
        write(&path, columns, &rows);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/ranking_data.py");
        let run =
            Command::new(&python).arg(script).arg("read").arg(&path).env("HF_HUB_OFFLINE", "1").output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let seen: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let seen = seen.as_array().unwrap();
        assert_eq!(seen.len(), rows.len());
        for (row, seen) in rows.iter().zip(seen) {
            let object = seen.as_object().unwrap();
            assert_eq!(object.len(), if columns.author { 8 } else { 5 });
            assert_eq!(seen["img_id"], row.img_id);
            assert_eq!(seen["gps"], serde_json::json!(row.gps));
            assert_eq!(seen["ref_gps"], serde_json::json!(row.ref_gps));
            assert_eq!(seen["ref_img_id"], serde_json::json!(row.ref_img_id));
            assert_eq!(seen["ref_texts"], serde_json::json!(row.ref_texts));
            if columns.author {
                assert_eq!(seen["author"], serde_json::json!(row.author));
                assert_eq!(seen["ref_origin"], serde_json::json!(row.ref_origin));
            }
        }
    }
}

#[test]
fn a_row_becomes_a_candidate_set() {
    let mut row = read(&golden("pyarrow.parquet")).swap_remove(0);
    let set = row.candidate_set().unwrap();
    assert_eq!((set.candidates.len(), set.negatives.len()), (3, 3));
    assert_eq!(set.candidates[0].place.country.as_deref(), Some("France"));
    assert_eq!(set.candidates[0].place.county, None);
    assert_eq!(set.candidates[1].similarity(&contract::Channel::photo()), Some(0.25));
    assert!(
        matches!(&set.candidates[2].origin, contract::Origin::Generated { model, .. } if model == "generated")
    );
    // The query itself is not a candidate.
    row.ref_img_id[0] = row.img_id.clone();
    let set = row.candidate_set().unwrap();
    assert_eq!(set.candidates.len(), 2);
    assert!(matches!(set.candidates[0].origin, contract::Origin::Retrieved { rank: 0, .. }));
}

#[test]
fn many_rows_make_several_row_groups_and_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<RankingRow> = (0..2300)
        .map(|number| RankingRow {
            img_id: format!("photo {number}"),
            gps: [f64::from(number % 90), 0.1],
            ref_gps: vec![[0.5, f64::from(number % 180)]; number as usize % 4],
            ref_img_id: vec![format!("other {number}"); number as usize % 4],
            ref_texts: vec![texts(&["", "Roma"]); number as usize % 4],
            ..RankingRow::default()
        })
        .collect();
    let paths = ["a.parquet", "b.parquet"].map(|name| folder.path().join(name));
    for path in &paths {
        write(path, RankingColumns::default(), &rows);
    }
    assert_eq!(fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap());
    let mut reader = RankingReader::open(&paths[0]).unwrap();
    assert_eq!(reader.row_count(), 2300);
    assert!(reader.by_ref().map(Result::unwrap).eq(rows));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary files");
}

/// The required columns; `annotation` follows the outer lists.
fn list_columns(annotation: &str, name: &str) -> String {
    let list = |column: &str, item: &str| {
        format!("optional group {column} {annotation} {{ repeated group {name} {{ {item} }} }}")
    };
    let nested = |column: &str, item: &str| list(column, &list("element", item));
    [
        "optional binary img_id;".to_owned(),
        list("gps", "optional double element;"),
        nested("ref_gps", "optional double element;"),
        list("ref_img_id", "optional binary element;"),
        nested("ref_texts", "optional binary element;"),
    ]
    .concat()
}

fn write_empty(path: &Path, columns: &str) {
    let schema = parquet::schema::parser::parse_message_type(&format!("message m {{ {columns} }}")).unwrap();
    let file = fs::File::create(path).unwrap();
    let writer =
        parquet::file::writer::SerializedFileWriter::new(file, schema.into(), std::sync::Arc::default());
    writer.unwrap().close().unwrap();
}

#[test]
fn lists_are_known_whatever_their_writer_called_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.parquet");
    for (annotation, name) in [("(LIST)", "list"), ("(LIST)", "array"), ("(LIST)", "bag"), ("", "list")] {
        write_empty(&path, &list_columns(annotation, name));
        assert_eq!(RankingReader::open(&path).unwrap().count(), 0, "{annotation} {name}");
    }
}

#[test]
fn our_lists_have_the_names_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours.parquet");
    write(&path, RankingColumns::OFFICIAL, &[]);
    let file = parquet::file::reader::SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let schema = parquet::file::reader::FileReader::metadata(&file).file_metadata().schema_descr();
    let paths: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    let expected = [
        "img_id",
        "gps.list.element",
        "ref_gps.list.element.list.element",
        "ref_img_id.list.element",
        "ref_texts.list.element.list.element",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn wrong_columns_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.parquet");
    let cases = [
        (
            "required binary img_id (UTF8); optional double LAT;",
            "has no column gps, ref_gps, ref_img_id, ref_texts; it has img_id, LAT",
        ),
        (
            "required binary img_id (UTF8); required double gps; required double ref_gps;
             required double ref_img_id; required double ref_texts;",
            "column gps: it holds double, where a list of doubles is needed",
        ),
        (
            &format!("{} optional binary img_id;", list_columns("(LIST)", "element")),
            "has two columns for one thing: img_id and img_id",
        ),
    ];
    for (columns, complaint) in cases {
        write_empty(&path, columns);
        let error = RankingReader::open(&path).unwrap_err();
        assert!(error.to_string().ends_with(complaint), "{error}");
        assert!(error.hint().is_some());
    }
    fs::write(&path, b"IMG_ID,LAT,LON\n").unwrap();
    assert!(matches!(RankingReader::open(&path).unwrap_err(), TableError::Parquet { .. }));
    assert!(matches!(RankingReader::open(folder.path()).unwrap_err(), TableError::Open { .. }));
}

#[test]
fn rows_that_could_not_be_read_back_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.parquet");
    let good = RankingRow { img_id: "a".into(), gps: [1.0, 2.0], ..RankingRow::default() };
    let pair = RankingRow {
        ref_gps: vec![[0.0, 0.0], [91.0, 0.0]],
        ref_img_id: texts(&["x", "y"]),
        ref_texts: vec![vec![], vec![]],
        ..good.clone()
    };
    let cases = [
        (RankingRow { img_id: String::new(), ..good.clone() }, "row 2, column img_id: must not be empty"),
        (RankingRow { gps: [0.0, 200.0], ..good.clone() }, "column gps: \"200\" is not a longitude"),
        (pair.clone(), "row 2, column ref_gps[1]: \"91\" is not a latitude from -90 to 90"),
        (
            RankingRow { ref_gps: vec![[0.0, 0.0]], ref_texts: vec![vec![]], ..pair },
            "row 2, column ref_img_id: the list has 2 entries instead of 1",
        ),
    ];
    for (bad, complaint) in cases {
        let mut writer = RankingWriter::create(&path, RankingColumns::default()).unwrap();
        writer.write(&good).unwrap();
        let error = writer.write(&bad).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "dropped writers leave nothing");
    let error = RankingWriter::create(folder.path().join("no/new.parquet"), RankingColumns::OFFICIAL);
    assert!(matches!(error.unwrap_err(), TableError::Write { .. }));
}

#[test]
fn damaged_files_are_errors_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    let whole = fs::read(golden("pyarrow.parquet")).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    assert!(matches!(RankingReader::open(&path).unwrap_err(), TableError::Parquet { .. }));
    for (at, mask) in (4..whole.len()).step_by(5).zip([0x55, 0xFF, 0x80, 0x01].into_iter().cycle()) {
        let mut flipped = whole.clone();
        flipped[at] ^= mask;
        fs::write(&path, &flipped).unwrap();
        if let Ok(reader) = RankingReader::open(&path) {
            assert!(reader.take(5000).count() < 5000);
        }
    }
}

fn any_row() -> impl Strategy<Value = RankingRow> {
    let gps = || (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| [latitude, longitude]);
    let candidate = (gps(), ".{0,6}", prop::collection::vec(".{0,6}", 0..4), "[a-z]{0,3}", -1.0_f32..1.0);
    let candidates = prop::collection::vec(candidate, 0..5);
    let author = prop::option::of("[^\0]{1,5}");
    (".{1,6}", gps(), candidates, author, any::<[bool; 2]>()).prop_map(
        |(img_id, gps, candidates, author, [origin, similarity])| RankingRow {
            img_id,
            gps,
            ref_gps: candidates.iter().map(|candidate| candidate.0).collect(),
            ref_img_id: candidates.iter().map(|candidate| candidate.1.clone()).collect(),
            ref_texts: candidates.iter().map(|candidate| candidate.2.clone()).collect(),
            ref_origin: origin.then(|| candidates.iter().map(|candidate| candidate.3.clone()).collect()),
            ref_similarity: similarity.then(|| candidates.iter().map(|candidate| candidate.4).collect()),
            author,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_come_back_as_they_were(rows in prop::collection::vec(any_row(), 0..6)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        write(&path, RankingColumns::default(), &rows);
        prop_assert_eq!(read(&path), rows);
    }
}
