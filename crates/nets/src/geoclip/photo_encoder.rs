//! From photos to GeoCLIP's space.

use super::image_head::ImageHead;
use crate::clip::ClipVision;
use crate::error::NetworkError;
use kernels::vectors::l2_normalise;

/// The photos' side of GeoCLIP: CLIP's vision tower (ViT-L/14, frozen) and the image head.
#[derive(Debug)]
pub struct PhotoEncoder {
    clip: ClipVision,
    head: ImageHead,
}

impl PhotoEncoder {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if CLIP's embeddings are not what the head takes.
    pub fn new(clip: ClipVision, head: ImageHead) -> Result<Self, NetworkError> {
        if clip.dimension() == ImageHead::INPUTS {
            Ok(Self { clip, head })
        } else {
            Err(NetworkError::InputLength {
                what: "CLIP's embedding under GeoCLIP's image head",
                found: clip.dimension(),
                expected: format!("{} (ViT-L/14)", ImageHead::INPUTS),
            })
        }
    }

    /// CLIP, which also knows the preprocessing.
    pub const fn clip(&self) -> &ClipVision {
        &self.clip
    }

    /// Unit vectors of `pixels` `[photos, 3, size, size]`: in the location space, `[photos, 512]`, and CLIP's own,
    /// `[photos, 768]`.
    ///
    /// # Errors
    /// Those of [`ClipVision::encode`].
    pub fn encode_normalised(&self, pixels: &[f32]) -> Result<(Vec<f32>, Vec<f32>), NetworkError> {
        let mut features = self.clip.encode(pixels)?;
        let locations = self.clip.workers().run(|| self.head.encode_normalised(&features))?;
        for vector in features.chunks_exact_mut(ImageHead::INPUTS) {
            l2_normalise(vector);
        }
        Ok((locations, features))
    }
}
