//! Arguments of `georanker score`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use contract::{ErrorKind, Failure};
use nets::{ComputeType, LoadOptions};
use rank::vlm::prompt::Protocol;
use rank::vlm::{BenchmarkRules, Reencode};

use super::benchmark::{BenchmarkArguments, BenchmarkRequest};
use super::load::Typed;
use super::{ForceArguments, WeightStorage};
use crate::outputs::Outputs;

/// `georanker score`.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
The pairs file holds one JSON object per line:
  {\"id\": \"q1\", \"query\": \"photo.jpg\", \"negatives\": [{\"lat\": 48.85, \"lon\": 2.35, \"place\": \"Paris\"}],
   \"candidates\": [{\"lat\": -33.86, \"lon\": 151.21, \"place\": \"Sydney\", \"photo\": \"sydney.jpg\"}]}
negatives, place and photo may be null or left out. Photo paths start at the pairs file's folder.
The output is one line per row: {\"id\": \"q1\", \"scores\": [1.25], \"best\": 0}, or {\"id\", \"error\"} for a row \
that failed.

With --out each row is written to FILE as soon as it is scored. --resume continues an interrupted run: rows with scores \
are kept, rows that failed are scored again, and FILE ends up the same as after an uninterrupted run. Resume with the \
same model and options, which FILE does not record. For a benchmark FILE records a digest of each row's candidates \
(\"asked\"): rows whose candidates have changed are scored again.")]
pub struct ScoreArguments {
    /// Directory of the vision-language model (config.json, tokenizer.json, *.safetensors).
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Directory of a LoRA adapter with a value head (adapter_config.json, adapter_model.safetensors).
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// Read queries and their candidates from this file (JSON lines); - is stdin, with photos from the working directory.
    #[arg(long, value_name = "FILE", conflicts_with = "benchmark")]
    pub pairs: Option<PathBuf>,
    /// Instead of a pairs file.
    #[command(flatten)]
    pub benchmark: BenchmarkArguments,
    /// Write to this file instead of stdout; an existing file is kept as FILE.previous.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Whether other files are replaced.
    #[command(flatten)]
    pub force: ForceArguments,
    /// Continue the --out file of an interrupted run.
    #[arg(long)]
    pub resume: bool,
    /// Rules for texts and pixels: ours, or exactly those of the official code.
    #[arg(long, value_enum, default_value_t = Protocol::Default, value_name = "official|default")]
    pub protocol: Protocol,
    /// Recompress these photos as JPEG (quality 75) first, as in the official evaluation.
    #[arg(long, value_enum, default_value_t = Reencode::None, value_name = "none|candidates|all")]
    pub reencode: Reencode,
    /// Number format of the computation.
    #[arg(long, value_enum, default_value_t = ComputeType::F32, value_name = "f32|bf16|f16")]
    pub dtype: ComputeType,
    /// Hold the weights as stored, or quantised to 8 or 4 bits.
    #[arg(long, value_enum, default_value_t = WeightStorage::Stored, value_name = "stored|q8|q4")]
    pub weights: WeightStorage,
    /// Cache quantised weights in this directory, so that only the first start takes minutes.
    #[arg(long, value_name = "DIR")]
    pub weights_cache: Option<PathBuf>,
    /// Merge the adapter into the weights when loading: slightly faster and not bit-equal, with extra memory for the merged weights.
    #[arg(long, requires = "adapter")]
    pub merge_adapter: bool,
    /// Scale photos up to at least this many pixels [default: the model's limit].
    #[arg(long, value_name = "PIXELS", value_parser = parse_pixels)]
    pub min_pixels: Option<usize>,
    /// Scale photos down to at most this many pixels [default: the model's limit].
    #[arg(long, value_name = "PIXELS", value_parser = parse_pixels)]
    pub max_pixels: Option<usize>,
    /// Cache vision features in this directory.
    #[arg(long, value_name = "DIR")]
    pub vision_cache: Option<PathBuf>,
    /// Memory for cached vision features; 0 turns the cache off.
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(..=1_048_576))]
    pub vision_memory: u32,
    /// Device to run on: cpu, or cuda in a build with `--features cuda`.
    #[arg(long, value_name = "cpu|cuda|cuda:N", default_value = "cpu")]
    pub device: String,
    /// Number of threads [default: one per core].
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Score each candidate's prompt separately, without sharing work: slower, for comparison.
    #[arg(long, hide_short_help = true)]
    pub naive: bool,
}

/// What was asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRequest {
    /// Directory of the model.
    pub model: PathBuf,
    /// Directory of the adapter.
    pub adapter: Option<PathBuf>,
    /// The pairs file, or the benchmark's.
    pub pairs: PathBuf,
    /// What else a benchmark needs, if `pairs` is one.
    pub benchmark: Option<BenchmarkRequest>,
    /// Where the rows go; stdout if nowhere.
    pub out: Option<PathBuf>,
    /// Whether to resume `out`.
    pub resume: bool,
    /// Text rules and pixel modes.
    pub protocol: Protocol,
    /// Photos that go through JPEG first.
    pub reencode: Reencode,
    /// How the model is loaded.
    pub load: LoadOptions,
    /// Whether the adapter is added to the weights.
    pub merge_adapter: bool,
    /// Smallest photo, if not the model's own.
    pub min_pixels: Option<usize>,
    /// Largest photo, if not the model's own.
    pub max_pixels: Option<usize>,
    /// Directory for vision features.
    pub vision_cache: Option<PathBuf>,
    /// Bytes of memory for vision features.
    pub vision_memory: usize,
    /// Threads, if not one a core.
    pub threads: Option<NonZeroUsize>,
    /// Whether every prompt is scored alone.
    pub naive: bool,
}

impl ScoreRequest {
    /// How rows of a benchmark become pairs, if `pairs` is one.
    pub fn benchmark_rules(&self) -> Option<BenchmarkRules> {
        let BenchmarkRequest { retrieved, generated, .. } = self.benchmark.as_ref()?;
        Some(BenchmarkRules { retrieved: *retrieved, generated: *generated, protocol: self.protocol })
    }
}

impl ScoreArguments {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option; [`ErrorKind::Output`] for predictions without a folder.
    pub fn resolve(&self) -> Result<ScoreRequest, Failure> {
        let usage = |message: String| Failure::new(ErrorKind::Usage, message);
        let out = self.out.clone().filter(|out| out.as_os_str() != "-");
        if self.resume && out.is_none() {
            return Err(usage("--resume needs the file to continue".into()).with_hint("add --out FILE"));
        }
        if let (Some(least), Some(most)) = (self.min_pixels, self.max_pixels)
            && least > most
        {
            return Err(usage(format!("--min-pixels {least} is more than --max-pixels {most}")));
        }
        let load = Typed {
            prefix: "",
            device: &self.device,
            dtype: self.dtype,
            weights: self.weights,
            weights_cache: self.weights_cache.as_deref(),
        };
        let load = load.resolve()?;
        let (pairs, benchmark) = match (self.benchmark.resolve(), &self.pairs) {
            (Some((file, request)), _) => (file, Some(request)),
            (None, Some(pairs)) => (pairs.clone(), None),
            (None, None) => {
                let message = "score needs candidates: --pairs FILE, or --benchmark CSV with --photos and --candidate-photos";
                return Err(usage(message.into()));
            }
        };
        self.check_files(&pairs, benchmark.as_ref())?;
        Ok(ScoreRequest {
            model: self.model.clone(),
            adapter: self.adapter.clone(),
            pairs,
            benchmark,
            out,
            resume: self.resume,
            protocol: self.protocol,
            reencode: self.reencode,
            load,
            merge_adapter: self.merge_adapter,
            min_pixels: self.min_pixels,
            max_pixels: self.max_pixels,
            vision_cache: self.vision_cache.clone(),
            vision_memory: (self.vision_memory as usize).saturating_mul(1 << 20),
            threads: self.threads,
            naive: self.naive,
        })
    }

    /// No output may take the place of what is read or of another output.
    fn check_files(&self, pairs: &Path, benchmark: Option<&BenchmarkRequest>) -> Result<(), Failure> {
        let predictions = benchmark.and_then(|benchmark| benchmark.predictions.as_deref());
        let candidates = benchmark.map(|benchmark| benchmark.candidate_photos.as_path());
        Outputs::default()
            .input(if benchmark.is_some() { "--benchmark" } else { "--pairs" }, Some(pairs))
            .input("--photos", benchmark.map(|benchmark| benchmark.photos.as_path()))
            .input("--candidate-photos", candidates)
            .inputs_stay()
            .output_kept("--out", self.out.as_deref())
            .output("--predictions", predictions)
            .check(self.force.force)?;
        let Some(predictions) = predictions else { return Ok(()) };
        let folder = predictions.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            let message = format!("cannot write {}: its folder does not exist", predictions.display());
            return Err(Failure::new(ErrorKind::Output, message).with_hint("make the folder first"));
        }
        Ok(())
    }
}

fn parse_pixels(text: &str) -> Result<usize, String> {
    /// One image token: 28 x 28 pixels.
    const TOKEN: usize = 28 * 28;
    match text.parse() {
        Ok(pixels) if pixels >= TOKEN => Ok(pixels),
        _ => Err(format!("give a number of pixels, {TOKEN} (28 x 28, one image token) or more")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Arguments, Command};

    fn resolve(more: &[&str]) -> Result<ScoreRequest, String> {
        let words = ["georanker", "score", "--model", "m", "--pairs", "p.jsonl"];
        let arguments =
            Arguments::try_parse_from(words.iter().chain(more)).map_err(|error| error.to_string())?;
        match arguments.command {
            Command::Score(score) => score.resolve().map_err(|failure| {
                assert_eq!(failure.kind, ErrorKind::Usage);
                failure.message
            }),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn what_is_not_said_is_as_documented() {
        let request = resolve(&[]).unwrap();
        assert_eq!(request.protocol, Protocol::Default);
        assert_eq!(request.reencode, Reencode::None);
        assert_eq!(request.load, LoadOptions::default());
        assert_eq!(request.vision_memory, 512 << 20);
        assert_eq!((request.min_pixels, request.max_pixels, request.threads), (None, None, None));
    }

    #[test]
    fn what_is_said_arrives() {
        let request = resolve(&[
            "--adapter",
            "a",
            "--merge-adapter",
            "--protocol",
            "official",
            "--reencode",
            "candidates",
            "--dtype",
            "bf16",
            "--weights",
            "q8",
            "--weights-cache",
            "kept",
            "--min-pixels",
            "3136",
            "--max-pixels",
            "200704",
            "--vision-memory",
            "0",
            "--threads",
            "2",
            "--naive",
            "--out",
            "o",
            "--resume",
        ])
        .unwrap();
        assert_eq!(request.protocol, Protocol::Official);
        assert_eq!(request.reencode, Reencode::Candidates);
        let load = LoadOptions {
            dtype: ComputeType::Bf16,
            weights: nets::WeightStorage::Q8,
            weights_cache: Some(PathBuf::from("kept")),
            ..LoadOptions::default()
        };
        assert_eq!(request.load, load);
        assert_eq!((request.min_pixels, request.max_pixels), (Some(3136), Some(200_704)));
        assert_eq!((request.vision_memory, request.threads), (0, NonZeroUsize::new(2)));
        assert!(request.merge_adapter && request.naive && request.resume);
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        for (words, complaint) in [
            (&["--resume"][..], "--resume"),
            (&["--merge-adapter"], "--adapter"),
            (&["--min-pixels", "4000", "--max-pixels", "3000"], "--min-pixels 4000"),
            (&["--min-pixels", "12"], "784"),
            (&["--weights-cache", "kept"], "--weights-cache"),
            (&["--threads", "0"], "--threads"),
            (&["--dtype", "f64"], "f64"),
            (&["--out", "./p.jsonl"], "same file"),
        ] {
            let message = resolve(words).unwrap_err();
            assert!(message.contains(complaint), "{words:?}: {message}");
        }
    }

    #[test]
    fn no_file_is_written_over_another() {
        let work = tempfile::tempdir().unwrap();
        std::fs::create_dir(work.path().join("sub")).unwrap();
        std::fs::write(work.path().join("b.csv"), "").unwrap();
        let resolve = |out: &str, predictions: &str| {
            let at = |name: &str| work.path().join(name).display().to_string();
            let words = ["georanker", "score", "--model", "m", "--benchmark"].map(String::from);
            let more =
                [at("b.csv"), "--photos".into(), at("p.tar"), "--candidate-photos".into(), at("c.tar")];
            let files = ["--out".into(), at(out), "--predictions".into(), at(predictions)];
            let arguments = Arguments::try_parse_from(words.into_iter().chain(more).chain(files)).unwrap();
            let Command::Score(score) = arguments.command else { panic!("another command") };
            score.resolve().map_err(|failure| (failure.kind, failure.message))
        };
        assert!(resolve("o.jsonl", "p.csv").is_ok());
        for (out, predictions, options) in [
            ("o", "o", "--predictions and --out"),
            ("o", "sub/../o", "--predictions and --out"),
            ("o", "b.csv", "--predictions and --benchmark"),
            ("./sub/../b.csv", "p", "--out and --benchmark"),
            ("o", "c.tar", "--predictions and --candidate-photos"),
            ("p.tar", "p", "--out and --photos"),
            ("o", "sub", "sub: this is a directory"),
        ] {
            let (kind, message) = resolve(out, predictions).unwrap_err();
            assert!(kind == ErrorKind::Usage && message.contains(options), "{out} {predictions}: {message}");
        }
        let (kind, message) = resolve("o", "no/p.csv").unwrap_err();
        assert!(kind == ErrorKind::Output && message.contains("p.csv: its folder"), "{message}");
    }
}
