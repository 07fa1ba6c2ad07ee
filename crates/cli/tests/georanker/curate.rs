//! `georanker curate` through the real binary, on the starter pack's gallery and on bad input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::binary::{Workplace, first_sample, georanker, repository, sample_photos, samples};
use predicates::prelude::*;
use predicates::str::contains;

fn starter() -> PathBuf {
    repository().join("packs/starter/gallery")
}

fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden/ranking-data").join(name)
}

fn build(out: &Path, gallery: &Path) -> assert_cmd::Command {
    let mut command = georanker();
    command.args(["curate", "build"]).arg(out).arg("--gallery").arg(gallery);
    command
}

fn stats(dataset: &Path) -> serde_json::Value {
    let run = georanker().args(["curate", "stats", "--json"]).arg(dataset).assert().code(0);
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

/// A gallery of the sample photos; all at one place if so wanted.
fn gallery_of_samples(work: &Workplace, at_one_place: bool) -> PathBuf {
    let gallery = work.path("gallery");
    let truth = fs::read_to_string(repository().join("samples/truth.csv")).unwrap();
    let table = if at_one_place {
        let names = truth.lines().skip(1).filter_map(|line| line.split(',').next());
        names.fold("IMG_ID,LAT,LON\n".to_owned(), |table, name| table + name + ",10.5,20.25\n")
    } else {
        truth
    };
    let table = work.file("gallery.csv", table.as_bytes());
    let mut command = georanker();
    command.args(["gallery", "build"]).arg(&gallery).arg("--photos").arg(samples()).arg("--table").arg(table);
    command.assert().code(0);
    gallery
}

#[test]
fn a_dataset_from_the_starter_gallery_and_its_figures() {
    let work = Workplace::new();
    let out = work.path("train.parquet");
    let rules = ["--exclude", "self,near-duplicate,same-author", "--min-distance-m", "50"];
    let more = ["--per-cell", "5", "--cell-km", "25", "--min-far", "3", "--sample", "0.3", "--seed", "1"];
    build(&out, &starter()).args(rules).args(more).assert().code(0).stderr(contains("rows with"));
    let numbers = stats(&out);
    let queries = numbers["queries"].as_u64().unwrap();
    let info = georanker().args(["gallery", "info", "--json"]).arg(starter()).assert().code(0);
    let info: serde_json::Value = serde_json::from_slice(&info.get_output().stdout).unwrap();
    // Three tenths of the photos, less those that have too few candidates.
    let share = queries as f64 / info["photos"].as_f64().unwrap();
    assert!((0.2..0.35).contains(&share), "{queries}, {share}");
    assert_eq!(numbers["candidates_per_query"], serde_json::json!([20.0, 20.0, 20.0]));
    assert_eq!((numbers["with_itself"].as_u64(), numbers["one_place"].as_u64()), (Some(0), Some(0)));

    let figures = work.path("figures");
    georanker()
        .args(["curate", "stats", "--out"])
        .arg(&figures)
        .arg(&out)
        .assert()
        .code(0)
        .stdout(contains("best candidate").and(contains("25-200 km")))
        .stderr(contains("map.svg"));
    for name in ["distances.svg", "positions.svg", "map.svg"] {
        let text = fs::read_to_string(figures.join(name)).unwrap();
        let tree = roxmltree::Document::parse(&text).unwrap();
        assert!(tree.descendants().filter(roxmltree::Node::is_element).count() > 30, "{name}");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{name}");
    }
    let again = fs::read(&out).unwrap();
    build(&out, &starter()).assert().code(2).stderr(contains("is there already").and(contains("--force")));
    build(&out, &starter()).arg("--resume").assert().code(0).stderr(contains("complete"));
    build(&out, &starter()).args(rules).args(more).arg("--force").assert().code(0);
    assert_eq!(fs::read(&out).unwrap(), again, "the same options give the same bytes");
}

#[test]
fn killed_and_resumed_gives_the_same_bytes() {
    let work = Workplace::new();
    let (whole, cut) = (work.path("whole.parquet"), work.path("cut.parquet"));
    build(&whole, &starter()).assert().code(0);
    for signal in ["-KILL", "-INT", "-KILL"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_georanker"));
        command.args(["curate", "build", "--resume"]).arg(&cut).arg("--gallery").arg(starter());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let parts = work.path("cut.parquet.parts");
        let count = || fs::read_dir(&parts).map_or(0, Iterator::count);
        let before = count();
        while count() <= before.max(2) && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(1));
        }
        Command::new("kill").arg(signal).arg(child.id().to_string()).stderr(Stdio::null()).status().unwrap();
        let status = child.wait().unwrap();
        // It may have been done before the signal came.
        assert!(signal == "-KILL" || matches!(status.code(), Some(0 | 4)), "{status}");
    }
    build(&cut, &starter()).arg("--resume").assert().code(0);
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&cut).unwrap());
    assert!(!work.path("cut.parquet.parts").exists());
}

#[test]
fn queries_from_a_table_and_photos_from_a_tar() {
    let work = Workplace::new();
    let gallery = gallery_of_samples(&work, false);
    // A tar in MP16's naming, with one photo that the gallery does not have.
    let folder = work.path("mp16/images/ab/cd");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(first_sample(), folder.join("123456_abcd.jpg")).unwrap();
    let tar = work.path("mp16.tar");
    let made = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(work.root()).arg("mp16").status();
    assert!(made.unwrap().success());
    let table = work.file(
        "MP16_Pro.csv",
        b"IMG_ID,LAT,LON,neighbourhood,city,county,state,region,country\n\
          ab_cd_123456_abcd.jpg,-33.9,151.2,,Sydney,,New South Wales,,Australia\n\
          ab_cd_999_ffff.jpg,1,2,,,,,,\n\
          no_place.jpg,,,,,,,,\n\
          temples.jpg,35,135,,,,,,\n",
    );
    let out = work.path("set.parquet");
    let run = |out: &Path, photos: bool| {
        let mut command = build(out, &gallery);
        command.args(["--top", "3", "--exclude", "self", "--queries"]).arg(&table);
        if photos {
            command.arg("--photos").arg(&tar);
        }
        command.assert().code(1)
    };
    let failed = run(&out, true);
    let said = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    assert!(said.contains("no photo `ab_cd_999_ffff.jpg` in") && said.contains("mp16.tar"), "{said}");
    assert!(said.contains("MP16_Pro.csv, line 4, column LAT: must not be empty"), "{said}");
    assert!(said.contains("2 rows with 6 candidates from 4 queries"), "{said}");
    assert!(work.path("mp16.tar.index").is_file());
    assert_eq!(stats(&out)["queries"], 2);
    // Without the photos only the gallery's own have vectors.
    run(&work.path("other.parquet"), false)
        .stderr(contains("ab_cd_123456_abcd.jpg: the photo is not in the gallery").and(contains("--photos")));
}

#[test]
fn authors_are_left_out_only_where_they_are_known() {
    let work = Workplace::new();
    let gallery = gallery_of_samples(&work, false);
    let copies = work.path("copies");
    fs::create_dir_all(&copies).unwrap();
    fs::copy(first_sample(), copies.join("one.jpg")).unwrap();
    fs::copy(first_sample(), copies.join("two.jpg")).unwrap();
    let run = |name: &str, table: &[u8]| {
        let table = work.file(&format!("{name}.csv"), table);
        let mut command = build(&work.path(&format!("{name}.parquet")), &gallery);
        command.args(["--top", "3", "--exclude", "self,same-author", "--queries"]).arg(table);
        command.arg("--photos").arg(&copies).assert()
    };
    run("none", b"IMG_ID,LAT,LON\none.jpg,1,2\n")
        .code(2)
        .stderr(contains("none.csv says of no photo who took it").and(contains("AUTHOR")));
    run("some", b"IMG_ID,LAT,LON,AUTHOR\none.jpg,1,2,ann\ntwo.jpg,1,2,\n")
        .code(0)
        .stderr(contains("1 queries without an author"));
    // The folder brings no authors either, and a gallery without any leaves nothing to leave out.
    build(&work.path("folder.parquet"), &gallery)
        .args(["--exclude", "self,same-author", "--photos"])
        .arg(&copies)
        .assert()
        .code(2)
        .stderr(contains("copies says of no photo"));
    let work = Workplace::new();
    let gallery = gallery_of_samples(&work, true);
    build(&work.path("set.parquet"), &gallery)
        .args(["--exclude", "self,same-author"])
        .assert()
        .code(2)
        .stderr(contains("the gallery").and(contains("says of no photo")));
}

#[test]
fn candidates_at_one_place_are_said() {
    let work = Workplace::new();
    let gallery = gallery_of_samples(&work, true);
    let (out, count) = (work.path("set.parquet"), sample_photos().len());
    build(&out, &gallery)
        .assert()
        .code(0)
        .stderr(contains(format!("{count} rows whose candidates are all at one place")));
    assert_eq!(stats(&out)["one_place"], count);
    build(&work.path("none.parquet"), &gallery).args(["--per-cell", "1"]).assert().code(1).stderr(
        contains(format!("none of the {count} queries has 2 candidates")).and(contains("relax the rules")),
    );
    assert!(!work.path("none.parquet").exists() && !work.path("none.parquet.parts").exists());
}

#[test]
fn official_files_are_described_and_wrong_ones_named() {
    for name in ["pyarrow.parquet", "datasets.parquet"] {
        let numbers = stats(&golden(name));
        assert_eq!((numbers["queries"].as_u64(), numbers["candidates"].as_u64()), (Some(3), Some(5)));
    }
    let run = |name: &str| georanker().args(["curate", "stats"]).arg(golden(name)).assert();
    run("without_gps.parquet")
        .code(1)
        .stderr(contains("has no column gps").and(contains("without_gps.parquet")));
    run("wrong_rows.parquet").code(1).stdout(contains("queries                1")).stderr(
        contains("row 2, column gps: \"91\" is not a latitude")
            .and(contains("row 3, column ref_img_id: the list has 1 entries instead of 3"))
            .and(contains("row 4, column gps: must not be empty")),
    );
    let work = Workplace::new();
    let text = work.file("text.parquet", b"this is not a parquet file");
    georanker()
        .args(["curate", "stats"])
        .arg(text)
        .assert()
        .code(1)
        .stderr(contains("text.parquet is not a readable Parquet file"));
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let work = Workplace::new();
    let file = work.file("file", b"");
    for out in [work.path("no/folder/set.parquet"), file.join("set.parquet")] {
        build(&out, &starter()).assert().code(5).stderr(contains("cannot write").and(contains("hint")));
    }
    build(work.root(), &starter()).assert().code(2);
    georanker()
        .args(["curate", "stats", "--out"])
        .arg(file.join("figures"))
        .arg(golden("pyarrow.parquet"))
        .assert()
        .code(5)
        .stderr(contains("cannot write"));
    build(&work.path("set.parquet"), &work.path("nowhere")).assert().code(3);
    for options in [["--top", "0"], ["--exclude", "everything"], ["--sample", "2"], ["--where", "a=b"]] {
        build(&work.path("set.parquet"), &starter()).args(options).assert().code(2);
    }
}

#[test]
fn what_was_guessed_of_a_table_is_said() {
    let work = Workplace::new();
    let gallery = gallery_of_samples(&work, false);
    let truth = fs::read_to_string(repository().join("samples/truth.csv")).unwrap();
    let names: Vec<&str> = truth.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let rows = names.iter().fold(b"IMG_ID,LAT,LON,CITY\n".to_vec(), |mut table, name| {
        table.extend_from_slice(format!("{name},10,20,Orl").as_bytes());
        table.extend_from_slice(b"\xe9ans\n");
        table
    });
    let table = work.file("queries.csv", &rows);
    build(&work.path("out.parquet"), &gallery)
        .arg("--queries")
        .arg(table)
        .assert()
        .code(0)
        .stderr(contains("note: ").and(contains("was read as Windows-1252")));
}
