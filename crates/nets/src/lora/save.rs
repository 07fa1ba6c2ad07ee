//! Writing what PEFT reads.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::read::ROOT;
use super::settings::Settings;
use super::{Adapter, CONFIG, Naming, WEIGHTS};
use crate::checkpoint::first_not_finite;
use crate::error::NetworkError;

impl Adapter {
    /// Writes `adapter_config.json` and `adapter_model.safetensors` (f32) into a directory, which is made if need
    /// be. Each file appears whole under its name or not at all, the weights first.
    ///
    /// # Errors
    /// [`NetworkError::NotFinite`] for weights that should not be kept; [`NetworkError::Tensors`] if a pair's path
    /// or lengths are wrong; [`NetworkError::UnsupportedAdapter`] for settings that could not be read again;
    /// [`NetworkError::Write`].
    pub fn save(&self, directory: &Path, naming: Naming) -> Result<(), NetworkError> {
        let (weights, config) = (directory.join(WEIGHTS), directory.join(CONFIG));
        self.check_paths()?;
        let settings = self.settings().checked(&config.display().to_string())?;
        let tensors = self.tensors(naming);
        let file = weights.display().to_string();
        for (name, _, values) in &tensors {
            if let Some(error) = first_not_finite(&file, name, values) {
                return Err(error);
            }
        }
        let bytes = encode(&tensors)
            .map_err(|source| NetworkError::Write { file, source: io::Error::other(source) })?;
        let mut json = format!("{:#}", settings.to_json());
        json.push('\n');
        fs::create_dir_all(directory)
            .map_err(|source| NetworkError::Write { file: directory.display().to_string(), source })?;
        for (path, bytes) in [(&weights, bytes.as_slice()), (&config, json.as_bytes())] {
            files::write_atomic(path, bytes)
                .map_err(|source| NetworkError::Write { file: path.display().to_string(), source })?;
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        Settings {
            rank: self.rank,
            alpha: self.alpha,
            rank_stabilised: self.rank_stabilised,
            dropout: self.dropout,
            target_modules: self.target_modules.clone(),
            base_model_name: self.base_model_name.clone(),
            value_head: self.value_head.is_some(),
        }
    }

    /// Name on disk, shape and values of every tensor.
    fn tensors(&self, naming: Naming) -> Vec<(String, Vec<usize>, &[f32])> {
        let mut tensors = Vec::with_capacity(2 * self.pairs.len() + 1);
        for (path, pair) in &self.pairs {
            let module = match (naming, path.strip_prefix("model.")) {
                (Naming::Current, Some(rest)) => format!("{ROOT}model.language_model.{rest}"),
                _ => format!("{ROOT}{path}"),
            };
            let (a, b) = (vec![pair.rank, pair.inputs], vec![pair.outputs, pair.rank]);
            tensors.push((format!("{module}.lora_A.weight"), a, pair.a.as_slice()));
            tensors.push((format!("{module}.lora_B.weight"), b, pair.b.as_slice()));
        }
        if let Some(head) = &self.value_head {
            tensors.push((format!("{ROOT}value_head.weight"), vec![1, head.len()], head.as_slice()));
        }
        tensors
    }
}

fn encode(tensors: &[(String, Vec<usize>, &[f32])]) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    serialize(views, Some(HashMap::from([("format".into(), "pt".into())])))
}
