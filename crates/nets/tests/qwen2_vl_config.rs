//! `config.json` of Qwen2-VL: the published sizes pass, in both layouts, and what is not supported is named.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod tensor_files;

use nets::NetworkError;
use nets::qwen2_vl::config::{Config, LanguageConfig, SpecialTokens};
use serde_json::{Value, json};
use tensor_files::golden;

/// The hub's layout, with the sizes of a published model.
fn published([hidden, inner, layers, heads, key_value_heads, vocabulary]: [usize; 6], tied: bool) -> Value {
    json!({
        "architectures": ["Qwen2VLForConditionalGeneration"], "attention_dropout": 0.0,
        "bos_token_id": 151_643, "eos_token_id": 151_645, "vision_start_token_id": 151_652,
        "vision_end_token_id": 151_653, "vision_token_id": 151_654, "image_token_id": 151_655,
        "video_token_id": 151_656, "hidden_act": "silu", "hidden_size": hidden,
        "intermediate_size": inner, "max_position_embeddings": 32768, "max_window_layers": 28,
        "model_type": "qwen2_vl", "num_attention_heads": heads, "num_hidden_layers": layers,
        "num_key_value_heads": key_value_heads, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0,
        "sliding_window": 32768, "tie_word_embeddings": tied, "torch_dtype": "bfloat16",
        "use_sliding_window": false,
        "vision_config": {
            "depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3,
            "hidden_size": hidden, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14,
            "temporal_patch_size": 2
        },
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "vocab_size": vocabulary
    })
}

const B2: [usize; 6] = [1536, 8960, 28, 12, 2, 151_936];
const B7: [usize; 6] = [3584, 18944, 28, 28, 4, 152_064];
const B72: [usize; 6] = [8192, 29568, 80, 64, 8, 152_064];

fn parse(value: &Value) -> Result<Config, NetworkError> {
    Config::from_json("config.json", &value.to_string())
}

#[test]
fn the_published_sizes_pass() {
    for (sizes, tied) in [(B2, true), (B7, false), (B72, false)] {
        let config = parse(&published(sizes, tied)).unwrap();
        let [hidden_size, intermediate_size, layers, heads, key_value_heads, vocabulary] = sizes;
        let expected = LanguageConfig {
            hidden_size,
            intermediate_size,
            layers,
            heads,
            key_value_heads,
            head_dim: 128,
            rms_norm_epsilon: 1e-6,
            rope_theta: 1e6,
            mrope_section: [16, 24, 24],
            vocabulary,
            tie_word_embeddings: tied,
        };
        assert_eq!(config.language, expected);
        let vision = &config.vision;
        assert_eq!((vision.depth, vision.embed_dim, vision.heads, vision.mlp_dim), (32, 1280, 16, 5120));
        assert_eq!((vision.patch_size, vision.temporal_patch_size, vision.spatial_merge_size), (14, 2, 2));
        assert_eq!((vision.in_channels, vision.output_dim), (3, hidden_size));
        assert_eq!((vision.head_dim(), vision.patch_dim(), vision.merged_dim()), (80, 1176, 5120));
        let tokens =
            SpecialTokens { image: 151_655, vision_start: 151_652, vision_end: 151_653, video: 151_656 };
        assert_eq!(config.tokens, tokens);
        assert_eq!(config.stored.as_deref(), Some("bfloat16"));
    }
}

#[test]
fn the_tiny_one_is_read_from_its_directory() {
    let config = Config::from_directory(&golden("tiny-qwen2vl")).unwrap();
    assert_eq!((config.language.hidden_size, config.language.layers, config.language.head_dim), (128, 3, 32));
    assert_eq!(config.language.mrope_section, [4, 6, 6]);
    assert_eq!((config.vision.depth, config.vision.mlp_dim, config.vision.output_dim), (3, 256, 128));
    assert_eq!((config.tokens.image, config.tokens.vision_start), (4072, 4069));
    assert!(matches!(Config::from_directory(&golden("nowhere")), Err(NetworkError::Read { .. })));
}

/// The newer layout of a published model: language fields inside, defaults left out.
fn nested(flat: &Value, rope: &str) -> Value {
    let mut text = flat.clone();
    let object = text.as_object_mut().unwrap();
    for field in ["vision_config", "image_token_id", "video_token_id", "vision_start_token_id"] {
        object.remove(field);
    }
    object.remove("rope_scaling");
    object.remove("torch_dtype");
    object.insert("model_type".into(), "qwen2_vl_text".into());
    let section = json!([16, 24, 24]);
    if rope == "rope_parameters" {
        let theta = object.remove("rope_theta");
        object.insert(
            rope.into(),
            json!({"mrope_section": section, "rope_theta": theta, "rope_type": "default", "type": "default"}),
        );
    } else {
        object.insert(
            rope.into(),
            json!({"mrope_section": section, "rope_type": "default", "type": "default"}),
        );
    }
    json!({
        "model_type": "qwen2_vl", "dtype": "bfloat16", "image_token_id": 151_655, "text_config": text,
        "vision_config": {"hidden_size": flat["hidden_size"], "in_chans": 3, "in_channels": 3, "model_type": "qwen2_vl"}
    })
}

#[test]
fn the_newer_layout_says_the_same() {
    for (sizes, tied) in [(B2, true), (B7, false), (B72, false)] {
        let flat = published(sizes, tied);
        for rope in ["rope_scaling", "rope_parameters"] {
            assert_eq!(parse(&nested(&flat, rope)).unwrap(), parse(&flat).unwrap(), "{rope}");
        }
    }
}

#[test]
fn the_newer_layout_may_leave_out_defaults() {
    let mut value = nested(&published(B72, false), "rope_parameters");
    let text = value["text_config"].as_object_mut().unwrap();
    for field in [
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "vocab_size",
        "tie_word_embeddings",
        "hidden_act",
        "use_sliding_window",
        "rms_norm_eps",
    ] {
        text.remove(field);
    }
    let config = parse(&value).unwrap();
    let mut expected = parse(&published(B72, false)).unwrap();
    expected.language.rms_norm_epsilon = 1e-5;
    assert_eq!(config, expected);
}

fn with(path: &[&str], new: Value) -> Value {
    let mut value = published(B2, true);
    let (last, parents) = path.split_last().unwrap();
    let object = parents.iter().fold(&mut value, |value, part| &mut value[*part]);
    if new.is_null() {
        object.as_object_mut().unwrap().remove(*last);
    } else {
        object[*last] = new;
    }
    value
}

#[test]
fn what_is_wrong_or_not_supported_is_named() {
    let cases: &[(&[&str], Value, &str, &str)] = &[
        (&["model_type"], json!("qwen2_5_vl"), "model_type", "only qwen2_vl"),
        (&["model_type"], json!("qwen2"), "model_type", "\"qwen2\" is not supported"),
        (&["model_type"], json!("qwen3_vl"), "model_type", "only qwen2_vl"),
        (&["model_type"], Value::Null, "model_type", "supported is qwen2_vl"),
        (&["quantization_config"], json!({"bits": 4}), "quantization_config", "not supported"),
        (&["hidden_size"], Value::Null, "hidden_size", "the field is missing"),
        (&["hidden_size"], json!(0), "hidden_size", "1..="),
        (&["hidden_size"], json!(1537), "num_attention_heads", "does not divide"),
        (&["hidden_size"], json!("1536"), "hidden_size", "whole number"),
        (&["intermediate_size"], json!(-1), "intermediate_size", "whole number"),
        (&["num_hidden_layers"], json!(1_000_000_000), "num_hidden_layers", "1..="),
        (&["num_attention_heads"], json!(0), "num_attention_heads", "1..="),
        (&["num_key_value_heads"], json!(5), "num_key_value_heads", "does not divide"),
        (&["head_dim"], json!(64), "head_dim", "128"),
        (&["hidden_act"], json!("gelu"), "hidden_act", "only silu"),
        (&["use_sliding_window"], json!(true), "use_sliding_window", "not supported"),
        (&["use_sliding_window"], json!(1), "use_sliding_window", "neither true nor false"),
        (&["rms_norm_eps"], json!(0.0), "rms_norm_eps", "above 0"),
        (&["rope_theta"], json!(-1.0), "rope_theta", "above 0"),
        (&["vocab_size"], json!(151_000), "image_token_id", "vocabulary"),
        (&["vocab_size"], json!(1e3), "vocab_size", "whole number"),
        (&["tie_word_embeddings"], json!("no"), "tie_word_embeddings", "neither"),
        (&["image_token_id"], Value::Null, "image_token_id", "the field is missing"),
        (&["image_token_id"], json!(151_656), "image_token_id", "must differ"),
        (&["rope_scaling"], Value::Null, "rope_scaling", "rope_parameters"),
        (&["rope_scaling"], json!(3), "rope_scaling", "not an object"),
        (&["rope_scaling", "type"], json!("yarn"), "rope_scaling.type", "only mrope or default"),
        (
            &["rope_scaling", "mrope_section"],
            json!([16, 24, 23]),
            "rope_scaling.mrope_section",
            "adds up to 63",
        ),
        (&["rope_scaling", "mrope_section"], json!([16, 48]), "rope_scaling.mrope_section", "three"),
        (&["rope_scaling", "mrope_section"], json!([16, 24, -24]), "rope_scaling.mrope_section", "1..="),
        (&["rope_scaling", "mrope_section"], Value::Null, "rope_scaling.mrope_section", "three"),
        (&["vision_config"], json!([]), "vision_config", "not an object"),
        (&["vision_config", "hidden_size"], json!(3584), "vision_config.hidden_size", "1536"),
        (&["vision_config", "embed_dim"], json!(1264), "vision_config.embed_dim", "multiple of 4"),
        (&["vision_config", "num_heads"], json!(0), "vision_config.num_heads", "1..="),
        (&["vision_config", "mlp_ratio"], json!(0), "vision_config.mlp_ratio", "above 0"),
        (&["vision_config", "in_chans"], json!(1), "vision_config.in_chans", "3 channels"),
        (&["vision_config", "patch_size"], json!(100_000), "vision_config.patch_size", "1..="),
        (&["vision_config", "hidden_act"], json!("relu"), "vision_config.hidden_act", "only quick_gelu"),
        (
            &["text_config"],
            json!({"model_type": "qwen2_5_vl_text"}),
            "text_config.model_type",
            "not supported",
        ),
    ];
    for (path, new, named, reason) in cases {
        let error = parse(&with(path, new.clone())).expect_err(&format!("{path:?} = {new} was read"));
        let NetworkError::Config { file, field, why } = &error else { panic!("{error}") };
        assert_eq!((file.as_str(), field.as_str()), ("config.json", *named), "{path:?} = {new}: {why}");
        assert!(why.contains(reason), "{path:?} = {new}: {why}");
    }
}

#[test]
fn what_is_no_json_is_named() {
    for text in ["", "[]", "{\"model_type\": ", "null"] {
        let error = Config::from_json("config.json", text).unwrap_err();
        assert!(matches!(error, NetworkError::Config { .. }), "{error}");
    }
}
