//! `georanker pull` and `georanker packs`, against a hub on this machine.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

use crate::binary::{Workplace, georanker, repository};
use crate::fake_hub::{FakeHub, Repository, Trick, noise};

/// The tiny Qwen2-VL of the tests as a repository.
fn tiny_model() -> Repository {
    let mut model = Repository::new('a');
    for entry in fs::read_dir(repository().join("tests/golden/tiny-qwen2vl")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let content = fs::read(entry.path()).unwrap();
        model = if name.ends_with(".safetensors") {
            model.large(&name, &content)
        } else {
            model.small(&name, &content)
        };
    }
    Repository { licence: Some("apache-2.0".into()), ..model }
}

fn command(place: &Workplace, hub: &FakeHub) -> Command {
    let mut command = georanker();
    command
        .current_dir(place.root())
        .env_remove("HF_HUB_CACHE")
        .env_remove("HF_HUB_OFFLINE")
        .env_remove("HF_TOKEN")
        .env("HF_HOME", place.path("hf"))
        .env("HF_ENDPOINT", &hub.endpoint)
        .env("GEORANKER_PACKS", place.path("packs"));
    command
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_checkpoint_is_pulled_listed_verified_and_used() {
    let (place, hub) = (Workplace::new(), FakeHub::new());
    hub.add("org/tiny", tiny_model());
    hub.play("model.safetensors", [Trick::Cut(1_000_000)]);
    let done = command(&place, &hub).args(["pull", "org/tiny"]).assert().success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(text.contains("apache-2.0 from") && text.contains("/org/tiny at aaaaaaaaaaaa"), "{text}");
    done.stderr(predicate::str::contains("trying again"));

    let listed = command(&place, &hub).args(["packs", "--json", "--verify"]).assert().success();
    let packs = json(&listed.get_output().stdout);
    let tiny = packs.as_array().unwrap().iter().find(|pack| pack["name"] == "tiny").unwrap();
    assert_eq!((&tiny["kind"], &tiny["problems"]), (&"checkpoint".into(), &serde_json::json!([])));
    assert!(packs.as_array().unwrap().iter().any(|pack| pack["name"] == "starter"));
    command(&place, &hub)
        .arg("packs")
        .assert()
        .success()
        .stdout(predicate::str::contains("tiny").and(predicate::str::contains("complete")));

    // The link in the pack is a model's directory.
    let model = place.path("packs/tiny/model");
    assert_eq!(
        fs::read(model.join("config.json")).unwrap(),
        fs::read(repository().join("tests/golden/tiny-qwen2vl/config.json")).unwrap()
    );

    // Offline it is all there; a damaged byte is found by reading.
    hub.requests();
    command(&place, &hub).env("HF_HUB_OFFLINE", "1").args(["pull", "org/tiny", "-q"]).assert().success();
    assert!(hub.requests().is_empty());
    let weights = fs::canonicalize(model.join("model.safetensors")).unwrap();
    let mut bytes = fs::read(&weights).unwrap();
    bytes[5_000_000] ^= 1;
    fs::write(&weights, bytes).unwrap();
    command(&place, &hub).arg("packs").assert().success();
    command(&place, &hub)
        .args(["packs", "--verify"])
        .assert()
        .code(3)
        .stdout(predicate::str::contains("1 problem"))
        .stderr(predicate::str::contains("has sha256").and(predicate::str::contains("hint:")));
}

#[test]
fn parts_of_a_recipe_can_come_from_elsewhere() {
    let (place, hub) = (Workplace::new(), FakeHub::new());
    hub.add("org/tiny", tiny_model());
    let adapter = Repository::new('b')
        .small("adapter_config.json", b"{}")
        .small("LICENSE", b"free")
        .large("adapter_model.safetensors", &noise(1000));
    hub.add("me/adapter", adapter);
    let pulled = command(&place, &hub)
        .args(["pull", "georanker-7b", "--repo", "model=org/tiny", "--repo", "adapter=me/adapter", "--json"])
        .assert()
        .success();
    let pack = json(&pulled.get_output().stdout);
    assert_eq!(pack["kind"], "lvlm-ranker");
    assert_eq!(
        fs::read(place.path("packs/georanker-7b/adapter/adapter_model.safetensors")).unwrap(),
        noise(1000)
    );
}

#[test]
fn what_goes_wrong_names_the_way_out() {
    let (place, hub) = (Workplace::new(), FakeHub::new());
    let run = |arguments: &[&str]| command(&place, &hub).args(arguments).assert();
    run(&["pull", "nothing"]).code(2).stderr(predicate::str::contains("g3, geoclip, georanker-7b"));
    run(&["pull"]).code(2);
    run(&["pull", "g3", "--repo", "x/y"]).code(2).stderr(predicate::str::contains("weights, clip"));
    run(&["pull", "g3"])
        .code(1)
        .stderr(predicate::str::contains("Jia-py/G3-checkpoint at main does not exist"));
    run(&["pull", "g3", "--offline"]).code(1).stderr(predicate::str::contains("offline"));
    hub.play("/api/", [Trick::Status(401, None)]);
    run(&["pull", "org/gated"]).code(1).stderr(predicate::str::contains("HF_TOKEN"));
    run(&["pull", "--list"]).success().stdout(predicate::str::contains("georanker-7b"));
    run(&["pull", "--list", "--json"]).success().stdout(predicate::str::contains("\"lvlm-ranker\""));
    // A directory that cannot be made: its parent is a file.
    hub.add("org/tiny", tiny_model());
    let file = place.file("file", b"x");
    command(&place, &hub)
        .env("HF_HOME", file.join("hf"))
        .args(["pull", "org/tiny"])
        .assert()
        .code(5)
        .stderr(predicate::str::contains("HF_HOME"));
    command(&place, &hub)
        .args(["packs", "--pack"])
        .arg(Path::new("nowhere"))
        .assert()
        .code(3)
        .stderr(predicate::str::contains("pack.toml is missing"));
}
