//! From a photo to the vision tower's patches.
//!
//! The reference has two stages. Its message builder resizes every photo to sides that are multiples of 28, within
//! bounds that a message may set; then the image processor, with the bounds of `preprocessor_config.json`, would
//! resize again, which changes nothing unless its bounds are tighter. Both are done here, in this order.

use std::io;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::NetworkError;
use photo::{Filter, Image, PhotoError, SmartResize, SmartResizeError, resize, smart_resize};

/// Side of a patch, pixels.
pub const PATCH: usize = 14;
/// Frames a patch spans; a photo is repeated as often.
pub const FRAMES: usize = 2;
/// The vision tower merges this many patches each way into one token.
pub const MERGE: usize = 2;
/// Numbers of a patch: `[channel 3][frame 2][14][14]`.
pub const PATCH_VALUES: usize = 3 * FRAMES * PATCH * PATCH;

const CONFIG: &str = "preprocessor_config.json";
/// As many as photos may have when they are decoded.
const MOST_PIXELS: u32 = 1 << 27;
const LEAST_PIXELS: u32 = ((PATCH * MERGE) * (PATCH * MERGE)) as u32;

/// A photo that cannot be given to the vision tower.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PixelError {
    /// So long and thin that no multiple-of-28 size keeps its shape.
    #[error("the photo has {width} x {height} pixels, one side more than 200 times the other: crop it first")]
    TooLong {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// An image that was not resized by [`Preprocessor::resized`].
    #[error(
        "an image of {width} x {height} pixels cannot be cut into patches: both sides must be multiples of 28"
    )]
    NotWholePatches {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A size that the resampler refuses.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

/// The patches of one photo in the vision tower's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Patches {
    /// `[rows * columns, 1176]`: blocks of 2 x 2 patches, row by row, and within a block row by row; a patch is
    /// `[channel 3][frame 2][14][14]`.
    pub values: Vec<f32>,
    /// Rows of the grid, in patches.
    pub rows: usize,
    /// Columns of the grid, in patches.
    pub columns: usize,
}

impl Patches {
    /// Patches, `rows * columns`.
    pub const fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Tokens that the language model sees: a quarter of the patches.
    pub const fn merged(&self) -> usize {
        self.count() / (MERGE * MERGE)
    }
}

/// Makes [`Patches`] of photos.
#[derive(Clone, Debug)]
pub struct Preprocessor {
    /// Bounds of the message builder.
    message: SmartResize,
    /// Bounds of the image processor.
    processor: SmartResize,
    /// The normalised value of each sample, `[channel][256]`.
    tables: Box<[[f32; 256]; 3]>,
}

impl Default for Preprocessor {
    /// As Qwen2-VL's own `preprocessor_config.json` says.
    fn default() -> Self {
        const MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
        const DEVIATION: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];
        Self {
            message: SmartResize::QWEN2_VL,
            processor: SmartResize::QWEN2_VL_PROCESSOR,
            tables: tables(&MEAN, &DEVIATION),
        }
    }
}

impl Preprocessor {
    /// Reads `preprocessor_config.json`; without that file, or for fields that it lacks, Qwen2-VL's values.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::Config`] for JSON that cannot be read and for settings that this
    /// network does not have, such as another patch size.
    pub fn from_directory(directory: &Path) -> Result<Self, NetworkError> {
        let path = directory.join(CONFIG);
        let file = path.display().to_string();
        match std::fs::read(&path) {
            Ok(bytes) => {
                let config: Config =
                    serde_json::from_slice(&bytes).map_err(|error| NetworkError::Config {
                        file: file.clone(),
                        field: "(JSON)".into(),
                        why: error.to_string(),
                    })?;
                Self::from_config(&config).map_err(|(field, why)| NetworkError::Config {
                    file,
                    field: field.into(),
                    why,
                })
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(NetworkError::Read { file, source }),
        }
    }

    fn from_config(config: &Config) -> Result<Self, (&'static str, String)> {
        config.check_fixed()?;
        let default = Self::default();
        let (least, greatest) =
            config.size.as_ref().map_or((None, None), |size| (size.shortest_edge, size.longest_edge));
        let bounds = SmartResize {
            min_pixels: config.min_pixels.or(least).unwrap_or(default.processor.min_pixels),
            max_pixels: config.max_pixels.or(greatest).unwrap_or(default.processor.max_pixels),
            ..default.processor
        };
        check_bounds(&bounds)?;
        let tables = match (config.image_mean, config.image_std) {
            (None, None) => default.tables,
            (Some(mean), Some(deviation)) => {
                let usable = mean.iter().all(|value| value.is_finite())
                    && deviation.iter().all(|value| value.is_finite() && *value > 0.0);
                if !usable {
                    return Err(("image_std", "means must be finite and deviations above 0".into()));
                }
                tables(&mean, &deviation)
            }
            _ => return Err(("image_std", "image_mean and image_std come together".into())),
        };
        Ok(Self { message: default.message, processor: bounds, tables })
    }

    /// Other bounds for the first stage, as the message builder takes them for each photo; `None` keeps the
    /// bound. The second stage keeps its own: a wish beyond what `preprocessor_config.json` allows is cut to it,
    /// as in the reference.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] if the least exceeds the greatest, or the greatest does not hold 28 x 28 pixels.
    pub fn with_pixels(
        mut self,
        min_pixels: Option<u32>,
        max_pixels: Option<u32>,
    ) -> Result<Self, NetworkError> {
        // A bound that was not named gives way to the one that was.
        let least = self.message.min_pixels.min(max_pixels.unwrap_or(u32::MAX));
        self.message.min_pixels = min_pixels.unwrap_or(least);
        let most = self.message.max_pixels.max(self.message.min_pixels);
        self.message.max_pixels = max_pixels.unwrap_or(most);
        check_bounds(&self.message).map_err(|(option, why)| NetworkError::Setting { option, why })?;
        Ok(self)
    }

    /// Tells preprocessors apart that give other numbers for the same resized pixels.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for value in self.tables.iter().flatten() {
            hash.update(value.to_le_bytes());
        }
        hash.finalize().into()
    }

    /// The photo at the size the network sees it: both sides multiples of 28, about its own shape, resampled as
    /// Pillow's bicubic does. Photos thinner than 28 pixels are enlarged, down to a single pixel.
    ///
    /// # Errors
    /// [`PixelError::TooLong`], [`PixelError::Photo`].
    pub fn resized(&self, photo: &Image) -> Result<Image, PixelError> {
        let first = fit(photo, &self.message).map_err(|error| explain(error, photo))?;
        let once = match first {
            Some((width, height)) => Some(resize(photo, width, height, Filter::Bicubic)?),
            None => None,
        };
        let seen = once.as_ref().unwrap_or(photo);
        match fit(seen, &self.processor).map_err(|error| explain(error, photo))? {
            Some((width, height)) => Ok(resize(seen, width, height, Filter::Bicubic)?),
            None => Ok(once.unwrap_or_else(|| photo.clone())),
        }
    }

    /// Normalises and cuts an image that [`Self::resized`] made.
    ///
    /// # Errors
    /// [`PixelError::NotWholePatches`].
    pub fn patches(&self, resized: &Image) -> Result<Patches, PixelError> {
        let (width, height) = (resized.width() as usize, resized.height() as usize);
        if !width.is_multiple_of(PATCH * MERGE) || !height.is_multiple_of(PATCH * MERGE) {
            return Err(PixelError::NotWholePatches { width: resized.width(), height: resized.height() });
        }
        let (rows, columns) = (height / PATCH, width / PATCH);
        let mut values = vec![0.0; rows * columns * PATCH_VALUES];
        let mut patches = values.chunks_exact_mut(PATCH_VALUES);
        for block_row in (0..rows).step_by(MERGE) {
            for block_column in (0..columns).step_by(MERGE) {
                for row in block_row..block_row + MERGE {
                    for column in block_column..block_column + MERGE {
                        if let Some(patch) = patches.next() {
                            self.fill(resized, row, column, patch);
                        }
                    }
                }
            }
        }
        Ok(Patches { values, rows, columns })
    }

    /// Writes one patch: every channel's plane, then its copy as the second frame.
    fn fill(&self, image: &Image, row: usize, column: usize, patch: &mut [f32]) {
        const PLANE: usize = PATCH * PATCH;
        let stride = image.width() as usize * 3;
        let corner = row * PATCH * stride + column * PATCH * 3;
        for (channel, planes) in patch.chunks_exact_mut(FRAMES * PLANE).enumerate() {
            let table = &self.tables[channel];
            let (first, others) = planes.split_at_mut(PLANE);
            for (line, values) in first.chunks_exact_mut(PATCH).enumerate() {
                let samples = &image.rgb()[corner + line * stride..][..PATCH * 3];
                for (value, pixel) in values.iter_mut().zip(samples.as_chunks::<3>().0) {
                    *value = table[usize::from(pixel[channel])];
                }
            }
            others.copy_from_slice(first);
        }
    }
}

/// The size to resize to (columns, rows), or `None` if the photo has it.
fn fit(photo: &Image, bounds: &SmartResize) -> Result<Option<(u32, u32)>, SmartResizeError> {
    let (height, width) = smart_resize(photo.height(), photo.width(), bounds)?;
    Ok(((width, height) != (photo.width(), photo.height())).then_some((width, height)))
}

/// An [`Image`] has no side of 0 and the first stage makes none below 28, so only the shape can be wrong.
fn explain(_: SmartResizeError, photo: &Image) -> PixelError {
    PixelError::TooLong { width: photo.width(), height: photo.height() }
}

/// `(sample - 255 mean) / (255 deviation)` in f32, rounded as the fast image processor does, which folds the
/// division by 255 into the statistics.
fn tables(mean: &[f64; 3], deviation: &[f64; 3]) -> Box<[[f32; 256]; 3]> {
    Box::new(std::array::from_fn(|channel| {
        let mean = mean[channel] as f32 * 255.0;
        let deviation = deviation[channel] as f32 * 255.0;
        std::array::from_fn(|sample| (sample as f32 - mean) / deviation)
    }))
}

fn check_bounds(bounds: &SmartResize) -> Result<(), (&'static str, String)> {
    if bounds.max_pixels < LEAST_PIXELS {
        return Err((
            "max_pixels",
            format!("{} is less than one merged patch, {LEAST_PIXELS}", bounds.max_pixels),
        ));
    }
    if bounds.max_pixels > MOST_PIXELS {
        let why =
            format!("{} is more than {MOST_PIXELS}, the largest photo that is looked at", bounds.max_pixels);
        return Err(("max_pixels", why));
    }
    if bounds.min_pixels > bounds.max_pixels {
        return Err((
            "min_pixels",
            format!("{} exceeds max_pixels, {}", bounds.min_pixels, bounds.max_pixels),
        ));
    }
    Ok(())
}

/// What `preprocessor_config.json` may say.
#[derive(Debug, Default, Deserialize)]
struct Config {
    min_pixels: Option<u32>,
    max_pixels: Option<u32>,
    /// The newer spelling of the bounds.
    size: Option<Size>,
    patch_size: Option<usize>,
    temporal_patch_size: Option<usize>,
    merge_size: Option<usize>,
    image_mean: Option<[f64; 3]>,
    image_std: Option<[f64; 3]>,
    do_resize: Option<bool>,
    do_rescale: Option<bool>,
    do_normalize: Option<bool>,
    rescale_factor: Option<f64>,
    resample: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
struct Size {
    shortest_edge: Option<u32>,
    longest_edge: Option<u32>,
}

impl Config {
    /// Refuses what is fixed here and set otherwise there.
    fn check_fixed(&self) -> Result<(), (&'static str, String)> {
        /// Pillow's number of the bicubic filter.
        const BICUBIC: u32 = 3;
        for (field, value, expected) in [
            ("patch_size", self.patch_size, PATCH),
            ("temporal_patch_size", self.temporal_patch_size, FRAMES),
            ("merge_size", self.merge_size, MERGE),
        ] {
            if let Some(value) = value.filter(|&value| value != expected) {
                return Err((field, format!("{value} is not supported, Qwen2-VL has {expected}")));
            }
        }
        for (field, value) in [
            ("do_resize", self.do_resize),
            ("do_rescale", self.do_rescale),
            ("do_normalize", self.do_normalize),
        ] {
            if value == Some(false) {
                return Err((field, "false is not supported".into()));
            }
        }
        if let Some(factor) = self.rescale_factor.filter(|factor| (factor * 255.0 - 1.0).abs() > 1e-6) {
            return Err(("rescale_factor", format!("{factor} is not supported, only 1/255")));
        }
        if let Some(filter) = self.resample.filter(|&filter| filter != BICUBIC) {
            return Err(("resample", format!("filter {filter} is not supported, only 3 (bicubic)")));
        }
        Ok(())
    }
}
