//! Files that are as they should be, and files that mean harm.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use safetensors::Dtype;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{BARE_TENSOR, Entry, Refusal};
use crate::checkpoint::torch_file::is_torch_file;

/// The tensors of a file, or why it is refused.
fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    super::entries(bytes).map_err(|refusal| match refusal {
        Refusal::Damaged(why) | Refusal::NoStateDict(why) => why,
    })
}

/// Why a file is taken for a damaged one.
#[track_caller]
fn damage(bytes: &[u8]) -> String {
    match super::entries(bytes) {
        Err(Refusal::Damaged(why)) => why,
        other => panic!("not taken for damaged: {other:?}"),
    }
}

/// A zip archive of stored members.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members {
        writer.start_file(*name, stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![b'X'];
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// A number, of eight bytes where four are too few.
fn number(value: i64) -> Vec<u8> {
    match i32::try_from(value) {
        Ok(value) => [&[b'J'][..], &value.to_le_bytes()].concat(),
        Err(_) => [&[0x8a, 8][..], &value.to_le_bytes()].concat(),
    }
}

fn tuple(parts: &[Vec<u8>]) -> Vec<u8> {
    [&[b'('][..], &parts.concat(), b"t"].concat()
}

fn numbers(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| number(value)).collect::<Vec<_>>())
}

/// A call of `_rebuild_tensor_v2` as `torch.save` writes it.
fn tensor(class: &str, length: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    tensor_with(class, length, offset, shape, strides, &[])
}

/// The same with more arguments after the usual six.
fn tensor_with(
    class: &str,
    length: i64,
    offset: i64,
    shape: &[i64],
    strides: &[i64],
    more: &[Vec<u8>],
) -> Vec<u8> {
    let storage = tuple(&[
        text("storage"),
        format!("ctorch\n{class}\n").into_bytes(),
        text("0"),
        text("cpu"),
        number(length),
    ]);
    let hooks = b"ccollections\nOrderedDict\n)R".to_vec();
    let usual = [
        [storage, b"Q".to_vec()].concat(),
        number(offset),
        numbers(shape),
        numbers(strides),
        vec![0x89],
        hooks,
    ];
    let arguments = tuple(&[&usual, more].concat());
    [b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(), arguments, b"R".to_vec()].concat()
}

/// A state dict of these, `[name, value]`.
fn state_dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pairs: Vec<u8> =
        items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [b"\x80\x02ccollections\nOrderedDict\n)R(", pairs.as_slice(), b"u."].concat()
}

fn file(program: &[u8], storage: &[u8]) -> Vec<u8> {
    archive(&[("model/data.pkl", program), ("model/byteorder", b"little"), ("model/data/0", storage)])
}

/// Why a file with one tensor `w` over a storage of six f32 is refused.
fn refused(program: &[u8]) -> String {
    entries(&file(program, &[0; 24])).unwrap_err()
}

#[test]
fn tensors_are_found_where_they_lie() {
    let values: Vec<u8> = (0..6_u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
    let program = state_dict(&[
        ("whole", tensor("FloatStorage", 6, 0, &[2, 3], &[3, 1])),
        ("part", tensor("FloatStorage", 6, 2, &[1, 2], &[99, 1])),
        ("scalar", tensor("FloatStorage", 6, 5, &[], &[])),
        ("empty", tensor("FloatStorage", 6, 6, &[0, 4], &[4, 1])),
    ]);
    let bytes = file(&program, &values);
    assert!(is_torch_file(&bytes));
    let found = entries(&bytes).unwrap();
    let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["whole", "part", "scalar", "empty"]);
    assert!(found.iter().all(|entry| entry.dtype == Dtype::F32));
    assert_eq!(found[0].shape, [2, 3]);
    assert_eq!(bytes[found[0].bytes.clone()], values);
    assert_eq!(bytes[found[1].bytes.clone()], values[8..16]);
    assert_eq!(bytes[found[2].bytes.clone()], values[20..]);
    assert!(found[3].bytes.is_empty());
}

#[test]
fn parameters_types_and_nested_dictionaries_are_known() {
    for (class, dtype, width) in [
        ("HalfStorage", Dtype::F16, 2),
        ("BFloat16Storage", Dtype::BF16, 2),
        ("LongStorage", Dtype::I64, 8),
        ("DoubleStorage", Dtype::F64, 8),
        ("BoolStorage", Dtype::BOOL, 1),
    ] {
        let inner = tensor(class, 3, 0, &[3], &[1]);
        let arguments = tuple(&[inner, vec![0x88], b"ccollections\nOrderedDict\n)R".to_vec()]);
        let parameter = [b"ctorch._utils\n_rebuild_parameter\n".to_vec(), arguments, b"R".to_vec()].concat();
        let weights = state_dict(&[("w", parameter)]);
        // {"epoch": 7, "state_dict": ...}, as training scripts save it.
        let nested = [text("epoch"), number(7), text("state_dict"), weights[2..weights.len() - 1].to_vec()];
        let program = [b"\x80\x02}(", nested.concat().as_slice(), b"u."].concat();
        let found = entries(&file(&program, &vec![0; 3 * width])).unwrap();
        assert_eq!((found.len(), found[0].dtype, found[0].bytes.len()), (1, dtype, 3 * width));
    }
    let bare = [b"\x80\x02", tensor("FloatStorage", 1, 0, &[], &[]).as_slice(), b"."].concat();
    assert_eq!(entries(&file(&bare, &[0; 4])).unwrap()[0].name, BARE_TENSOR);
}

#[test]
fn code_is_refused_by_name_and_never_run() {
    // What `pickle.dumps` makes of an object whose `__reduce__` returns `(os.system, ("touch /tmp/x",))`.
    let old = [b"\x80\x02cposix\nsystem\n".to_vec(), text("touch /tmp/x"), b"\x85R.".to_vec()].concat();
    assert_eq!(refused(&old), "it asks for posix.system, which is not part of a state dict");
    let new = b"\x80\x04\x95\x26\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.";
    assert!(refused(new).contains("posix.system"));
    for class in
        ["builtins\neval", "torch\nload", "torch.hub\nload", "collections\ndefaultdict", "os\nsystem"]
    {
        let why = refused(format!("c{class}\n)R.").as_bytes());
        assert!(why.contains(&class.replace('\n', ".")), "{why}");
    }
    let escape = refused(b"cposix\x1b[31m\nsystem\n.");
    assert!(!escape.contains('\u{1b}'), "{escape}");
    for (name, program) in [
        ("INST", &b"(iposix\nsystem\n."[..]),
        ("OBJ", b"(o."),
        ("NEWOBJ", b")\x81."),
        ("EXT", b"\x82\x01."),
        ("PERSID", b"P0\n."),
        ("no instruction", b"\xff."),
    ] {
        let why = refused(&[b"\x80\x02", program].concat());
        assert!(why.contains(name), "{name}: {why}");
    }
    // What is known is not to be called in other ways.
    for program in [
        &b"ccollections\nOrderedDict\nN\x85R."[..],
        b"ctorch\nFloatStorage\n)R.",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"K\x01)R.",
        b"ccollections\nOrderedDict\n}b.",
        b"K\x01Q.",
    ] {
        refused(program);
    }
}

#[test]
fn lying_sizes_are_refused_with_the_name_of_the_tensor() {
    let most = i64::from(i32::MAX);
    for (why, value) in [
        ("beyond its storage", tensor("FloatStorage", 6, 0, &[7], &[1])),
        ("beyond its storage", tensor("FloatStorage", 6, 4, &[3], &[1])),
        ("beyond its storage", tensor("FloatStorage", 6, most, &[1], &[1])),
        ("has 24 bytes", tensor("FloatStorage", 7, 0, &[7], &[1])),
        ("has 24 bytes", tensor("DoubleStorage", 6, 0, &[6], &[1])),
        ("one after the other", tensor("FloatStorage", 6, 0, &[2, 3], &[1, 2])),
        ("one after the other", tensor("FloatStorage", 6, 0, &[6], &[0])),
        ("2 sizes and 1 strides", tensor("FloatStorage", 6, 0, &[2, 3], &[1])),
        ("one after the other", tensor("FloatStorage", 6, 0, &[0, most, most, most], &[0, 0, 0, 1])),
        // Strides as they should be, of a tensor with more values than can be counted.
        ("are absurd", tensor("FloatStorage", 6, 0, &[most, most, most], &[most * most, most, 1])),
    ] {
        let found = refused(&state_dict(&[("w", value)]));
        assert!(found.starts_with("w: ") && found.contains(why), "{why}: {found}");
    }
    assert!(
        refused(&state_dict(&[("w", tensor("FloatStorage", 6, -1, &[1], &[1]))])).contains("starts at -1")
    );
    assert!(refused(&state_dict(&[("w", tensor("FloatStorage", -6, 0, &[1], &[1]))])).contains("-6 numbers"));
    let many = vec![1; 9];
    assert!(refused(&state_dict(&[("w", tensor("FloatStorage", 6, 0, &many, &many))])).contains("9 axes"));
    let good = tensor("FloatStorage", 6, 0, &[6], &[1]);
    assert!(refused(&state_dict(&[("w", good.clone()), ("w", good.clone())])).contains("twice"));
    assert!(refused(&state_dict(&[("w", number(3))])).contains("w is a number, not a tensor"));
    assert!(refused(b"\x80\x02K\x01.").contains("a number instead of a dictionary"));
    assert!(refused(b"\x80\x09}.").contains("protocol 9"));
    let missing = archive(&[("model/data.pkl", &state_dict(&[("w", good)]))]);
    assert!(damage(&missing).contains("there is no model/data/0"));
}

#[test]
fn marks_that_change_the_values_are_refused() {
    let with = |more: &[Vec<u8>]| {
        let value = tensor_with("FloatStorage", 6, 0, &[6], &[1], more);
        entries(&file(&state_dict(&[("w", value)]), &[0; 24]))
    };
    let marks = |name: &str| [b"}".to_vec(), text(name), vec![0x88], b"s".to_vec()].concat();
    for name in ["neg", "conj"] {
        assert!(with(&[marks(name)]).unwrap_err().contains("negated or conjugated"));
    }
    for nothing in [b"}".to_vec(), b"N".to_vec()] {
        assert_eq!(with(&[nothing]).unwrap().len(), 1);
    }
    assert!(with(&[b"N".to_vec(), b"N".to_vec()]).unwrap_err().contains("arguments of other kinds"));
}

#[test]
fn other_formats_are_not_taken_for_an_archive() {
    // A safetensors header of 19280 bytes: its length begins as an archive does.
    let header =
        format!("{:19280}", "{\"w\": {\"dtype\": \"U8\", \"shape\": [3], \"data_offsets\": [0, 3]}}");
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[1, 2, 3]].concat();
    assert!(bytes.starts_with(b"PK") && !is_torch_file(&bytes));
    let found = super::super::entries::entries("w.safetensors", &bytes).unwrap();
    assert_eq!(&bytes[found[0].bytes.clone()], [1, 2, 3]);
}

#[test]
fn archives_of_another_kind_are_refused() {
    let program = state_dict(&[("w", tensor("FloatStorage", 6, 0, &[6], &[1]))]);
    let good = file(&program, &[0; 24]);
    assert!(entries(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.").unwrap_err().contains("before 1.6"));
    assert!(entries(&archive(&[("a.txt", b"")])).unwrap_err().contains("none of torch.save"));
    let big = archive(&[("m/data.pkl", &program), ("m/byteorder", b"big"), ("m/data/0", &[0; 24])]);
    assert!(entries(&big).unwrap_err().contains("big-endian"));
    for length in 0..good.len() {
        damage(&good[..length]);
    }
    // A checksum that does not fit the program.
    let at = good.windows(5).position(|window| window == b"torch").unwrap();
    let mut changed = good.clone();
    changed[at] = b'T';
    assert!(damage(&changed).contains("checksum"));
    // Sizes in the central directory that reach over the other members.
    let central = good.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut grown = good;
    for size in [20, 24] {
        grown[central + size..central + size + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    }
    assert!(entries(&grown).is_err());
}

#[test]
fn which_program_is_read_is_never_left_to_chance() {
    let program = state_dict(&[("w", tensor("FloatStorage", 6, 0, &[6], &[1]))]);
    let two = archive(&[("a/data.pkl", &program), ("b/data.pkl", b"\x80\x02}."), ("a/data/0", &[0; 24])]);
    assert_eq!(entries(&two).unwrap_err(), "it has more than one data.pkl");
    // The writer refuses a name that it has: the second one gets it afterwards, of the same length.
    let mut twice =
        archive(&[("a/data.pkl", &program), ("a/data.pkx", b"\x80\x02}."), ("a/data/0", &[0; 24])]);
    while let Some(at) = twice.windows(10).position(|window| window == b"a/data.pkx") {
        twice[at + 9] = b'l';
    }
    assert!(entries(&twice).unwrap_err().contains("have the same name"));
    // Deeper ones are none of torch.save's.
    let deeper = [("a/data.pkl", &program[..]), ("a/b/data.pkl", b"\x80\x02}."), ("a/data/0", &[0; 24])];
    assert_eq!(entries(&archive(&deeper)).unwrap().len(), 1);
}

#[test]
fn deep_nests_and_circles_end() {
    let deep = [b"\x80\x02".to_vec(), b")".to_vec(), vec![0x85; 1 << 17], b".".to_vec()].concat();
    assert!(refused(&deep).contains("a tuple instead"));
    let circle = b"\x80\x02]q\x00h\x00a.";
    assert!(refused(circle).contains("a list instead"));
    let huge = [b"\x80\x02".to_vec(), vec![b')'; 5 << 20], b".".to_vec()].concat();
    assert!(refused(&huge).contains("bytes, more than any state dict"));
    let many = [b"\x80\x02".to_vec(), vec![b')'; 4_000_000], b".".to_vec()].concat();
    assert!(refused(&many).contains("objects, more than any state dict"));
}

#[test]
fn state_dicts_of_thousands_of_tensors_fit() {
    let tensor = tensor("FloatStorage", 6, 0, &[2, 3], &[3, 1]);
    let names: Vec<String> = (0..8000).map(|index| format!("w{index}")).collect();
    let items: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), tensor.clone())).collect();
    assert_eq!(entries(&file(&state_dict(&items), &[0; 24])).unwrap().len(), names.len());
}

proptest! {
    #[test]
    fn no_program_brings_it_down(program in prop::collection::vec(any::<u8>(), 0..200)) {
        // Whatever comes of it: it returns.
        let _ = entries(&file(&program, &[0; 24]));
    }

    #[test]
    fn no_change_of_a_byte_brings_it_down(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let program = state_dict(&[("w", tensor("FloatStorage", 6, 0, &[2, 3], &[3, 1]))]);
        let mut bytes = file(&program, &[0; 24]);
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(found) = entries(&bytes) {
            prop_assert!(found.iter().all(|entry| entry.bytes.end <= bytes.len()));
        }
    }
}
