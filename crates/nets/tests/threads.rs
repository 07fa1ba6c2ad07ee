//! A network that has threads of its own computes on no others. The only test of its binary: it counts the threads of the
//! whole process, and rayon starts those of its shared pool when they are first used.
#![cfg(all(feature = "lvlm", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod tensor_files;

use std::fs;

use geo::LatLon;
use nets::LoadOptions;
use nets::clip::{Clip, ClipVision};
use nets::g3::G3;
use nets::geoclip::{ImageHead, LocationEncoder, PhotoEncoder};
use nets::qwen2_vl::generation::{GenerationSettings, Sampling};
use nets::qwen2_vl::patches::{PATCH_VALUES, Patches};
use nets::qwen2_vl::{Parts, Prompt, Qwen2Vl, Sharing};
use nets::siglip::SiglipVision;
use tensor_files::{Tensor, golden, json, read, write};

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// The tiny CLIP with as wide embeddings as `GeoCLIP`'s image head takes.
fn wide_clip(options: &LoadOptions) -> ClipVision {
    let directory = tempfile::tempdir().unwrap();
    let mut config = json(&golden("tiny-clip/config.json"));
    config["projection_dim"] = ImageHead::INPUTS.into();
    fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
    let mut tensors = read(&golden("tiny-clip/model.safetensors"));
    let inputs = tensors["visual_projection.weight"].shape[1];
    let values: Vec<f32> = (0..ImageHead::INPUTS * inputs).map(|index| (index % 17) as f32 / 17.0).collect();
    tensors.insert("visual_projection.weight".to_owned(), Tensor::new(&[ImageHead::INPUTS, inputs], &values));
    write(&directory.path().join("model.safetensors"), &tensors);
    ClipVision::open(directory.path(), options).unwrap()
}

#[test]
fn a_network_with_a_thread_of_its_own_uses_no_other() {
    let options = LoadOptions { threads: Some(1), ..LoadOptions::default() };
    let places = [LatLon::new(48.9, 2.3).unwrap(), LatLon::new(-33.9, 151.2).unwrap()];
    let ids = [[0_u32, 5, 2], [0, 7, 2]];
    let pixels = vec![0.25; 3 * 224 * 224];
    let before = threads();

    let clip = Clip::open(&golden("tiny-clip"), &options).unwrap();
    clip.vision.encode_normalised(&pixels).unwrap();
    clip.encode_texts_normalised(&ids).unwrap();
    assert_eq!(threads(), before + 1, "CLIP");

    let photos = PhotoEncoder::new(
        wide_clip(&options),
        ImageHead::from_file(&golden("geoclip/image_mlp.safetensors")).unwrap(),
    )
    .unwrap();
    photos.encode_normalised(&pixels).unwrap();
    assert_eq!(threads(), before + 2, "GeoCLIP's photos");

    let weights = golden("../../packs/starter/geoclip/location_encoder.safetensors");
    let locations = LocationEncoder::from_file(&weights, &options).unwrap();
    locations.encode_normalised(&places);
    assert_eq!(threads(), before + 3, "GeoCLIP's locations");

    let g3 = G3::open(&golden("g3/config.json"), &golden("g3/g3_tiny.pth"), &options).unwrap();
    g3.encode_photos(&pixels).unwrap();
    g3.encode_texts(&ids).unwrap();
    g3.encode_locations(&places);
    assert_eq!(threads(), before + 4, "G3");

    let siglip = SiglipVision::open(&golden("siglip"), &options).unwrap();
    let side = siglip.config().image_size();
    siglip.encode_normalised(&vec![0.25; 3 * side * side]).unwrap();
    assert_eq!(threads(), before + 5, "SigLIP");

    let adapter = nets::lora::Adapter::open(&golden("tiny-qwen2vl-adapter")).unwrap();
    let parts = Parts { adapter: Some(&adapter), output_layer: true, ..Parts::default() };
    let qwen = Qwen2Vl::open_with(&golden("tiny-qwen2vl"), parts, &options).unwrap();
    let patches = Patches { values: vec![0.25; 16 * PATCH_VALUES], rows: 4, columns: 4 };
    assert_eq!(qwen.encode_photos(&[patches]).unwrap().len(), 1);
    let prompt = |last| Prompt { ids: vec![10, 20, last], photos: Vec::new() };
    qwen.score(&[prompt(30), prompt(40)], &[], Sharing::SharedPrefix).unwrap();
    let settings = GenerationSettings { max_tokens: 2, end_tokens: Vec::new(), sampling: Sampling::greedy() };
    qwen.generate(&prompt(30), &[], &settings, 0..2, &|| true).unwrap();
    assert_eq!(threads(), before + 6, "Qwen2-VL");

    // What the test would see otherwise.
    assert!(rayon::current_num_threads() > 0);
    assert!(threads() > before + 6, "rayon's shared pool was running before");
}
