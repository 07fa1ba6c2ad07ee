//! CLIP against transformers: a tiny network of random weights, and the full tokenizer.
#![cfg(feature = "transformers")]
#![allow(clippy::unwrap_used, reason = "the helpers read fixtures, too")]

#[path = "../../photo/tests/photo_support/mod.rs"]
mod photo_support;
mod tensor_files;

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::GzDecoder;
use nets::checkpoint::ShardedCheckpoint;
use nets::clip::{Clip, ClipConfig, ClipTokenizer, ClipVision, TokenizedText};
use nets::operators::Operators;
use nets::vision_transformer::Preprocessor;
use nets::{ComputeType, LoadOptions};
use photo::Image;
use photo_support::{bytes, golden, json, list, official, text};
use tensor_files::{Tensor, Tensors, read, write};

fn outputs() -> Tensors {
    read(&golden("tiny-clip/outputs.safetensors"))
}

fn tokenizer() -> ClipTokenizer {
    ClipTokenizer::from_directory(&golden("tiny-clip"), 77).unwrap()
}

fn texts() -> Vec<TokenizedText> {
    let tokenizer = tokenizer();
    list(&json("tiny-clip/outputs.json"), "texts")
        .iter()
        .map(|text| tokenizer.encode(text.as_str().unwrap()).unwrap())
        .collect()
}

/// The photos as the reference resized and cropped them.
fn photos() -> Vec<Image> {
    list(&json("tiny-clip/outputs.json"), "resized_cropped")
        .iter()
        .map(|name| official(name.as_str().unwrap()))
        .collect()
}

fn pixels(preprocessor: &Preprocessor, photos: &[Image]) -> Vec<f32> {
    photos.iter().flat_map(|photo| preprocessor.pixels(photo).unwrap()).collect()
}

#[track_caller]
fn close(what: &str, found: &[f32], expected: &Tensor, tolerance: f32) {
    let expected = expected.values();
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    eprintln!("{what}: largest error {largest:.1e} (allowed {tolerance:.0e})");
    assert!(largest < tolerance, "{what} differs by {largest}");
}

fn composed() -> LoadOptions {
    LoadOptions { operators: Some(Operators::Composed), ..LoadOptions::default() }
}

#[test]
fn embeddings_and_logits_equal_the_reference() {
    let outputs = outputs();
    for holding in [LoadOptions::default(), composed()] {
        let clip = Clip::open(&golden("tiny-clip"), &holding).unwrap();
        let pixels = pixels(clip.vision.preprocessor(), &photos());
        let images = clip.vision.encode_normalised(&pixels).unwrap();
        let texts = texts();
        let of_texts = clip.encode_texts_normalised(&texts).unwrap();
        close("photos", &images, &outputs["image_embeds"], 1e-5);
        close("texts", &of_texts, &outputs["text_embeds"], 1e-5);
        close("photos, pooled", &clip.vision.pooled(&pixels).unwrap(), &outputs["vision_pooled"], 2e-5);
        close("texts, pooled", &clip.pooled_texts(&texts).unwrap(), &outputs["text_pooled"], 2e-5);
        let features = clip.encode_texts(&texts).unwrap();
        close("text features", &features, &outputs["text_features_unnormalized_dynamic_padding"], 2e-5);
        let width = clip.vision.dimension();
        let logits: Vec<f32> = images
            .chunks(width)
            .flat_map(|photo| {
                of_texts
                    .chunks(width)
                    .map(|text| clip.logit_factor() * photo.iter().zip(text).map(|(a, b)| a * b).sum::<f32>())
            })
            .collect();
        close("logits", &logits, &outputs["logits_per_image"], 1e-4);
    }
}

#[test]
fn the_photo_side_alone_and_in_other_types() {
    let outputs = outputs();
    let vision = ClipVision::open(&golden("tiny-clip"), &LoadOptions::default()).unwrap();
    let pixels = pixels(vision.preprocessor(), &photos());
    let together = vision.encode_normalised(&pixels).unwrap();
    close("photos", &together, &outputs["image_embeds"], 1e-5);
    let width = vision.dimension();
    for (row, photo) in pixels.chunks(3 * 224 * 224).enumerate() {
        // To the bit.
        assert_eq!(vision.encode_normalised(photo).unwrap(), together[row * width..(row + 1) * width]);
    }
    let many: Vec<f32> = pixels.iter().copied().cycle().take(5 * pixels.len()).collect();
    let all = vision.encode_normalised(&many).unwrap();
    assert!(all.chunks(together.len()).all(|part| part == together));
    let rounded = ClipVision::open(
        &golden("tiny-clip"),
        &LoadOptions { dtype: ComputeType::Bf16, ..LoadOptions::default() },
    )
    .unwrap();
    close("photos in bf16", &rounded.encode_normalised(&pixels).unwrap(), &outputs["image_embeds"], 3e-2);
    for wrong in [&pixels[1..], &[]] {
        assert!(vision.encode(wrong).unwrap_err().to_string().contains("a multiple of 3 x 224 x 224"));
    }
}

#[test]
fn ids_equal_the_reference() {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes("tokenizer-clip/tokenizer.json.gz").as_slice()).read_to_end(&mut unpacked).unwrap();
    let full = ClipTokenizer::from_bytes("tokenizer.json", &unpacked, 77).unwrap();
    let tiny = tokenizer();
    let cases = json("tokenizer-clip/cases.json");
    for case in list(&cases, "cases") {
        let text = text(case, "text");
        let numbers = |key: &str| -> Vec<u32> {
            case[key].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
        };
        let found = full.encode(text).unwrap();
        assert_eq!(found.ids, numbers("ids_77"), "{text}");
        assert_eq!(found.tokens as u32, numbers("attention_mask").iter().sum::<u32>(), "{text}");
        assert_eq!(tiny.encode(text).unwrap().ids, numbers("tiny_ids_77"), "{text}");
    }
}

#[test]
fn texts_that_do_not_fit_are_refused() {
    let clip = Clip::open(&golden("tiny-clip"), &LoadOptions::default()).unwrap();
    for (ids, why) in [(vec![], "1 to 77"), (vec![1; 78], "1 to 77"), (vec![1, 1114], "below 1114, not 1114")]
    {
        let error = clip.encode_texts(&[ids]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert!(clip.encode_texts(&[] as &[Vec<u32>]).unwrap().is_empty());
}

#[test]
fn wrong_tensors_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let config = ClipConfig::from_directory(&golden("tiny-clip")).unwrap();
    let open = |tensors: &Tensors| {
        write(&path, tensors);
        let checkpoint = ShardedCheckpoint::open_file(&path).unwrap();
        Clip::load(&config, &checkpoint, &LoadOptions::default()).map(drop)
    };
    let good = read(&golden("tiny-clip/model.safetensors"));
    let mut with_ids = good.clone();
    let ids = Tensor::zeros(safetensors::Dtype::I64, &[1, 77]);
    with_ids.insert("text_model.embeddings.position_ids".into(), ids);
    open(&with_ids).unwrap();
    let missing = "vision_model.pre_layrnorm.bias";
    let mut short = good.clone();
    short.remove(missing);
    short.insert("vision_model.extra".into(), Tensor::new(&[1], &[0.0]));
    short.insert("visual_projection.weight".into(), Tensor::new(&[1, 2], &[0.0, 0.0]));
    let error = open(&short).unwrap_err().to_string();
    for part in [missing, "vision_model.extra", "visual_projection.weight is F32 [1, 2]", "[48, 64]"] {
        assert!(error.contains(part) && error.contains("model.safetensors"), "{part}: {error}");
    }
    let name = "text_model.encoder.layers.1.mlp.fc1.weight";
    let mut infinite = good.clone();
    infinite.insert(name.into(), good[name].clone().with(5, f32::NAN));
    let error = open(&infinite).unwrap_err().to_string();
    assert!(error.contains(name) && error.contains("value 5 is NaN"), "{error}");
}

#[test]
fn configurations_of_the_hub_are_read_and_wrong_ones_refused() {
    let read = |json: &str| ClipConfig::from_json("config.json", json);
    // As in openai/clip-vit-base-patch32, whose fields have the usual values.
    let base = read(r#"{"model_type": "clip", "text_config": {}, "vision_config": {}}"#).unwrap();
    assert_eq!((base.vision.image_size(), base.vision.tokens(), base.projection), (224, 50, 512));
    // As in openai/clip-vit-large-patch14, with the older second objects, which alone count.
    let large = read(
        r#"{"model_type": "clip", "projection_dim": 768,
            "text_config_dict": {"hidden_size": 768, "num_attention_heads": 12, "vocab_size": null},
            "text_config": {"hidden_size": 64, "eos_token_id": 2, "vocab_size": 77, "max_position_embeddings": 7},
            "vision_config": {"hidden_size": 32, "image_size": 336},
            "vision_config_dict": {"hidden_size": 1024, "num_attention_heads": 16, "patch_size": 14,
                                   "num_hidden_layers": 24, "intermediate_size": 4096}}"#,
    )
    .unwrap();
    assert_eq!((large.vision.tokens(), large.vision.width(), large.projection), (257, 1024, 768));
    let text = large.text.unwrap();
    assert_eq!((text.vocabulary(), text.positions()), (49_408, 77));
    let nothing =
        r#"{"vision_config_dict": null, "vision_config": {"image_size": 64}, "text_config_dict": {}}"#;
    let nothing = read(nothing).unwrap();
    assert!(nothing.vision.image_size() == 64 && nothing.text.is_some());
    let alone = read(r#"{"model_type": "clip_vision_model", "patch_size": 16}"#).unwrap();
    assert!(alone.text.is_none() && alone.vision.tokens() == 197);
    for (json, field) in [
        (Cow::from("[]"), "line 1"),
        ("{}".into(), "vision_config"),
        (r#"{"model_type": "bert", "vision_config": {}}"#.into(), "model_type"),
        (r#"{"vision_config": {"hidden_size": 100}}"#.into(), "vision_config.num_attention_heads"),
        (r#"{"vision_config": {"hidden_act": "relu"}}"#.into(), "vision_config.hidden_act"),
        (r#"{"vision_config": {"patch_size": 0}}"#.into(), "vision_config.patch_size"),
        (r#"{"vision_config": {"patch_size": 300}}"#.into(), "vision_config.patch_size"),
        (r#"{"vision_config": {"num_channels": 1}}"#.into(), "vision_config.num_channels"),
        (r#"{"vision_config": {}, "text_config": {"vocab_size": 0}}"#.into(), "text_config.vocab_size"),
        (
            r#"{"vision_config": {}, "text_config": {"vocab_size": 100, "eos_token_id": 100}}"#.into(),
            "text_config.eos_token_id: 100 is not below the vocabulary's size, 100",
        ),
        (r#"{"vision_config_dict": {"patch_size": 0}}"#.into(), "vision_config_dict.patch_size"),
    ] {
        let error = read(&json).unwrap_err().to_string();
        assert!(error.contains(field), "{json}: {error}");
    }
    // A text tower of another kind is no obstacle to who wants the photos' alone.
    for json in [
        r#"{"vision_config": {}, "text_config": {"eos_token_id": [2, 3]}}"#,
        r#"{"vision_config": {}, "text_config": {"hidden_act": "swish"}}"#,
    ] {
        assert!(read(json).unwrap_err().to_string().contains("text_config."));
        assert!(ClipConfig::vision_from_json("config.json", json).unwrap().text.is_none());
    }
    let preprocessor = |json: &str| Preprocessor::from_json("p.json", json, &base.vision);
    assert_eq!(preprocessor("{}").unwrap(), Preprocessor::usual(&base.vision));
    let old = r#"{"size": 224, "crop_size": 224, "do_center_crop": true, "resample": 3}"#;
    assert_eq!(preprocessor(old).unwrap(), Preprocessor::usual(&base.vision));
    for (json, field) in [
        (r#"{"size": 336}"#, "size"),
        (r#"{"resample": 0}"#, "resample"),
        (r#"{"image_std": [1, 0, 1]}"#, "image_std"),
        (r#"{"image_std": [1, 1e-50, 1]}"#, "image_std"),
        (r#"{"image_std": [1, 1e50, 1]}"#, "image_std"),
        (r#"{"image_std": [1, 1, 2e-38], "image_mean": [1, 1, 9e5]}"#, "image_std"),
        (r#"{"image_mean": [0, 0, 1e300]}"#, "image_mean"),
        (r#"{"rescale_factor": 1e-50}"#, "rescale_factor"),
        (r#"{"image_mean": [1]}"#, "image_mean"),
        (r#"{"do_resize": false}"#, "do_resize"),
        (r#"{"crop_size": {"height": 224, "width": 200}}"#, "crop_size"),
        (r#"{"do_center_crop": false}"#, "size"),
    ] {
        let error = preprocessor(json).unwrap_err().to_string();
        assert!(error.contains(&format!("p.json: {field}")), "{json}: {error}");
    }
}

/// A folder with CLIP's golden files, its configuration and preprocessing changed.
fn changed(config: impl Fn(String) -> String, preprocessor: Option<&str>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(golden("tiny-clip/model.safetensors"), directory.path().join("model.safetensors")).unwrap();
    let json = std::fs::read_to_string(golden("tiny-clip/config.json")).unwrap();
    std::fs::write(directory.path().join("config.json"), config(json)).unwrap();
    if let Some(json) = preprocessor {
        std::fs::write(directory.path().join("preprocessor_config.json"), json).unwrap();
    }
    directory
}

#[test]
fn both_ways_of_opening_obey_the_preprocessing_of_the_directory() {
    let directory = changed(|json| json, Some(r#"{"image_mean": [0.25, 0.5, 0.75]}"#));
    let clip = Clip::open(directory.path(), &LoadOptions::default()).unwrap();
    let vision = ClipVision::open(directory.path(), &LoadOptions::default()).unwrap();
    assert_eq!(clip.vision.preprocessor(), vision.preprocessor());
    assert_eq!(
        clip.vision.preprocessor().normalisation.mean.map(f64::to_bits),
        [0.25_f64, 0.5, 0.75].map(f64::to_bits)
    );
    let wrong = changed(|json| json, Some(r#"{"do_resize": false}"#));
    let error = Clip::open(wrong.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("preprocessor_config.json: do_resize"), "{error}");
}

#[test]
fn a_missing_text_tower_is_the_configurations_fault() {
    let directory = changed(|json| json.replace("\"text_config\"", "\"other_config\""), None);
    let error = Clip::open(directory.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("config.json: text_config: "), "{error}");
    ClipVision::open(directory.path(), &LoadOptions::default()).unwrap();
    let older = changed(|json| json.replace("\"text_config\"", "\"text_config_dict\""), None);
    Clip::open(older.path(), &LoadOptions::default()).unwrap();
    // What is not read cannot be wrong.
    let odd = changed(|json| json.replace("\"eos_token_id\": 2", "\"eos_token_id\": [2]"), None);
    ClipVision::open(odd.path(), &LoadOptions::default()).unwrap();
    assert!(Clip::open(odd.path(), &LoadOptions::default()).is_err());
}

#[test]
fn tokenizers_that_leave_no_room_for_text_are_refused() {
    let bytes = std::fs::read(golden("tiny-clip/tokenizer.json")).unwrap();
    for length in [0, 1, 2] {
        let error = ClipTokenizer::from_bytes("tokenizer.json", &bytes, length).unwrap_err().to_string();
        assert!(error.contains("tokenizer.json: post_processor: it adds 2 tokens"), "{error}");
    }
    let short = ClipTokenizer::from_bytes("tokenizer.json", &bytes, 3).unwrap();
    assert_eq!(short.encode("a photo of a glacier").unwrap().tokens, 3);
}

#[test]
fn headers_that_lie_are_errors_in_every_profile() {
    // Lengths whose sum with that of the header is more than can be counted.
    let length = (1_u64 << 61) - 1;
    let tensors: Vec<String> = (0..8)
        .map(|index| {
            let (start, end) = (index * length, (index + 1) * length);
            format!(r#""t{index}": {{"dtype": "U8", "shape": [{length}], "data_offsets": [{start}, {end}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", tensors.join(", "));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lies.safetensors");
    for data in [0, 8, 16] {
        let bytes =
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), vec![0; data].as_slice()].concat();
        std::fs::write(&path, bytes).unwrap();
        let error = ShardedCheckpoint::open_file(&path).unwrap_err().to_string();
        assert!(error.contains("lies.safetensors is not a complete safetensors file"), "{error}");
    }
}
