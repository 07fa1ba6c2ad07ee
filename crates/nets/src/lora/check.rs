//! Whether an adapter fits a model.

use std::collections::BTreeMap;

use super::Adapter;
use crate::error::{Misshapen, NetworkError, TensorProblems};
use crate::qwen2_vl::config::LanguageConfig;
use crate::qwen2_vl::tensor_names::{PROJECTIONS, projection_shape};

impl Adapter {
    /// Compares the adapter with a model: every target module of every layer has a pair of its shape, and there
    /// is nothing else.
    ///
    /// # Errors
    /// [`NetworkError::AdapterMismatch`] if the hidden size or the number of layers is another, with both
    /// figures; [`NetworkError::Tensors`] with every other difference.
    pub fn check(&self, config: &LanguageConfig) -> Result<(), NetworkError> {
        let mismatch = |why: String| Err(NetworkError::AdapterMismatch { adapter: self.label.clone(), why });
        if let Some(hidden) = self.hidden_size().filter(|&hidden| hidden != config.hidden_size) {
            let base = self.base_model_name.as_deref().unwrap_or("an unnamed model");
            return mismatch(format!(
                "its hidden size is {hidden} (trained on {base}), the model's is {}",
                config.hidden_size
            ));
        }
        let layers = self.layers();
        if layers.is_some_and(|layers| layers != config.layers) {
            let layers = layers.unwrap_or_default();
            return mismatch(format!("it has pairs for {layers} layers, the model has {}", config.layers));
        }
        let mut expected = BTreeMap::new();
        for layer in 0..config.layers {
            for (module, name) in PROJECTIONS {
                if self.targets(name) {
                    let shape = projection_shape(config, module);
                    expected.insert(format!("model.layers.{layer}.{module}"), shape);
                }
            }
        }
        let mut problems = TensorProblems::default();
        for (path, &[outputs, inputs]) in &expected {
            let Some(pair) = self.pairs.get(path) else {
                problems.missing.push(path.clone());
                continue;
            };
            if (pair.outputs, pair.inputs) != (outputs, inputs) {
                problems.misshapen.push(Misshapen {
                    tensor: path.clone(),
                    found: format!("[{}, {}]", pair.outputs, pair.inputs),
                    expected: format!("[{outputs}, {inputs}]"),
                });
            }
        }
        problems.unexpected =
            self.pairs.keys().filter(|path| !expected.contains_key(*path)).cloned().collect();
        if let Some(head) = self.value_head.as_ref().filter(|head| head.len() != config.hidden_size) {
            problems.misshapen.push(Misshapen {
                tensor: "value_head.weight".into(),
                found: format!("[1, {}]", head.len()),
                expected: format!("[1, {}]", config.hidden_size),
            });
        }
        self.no_problems(problems)
    }

    /// Whether each pair belongs to a target module and is consistent in itself.
    pub(super) fn check_paths(&self) -> Result<(), NetworkError> {
        let mut problems = TensorProblems::default();
        for (path, pair) in &self.pairs {
            match place(path) {
                Some((_, module)) if self.targets(module) => {}
                _ => problems.unexpected.push(path.clone()),
            }
            let lengths = (pair.a.len(), pair.b.len());
            let asked = (self.rank * pair.inputs, pair.outputs * self.rank);
            if pair.rank != self.rank || lengths != asked {
                problems.misshapen.push(Misshapen {
                    tensor: path.clone(),
                    found: format!("rank {} with {} and {} numbers", pair.rank, lengths.0, lengths.1),
                    expected: format!("rank {} with {} and {} numbers", self.rank, asked.0, asked.1),
                });
            }
        }
        self.no_problems(problems)
    }

    fn no_problems(&self, problems: TensorProblems) -> Result<(), NetworkError> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(NetworkError::Tensors { file: self.label.clone(), problems })
        }
    }

    fn targets(&self, module: &str) -> bool {
        self.target_modules.iter().any(|target| target == module)
    }

    /// The hidden size of the model it was trained on, as far as its shapes tell.
    fn hidden_size(&self) -> Option<usize> {
        let from_head = self.value_head.as_ref().map(Vec::len);
        from_head.or_else(|| {
            self.pairs.iter().find_map(|(path, pair)| match place(path)?.1 {
                // The outputs of these are the hidden state; what goes in may be wider.
                "o_proj" | "down_proj" => Some(pair.outputs),
                _ => Some(pair.inputs),
            })
        })
    }

    /// One more than the last layer that has a pair.
    fn layers(&self) -> Option<usize> {
        self.pairs.keys().filter_map(|path| Some(place(path)?.0 + 1)).max()
    }
}

/// Layer and last part of a module's canonical path; `None` for any other path.
fn place(path: &str) -> Option<(usize, &'static str)> {
    let (layer, module) = path.strip_prefix("model.layers.")?.split_once('.')?;
    let (_, name) = PROJECTIONS.iter().find(|(inside, _)| *inside == module)?;
    Some((layer.parse().ok()?, name))
}
