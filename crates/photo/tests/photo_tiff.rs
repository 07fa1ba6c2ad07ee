//! TIFF files of many kinds, and samples of 16 bits that hold fewer.

mod photo_support;

use contract::Diagnose as _;
use photo::{DecodeOptions, Image, Limits, PhotoError, decode};
use photo_support::{default, difference, scene};

const WIDTH: usize = 45;
const HEIGHT: usize = 30;

/// A TIFF file with one strip. Values that do not fit in an entry stand behind the strip.
fn tiff(entries: &[(u16, u16, Vec<u32>)], strip: &[u8], big_endian: bool) -> Vec<u8> {
    let short =
        |value: u32| if big_endian { (value as u16).to_be_bytes() } else { (value as u16).to_le_bytes() };
    let long = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = if big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    file.extend([0; 4]);
    file.extend(strip);
    file.resize(file.len().next_multiple_of(2), 0);
    let mut all = entries.to_vec();
    all.push((273, 4, vec![8]));
    all.push((279, 4, vec![strip.len() as u32]));
    all.sort();
    let mut directory = short(all.len() as u32).to_vec();
    for (tag, kind, values) in all {
        let count = if kind == 5 { values.len() / 2 } else { values.len() };
        let mut field: Vec<u8> = if kind == 3 {
            values.iter().flat_map(|&value| short(value)).collect()
        } else {
            values.iter().flat_map(|&value| long(value)).collect()
        };
        if field.len() > 4 {
            let at = file.len() as u32;
            file.append(&mut field);
            file.resize(file.len().next_multiple_of(2), 0);
            field = long(at).to_vec();
        }
        field.resize(4, 0);
        directory.extend([&short(tag.into())[..], &short(kind.into()), &long(count as u32), &field].concat());
    }
    directory.extend([0; 4]);
    let at = file.len() as u32;
    file.splice(4..8, long(at));
    file.extend(directory);
    file
}

/// The entries that all files have.
fn entries(bits: &[u32], photometric: u32, more: &[(u16, u16, Vec<u32>)]) -> Vec<(u16, u16, Vec<u32>)> {
    let mut entries = vec![
        (256, 4, vec![WIDTH as u32]),
        (257, 4, vec![HEIGHT as u32]),
        (258, 3, bits.to_vec()),
        (259, 3, vec![1]),
        (262, 3, vec![photometric]),
        (277, 3, vec![bits.len() as u32]),
        (278, 4, vec![HEIGHT as u32]),
    ];
    entries.retain(|(tag, ..)| more.iter().all(|(other, ..)| other != tag));
    entries.extend_from_slice(more);
    entries
}

fn picture() -> Image {
    scene(WIDTH as u32, HEIGHT as u32, 4)
}

fn grey(image: &Image) -> Vec<u8> {
    image.rgb().chunks_exact(3).map(|pixel| pixel[1]).collect()
}

/// Numbers of so many bits, rows filled up to whole bytes.
fn pack(samples: &[u32], across: usize, bits: u32) -> Vec<u8> {
    let pack_row = |row: &[u32]| {
        let places = row.iter().flat_map(|&sample| (0..bits).rev().map(move |bit| (sample >> bit & 1) as u8));
        let places: Vec<u8> = places.collect();
        let bytes = places
            .chunks(8)
            .map(|eight| eight.iter().enumerate().fold(0, |byte, (place, bit)| byte | bit << (7 - place)));
        bytes.collect::<Vec<u8>>()
    };
    samples.chunks(across).flat_map(pack_row).collect()
}

fn assert_near(name: &str, file: &[u8], expected: &[u8], levels: f64) {
    let image = default(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = if expected.len() == WIDTH * HEIGHT {
        expected.iter().flat_map(|&grey| [grey; 3]).collect()
    } else {
        expected.to_vec()
    };
    let expected =
        Image::new(WIDTH as u32, HEIGHT as u32, expected).expect("as many bytes as the size wants");
    let (_, mean) = difference(&image, &expected);
    assert!(mean <= levels, "{name}: {mean}");
}

#[test]
fn greys_and_colours_of_every_depth() {
    let image = picture();
    let grey = grey(&image);
    for big_endian in [false, true] {
        for bits in [1, 2, 4, 10, 12, 14, 24] {
            let full = (1_u64 << bits) - 1;
            let scaled = |samples: &[u8]| -> Vec<u32> {
                samples.iter().map(|&sample| ((u64::from(sample) * full + 127) / 255) as u32).collect()
            };
            let strip = pack(&scaled(&grey), WIDTH, bits);
            let file = tiff(&entries(&[bits], 1, &[]), &strip, big_endian);
            let step = 255.0 / full as f64;
            assert_near(&format!("grey of {bits} bits"), &file, &grey, 1.0 + step / 2.0);
            let inverted: Vec<u8> = grey.iter().map(|sample| 255 - sample).collect();
            let strip = pack(&scaled(&inverted), WIDTH, bits);
            let file = tiff(&entries(&[bits], 0, &[]), &strip, big_endian);
            assert_near(&format!("white is zero, {bits} bits"), &file, &grey, 1.0 + step / 2.0);
            let strip = pack(&scaled(image.rgb()), WIDTH * 3, bits);
            let file = tiff(&entries(&[bits; 3], 2, &[]), &strip, big_endian);
            assert_near(&format!("RGB of {bits} bits"), &file, image.rgb(), 1.0 + step / 2.0);
        }
        let floats = |scale: f32| -> Vec<u8> {
            let values = image.rgb().iter().map(|&sample| f32::from(sample) * scale);
            values
                .flat_map(|value| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() })
                .collect()
        };
        for (name, scale) in [("0 to 1", 1.0 / 255.0), ("0 to 255", 1.0)] {
            let file = tiff(&entries(&[32; 3], 2, &[(339, 3, vec![3; 3])]), &floats(scale), big_endian);
            assert_near(name, &file, image.rgb(), 1.0);
        }
    }
}

#[test]
fn sixteen_bits_that_hold_fewer_are_scaled() {
    let image = picture();
    // The brightest sample fills its bits, as an exposed photo does.
    let brightest = u32::from(*image.rgb().iter().max().unwrap());
    for bits in [8, 10, 12, 14, 16] {
        let full = (1_u32 << bits) - 1;
        let samples: Vec<u16> =
            image.rgb().iter().map(|&sample| (u32::from(sample) * full / brightest) as u16).collect();
        let expected: Vec<u8> =
            image.rgb().iter().map(|&sample| (u32::from(sample) * 255 / brightest) as u8).collect();
        let strip: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_near("TIFF", &tiff(&entries(&[16; 3], 2, &[]), &strip, false), &expected, 1.0);
        let buffer =
            image::ImageBuffer::<image::Rgb<u16>, _>::from_raw(WIDTH as u32, HEIGHT as u32, samples).unwrap();
        let mut png = std::io::Cursor::new(Vec::new());
        buffer.write_to(&mut png, image::ImageFormat::Png).unwrap();
        assert_near("PNG", &png.into_inner(), &expected, 1.0);
    }
    // The reference takes the high byte.
    let strip = [0xff_u16; WIDTH * HEIGHT].map(u16::to_le_bytes).concat();
    let file = tiff(&entries(&[16], 1, &[]), &strip, false);
    let official = decode(&file, &Limits::default(), DecodeOptions::official()).unwrap();
    assert_eq!(official.pixel(0, 0), Some([0; 3]));
}

#[test]
fn palettes_of_every_size() {
    let image = picture();
    for (bits, wide) in [(8, true), (8, false), (4, true), (2, true), (1, true)] {
        let count = 1_usize << bits;
        // A palette of greens: the index is the brightness.
        let level = |index: usize| (index * 255 / (count - 1)) as u32;
        let factor = if wide { 257 } else { 1 };
        let channel = |offset: u32| (0..count).map(move |index| (level(index) / (offset + 1)) * factor);
        let palette: Vec<u32> = [0, 1, 2].into_iter().flat_map(channel).collect();
        let indices: Vec<u32> =
            grey(&image).iter().map(|&sample| u32::from(sample) * (count as u32 - 1) / 255).collect();
        let expected: Vec<u8> = indices
            .iter()
            .flat_map(|&index| {
                let level = level(index as usize);
                [level as u8, (level / 2) as u8, (level / 3) as u8]
            })
            .collect();
        let strip = pack(&indices, WIDTH, bits);
        let file = tiff(&entries(&[bits], 3, &[(320, 3, palette)]), &strip, false);
        assert_near(&format!("{count} colours, wide {wide}"), &file, &expected, 0.0);
    }
    let error = default(&tiff(&entries(&[8], 3, &[]), &[0; WIDTH * HEIGHT], false)).unwrap_err();
    assert!(error.to_string().contains("palette is missing"), "{error}");
}

#[test]
fn ycbcr_with_shared_and_own_colours() {
    let image = picture();
    let ycbcr: Vec<[f64; 3]> = image
        .rgb()
        .chunks_exact(3)
        .map(|pixel| {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            [y, 128.0 + (b - y) / 1.772, 128.0 + (r - y) / 1.402]
        })
        .collect();
    let at = |x: usize, y: usize| ycbcr[y.min(HEIGHT - 1) * WIDTH + x.min(WIDTH - 1)];
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 2), (1, 2)] {
        let mut strip = Vec::new();
        for y in (0..HEIGHT).step_by(down) {
            for x in (0..WIDTH).step_by(across) {
                let places = (0..down).flat_map(|row| (0..across).map(move |column| (x + column, y + row)));
                strip.extend(places.clone().map(|(x, y)| at(x, y)[0].round() as u8));
                for channel in [1, 2] {
                    let sum: f64 = places.clone().map(|(x, y)| at(x, y)[channel]).sum();
                    strip.push((sum / (across * down) as f64).round() as u8);
                }
            }
        }
        let file = tiff(&entries(&[8; 3], 6, &[(530, 3, vec![across as u32, down as u32])]), &strip, false);
        // Colours that are shared differ at the edges of things.
        let levels = if (across, down) == (1, 1) { 1.0 } else { 8.0 };
        assert_near(&format!("{across} x {down}"), &file, image.rgb(), levels);
    }
    // Studio range, declared.
    let strip: Vec<u8> = ycbcr
        .iter()
        .flat_map(|&[y, cb, cr]| {
            [
                y * 219.0 / 255.0 + 16.0,
                (cb - 128.0) * 112.0 / 127.0 + 128.0,
                (cr - 128.0) * 112.0 / 127.0 + 128.0,
            ]
            .map(|sample| sample.round() as u8)
        })
        .collect();
    let range = vec![16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1];
    let file = tiff(&entries(&[8; 3], 6, &[(530, 3, vec![1, 1]), (532, 5, range)]), &strip, false);
    assert_near("studio range", &file, image.rgb(), 1.5);
}

#[test]
fn inks_planes_and_alpha() {
    let image = picture();
    let inks: Vec<u8> = image
        .rgb()
        .chunks_exact(3)
        .flat_map(|pixel| [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], 0])
        .collect();
    assert_near("CMYK", &tiff(&entries(&[8; 4], 5, &[]), &inks, false), image.rgb(), 0.0);
    let planes: Vec<u8> =
        (0..3).flat_map(|channel| image.rgb().iter().skip(channel).step_by(3).copied()).collect();
    let plane = planes.len() as u32 / 3;
    let more = [(284, 3, vec![2]), (273, 4, vec![8, 8 + plane, 8 + 2 * plane]), (279, 4, vec![plane; 3])];
    let mut all = entries(&[8; 3], 2, &more);
    // The writer above knows one strip: its entries are replaced.
    let file = {
        all.retain(|(tag, ..)| !matches!(tag, 273 | 279));
        let single = tiff(&all, &planes, false);
        replace_strips(&single, [0, 1, 2].map(|index| (8 + index * plane, plane)))
    };
    assert_near("planes", &file, image.rgb(), 0.0);
    let opacity = 51_u8;
    let own: Vec<u8> =
        image.rgb().chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], opacity]).collect();
    let on_white: Vec<u8> =
        image.rgb().iter().map(|&sample| (u32::from(sample) + 255 * 4).div_ceil(5) as u8).collect();
    let file = tiff(&entries(&[8; 4], 2, &[(338, 3, vec![2])]), &own, false);
    assert_near("alpha", &file, &on_white, 1.0);
    let multiplied: Vec<u8> =
        own.chunks_exact(4).flat_map(|pixel| [pixel[0] / 5, pixel[1] / 5, pixel[2] / 5, opacity]).collect();
    let file = tiff(&entries(&[8; 4], 2, &[(338, 3, vec![1])]), &multiplied, false);
    assert_near("alpha, multiplied", &file, &on_white, 1.0);
    // A fourth channel that is no alpha.
    assert_near("extra", &tiff(&entries(&[8; 4], 2, &[(338, 3, vec![0])]), &own, false), image.rgb(), 0.0);
}

/// What other programs read although it is not to the letter.
#[test]
fn headers_that_say_more_than_is_there() {
    let image = picture();
    let file = tiff(&entries(&[8; 3], 2, &[(278, 4, vec![u32::MAX])]), image.rgb(), false);
    assert_near("all rows in one strip", &file, image.rgb(), 0.0);
    let file =
        tiff(&entries(&[8, 8, 8, 1], 2, &[(277, 3, vec![3]), (278, 4, vec![500])]), image.rgb(), false);
    assert_near("bits of a fourth channel", &file, image.rgb(), 0.0);
    let plane = grey(&image);
    let file = tiff(&entries(&[8; 2], 1, &[(284, 3, vec![2]), (338, 3, vec![0])]), &plane, false);
    let file = replace_strips(&file, [(8, plane.len() as u32), (0, 0)]);
    let expected: Vec<u8> = plane.iter().flat_map(|&grey| [grey; 3]).collect();
    assert_near("an empty second plane", &file, &expected, 0.0);
}

/// Strips, as offset and length, instead of one.
fn replace_strips<const COUNT: usize>(file: &[u8], strips: [(u32, u32); COUNT]) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = u32::from_le_bytes(file[4..8].try_into().expect("within the file")) as usize;
    let count = usize::from(u16::from_le_bytes(file[at..at + 2].try_into().expect("within the file")));
    for index in 0..count {
        let entry = at + 2 + index * 12;
        let tag = u16::from_le_bytes(file[entry..entry + 2].try_into().expect("within the file"));
        let values = match tag {
            273 => strips.map(|(offset, _)| offset),
            279 => strips.map(|(_, length)| length),
            _ => continue,
        };
        let behind = file.len() as u32;
        file[entry + 4..entry + 8].copy_from_slice(&(COUNT as u32).to_le_bytes());
        file[entry + 8..entry + 12].copy_from_slice(&behind.to_le_bytes());
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    file
}

#[test]
fn what_is_not_read_is_named() {
    let strip = vec![0; WIDTH * HEIGHT * 4];
    let cases = [
        (entries(&[8; 3], 8, &[]), "CIE L*a*b*"),
        (entries(&[8], 1, &[(259, 3, vec![34712])]), "34712"),
        (entries(&[8], 1, &[(259, 3, vec![2])]), "compression"),
        (entries(&[8], 1, &[(259, 3, vec![6])]), "JPEG compression of the old kind"),
        (entries(&[5, 6, 5], 2, &[]), "different sizes"),
        (entries(&[8], 4, &[]), "transparency mask"),
        (entries(&[8], 32844, &[]), "LogLuv"),
    ];
    for (entries, words) in cases {
        let error = default(&tiff(&entries, &strip, false)).unwrap_err();
        assert!(matches!(error, PhotoError::UnsupportedVariant { .. }), "{words}: {error:?}");
        assert!(error.to_string().contains(words) && error.hint().is_some(), "{words}: {error}");
    }
    let raw = [
        entries(&[8; 3], 2, &[(50706, 1, vec![1])]),
        entries(&[16], 32803, &[]),
        entries(&[8; 3], 2, &[(254, 4, vec![1]), (330, 4, vec![8])]),
    ];
    for entries in raw {
        let error = default(&tiff(&entries, &strip, false)).unwrap_err();
        assert!(error.to_string().contains("raw photo") && error.hint().unwrap().contains("JPEG"), "{error}");
    }
}
