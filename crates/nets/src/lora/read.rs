//! From PEFT's directory to pairs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::settings::Settings;
use super::{Adapter, CONFIG, LowRankPair, WEIGHTS};
use crate::checkpoint::{FLOAT_TYPES, ShardedCheckpoint, Stored};
use crate::error::{Misshapen, NetworkError, TensorProblems};
use crate::qwen2_vl::tensor_names;

/// What stands before every name.
pub(super) const ROOT: &str = "base_model.model.";

/// The forms that writers gave the name of the value head.
const VALUE_HEADS: &[&str] =
    &["value_head.weight", "value_head.modules_to_save.weight", "value_head.modules_to_save.default.weight"];

/// The head as it was before training, which some writers kept.
const UNTRAINED_HEAD: &str = "value_head.original_module.weight";

impl Adapter {
    /// Reads `adapter_config.json` and `adapter_model.safetensors`, in f32, bf16 or f16 and either naming.
    ///
    /// Whether it fits a model is for [`Adapter::check`] to say.
    ///
    /// # Errors
    /// [`NetworkError::UnsupportedAdapter`] for whatever is not plain LoRA; [`NetworkError::Config`] for settings
    /// that cannot be understood; [`NetworkError::Tensors`] for halves of pairs, left-over tensors and ranks that
    /// are not the stated one; [`NetworkError::NotFinite`]; [`NetworkError::NotSafetensors`];
    /// [`NetworkError::Read`].
    pub fn open(directory: &Path) -> Result<Self, NetworkError> {
        let config = directory.join(CONFIG);
        let file = config.display().to_string();
        let json = match std::fs::read_to_string(&config) {
            Ok(json) => json,
            Err(source) => return Err(NetworkError::Read { file, source }),
        };
        let settings = Settings::parse(&file, &json)?;
        let checkpoint = ShardedCheckpoint::open_file(&directory.join(WEIGHTS))?;
        let found = sort_out(&checkpoint, &settings)?;
        let mut pairs = BTreeMap::new();
        for (path, (a, b)) in found.pairs {
            // `sort_out` has seen two extents each.
            let (&[rank, inputs], &[outputs, _]) = (a.shape.as_slice(), b.shape.as_slice()) else { continue };
            let (a, b) = (a.view().floats()?, b.view().floats()?);
            pairs.insert(path, LowRankPair { a, b, rank, inputs, outputs, scale: 1.0 });
        }
        let value_head = match found.value_head {
            Some(tensor) => Some(tensor.view().floats()?),
            None => None,
        };
        Ok(Self::assemble(directory.display().to_string(), settings, pairs, value_head))
    }
}

/// The tensors, each in its place, before any value is read.
struct Found<'a> {
    pairs: BTreeMap<String, (&'a Stored, &'a Stored)>,
    value_head: Option<&'a Stored>,
}

#[derive(Default)]
struct Halves<'a> {
    a: Option<&'a Stored>,
    b: Option<&'a Stored>,
}

fn sort_out<'a>(checkpoint: &'a ShardedCheckpoint, settings: &Settings) -> Result<Found<'a>, NetworkError> {
    let mut problems = TensorProblems::default();
    let mut halves: BTreeMap<String, Halves<'a>> = BTreeMap::new();
    let mut value_head: Option<&'a Stored> = None;
    for tensor in checkpoint.stored() {
        let place = match role(&tensor.name) {
            Role::Ignored => continue,
            Role::Unknown => {
                problems.unexpected.push(tensor.name.clone());
                continue;
            }
            Role::ValueHead => &mut value_head,
            Role::A(path) => &mut halves.entry(path.into_owned()).or_default().a,
            Role::B(path) => &mut halves.entry(path.into_owned()).or_default().b,
        };
        match place {
            Some(first) => problems.repeated.push(format!("{} and {}", first.name, tensor.name)),
            None => *place = Some(tensor),
        }
    }
    let mut pairs = BTreeMap::new();
    for (path, Halves { a, b }) in halves {
        for (half, name) in [(a, "lora_A"), (b, "lora_B")] {
            if half.is_none() {
                problems.missing.push(format!("{path}.{name}.weight"));
            }
        }
        let (Some(a), Some(b)) = (a, b) else { continue };
        let rank = settings.rank;
        let fits = |tensor: &Stored, axis: usize| {
            tensor.is_float()
                && tensor.shape.len() == 2
                && tensor.shape.get(axis) == Some(&rank)
                && !tensor.shape.contains(&0)
        };
        if !fits(a, 0) {
            problems.misshapen.push(misshapen(a, &format!("[{rank}, inputs]")));
        }
        if !fits(b, 1) {
            problems.misshapen.push(misshapen(b, &format!("[outputs, {rank}]")));
        }
        pairs.insert(path, (a, b));
    }
    match value_head {
        None if settings.value_head => problems.missing.push(format!("{ROOT}value_head.weight")),
        Some(head) if !head.is_float() || !matches!(*head.shape, [1, hidden] if hidden > 0) => {
            problems.misshapen.push(misshapen(head, "[1, hidden]"));
        }
        _ => {}
    }
    if problems.is_empty() {
        Ok(Found { pairs, value_head })
    } else {
        Err(NetworkError::Tensors { file: checkpoint.label().into(), problems })
    }
}

fn misshapen(tensor: &Stored, expected: &str) -> Misshapen {
    Misshapen {
        tensor: tensor.name.clone(),
        found: format!("{:?} {:?}", tensor.dtype, tensor.shape),
        expected: format!("{FLOAT_TYPES} {expected}"),
    }
}

enum Role<'a> {
    /// A of the module.
    A(Cow<'a, str>),
    /// B of the module.
    B(Cow<'a, str>),
    ValueHead,
    Ignored,
    Unknown,
}

fn role(name: &str) -> Role<'_> {
    let Some(rest) = name.strip_prefix(ROOT) else { return Role::Unknown };
    if VALUE_HEADS.contains(&rest) {
        return Role::ValueHead;
    }
    if rest == UNTRAINED_HEAD {
        return Role::Ignored;
    }
    for (suffix, is_a) in [
        (".lora_A.weight", true),
        (".lora_A.default.weight", true),
        (".lora_B.weight", false),
        (".lora_B.default.weight", false),
    ] {
        if let Some(module) = rest.strip_suffix(suffix) {
            let path = tensor_names::canonical(module);
            return if is_a { Role::A(path) } else { Role::B(path) };
        }
    }
    Role::Unknown
}
