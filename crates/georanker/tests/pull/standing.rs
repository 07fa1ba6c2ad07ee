//! What stands in a pack's directory already.

use std::fs;
use std::path::Path;

use contract::{Diagnose, ErrorKind};
use georanker::pull::{NoWatch, PackKind, Part, PullError, PulledPack, Recipe, Source, recipes};
use georanker::{Pack, pack::Manifest};

use crate::fake_hub::{Repository, git_blob, noise};
use crate::place::{Place, recipe};

fn hub_part(name: &str, repository: &str, required: &[&str]) -> Part {
    let required = required.iter().map(|&name| name.to_owned()).collect();
    let source = Source::Hub {
        repository: repository.into(),
        revision: "main".into(),
        required,
        optional: Vec::new(),
    };
    Part { name: name.into(), source, licence: "MIT".into() }
}

fn g3() -> Recipe {
    let parts = vec![
        hub_part("weights", "org/g3", &["*.pth"]),
        hub_part("clip", "org/clip", &["config.json", "preprocessor_config.json"]),
    ];
    Recipe { name: "g3".into(), kind: PackKind::G3, summary: "A test.".into(), parts }
}

/// A hub with a G3 of two checkpoints.
fn with_g3() -> Place {
    let place = Place::new();
    let weights = Repository::new('a').large("g3.pth", &noise(10)).large("other.pth", &noise(20));
    place.hub.add("org/g3", weights);
    let clip = Repository::new('b').small("config.json", b"{}").small("preprocessor_config.json", b"{}");
    place.hub.add("org/clip", clip);
    place
}

fn manifest(directory: &Path) -> Manifest {
    toml::from_str(&fs::read_to_string(directory.join("pack.toml")).unwrap()).unwrap()
}

fn edit(directory: &Path, from: &str, to: &str) {
    let file = directory.join("pack.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn pulling_again_keeps_settings_and_files_of_ones_own() {
    let place = with_g3();
    let pull = || place.puller().pull(&g3(), &NoWatch).unwrap();
    let pack = pull();
    let directory = pack.directory.as_path();
    let first = manifest(directory);
    // Another of the checkpoints, a ranker of one's own, another number of candidates.
    edit(directory, "\"weights/g3.pth\"", "\"weights/other.pth\"");
    edit(directory, "top = 20", "top = 7");
    let own = "\n[[files]]\npath = \"ranker/weights.safetensors\"\nbytes = 3\nsha256 = \"00\"\nlicence = \"mine\"\n";
    let text = fs::read_to_string(directory.join("pack.toml")).unwrap();
    fs::write(directory.join("pack.toml"), text + own).unwrap();
    pull();
    let kept = manifest(directory);
    assert_eq!((kept.encoder.weights.as_str(), kept.fused.unwrap().top), ("weights/other.pth", 7));
    let listed = |path: &str| kept.files.iter().find(|file| file.path == path).cloned();
    assert_eq!(listed("weights/other.pth").unwrap().bytes, 20);
    assert_eq!(listed("ranker/weights.safetensors").unwrap().licence, "mine");
    assert_eq!(
        listed("clip/config.json"),
        first.files.iter().find(|file| file.path == "clip/config.json").cloned()
    );
    let once = fs::read_to_string(directory.join("pack.toml")).unwrap();
    pull();
    assert_eq!(fs::read_to_string(directory.join("pack.toml")).unwrap(), once, "nothing changes by pulling");
    assert!(Pack::open(directory).is_ok());

    // A new commit has neither that checkpoint nor that name.
    place.hub.add("org/g3", Repository::new('c').large("new.pth", &noise(30)));
    pull();
    let now = manifest(directory);
    assert_eq!((now.encoder.weights.as_str(), now.version.as_str()), ("weights/new.pth", "cccccccccccc"));
    let paths: Vec<&str> = now.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.contains(&"weights/new.pth") && paths.contains(&"ranker/weights.safetensors"), "{paths:?}");
    assert!(!paths.contains(&"weights/other.pth") && !paths.contains(&"weights/g3.pth"), "{paths:?}");
}

#[test]
fn a_pack_toml_that_cannot_be_read_is_named_before_anything_is_fetched() {
    let place = with_g3();
    let pack = place.puller().pull(&g3(), &NoWatch).unwrap();
    edit(&pack.directory, "top = 20", "top = twenty");
    place.hub.requests();
    let error = place.puller().pull(&g3(), &NoWatch).unwrap_err();
    assert!(matches!(error, PullError::Manifest { .. }), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("mend ") && hint.contains("pack.toml, or remove it"), "{hint}");
    assert!(place.hub.requests().is_empty());
    fs::remove_file(pack.directory.join("pack.toml")).unwrap();
    place.puller().pull(&g3(), &NoWatch).unwrap();
}

#[test]
fn packs_of_one_name_do_not_take_each_others_directory() {
    let place = Place::new();
    let model = || Repository::new('a').small("config.json", b"{}").large("m.safetensors", &noise(9));
    for name in ["one/same", "two/same", "two/g3"] {
        place.hub.add(name, model());
    }
    let pull = |name: &str| place.puller().pull(&recipes::named(name).unwrap(), &NoWatch);
    let first = pull("one/same").unwrap();
    place.hub.requests();
    let error = pull("two/same").unwrap_err();
    assert!(matches!(error, PullError::Taken { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().ends_with("/one/same"), "{error}");
    assert!(error.hint().unwrap().contains("`into`"), "{:?}", error.hint());
    assert!(place.hub.requests().is_empty(), "nothing is fetched first");
    assert_eq!(PulledPack::open(&first.directory).unwrap(), first);
    // Another revision of the same repository is the same pack.
    assert!(pull("one/same@v2").is_ok());
    // A name of ours.
    pull("two/g3").unwrap();
    let error = pull("g3").unwrap_err();
    assert!(error.to_string().contains("holds another pack: checkpoint of"), "{error}");
}

#[test]
fn what_is_not_the_pulls_own_is_not_removed() {
    let place = Place::new();
    let commit = "d".repeat(40);
    let mut pack = recipe();
    pack.parts.push(Part {
        name: "adapter".into(),
        source: Source::GitHub {
            repository: "who/what".into(),
            commit: commit.clone(),
            files: vec![("adapter.bin".into(), git_blob(&noise(50)))],
            wheel: None,
        },
        licence: "MIT".into(),
    });
    place.hub.serve(&format!("/github/who/what/{commit}/adapter.bin"), &noise(50));
    place.hub.add("me/adapter", Repository::new('e').large("adapter.bin", &noise(77)));
    let pulled = place.puller().pull(&pack, &NoWatch).unwrap();
    let notes = pulled.directory.join("adapter/notes.txt");
    fs::write(&notes, "mine").unwrap();
    let other = pack.with_repository("adapter=me/adapter").unwrap();
    place.hub.requests();
    let error = place.puller().pull(&other, &NoWatch).unwrap_err();
    assert!(matches!(error, PullError::InTheWay { .. }), "{error}");
    assert!(error.hint().unwrap().contains("tiny/adapter"), "{:?}", error.hint());
    assert!(place.hub.requests().is_empty() && notes.exists());
    fs::remove_file(notes).unwrap();
    place.puller().pull(&other, &NoWatch).unwrap();
}
