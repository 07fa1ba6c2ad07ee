//! The text tower.

use candle_core::{Device, Result, Tensor};

use super::config::TextConfig;
use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::holding::{Holding, LayerReader};
use crate::load_options::Workers;
use crate::operators::Norm;
use crate::vision_transformer::{Layers, biased, computing};
use kernels::weights::WeightMatrix;

/// Tokens that go through the layers together.
const TOKENS_AT_ONCE: usize = 4096;

/// Texts to vectors of the tower's own width.
#[derive(Clone, Debug)]
pub(crate) struct TextTower {
    config: TextConfig,
    holding: Holding,
    /// `[vocabulary, width]`.
    tokens: WeightMatrix,
    /// `[positions, width]`.
    positions: Tensor,
    layers: Layers,
    after: Norm,
}

/// The tensors of a tower named `text_model.*`.
pub(crate) fn text_tensors(config: &TextConfig) -> Vec<Expected> {
    let width = config.layers.width;
    let name = |part: &str| format!("text_model.{part}");
    let mut list = vec![
        (name("embeddings.token_embedding.weight"), vec![config.vocabulary, width]),
        (name("embeddings.position_embedding.weight"), vec![config.positions, width]),
    ];
    Layers::tensors(&config.layers, &name("encoder."), &mut list);
    biased(&mut list, &name("final_layer_norm"), &[width]);
    list
}

impl TextTower {
    pub(crate) fn read(
        reader: LayerReader<'_>,
        config: &TextConfig,
    ) -> std::result::Result<Self, NetworkError> {
        Ok(Self {
            config: config.clone(),
            holding: reader.holding.clone(),
            tokens: reader.checked_matrix("text_model.embeddings.token_embedding.weight")?,
            positions: reader.table("text_model.embeddings.position_embedding.weight")?,
            layers: Layers::read(reader, &config.layers, "text_model.encoder.")?,
            after: reader.norm("text_model.final_layer_norm")?,
        })
    }

    /// Who computes, for what comes after the tower.
    pub(crate) const fn workers(&self) -> &Workers {
        &self.holding.workers
    }

    /// Pooled vectors `[texts, width]` of token ids, with start and end tokens and any padding after them.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] for a text that is empty, too long, or has an id beyond the vocabulary;
    /// [`NetworkError::Compute`].
    pub(crate) fn forward(&self, texts: &[impl AsRef<[u32]>]) -> std::result::Result<Tensor, NetworkError> {
        let mut parts = Vec::new();
        let mut kept = Vec::with_capacity(texts.len());
        for text in texts {
            kept.push(self.up_to_end(text.as_ref())?);
        }
        let mut rest = kept.as_slice();
        while !rest.is_empty() {
            let mut tokens = 0;
            let fits = rest.iter().take_while(|text| {
                tokens += text.len();
                tokens <= TOKENS_AT_ONCE
            });
            let (batch, others) = rest.split_at(fits.count().max(1));
            parts.push(self.holding.workers.run(|| self.batch(batch)).map_err(computing("the text tower"))?);
            rest = others;
        }
        if parts.is_empty() {
            return Tensor::zeros((0, self.config.layers.width), self.holding.kind, &self.holding.device)
                .map_err(computing("the text tower"));
        }
        Tensor::cat(&parts, 0).map_err(computing("the text tower"))
    }

    /// What the end token sees: itself and what precedes it.
    fn up_to_end<'t>(&self, ids: &'t [u32]) -> std::result::Result<&'t [u32], NetworkError> {
        let wrong = |expected: String| NetworkError::InputLength {
            what: "tokens of a text",
            found: ids.len(),
            expected,
        };
        let most = self.config.positions;
        let Some(&largest) = ids.iter().max().filter(|_| ids.len() <= most) else {
            return Err(wrong(format!("1 to {most}")));
        };
        if largest as usize >= self.config.vocabulary {
            return Err(wrong(format!("ids below {}, not {largest}", self.config.vocabulary)));
        }
        // Where there is no end token, the reference takes the first place.
        let end = self.config.end.unwrap_or(largest);
        let place = ids.iter().position(|&id| id == end).unwrap_or(0);
        Ok(&ids[..=place])
    }

    fn batch(&self, texts: &[&[u32]]) -> Result<Tensor> {
        let width = self.config.layers.width;
        let rows: usize = texts.iter().map(|text| text.len()).sum();
        let mut embedded = vec![0.0; rows * width];
        for (row, &id) in embedded.chunks_exact_mut(width).zip(texts.iter().copied().flatten()) {
            self.tokens.widen_rows(id as usize..id as usize + 1, row);
        }
        let (device, kind) = (&self.holding.device, self.holding.kind);
        let tokens =
            Tensor::from_vec(embedded, (rows, width), &Device::Cpu)?.to_device(device)?.to_dtype(kind)?;
        let places = texts.iter().map(|text| self.positions.narrow(0, 0, text.len()));
        let hidden = (tokens + Tensor::cat(&places.collect::<Result<Vec<_>>>()?, 0)?)?;
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let hidden = self.layers.forward(&hidden, &lengths, true, None)?;
        let mut end = 0;
        let ends: Vec<u32> = lengths
            .iter()
            .map(|length| {
                end += length;
                end as u32 - 1
            })
            .collect();
        let last = hidden.index_select(&Tensor::new(ends, device)?, 0)?;
        self.after.forward(self.holding.operators, &last, self.config.layers.epsilon)
    }
}
