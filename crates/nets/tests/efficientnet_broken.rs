//! Broken models and inputs: each is refused, by name, and nothing is loaded in part.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;

use contract::Diagnose as _;
use nets::LoadOptions;
use nets::NetworkError;
use nets::efficientnet_lite::{EfficientNetLite, Request};
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

/// A tiny network: stem, three blocks (one residual, one 5x5 with stride 2), head.
fn config() -> serde_json::Value {
    serde_json::json!({
        "variant": "tiny", "input_size": 21, "crop_pct": 0.875, "interpolation": "bicubic",
        "mean_0_255": [127.0, 127.0, 127.0], "std_0_255": [128.0, 128.0, 128.0],
        "bn_eps": 0.001, "activation": "relu6", "se": false, "stem": 8, "head": 20, "num_classes": 7,
        "blocks": [
            {"kernel": 3, "stride": 1, "expand": 1, "in": 8, "out": 12},
            {"kernel": 3, "stride": 1, "expand": 6, "in": 12, "out": 12},
            {"kernel": 5, "stride": 2, "expand": 4, "in": 12, "out": 50}
        ]
    })
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn tensors() -> Tensors {
    let mut tensors = Tensors::new();
    let mut convolution = |name: &str, normalisation: &str, shape: [usize; 4]| {
        let count = shape.iter().product::<usize>();
        let fan_in = (count / shape[0]) as f32;
        let weights =
            (0..count).map(|index| ((index * 31 % 17) as f32 / 8.0 - 1.0) / fan_in.sqrt()).collect();
        tensors.insert(format!("{name}.weight"), (shape.to_vec(), weights));
        for (part, value) in [("weight", 1.5), ("bias", 0.25), ("running_mean", 0.125), ("running_var", 0.5)]
        {
            tensors.insert(format!("{normalisation}.{part}"), (vec![shape[0]], vec![value; shape[0]]));
        }
    };
    convolution("_conv_stem", "_bn0", [8, 3, 3, 3]);
    for (index, [input, inner, output, kernel]) in
        [[8, 8, 12, 3], [12, 72, 12, 3], [12, 48, 50, 5]].into_iter().enumerate()
    {
        let name = |part: &str| format!("_blocks.{index}.{part}");
        if index > 0 {
            convolution(&name("_expand_conv"), &name("_bn0"), [inner, input, 1, 1]);
        }
        convolution(&name("_depthwise_conv"), &name("_bn1"), [inner, 1, kernel, kernel]);
        convolution(&name("_project_conv"), &name("_bn2"), [output, inner, 1, 1]);
    }
    convolution("_conv_head", "_bn1", [20, 50, 1, 1]);
    tensors.insert("_fc.weight".into(), (vec![7, 20], (0..140).map(|index| index as f32 / 140.0).collect()));
    tensors.insert("_fc.bias".into(), (vec![7], vec![0.5; 7]));
    tensors
}

fn bytes(tensors: &Tensors) -> Vec<u8> {
    let data: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, values))| {
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views: Vec<(&String, TensorView<'_>)> = data
        .iter()
        .map(|(name, shape, data)| (*name, TensorView::new(Dtype::F32, (*shape).clone(), data).unwrap()))
        .collect();
    serialize(views, None).unwrap()
}

fn load(config: &serde_json::Value, tensors: &Tensors) -> Result<EfficientNetLite, NetworkError> {
    EfficientNetLite::from_bytes(config.to_string().as_bytes(), &bytes(tensors), &LoadOptions::default())
}

#[test]
fn the_whole_one_runs() {
    let network = load(&config(), &tensors()).unwrap();
    let image: Vec<f32> = (0..21 * 21 * 3).map(|index| (index % 11) as f32 / 5.0 - 1.0).collect();
    let request = Request { blocks: vec![2, 0], logits: true, ..Request::default() };
    let output = network.forward(&image, &request).unwrap();
    assert_eq!((output.batch, output.pooled.len(), output.logits.len()), (1, 20, 7));
    assert_eq!(output.blocks.iter().map(Vec::len).collect::<Vec<_>>(), [50, 12]);
    assert!(
        output.pooled.iter().any(|&value| value > 0.0) && output.logits.iter().all(|value| value.is_finite())
    );
    assert_eq!(network.forward(&[], &request).unwrap().batch, 0);
}

#[test]
fn every_tensor_that_differs_is_listed() {
    let mut broken = tensors();
    broken.remove("_bn0.weight");
    broken.remove("_blocks.1._expand_conv.weight");
    broken.insert("_fc.extra".into(), (vec![1], vec![0.0]));
    broken.insert("_fc.bias".into(), (vec![8], vec![0.0; 8]));
    let Err(NetworkError::Tensors { problems, .. }) = load(&config(), &broken) else {
        panic!("loaded");
    };
    assert_eq!(problems.missing, ["_bn0.weight", "_blocks.1._expand_conv.weight"]);
    assert_eq!(problems.unexpected, ["_fc.extra"]);
    assert_eq!(problems.misshapen.len(), 1);
    let text = problems.to_string();
    assert!(text.contains("2 missing (_bn0.weight, _blocks.1._expand_conv.weight)"), "{text}");
    assert!(text.contains("1 misshapen (_fc.bias is F32 [8], expected F32 [7])"), "{text}");
}

#[test]
fn weights_that_are_no_numbers_are_named() {
    for value in [f32::NAN, f32::INFINITY] {
        let mut broken = tensors();
        broken.get_mut("_blocks.2._bn1.bias").unwrap().1[3] = value;
        let error = load(&config(), &broken).unwrap_err();
        assert!(error.to_string().contains("tensor _blocks.2._bn1.bias: value 3 is"), "{error}");
        assert!(error.is_broken_model() && error.hint().is_some());
    }
    let mut broken = tensors();
    broken.get_mut("_bn1.running_var").unwrap().1[5] = -1.0;
    let error = load(&config(), &broken).unwrap_err().to_string();
    assert!(error.contains("_bn1.running_var: value 5 is negative"), "{error}");
}

#[test]
fn files_cut_short_are_refused_at_any_length() {
    let (config, bytes) = (config().to_string(), bytes(&tensors()));
    for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        let error =
            EfficientNetLite::from_bytes(config.as_bytes(), &bytes[..length], &LoadOptions::default())
                .unwrap_err();
        assert!(matches!(error, NetworkError::NotSafetensors { .. }), "{error}");
    }
}

#[test]
fn configurations_that_make_no_sense_are_named() {
    let changes: [(&str, serde_json::Value, &str); 8] = [
        ("/activation", "swish".into(), "config.json: activation:"),
        ("/se", true.into(), "config.json: se:"),
        ("/input_size", 0.into(), "config.json: input_size:"),
        ("/bn_eps", (-1.0).into(), "config.json: bn_eps:"),
        ("/blocks/1/kernel", 7.into(), "config.json: blocks[1].kernel:"),
        ("/blocks/2/stride", 3.into(), "config.json: blocks[2].stride:"),
        ("/blocks/2/in", 13.into(), "config.json: blocks[2].in:"),
        ("/blocks/0/expand", 6.into(), "config.json: blocks[0].expand:"),
    ];
    for (path, value, expected) in changes {
        let mut config = config();
        *config.pointer_mut(path).unwrap() = value;
        let error = load(&config, &tensors()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = EfficientNetLite::from_bytes(b"{\"variant\": 3", &[], &LoadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("config.json: line 1:"), "{error}");
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let network = load(&config(), &tensors()).unwrap();
    let error = network.forward_features(&[0.0; 100]).unwrap_err();
    assert_eq!(error.to_string(), "images: 100 numbers given, expected a multiple of 21 x 21 x 3");
    assert!(!error.is_broken_model());
    let request = Request { blocks: vec![3], ..Request::default() };
    let error = network.forward(&[], &request).unwrap_err().to_string();
    assert_eq!(error, "block 3 was asked for, but the network has 3 blocks (0 to 2)");
}
