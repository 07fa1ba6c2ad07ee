//! The official files through the real binary: I.npy and D.npy, MP16-Pro's CSV, im2gps3k.csv.
#![allow(clippy::float_cmp, reason = "coordinates come through unchanged")]

use std::fs;
use std::path::{Path, PathBuf};

use formats::official::{BenchmarkTable, NpyFile};
use formats::ranking_data::RankingReader;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::binary::{Workplace, georanker, json_lines, repository};

fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden/official").join(name)
}

fn curate(out: &Path, indices: &Path) -> assert_cmd::Command {
    let mut command = georanker();
    command.args(["curate", "build"]).arg(out).arg("--retrieved").arg(indices);
    command.arg("--collection").arg(golden("mp16.csv")).arg("--queries").arg(golden("queries.csv"));
    command
}

#[test]
fn lists_of_another_search_become_a_ranking_dataset() {
    let work = Workplace::new();
    let out = work.path("set.parquet");
    curate(&out, &golden("I.npy"))
        .arg("--distances")
        .arg(golden("D.npy"))
        .args(["--exclude", "none"])
        .assert()
        .code(0)
        .stderr(contains("4 rows with 80 candidates from 4 queries"));
    let rows: Vec<_> = RankingReader::open(&out).unwrap().map(Result::unwrap).collect();
    let similarities = NpyFile::open(&golden("D.npy")).unwrap().floats(0, 4).unwrap();
    let official = BenchmarkTable::open(&golden("im2gps3k.csv")).unwrap().map(Result::unwrap);
    for ((row, official), similarities) in rows.iter().zip(official).zip(similarities.chunks(20)) {
        assert_eq!((&row.img_id, &row.author), (&official.id().0, &official.photo.author));
        for (index, found) in official.retrieved.iter().enumerate() {
            assert_eq!(row.ref_gps[index], [found.location.latitude(), found.location.longitude()]);
            assert_eq!(
                (Some(&row.ref_img_id[index]), &row.ref_texts[index]),
                (found.photo.as_ref(), &found.texts)
            );
            assert!(
                (f64::from(row.ref_similarity.as_ref().unwrap()[index]) - similarities[index]).abs() < 1e-6
            );
        }
    }
    // The same lists in another packing, and without similarities; rules apply.
    let other = work.path("other.parquet");
    curate(&other, &golden("I_fortran_i4.npy"))
        .args(["--top", "5", "--min-distance-m", "1"])
        .assert()
        .code(0);
    let row = RankingReader::open(&other).unwrap().next().unwrap().unwrap();
    assert_eq!(row.ref_img_id, rows[0].ref_img_id[..5]);
    assert!(row.ref_similarity.unwrap()[0].is_nan());
}

#[test]
fn lists_that_do_not_fit_are_refused_by_name() {
    let work = Workplace::new();
    let out = work.path("set.parquet");
    for (name, words) in [
        ("I_big_endian.npy", "big-endian"),
        ("I_objects.npy", "Python objects"),
        ("I_flat.npy", "1 dimensions"),
        ("D.npy", "whole numbers"),
    ] {
        curate(&out, &golden(name)).assert().code(1).stderr(contains(name).and(contains(words)));
    }
    let mut bytes = fs::read(golden("I.npy")).unwrap();
    bytes.truncate(bytes.len() - 8);
    let cut = work.file("cut.npy", &bytes);
    curate(&out, &cut).assert().code(1).stderr(contains("cut.npy, field `shape`").and(contains("640 bytes")));
    let short = work.file("short.csv", b"IMG_ID,LAT,LON\na.jpg,1,2\n");
    georanker()
        .args(["curate", "build"])
        .arg(&out)
        .arg("--retrieved")
        .arg(golden("I.npy"))
        .arg("--collection")
        .arg(&short)
        .arg("--queries")
        .arg(golden("queries.csv"))
        .assert()
        .code(1)
        .stderr(contains("beyond the 1 rows of").and(contains("short.csv")));
    georanker()
        .args(["curate", "build"])
        .arg(&out)
        .arg("--retrieved")
        .arg(golden("I.npy"))
        .arg("--collection")
        .arg(golden("mp16.csv"))
        .arg("--queries")
        .arg(&short)
        .assert()
        .code(1)
        .stderr(contains("I.npy has 4 rows").and(contains("short.csv has 1")));
    curate(&out, &golden("I.npy"))
        .args(["--exclude", "same-author"])
        .assert()
        .code(2)
        .stderr(contains("AUTHOR"));
    georanker()
        .args(["curate", "build", "o", "--retrieved", "I.npy"])
        .assert()
        .code(2)
        .stderr(contains("--collection"));
    assert!(!out.exists());
}

/// Photos of the benchmark and of the collection, each another shade.
fn photos(work: &Workplace) -> (PathBuf, PathBuf) {
    let (queries, candidates) = (work.path("queries"), work.path("collection"));
    let picture = |path: PathBuf, shade: usize| {
        let image = image::RgbImage::from_fn(56, 56, |x, y| {
            image::Rgb([(shade * 37) as u8, x as u8 * 4, y as u8 * 4])
        });
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image.save(path).unwrap();
    };
    for (index, row) in BenchmarkTable::open(&golden("im2gps3k.csv")).unwrap().map(Result::unwrap).enumerate()
    {
        picture(queries.join(&row.id().0), index);
        for found in &row.retrieved {
            let name = found.photo.as_ref().unwrap();
            picture(
                candidates.join(name.replacen('_', "/", 2)),
                name.len() + usize::from(name.as_bytes()[1]),
            );
        }
    }
    (queries, candidates)
}

#[test]
fn a_benchmark_is_scored_as_its_pairs_are_and_its_predictions_evaluate() {
    let work = Workplace::new();
    let (queries, candidates) = photos(&work);
    let tiny = |name: &str| repository().join("tests/golden").join(name);
    let score = || {
        let mut command = georanker();
        command
            .args(["score", "--model"])
            .arg(tiny("tiny-qwen2vl"))
            .arg("--adapter")
            .arg(tiny("tiny-qwen2vl-adapter"));
        command
    };
    let text = fs::read_to_string(golden("im2gps3k.csv")).unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    let benchmark = work.file("im2gps3k.csv", (lines.join("\n") + "\n").as_bytes());
    let (out, predictions) = (work.path("scores.jsonl"), work.path("predictions.csv"));
    let run = |more: &[&str]| {
        let mut command = score();
        command.arg("--benchmark").arg(&benchmark).arg("--photos").arg(&queries);
        command.arg("--candidate-photos").arg(&candidates).arg("--out").arg(&out);
        command
            .arg("--predictions")
            .arg(&predictions)
            .args(["--retrieved", "3", "--generated", "2"])
            .args(more);
        command.assert().code(0)
    };
    run(&[]).stderr(contains("1 generated candidates at (0, 0) left out").and(contains("2 predictions")));
    let mut scored = json_lines(&fs::read(&out).unwrap());
    for row in &mut scored {
        // What the row asked, which only a resumed run looks at.
        let asked = row.as_object_mut().unwrap().remove("asked").unwrap();
        assert_eq!(asked.as_str().unwrap().len(), 16, "{asked}");
    }
    assert_eq!(scored[0]["scores"].as_array().unwrap().len(), 5);
    assert_eq!(scored[1]["scores"].as_array().unwrap().len(), 4);

    let rows = BenchmarkTable::open(&benchmark).unwrap().map(Result::unwrap);
    let pairs: Vec<String> = rows
        .map(|row| {
            let place = |one: &formats::official::RetrievedPhoto| {
                let texts = [1, 3, 5].map(|at: usize| one.texts[at].as_str());
                texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
            };
            let of = |one: &formats::official::RetrievedPhoto| {
                json!({"lat": one.location.latitude(), "lon": one.location.longitude(), "place": place(one)})
            };
            let mut list: Vec<Value> = row.retrieved[..3]
                .iter()
                .map(|one| {
                    let mut value = of(one);
                    let name = one.photo.as_ref().unwrap().replacen('_', "/", 2);
                    value["photo"] = json!(candidates.join(name));
                    value
                })
                .collect();
            let written = row.generated.iter().filter(|one| !one.is_unparsed()).take(2);
            list.extend(written.map(|one| json!({"lat": one.location.latitude(), "lon": one.location.longitude()})));
            let negatives: Vec<Value> = row.retrieved[15..].iter().map(of).collect();
            json!({"id": row.id().0, "query": queries.join(&row.id().0), "negatives": negatives, "candidates": list})
                .to_string()
        })
        .collect();
    let pairs = work.file("pairs.jsonl", pairs.join("\n").as_bytes());
    let by_hand = score().arg("--pairs").arg(&pairs).arg("--quiet").assert().code(0);
    assert_eq!(json_lines(&by_hand.get_output().stdout), scored);

    // Nothing is asked again, and the predictions are written all the same.
    let before = (fs::read(&out).unwrap(), fs::read(&predictions).unwrap());
    run(&["--resume"]).stderr(contains("2 rows have their scores already"));
    assert_eq!((fs::read(&out).unwrap(), fs::read(&predictions).unwrap()), before);
    let evaluated = georanker()
        .args(["evaluate", "--format", "json", "--predictions"])
        .arg(&predictions)
        .arg("--truth")
        .arg(&benchmark)
        .assert()
        .code(0);
    let numbers: Value = serde_json::from_slice(&evaluated.get_output().stdout).unwrap();
    assert_eq!((numbers["n"].as_u64(), numbers["matched"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn a_benchmark_that_would_have_to_be_run_is_refused_and_the_other_rows_are_scored() {
    let work = Workplace::new();
    let (queries, candidates) = photos(&work);
    let text = "IMG_ID,LAT,LON,candidate_gps_lis,zs_gps_lis\n\
                0_query_0@N00.jpg,1,2,\"__import__('os').system('touch owned')\",[]\n\
                1_query_1@N00.jpg,1,2,\"[(1.0, 2.0)]\",\"[(3.0, 4.0)]\"\n\
                2_query_2@N00.jpg,1,2,[],[]\n";
    let benchmark = work.file("evil.csv", text.as_bytes());
    let run = georanker()
        .current_dir(work.root())
        .args(["score", "--model"])
        .arg(repository().join("tests/golden/tiny-qwen2vl"))
        .arg("--adapter")
        .arg(repository().join("tests/golden/tiny-qwen2vl-adapter"))
        .arg("--benchmark")
        .arg(&benchmark)
        .arg("--photos")
        .arg(&queries)
        .arg("--candidate-photos")
        .arg(&candidates)
        .assert()
        .code(1)
        .stderr(
            contains("evil.csv, line 2, column candidate_gps_lis: character 1")
                .and(contains("photo 2_query_2@N00.jpg: the row has no candidates")),
        );
    let rows = json_lines(&run.get_output().stdout);
    assert!(rows[0]["error"].is_object() && rows[2]["error"].is_object());
    assert_eq!(rows[1]["scores"].as_array().unwrap().len(), 2);
    assert!(!work.path("owned").exists());
}
