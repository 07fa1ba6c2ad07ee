//! Answers that are not what was asked for.

use std::fs;
use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};
use georanker::pull::{NoWatch, Part, PullError, Source};

use crate::fake_hub::{Repository, Trick, git_blob, noise};
use crate::place::{LENGTH, Place, recipe};

/// A partial file of so many bytes.
fn partial(place: &Place, length: usize) -> PathBuf {
    let partial = PathBuf::from(format!("{}.incomplete", place.blob().display()));
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, &noise(LENGTH)[..length]).unwrap();
    partial
}

#[test]
fn another_body_is_given_up_and_costs_nothing_that_was_there() {
    let place = Place::new();
    let kept = partial(&place, 123_456);
    place.hub.play("model.safetensors", vec![Trick::Instead(b"<html>log in</html>".to_vec(), false); 99]);
    let error = place.pull().unwrap_err();
    assert!(matches!(error, PullError::Transfer { tries: 5, .. }), "{error}");
    assert!(error.to_string().contains("it answers with 19 bytes where the file has 300000"), "{error}");
    assert_eq!(fs::read(&kept).unwrap(), &noise(LENGTH)[..123_456]);
    place.hub.play("model.safetensors", []);
    place.hub.requests();
    place.pull().unwrap();
    assert_eq!(place.ranges(), [Some("bytes=123456-".to_owned())]);
}

#[test]
fn a_short_body_of_unknown_length_is_no_progress_twice() {
    let place = Place::new();
    partial(&place, 200_000);
    let short = Trick::Instead(noise(100_000), true);
    place.hub.play("model.safetensors", vec![short; 99]);
    let error = place.pull().unwrap_err();
    assert!(matches!(error, PullError::Transfer { tries: 5, .. }), "{error}");
    assert_eq!(place.ranges().len(), 5);
}

#[test]
fn no_more_is_taken_than_there_should_be() {
    let place = Place::new();
    let endless = Trick::Instead(vec![7; 3 * LENGTH], true);
    place.hub.play("model.safetensors", [endless.clone(), endless]);
    let error = place.pull().unwrap_err();
    assert!(matches!(error, PullError::Damaged { .. }), "{error}");
    assert!(!place.blob().exists());
}

#[test]
fn names_are_escaped_in_addresses() {
    let place = Place::new();
    let name = "sub dir/100% a#b?\u{e9}.txt";
    let repository = Repository::new('e').small("config.json", b"{}").large("w.safetensors", &noise(50));
    place.hub.add("org/odd", repository.small(name, b"odd"));
    let odd = recipe().with_repository("org/odd@refs/pr/1").unwrap();
    let pack = place.puller().pull(&odd, &NoWatch).unwrap();
    assert_eq!(fs::read(pack.part("model").unwrap().join(name)).unwrap(), b"odd");
    let paths: Vec<String> = place.hub.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[0], "/api/models/org/odd/revision/refs%2Fpr%2F1?blobs=true");
    assert!(paths.iter().any(|path| path.ends_with("/sub%20dir/100%25%20a%23b%3F%C3%A9.txt")), "{paths:?}");
}

#[test]
fn a_repository_that_strangers_cannot_see_may_not_exist() {
    let place = Place::new();
    let hidden = Trick::Status(401, Some(("x-error-code", "RepoNotFound".into())));
    place.hub.play("/api/", [hidden]);
    let error = place.pull().unwrap_err();
    assert!(error.to_string().contains("is not open to everybody, or it does not exist"), "{error}");
    assert!(error.hint().unwrap().starts_with("check its name"), "{:?}", error.hint());
}

#[test]
fn offline_all_shards_must_be_there() {
    let mut place = Place::new();
    let shards = Repository::new('f')
        .small("config.json", b"{}")
        .large("m-00001-of-00002.safetensors", &noise(60))
        .large("m-00002-of-00002.safetensors", &noise(70));
    place.hub.add("org/shards", shards);
    let shards = recipe().with_repository("org/shards").unwrap();
    let pack = place.puller().pull(&shards, &NoWatch).unwrap();
    place.offline = true;
    place.puller().pull(&shards, &NoWatch).unwrap();
    // As a download leaves it that was broken off: the second is not there.
    fs::remove_file(pack.part("model").unwrap().join("m-00002-of-00002.safetensors")).unwrap();
    let error = place.puller().pull(&shards, &NoWatch).unwrap_err();
    assert!(error.to_string().ends_with(": m-00002-of-00002.safetensors"), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn paths_of_github_are_escaped_too() {
    let place = Place::new();
    let commit = "d".repeat(40);
    let mut recipe = recipe();
    recipe.parts.push(Part {
        name: "more".into(),
        source: Source::GitHub {
            repository: "who/what".into(),
            commit: commit.clone(),
            files: vec![("a b/c#.bin".into(), git_blob(b"x"))],
            wheel: None,
        },
        licence: "MIT".into(),
    });
    place.hub.serve(&format!("/github/who/what/{commit}/a%20b/c%23.bin"), b"x");
    let pack = place.puller().pull(&recipe, &NoWatch).unwrap();
    assert_eq!(fs::read(pack.directory.join("more/c#.bin")).unwrap(), b"x");
}
