//! The shape of G3.

use std::path::Path;

use crate::clip::ClipConfig;
use crate::error::NetworkError;
use crate::fourier_encoder::FourierShape;
use crate::vision_transformer::ConfigFile;

/// Widest layer that is believed.
const MOST: usize = 1 << 14;

/// The shape of a G3 network: CLIP's `config.json`, and widths of the location encoder where they are not as
/// published.
#[derive(Clone, Debug, PartialEq)]
pub struct G3Config {
    /// CLIP, with both towers.
    pub clip: ClipConfig,
    pub(super) locations: FourierShape,
}

impl G3Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; those of [`G3Config::from_json`].
    pub fn from_file(path: &Path) -> Result<Self, NetworkError> {
        let (file, json) = ConfigFile::read(path)?;
        Self::from_json(&file, &json)
    }

    /// Parses the `config.json` of the CLIP that the network was made from (`openai/clip-vit-large-patch14`). The
    /// fields `fourier_rows` (256), `location_hidden` (1024) and `location_dim` (512) may be added. `file` is for
    /// messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the first field that is missing or makes no sense.
    pub fn from_json(file: &str, json: &str) -> Result<Self, NetworkError> {
        let clip = ClipConfig::from_json(file, json)?;
        let parsed = ConfigFile::parse(file, json)?;
        let top = parsed.top();
        clip.text_tower()?;
        let locations = FourierShape {
            frequencies: top.count("fourier_rows", MOST, Some(256))?,
            hidden: top.count("location_hidden", MOST, Some(1024))?,
            outputs: top.count("location_dim", MOST, Some(512))?,
        };
        Ok(Self { clip, locations })
    }

    /// Numbers of each of a photo's vectors.
    pub const fn dimension(&self) -> usize {
        self.clip.projection
    }
}
