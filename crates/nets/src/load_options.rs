//! How a network is held in memory and where it runs: the same options for every network.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::NetworkError;
use kernels::weights::StoredType;

/// Where a network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceChoice {
    /// The processor, by our own kernels.
    #[default]
    Cpu,
    /// The NVIDIA GPU of this number, counted from 0. Needs the feature `cuda`.
    Cuda(usize),
}

/// The number format of the computation; in files and options `f32`, `bf16` or `f16`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum ComputeType {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of 32.
    ///
    /// On the CPU, activations and sums are f32 all the same; where the processor multiplies bf16 (`avx512_bf16`), inputs
    /// of products are rounded to it, which is about twice as fast.
    Bf16,
    /// 16 bits with a small range.
    ///
    /// On the CPU, activations and sums are f32 all the same.
    F16,
}

impl fmt::Display for ComputeType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

/// How weights are held in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WeightStorage {
    /// Memory-mapped as they are in the file where the computation is in f32, else in its number format.
    #[default]
    AsInFile,
    /// In 32 bits.
    F32,
    /// In bf16.
    Bf16,
    /// In blocks of 32 with one scale: 8.5 bits per weight. On the CPU only.
    Q8,
    /// In blocks of 256 or 32: 4.5 bits per weight. On the CPU only.
    Q4,
}

/// Which implementation of the operators runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operators {
    /// Fused CPU kernels; f32 tensors on the CPU only.
    Fused,
    /// Candle's operators; any device and type.
    Composed,
}

/// How a network is loaded. The default is the CPU in f32 with the weights as they are in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Where the network runs.
    pub device: DeviceChoice,
    /// The number format of the computation.
    pub dtype: ComputeType,
    /// How weights are held in memory. Embeddings, norms and biases are never quantised.
    pub weights: WeightStorage,
    /// The directory that keeps quantised weights between runs, so that only the first one searches for their scales; one
    /// file per checkpoint and format. Of use for large networks only: [`WeightStorage::Q8`] and [`WeightStorage::Q4`] of
    /// Qwen2-VL. Weights that an adapter was merged into are not kept.
    pub weights_cache: Option<PathBuf>,
    /// How many threads of its own the network runs on; `None`: the caller's rayon pool. Where candle adds up tensors of
    /// 65,536 numbers or more, it uses a pool of its own besides, whose size only `CANDLE_NUM_THREADS` limits.
    pub threads: Option<usize>,
    /// Which operators run; `None`: the fused ones on the CPU. To compare the two in tests and measurements.
    pub operators: Option<Operators>,
}

impl LoadOptions {
    /// The operators that run.
    pub fn operators(&self) -> Operators {
        let usual = match self.device {
            DeviceChoice::Cpu => Operators::Fused,
            DeviceChoice::Cuda(_) => Operators::Composed,
        };
        self.operators.unwrap_or(usual)
    }

    /// The type that weights are converted to; `None` leaves them as they are in the file. In f32 that is the default:
    /// wider than they are stored they would weigh more and say the same.
    pub fn stored(&self) -> Option<StoredType> {
        match (self.weights, self.dtype) {
            (WeightStorage::AsInFile, ComputeType::F32) => None,
            (WeightStorage::AsInFile, ComputeType::F16) => Some(StoredType::F16),
            (WeightStorage::AsInFile, ComputeType::Bf16) | (WeightStorage::Bf16, _) => Some(StoredType::Bf16),
            (WeightStorage::F32, _) => Some(StoredType::F32),
            (WeightStorage::Q8, _) => Some(StoredType::Q8),
            (WeightStorage::Q4, _) => Some(StoredType::Q4),
        }
    }

    /// Whether what was asked for exists.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] for quantised weights on a GPU and for no threads at all; [`NetworkError::CpuOnly`] for
    /// the fused operators on a GPU.
    pub fn check(&self) -> Result<(), NetworkError> {
        if self.operators == Some(Operators::Fused) {
            self.check_cpu("the fused implementation of the operators")?;
        }
        let quantised = matches!(self.weights, WeightStorage::Q8 | WeightStorage::Q4);
        if quantised && self.device != DeviceChoice::Cpu {
            return Err(NetworkError::Setting {
                option: "weights",
                why: format!("quantised weights are for the CPU, not for {}; use bf16 there", self.device),
            });
        }
        if self.threads == Some(0) {
            return Err(NetworkError::Setting { option: "threads", why: "at least 1 is needed".into() });
        }
        Ok(())
    }

    /// Refuses what a network that exists only on the CPU and in f32 cannot honour.
    ///
    /// # Errors
    /// [`NetworkError::CpuOnly`] for another device; [`NetworkError::Setting`] for another number format.
    pub fn check_plain(&self, network: &'static str) -> Result<(), NetworkError> {
        self.check()?;
        self.check_cpu(network)?;
        if self.dtype != ComputeType::F32 {
            let why = format!("{network} computes in f32 only");
            return Err(NetworkError::Setting { option: "dtype", why });
        }
        if !matches!(self.weights, WeightStorage::AsInFile | WeightStorage::F32) {
            let why = format!("{network} holds its weights in f32 only");
            return Err(NetworkError::Setting { option: "weights", why });
        }
        Ok(())
    }

    /// Refuses a device other than the CPU, for what does not exist elsewhere.
    ///
    /// # Errors
    /// [`NetworkError::CpuOnly`].
    pub fn check_cpu(&self, what: &'static str) -> Result<(), NetworkError> {
        match self.device {
            DeviceChoice::Cpu => Ok(()),
            device @ DeviceChoice::Cuda(_) => Err(NetworkError::CpuOnly { what, device }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = NetworkError;

    /// Reads `cpu`, `cuda` (the first GPU) or `cuda:N`.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] for another name. Whether the GPU is there shows when a network is opened.
    fn from_str(name: &str) -> Result<Self, NetworkError> {
        let wrong = |why: String| NetworkError::Setting { option: "device", why };
        match name.split_once(':') {
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda(0)),
            // `parse` would take a sign too.
            Some(("cuda", number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => number
                .parse()
                .map(Self::Cuda)
                .map_err(|_| wrong(format!("`{number}` is not the number of a GPU"))),
            Some(("cuda", number)) => Err(wrong(format!("`{number}` is not the number of a GPU"))),
            _ => Err(wrong(format!("`{name}` is neither cpu, cuda nor cuda:N"))),
        }
    }
}

#[cfg(feature = "transformers")]
impl DeviceChoice {
    /// The device for candle's tensors.
    ///
    /// # Errors
    /// [`NetworkError::NotBuilt`] for a GPU without the feature `cuda`; [`NetworkError::Setting`] if that GPU does not exist.
    pub fn open(self) -> Result<candle_core::Device, NetworkError> {
        match self {
            Self::Cpu => Ok(candle_core::Device::Cpu),
            Self::Cuda(_) if !cfg!(feature = "cuda") => {
                Err(NetworkError::NotBuilt { what: format!("the device {self}"), feature: "cuda" })
            }
            Self::Cuda(number) => candle_core::Device::new_cuda(number)
                .map_err(|error| NetworkError::Setting { option: "device", why: format!("{self}: {error}") }),
        }
    }
}

/// Who computes: threads of the network's own, or the rayon pool of the caller.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers(Option<Arc<rayon::ThreadPool>>);

impl Workers {
    /// As many threads as the options ask for.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] if the system does not give that many.
    pub(crate) fn new(options: &LoadOptions) -> Result<Self, NetworkError> {
        let Some(count) = options.threads else { return Ok(Self(None)) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        let pool = pool.map_err(|error| NetworkError::Setting {
            option: "threads",
            why: format!("{count} threads cannot be started: {error}"),
        })?;
        Ok(Self(Some(Arc::new(pool))))
    }

    /// Does the work there.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            None => work(),
            Some(pool) => pool.install(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        for (name, device) in
            [("cpu", DeviceChoice::Cpu), ("cuda", DeviceChoice::Cuda(0)), ("cuda:11", DeviceChoice::Cuda(11))]
        {
            assert_eq!(name.parse::<DeviceChoice>().unwrap(), device);
            assert_eq!(device.to_string().parse::<DeviceChoice>().unwrap(), device);
        }
        for wrong in ["gpu", "cuda:", "cuda:x", "cuda:+1", "cuda:-1", "CPU", "tpu:1", ""] {
            let error = wrong.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.starts_with("device: "), "{wrong}: {error}");
        }
    }

    #[test]
    fn number_formats_have_one_name() {
        for (name, kind) in
            [("f32", ComputeType::F32), ("bf16", ComputeType::Bf16), ("f16", ComputeType::F16)]
        {
            assert_eq!(kind.to_string(), name);
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(serde_json::from_value::<ComputeType>(name.into()).unwrap(), kind);
        }
    }

    #[cfg(all(feature = "transformers", not(feature = "cuda")))]
    #[test]
    fn a_gpu_needs_the_feature() {
        assert!(DeviceChoice::Cpu.open().unwrap().is_cpu());
        let error = DeviceChoice::Cuda(1).open().unwrap_err();
        assert!(matches!(error, NetworkError::NotBuilt { feature: "cuda", .. }), "{error}");
        assert!(error.to_string().contains("cuda:1"), "{error}");
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        let cuda = LoadOptions { device: DeviceChoice::Cuda(0), ..LoadOptions::default() };
        let bf16 = LoadOptions { dtype: ComputeType::Bf16, ..LoadOptions::default() };
        let q8 = LoadOptions { weights: WeightStorage::Q8, ..LoadOptions::default() };
        assert!(LoadOptions::default().check_plain("X").is_ok());
        for (options, part) in [(&cuda, "cuda:0"), (&bf16, "dtype"), (&q8, "weights")] {
            let error = options.check_plain("X").unwrap_err().to_string();
            assert!(error.contains(part) && error.contains('X'), "{error}");
        }
        for options in [&cuda, &bf16, &q8] {
            assert!(options.check().is_ok());
        }
        let composed = LoadOptions { operators: Some(Operators::Composed), ..cuda.clone() };
        assert!(composed.check().is_ok());
        let fused = LoadOptions { operators: Some(Operators::Fused), ..cuda.clone() };
        let error = fused.check().unwrap_err();
        assert!(matches!(error, NetworkError::CpuOnly { device: DeviceChoice::Cuda(0), .. }), "{error}");
        assert!(error.to_string().contains("fused implementation of the operators"), "{error}");
        assert!(LoadOptions { device: DeviceChoice::Cpu, ..fused }.check().is_ok());
        assert!(LoadOptions { weights: WeightStorage::Q4, ..cuda }.check().is_err());
        assert!(LoadOptions { threads: Some(0), ..LoadOptions::default() }.check().is_err());
    }

    #[test]
    fn work_runs_on_as_many_threads_as_asked_for() {
        let workers = Workers::new(&LoadOptions { threads: Some(3), ..LoadOptions::default() }).unwrap();
        assert_eq!(workers.run(rayon::current_num_threads), 3);
        let outside = rayon::current_num_threads();
        assert_eq!(Workers::default().run(rayon::current_num_threads), outside);
    }
}
