//! `PyTorch`'s `.pth` files (`torch.save` since version 1.6), read without running anything.
//!
//! The idea: such a file is a zip archive whose `data.pkl` is a program for Python's pickle machine, and whose other
//! members are the values, stored as they are. Python's machine can call any function; ours builds dictionaries of
//! tensors and knows nothing else. A class or an instruction beyond that is refused by name.
//!
//! Main items: [`entries`] checks each tensor against its storage and says where its values lie, so that they are read
//! in place as those of safetensors; [`archive`] lists the members, [`machine`] runs the pickle, [`objects`] are what
//! it may make.
//!
//! Alternative considered: candle's reader. It builds an object of any class it meets, ignores what it does not use,
//! and trusts the sizes.

mod archive;
mod machine;
mod objects;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use archive::Archive;
use objects::{Object, TensorObject};
use safetensors::Dtype;

use super::entries::Entry;
use super::torch_file::{BARE_TENSOR, LEGACY};

/// Why a file is refused, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It was cut short or changed on its way: another copy may be good.
    Damaged(String),
    /// It is as it was written, and that is not a state dict, or none that is read here.
    NoStateDict(String),
}

impl Refusal {
    fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::NoStateDict(why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Self::NoStateDict(why.into())
    }
}

/// The tensors of a state dict, or of the dictionary under `state_dict` in a larger one; a bare tensor is named
/// [`BARE_TENSOR`].
///
/// # Errors
/// What the file holds besides, or why it is refused.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Refusal> {
    if bytes.starts_with(LEGACY) {
        return Err("it is of the format of PyTorch before 1.6, which is one program from end to end".into());
    }
    let archive = Archive::open(bytes)?;
    let (objects, top) = machine::run(archive.program()?)?;
    let top = match &objects[top] {
        Object::Dict(pairs) => {
            let nested = pairs.iter().find(|(key, _)| objects[*key].is_text("state_dict"));
            nested.map_or(top, |&(_, value)| value)
        }
        _ => top,
    };
    let pairs = match &objects[top] {
        Object::Dict(pairs) => pairs,
        Object::Tensor(tensor) => return Ok(vec![locate(BARE_TENSOR, tensor, &archive)?]),
        other => return Err(format!("it holds {} instead of a dictionary of tensors", other.kind()).into()),
    };
    let mut names = BTreeSet::new();
    let mut found = Vec::with_capacity(pairs.len());
    for &(key, value) in pairs {
        let Object::Text(name) = objects[key] else {
            return Err(format!("a key of its dictionary is {}, not a name", objects[key].kind()).into());
        };
        let Object::Tensor(tensor) = &objects[value] else {
            return Err(format!("{name} is {}, not a tensor", objects[value].kind()).into());
        };
        if !names.insert(name) {
            return Err(format!("it holds {name} twice").into());
        }
        found.push(locate(name, tensor, &archive)?);
    }
    Ok(found)
}

/// Where the values of a tensor lie in the file.
fn locate(name: &str, tensor: &TensorObject<'_>, archive: &Archive<'_>) -> Result<Entry, Refusal> {
    let TensorObject { storage, offset, shape, strides } = tensor;
    let width = storage.dtype.bitsize() / 8;
    let record = archive.storage(storage.key).map_err(|why| Refusal::Damaged(format!("{name}: {why}")))?;
    if storage.length.checked_mul(width) != Some(record.len()) {
        let (length, bytes) = (storage.length, record.len());
        let why = format!("{name}: a storage of {length} {:?} has {bytes} bytes", storage.dtype);
        return Err(Refusal::Damaged(why));
    }
    if strides.len() != shape.len() {
        return Err(format!("{name}: {} sizes and {} strides", shape.len(), strides.len()).into());
    }
    let mut count = 1_usize;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        if size > 1 && stride != count {
            return Err(format!(
                "{name}: its values do not lie one after the other (sizes {shape:?}, strides {strides:?}); save it \
                 after .contiguous()"
            )
            .into());
        }
        count = count.checked_mul(size).ok_or_else(|| format!("{name}: sizes {shape:?} are absurd"))?;
    }
    let end = offset.checked_add(count).filter(|&end| end <= storage.length).ok_or_else(|| {
        format!("{name}: sizes {shape:?} from {offset} on lead beyond its storage of {}", storage.length)
    })?;
    let bytes = record.start + offset * width..record.start + end * width;
    Ok(Entry { name: name.to_owned(), dtype: storage.dtype, shape: shape.clone(), bytes })
}

/// The storages that are known.
fn storage_type(class: &str) -> Option<Dtype> {
    Some(match class {
        "DoubleStorage" => Dtype::F64,
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::BF16,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::BOOL,
        _ => return None,
    })
}
