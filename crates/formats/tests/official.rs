//! Official files as numpy, pandas and Python write them (tests/golden/official/make.py), and files that lie.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use contract::{Diagnose, ErrorKind};
use formats::official::literal::{Literal, parse};
use formats::official::{BenchmarkTable, Collection, NpyFile, NpyType};
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/official").join(name)
}

fn same(literal: &Literal, json: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (literal, json) {
        (Literal::None, Value::Null) => true,
        (Literal::Bool(value), Value::Bool(expected)) => value == expected,
        (Literal::Int(value), Value::Number(expected)) => Some(*value) == expected.as_i64(),
        (Literal::Float(value), Value::Number(expected)) => Some(*value) == expected.as_f64(),
        (Literal::Text(value), Value::String(expected)) => value == expected,
        (Literal::List(values) | Literal::Tuple(values), Value::Array(expected)) => {
            values.len() == expected.len()
                && values.iter().zip(expected).all(|(value, json)| same(value, json))
        }
        _ => false,
    }
}

#[test]
fn literals_are_what_python_printed() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(&fs::read_to_string(golden("literals.json")).unwrap()).unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let value = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        match case["json"].as_str() {
            Some("Infinity") => assert_eq!(value, Literal::Float(f64::INFINITY)),
            Some(json) => assert!(same(&value, &serde_json::from_str(json).unwrap()), "{text}: {value:?}"),
            None => assert!(matches!(value, Literal::Dict(_)), "{text}"),
        }
    }
    assert_eq!(parse("-inf"), Ok(Literal::Float(f64::NEG_INFINITY)));
    assert!(matches!(parse(" nan "), Ok(Literal::Float(value)) if value.is_nan()));
    assert_eq!(parse("(1)"), Ok(Literal::Int(1)));
    assert_eq!(parse("-0.0").unwrap().number().map(f64::to_bits), Some((-0.0_f64).to_bits()));
    assert_eq!(
        parse(
            r"'\x41\101\u00e9\
b'"
        ),
        Ok(Literal::Text("AA\u{e9}b".into()))
    );
}

#[test]
fn expressions_are_refused_with_their_place() {
    for (text, at, words) in [
        ("__import__('os').system('touch owned')", 1, "__import__"),
        ("[(1.0, open('x'))]", 8, "`open(`"),
        ("np.load('x')", 1, "`np.load(`"),
        ("array([1.0, 2.0])", 1, "`array(`"),
        ("[1, 2 + 3]", 7, "`+`"),
        ("[1][0]", 4, "`[`"),
        ("'a'.upper()", 4, "`.`"),
        ("'a' 'b'", 5, "the end"),
        ("[x for x in y]", 2, "`x` is a name"),
        ("lambda: 0", 1, "`lambda`"),
        ("b'bytes'", 1, "without a prefix"),
        ("[1, 2", 6, "ends"),
        ("'open", 1, "does not end"),
        ("[1, 012]", 5, "012"),
        ("0x10", 1, "0x10"),
        ("1e", 1, "1e"),
        ("1__0", 1, "1__0"),
        ("99999999999999999999", 1, "not a number"),
        (r"'\ud83d'", 2, "not a character"),
        ("[1 2]", 4, "a comma"),
        ("{1: 2, 3}", 9, "a colon"),
        ("np.float64('1')", 12, "a number"),
        ("", 1, "ends"),
        ("# 1", 1, "a value"),
        ("S\u{fc}d", 1, "name"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
        assert_eq!(error.at, at, "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(parse(&deep).unwrap_err().to_string().contains("nested"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_part_of_a_literal_is_read_or_refused(text in "[\\[\\](){}',.0-9eE_:+ npfloatinf\\\\-]{0,40}") {
        let _ = parse(&text);
    }
}

#[test]
fn matrices_of_every_kind_hold_the_same_numbers() {
    let mut file = NpyFile::open(&golden("I.npy")).unwrap();
    assert_eq!((file.rows(), file.columns(), file.kind()), (4, 20, NpyType::I64));
    let all = file.integers(0, 100).unwrap();
    assert_eq!((all.len(), &all[..4], all[20]), (80, [0, 7, 14, 21].as_slice(), 1));
    assert_eq!(file.integers(2, 1).unwrap(), all[40..60]);
    assert_eq!(file.integers(4, 1).unwrap(), Vec::<i64>::new());
    for name in ["I_fortran_i4.npy", "I_version2.npy"] {
        let mut other = NpyFile::open(&golden(name)).unwrap();
        assert_eq!(other.integers(0, 4).unwrap(), all, "{name}");
        assert_eq!(other.integers(1, 2).unwrap(), all[20..60], "{name}");
    }
    let mut similarities = NpyFile::open(&golden("D.npy")).unwrap();
    let values = similarities.floats(0, 4).unwrap();
    assert!((values[0] - 3.0).abs() < 1e-6 && (values[21] - 2.89).abs() < 1e-6);
    assert_eq!(NpyFile::open(&golden("D_f8.npy")).unwrap().floats(0, 4).unwrap(), values);
    assert!(similarities.integers(0, 1).unwrap_err().to_string().contains("D.npy, field `descr`"));
}

#[test]
fn an_empty_matrix_of_many_columns_takes_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.npy");
    for shape in ["(0, 4611686018427387904)", "(4611686018427387904, 0)"] {
        let header = format!("{{'descr': '<i8', 'fortran_order': True, 'shape': {shape}}}\n");
        fs::write(&path, npy(&header, 0)).unwrap();
        let mut file = NpyFile::open(&path).unwrap();
        assert_eq!(file.integers(0, 3).unwrap(), Vec::<i64>::new(), "{shape}");
    }
}

fn npy(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn matrices_that_lie_are_refused_by_name_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8]| {
        let path = folder.path().join("lying.npy");
        fs::write(&path, bytes).unwrap();
        let error = NpyFile::open(&path).unwrap_err();
        assert!(error.to_string().contains("lying.npy"), "{error}");
        assert!(error.kind() == ErrorKind::InvalidTable && error.hint().is_some(), "{error}");
        error.to_string()
    };
    let huge = "'shape': (4611686018427387904, 4611686018427387904)";
    for (shape, data, words) in [
        ("'shape': (3, 2)", 47, "`shape`"),
        ("'shape': (3, 2)", 49, "48 bytes, but 49"),
        ("'shape': (2305843009213693952, 1)", 0, "`shape`"),
        (huge, 48, "`shape`"),
        ("'shape': (-3, -2)", 48, "negative"),
        ("'shape': (6,)", 48, "1 dimensions"),
        ("'shape': 6", 48, "a tuple is needed"),
        ("'shape': (3, 2.0)", 48, "a whole number"),
        ("'shape': (3, 2), 'shape': (3, 2)", 48, "twice"),
        ("'shape': (3, 2), 'more': 1", 48, "`more`"),
        ("'more': 1", 48, "`more`"),
        ("'shape': (3, exit())", 48, "`exit(`"),
    ] {
        let text = refused(&npy(&format!("{{'descr': '<i8', 'fortran_order': False, {shape}}}\n"), data));
        assert!(text.contains(words), "{shape}: {text}");
    }
    for (descr, words) in [
        ("'|O'", "Python objects"),
        ("'>i8'", "big-endian"),
        ("'<u2'", "none of"),
        ("[('a', '<i8')]", "records"),
    ] {
        let text =
            refused(&npy(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3, 2)}}\n"), 48));
        assert!(text.contains("`descr`") && text.contains(words), "{descr}: {text}");
    }
    let order = refused(&npy("{'descr': '<i8', 'fortran_order': 1, 'shape': (3, 2)}\n", 48));
    assert!(order.contains("`fortran_order`"), "{order}");
    assert!(refused(&npy("{'descr': '<i8', 'shape': (3, 2)}\n", 48)).contains("missing"));
    let good = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 2)}\n", 48);
    for cut in [0, 5, 7, 9, 30] {
        assert!(refused(&good[..cut]).contains("is not a .npy file"));
    }
    let mut other = good.clone();
    other[6] = 9;
    assert!(refused(&other).contains("version 9"));
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    assert!(refused(&long).contains("4294967295 bytes"));
    for (name, words) in [
        ("I_objects.npy", "Python objects"),
        ("I_big_endian.npy", "big-endian"),
        ("I_flat.npy", "dimensions"),
    ] {
        assert!(NpyFile::open(&golden(name)).unwrap_err().to_string().contains(words));
    }
    assert_eq!(NpyFile::open(Path::new("/nowhere/I.npy")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_benchmark_reads_as_pandas_wrote_it() {
    let rows: Vec<_> = BenchmarkTable::open(&golden("im2gps3k.csv")).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    let first = &rows[0];
    assert_eq!(
        (first.id().0.as_str(), first.photo.author.as_deref()),
        ("0_query_0@N00.jpg", Some("author 0"))
    );
    assert_eq!((first.retrieved.len(), first.generated.len()), (20, 4));
    assert_eq!(first.retrieved[1].location.latitude().to_string(), "-14.77204");
    assert_eq!(first.retrieved[2].texts[0], "The \"Rocks\"");
    assert_eq!(first.retrieved[3].texts[3], "Provence-Alpes-C\u{f4}te d'Azur");
    assert_eq!(first.retrieved[3].place().country.as_deref(), Some("France"));
    assert_eq!(first.retrieved[0].photo.as_deref(), Some("00_ff_3845791320.jpg"));
    assert!(first.generated[0].is_unparsed() && !first.generated[1].is_unparsed());
    assert!(rows[2].generated.is_empty());
    assert_eq!(rows[3].generated[0].location.latitude().to_bits(), 1e-5_f64.to_bits());
    // The lists are those of I.npy and the collection's table.
    let indices = NpyFile::open(&golden("I.npy")).unwrap().integers(0, 4).unwrap();
    let collection = Collection::read(&golden("mp16.csv"), |_| true).unwrap();
    assert_eq!(collection.total(), 30);
    for (row, list) in rows.iter().zip(indices.chunks(20)) {
        for (found, index) in row.retrieved.iter().zip(list) {
            let photo = collection.get(*index as u64).unwrap();
            assert_eq!(found.location, photo.location);
            assert_eq!((found.photo.as_ref(), &found.texts), (Some(&photo.id), &photo.texts));
        }
    }
}

#[test]
fn a_row_that_is_wrong_is_named_and_the_next_is_read() {
    let good = "a.jpg,1,2,\"[(1.0, 2.0)]\",\"[['', '', '', '', '', 'X']]\",['p.jpg'],[]\n";
    let of = |gps: &str, texts: &str, photos: &str, generated: &str| {
        let csv = format!(
            "IMG_ID,LAT,LON,candidate_gps_lis,candidate_text_lis,candidate_img_lis,zs_gps_lis\n\
             b.jpg,1,2,\"{gps}\",\"{texts}\",\"{photos}\",\"{generated}\"\n{good}"
        );
        let mut rows = BenchmarkTable::from_csv("b.csv", std::io::Cursor::new(csv)).unwrap();
        let first = rows.next().unwrap();
        assert_eq!(rows.next().unwrap().unwrap().retrieved.len(), 1);
        assert!(rows.next().is_none());
        first
    };
    for (gps, texts, photos, generated, words) in [
        (
            "[(1.0, 2.0), os.remove('x')]",
            "",
            "",
            "",
            "column candidate_gps_lis: character 14: `os` is a name",
        ),
        ("[(91.0, 2.0)]", "", "", "", "candidate_gps_lis[0]: \"91\" is not a latitude"),
        ("[(nan, 2.0)]", "", "", "", "is not a latitude"),
        ("[(1.0, 2.0, 3.0)]", "", "", "", "entry 0 is a tuple, not a pair of numbers"),
        ("(1.0, 2.0)", "", "", "", "entry 0 is a number"),
        ("7", "", "", "", "a number where a list is needed"),
        ("[(1.0, 2.0)]", "[]", "", "", "column candidate_text_lis: the list has 0 entries instead of 1"),
        ("[(1.0, 2.0)]", "", "['a', 'b']", "", "column candidate_img_lis"),
        ("[(1.0, 2.0)]", "", "[1]", "", "entry 0 is a number, not a string"),
        ("[(1.0, 2.0)]", "[[1]]", "", "", "column candidate_text_lis: entry 0"),
        ("[]", "", "", "[(1, 181)]", "zs_gps_lis[0]: \"181\" is not a longitude"),
    ] {
        let error = of(gps, texts, photos, generated).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("b.csv, line 2, column ") && text.contains(words), "{text}");
        assert_eq!(error.kind(), ErrorKind::InvalidTable);
    }
    let bare = of("[(1.0, 2.0)]", "", "", "None").unwrap();
    assert!(bare.retrieved[0].photo.is_none() && bare.retrieved[0].texts.is_empty());
    let plain = BenchmarkTable::from_csv("t.csv", "IMG_ID,LAT,LON\n".as_bytes()).unwrap_err();
    assert!(plain.to_string().contains("candidate_gps_lis"), "{plain}");
}
