//! `config.json` of an EfficientNet-Lite: the shape of the network and how its photos are prepared.

use serde::Deserialize;

use crate::checkpoint::Expected;
use crate::error::NetworkError;

/// Widest layer that is believed; beyond lies a damaged file.
const MOST: usize = 8192;

/// Largest image side that is believed: the feature maps of a photo take 64 MB there.
const MOST_PIXELS: usize = 2048;

/// The shape of a network.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    /// Such as `efficientnet-lite2`.
    pub variant: String,
    /// Rows and columns of the images.
    pub input_size: usize,
    /// The part of the photo's shorter side that is kept by the centre crop.
    pub crop_pct: f64,
    /// How photos are resized, such as `bicubic`.
    pub interpolation: String,
    /// Subtracted from each channel, on the scale 0..255.
    pub mean_0_255: [f32; 3],
    /// Each channel is divided by it, on the scale 0..255.
    pub std_0_255: [f32; 3],
    /// Added to the variance by batch normalisation.
    pub bn_eps: f64,
    /// `relu6`.
    pub activation: String,
    /// Squeeze and excitation: never, in the Lite networks.
    pub se: bool,
    /// Channels of the first convolution.
    pub stem: usize,
    /// Channels of the last convolution: the features.
    pub head: usize,
    /// Length of the logits.
    pub num_classes: usize,
    /// The inverted-residual blocks in order.
    pub blocks: Vec<BlockConfig>,
}

/// The shape of one inverted-residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct BlockConfig {
    /// Rows and columns of the depthwise kernel: 3 or 5.
    pub kernel: usize,
    /// Its stride: 1 or 2.
    pub stride: usize,
    /// How many times wider the block is inside.
    pub expand: usize,
    /// Channels in.
    #[serde(rename = "in")]
    pub input: usize,
    /// Channels out.
    #[serde(rename = "out")]
    pub output: usize,
}

impl BlockConfig {
    /// Channels inside.
    pub const fn inner(&self) -> usize {
        self.input * self.expand
    }

    /// Whether the input is added to the output.
    pub const fn residual(&self) -> bool {
        self.stride == 1 && self.input == self.output
    }
}

impl Config {
    /// Parses and checks. `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the field.
    pub fn parse(file: &str, json: &[u8]) -> Result<Self, NetworkError> {
        let config: Self = serde_json::from_slice(json).map_err(|error| NetworkError::Config {
            file: file.into(),
            field: format!("line {}", error.line()),
            why: error.to_string(),
        })?;
        match config.problem() {
            None => Ok(config),
            Some((field, why)) => Err(NetworkError::Config { file: file.into(), field, why }),
        }
    }

    /// The first field that makes no sense.
    fn problem(&self) -> Option<(String, String)> {
        let bad = |field: &str, why: String| Some((field.to_owned(), why));
        if self.activation != "relu6" {
            return bad("activation", format!("{:?} is not known, only \"relu6\"", self.activation));
        }
        if self.se {
            return bad("se", "squeeze-and-excitation is not part of the Lite networks".into());
        }
        if !(self.bn_eps > 0.0 && self.bn_eps.is_finite()) {
            return bad("bn_eps", format!("{} is not a small positive number", self.bn_eps));
        }
        if !(self.crop_pct > 0.0 && self.crop_pct <= 1.0) {
            return bad("crop_pct", format!("{} is not in (0, 1]", self.crop_pct));
        }
        if self.std_0_255.iter().any(|&deviation| deviation.is_nan() || deviation <= 0.0) {
            return bad("std_0_255", "must be positive".into());
        }
        for (field, value, most) in [
            ("input_size", self.input_size, MOST_PIXELS),
            ("stem", self.stem, MOST),
            ("head", self.head, MOST),
            ("num_classes", self.num_classes, MOST),
        ] {
            if !(1..=most).contains(&value) {
                return bad(field, format!("{value} is not in 1..={most}"));
            }
        }
        self.block_problem()
    }

    fn block_problem(&self) -> Option<(String, String)> {
        if self.blocks.is_empty() {
            return Some(("blocks".into(), "there are none".into()));
        }
        let mut channels = self.stem;
        for (index, block) in self.blocks.iter().enumerate() {
            let why = if !matches!(block.kernel, 3 | 5) {
                Some(("kernel", format!("{} is neither 3 nor 5", block.kernel)))
            } else if !matches!(block.stride, 1 | 2) {
                Some(("stride", format!("{} is neither 1 nor 2", block.stride)))
            } else if block.input != channels {
                Some(("in", format!("{} does not equal the {channels} channels before it", block.input)))
            } else if !(1..=MOST).contains(&block.output) {
                Some(("out", format!("{} is not in 1..={MOST}", block.output)))
            } else if index == 0 && (block.expand != 1 || block.residual()) {
                // The stem takes the place of the first block's expansion.
                Some(("expand", "the first block neither expands nor adds its input".into()))
            } else if index > 0 && !(2..=16).contains(&block.expand) {
                Some(("expand", format!("{} is not in 2..=16", block.expand)))
            } else {
                None
            };
            if let Some((field, why)) = why {
                return Some((format!("blocks[{index}].{field}"), why));
            }
            channels = block.output;
        }
        None
    }

    /// Names and shapes of all tensors.
    pub(super) fn tensors(&self) -> Vec<Expected> {
        let mut tensors = Vec::new();
        let mut convolution = |convolution: String, normalisation: String, shape: [usize; 4]| {
            tensors.push((format!("{convolution}.weight"), shape.to_vec()));
            for part in ["weight", "bias", "running_mean", "running_var"] {
                tensors.push((format!("{normalisation}.{part}"), vec![shape[0]]));
            }
        };
        convolution("_conv_stem".into(), "_bn0".into(), [self.stem, 3, 3, 3]);
        for (index, block) in self.blocks.iter().enumerate() {
            let name = |part: &str| format!("_blocks.{index}.{part}");
            let inner = block.inner();
            if block.expand != 1 {
                convolution(name("_expand_conv"), name("_bn0"), [inner, block.input, 1, 1]);
            }
            convolution(name("_depthwise_conv"), name("_bn1"), [inner, 1, block.kernel, block.kernel]);
            convolution(name("_project_conv"), name("_bn2"), [block.output, inner, 1, 1]);
        }
        convolution("_conv_head".into(), "_bn1".into(), [self.head, self.last_channels(), 1, 1]);
        tensors.push(("_fc.weight".into(), vec![self.num_classes, self.head]));
        tensors.push(("_fc.bias".into(), vec![self.num_classes]));
        tensors
    }

    /// Channels after the last block.
    pub(super) fn last_channels(&self) -> usize {
        self.blocks.last().map_or(self.stem, |block| block.output)
    }
}
