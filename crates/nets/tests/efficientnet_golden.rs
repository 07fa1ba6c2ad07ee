//! EfficientNet-Lite2 (and Lite0, where its weights are) against numbers of the official Python packages.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};

use kernels::Instructions;
use nets::LoadOptions;
use nets::efficientnet_lite::{EfficientNetLite, Request, Threads};
use safetensors::SafeTensors;

const PHOTOS: [&str; 4] = ["photo_b_jpg", "photo_d_jpg", "gray_jpg", "kauai_png"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden(name: &str) -> PathBuf {
    root().join("tests/golden/efflite").join(name)
}

fn lite2() -> EfficientNetLite {
    let directory = root().join("packs/starter/efficientnet-lite2");
    EfficientNetLite::from_files(
        &directory.join("config.json"),
        &directory.join("model.safetensors"),
        &LoadOptions::default(),
    )
    .unwrap()
}

/// Its weights are too large for the repository.
fn lite0() -> EfficientNetLite {
    let directory = std::env::var_os("GEORANKER_LITE0_DIR").expect("GEORANKER_LITE0_DIR is not set");
    let weights = PathBuf::from(directory).join("model.safetensors");
    EfficientNetLite::from_files(&golden("lite0_config.json"), &weights, &LoadOptions::default()).unwrap()
}

/// The photos as the network wants them, one after the other.
fn images(network: &EfficientNetLite, variant: &str) -> Vec<f32> {
    let config = network.config();
    let mut images = Vec::new();
    for photo in PHOTOS {
        let image = image::open(golden(&format!("{variant}_{photo}.png"))).unwrap().to_rgb8();
        assert_eq!(image.width() as usize, config.input_size);
        for pixel in image.pixels() {
            for channel in 0..3 {
                let value = f32::from(pixel[channel]);
                images.push((value - config.mean_0_255[channel]) / config.std_0_255[channel]);
            }
        }
    }
    images
}

fn floats(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let view = tensors.tensor(name).unwrap();
    view.data().as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

fn five_best(logits: &[f32]) -> Vec<u64> {
    let mut indices: Vec<usize> = (0..logits.len()).collect();
    indices.sort_by(|&left, &right| logits[right].total_cmp(&logits[left]));
    indices.into_iter().take(5).map(|index| index as u64).collect()
}

fn equals_golden(network: &EfficientNetLite, variant: &str) {
    let bytes = std::fs::read(golden(&format!("{variant}.safetensors"))).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let cases: serde_json::Value =
        serde_json::from_slice(&std::fs::read(golden("efflite.json")).unwrap()).unwrap();
    let request = Request { logits: true, ..Request::default() };
    let output = network.forward(&images(network, variant), &request).unwrap();
    let (head, classes) = (network.config().head, network.config().num_classes);
    let rows = output.pooled.chunks(head).zip(output.logits.chunks(classes));
    let (mut pooled_error, mut logits_error) = (0.0_f32, 0.0_f32);
    for (photo, (pooled, logits)) in PHOTOS.iter().zip(rows) {
        pooled_error =
            pooled_error.max(largest_difference(pooled, &floats(&tensors, &format!("{photo}.pooled"))));
        logits_error =
            logits_error.max(largest_difference(logits, &floats(&tensors, &format!("{photo}.logits"))));
        let case = cases[variant].as_array().unwrap().iter().find(|case| {
            case["resized_cropped"].as_str().unwrap() == format!("efflite/{variant}_{photo}.png")
        });
        let case = case.unwrap();
        if case["margin_5_6"].as_f64().unwrap() > 2e-3 {
            let expected: Vec<u64> =
                case["top5"].as_array().unwrap().iter().map(|best| best["class"].as_u64().unwrap()).collect();
            assert_eq!(five_best(logits), expected, "{photo}");
        }
    }
    eprintln!("{variant}: largest error of pooled {pooled_error:.2e}, of logits {logits_error:.2e}");
    assert!(pooled_error < 1e-3, "pooled features differ by {pooled_error}");
    assert!(logits_error < 1e-3, "logits differ by {logits_error}");
}

#[test]
fn lite2_equals_the_official_numbers() {
    for &instructions in Instructions::available() {
        equals_golden(&lite2().with_instructions(instructions), "lite2");
    }
}

#[test]
#[ignore = "needs the weights of EfficientNet-Lite0: cargo xtask test sets them up"]
fn lite0_equals_the_official_numbers() {
    for &instructions in Instructions::available() {
        equals_golden(&lite0().with_instructions(instructions), "lite0");
    }
}

#[test]
fn batches_and_threads_do_not_change_a_bit() {
    let network = lite2();
    let images = images(&network, "lite2");
    let numbers = images.len() / PHOTOS.len();
    let request = |threads| Request { blocks: vec![0, 4, 20, 4], logits: true, threads };
    let together = network.forward(&images, &request(Threads::One)).unwrap();
    assert_eq!(together.batch, PHOTOS.len());
    for threads in [1, 2, 3, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| network.forward(&images, &request(Threads::Pool)).unwrap()), together);
    }
    for (index, image) in images.chunks(numbers).enumerate() {
        for threads in [Threads::One, Threads::Pool] {
            let alone = network.forward(image, &request(threads)).unwrap();
            let row = |all: &[f32]| {
                let length = all.len() / PHOTOS.len();
                all[index * length..(index + 1) * length].to_vec()
            };
            assert_eq!(alone.pooled, row(&together.pooled));
            assert_eq!(alone.logits, row(&together.logits));
            for (alone, all) in alone.blocks.iter().zip(&together.blocks) {
                assert_eq!(*alone, row(all));
            }
        }
    }
    let channels: Vec<usize> = together.blocks.iter().map(|block| block.len() / PHOTOS.len()).collect();
    assert_eq!(channels, [16, 48, 352, 48]);
}
