//! Pulling packs from a hub on this machine.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

#[path = "../fake_hub/mod.rs"]
mod fake_hub;
mod place;
mod release;
mod standing;
#[path = "../tiny_clip/mod.rs"]
mod tiny_clip;
mod wheel;
mod wrong;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use contract::{Diagnose, ErrorKind};
use fake_hub::{FakeHub, Repository, Trick, git_blob, noise};
use georanker::pull::{NoWatch, Part, PullError, PulledPack, Source, Watch, shelf};
use place::{LENGTH, Place, recipe};

#[test]
fn the_cache_is_laid_out_as_the_python_librarys() {
    let place = Place::new();
    let pack = place.pull().unwrap();
    let commit = "c".repeat(40);
    assert_eq!(fs::read_to_string(place.cache("refs/main")).unwrap(), commit);
    let snapshot = place.cache(&format!("snapshots/{commit}"));
    assert_eq!(fs::read(snapshot.join("model.safetensors")).unwrap(), noise(LENGTH));
    assert_eq!(fs::read(snapshot.join("sub/notes.txt")).unwrap(), b"notes");
    assert!(!snapshot.join("unwanted.bin").exists());
    if cfg!(unix) {
        let link = fs::read_link(snapshot.join("sub/notes.txt")).unwrap();
        assert_eq!(link, Path::new("../../../blobs").join(git_blob(b"notes")));
        // Other commands take the link as a model's directory.
        assert_eq!(fs::read(pack.directory.join("model/config.json")).unwrap(), b"{\"a\": 1}");
    }
    assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));
    assert!(
        !place
            .cache("blobs")
            .read_dir()
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().ends_with(".incomplete") })
    );

    assert_eq!(pack.parts[0].licence, "apache-2.0");
    assert_eq!(pack.parts[0].revision, commit);
    assert_eq!(pack.bytes(), LENGTH as u64 + 8 + 5);
    assert_eq!(pack.part("model"), Some(snapshot));
    assert_eq!(PulledPack::open(&pack.directory).unwrap(), pack);
    assert!(pack.problems(true).is_empty());

    // Nothing is fetched twice.
    place.hub.requests();
    assert_eq!(place.pull().unwrap(), pack);
    let paths: Vec<String> = place.hub.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/api/models/org/model/revision/main?blobs=true"]);
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_ended() {
    let place = Place::new();
    place.hub.play("resolve", []);
    place.hub.play("model.safetensors", [Trick::Cut(100_000), Trick::Cut(50_000), Trick::Cut(0)]);
    place.pull().unwrap();
    let ranges = place.ranges();
    assert_eq!(
        ranges,
        [
            None,
            Some("bytes=100000-".to_owned()),
            Some("bytes=150000-".to_owned()),
            Some("bytes=150000-".to_owned())
        ]
    );
    assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));
}

#[test]
fn what_a_killed_program_left_is_used() {
    let place = Place::new();
    let partial = PathBuf::from(format!("{}.incomplete", place.blob().display()));
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, &noise(LENGTH)[..123_456]).unwrap();
    place.pull().unwrap();
    assert_eq!(place.ranges(), [Some("bytes=123456-".to_owned())]);
    assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));

    // All of it was there already; then more than all; then something else altogether.
    let mut longer = noise(LENGTH);
    longer.push(0);
    let mut other = noise(2000);
    other[17] ^= 1;
    for (left, expected) in
        [(noise(LENGTH), vec![]), (longer, vec![None]), (other, vec![Some("bytes=2000-".to_owned()), None])]
    {
        fs::remove_file(place.blob()).unwrap();
        fs::write(&partial, left).unwrap();
        place.pull().unwrap();
        assert_eq!(place.ranges(), expected);
        assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));
    }
}

#[test]
fn a_server_without_ranges_starts_anew() {
    let place = Place::new();
    place.hub.play("model.safetensors", [Trick::Cut(100_000), Trick::Whole]);
    place.pull().unwrap();
    assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));
}

#[test]
fn damage_is_found_and_never_kept() {
    let place = Place::new();
    place.hub.play("model.safetensors", [Trick::Corrupt]);
    place.pull().unwrap();
    assert_eq!(place.ranges(), [None, None]);
    assert_eq!(fs::read(place.blob()).unwrap(), noise(LENGTH));

    for (file, kind) in [("model.safetensors", "sha256"), ("config.json", "git blob")] {
        let place = Place::new();
        place.hub.play(file, vec![Trick::Corrupt; 9]);
        let error = place.pull().unwrap_err();
        assert!(matches!(error, PullError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(&format!("org/model/{file} arrived damaged: expected {kind}")));
        assert!(!place.blob().exists());
        assert!(!place.directory.path().join("packs/tiny/recipe.toml").exists());
        assert!(!place.cache("refs/main").exists(), "a branch is known when all of it is there");
    }
}

#[test]
fn servers_that_stumble_are_asked_again_and_those_that_stay_down_are_not() {
    let place = Place::new();
    let busy = Trick::Status(429, Some(("retry-after", "0".into())));
    place.hub.play("model.safetensors", [Trick::Status(503, None), busy, Trick::Status(500, None)]);
    place.hub.play("/api/", [Trick::Status(502, None), Trick::Cut(10)]);
    place.pull().unwrap();

    let place = Place::new();
    place.hub.play("model.safetensors", vec![Trick::Status(503, None); 99]);
    let error = place.pull().unwrap_err();
    assert!(matches!(error, PullError::Transfer { tries: 5, .. }), "{error}");
    assert!(error.to_string().contains("HTTP 503"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Service);
    // What had arrived is kept.
    assert!(place.cache(&format!("blobs/{}", git_blob(b"{\"a\": 1}"))).exists());

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut place = Place::new();
    place.hub.endpoint = format!("http://{nobody}");
    assert!(matches!(place.pull().unwrap_err(), PullError::Transfer { .. }));
}

#[test]
fn what_is_not_there_and_what_is_not_open_are_told_apart() {
    let place = Place::new();
    let missing = recipe().with_repository("org/other").unwrap();
    let error = place.puller().pull(&missing, &NoWatch).unwrap_err();
    assert!(error.to_string().starts_with("the repository org/other at main does not exist"), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.hint().unwrap().contains("`repo`"));

    place.hub.play("model.safetensors", [Trick::Status(404, None)]);
    assert!(place.pull().unwrap_err().to_string().starts_with("org/model/model.safetensors does not exist"));

    let gated = || Trick::Status(401, Some(("x-error-message", "Access to org/model is restricted.".into())));
    place.hub.play("/api/", [gated()]);
    let error = place.pull().unwrap_err();
    assert!(error.to_string().contains("401: Access to org/model is restricted."), "{error}");
    assert!(error.hint().unwrap().contains("set HF_TOKEN"));

    let with_token = Place { token: Some("hf_secret".into()), ..Place::new() };
    with_token.hub.play("model.safetensors", [Trick::Status(403, None)]);
    let error = with_token.pull().unwrap_err();
    assert!(error.hint().unwrap().contains("another token"), "{:?}", error.hint());
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("hf_secret"));

    let empty = Place::new();
    empty.hub.add("org/model", Repository::new('d').small("config.json", b"{}"));
    let error = empty.pull().unwrap_err();
    assert!(error.to_string().contains("has no file like *.safetensors"), "{error}");

    let nonsense = Place::new();
    nonsense.hub.serve("/api/models/org/model/revision/main?blobs=true", b"<html>login</html>");
    let error = nonsense.pull().unwrap_err();
    assert!(matches!(error, PullError::Answer { .. }), "{error}");
}

#[test]
fn the_token_goes_to_the_hub_and_to_nobody_else() {
    let sent = |request: &fake_hub::Request| request.headers.get("authorization").cloned();
    // Another port of the same host is another server; so is another name of the same machine.
    for name in ["127.0.0.1", "localhost"] {
        let place = Place { token: Some("hf_secret".into()), ..Place::new() };
        let elsewhere = FakeHub::new();
        elsewhere.serve("/signed/x", &noise(LENGTH));
        let address = elsewhere.endpoint.replace("127.0.0.1", name);
        place.hub.play("model.safetensors", [Trick::Redirect(format!("{address}/signed/x"))]);
        place.pull().unwrap();
        let to_hub = place.hub.requests();
        assert!(to_hub.iter().all(|request| sent(request).as_deref() == Some("Bearer hf_secret")));
        let to_others = elsewhere.requests();
        assert_eq!(to_others.len(), 1);
        assert_eq!(sent(&to_others[0]), None, "{name}");
    }
}

#[test]
fn a_redirect_within_the_hub_keeps_the_token_and_one_that_comes_back_does_not() {
    let sent = |request: &fake_hub::Request| request.headers.get("authorization").cloned();
    let place = Place { token: Some("hf_secret".into()), ..Place::new() };
    place.hub.serve("/moved/x", &noise(LENGTH));
    place.hub.play("model.safetensors", [Trick::Redirect("/moved/x".into())]);
    place.pull().unwrap();
    let moved = |place: &Place| place.hub.requests().into_iter().find(|one| one.path == "/moved/x").unwrap();
    assert_eq!(sent(&moved(&place)).as_deref(), Some("Bearer hf_secret"));

    let place = Place { token: Some("hf_secret".into()), ..Place::new() };
    place.hub.serve("/moved/x", &noise(LENGTH));
    let elsewhere = FakeHub::new();
    elsewhere.serve("/back", b"");
    elsewhere.play("/back", [Trick::Redirect(format!("{}/moved/x", place.hub.endpoint))]);
    place.hub.play("model.safetensors", [Trick::Redirect(format!("{}/back", elsewhere.endpoint))]);
    place.pull().unwrap();
    assert_eq!(sent(&moved(&place)), None);
}

#[test]
fn redirects_that_lead_nowhere_are_named() {
    for (location, part) in [
        ("", "not an address"),
        ("ftp://127.0.0.1/x", "ftp://127.0.0.1/x"),
        ("/loop/model.safetensors", "10 redirects"),
    ] {
        let place = Place::new();
        place.hub.play("model.safetensors", (0..20).map(|_| Trick::Redirect(location.into())));
        let error = place.pull().unwrap_err();
        assert!(matches!(error, PullError::Answer { .. }) && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn offline_the_cache_must_do() {
    let mut place = Place { offline: true, ..Place::new() };
    let error = place.pull().unwrap_err();
    assert!(error.to_string().contains("offline (HF_HUB_OFFLINE): config.json, *.safetensors"), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);

    place.offline = false;
    let online = place.pull().unwrap();
    place.hub.requests();
    place.offline = true;
    let offline = place.pull().unwrap();
    assert!(place.hub.requests().is_empty());
    assert_eq!(offline.parts[0].files, online.parts[0].files);

    // An index that names a shard which is not there.
    let snapshot = online.part("model").unwrap();
    let index = r#"{"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}"#;
    fs::write(snapshot.join("model.safetensors.index.json"), index).unwrap();
    let mut all = recipe();
    if let Source::Hub { optional, .. } = &mut all.parts[0].source {
        optional.push("*.json".into());
    }
    let error = place.puller().pull(&all, &NoWatch).unwrap_err();
    assert!(error.to_string().ends_with(": model-00002-of-00002.safetensors"), "{error}");
    fs::remove_file(snapshot.join("model.safetensors.index.json")).unwrap();

    // A damaged blob is found: its name is its checksum.
    let mut bytes = noise(LENGTH);
    bytes[5] ^= 1;
    fs::write(place.blob(), bytes).unwrap();
    let error = place.pull().unwrap_err();
    assert!(matches!(error, PullError::DamagedBlob { .. }), "{error}");
    let blob = fs::canonicalize(place.blob()).unwrap();
    assert_eq!(error.hint(), Some(format!("remove {} and pull again while online", blob.display())));
}

#[test]
fn files_of_github_lie_in_the_pack() {
    let mut place = Place::new();
    let mut recipe = recipe();
    let commit = "d".repeat(40);
    recipe.parts.push(Part {
        name: "adapter".into(),
        source: Source::GitHub {
            repository: "who/what".into(),
            commit: commit.clone(),
            files: vec![("deep/adapter.bin".into(), git_blob(&noise(5000)))],
            wheel: None,
        },
        licence: "MIT".into(),
    });
    place.hub.serve(&format!("/github/who/what/{commit}/deep/adapter.bin"), &noise(5000));
    place.hub.play("adapter.bin", [Trick::Cut(1000)]);
    let pack = place.puller().pull(&recipe, &NoWatch).unwrap();
    let file = pack.directory.join("adapter/adapter.bin");
    assert_eq!(fs::read(&file).unwrap(), noise(5000));
    assert_eq!(pack.parts[1].source, "https://github.com/who/what");
    assert!(pack.problems(true).is_empty());
    // Such parts can be offline too, but nothing else takes their place.
    place.offline = true;
    assert_eq!(place.puller().pull(&recipe, &NoWatch).unwrap().parts[1], pack.parts[1]);
    fs::write(&file, b"x").unwrap();
    let error = place.puller().pull(&recipe, &NoWatch).unwrap_err();
    assert!(error.to_string().ends_with(": adapter.bin"), "{error}");
    // The part can come from the hub instead.
    place.offline = false;
    place.hub.add("me/adapter", Repository::new('e').large("adapter.bin", &noise(77)));
    let other = recipe.with_repository("adapter=me/adapter").unwrap();
    let pack = place.puller().pull(&other, &NoWatch).unwrap();
    assert_eq!(fs::read(pack.part("adapter").unwrap().join("adapter.bin")).unwrap(), noise(77));
}

/// Stops after some bytes.
struct Impatient {
    arrived: AtomicU64,
    most: u64,
    begun: AtomicUsize,
}

impl Watch for Impatient {
    fn begins(&self, _: &str, _: u64, _: u64) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn advances(&self, bytes: u64) {
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
    }

    fn stop(&self) -> bool {
        self.arrived.load(Ordering::Relaxed) > self.most
    }
}

#[test]
fn a_pull_that_is_stopped_goes_on_the_next_time() {
    let place = Place::new();
    let watch = Impatient { arrived: AtomicU64::new(0), most: 50, begun: AtomicUsize::new(0) };
    let error = place.puller().pull(&recipe(), &watch).unwrap_err();
    assert!(matches!(error, PullError::Stopped), "{error}");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(watch.begun.load(Ordering::Relaxed), 2);
    assert_eq!(place.ranges(), [None]);
    let partial = PathBuf::from(format!("{}.incomplete", place.blob().display()));
    let kept = fs::metadata(partial).unwrap().len();
    place.pull().unwrap();
    let expected = if kept == LENGTH as u64 { vec![] } else { vec![Some(format!("bytes={kept}-"))] };
    assert_eq!(place.ranges(), expected);
}

#[test]
fn a_shelf_lists_packs_and_what_is_wrong_with_them() {
    let place = Place::new();
    let pack = place.pull().unwrap();
    let packs = place.directory.path().join("packs");
    fs::create_dir_all(packs.join("no pack")).unwrap();
    fs::create_dir_all(packs.join("broken")).unwrap();
    fs::write(packs.join("broken/recipe.toml"), "format = 9").unwrap();
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter");
    let places = [packs.clone(), packs];
    let found = shelf::find(&places, Some(&starter), false).unwrap();
    let names: Vec<&str> = found.iter().map(|pack| pack.name.as_str()).collect();
    assert_eq!(names, ["broken", "starter", "tiny"]);
    assert_eq!(found[0].problems.len(), 1);
    let model = &found[1];
    assert!(model.problems.is_empty() && model.kind == "model" && model.bytes > 80_000_000, "{model:?}");
    let tiny = &found[2];
    assert_eq!(
        (tiny.kind.as_str(), tiny.files, &tiny.licences[..]),
        ("checkpoint", 3, &["apache-2.0".into()][..])
    );
    assert!(tiny.problems.is_empty());

    // A byte that was flipped shows only when all are read; a missing file at once.
    let mut bytes = noise(LENGTH);
    bytes[LENGTH / 2] ^= 4;
    fs::write(place.blob(), bytes).unwrap();
    assert!(pack.problems(false).is_empty());
    let problems = pack.problems(true);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].why.starts_with("has sha256 "), "{problems:?}");
    fs::remove_file(place.blob()).unwrap();
    assert_eq!(pack.problems(false)[0].why, "is missing");
    let nowhere = place.directory.path().join("nowhere");
    assert!(shelf::find(&[], Some(&nowhere), false).is_err());
}
