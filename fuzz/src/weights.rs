//! Weights: safetensors, `PyTorch`'s archives, adapters.

use std::io::{Cursor, Write as _};
use std::path::Path;

use contract::Diagnose;
use nets::checkpoint::ShardedCheckpoint;
use nets::lora::Adapter;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::scratch::Scratch;

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
    static ADAPTER: Scratch = adapter_directory();
}

fn read_all(path: &Path) {
    match ShardedCheckpoint::open_file(path) {
        Ok(checkpoint) => {
            for name in checkpoint.names() {
                let Some(tensor) = checkpoint.tensor(name) else { panic!("{name} is named and not there") };
                let _ = (tensor.data().len(), tensor.floats().map(|floats| floats.len()));
            }
        }
        Err(error) => {
            let _ = (error.to_string(), error.hint(), error.kind());
        }
    }
}

/// A whole file of weights: safetensors, or a zip archive with a pickle in it.
pub fn checkpoint(data: &[u8]) {
    SCRATCH.with(|scratch| read_all(&scratch.write("weights.pth", data)));
}

/// A pickle in an archive that is otherwise right, with one storage of 64 bytes.
pub fn pickle(data: &[u8]) {
    let archived = archive(&[("m/data.pkl", data), ("m/byteorder", b"little"), ("m/data/0", &[63; 64])]);
    SCRATCH.with(|scratch| read_all(&scratch.write("model.pth", &archived)));
}

#[expect(clippy::expect_used, reason = "an archive of short members in memory")]
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        archive.start_file(*name, stored).expect("a member");
        archive.write_all(content).expect("its content");
    }
    archive.finish().expect("an archive").into_inner()
}

/// The settings of an adapter whose weights are right: one pair of rank 2 for 4 inputs and 3 outputs.
fn adapter_directory() -> Scratch {
    const NAME: &str = "base_model.model.model.layers.0.self_attn.q_proj";
    let header = format!(
        r#"{{"{NAME}.lora_A.weight":{{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]}},"{NAME}.lora_B.weight":{{"dtype":"F32","shape":[3,2],"data_offsets":[32,56]}}}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&[0; 56]);
    let scratch = Scratch::new();
    scratch.write("adapter_model.safetensors", &bytes);
    scratch
}

/// `adapter_config.json`.
pub fn adapter(data: &[u8]) {
    ADAPTER.with(|scratch| {
        scratch.write("adapter_config.json", data);
        match Adapter::open(scratch.path()) {
            Ok(adapter) => assert!(adapter.scale().is_finite(), "{}", adapter.scale()),
            Err(error) => {
                let _ = (error.to_string(), error.hint(), error.kind());
            }
        }
    });
}
