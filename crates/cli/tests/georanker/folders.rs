//! Ordinary folders: what storage devices, phones and other systems leave in them, and odd names.

use std::fs;
use std::path::Path;

use crate::binary::{Workplace, georanker, json_lines, samples};
use predicates::prelude::*;
use predicates::str::contains;

/// A sample photo at a path.
fn put(work: &Workplace, name: &str) {
    let path = work.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(crate::binary::first_sample(), path).unwrap();
}

fn located(work: &Workplace, arguments: &[&str]) -> Vec<String> {
    let run =
        georanker().current_dir(work.root()).args(["locate", "-f", "csv", "-q"]).args(arguments).assert();
    let text = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn ids_are_paths_below_the_argument() {
    let work = Workplace::new();
    for name in ["photos/a.jpg", "photos/sub/a.jpg", "photos/sub/b.jpg", "more/c.jpg"] {
        put(&work, name);
    }
    assert_eq!(located(&work, &["photos"]), ["a.jpg", "sub/a.jpg", "sub/b.jpg"]);
    assert_eq!(located(&work, &["photos/"]), ["a.jpg", "sub/a.jpg", "sub/b.jpg"]);
    assert_eq!(located(&work, &["photos", "more"]), ["a.jpg", "sub/a.jpg", "sub/b.jpg", "c.jpg"]);
    assert_eq!(located(&work, &["photos/sub", "more/c.jpg", "more/c.jpg"]), ["a.jpg", "b.jpg", "c.jpg"]);
    assert_eq!(located(&work, &["photos/sub", "more", "--ids", "name"]), ["a.jpg", "b.jpg", "c.jpg"]);
    georanker()
        .current_dir(work.root())
        .args(["locate", "photos", "--ids", "name"])
        .assert()
        .code(2)
        .stderr(contains("photos/a.jpg and photos/sub/a.jpg share a file name"));
}

#[test]
fn answers_of_a_folder_can_be_evaluated() {
    let work = Workplace::new();
    let (answers, truth) = (work.path("answers.csv"), samples().join("truth.csv"));
    let mut locate = georanker();
    locate.args(["locate", "-f", "csv", "-q", "-o"]).arg(&answers).arg(samples()).assert().code(0);
    let mut evaluate = georanker();
    evaluate.args(["evaluate", "-f", "json", "--bootstrap", "0", "--truth"]).arg(truth).arg("--predictions");
    let run = evaluate.arg(answers).assert().code(0);
    let report: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(report["n"], report["matched"]);
}

#[test]
fn what_systems_leave_is_not_evidence() {
    let work = Workplace::new();
    for name in ["photos/a.jpg", "photos/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "photos/#recycle/gone.jpg"] {
        put(&work, name);
    }
    fs::write(work.path("photos/._a.jpg"), b"\0\x05\x16\x07 resource fork").unwrap();
    georanker()
        .current_dir(work.root())
        .args(["locate", "photos", "-f", "jsonl"])
        .assert()
        .code(0)
        .stderr(contains("skipped 3 files and folders of the system"))
        .stdout(contains("photos/a.jpg").and(contains("SYNO").not()));
    // What is named is taken.
    assert_eq!(located(&work, &["photos/#recycle", "photos/a.jpg"]), ["gone.jpg", "a.jpg"]);
}

#[cfg(target_os = "linux")]
#[test]
fn odd_names_are_told_apart_and_never_steer_the_terminal() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let work = Workplace::new();
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    let names = [&b"caf\xe8.jpg"[..], b"caf\xe9.jpg", b"esc\x1b[31m.jpg", b"two\nlines.jpg", b"-dash.jpg"];
    for name in names {
        fs::copy(crate::binary::first_sample(), folder.join(OsStr::from_bytes(name))).unwrap();
    }
    fs::write(folder.join(OsStr::from_bytes(b"bad\x1b]0;title\x07.jpg")), b"no photo").unwrap();
    let run = georanker().arg("locate").args(["-f", "jsonl"]).arg(&folder).assert().code(1);
    let output = run.get_output();
    let ids: Vec<String> =
        json_lines(&output.stdout).iter().map(|line| line["photo"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 6);
    assert!(
        ids.iter().any(|id| id.ends_with("caf\\xE8.jpg"))
            && ids.iter().any(|id| id.ends_with("caf\\xE9.jpg"))
    );
    let control = |bytes: &[u8]| bytes.iter().any(|byte| *byte < 0x20 && *byte != b'\n' || *byte == 0x7f);
    assert!(!control(&output.stderr), "{}", String::from_utf8_lossy(&output.stderr));
    let table = georanker().arg("locate").arg(&folder).assert().code(1);
    assert!(!control(&table.get_output().stdout), "the table carries control characters");
    assert!(!control(&table.get_output().stderr));
}

#[test]
fn archives_are_named_for_what_they_are() {
    let work = Workplace::new();
    let table = work.file("t.csv", b"IMG_ID,LAT,LON\na.jpg,1,2\n");
    for (name, bytes, what) in [
        ("photos.tar.gz", &b"\x1f\x8b\x08\0\0\0\0\0"[..], "a gzip-compressed file"),
        ("photos.zip", b"PK\x03\x04\x14\0\0\0", "a ZIP archive"),
    ] {
        let archive = work.file(name, bytes);
        crate::binary::building(&work.path("g"), &archive, &table)
            .assert()
            .code(2)
            .stderr(contains(what).and(contains(name)).and(contains("unpack it")));
    }
}

#[test]
fn a_changed_place_or_file_is_said_and_taken_when_asked() {
    let work = Workplace::new();
    put(&work, "photos/a.jpg");
    put(&work, "photos/b.jpg");
    let gallery = work.path("g");
    let table = |text: &str| work.file("t.csv", format!("IMG_ID,LAT,LON\n{text}").as_bytes());
    let add = |what: &str, table: &Path| {
        let mut command = georanker();
        command
            .args(["gallery", what])
            .arg(&gallery)
            .arg("--photos")
            .arg(work.path("photos"))
            .arg("--table")
            .arg(table);
        command
    };
    let first = table("a.jpg,10,20\nb.jpg,30,40\nb.jpg,31,40\n");
    add("build", &first)
        .assert()
        .code(1)
        .stderr(contains("2 photos added").and(contains("b.jpg: the table gives it twice")));
    let same = table("a.jpg,10,20\nb.jpg,30,40\n");
    add("add", &same).assert().code(0).stderr(contains("0 photos added, 2 there before"));
    let corrected = table("a.jpg,11,20\nb.jpg,30,40\n");
    add("add", &corrected).assert().code(1).stderr(
        contains("a.jpg is in the gallery already: its place is 11")
            .and(contains("110.6 km apart"))
            .and(contains("--update")),
    );
    add("add", &corrected).arg("--update").assert().code(0).stderr(contains("updated         1"));
    add("add", &corrected).assert().code(0);
    // A touched file is the same; one with another content is not.
    let photo = work.path("photos/b.jpg");
    let bytes = fs::read(&photo).unwrap();
    fs::write(&photo, &bytes).unwrap();
    let touched = fs::File::options().append(true).open(&photo).unwrap();
    touched.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(90)).unwrap();
    add("add", &corrected).assert().code(0);
    let other = crate::binary::sample_photos().pop().unwrap();
    fs::copy(other, &photo).unwrap();
    add("add", &corrected)
        .assert()
        .code(1)
        .stderr(contains("b.jpg is in the gallery already: its file has changed"));
    let outcomes = work.path("outcomes.csv");
    add("add", &corrected).arg("--update").arg("--outcomes").arg(&outcomes).assert().code(0);
    assert_eq!(
        fs::read_to_string(outcomes).unwrap(),
        "IMG_ID,outcome,reason\na.jpg,present,\nb.jpg,updated,its file has changed\n"
    );
    georanker().args(["gallery", "verify"]).arg(&gallery).assert().code(0);
}

/// An XMP sidecar that states a place.
fn sidecar(work: &Workplace, name: &str, latitude: &str) {
    let xmp = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:GPSLatitude='{latitude}' \
         exif:GPSLongitude='20,0E'/></rdf:RDF></x:xmpmeta>"
    );
    work.file(name, xmp.as_bytes());
}

#[test]
fn a_corrected_sidecar_is_said_and_an_edited_copy_keeps_its_place() {
    let work = Workplace::new();
    put(&work, "photos/a.jpg");
    sidecar(&work, "photos/a.jpg.xmp", "10,0N");
    let gallery = work.path("g");
    let run = |what: &str| {
        let mut command = georanker();
        command.args(["gallery", what]).arg(&gallery).arg("--photos").arg(work.path("photos"));
        command
    };
    run("build").assert().code(0).stderr(contains("1 photo added"));
    run("add").assert().code(0);
    sidecar(&work, "photos/a.jpg.xmp", "11,0N");
    let later = fs::File::options().append(true).open(work.path("photos/a.jpg.xmp")).unwrap();
    later.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(90)).unwrap();
    run("add").assert().code(1).stderr(contains("a.jpg is in the gallery already: its place is 11"));
    run("add").arg("--update").assert().code(0).stderr(contains("0 photos added, 1 replaced"));
    run("add").assert().code(0);
    // Its sidecar is gone, and so is its metadata: the place is still known.
    fs::remove_file(work.path("photos/a.jpg.xmp")).unwrap();
    let edited = crate::binary::png_of(80, 60, |x, y| [x as u8 * 3, y as u8 * 4, (x * y) as u8]);
    fs::write(work.path("photos/a.jpg"), edited).unwrap();
    run("add")
        .arg("--update")
        .assert()
        .code(0)
        .stderr(contains("its file has changed").and(contains("as in the gallery, is kept")));
    let exported = work.path("out");
    georanker().args(["gallery", "export"]).arg(&gallery).arg("--out").arg(&exported).assert().code(0);
    let exported = fs::read_to_string(exported.join("photos.csv")).unwrap();
    assert!(exported.lines().any(|line| line.starts_with("a.jpg,11,20,")), "{exported}");
}

// Elsewhere the two names are one file.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_may_be_two_photos_is_explained() {
    let work = Workplace::new();
    put(&work, "photos/a.JPG");
    put(&work, "photos/a.Jpg");
    let table = work.file("t.csv", b"IMG_ID,LAT,LON\na.jpg,1,2\n");
    crate::binary::building(&work.path("g"), &work.path("photos"), &table)
        .assert()
        .code(1)
        .stderr(contains("\"a.jpg\" may be \"a.JPG\" or \"a.Jpg\": write the name as one of them"));
}

/// Adds to a gallery by a table, in a workplace with `photos` and the gallery `g`.
fn add_by(work: &Workplace, what: &str, table: &str) -> assert_cmd::Command {
    let table = work.file("t.csv", format!("IMG_ID,LAT,LON,CITY\n{table}").as_bytes());
    let mut command = georanker();
    command.args(["gallery", what]).arg(work.path("g")).arg("--photos").arg(work.path("photos"));
    command.arg("--table").arg(table);
    command
}

#[test]
fn another_spelling_is_the_same_photo() {
    let work = Workplace::new();
    put(&work, "photos/a.JPG");
    put(&work, "photos/Cafe\u{301}.jpg");
    let first = "a.jpg,10,20,\nCaf\u{e9}.jpg,30,40,\n./a.JPG,11,20,\n";
    add_by(&work, "build", first).assert().code(1).stderr(
        contains("2 photos added")
            .and(contains("./a.JPG: the table gives it twice"))
            .and(contains("correct the table")),
    );
    add_by(&work, "add", "a.JPG,12,20,\n")
        .assert()
        .code(1)
        .stderr(contains("a.JPG is in the gallery already: its place is 12").and(contains("0 photos added")));
    let by_folder = |expected: i32| {
        let mut command = georanker();
        command.args(["gallery", "add"]).arg(work.path("g")).arg("--photos").arg(work.path("photos"));
        command.assert().code(expected)
    };
    by_folder(0).stderr(contains("0 photos added, 2 there before"));
    add_by(&work, "add", "a.jpg,10,20,Paris\n").assert().code(1).stderr(contains("its place's name, author"));
    add_by(&work, "add", "a.jpg,10,20,Paris\n")
        .arg("--update")
        .assert()
        .code(0)
        .stderr(contains("1 replaced"));
    add_by(&work, "add", "a.jpg,10,20,Paris\n").assert().code(0);
    // The two files are copies of each other, at different places.
    georanker().args(["gallery", "verify"]).arg(work.path("g")).assert().code(1).stdout(contains(
        "1 photo is a copy of an earlier one, at another place: `a.jpg` of `Caf\u{e9}.jpg`",
    ));
}

#[test]
fn a_gallery_beside_its_photos_finds_them() {
    let work = Workplace::new();
    put(&work, "a.jpg");
    let table = work.file("t.csv", b"IMG_ID,LAT,LON\na.jpg,1,2\n");
    let run = |arguments: &[&str]| {
        let mut command = georanker();
        command.current_dir(work.root()).args(arguments);
        command
    };
    run(&["gallery", "build", "g", "--photos", ".", "--table"]).arg(table).assert().code(0);
    run(&["gallery", "verify", "g"]).assert().code(0);
    run(&["gallery", "info", "g"]).assert().code(0).stdout(contains("not there").not());
}

#[test]
fn what_is_no_photo_is_named_for_what_it_is() {
    let work = Workplace::new();
    fs::create_dir(work.path("photos")).unwrap();
    work.file("photos/empty.jpg", b"");
    work.file("photos/zeros.jpg", &[0; 2000]);
    work.file("photos/text.jpg", b"a text, and no photo");
    let mut build = georanker();
    build.args(["gallery", "build"]).arg(work.path("g")).arg("--photos").arg(work.path("photos"));
    build.assert().code(1).stderr(
        contains("the file is empty")
            .and(contains("filled with zeros"))
            .and(contains("not a photo in a known format")),
    );
    let photo = work.file("one.jpg", &fs::read(crate::binary::first_sample()).unwrap());
    let mut one = georanker();
    one.args(["gallery", "build"]).arg(work.path("h")).arg("--photos").arg(&photo);
    one.assert().code(2).stderr(contains("is a JPEG photo").and(contains("give the folder that holds it")));
    let tar = work.file("photos.tar", &[0; 1024]);
    let mut sidecars = georanker();
    sidecars.args(["gallery", "build", "--sidecars"]).arg(work.path("h")).arg("--photos").arg(&tar);
    sidecars.assert().code(2).stderr(contains("sidecars are read beside the photos of a folder"));
}
