//! A pack of GeoCLIP: a tiny CLIP of random weights under the real image head and location encoder.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use contract::{Attribution, Channel, Diagnose as _, Encoder, Locate, LocateOptions, PhotoId};
use gallery::{GallerySpec, GalleryWriter, PhotoFiles, SourceSpec, VectorPrecision};
use geo::{LatLon, Place};
use georanker::pack::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType, FileManifest, GalleryManifest,
    LocationsManifest, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest, sha256_of_file,
};
use georanker::{
    GalleryBuilder, Locator, Pack, PhotoEncoder, PhotoToAdd, decode_photo, open_location_encoder,
};
use nets::photo::Limits;
use rank::{Calibration, ChannelVote, SimilaritySettings, SpatialKernel};
use safetensors::tensor::{Dtype, TensorView, serialize};

const WIDTH: usize = 32;
const MLP: usize = 48;
const CONFIG: &str = r#"{"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 16, "projection_dim": 768}"#;

/// A CLIP vision tower of the shape above, its numbers from a simple generator.
fn clip() -> Vec<u8> {
    let mut shapes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut add = |name: String, shape: &[usize]| {
        shapes.insert(name, shape.to_vec());
    };
    add("visual_projection.weight".into(), &[768, WIDTH]);
    let name = |part: &str| format!("vision_model.{part}");
    add(name("embeddings.class_embedding"), &[WIDTH]);
    add(name("embeddings.patch_embedding.weight"), &[WIDTH, 3, 16, 16]);
    add(name("embeddings.position_embedding.weight"), &[17, WIDTH]);
    let mut modules = vec![(name("pre_layrnorm"), vec![WIDTH]), (name("post_layernorm"), vec![WIDTH])];
    for layer in 0..2 {
        let part = |part: &str| name(&format!("encoder.layers.{layer}.{part}"));
        modules.push((part("layer_norm1"), vec![WIDTH]));
        modules.push((part("layer_norm2"), vec![WIDTH]));
        for linear in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            modules.push((part(&format!("self_attn.{linear}")), vec![WIDTH, WIDTH]));
        }
        modules.push((part("mlp.fc1"), vec![MLP, WIDTH]));
        modules.push((part("mlp.fc2"), vec![WIDTH, MLP]));
    }
    for (module, shape) in modules {
        add(format!("{module}.weight"), &shape);
        add(format!("{module}.bias"), &shape[..1]);
    }
    let mut state = 1_u32;
    let mut number = |spread: f32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * spread
    };
    let bytes: BTreeMap<&String, Vec<u8>> = shapes
        .iter()
        .map(|(name, shape)| {
            let inputs: usize = shape.iter().skip(1).product::<usize>().max(1);
            let one = if name.contains("norm.weight") || name.contains("norm1.weight") { 1.0 } else { 0.0 };
            let spread = 1.5 / (inputs as f32).sqrt().min(6.0);
            let count: usize = shape.iter().product();
            let values = (0..count).flat_map(|_| (one + number(spread)).to_le_bytes());
            (name, values.collect())
        })
        .collect();
    let views = shapes
        .iter()
        .map(|(name, shape)| (name, TensorView::new(Dtype::F32, shape.clone(), &bytes[name]).unwrap()));
    serialize(views, None).unwrap()
}

fn listed(directory: &Path, name: &str) -> FileManifest {
    let path = directory.join(name);
    FileManifest {
        path: name.into(),
        bytes: fs::metadata(&path).unwrap().len(),
        sha256: sha256_of_file(&path).unwrap(),
        licence: "MIT".into(),
    }
}

fn manifest(directory: &Path) -> Manifest {
    let channels = [Channel::location(), Channel::photo()];
    let vote = |channel: &Channel| ChannelVote { channel: channel.clone(), weight: 1.0, temperature: 0.05 };
    Manifest {
        format: MANIFEST_FORMAT,
        name: "tiny-geoclip".into(),
        version: "1".into(),
        summary: "A test.".into(),
        encoder: EncoderManifest {
            kind: EncoderKind::Geoclip,
            config: "config.json".into(),
            weights: "clip.safetensors".into(),
            heads: Some("image_mlp.safetensors".into()),
            views: Vec::new(),
            preprocessor: None,
            dtype: EncoderType::F32,
            channels: Vec::new(),
        },
        locations: LocationsManifest {
            encoder: Some("location_encoder.safetensors".into()),
            ..LocationsManifest::default()
        },
        gallery: GalleryManifest { path: "gallery".into() },
        retrieval: channels
            .iter()
            .map(|channel| RetrievalManifest { channel: channel.clone(), top: 3 })
            .collect(),
        fused: None,
        ranker: RankerManifest::Similarity(SimilaritySettings {
            votes: channels.iter().map(vote).collect(),
            kernel: SpatialKernel { scales: vec![(25.0, 1.0)] },
        }),
        decision: DecisionManifest { rule: DecisionRule::Argmax, temperature: 1.0 },
        calibration: Calibration::none(),
        files: ["config.json", "clip.safetensors", "image_mlp.safetensors", "location_encoder.safetensors"]
            .map(|name| listed(directory, name))
            .to_vec(),
    }
}

#[test]
fn a_location_encoder_that_is_none_is_named_with_a_way_out() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let work = tempfile::tempdir().unwrap();
    for (name, source) in [
        ("config.json", "g3/config.json"),
        ("clip.safetensors", "tiny-clip/model.safetensors"),
        ("image_mlp.safetensors", "geoclip/image_mlp.safetensors"),
        // Another network's weights in its place.
        ("location_encoder.safetensors", "geoclip/image_mlp.safetensors"),
    ] {
        fs::copy(golden.join(source), work.path().join(name)).unwrap();
    }
    let pack = Pack::in_memory(work.path(), manifest(work.path()));
    let path = work.path().join("location_encoder.safetensors");
    let error = open_location_encoder(&pack).unwrap_err();
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("matching pair")), "{:?}", error.hint());
    // Damage is found before anything is read.
    fs::write(&path, b"short").unwrap();
    let error = open_location_encoder(&pack).unwrap_err().to_string();
    assert!(error.contains("location_encoder.safetensors is damaged"), "{error}");
}

#[test]
fn photos_and_places_meet_in_one_space() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let work = tempfile::tempdir().unwrap();
    let directory = work.path().join("pack");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("config.json"), CONFIG).unwrap();
    fs::write(directory.join("clip.safetensors"), clip()).unwrap();
    fs::copy(
        root.join("tests/golden/geoclip/image_mlp.safetensors"),
        directory.join("image_mlp.safetensors"),
    )
    .unwrap();
    let locations = "location_encoder.safetensors";
    fs::copy(root.join("packs/starter/geoclip").join(locations), directory.join(locations)).unwrap();
    let manifest = manifest(&directory);
    assert_eq!(manifest.problem(), None);
    fs::write(directory.join("pack.toml"), toml::to_string(&manifest).unwrap()).unwrap();

    let pack = Pack::open(&directory).unwrap();
    assert_eq!(*pack.manifest(), manifest);
    let encoder = PhotoEncoder::open(&pack).unwrap();
    let locations = open_location_encoder(&pack).unwrap();
    let samples = root.join("samples");
    let photos = ["creek.jpg", "glacier.jpg", "harbour.jpg"];
    let places = [(50.03, -114.81), (46.44, 8.08), (-33.86, 151.21)];
    let spec = GallerySpec {
        name: "three".into(),
        encoder_fingerprint: encoder.fingerprint().into(),
        channels: encoder.channels().to_vec(),
        precision: VectorPrecision::Int8,
        sources: Vec::new(),
    };
    let gallery = work.path().join("gallery");
    let mut writer = GalleryWriter::create(&gallery, &spec).unwrap();
    let source = writer.add_source(&SourceSpec::folder(samples.display().to_string())).unwrap();
    let files = PhotoFiles::open(&samples).unwrap();
    let builder = GalleryBuilder {
        encoder: &encoder,
        locations: locations.as_ref(),
        photos: &files,
        source,
        limits: Limits::default(),
    };
    let wanted: Vec<PhotoToAdd> = photos
        .iter()
        .zip(places)
        .map(|(name, (lat, lon))| PhotoToAdd {
            id: PhotoId((*name).into()),
            location: Some(LatLon::new(lat, lon).unwrap()),
            place: Place::default(),
            attribution: Attribution::default(),
        })
        .collect();
    let report =
        builder.add(&mut writer, wanted.into_iter().map(Ok), &AtomicBool::new(false), |_| ()).unwrap();
    assert_eq!((report.added, report.failed), (3, 0));
    writer.finish().unwrap();

    // The gallery's vectors in the location channel are those of the places.
    let locator = Locator::open_with_gallery(&directory, &gallery).unwrap();
    let place = locations.unwrap().encode_normalised(&[LatLon::new(46.44, 8.08).unwrap()]);
    let stored = locator.gallery().vector(&PhotoId("glacier.jpg".into()), &Channel::location()).unwrap();
    let cosine: f32 = place.iter().zip(&stored).map(|(a, b)| a * b).sum();
    assert!(cosine > 0.999, "{cosine}");
    for name in photos {
        let bytes = fs::read(samples.join(name)).unwrap();
        let photo = decode_photo(name, &bytes, &Limits::default()).unwrap();
        let estimate = locator.locate(&[photo], &LocateOptions::default()).remove(0).unwrap();
        assert_eq!(estimate.candidates.len(), 3);
    }
}
