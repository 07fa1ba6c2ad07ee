//! The weights of a large network: one file, or an index and its shards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::entries::{Entry, entries, without_parallel};
use super::open;
use super::stored::{Stored, StoredTensor};
use crate::error::{NetworkError, TensorProblems};

/// Weights in one file.
const SINGLE: &str = "model.safetensors";

/// Weights in one file, as older writers name it.
const PICKLED: &str = "pytorch_model.bin";

/// The list of shards.
const INDEX: &str = "model.safetensors.index.json";

/// All tensors of a checkpoint, by the names its files have for them. Every file is mapped once; opening reads
/// the headers only.
#[derive(Debug)]
pub struct ShardedCheckpoint {
    label: String,
    tensors: BTreeMap<String, Stored>,
}

impl ShardedCheckpoint {
    /// The weights in a model's directory: `model.safetensors`, else the shards that
    /// `model.safetensors.index.json` names, else `pytorch_model.bin`.
    ///
    /// # Errors
    /// [`NetworkError::NoWeights`] if neither is there; [`NetworkError::Shard`] for a shard that is missing, lies
    /// outside the directory, or does not hold what the index says, and for a tensor that two shards hold;
    /// [`NetworkError::Config`] for an index that cannot be understood; [`NetworkError::NotSafetensors`],
    /// [`NetworkError::DamagedStateDict`] or [`NetworkError::NotStateDict`] for a file that was cut short, whose header
    /// lies, or that holds more than tensors; [`NetworkError::Read`].
    pub fn open(directory: &Path) -> Result<Self, NetworkError> {
        let single = directory.join(SINGLE);
        if single.exists() {
            return Self::open_file(&single);
        }
        let index = directory.join(INDEX);
        if index.exists() {
            return Self::open_index(directory, &index);
        }
        let pickled = directory.join(PICKLED);
        if pickled.exists() {
            return Self::open_file(&pickled);
        }
        let pickled = directory.join("pytorch_model.bin.index.json").exists();
        Err(NetworkError::NoWeights {
            directory: directory.display().to_string(),
            looked_for: format!("{SINGLE} nor {INDEX} nor {PICKLED}"),
            remark: if pickled {
                "; pytorch_model.bin.index.json is there, but of shards only safetensors are read: convert them first"
                    .into()
            } else {
                String::new()
            },
        })
    }

    /// The tensors of one file, safetensors or `.pth`. Where all names begin with `module.`, as parallel training writes
    /// them, that is left out.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::NotSafetensors`], [`NetworkError::DamagedStateDict`] or
    /// [`NetworkError::NotStateDict`] if it was cut short, its header lies, or it holds more than tensors.
    pub fn open_file(path: &Path) -> Result<Self, NetworkError> {
        let tensors = read_header(path, without_parallel)?
            .into_iter()
            .map(|tensor| (tensor.name.clone(), tensor))
            .collect();
        Ok(Self { label: path.display().to_string(), tensors })
    }

    fn open_index(directory: &Path, path: &Path) -> Result<Self, NetworkError> {
        let label = path.display().to_string();
        let json =
            std::fs::read(path).map_err(|source| NetworkError::Read { file: label.clone(), source })?;
        let Index { weight_map } = serde_json::from_slice(&json).map_err(|error| NetworkError::Config {
            file: label.clone(),
            field: format!("line {}", error.line()),
            why: error.to_string(),
        })?;
        let problem = |shard: &str, why: String| NetworkError::Shard {
            index: label.clone(),
            shard: shard.to_owned(),
            why,
        };
        let shards: BTreeSet<&str> = weight_map.0.iter().map(|(_, shard)| shard.as_str()).collect();
        let mut tensors: BTreeMap<String, (&str, Stored)> = BTreeMap::new();
        for &shard in &shards {
            if !is_plain_name(shard) {
                return Err(problem(
                    shard,
                    "a shard is a file beside its index, named without a path".into(),
                ));
            }
            let found = match read_header(&directory.join(shard), |entries| entries) {
                Err(NetworkError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    return Err(problem(
                        shard,
                        "the index names this shard, but the file does not exist".into(),
                    ));
                }
                other => other?,
            };
            for tensor in found {
                if let Some((first, _)) = tensors.get(&tensor.name) {
                    return Err(problem(shard, format!("it holds {}, which {first} holds too", tensor.name)));
                }
                tensors.insert(tensor.name.clone(), (shard, tensor));
            }
        }
        let mut named = BTreeSet::new();
        for (name, shard) in &weight_map.0 {
            if !named.insert(name) {
                return Err(problem(shard, format!("the index names {name} twice")));
            }
            if tensors.get(name).is_none_or(|(holder, _)| holder != shard) {
                return Err(problem(shard, format!("it does not hold {name}, though the index says so")));
            }
        }
        let tensors = tensors.into_iter().map(|(name, (_, tensor))| (name, tensor)).collect();
        Ok(Self { label, tensors })
    }

    /// A tensor, by the name its file has for it (see [`ShardedCheckpoint::open_file`]).
    pub fn tensor(&self, name: &str) -> Option<StoredTensor<'_>> {
        self.tensors.get(name).map(Stored::view)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The values of a tensor, widened to f32.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] if the tensor does not exist; those of [`StoredTensor::floats`].
    pub fn floats(&self, name: &str) -> Result<Vec<f32>, NetworkError> {
        let Some(tensor) = self.tensors.get(name) else {
            let problems = TensorProblems { missing: vec![name.into()], ..TensorProblems::default() };
            return Err(NetworkError::Tensors { file: self.label.clone(), problems });
        };
        tensor.view().floats()
    }

    /// The file or index, for messages.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub(crate) fn stored(&self) -> impl Iterator<Item = &Stored> {
        self.tensors.values()
    }
}

/// Maps a file and finds its tensors, by the names that `named` gives them.
fn read_header(path: &Path, named: fn(Vec<Entry>) -> Vec<Entry>) -> Result<Vec<Stored>, NetworkError> {
    let file = Arc::new(open(path)?);
    let label: Arc<str> = path.display().to_string().into();
    let tensors = named(entries(&label, &file)?).into_iter().map(|entry| Stored {
        name: entry.name,
        file: Arc::clone(&file),
        bytes: entry.bytes,
        dtype: entry.dtype,
        shape: entry.shape,
        path: Arc::clone(&label),
    });
    Ok(tensors.collect())
}

/// Whether a name stays in its directory. A backslash parts folders on some systems.
fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
        && !name.contains('\\')
}

/// `model.safetensors.index.json`.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: WeightMap,
}

/// Tensor and shard, in the order of the file: a map would hide a name that stands there twice.
struct WeightMap(Vec<(String, String)>);

impl<'de> Deserialize<'de> for WeightMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = WeightMap;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensor names and their files")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightMap, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(WeightMap(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}
