//! What can be wrong with a network's files or input.

use std::fmt;
use std::io;

use contract::{Diagnose, ErrorKind, Failure};

use crate::load_options::DeviceChoice;

/// A network that could not be loaded, or an input that does not fit it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A file that could not be read.
    #[error("{file} cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// A configuration that is no JSON, lacks a field, or describes another kind of network.
    #[error("{file}: {field}: {why}")]
    Config {
        /// The file.
        file: String,
        /// The field, as in `blocks[3].kernel`.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// Not a safetensors file, or one that was cut short.
    #[error("{file} is not a complete safetensors file: {why}")]
    NotSafetensors {
        /// The file.
        file: String,
        /// What was found.
        why: String,
    },
    /// A `.pth` file that was cut short or changed on its way.
    #[error("{file} is a damaged PyTorch file: {why}")]
    DamagedStateDict {
        /// The file.
        file: String,
        /// What was found.
        why: String,
    },
    /// Not a `.pth` file of tensors, or one that asks for code to be run.
    #[error("{file} is no PyTorch state dict that can be read: {why}")]
    NotStateDict {
        /// The file.
        file: String,
        /// What was found.
        why: String,
    },
    /// A directory without weights.
    #[error("{directory} holds no weights: there is neither {looked_for}{remark}")]
    NoWeights {
        /// The directory.
        directory: String,
        /// The names that were looked for.
        looked_for: String,
        /// What was found instead, if that explains it; starts with `; `.
        remark: String,
    },
    /// An index whose shards are not what it says.
    #[error("{index}: {shard}: {why}")]
    Shard {
        /// The index file.
        index: String,
        /// The shard, as the index names it.
        shard: String,
        /// What is wrong with it.
        why: String,
    },
    /// An adapter that uses what is not supported here.
    #[error("{file}: {field}: {why}")]
    UnsupportedAdapter {
        /// The file.
        file: String,
        /// The field of `adapter_config.json`.
        field: String,
        /// What it asks for, and what is supported.
        why: String,
    },
    /// An adapter that was made for another network.
    #[error("{adapter} was made for another model: {why}")]
    AdapterMismatch {
        /// The adapter.
        adapter: String,
        /// What differs, with both figures.
        why: String,
    },
    /// A file that could not be written.
    #[error("{file} cannot be written: {source}")]
    Write {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// Tensors that are missing, left over, or of the wrong shape or type. Nothing is loaded in part.
    #[error("{file} does not hold the tensors of this network: {problems}")]
    Tensors {
        /// The file.
        file: String,
        /// All of them.
        problems: TensorProblems,
    },
    /// A weight that is NaN or infinite.
    #[error("{file}: tensor {tensor}: value {index} is {value}")]
    NotFinite {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Index of the first such value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A weight that is finite but makes no sense where it stands, as a negative variance.
    #[error("{file}: tensor {tensor}: {why}")]
    BadValue {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        why: String,
    },
    /// An input of the wrong length.
    #[error("{what}: {found} numbers given, expected {expected}")]
    InputLength {
        /// Which input.
        what: &'static str,
        /// Numbers given.
        found: usize,
        /// What would fit.
        expected: String,
    },
    /// A setting outside what the network can work with.
    #[error("{option}: {why}")]
    Setting {
        /// The setting, as in `max_pixels`.
        option: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Text that cannot be turned into a prompt.
    #[error("the prompt cannot be made: {why}")]
    Prompt {
        /// What stands in the way.
        why: String,
    },
    /// A network without the one layer that scores.
    #[error("{file} has no value head (value_head.weight)")]
    NoValueHead {
        /// The checkpoint.
        file: String,
    },
    /// A score that is not a number, from weights that are.
    #[error("the score of prompt {index} is {value}: the computation went beyond the numbers of its type")]
    Overflow {
        /// Which prompt of the group.
        index: usize,
        /// The score.
        value: f32,
    },
    /// The device failed: out of memory, or a defect of this program.
    #[error("{what} cannot be computed: {why}")]
    Compute {
        /// What was to be computed.
        what: String,
        /// What the device says.
        why: String,
    },
    /// Something that this build of the library leaves out.
    #[error("{what} needs the feature `{feature}`, which this program was built without")]
    NotBuilt {
        /// What was asked for.
        what: String,
        /// The feature of Cargo that brings it.
        feature: &'static str,
    },
    /// A device that a network cannot run on.
    #[error("{what} runs on the CPU only, not on {device}")]
    CpuOnly {
        /// The network or work.
        what: &'static str,
        /// The device asked for.
        device: DeviceChoice,
    },
    /// A part of the network that it does not have.
    #[error("block {block} was asked for, but the network has {blocks} blocks (0 to {})", .blocks - 1)]
    NoSuchBlock {
        /// The block asked for.
        block: usize,
        /// How many there are.
        blocks: usize,
    },
}

impl NetworkError {
    /// Whether a file of the model is to blame, rather than the caller's input.
    pub const fn is_broken_model(&self) -> bool {
        !matches!(
            self,
            Self::InputLength { .. }
                | Self::NoSuchBlock { .. }
                | Self::Setting { .. }
                | Self::NotBuilt { .. }
                | Self::CpuOnly { .. }
                | Self::Prompt { .. }
                | Self::Compute { .. }
                | Self::Overflow { .. }
                | Self::Write { .. }
        )
    }

    /// The failure of the photo or file of this name.
    pub fn named(&self, name: &str) -> Failure {
        Failure { message: format!("{name}: {self}"), ..Failure::from_error(self) }
    }

    const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => Some("Check that the path is right and that you may read the file."),
            Self::Config { .. } => Some("Use the configuration that belongs to the weights."),
            Self::NotSafetensors { .. }
            | Self::DamagedStateDict { .. }
            | Self::NotFinite { .. }
            | Self::BadValue { .. } => Some("The file is damaged: copy or download it again."),
            Self::NotStateDict { .. } => Some(
                "Nothing in such a file is executed. Save the weights alone, with torch.save(model.state_dict(), FILE) or \
                 as safetensors.",
            ),
            Self::Tensors { .. } => {
                Some("Weights and configuration belong to different networks: use a matching pair.")
            }
            Self::NoWeights { .. } => {
                Some("Give the folder of a downloaded model, with its *.safetensors files.")
            }
            Self::Shard { .. } => {
                Some("The model is incomplete or mixed with another: download all of its files again.")
            }
            Self::UnsupportedAdapter { .. } => Some(
                "Merge the adapter into its base model with PEFT (merge_and_unload), or train it as plain LoRA.",
            ),
            Self::AdapterMismatch { .. } => {
                Some("Use the adapter with the base model named in its adapter_config.json.")
            }
            Self::Write { .. } => Some("Check that the folder exists, is yours to write, and has room."),
            Self::NoValueHead { .. } => Some("Give the `adapter` that was trained for this model."),
            Self::Overflow { .. } => Some("Try f32 or bf16, whose numbers reach further than those of f16."),
            Self::CpuOnly { .. } => Some("Choose the device `cpu` for it."),
            Self::NotBuilt { .. } => Some("Use a build of the program with that feature."),
            Self::InputLength { .. }
            | Self::NoSuchBlock { .. }
            | Self::Setting { .. }
            | Self::Prompt { .. }
            | Self::Compute { .. } => None,
        }
    }
}

impl Diagnose for NetworkError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Setting { .. } | Self::NotBuilt { .. } | Self::CpuOnly { .. } => ErrorKind::Usage,
            Self::Write { .. } => ErrorKind::Output,
            _ if self.is_broken_model() => ErrorKind::BrokenModel,
            _ => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        self.way_out().map(str::to_owned)
    }
}

/// All differences between the tensors expected and those found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorProblems {
    /// Expected, not found.
    pub missing: Vec<String>,
    /// Found, not expected.
    pub unexpected: Vec<String>,
    /// Found with another shape or type.
    pub misshapen: Vec<Misshapen>,
    /// Found twice, under two names.
    pub repeated: Vec<String>,
}

/// A tensor of the wrong shape or type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// The tensor.
    pub tensor: String,
    /// Type and shape found, as in `BF16 [32, 3, 3, 3]`.
    pub found: String,
    /// Type and shape expected.
    pub expected: String,
}

impl TensorProblems {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.misshapen.is_empty()
            && self.repeated.is_empty()
    }
}

impl fmt::Display for TensorProblems {
    /// Counts, and the first few names of each kind.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let misshapen: Vec<String> = self.misshapen.iter().map(ToString::to_string).collect();
        let mut separator = "";
        for (kind, names) in [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("misshapen", &misshapen),
            ("repeated", &self.repeated),
        ] {
            if !names.is_empty() {
                write!(formatter, "{separator}{} {kind} ({})", names.len(), first_few(names))?;
                separator = "; ";
            }
        }
        Ok(())
    }
}

impl fmt::Display for Misshapen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is {}, expected {}", self.tensor, self.found, self.expected)
    }
}

fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}
