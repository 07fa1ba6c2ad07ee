//! Packs with the strong encoders: tiny networks of random weights, real photos.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::{Workplace, building, georanker, repository, samples};
use crate::fake_hub::{FakeHub, Repository};
use crate::tiny_clip;
use files::sha256_of_file;
use predicates::prelude::*;
use predicates::str::contains;

const PHOTOS: [&str; 3] = ["creek.jpg", "museum.jpg", "harbour.jpg"];

/// Three sample photos and their places.
fn photos(work: &Workplace) -> (PathBuf, PathBuf) {
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    for name in PHOTOS {
        fs::copy(samples().join(name), folder.join(name)).unwrap();
    }
    let truth = fs::read_to_string(samples().join("truth.csv")).unwrap();
    let wanted = |line: &&str| PHOTOS.iter().any(|name| line.starts_with(name)) || line.starts_with("IMG_ID");
    let rows: Vec<&str> = truth.lines().filter(wanted).collect();
    (folder, work.file("photos.csv", rows.join("\n").as_bytes()))
}

/// A pack of these files, `(name in the pack, name among the golden files)`, with a text for its encoder.
fn pack(work: &Workplace, encoder: &str, files: &[(&str, &str)], channels: &[&str]) -> PathBuf {
    let directory = work.path("pack-of-ours");
    fs::create_dir_all(&directory).unwrap();
    let mut text = format!(
        "format = 1\nname = \"tiny\"\nversion = \"1\"\nsummary = \"A test.\"\n\n[encoder]\n{encoder}\n\n\
         [gallery]\npath = \"gallery\"\n\n[decision]\nrule = \"argmax\"\ntemperature = 1.0\n\n\
         [ranker.similarity.kernel]\nscales = [[25.0, 1.0]]\n"
    );
    for channel in channels {
        write!(
            text,
            "\n[[retrieval]]\nchannel = \"{channel}\"\ntop = 3\n\n[[ranker.similarity.votes]]\n\
             channel = \"{channel}\"\nweight = 1.0\ntemperature = 0.05\n"
        )
        .unwrap();
    }
    let starter = fs::read_to_string(repository().join("packs/starter/pack.toml")).unwrap();
    let calibration = starter.split("[calibration]").nth(1).unwrap();
    let calibration = calibration.split("[confidence]").next().unwrap().split("[[files]]").next().unwrap();
    write!(text, "\n[calibration]{calibration}").unwrap();
    for (name, golden) in files {
        let path = directory.join(name);
        fs::copy(repository().join("tests/golden").join(golden), &path).unwrap();
        let (bytes, sha256) = (fs::metadata(&path).unwrap().len(), sha256_of_file(&path).unwrap().sha256);
        write!(
            text,
            "\n[[files]]\npath = \"{name}\"\nbytes = {bytes}\nsha256 = \"{sha256}\"\nlicence = \"MIT\"\n"
        )
        .unwrap();
    }
    fs::write(directory.join("pack.toml"), text).unwrap();
    directory
}

/// Builds a gallery of the three photos with the pack and looks for each of them in it.
fn finds_itself(work: &Workplace, pack: &Path, channels: &[&str]) {
    let (folder, table) = photos(work);
    let gallery = work.path("gallery");
    building(&gallery, &folder, &table)
        .arg("--pack")
        .arg(pack)
        .assert()
        .code(0)
        .stderr(contains("3 photos added"));
    let run = georanker().args(["gallery", "info", "--json"]).arg(&gallery).assert().code(0);
    let info = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert!(channels.iter().all(|channel| info.contains(&format!("\"{channel}\""))), "{info}");
    let run = georanker()
        .args(["locate", "--format", "json", "--pack"])
        .arg(pack)
        .arg("--gallery")
        .arg(&gallery)
        .arg(&folder)
        .assert()
        .code(0);
    let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), PHOTOS.len());
    for answer in answers {
        let best = &answer["candidates"][0];
        assert!(
            answer["photo"].as_str().unwrap().ends_with(best["photo"].as_str().unwrap()),
            "{} is not its own best candidate: {best}",
            answer["photo"]
        );
    }
}

/// Runs a command that may pull from this hub, into this workplace.
fn with_hub(work: &Workplace, hub: &FakeHub, arguments: &[&str]) -> assert_cmd::assert::Assert {
    georanker()
        .args(arguments)
        .env("HF_HOME", work.path("hf"))
        .env("HF_ENDPOINT", &hub.endpoint)
        .env_remove("HF_HUB_CACHE")
        .env_remove("HF_HUB_OFFLINE")
        .env_remove("HF_TOKEN")
        .env("GEORANKER_PACKS", work.path("packs"))
        .assert()
}

/// From the hub to answers: what `pull g3` leaves is a pack.
#[cfg(unix)]
#[test]
fn a_pulled_g3_locates() {
    let (work, hub) = (Workplace::new(), FakeHub::new());
    let golden = |name: &str| fs::read(repository().join("tests/golden").join(name)).unwrap();
    let weights = golden("g3/g3_tiny.pth");
    hub.add("Jia-py/G3-checkpoint", Repository::new('d').large("g3.pth", &weights));
    let clip = Repository::new('e')
        .small("config.json", &golden("g3/config.json"))
        .small("preprocessor_config.json", &golden("tiny-clip/preprocessor_config.json"))
        .small("tokenizer.json", &golden("tiny-clip/tokenizer.json"));
    hub.add("openai/clip-vit-large-patch14", clip);
    let command = |arguments: &[&str]| with_hub(&work, &hub, arguments);
    command(&["pull", "g3", "--quiet"]).success();
    let pack = work.path("packs/g3");
    finds_itself(&work, &pack, &["g3-image", "g3-text", "g3-location"]);
    coordinates_are_searched_or_refused(&work, &pack);
    // Settings of one's own survive another pull.
    let file = pack.join("pack.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("top = 20", "top = 7")).unwrap();
    command(&["pull", "g3", "--quiet"]).success();
    assert!(fs::read_to_string(&file).unwrap().contains("top = 7"));
    command(&["packs", "--verify"]).success().stdout(contains("g3").and(contains("verified")));
}

/// GeoCLIP as it is pulled answers with coordinates, without a photo in sight; a gallery of one's own joins in.
#[cfg(unix)]
#[test]
fn a_pulled_geoclip_locates_by_its_coordinates() {
    let (work, hub) = (Workplace::new(), FakeHub::new());
    let file = |name: &str| fs::read(repository().join(name)).unwrap();
    let rows = "LAT,LON\n50.03,-114.81\n46.44,8.08\n-33.86,151.21\n35.68,139.69\n";
    let heads = Repository::new('d')
        .large("image_encoder_mlp_weights.pth", &file("tests/golden/geoclip/image_mlp.safetensors"))
        .large("location_encoder_weights.pth", &file("packs/starter/geoclip/location_encoder.safetensors"))
        .small("logit_scale_weights.pth", &file("tests/golden/geoclip/logit_scale_weights.pth"))
        .small("coordinates_100K.csv", rows.as_bytes());
    hub.add("me/geoclip", heads);
    let clip = Repository::new('e')
        .small("config.json", tiny_clip::CONFIG.as_bytes())
        .small("preprocessor_config.json", b"{\"size\": 64, \"crop_size\": 64}")
        .small("tokenizer.json", &file("tests/golden/tiny-clip/tokenizer.json"))
        .large("model.safetensors", &tiny_clip::clip());
    hub.add("openai/clip-vit-large-patch14", clip);
    let command = |arguments: &[&str]| with_hub(&work, &hub, arguments);
    command(&["pull", "geoclip", "--repo", "weights=me/geoclip", "--quiet"]).success();
    let pack = work.path("packs/geoclip");
    // A gallery that an earlier version named and nobody made is in nobody's way.
    let file = pack.join("pack.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n[gallery]\npath = \"gallery\"\n")).unwrap();
    command(&["pull", "geoclip", "--repo", "weights=me/geoclip", "--quiet"]).success();
    assert!(!fs::read_to_string(&file).unwrap().contains("[gallery]"));
    let locate = |more: &[&std::ffi::OsStr]| {
        let mut command = georanker();
        command.args(["locate", "--format", "json", "--top", "20", "--distinct", "0", "--pack"]).arg(&pack);
        let run = command.args(more).arg(samples().join(PHOTOS[1])).assert().code(0);
        let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        (answers[0].clone(), String::from_utf8_lossy(&run.get_output().stderr).into_owned())
    };
    let (answer, said) = locate(&[]);
    assert!(said.contains("encoding the pack's coordinates first"), "{said}");
    assert_eq!(answer["gallery"], "4 coordinates");
    let candidates = answer["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 4);
    assert!(candidates.iter().all(|one| one["photo"].is_null() && one["origin"]["channel"] == "location"));
    let (again, said) = locate(&[]);
    assert!(!said.contains("encoded first"), "{said}");
    assert_eq!(again["candidates"], answer["candidates"]);

    let (folder, table) = photos(&work);
    let gallery = work.path("gallery");
    building(&gallery, &folder, &table).arg("--pack").arg(&pack).assert().code(0);
    let list = pack.join("weights/coordinates_100K.csv");
    let (joined, _) =
        locate(&["--gallery".as_ref(), gallery.as_os_str(), "--coordinates".as_ref(), list.as_os_str()]);
    let with_photo = |one: &&serde_json::Value| one["photo"].is_string();
    let candidates = joined["candidates"].as_array().unwrap();
    assert_eq!(candidates.iter().filter(with_photo).count(), 3);
    assert_eq!(candidates.len(), 7);
    command(&["packs", "--verify"]).success().stdout(contains("geoclip").and(contains("verified")));
}

/// G3 as it is pulled searches photos alone: coordinates are refused with a way out, and the way leads somewhere.
fn coordinates_are_searched_or_refused(work: &Workplace, pack: &Path) {
    let list = work.file("mine.csv", b"LAT,LON\n48.8584,2.2945\n-33.8568,151.2153\n");
    let alone = |option: &str| {
        let mut command = georanker();
        command.args(["locate", "--format", "json", "--top", "9", "--distinct", "0", option]).arg(&list);
        command.arg("--pack").arg(pack);
        command
    };
    let locate = |option: &str| {
        let mut command = alone(option);
        command.arg("--gallery").arg(work.path("gallery"));
        command.arg(samples().join(PHOTOS[0])).assert()
    };
    for option in ["--coordinates", "--more-coordinates"] {
        locate(option)
            .code(2)
            .stderr(contains("does not search the channel location").and(contains("`encoder.channels`")));
    }
    assert!(!work.path("mine.csv.g3.locations").exists());
    let file = pack.join("pack.toml");
    let pulled = fs::read_to_string(&file).unwrap();
    let text = pulled
        .replace(
            "[encoder]",
            "[encoder]\nchannels = [\"g3-image\", \"g3-text\", \"g3-location\", \"location\"]",
        )
        .replace("retrieval = []", "retrieval = [{ channel = \"location\", top = 20 }]")
        .replace(
            "[ranker.similarity.kernel]",
            "[[ranker.similarity.votes]]\nchannel = \"location\"\nweight = 1.0\ntemperature = 0.01\n\n\
             [ranker.similarity.kernel]",
        );
    assert!(
        ["channels = [\"g3", "top = 20 }]", "\"location\"\nweight"].iter().all(|part| text.contains(part))
    );
    fs::write(&file, text).unwrap();
    // The gallery from before has no such channel; the coordinates are searched all the same.
    for option in ["--coordinates", "--more-coordinates"] {
        let run = locate(option).code(0);
        let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        let candidates = answers[0]["candidates"].as_array().unwrap();
        let bare = candidates.iter().filter(|one| one["photo"].is_null()).count();
        assert_eq!((bare, candidates.len()), (2, 2 + PHOTOS.len()), "{answers}");
        // Without photos they are all there is.
        let run = alone(option).arg(samples().join(PHOTOS[0])).assert().code(0);
        let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        assert_eq!(answers[0]["candidates"].as_array().unwrap().len(), 2, "{answers}");
    }
    fs::write(&file, pulled).unwrap();
}

const G3_FILES: [(&str, &str); 2] = [("config.json", "g3/config.json"), ("g3.pth", "g3/g3_tiny.pth")];
const G3_ENCODER: &str = "kind = \"g3\"\nconfig = \"config.json\"\nweights = \"g3.pth\"";

#[test]
fn a_pack_of_g3_from_its_pth() {
    let work = Workplace::new();
    let channels = ["g3-image", "g3-text", "g3-location"];
    let pack = pack(&work, G3_ENCODER, &G3_FILES, &channels);
    finds_itself(&work, &pack, &channels);
}

#[test]
fn a_pack_of_clip_and_one_of_siglip() {
    for (kind, weights, dtype) in
        [("clip", "tiny-clip", "f32"), ("clip", "tiny-clip", "bf16"), ("siglip", "siglip", "f32")]
    {
        let work = Workplace::new();
        let encoder = format!(
            "kind = \"{kind}\"\nconfig = \"config.json\"\nweights = \"model.safetensors\"\n\
             preprocessor = \"preprocessor_config.json\"\ndtype = \"{dtype}\""
        );
        let names = ["config.json", "model.safetensors", "preprocessor_config.json"];
        let golden = names.map(|name| format!("{weights}/{name}"));
        let files: Vec<(&str, &str)> = names.into_iter().zip(golden.iter().map(String::as_str)).collect();
        let pack = pack(&work, &encoder, &files, &["photo"]);
        finds_itself(&work, &pack, &["photo"]);
    }
}

#[test]
fn g3_compares_photos_with_places_where_asked_to() {
    let work = Workplace::new();
    let encoder = format!("{G3_ENCODER}\nchannels = [\"location\", \"g3-image\"]");
    let pack = pack(&work, &encoder, &G3_FILES, &["g3-image", "location"]);
    finds_itself(&work, &pack, &["g3-image", "location"]);
}

#[test]
fn broken_packs_say_what_is_wrong() {
    let work = Workplace::new();
    let photo = work.photo("photo.jpg");
    let locate = |pack: &Path, why: &str| {
        georanker()
            .args(["gallery", "build"])
            .arg(work.path("gallery"))
            .arg("--photos")
            .arg(work.root())
            .arg("--pack")
            .arg(pack)
            .assert()
            .code(3)
            .stderr(contains(why).and(contains("panicked").not()));
    };
    assert!(photo.exists());
    for (more, why) in [
        ("views = [\"squash\"]", "encoder.views means nothing to an encoder of kind G3"),
        ("heads = \"g3.pth\"", "encoder.heads means nothing"),
        ("channels = [\"photo\"]", "there is no photo, only g3-image, g3-text, g3-location, location"),
        ("dtype = \"f8\"", "dtype"),
        ("preprocessor = \"../p.json\"", "leads out of the pack"),
    ] {
        let pack = pack(&work, &format!("{G3_ENCODER}\n{more}"), &G3_FILES, &["g3-image"]);
        locate(&pack, why);
    }
    // A search of what the encoder does not make is found before any photo is.
    for (more, channels) in
        [("", ["g3-image", "location"]), ("channels = [\"location\"]", ["location", "g3-text"])]
    {
        let pack = pack(&work, &format!("{G3_ENCODER}\n{more}"), &G3_FILES, &channels);
        let why = format!("retrieval: the encoder makes no channel {}, only", channels[1]);
        locate(&pack, &why);
    }
    let geoclip = "kind = \"geoclip\"\nconfig = \"config.json\"\nweights = \"g3.pth\"";
    locate(&pack(&work, geoclip, &G3_FILES, &["location"]), "encoder.heads is missing");
    // Weights of another network: every tensor that does not fit is counted, and the file named.
    let files = [("config.json", "g3/config.json"), ("g3.pth", "tiny-clip/model.safetensors")];
    locate(
        &pack(&work, G3_ENCODER, &files, &["g3-image"]),
        "g3.pth does not hold the tensors of this network",
    );
    // `torch.save` of an object that would run `touch OWNED` in Python: refused by name, and not run.
    let files = [G3_FILES[0], ("g3.pth", "g3/runs_code.pth")];
    let evil = pack(&work, G3_ENCODER, &files, &["g3-image"]);
    locate(&evil, "g3.pth is no PyTorch state dict that can be read: it asks for posix.system");
    assert!(!Path::new("OWNED").exists() && !evil.join("OWNED").exists());
    let bytes = fs::read(evil.join("g3.pth")).unwrap();
    fs::write(evil.join("g3.pth"), &bytes[1..]).unwrap();
    locate(&evil, "is damaged");
}
