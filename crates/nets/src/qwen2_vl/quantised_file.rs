//! Quantised weights, kept: searching for the scales of seven billion weights takes minutes, reading them seconds.
//!
//! A safetensors file of bytes (`U8 [outputs, bytes of a row]`), one tensor for each linear layer's weight, in GGUF's block
//! formats. Its metadata says what it was made from and a checksum of every tensor: a file of other weights, or one that
//! was damaged, is never used but computed again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use files::{MappedFile, hexadecimal, remove_leftovers, write_atomic_with};
use kernels::weights::{StoredType, WeightMatrix, block_bytes};

use super::tensor_names::Resolved;
use crate::NetworkError;

const FORMAT: &str = "georanker quantised weights 1";
/// Bytes of a tensor that are looked at to know it again.
const SAMPLES: usize = 32;
const SAMPLE_BYTES: usize = 256;
/// A temporary file this old was left by a process that was killed: writing one takes minutes.
const ABANDONED: Duration = Duration::from_hours(24);

/// The weights of a checkpoint's linear layers in blocks.
#[derive(Debug)]
pub(super) struct QuantisedFile {
    file: Arc<MappedFile>,
    /// Name to shape `[outputs, inputs]` and bytes of the file.
    tensors: HashMap<String, (Layer, std::ops::Range<usize>)>,
    stored: StoredType,
}

/// A weight that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
}

impl QuantisedFile {
    /// The file for these weights in a directory, made if it is not there, is damaged or belongs to others. `layers`
    /// may also name some that have no blocks; `quantise` reads one, checks that its numbers are finite, and converts it.
    ///
    /// # Errors
    /// What `quantise` says; [`NetworkError::Write`] where the directory cannot hold the file.
    pub(super) fn open_or_make(
        directory: &Path,
        checkpoint: &Resolved,
        layers: &[Layer],
        stored: StoredType,
        quantise: impl Fn(&str) -> Result<WeightMatrix, NetworkError>,
    ) -> Result<Self, NetworkError> {
        let layers: Vec<Layer> = layers
            .iter()
            .filter(|layer| block_bytes(stored, layer.outputs, layer.inputs).is_some())
            .cloned()
            .collect();
        let source = source(checkpoint, &layers)?;
        let kind = format!("{stored:?}").to_lowercase();
        let path = directory.join(format!("weights-{}-{kind}.safetensors", &source[..16]));
        if let Some(known) = Self::read(&path, &source, &layers, stored) {
            return Ok(known);
        }
        let failed = |source| NetworkError::Write { file: path.display().to_string(), source };
        fs::create_dir_all(directory).map_err(failed)?;
        remove_leftovers(directory, ABANDONED);
        let made = write_atomic_with(&path, |file| make(file, &source, &layers, stored, &quantise));
        made.map_err(|stop| match stop {
            Stop::Weights(error) => error,
            Stop::Disk(error) => failed(error),
        })?;
        Self::read(&path, &source, &layers, stored)
            .ok_or_else(|| failed(io::Error::other("what was written does not read back")))
    }

    /// `None` if the file is missing, damaged, or made from other weights.
    fn read(path: &Path, source: &str, layers: &[Layer], stored: StoredType) -> Option<Self> {
        let file = MappedFile::open(path).ok()?;
        let (length, metadata) = SafeTensors::read_metadata(&file).ok()?;
        let texts = metadata.metadata().as_ref()?;
        if texts.get("format").map(String::as_str) != Some(FORMAT)
            || texts.get("source").map(String::as_str) != Some(source)
        {
            return None;
        }
        let start = 8 + length;
        let mut tensors = HashMap::new();
        for layer in layers {
            let info = metadata.info(&layer.name)?;
            let bytes = start + info.data_offsets.0..start + info.data_offsets.1;
            let expected = block_bytes(stored, layer.outputs, layer.inputs)?;
            if info.dtype != Dtype::U8 || bytes.len() != expected || bytes.end > file.len() {
                return None;
            }
            tensors.insert(layer.name.clone(), (layer.clone(), bytes));
        }
        let sound = layers.par_iter().all(|layer| {
            let (Some((_, bytes)), Some(sum)) =
                (tensors.get(&layer.name), texts.get(&checksum_key(&layer.name)))
            else {
                return false;
            };
            *sum == checksum(&file[bytes.clone()])
        });
        sound.then(|| Self { file: Arc::new(file), tensors, stored })
    }

    /// A weight, read where it lies; `None` if it has no blocks.
    pub(super) fn matrix(&self, name: &str) -> Option<WeightMatrix> {
        let (layer, bytes) = self.tensors.get(name)?;
        WeightMatrix::from_file(
            Arc::clone(&self.file),
            bytes.clone(),
            self.stored,
            layer.outputs,
            layer.inputs,
        )
    }
}

enum Stop {
    Weights(NetworkError),
    Disk(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Quantises one layer after another, so that no more than one is in memory.
fn make(
    file: &mut File,
    source: &str,
    layers: &[Layer],
    stored: StoredType,
    quantise: &impl Fn(&str) -> Result<WeightMatrix, NetworkError>,
) -> Result<(), Stop> {
    let mut sums = vec![checksum(&[]); layers.len()];
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.write_all(&header(source, layers, stored, &sums))?;
    for (layer, sum) in layers.iter().zip(&mut sums) {
        let converted = quantise(&layer.name).map_err(Stop::Weights)?;
        let blocks = converted.blocks().unwrap_or_default();
        *sum = checksum(blocks);
        out.write_all(blocks)?;
    }
    // Every checksum has the same length: the header keeps its own.
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&header(source, layers, stored, &sums))?;
    Ok(out.flush()?)
}

/// The length and the header of a safetensors file.
fn header(source: &str, layers: &[Layer], stored: StoredType, sums: &[String]) -> Vec<u8> {
    let mut metadata = Map::new();
    metadata.insert("format".into(), FORMAT.into());
    metadata.insert("source".into(), source.into());
    let mut root = Map::new();
    let mut start = 0;
    for (layer, sum) in layers.iter().zip(sums) {
        metadata.insert(checksum_key(&layer.name), sum.as_str().into());
        let bytes = block_bytes(stored, layer.outputs, layer.inputs).unwrap_or(0);
        let shape = [layer.outputs, bytes / layer.outputs.max(1)];
        root.insert(
            layer.name.clone(),
            json!({ "dtype": "U8", "shape": shape, "data_offsets": [start, start + bytes] }),
        );
        start += bytes;
    }
    root.insert("__metadata__".into(), Value::Object(metadata));
    let mut text = Value::Object(root).to_string();
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let mut head = (text.len() as u64).to_le_bytes().to_vec();
    head.extend_from_slice(text.as_bytes());
    head
}

fn checksum_key(name: &str) -> String {
    format!("crc32 {name}")
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// Tells checkpoints apart by names, shapes, types and samples of all their tensors; networks that were trained apart
/// differ everywhere, and reading all of their bytes would take longer than opening them.
fn source(checkpoint: &Resolved, layers: &[Layer]) -> Result<String, NetworkError> {
    let mut hash = Sha256::new();
    for layer in layers {
        let tensor = checkpoint.get(&layer.name)?;
        let bytes = tensor.data();
        hash.update(format!("{} {:?} {:?}", layer.name, tensor.dtype, tensor.shape));
        for sample in 0..SAMPLES {
            let start = bytes.len() / SAMPLES * sample;
            hash.update(&bytes[start..bytes.len().min(start + SAMPLE_BYTES)]);
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}
