//! JPEG and PNG files that end too early, or only seem to.

mod photo_support;

use contract::Diagnose as _;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use photo::{Completeness, DecodeOptions, Image, Limits, PhotoError, decode_and_measure};
use photo_support::{bytes, default, difference, scene};

const ALLOWED: DecodeOptions = DecodeOptions {
    apply_orientation: true,
    alpha: photo::Alpha::OnWhite,
    scale_narrow_samples: true,
    allow_truncated: true,
};

fn jpeg(image: &Image, set: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 85);
    set(&mut encoder);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.rgb(), width, height, ColorType::Rgb).expect("an encoder");
    file
}

/// The picture is busy all over: data runs out row by row.
fn picture() -> Image {
    scene(320, 240, 3)
}

fn baseline_files() -> Vec<(&'static str, Vec<u8>)> {
    let image = picture();
    vec![
        ("4:4:4", jpeg(&image, |_| {})),
        ("4:2:0", jpeg(&image, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))),
        ("4:2:2", jpeg(&image, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_1))),
        ("restarts", jpeg(&image, |encoder| encoder.set_restart_interval(7))),
        ("optimised", jpeg(&image, |encoder| encoder.set_optimized_huffman_tables(true))),
        ("narrow", jpeg(&scene(9, 200, 2), |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))),
        ("low", jpeg(&scene(200, 7, 2), |_| {})),
    ]
}

fn progressive_files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("progressive", jpeg(&picture(), |encoder| encoder.set_progressive(true))),
        ("progressive, refined", bytes("images/tall.jpg")),
    ]
}

#[test]
fn a_missing_end_marker_costs_nothing() {
    for (name, file) in baseline_files()
        .into_iter()
        .chain(progressive_files())
        .chain([("cmyk", bytes("images/cmyk.jpg")), ("exif", bytes("images/exif6.jpg"))])
    {
        let whole = default(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let data = &file[..file.len() - 2];
        for tail in [b"".as_slice(), b"\xff", &[0; 700], &[0xff; 3]] {
            let image =
                default(&[data, tail].concat()).unwrap_or_else(|error| panic!("{name}, {tail:?}: {error}"));
            assert_eq!(image, whole, "{name}, {tail:?}");
        }
        let trailer = [file.as_slice(), b"a film, \xff\xda\xff and garbage"].concat();
        assert_eq!(default(&trailer).unwrap(), whole, "{name}");
    }
}

#[test]
fn cut_files_say_how_much_is_there() {
    for (name, file) in baseline_files().into_iter().take(4) {
        let whole = default(&file).unwrap();
        let mut last = 0;
        for share in [30, 40, 50, 70, 90, 97] {
            let cut = &file[..file.len() * share / 100];
            let zeros = [cut, &vec![0; file.len() - cut.len()]].concat();
            let closed = [cut, &[0xff, 0xd9]].concat();
            for (kind, broken) in [("cut", cut.to_vec()), ("zeros", zeros), ("closed", closed)] {
                let error = default(&broken).unwrap_err();
                let PhotoError::Incomplete { completeness, .. } = error else {
                    panic!("{name}, {kind} at {share} %: {error:?}");
                };
                let percent = usize::from(completeness.percent());
                assert!(
                    percent.abs_diff(share) <= 12 && percent < 100,
                    "{name}, {kind} at {share} %: {error}"
                );
                assert!(error.to_string().contains(&format!("only {percent} % of the picture is there")));
                assert!(error.hint().unwrap().contains("`allow_truncated`"));
                let (image, there) = decode_and_measure(&broken, &Limits::default(), ALLOWED).unwrap();
                assert_eq!(there, completeness);
                assert_eq!(image.width(), whole.width());
                assert_eq!(image.height() as usize * 100 / whole.height() as usize, percent);
                // All of it is real.
                let same =
                    Image::new(image.width(), image.height(), whole.rgb()[..image.rgb().len()].to_vec())
                        .unwrap();
                let (_, mean) = difference(&image, &same);
                assert!(mean < 1.0, "{name}, {kind} at {share} %: {mean}");
            }
            let error = default(cut).unwrap_err();
            let PhotoError::Incomplete { completeness, .. } = error else { panic!("{error:?}") };
            assert!(completeness.percent() >= last);
            last = completeness.percent();
        }
    }
}

#[test]
fn a_whole_photo_is_complete_when_truncation_is_allowed() {
    for (name, file) in baseline_files().into_iter().chain(progressive_files()) {
        let (image, completeness) = decode_and_measure(&file, &Limits::default(), ALLOWED).unwrap();
        assert_eq!((image, completeness), (default(&file).unwrap(), Completeness::COMPLETE), "{name}");
    }
}

#[test]
fn cut_progressive_photos_are_coarse_and_refused() {
    for (name, file) in progressive_files() {
        let whole = default(&file).unwrap();
        for share in [50, 75, 90, 98] {
            let cut = &file[..file.len() * share / 100];
            let error = default(cut).unwrap_err();
            assert!(matches!(error, PhotoError::Incomplete { .. }), "{name} at {share} %: {error:?}");
            assert!(error.to_string().contains('%'), "{error}");
            let (image, completeness) = decode_and_measure(cut, &Limits::default(), ALLOWED).unwrap();
            assert!(!completeness.is_complete(), "{name} at {share} %");
            assert_eq!(image.width(), whole.width());
            if completeness.is_coarse() {
                let (_, mean) = difference(&image, &whole);
                assert!(mean < 30.0, "{name} at {share} %: {mean}");
            }
        }
    }
}

#[test]
fn cut_photos_whose_colours_come_one_by_one_are_refused() {
    let file = jpeg(&picture(), |encoder| encoder.set_optimized_huffman_tables(true));
    assert!(default(&file[..file.len() - 2]).is_ok());
    for share in [30, 60, 90] {
        let cut = &file[..file.len() * share / 100];
        for options in [DecodeOptions::default(), ALLOWED] {
            let error = decode_and_measure(cut, &Limits::default(), options).unwrap_err();
            assert!(matches!(error, PhotoError::Truncated { .. }), "{share} %: {error:?}");
        }
    }
}

#[test]
fn cut_png_files_give_the_rows_that_are_there() {
    let image = picture();
    let buffer = image::RgbImage::from_raw(320, 240, image.rgb().to_vec()).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    buffer.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let file = file.into_inner();
    for share in [30, 60, 95] {
        let cut = &file[..file.len() * share / 100];
        let error = default(cut).unwrap_err();
        assert!(error.to_string().contains("% of the picture is there"), "{error:?}");
        let (there, completeness) = decode_and_measure(cut, &Limits::default(), ALLOWED).unwrap();
        assert_eq!(there.rgb(), &image.rgb()[..there.rgb().len()]);
        assert_eq!(there.height() * 100 / 240, u32::from(completeness.percent()));
        assert!(!completeness.is_complete());
    }
}
