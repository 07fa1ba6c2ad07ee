//! Decoding, resizing and normalising against numbers of the reference stack.

mod photo_support;

use photo::{
    Filter, Format, Layout, Normalisation, ShortSideCrop, SmartResize, normalise, resize,
    resize_short_side_and_crop, smart_resize, sniff,
};
use photo_support::{bytes, difference, golden, json, list, official, text};
use safetensors::SafeTensors;
use serde_json::Value;

#[test]
fn decoding_equals_the_reference() {
    for case in list(&json("images/images.json"), "images") {
        let file = text(case, "file");
        let image = official(file);
        let expected = official(text(case, "decoded"));
        let (greatest, mean) = difference(&image, &expected);
        println!("{file}: greatest {greatest}, mean {mean:.3}");
        let lossy = sniff(&bytes(file)) == Some(Format::Jpeg);
        let (allowed, allowed_mean) = if lossy { (8, 1.0) } else { (0, 1e-9) };
        assert!(greatest <= allowed && mean < allowed_mean, "{file}: {greatest}, {mean}");
    }
}

#[test]
fn reencoded_files_decode_close_to_the_reference() {
    for case in list(&json("images/images.json"), "images") {
        let (Some(file), Some(resized)) = (case["reencoded"].as_str(), case["reencoded_fetched"].as_str())
        else {
            continue;
        };
        let expected = official(resized);
        let image = resize(&official(file), expected.width(), expected.height(), Filter::Bicubic).unwrap();
        let (greatest, mean) = difference(&image, &expected);
        println!("{file}: greatest {greatest}, mean {mean:.3}");
        assert!(greatest <= 9 && mean < 1.0, "{file}: {greatest}, {mean}");
    }
}

#[test]
fn resizing_equals_the_reference_byte_for_byte() {
    for case in list(&json("images/images.json"), "images") {
        let expected = official(text(case, "fetched"));
        let decoded = official(text(case, "decoded"));
        let image = resize(&decoded, expected.width(), expected.height(), Filter::Bicubic).unwrap();
        assert_eq!(image, expected, "{}", text(case, "file"));
        let (height, width) =
            smart_resize(decoded.height(), decoded.width(), &SmartResize::QWEN2_VL).unwrap();
        assert_eq!((image.width(), image.height()), (width, height));
    }
}

#[test]
fn clip_preprocessing_equals_the_reference() {
    let tensors = std::fs::read(golden("preproc/clip224.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&tensors).unwrap();
    for case in list(&json("preproc/clip224.json"), "images") {
        let name = text(case, "image");
        let expected = official(text(case, "resized_cropped"));
        let image =
            resize_short_side_and_crop(&official(text(case, "decoded")), &ShortSideCrop::clip(224)).unwrap();
        assert_eq!(image, expected, "{name}");

        let values = normalise(&image, &Normalisation::CLIP, Layout::Nchw);
        check_statistics(&values, &case["pixel_values"], 1e-6);
        let stem = name.trim_start_matches("images/").replace('.', "_");
        let tensor = tensors.tensor(&format!("{stem}_rows_0_111_223")).unwrap();
        let rows: Vec<f32> =
            tensor.data().as_chunks::<4>().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
        for channel in 0..3 {
            for (index, row) in [0, 111, 223].into_iter().enumerate() {
                let expected = &rows[(channel * 3 + index) * 224..][..224];
                let values = &values[(channel * 224 + row) * 224..][..224];
                for (value, expected) in values.iter().zip(expected) {
                    assert!((value - expected).abs() < 1e-6, "{name}: {value} {expected}");
                }
            }
        }
    }
}

#[test]
fn efficientnet_preprocessing_equals_the_reference() {
    let fixture = json("efflite/efflite.json");
    for (network, size) in [("lite0", 224), ("lite2", 260)] {
        for case in list(&fixture, network) {
            let name = text(case, "image");
            let expected = official(text(case, "resized_cropped"));
            let decoded = official(text(case, "decoded"));
            let image =
                resize_short_side_and_crop(&decoded, &ShortSideCrop::efficientnet_lite(size)).unwrap();
            assert_eq!(image, expected, "{network} {name}");
            let values = normalise(&image, &Normalisation::EFFICIENTNET_LITE, Layout::Nchw);
            check_statistics(&values, &case["input"], 1e-9);
        }
    }
}

/// Sums over all values catch what the shipped rows cannot.
fn check_statistics(values: &[f32], expected: &Value, tolerance: f64) {
    let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
    let absolute: f64 = values.iter().map(|&value| f64::from(value).abs()).sum();
    let weighted: f64 =
        values.iter().enumerate().map(|(index, &value)| f64::from(value) * ((index + 1) % 97) as f64).sum();
    for (name, value, scale) in
        [("sum", sum, 1.0), ("abs_sum", absolute, 1.0), ("weighted_sum_i_mod_97", weighted, 97.0)]
    {
        let expected = expected[name].as_f64().expect("a number");
        assert!((value - expected).abs() <= tolerance * scale, "{name}: {value}, expected {expected}");
    }
}

#[test]
fn both_layouts_hold_the_same_values() {
    let image = official("images/tiny.png");
    let planes = normalise(&image, &Normalisation::CLIP, Layout::Nchw);
    let pixels = normalise(&image, &Normalisation::CLIP, Layout::Nhwc);
    let area = (image.width() * image.height()) as usize;
    for index in 0..area {
        for channel in 0..3 {
            assert_eq!(planes[channel * area + index].to_bits(), pixels[index * 3 + channel].to_bits());
        }
    }
}

#[test]
fn smart_resize_equals_the_reference() {
    let fixture = json("preproc/smart_resize.json");
    let rows = list(&fixture, "rows");
    assert!(rows.len() >= 50);
    let tight = SmartResize { min_pixels: 200_704, max_pixels: 1_003_520, ..SmartResize::QWEN2_VL_PROCESSOR };
    for row in rows {
        let side = |key: &str| row[key].as_u64().unwrap() as u32;
        let (height, width) = (side("h"), side("w"));
        for (column, bounds) in [
            ("qwen_vl_utils", SmartResize::QWEN2_VL),
            ("processor", SmartResize::QWEN2_VL_PROCESSOR),
            ("processor_min200704_max1003520", tight),
        ] {
            let expected = &row[column];
            match smart_resize(height, width, &bounds) {
                Ok((new_height, new_width)) => {
                    assert_eq!(expected, &serde_json::json!([new_height, new_width]), "{height} x {width}");
                }
                Err(error) => assert_eq!(expected["error"], error.to_string(), "{height} x {width}"),
            }
        }
    }
}
