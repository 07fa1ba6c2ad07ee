//! The trained part of G3, its losses, and its way back to a file.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor, Var};
use geo::LatLon;
use nets::NetworkError;
use nets::checkpoint::ShardedCheckpoint;
use nets::g3::{FourierFeatures, G3Config, TrainedPart};

use super::layers::{Layers, Variables};
use super::loss::symmetric_contrast;
use crate::TrainError;

/// What a step looks at: row i of each belongs to photo i. Every other row is a negative, so a batch should hold no
/// place twice.
#[derive(Clone, Copy, Debug)]
pub struct G3Batch<'a> {
    /// CLIP's embeddings of the photos, `[photos, dimension]` row-major, not normalised:
    /// [`ClipVision::encode`](nets::clip::ClipVision::encode) of [`G3::clip`](nets::g3::G3::clip).
    pub photos: &'a [f32],
    /// CLIP's embeddings of the texts, of the same shape, not normalised:
    /// [`G3::project_texts`](nets::g3::G3::project_texts).
    pub texts: &'a [f32],
    /// Where the photos were taken.
    pub locations: &'a [LatLon],
}

/// The two halves of the loss, each a single number with its way back.
#[derive(Clone, Debug)]
pub struct ContrastiveLosses {
    /// Of photos and texts (the official code's `loss_phase_1`).
    pub texts: Tensor,
    /// Of photos and locations.
    pub locations: Tensor,
}

impl ContrastiveLosses {
    /// Their sum, which is what training makes small.
    ///
    /// # Errors
    /// The device's.
    pub fn total(&self) -> Result<Tensor, TrainError> {
        Ok((&self.texts + &self.locations)?)
    }
}

/// The tensors that G3's training changes, as candle variables (f32): the heads of photos, texts and locations, the
/// location encoder's layers, and two logit scales. Not among them: CLIP, the random frequencies, the third logit scale.
#[derive(Debug)]
pub struct G3Heads {
    variables: Variables,
    text_scale: Var,
    location_scale: Var,
    photo_to_text: Layers,
    text_to_photo: Layers,
    photo_to_location: Layers,
    location_to_photo: Layers,
    fourier: FourierFeatures,
    scales: Vec<Layers>,
    dimension: usize,
}

impl G3Heads {
    /// Reads them from the checkpoint of a whole G3.
    ///
    /// # Errors
    /// [`TrainError::Network`] for a checkpoint that holds anything but this network; [`TrainError::Tensor`].
    pub fn load(
        config: &G3Config,
        checkpoint: &ShardedCheckpoint,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let part = TrainedPart::load(config, checkpoint)?;
        let mut variables = Variables::new(device);
        Ok(Self {
            text_scale: variables.add(part.text_scale)?,
            location_scale: variables.add(part.location_scale)?,
            photo_to_text: variables.layers(part.photo_to_text)?,
            text_to_photo: variables.layers(part.text_to_photo)?,
            photo_to_location: variables.layers(part.photo_to_location)?,
            location_to_photo: variables.layers(part.location_to_photo)?,
            fourier: part.fourier,
            scales: part
                .scales
                .into_iter()
                .map(|layers| variables.layers(layers))
                .collect::<Result<_, _>>()?,
            dimension: config.dimension(),
            variables,
        })
    }

    /// The variables with their names in the checkpoint, by name. An optimiser takes clones of them, which share their
    /// values.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.by_name.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// The losses of a batch; `backward` of [`ContrastiveLosses::total`] gives the gradients of all
    /// [`variables`](Self::variables).
    ///
    /// # Errors
    /// [`TrainError::RowCount`] for an empty batch; [`TrainError::Network`] for embeddings that are not one a location;
    /// [`TrainError::Tensor`].
    pub fn losses(&self, batch: &G3Batch<'_>) -> Result<ContrastiveLosses, TrainError> {
        if batch.locations.is_empty() {
            return Err(TrainError::RowCount { what: "batch", expected: 1, found: 0 });
        }
        let photos = self.embeddings("CLIP's embeddings of photos", batch.photos, batch)?;
        let texts = self.embeddings("CLIP's embeddings of texts", batch.texts, batch)?;
        let locations = self.encode_locations(batch.locations)?;
        Ok(ContrastiveLosses {
            texts: symmetric_contrast(
                &self.text_to_photo.forward(&texts)?,
                &self.photo_to_text.forward(&photos)?,
                &self.text_scale,
            )?,
            locations: symmetric_contrast(
                &self.location_to_photo.forward(&locations)?,
                &self.photo_to_location.forward(&photos)?,
                &self.location_scale,
            )?,
        })
    }

    /// Writes a whole G3 as safetensors: these heads, and all else as `checkpoint`, from which they were read, has it.
    ///
    /// # Errors
    /// [`TrainError::Network`] for another network's checkpoint, values that are not numbers, or a file that cannot be
    /// written; [`TrainError::Tensor`].
    pub fn save(&self, checkpoint: &ShardedCheckpoint, path: &Path) -> Result<(), TrainError> {
        let values = |(name, variable): (&str, &Var)| -> Result<_, TrainError> {
            Ok((name.to_owned(), variable.flatten_all()?.to_vec1::<f32>()?))
        };
        let changed = self.variables().map(values).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok(checkpoint.save_with(&changed, path)?)
    }

    /// `[photos, dimension]`.
    fn embeddings(
        &self,
        what: &'static str,
        values: &[f32],
        batch: &G3Batch<'_>,
    ) -> Result<Tensor, TrainError> {
        let (rows, width, found) = (batch.locations.len(), self.dimension, values.len());
        if found != rows * width {
            let expected = format!("{} ({rows} rows of {width})", rows * width);
            return Err(NetworkError::InputLength { what, found, expected }.into());
        }
        Ok(Tensor::from_slice(values, (rows, width), &self.variables.device)?)
    }

    /// The location encoder: `[locations, location width]`.
    fn encode_locations(&self, locations: &[LatLon]) -> Result<Tensor, TrainError> {
        let rows = locations.len();
        let scale = |(features, layers): (Vec<f32>, &Layers)| {
            let width = features.len() / rows.max(1);
            layers.forward(&Tensor::from_vec(features, (rows, width), &self.variables.device)?)
        };
        let scales: Vec<Tensor> =
            self.fourier.of(locations).into_iter().zip(&self.scales).map(scale).collect::<Result<_, _>>()?;
        Ok(Tensor::stack(&scales, 0)?.sum(0)?)
    }
}
