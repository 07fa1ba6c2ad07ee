//! The official release of GeoCLIP in safetensors, with the true weights of the location encoder and the image head.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Encoder as _;
use geo::LatLon;
use georanker::pull::{NoWatch, PullError, PulledPack, recipes};
use georanker::{Pack, PhotoEncoder};
use nets::LoadOptions;
use nets::geoclip::LocationEncoder;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::fake_hub::Repository;
use crate::place::Place;
use crate::tiny_clip::{CONFIG, clip};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// `model.safetensors` as the official code saves it: both networks and the scale, each under its prefix.
fn model() -> Vec<u8> {
    let parts = [
        ("location_encoder.", root("packs/starter/geoclip/location_encoder.safetensors")),
        ("image_encoder.mlp.", root("tests/golden/geoclip/image_mlp.safetensors")),
    ];
    let files = parts.map(|(prefix, path)| (prefix, fs::read(path).unwrap()));
    let mut all = BTreeMap::new();
    for (prefix, bytes) in &files {
        for (name, tensor) in SafeTensors::deserialize(bytes).unwrap().iter() {
            let view = TensorView::new(tensor.dtype(), tensor.shape().to_vec(), tensor.data()).unwrap();
            all.insert(format!("{prefix}{name}"), view);
        }
    }
    let scale = 4.6_f32.to_le_bytes();
    all.insert("logit_scale".into(), TensorView::new(Dtype::F32, vec![], &scale).unwrap());
    serialize(all, None).unwrap()
}

fn config(gallery: &str, clip: &str) -> String {
    format!(
        r#"{{"model_type": "geoclip-geolocation", "format_version": 1, "sigma": [1, 16, 256],
            "gallery_file": "{gallery}", "backbone": {{"repo_id": "{clip}", "revision": "main"}}}}"#
    )
}

fn pull(place: &Place, config: &str) -> Result<PulledPack, PullError> {
    let release = Repository::new('e')
        .small("config.json", config.as_bytes())
        .small("places.csv", b"LAT,LON\n46.44,8.08\n-33.86,151.21\n")
        .large("model.safetensors", &model());
    place.hub.add("who/geoclip", release);
    let tower = Repository::new('f')
        .small("config.json", CONFIG.as_bytes())
        .small("preprocessor_config.json", b"{}")
        .small("tokenizer.json", b"{}")
        .large("model.safetensors", &clip());
    place.hub.add("openai/clip-vit-large-patch14", tower);
    let recipe = recipes::named("geoclip").unwrap().with_repository("weights=who/geoclip").unwrap();
    place.puller().pull(&recipe, &NoWatch)
}

#[test]
fn both_networks_are_read_from_one_file() {
    let place = Place::new();
    let pulled = pull(&place, &config("places.csv", "openai/clip-vit-large-patch14")).unwrap();
    let manifest = pulled.manifest().unwrap();
    assert_eq!(manifest.encoder.heads.as_deref(), Some("weights/model.safetensors"));
    assert_eq!(manifest.locations.encoder.as_deref(), Some("weights/model.safetensors"));
    assert_eq!(manifest.locations.coordinates.as_deref(), Some("weights/places.csv"));

    // The pack's preprocessor is CLIP's own; this tiny one has another size.
    let mut settings: toml::Table =
        toml::from_str(&fs::read_to_string(pulled.directory.join("pack.toml")).unwrap()).unwrap();
    settings["encoder"].as_table_mut().unwrap().remove("preprocessor");
    fs::write(pulled.directory.join("pack.toml"), toml::to_string(&settings).unwrap()).unwrap();
    let encoder = PhotoEncoder::open(&Pack::open(&pulled.directory).unwrap()).unwrap();
    let places = [(48.858, 2.294), (-33.86, 151.21), (64.15, -21.94)];
    let places = places.map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap());
    let found = encoder.encode_places(&places).unwrap().unwrap();
    let own = root("packs/starter/geoclip/location_encoder.safetensors");
    let own = LocationEncoder::from_file(&own, &LoadOptions::default()).unwrap().encode_normalised(&places);
    assert_eq!(found.concat(), own, "the same weights, bit for bit");
}

#[test]
fn releases_that_do_not_fit_are_named() {
    for (text, why) in [
        (config("other.csv", "openai/clip-vit-large-patch14"), "names other.csv, which is missing"),
        (config("places.csv", "someone/other-clip"), "it was made for someone/other-clip"),
        ("{\"model_type\": \"clip\"}".to_owned(), "not the configuration of a GeoCLIP release"),
    ] {
        let error = pull(&Place::new(), &text).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("config.json"), "{error}");
    }
}
