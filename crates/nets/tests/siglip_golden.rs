//! `SigLIP`'s vision tower against transformers (tests/golden/siglip/make.py).
#![cfg(feature = "transformers")]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

#[path = "../../photo/tests/photo_support/mod.rs"]
mod photo_support;
mod tensor_files;

use nets::LoadOptions;
use nets::operators::Operators;
use nets::siglip::{SiglipVision, config_from_json};
use nets::vision_transformer::{Preprocessor, Squaring};
use photo::{Filter, Image};
use photo_support::{golden, official};
use tensor_files::{Tensor, read, write};

const SIDE: usize = 96;

fn photos() -> Vec<Image> {
    ["photo_b_jpg", "tall_jpg", "gray_jpg"]
        .iter()
        .map(|name| official(&format!("images/decoded/{name}.png")))
        .collect()
}

/// The golden network, with its own preprocessing or that of another `resample`.
fn network(holding: &LoadOptions, resample: u32) -> SiglipVision {
    let network = SiglipVision::open(&golden("siglip"), holding).unwrap();
    let json = std::fs::read_to_string(golden("siglip/preprocessor_config.json")).unwrap();
    let json = json.replace("\"resample\": 3", &format!("\"resample\": {resample}"));
    let preprocessor = Preprocessor::from_json("preprocessor_config.json", &json, network.config()).unwrap();
    network.with_preprocessor(preprocessor)
}

#[track_caller]
fn close(what: &str, found: &[f32], expected: &Tensor, tolerance: f32) {
    let expected = expected.values();
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    eprintln!("{what}: largest error {largest:.1e} (allowed {tolerance:.0e})");
    assert!(largest < tolerance, "{what} differs by {largest}");
}

#[test]
fn vectors_equal_the_reference() {
    let outputs = read(&golden("siglip/outputs.safetensors"));
    let composed = LoadOptions { operators: Some(Operators::Composed), ..LoadOptions::default() };
    for holding in [LoadOptions::default(), composed] {
        // SigLIP 2 resamples bilinearly.
        for (name, resample) in [("siglip", 3), ("siglip2", 2)] {
            let network = network(&holding, resample);
            let pixels: Vec<f32> =
                photos().iter().flat_map(|photo| network.preprocessor().pixels(photo).unwrap()).collect();
            let rows: Vec<f32> = pixels[..3 * SIDE * SIDE]
                .chunks(SIDE * SIDE)
                .flat_map(|channel| channel[17 * SIDE..18 * SIDE].to_vec())
                .collect();
            close("pixels", &rows, &outputs[&format!("{name}.pixels_first_photo_row_17")], 1e-6);
            let vectors = network.encode(&pixels).unwrap();
            close(name, &vectors, &outputs[&format!("{name}.pooled")], 1e-4);
            let width = network.dimension();
            for (row, photo) in pixels.chunks(3 * SIDE * SIDE).enumerate() {
                let alone = network.encode(photo).unwrap();
                let among = &vectors[row * width..(row + 1) * width];
                // Our kernels to the bit; candle's to noise.
                let noise = if holding.operators.is_none() { 0.0 } else { 1e-5 };
                assert!(alone.iter().zip(among).all(|(a, b)| (a - b).abs() <= noise));
            }
            let units = network.encode_normalised(&pixels).unwrap();
            assert!(
                units.chunks(width).all(|row| (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5)
            );
        }
    }
}

#[test]
fn the_numbers_of_filters_are_pillows() {
    let own = SiglipVision::open(&golden("siglip"), &LoadOptions::default()).unwrap();
    let size = SIDE as u32;
    assert_eq!(own.preprocessor().squaring, Squaring::Squash { size, filter: Filter::Bicubic });
    for (json, filter) in [
        (r#"{"resample": 1}"#, Filter::Lanczos),
        (r#"{"resample": 2}"#, Filter::Bilinear),
        (r#"{"resample": 3}"#, Filter::Bicubic),
        ("{}", Filter::Bicubic),
    ] {
        let found = Preprocessor::from_json("p.json", json, own.config()).unwrap();
        assert_eq!(found.squaring, Squaring::Squash { size, filter }, "{json}");
    }
}

#[test]
fn a_value_is_counted_from_the_start_of_its_tensor() {
    let directory = tempfile::tempdir().unwrap();
    let mut tensors = read(&golden("siglip/model.safetensors"));
    std::fs::copy(golden("siglip/config.json"), directory.path().join("config.json")).unwrap();
    let name = "vision_model.head.attention.in_proj_weight";
    // In the values' part of the three that lie in one tensor.
    let index = 2 * 48 * 48 + 48 + 5;
    let changed = tensors[name].clone().with(index, f32::NAN);
    tensors.insert(name.into(), changed);
    write(&directory.path().join("model.safetensors"), &tensors);
    let error = SiglipVision::open(directory.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains(&format!("tensor {name}: value {index} is NaN")), "{error}");
}

#[test]
fn whole_checkpoints_are_read_and_wrong_ones_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut tensors = read(&golden("siglip/model.safetensors"));
    for name in ["logit_scale", "logit_bias", "text_model.head.weight"] {
        tensors.insert(name.into(), Tensor::new(&[1], &[0.0]));
    }
    let json = std::fs::read_to_string(golden("siglip/config.json")).unwrap();
    std::fs::write(
        directory.path().join("config.json"),
        format!(r#"{{"model_type": "siglip", "vision_config": {json}}}"#),
    )
    .unwrap();
    let weights = directory.path().join("model.safetensors");
    write(&weights, &tensors);
    SiglipVision::open(directory.path(), &LoadOptions::default()).unwrap();
    tensors.remove("vision_model.head.probe");
    write(&weights, &tensors);
    let error = SiglipVision::open(directory.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("1 missing (vision_model.head.probe)"), "{error}");
    for (json, why) in [
        (r#"{"model_type": "siglip2", "vision_config": {}}"#, "model_type"),
        (r#"{"model_type": "siglip_vision_model", "vision_use_head": false}"#, "vision_use_head"),
    ] {
        let error = config_from_json("config.json", json).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    // A second object is CLIP's; the reference knows none here.
    let json = r#"{"model_type": "siglip", "vision_config": {}, "vision_config_dict": {"patch_size": 32}}"#;
    let base = config_from_json("config.json", json).unwrap();
    assert_eq!((base.tokens(), base.width()), (196, 768));
}
