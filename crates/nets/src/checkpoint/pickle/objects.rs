//! What a pickle may make.

use safetensors::Dtype;

use super::storage_type;

/// Index of an object. Objects refer to each other by it: a program can nest them as deep as it likes, or in
/// circles, and they still go away one by one.
pub(super) type Id = usize;

/// More axes than any tensor of a network has.
const MOST_AXES: usize = 8;

/// The most arguments that `torch.save` gives a function.
const MOST_ARGUMENTS: usize = 7;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object<'a> {
    None,
    Flag(bool),
    Number(i64),
    Fraction,
    Text(&'a str),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// Pairs in the order of the program.
    Dict(Vec<(Id, Id)>),
    Class(Class),
    Storage(StorageObject<'a>),
    Tensor(TensorObject<'a>),
}

/// The classes and functions that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Dtype),
}

impl Class {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", storage) => storage_type(storage).map(Self::Storage),
            _ => None,
        }
    }
}

/// A run of numbers in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StorageObject<'a> {
    pub(super) dtype: Dtype,
    /// Its member is `data/KEY`.
    pub(super) key: &'a str,
    /// Numbers, as the program says.
    pub(super) length: usize,
}

/// A view of a storage, as the program says; nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorObject<'a> {
    pub(super) storage: StorageObject<'a>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

impl Object<'_> {
    /// What it is, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Flag(_) => "a flag",
            Self::Number(_) | Self::Fraction => "a number",
            Self::Text(_) => "a text",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Class(_) => "a class",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }

    pub(super) fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if *own == text)
    }
}

/// A storage, from the tuple by which `torch.save` refers to one.
pub(super) fn storage<'a>(objects: &[Object<'a>], reference: Id) -> Result<Object<'a>, String> {
    let Object::Tuple(parts) = &objects[reference] else {
        return Err(format!("a storage is named by {}", objects[reference].kind()));
    };
    let parts: Vec<&Object<'a>> = parts.iter().map(|&part| &objects[part]).collect();
    match parts.as_slice() {
        [
            kind,
            Object::Class(Class::Storage(dtype)),
            Object::Text(key),
            Object::Text(_),
            Object::Number(length),
        ] if kind.is_text("storage") => {
            let length = usize::try_from(*length).map_err(|_| format!("a storage has {length} numbers"))?;
            Ok(Object::Storage(StorageObject { dtype: *dtype, key, length }))
        }
        _ => Err("a storage is named in an unknown way".into()),
    }
}

/// The result of calling a class with arguments.
pub(super) fn call<'a>(objects: &[Object<'a>], class: Id, arguments: Id) -> Result<Object<'a>, String> {
    let (Object::Class(class), Object::Tuple(arguments)) = (&objects[class], &objects[arguments]) else {
        let (callee, arguments) = (objects[class].kind(), objects[arguments].kind());
        return Err(format!("it calls {callee} with {arguments}"));
    };
    let values: Vec<&Object<'a>> =
        arguments.iter().take(MOST_ARGUMENTS + 1).map(|&argument| &objects[argument]).collect();
    match (class, values.as_slice()) {
        (Class::OrderedDict, []) => Ok(Object::Dict(Vec::new())),
        (
            Class::RebuildTensor,
            [
                Object::Storage(storage),
                Object::Number(offset),
                Object::Tuple(shape),
                Object::Tuple(strides),
                rest @ ..,
            ],
        ) if values.len() <= MOST_ARGUMENTS => {
            // Whether a gradient is wanted, and hooks, are nothing to a reader; what follows changes the values.
            match rest.get(2) {
                None | Some(Object::None) => {}
                Some(Object::Dict(marks)) if marks.is_empty() => {}
                Some(_) => {
                    let way_out = "save it after .resolve_neg() and .resolve_conj()";
                    return Err(format!("a tensor is marked as negated or conjugated; {way_out}"));
                }
            }
            let offset = usize::try_from(*offset).map_err(|_| format!("a tensor starts at {offset}"))?;
            let (shape, strides) = (sizes(objects, shape)?, sizes(objects, strides)?);
            Ok(Object::Tensor(TensorObject { storage: *storage, offset, shape, strides }))
        }
        (Class::RebuildParameter, [tensor @ Object::Tensor(_), ..]) => Ok((*tensor).clone()),
        (class, _) => Err(format!("it calls {class:?} with arguments of other kinds")),
    }
}

fn sizes(objects: &[Object<'_>], tuple: &[Id]) -> Result<Vec<usize>, String> {
    if tuple.len() > MOST_AXES {
        return Err(format!("a tensor has {} axes", tuple.len()));
    }
    let size = |&id: &Id| match objects[id] {
        Object::Number(size) => usize::try_from(size).map_err(|_| format!("a size or stride is {size}")),
        ref other => Err(format!("a size or stride is {}", other.kind())),
    };
    tuple.iter().map(size).collect()
}
