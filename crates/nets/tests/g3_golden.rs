//! G3 against the official code: a tiny network of random weights, from its `.pth`.
#![cfg(feature = "transformers")]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

#[path = "../../photo/tests/photo_support/mod.rs"]
mod photo_support;
mod tensor_files;

use contract::Diagnose as _;
use geo::LatLon;
use nets::LoadOptions;
use nets::checkpoint::ShardedCheckpoint;
use nets::clip::ClipTokenizer;
use nets::g3::{G3, G3Config, PhotoVectors, web_mercator};
use photo_support::{golden, json, list, official};
use tensor_files::{Tensor, Tensors, read, write};

fn network() -> G3 {
    G3::open(&golden("g3/config.json"), &golden("g3/g3_tiny.pth"), &LoadOptions::default()).unwrap()
}

fn outputs() -> Tensors {
    read(&golden("g3/outputs.safetensors"))
}

fn places(tensor: &Tensor) -> Vec<LatLon> {
    let numbers = tensor.values();
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs.iter().map(|&[lat, lon]| LatLon::new(lat.into(), lon.into()).unwrap()).collect()
}

fn pixels(network: &G3) -> Vec<f32> {
    let names = json("g3/outputs.json");
    let photos = list(&names, "resized_cropped").iter().map(|name| official(name.as_str().unwrap()));
    photos.flat_map(|photo| network.clip().preprocessor().pixels(&photo).unwrap()).collect()
}

#[track_caller]
fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    eprintln!("{what}: largest error {largest:.1e} (allowed {tolerance:.0e})");
    assert!(largest < tolerance, "{what} differs by {largest}");
}

/// The three channels end to end, as the official index has them.
fn joined(vectors: &PhotoVectors, width: usize) -> Vec<f32> {
    let parts = [&vectors.image, &vectors.text, &vectors.location].map(|part| part.chunks(width));
    let [image, text, location] = parts;
    image.zip(text).zip(location).flat_map(|((a, b), c)| [a, b, c].concat()).collect()
}

/// `[rows, columns]` of inner products, times a factor.
fn products(rows: &[f32], columns: &[f32], width: usize, factor: f32) -> Vec<f32> {
    rows.chunks(width)
        .flat_map(|row| {
            columns
                .chunks(width)
                .map(move |column| factor * row.iter().zip(column).map(|(a, b)| a * b).sum::<f32>())
        })
        .collect()
}

/// The mean over both directions of the cross-entropy towards the diagonal of a square.
fn contrast(logits: &[f32], side: usize) -> f64 {
    let of = |index: &dyn Fn(usize, usize) -> usize| -> f64 {
        let one = |row: usize| {
            let values: Vec<f64> = (0..side).map(|column| f64::from(logits[index(row, column)])).collect();
            values.iter().map(|value| value.exp()).sum::<f64>().ln() - values[row]
        };
        (0..side).map(one).sum::<f64>() / side as f64
    };
    f64::midpoint(of(&|row, column| row * side + column), of(&|row, column| column * side + row))
}

#[test]
fn photos_texts_and_losses_equal_the_official_numbers() {
    let (network, outputs) = (network(), outputs());
    let width = network.dimension();
    let photos = network.encode_photos(&pixels(&network)).unwrap();
    close("retrieval vectors", &joined(&photos, width), &outputs["image_embeds_concat"].values(), 1e-5);

    let tokenizer = ClipTokenizer::from_directory(&golden("tiny-clip"), 77).unwrap();
    let expected = json("g3/outputs.json");
    let ids: Vec<_> = list(&expected, "texts")
        .iter()
        .map(|text| tokenizer.encode(text.as_str().unwrap()).unwrap())
        .collect();
    let texts = network.encode_texts(&ids).unwrap();
    close("texts", &texts, &outputs["text_embeds_1"].values(), 1e-5);
    let places = places(&outputs["coords"]);
    let locations = network.encode_locations(&places);
    close(
        "location features",
        &network.location_features(&places),
        &outputs["location_features"].values(),
        1e-5,
    );
    close("locations", &locations, &outputs["location_embeds_2"].values(), 1e-5);

    let [text_factor, location_factor, _] = network.logit_factors();
    let by_text = products(&texts, &photos.text, width, text_factor);
    close("logits of texts", &by_text, &outputs["logits_texts_images"].values(), 1e-3);
    let by_location = products(&locations, &photos.location, width, location_factor);
    close("logits of locations", &by_location, &outputs["logits_locations_images"].values(), 1e-3);
    for (name, logits) in [("loss1", &by_text), ("loss2", &by_location)] {
        let (found, expected) = (contrast(logits, places.len()), expected[name].as_f64().unwrap());
        eprintln!("{name}: {found:.6}, expected {expected:.6}");
        assert!((found - expected).abs() < 1e-4, "{name}: {found}, expected {expected}");
    }
}

#[test]
fn places_equal_the_official_numbers() {
    let (network, outputs) = (network(), outputs());
    let places = places(&outputs["mercator_coords"]);
    let scaled: Vec<f32> = places.iter().flat_map(|&place| web_mercator(place)).map(|x| x as f32).collect();
    close("Mercator", &scaled, &outputs["mercator_scaled"].values(), 1e-6);
    let features = network.location_features(&places);
    close("location features", &features, &outputs["mercator_features"].values(), 1e-5);
    let photos = network.encode_photos(&pixels(&network)).unwrap();
    let locations = network.encode_locations(&places);
    let similar = products(&locations, &photos.location, network.dimension(), 1.0);
    close("similarities", &similar, &outputs["similarity_64x8"].values(), 1e-5);
    let expected = json("g3/outputs.json");
    for pole in list(&expected, "pole_mercator_xy_m") {
        let number = |key: &str, index: usize| pole[key][index].as_f64().unwrap();
        let place = LatLon::new(number("lon_lat", 1), number("lon_lat", 0)).unwrap();
        let [north, east] = web_mercator(place).map(|value| value * 20_037_508.342_789_2);
        // At the pole the last bit of the tangent decides.
        assert!((north - number("xy", 1)).abs() < 1e-9 * number("xy", 1).abs() + 1e-6, "{north}");
        assert!((east - number("xy", 0)).abs() < 1e-6, "{east}");
    }
}

#[test]
fn a_batch_gives_what_single_photos_give_and_vectors_have_length_one() {
    let network = network();
    let (pixels, width) = (pixels(&network), network.dimension());
    let together = network.encode_photos(&pixels).unwrap();
    for (row, photo) in pixels.chunks(3 * 224 * 224).enumerate() {
        let alone = network.encode_photos(photo).unwrap();
        let range = row * width..(row + 1) * width;
        assert_eq!(alone.image, together.image[range.clone()]);
        assert_eq!(alone.text, together.text[range.clone()]);
        assert_eq!(alone.location, together.location[range]);
    }
    for channel in [&together.image, &together.text, &together.location] {
        assert!(channel.chunks(width).all(|row| (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    }
}

#[test]
fn safetensors_give_the_same_and_wrong_files_are_named() {
    let pth = ShardedCheckpoint::open_file(&golden("g3/g3_tiny.pth")).unwrap();
    let tensors: Tensors = pth
        .names()
        .map(|name| {
            let tensor = pth.tensor(name).unwrap();
            (name.to_owned(), Tensor::new(&tensor.shape, &tensor.floats().unwrap()))
        })
        .collect();
    assert_eq!(tensors.len(), 123);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g3.safetensors");
    write(&path, &tensors);
    let again = G3::open(&golden("g3/config.json"), &path, &LoadOptions::default()).unwrap();
    let network = network();
    let photo = &pixels(&network)[..3 * 224 * 224];
    assert_eq!(again.encode_photos(photo).unwrap(), network.encode_photos(photo).unwrap());

    // As parallel training names them; where only some are so named, nothing is taken off.
    let parallel: Tensors =
        tensors.iter().map(|(name, tensor)| (format!("module.{name}"), tensor.clone())).collect();
    write(&path, &parallel);
    let again = G3::open(&golden("g3/config.json"), &path, &LoadOptions::default()).unwrap();
    assert_eq!(again.encode_photos(photo).unwrap(), network.encode_photos(photo).unwrap());
    let mut mixed = parallel;
    mixed.insert("logit_scale1".into(), mixed["module.logit_scale1"].clone());
    write(&path, &mixed);
    let error = G3::open(&golden("g3/config.json"), &path, &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("unexpected (module."), "{error}");

    let mut short = tensors;
    short.remove("location_encoder.LocEnc1.capsule.0.b");
    write(&path, &short);
    let error = G3::open(&golden("g3/config.json"), &path, &LoadOptions::default()).unwrap_err().to_string();
    assert!(
        error.contains("location_encoder.LocEnc1.capsule.0.b") && error.contains("g3.safetensors"),
        "{error}"
    );
    let bytes = std::fs::read(golden("g3/g3_tiny.pth")).unwrap();
    let cut = directory.path().join("cut.pth");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = G3::open(&golden("g3/config.json"), &cut, &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("cut.pth is a damaged PyTorch file"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("download it again")) && error.is_broken_model());
    let error = G3::open(&golden("g3/config.json"), &golden("g3/runs_code.pth"), &LoadOptions::default());
    let error = error.unwrap_err();
    assert!(error.to_string().contains("runs_code.pth is no PyTorch state dict"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("executed")) && error.is_broken_model());
    let whole = std::fs::read_to_string(golden("g3/config.json")).unwrap();
    // The text tower is the configuration's to describe, and its older object does.
    let older = whole.replace("\"text_config\"", "\"text_config_dict\"");
    assert!(G3Config::from_json("config.json", &older).unwrap().clip.text.is_some());
    let none = whole.replace("\"text_config\"", "\"other_config\"");
    let error = G3Config::from_json("config.json", &none).unwrap_err().to_string();
    assert!(error.starts_with("config.json: text_config: "), "{error}");
    let wide = whole.replace("\"location_dim\": 20", "\"location_dim\": 21");
    let config = G3Config::from_json("config.json", &wide).unwrap();
    assert!(G3::load(&config, &pth, &LoadOptions::default()).unwrap_err().to_string().contains("misshapen"));
}
