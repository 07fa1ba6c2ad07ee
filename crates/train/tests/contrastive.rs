//! G3's contrastive training against the official code: `tests/golden/g3`.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use geo::LatLon;
use nets::LoadOptions;
use nets::checkpoint::ShardedCheckpoint;
use nets::clip::ClipTokenizer;
use nets::g3::{G3, G3Config};
use photo::{DecodeOptions, Limits, decode};
use serde_json::Value;
use train::TrainError;
use train::contrastive::{G3Batch, G3Heads};

fn golden(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", path].iter().collect()
}

fn config() -> G3Config {
    G3Config::from_file(&golden("g3/config.json")).unwrap()
}

fn checkpoint() -> ShardedCheckpoint {
    ShardedCheckpoint::open_file(&golden("g3/g3_tiny.pth")).unwrap()
}

fn heads() -> G3Heads {
    G3Heads::load(&config(), &checkpoint(), &Device::Cpu).unwrap()
}

fn open(weights: &Path) -> G3 {
    G3::open(&golden("g3/config.json"), weights, &LoadOptions::default()).unwrap()
}

/// What the official code computed.
struct Official {
    json: Value,
    tensors: ShardedCheckpoint,
}

impl Official {
    fn read() -> Self {
        let json = serde_json::from_slice(&std::fs::read(golden("g3/outputs.json")).unwrap()).unwrap();
        Self { json, tensors: ShardedCheckpoint::open_file(&golden("g3/outputs.safetensors")).unwrap() }
    }

    fn number(&self, name: &str) -> f64 {
        self.json[name].as_f64().unwrap()
    }

    fn names(&self, list: &str) -> Vec<&str> {
        self.json[list].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    fn gradient_norms(&self) -> BTreeMap<&str, f64> {
        let norms = self.json["grad_norms"].as_object().unwrap();
        norms.iter().map(|(name, norm)| (name.as_str(), norm.as_f64().unwrap())).collect()
    }
}

/// The golden batch, through our own CLIP.
struct Batch {
    pixels: Vec<f32>,
    ids: Vec<Vec<u32>>,
    photos: Vec<f32>,
    texts: Vec<f32>,
    locations: Vec<LatLon>,
}

impl Batch {
    fn read(official: &Official) -> Self {
        let network = open(&golden("g3/g3_tiny.pth"));
        let pixels = |name: &str| {
            let bytes = std::fs::read(golden(name)).unwrap();
            let photo = decode(&bytes, &Limits::default(), DecodeOptions::official()).unwrap();
            network.clip().preprocessor().pixels(&photo).unwrap()
        };
        let pixels: Vec<f32> = official.names("resized_cropped").into_iter().flat_map(pixels).collect();
        let tokenizer = ClipTokenizer::from_directory(&golden("tiny-clip"), 77).unwrap();
        let ids: Vec<_> =
            official.names("texts").into_iter().map(|text| tokenizer.encode(text).unwrap().ids).collect();
        let coordinates = official.tensors.floats("coords").unwrap();
        let (pairs, _) = coordinates.as_chunks::<2>();
        Self {
            photos: network.clip().encode(&pixels).unwrap(),
            texts: network.project_texts(&ids).unwrap(),
            locations: pairs.iter().map(|&[lat, lon]| LatLon::new(lat.into(), lon.into()).unwrap()).collect(),
            pixels,
            ids,
        }
    }

    fn all(&self) -> G3Batch<'_> {
        G3Batch { photos: &self.photos, texts: &self.texts, locations: &self.locations }
    }
}

fn scalar(tensor: &Tensor) -> f64 {
    tensor.to_scalar::<f32>().unwrap().into()
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn total(heads: &G3Heads, batch: &Batch) -> Tensor {
    heads.losses(&batch.all()).unwrap().total().unwrap()
}

fn gradient(gradients: &GradStore, variable: &Var) -> Vec<f32> {
    floats(gradients.get(variable).unwrap())
}

fn largest_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn losses_and_gradients_equal_the_official_numbers() {
    let (official, heads) = (Official::read(), heads());
    let batch = Batch::read(&official);
    for (name, found) in [("vision_projected", &batch.photos), ("text_projected", &batch.texts)] {
        let error = largest_error(found, &official.tensors.floats(name).unwrap());
        assert!(error < 1e-5, "{name} differs by {error}");
    }
    let losses = heads.losses(&batch.all()).unwrap();
    let loss = losses.total().unwrap();
    for (name, tensor) in [("loss1", &losses.texts), ("loss2", &losses.locations), ("loss", &loss)] {
        let (found, expected) = (scalar(tensor), official.number(name));
        eprintln!("{name}: {found:.6}, expected {expected:.6}");
        assert!((found - expected).abs() < 1e-3, "{name}: {found}, expected {expected}");
    }

    let gradients = loss.backward().unwrap();
    let expected = official.gradient_norms();
    let ours: BTreeSet<&str> = heads.variables().map(|(name, _)| name).collect();
    assert_eq!(ours, expected.keys().copied().collect(), "the trained tensors");
    assert_eq!(official.names("requires_grad_but_no_grad"), ["logit_scale3"]);
    let (mut squares, mut worst) = (0.0, (0.0, ""));
    for (name, variable) in heads.variables() {
        let gradient = gradient(&gradients, variable);
        let (found, expected) = (norm(&gradient), expected[name]);
        let error = (found / expected - 1.0).abs();
        assert!(error < 1e-2, "{name}: gradient norm {found}, expected {expected}");
        squares += found * found;
        if error > worst.0 {
            worst = (error, name);
        }
        // Of three tensors every value is known.
        if let Ok(values) = official.tensors.floats(&format!("grad_{name}")) {
            let error = f64::from(largest_error(&gradient, &values));
            eprintln!("{name}: largest error of a value {error:.1e}, norm {expected:.3}");
            assert!(error < 1e-3 * expected, "{name}: a value differs by {error}");
        }
    }
    eprintln!("worst gradient norm: {}, relative error {:.1e}", worst.1, worst.0);
    let (found, expected) = (f64::sqrt(squares), official.number("total_grad_norm"));
    eprintln!("norm of all: {found:.5}, expected {expected:.5}");
    assert!((found / expected - 1.0).abs() < 1e-2, "norm of all gradients: {found}, expected {expected}");
}

#[test]
fn a_gradient_is_the_slope_of_the_loss() {
    let (official, heads) = (Official::read(), heads());
    let batch = Batch::read(&official);
    let gradients = total(&heads, &batch).backward().unwrap();
    for wanted in
        ["location_encoder.LocEnc2.capsule.1.weight", "text_projection_else.0.weight", "logit_scale1"]
    {
        let (_, variable) = heads.variables().find(|(name, _)| *name == wanted).unwrap();
        let gradient = gradient(&gradients, variable);
        let steepest = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()));
        let at = steepest.unwrap();
        let values = floats(variable);
        let with = |change: f32| {
            let mut values = values.clone();
            values[at] += change;
            variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
            scalar(&total(&heads, &batch))
        };
        let step = 2e-3;
        let slope = (with(step) - with(-step)) / f64::from(2.0 * step);
        with(0.0);
        let expected = f64::from(gradient[at]);
        eprintln!("{wanted}: slope {slope:.4}, gradient {expected:.4}");
        assert!((slope / expected - 1.0).abs() < 1e-2, "{wanted}: slope {slope}, gradient {expected}");
    }
}

#[test]
fn what_was_saved_is_the_network_and_what_was_trained_is_kept() {
    let (official, heads) = (Official::read(), heads());
    let batch = Batch::read(&official);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g3.safetensors");
    heads.save(&checkpoint(), &path).unwrap();
    let (before, again) = (open(&golden("g3/g3_tiny.pth")), open(&path));
    assert_eq!(again.encode_photos(&batch.pixels).unwrap(), before.encode_photos(&batch.pixels).unwrap());
    assert_eq!(again.encode_texts(&batch.ids).unwrap(), before.encode_texts(&batch.ids).unwrap());
    assert_eq!(again.encode_locations(&batch.locations), before.encode_locations(&batch.locations));

    let variables = heads.variables().map(|(_, variable)| variable.clone()).collect();
    let mut optimizer = AdamW::new(variables, ParamsAdamW { lr: 1e-3, ..ParamsAdamW::default() }).unwrap();
    let start = scalar(&total(&heads, &batch));
    for _ in 0..10 {
        optimizer.backward_step(&total(&heads, &batch)).unwrap();
    }
    let end = scalar(&total(&heads, &batch));
    eprintln!("loss before {start:.3}, after ten steps {end:.3}");
    assert!(end < start - 2.0, "loss {start} -> {end}");

    // Onto the file that is being read, too.
    let source = ShardedCheckpoint::open_file(&path).unwrap();
    heads.save(&source, &path).unwrap();
    let trained = ShardedCheckpoint::open_file(&path).unwrap();
    let names: BTreeSet<&str> = heads.variables().map(|(name, _)| name).collect();
    assert!(trained.names().eq(checkpoint().names()));
    for name in trained.names() {
        let same = trained.tensor(name).unwrap().data() == source.tensor(name).unwrap().data();
        assert_eq!(same, !names.contains(name), "{name}");
    }
    let loaded = G3Heads::load(&config(), &trained, &Device::Cpu).unwrap();
    assert_eq!(scalar(&total(&loaded, &batch)).to_bits(), end.to_bits());
    // The network that is used must mean by these weights what the training meant.
    let network = open(&path);
    let photos = network.encode_photos(&batch.pixels).unwrap();
    let [text_factor, location_factor, _] = network.logit_factors();
    let texts = network.encode_texts(&batch.ids).unwrap();
    let locations = network.encode_locations(&batch.locations);
    let width = network.dimension();
    let used = contrast(&texts, &photos.text, width, text_factor)
        + contrast(&locations, &photos.location, width, location_factor);
    assert!((used - end).abs() < 1e-3, "the saved network's loss is {used}, in training it was {end}");
}

/// The loss of unit vectors, written down plainly.
fn contrast(rows: &[f32], columns: &[f32], width: usize, factor: f32) -> f64 {
    let rows: Vec<&[f32]> = rows.chunks(width).collect();
    let columns: Vec<&[f32]> = columns.chunks(width).collect();
    let logit = |a: &[f32], b: &[f32]| f64::from(factor * a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>());
    let one = |from: &[&[f32]], to: &[&[f32]]| -> f64 {
        let each = from.iter().zip(to).map(|(here, own)| {
            to.iter().map(|there| logit(here, there).exp()).sum::<f64>().ln() - logit(here, own)
        });
        each.sum::<f64>() / from.len() as f64
    };
    f64::midpoint(one(&rows, &columns), one(&columns, &rows))
}

#[test]
fn what_does_not_fit_is_named() {
    let official = Official::read();
    let (heads, batch) = (heads(), Batch::read(&official));
    let error = |batch: G3Batch<'_>| heads.losses(&batch).unwrap_err();
    let short = error(G3Batch { texts: &batch.texts[1..], ..batch.all() }).to_string();
    assert!(short.contains("texts") && short.contains("191") && short.contains("8 rows of 24"), "{short}");
    let empty = error(G3Batch { photos: &[], texts: &[], locations: &[] });
    assert!(matches!(empty, TrainError::RowCount { expected: 1, found: 0, .. }), "{empty}");

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g3.safetensors");
    let (_, scale) = heads.variables().find(|(name, _)| *name == "logit_scale1").unwrap();
    scale.set(&Tensor::new(f32::NAN, &Device::Cpu).unwrap()).unwrap();
    let broken = heads.save(&checkpoint(), &path).unwrap_err().to_string();
    assert!(broken.contains("logit_scale1") && broken.contains("NaN"), "{broken}");
    let other = BTreeMap::from([("logit_scale4".into(), vec![1.0]), ("logit_scale2".into(), vec![1.0, 2.0])]);
    let other = checkpoint().save_with(&other, &path).unwrap_err().to_string();
    assert!(other.contains("1 missing (logit_scale4); 1 misshapen (logit_scale2"), "{other}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left behind");
}
