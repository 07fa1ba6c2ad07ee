//! The real binary never writes over what it did not write.

use std::fs;
use std::path::Path;

use crate::binary::{Workplace, georanker, repository, samples};
use predicates::prelude::*;
use predicates::str::contains;

/// What a file held before and holds now.
fn untouched(path: &Path, action: impl FnOnce()) {
    let before = fs::read(path).unwrap();
    action();
    assert!(fs::read(path).unwrap() == before, "{} was overwritten", path.display());
}

#[test]
fn no_output_takes_the_place_of_a_photo() {
    let work = Workplace::new();
    let (one, other) = (work.photo("a.jpg"), work.photo("b.jpg"));
    let absent = work.path("new.JPEG");
    for option in ["--map", "--out"] {
        for output in [&one, &absent] {
            let mut locate = georanker();
            // As a shell writes `locate --map *.jpg`.
            locate.arg("locate").arg(option).arg(output).arg(&other);
            untouched(&other, || {
                locate.assert().code(2).stderr(contains(option).and(contains("a photo's name")));
            });
        }
        untouched(&one, || {
            let mut locate = georanker();
            locate.arg("locate").arg(&one).arg(option).arg(&one);
            locate.assert().code(2).stderr(contains("is also an input"));
        });
    }
    assert!(!absent.exists());
    let mut generate = georanker();
    generate
        .args(["generate", "--api", "http://127.0.0.1:9/v1", "--model", "m", "--out"])
        .arg(&one)
        .arg(&other);
    untouched(&one, || {
        generate.assert().code(2).stderr(contains("a photo's name"));
    });
}

#[test]
fn tables_and_other_files_stay() {
    let work = Workplace::new();
    let truth = work.file("truth.csv", &fs::read(repository().join("samples/truth.csv")).unwrap());
    let predictions = work.file("p.csv", b"IMG_ID,LAT_pred,LON_pred\nx.jpg,1,2\n");
    let notes = work.file("notes.txt", b"weeks of work");
    let evaluate = |out: &Path| {
        let mut command = georanker();
        command.arg("evaluate").arg("--truth").arg(&truth).arg("--predictions").arg(&predictions);
        command.arg("-o").arg(out);
        command
    };
    for (out, part) in [
        (&truth, "--truth name the same file"),
        (&predictions, "is also an input"),
        (&notes, "did not write it"),
    ] {
        untouched(out, || {
            evaluate(out).assert().code(2).stderr(contains(part).and(contains("--force")));
        });
    }
    for option in ["--report", "--outcomes"] {
        untouched(&truth, || {
            let mut build = crate::binary::building(&work.path("g"), &samples(), &truth);
            build.arg(option).arg(&truth).assert().code(2).stderr(contains("--table name the same file"));
        });
    }
    let gallery = work.gallery_of_samples();
    let table = work.file("photos.csv", b"IMG_ID,LAT,LON\nmine.jpg,1,2\n");
    let export = || {
        let mut command = georanker();
        command.args(["gallery", "export"]).arg(&gallery).arg("--out").arg(work.root());
        command
    };
    untouched(&table, || {
        export().assert().code(2).stderr(contains("photos.csv").and(contains("did not write it")));
    });
    assert!(!work.path("photo.npy").exists(), "nothing is written where one file may not be");
    export().arg("--force").assert().code(0);
    // Its own files are replaced without a question.
    export().assert().code(0);
    assert!(fs::read_to_string(&table).unwrap().lines().count() > 2);
}

#[cfg(unix)]
#[test]
fn own_files_are_replaced_and_edited_ones_are_not() {
    use std::os::unix::fs::PermissionsExt;

    let work = Workplace::new();
    let (photo, out) = (work.photo("a.jpg"), work.path("answers.json"));
    let locate = || {
        let mut command = georanker();
        command.args(["locate", "-f", "json", "-q"]).arg(&photo).arg("-o").arg(&out);
        command
    };
    locate().assert().code(0);
    fs::set_permissions(&out, fs::Permissions::from_mode(0o640)).unwrap();
    locate().assert().code(0);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o640);
    fs::write(&out, fs::read_to_string(&out).unwrap() + "\n// checked by hand\n").unwrap();
    untouched(&out, || {
        locate().assert().code(2).stderr(contains("did not write it or it has changed since"));
    });
    locate().arg("--force").assert().code(0);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o640);
    // Nothing is lost where nothing is.
    fs::write(&out, "").unwrap();
    locate().assert().code(0);
}

#[test]
fn a_dash_is_stdout() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    let run = georanker()
        .current_dir(work.root())
        .args(["locate", "-f", "csv", "-q", "-o", "-"])
        .arg(&photo)
        .assert();
    let text = String::from_utf8(run.code(0).get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("IMG_ID,") && text.lines().count() == 2, "{text}");
    assert!(!work.path("-").exists());
}
