//! From a photo to the tower's pixels.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::config::{ConfigFile, Pooling, VisionConfig};
use crate::error::NetworkError;
use crate::fields::Fields;
use photo::{
    Filter, Image, Layout, LongSide, Normalisation, PhotoError, ShortSideCrop, normalise, resize,
    resize_short_side_and_crop,
};

/// Most pixels along a side.
const MOST: usize = 4096;

/// How a photo becomes a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Squaring {
    /// The short side is resized and the middle kept: CLIP.
    Crop(ShortSideCrop),
    /// The whole photo is squeezed: `SigLIP`.
    Squash {
        /// Rows and columns.
        size: u32,
        /// The resampling filter.
        filter: Filter,
    },
}

/// What the reference's image processor does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocessor {
    /// Pixels of the photo to pixels of the square.
    pub squaring: Squaring,
    /// Samples to numbers.
    pub normalisation: Normalisation,
}

impl Preprocessor {
    /// The usual one of a tower, at its size: CLIP's, or `SigLIP`'s.
    pub fn usual(config: &VisionConfig) -> Self {
        let size = config.image_size() as u32;
        match config.pooling() {
            Pooling::ClassToken => Self {
                squaring: Squaring::Crop(ShortSideCrop::clip(size)),
                normalisation: Normalisation::CLIP,
            },
            Pooling::Attention => Self {
                squaring: Squaring::Squash { size, filter: Filter::Bicubic },
                normalisation: Normalisation { scale: 1.0 / 255.0, mean: [0.5; 3], deviation: [0.5; 3] },
            },
        }
    }

    /// Reads `preprocessor_config.json` of a model's directory; `None` where there is none.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; those of [`Preprocessor::from_json`].
    pub fn from_directory(directory: &Path, config: &VisionConfig) -> Result<Option<Self>, NetworkError> {
        let path = directory.join("preprocessor_config.json");
        let file = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(json) => Self::from_json(&file, &json, config).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(NetworkError::Read { file, source }),
        }
    }

    /// Reads `preprocessor_config.json`; fields that it lacks are as usual. `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] for steps that are not known, and for a square of another size than the tower's.
    pub fn from_json(file: &str, json: &str, config: &VisionConfig) -> Result<Self, NetworkError> {
        let parsed = ConfigFile::parse(file, json)?;
        let fields = parsed.top();
        let usual = Self::usual(config);
        for step in ["do_resize", "do_rescale", "do_normalize"] {
            if !fields.flag(step, true)? {
                return Err(fields.error(step, "false is not supported"));
            }
        }
        let squaring = squaring(&fields, usual.squaring)?;
        let side = match squaring {
            Squaring::Crop(crop) => crop.crop,
            Squaring::Squash { size, .. } => size,
        };
        if side as usize != config.image_size() {
            let why = format!("gives {side} pixels a side, but the tower takes {}", config.image_size());
            return Err(fields.error("size", why));
        }
        let numbers = |field: &str, usual: [f64; 3]| match fields.get(field) {
            None => Ok(usual),
            Some(value) => three(value).ok_or_else(|| fields.error(field, "must be three numbers")),
        };
        let deviation = numbers("image_std", usual.normalisation.deviation)?;
        // As f32, which photos are normalised in: the least numbers of f64 are zero there, and the largest infinite.
        if deviation.iter().any(|&number| !(number as f32).is_normal() || number < 0.0) {
            return Err(fields.error("image_std", "must be three positive numbers that f32 can hold"));
        }
        let mean = numbers("image_mean", usual.normalisation.mean)?;
        if mean.iter().any(|&number| !(number as f32).is_finite()) {
            return Err(fields.error("image_mean", "must be three numbers that f32 can hold"));
        }
        let scale = fields.positive("rescale_factor", 1.0, Some(usual.normalisation.scale))?;
        if !(scale as f32).is_normal() {
            return Err(fields.error("rescale_factor", "is so small that every photo is black"));
        }
        let normalisation = Normalisation { scale, mean, deviation };
        if !normalisation.is_finite() {
            return Err(fields.error("image_std", "is so small that normalised photos are infinite"));
        }
        Ok(Self { squaring, normalisation })
    }

    /// The tower's input, `[3, size, size]`.
    ///
    /// # Errors
    /// [`PhotoError::WrongTarget`] for a photo one of whose sides is thousands of times the other.
    pub fn pixels(&self, photo: &Image) -> Result<Vec<f32>, PhotoError> {
        let square = match &self.squaring {
            Squaring::Crop(crop) => resize_short_side_and_crop(photo, crop)?,
            Squaring::Squash { size, filter } => resize(photo, *size, *size, *filter)?,
        };
        Ok(normalise(&square, &self.normalisation, Layout::Nchw))
    }
}

fn squaring(fields: &Fields<'_>, usual: Squaring) -> Result<Squaring, NetworkError> {
    let (usual_crop, usual_size, usual_filter) = match usual {
        Squaring::Crop(crop) => (true, crop.short, crop.filter),
        Squaring::Squash { size, filter } => (false, size, filter),
    };
    let filter = match fields.get("resample").map(Value::as_u64) {
        None => usual_filter,
        Some(Some(1)) => Filter::Lanczos,
        Some(Some(2)) => Filter::Bilinear,
        Some(Some(3)) => Filter::Bicubic,
        Some(_) => {
            return Err(
                fields.error("resample", "only 1 (Lanczos), 2 (bilinear) and 3 (bicubic) are supported")
            );
        }
    };
    let (size, is_short) = match fields.get("size") {
        None => (usual_size, usual_crop),
        Some(Value::Object(object)) if object.contains_key("shortest_edge") => {
            (side(fields, "size", object.get("shortest_edge"))?, true)
        }
        Some(Value::Object(object)) => (square(fields, "size", object)?, false),
        // Old writers give a number: of the short side where a crop follows.
        number => (side(fields, "size", number)?, usual_crop),
    };
    if !fields.flag("do_center_crop", usual_crop && is_short)? {
        return if is_short {
            Err(fields.error("size", "a short side without a crop gives no square"))
        } else {
            Ok(Squaring::Squash { size, filter })
        };
    }
    if !is_short {
        return Err(fields.error("do_center_crop", "after resizing to a square is not supported"));
    }
    let crop = match fields.get("crop_size") {
        None => size,
        Some(Value::Object(object)) => square(fields, "crop_size", object)?,
        number => side(fields, "crop_size", number)?,
    };
    Ok(Squaring::Crop(ShortSideCrop { short: size, long: LongSide::Floor, crop, filter }))
}

fn side(fields: &Fields<'_>, field: &str, value: Option<&Value>) -> Result<u32, NetworkError> {
    value
        .and_then(Value::as_u64)
        .filter(|side| (1..=MOST as u64).contains(side))
        .map(|side| side as u32)
        .ok_or_else(|| fields.error(field, format!("must be a number of pixels in 1..={MOST}")))
}

fn square(
    fields: &Fields<'_>,
    field: &str,
    object: &serde_json::Map<String, Value>,
) -> Result<u32, NetworkError> {
    let (height, width) =
        (side(fields, field, object.get("height"))?, side(fields, field, object.get("width"))?);
    if height == width { Ok(height) } else { Err(fields.error(field, "must be a square")) }
}

fn three(value: &Value) -> Option<[f64; 3]> {
    let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    numbers.try_into().ok()
}
