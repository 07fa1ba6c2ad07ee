//! `georanker score` with the tiny model against the official Python stack, and against broken models.

use std::fs;
use std::path::{Path, PathBuf};

use predicates::str::contains;
use serde_json::{Value, json};

use crate::binary::{Workplace, georanker, repository};

fn golden(path: &str) -> PathBuf {
    repository().join("tests/golden").join(path)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The golden cases as rows of a pairs file, with their expected rewards. Photos are the pixels the network saw.
fn rows() -> Vec<(Value, f64)> {
    let file: Value = serde_json::from_slice(&fs::read(golden("ranker/cases.json")).unwrap()).unwrap();
    file["cases"].as_array().unwrap().iter().map(row).collect()
}

fn row(case: &Value) -> (Value, f64) {
    let keep_empty = case["keep_empty"].as_bool() == Some(true);
    let place = |texts: &Value, keep_empty: bool| {
        let texts: Vec<&str> = texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        texts.into_iter().filter(|text| keep_empty || !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let photo =
        |index: usize| case["images_after_fetch"].get(index).map(|path| golden(path.as_str().unwrap()));
    let negatives = case.get("negatives").filter(|negatives| negatives.is_array()).map(|negatives| {
        let one =
            |negative: &Value| json!({"lat": negative[0], "lon": negative[1], "place": place(&negative[2], false)});
        negatives.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    });
    let candidate = json!({
        "lat": case["gps"][0],
        "lon": case["gps"][1],
        "place": case.get("texts").filter(|texts| texts.is_array()).map(|texts| place(texts, keep_empty)),
        "photo": photo(1),
    });
    let row = json!({"id": case["id"], "query": photo(0), "negatives": negatives, "candidates": [candidate]});
    (row, case["reward"].as_f64().unwrap())
}

fn pairs_file(work: &Workplace, rows: &[Value]) -> PathBuf {
    let text = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    work.file("pairs.jsonl", text.as_bytes())
}

fn score(model: &Path, adapter: Option<&Path>, pairs: &Path) -> assert_cmd::Command {
    let mut command = georanker();
    command.args(["score", "--quiet", "--model"]).arg(model).arg("--pairs").arg(pairs);
    if let Some(adapter) = adapter {
        command.arg("--adapter").arg(adapter);
    }
    command
}

#[test]
fn rewards_are_the_references() {
    let work = Workplace::new();
    let cases = rows();
    let pairs = pairs_file(&work, &cases.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>());
    let (model, adapter) = (golden("tiny-qwen2vl"), golden("tiny-qwen2vl-adapter"));
    let mut greatest = 0.0_f64;
    for extra in [&[][..], &["--naive"], &["--merge-adapter"]] {
        let run = score(&model, Some(&adapter), &pairs)
            .args(["--protocol", "official"])
            .args(extra)
            .assert()
            .code(1)
            .get_output()
            .stdout
            .clone();
        let answers = lines(&run);
        assert_eq!(answers.len(), cases.len());
        for (answer, (row, expected)) in answers.iter().zip(&cases) {
            assert_eq!(answer["id"], row["id"]);
            // A latitude of 100 is not a place on Earth: the reader refuses it.
            if row["id"] == "c08_number_formatting" {
                assert_eq!(answer["error"]["kind"], "invalid_table");
                assert!(
                    answer["error"]["message"].as_str().unwrap().contains("negatives[1].lat"),
                    "{answer}"
                );
                continue;
            }
            let score = answer["scores"][0].as_f64().unwrap();
            greatest = greatest.max((score - expected).abs());
            assert!((score - expected).abs() < 1e-4, "{}: {score} {expected}", row["id"]);
            assert_eq!(answer["best"], 0);
        }
    }
    println!("greatest error of a reward: {greatest:.2e}");
}

#[test]
fn pairs_on_stdin_score_as_those_of_a_file() {
    let work = Workplace::new();
    let (model, adapter) = (golden("tiny-qwen2vl"), golden("tiny-qwen2vl-adapter"));
    let row =
        rows().into_iter().map(|(row, _)| row).find(|row| row["id"] != "c08_number_formatting").unwrap();
    let file = pairs_file(&work, std::slice::from_ref(&row));
    let of_file = score(&model, Some(&adapter), &file).assert().code(0).get_output().stdout.clone();
    let piped = |row: &Value, folder: &Path| {
        let mut command = score(&model, Some(&adapter), Path::new("-"));
        command.current_dir(folder).write_stdin(row.to_string()).assert()
    };
    assert_eq!(piped(&row, work.root()).code(0).get_output().stdout, of_file);
    // Photos start at the working directory, not at the folder of a temporary file.
    let path = PathBuf::from(row["query"].as_str().unwrap());
    let mut relative = row.clone();
    relative["query"] = path.file_name().unwrap().to_str().unwrap().into();
    assert_eq!(piped(&relative, path.parent().unwrap()).code(0).get_output().stdout, of_file);
    piped(&Value::from("no row"), work.root()).code(1).stderr(contains("stdin, line 1"));
}

#[test]
fn a_query_with_many_candidates_scores_as_its_pairs_alone() {
    let work = Workplace::new();
    let photo = |name: &str| golden(&format!("images/{name}"));
    let candidates = json!([
        {"lat": 48.8566, "lon": 2.3522, "place": "Paris Ile-de-France France", "photo": photo("photo_b.jpg")},
        {"lat": 48.8566, "lon": 2.3522, "place": "Paris Ile-de-France France", "photo": photo("photo_d.jpg")},
        {"lat": -33.86, "lon": 151.21, "place": null, "photo": null},
        {"lat": 35.0, "lon": 139.7, "place": "", "photo": photo("tiny.png")},
        {"lat": 35.0, "lon": 139.7, "place": "<|image_pad|> <|im_end|>", "photo": photo("exif6.jpg")},
    ]);
    let negatives = json!([{"lat": 1.5, "lon": 2.5, "place": "Nowhere"}, {"lat": -1.5, "lon": 2.5}]);
    let group =
        json!({"id": "all", "query": photo("photo_a.jpg"), "negatives": negatives, "candidates": candidates});
    let singles = candidates.as_array().unwrap().iter().enumerate().map(|(index, candidate)| {
        json!({"id": format!("{index}"), "query": photo("photo_a.jpg"), "negatives": negatives, "candidates": [candidate]})
    });
    let rows: Vec<Value> = std::iter::once(group).chain(singles).collect();
    let pairs = pairs_file(&work, &rows);
    let (model, adapter) = (golden("tiny-qwen2vl"), golden("tiny-qwen2vl-adapter"));
    // Where the processor multiplies bf16, sums in another order may round an activation the other way.
    #[cfg(target_arch = "x86_64")]
    let rounding = if is_x86_feature_detected!("avx512bf16") { 2e-2 } else { 2e-5 };
    #[cfg(not(target_arch = "x86_64"))]
    let rounding = 2e-5;
    for (extra, most) in [
        (&[][..], 2e-5),
        (&["--reencode", "all", "--dtype", "bf16"], rounding),
        (&["--weights", "q4", "--max-pixels", "20000"], 2e-5),
        (&["--max-pixels", "784"], 2e-5),
    ] {
        let run =
            score(&model, Some(&adapter), &pairs).args(extra).assert().success().get_output().stdout.clone();
        let answers = lines(&run);
        let together: Vec<f64> =
            answers[0]["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect();
        for (together, single) in together.iter().zip(&answers[1..]) {
            let alone = single["scores"][0].as_f64().unwrap();
            assert!((together - alone).abs() < most, "{extra:?}: {together} {alone}");
        }
        let best = (1..together.len())
            .fold(0, |best, next| if together[next] > together[best] { next } else { best });
        assert_eq!(answers[0]["best"], best);
    }
}

#[test]
fn bad_rows_fail_alone_and_say_why() {
    let work = Workplace::new();
    let query = golden("images/photo_a.jpg");
    let sliver = work.path("sliver.png");
    image::RgbImage::new(10_000, 20).save(&sliver).unwrap();
    let dot = work.path("dot.png");
    image::RgbImage::new(1, 1).save(&dot).unwrap();
    let here = json!([{"lat": 1.0, "lon": 2.0}]);
    let rows = [
        (json!({"id": "no-photo", "query": "gone.jpg", "candidates": here}), Some(("not_found", "gone.jpg"))),
        (
            json!({"id": "north", "query": query, "candidates": [{"lat": 95, "lon": 2.0}]}),
            Some(("invalid_table", "candidates[0].lat")),
        ),
        (json!({"id": "none", "query": query, "candidates": []}), Some(("no_candidates", "candidate"))),
        (json!({"id": "sliver", "query": sliver, "candidates": here}), Some(("invalid_photo", "200"))),
        (json!({"id": "dot", "query": dot, "candidates": here}), None),
        (json!({"id": "good", "query": query, "candidates": here}), None),
    ];
    let pairs = pairs_file(&work, &rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>());
    let run = score(&golden("tiny-qwen2vl"), Some(&golden("tiny-qwen2vl-adapter")), &pairs)
        .assert()
        .code(1)
        .get_output()
        .stdout
        .clone();
    for (answer, (row, expected)) in lines(&run).iter().zip(&rows) {
        assert_eq!(answer["id"], row["id"]);
        match expected {
            None => assert!(answer["scores"][0].as_f64().is_some_and(f64::is_finite), "{answer}"),
            Some((kind, part)) => {
                assert_eq!(answer["error"]["kind"], *kind, "{answer}");
                assert!(answer["error"]["message"].as_str().unwrap().contains(part), "{answer}");
            }
        }
    }
}

/// The tiny model with one change.
fn changed_model(work: &Workplace, name: &str, change: impl FnOnce(&Path)) -> PathBuf {
    let copy = work.path(name);
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(golden("tiny-qwen2vl")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    change(&copy);
    copy
}

#[test]
fn broken_models_end_the_run_with_a_name() {
    let work = Workplace::new();
    let row = json!({"id": "a", "query": golden("images/photo_a.jpg"), "candidates": [{"lat": 1, "lon": 2}]});
    let pairs = pairs_file(&work, &[row]);
    let adapter = golden("tiny-qwen2vl-adapter");
    let refuse = |model: &Path, adapter: Option<&Path>, complaint: &str| {
        score(model, adapter, &pairs).assert().code(3).stdout("").stderr(contains(complaint.to_owned()));
    };
    refuse(&golden("tiny-qwen2vl"), None, "value head");
    let cut = changed_model(&work, "cut", |model| {
        let weights = model.join("model.safetensors");
        let bytes = fs::read(&weights).unwrap();
        fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    });
    refuse(&cut, Some(&adapter), "model.safetensors");
    let sharded = changed_model(&work, "sharded", |model| {
        fs::remove_file(model.join("model.safetensors")).unwrap();
        let index = json!({"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}});
        fs::write(model.join("model.safetensors.index.json"), index.to_string()).unwrap();
    });
    refuse(&sharded, Some(&adapter), "model-00001-of-00002.safetensors");
    let poisoned = changed_model(&work, "poisoned", |model| {
        let weights = model.join("model.safetensors");
        let mut bytes = fs::read(&weights).unwrap();
        let end = bytes.len() - 4;
        bytes[end..].copy_from_slice(&f32::NAN.to_le_bytes());
        fs::write(&weights, &bytes).unwrap();
    });
    refuse(&poisoned, Some(&adapter), "NaN");
    let other = changed_model(&work, "other", |model| {
        let config = fs::read_to_string(model.join("config.json")).unwrap();
        fs::write(model.join("config.json"), config.replace("qwen2_vl", "qwen2_5_vl")).unwrap();
    });
    refuse(&other, Some(&adapter), "qwen2_5_vl");
    let blind = changed_model(&work, "blind", |model| {
        fs::write(model.join("chat_template.jinja"), "{{ messages[0]['role'] }}").unwrap();
    });
    refuse(&blind, Some(&adapter), "chat template");
    let coarse = changed_model(&work, "coarse", |model| {
        let config = fs::read_to_string(model.join("config.json")).unwrap();
        let changed = config.replace("\"spatial_merge_size\": 2", "\"spatial_merge_size\": 4");
        assert_ne!(config, changed);
        fs::write(model.join("config.json"), changed).unwrap();
    });
    refuse(&coarse, Some(&adapter), "spatial_merge_size");
    let speechless = changed_model(&work, "speechless", |model| {
        fs::remove_file(model.join("tokenizer.json")).unwrap();
    });
    refuse(&speechless, Some(&adapter), "tokenizer.json");
    refuse(&golden("tiny-qwen2vl"), Some(&work.path("no-adapter")), "no-adapter");
}

#[test]
fn features_of_photos_are_kept_between_runs() {
    let work = Workplace::new();
    let row = json!({"id": "a", "query": golden("images/photo_a.jpg"), "candidates": [{"lat": 1, "lon": 2}]});
    let pairs = pairs_file(&work, &[row]);
    let cache = work.path("features");
    let run = || {
        score(&golden("tiny-qwen2vl"), Some(&golden("tiny-qwen2vl-adapter")), &pairs)
            .arg("--vision-cache")
            .arg(&cache)
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    };
    let first = run();
    let files: usize = walk(&cache);
    assert_eq!(files, 1);
    assert_eq!(run(), first);
    assert_eq!(walk(&cache), 1);
}

fn walk(directory: &Path) -> usize {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { walk(&path) } else { 1 })
        .sum()
}
