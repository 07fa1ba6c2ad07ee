//! Contrastive training of G3's heads: the geo-alignment of the paper (arXiv 2405.14702), CLIP frozen.
//!
//! For users who fine-tune G3 on their own photos and write the program for it: nothing else in this workspace calls
//! this module, and no command does. Its losses and gradients reproduce those of the official code (`tests/contrastive.rs`).
//!
//! # What it does
//! A photo, a text that names its place, and its coordinates belong together. Each goes through a head of its own into a
//! space shared with photos, and the cosine similarities of all pairs of a batch, times a learned factor, are the logits
//! of a choice: which text (which location) is this photo's, and which photo is this text's? The loss is the
//! cross-entropy of these choices, once with texts and once with locations. CLIP stays as it is, so its embeddings can
//! be computed once for all epochs; what remains is small enough for a CPU.
//!
//! # Main types
//! [`G3Heads`] holds the trained tensors as candle variables, [`G3Batch`] is what a step looks at,
//! [`ContrastiveLosses`] what comes out; [`symmetric_contrast`] is the loss itself. Gradients are candle's. What
//! [`G3Heads::save`] writes, [`nets::g3::G3::open`] reads.
//!
//! ```no_run
//! use candle_core::Device;
//! use candle_nn::{AdamW, Optimizer, ParamsAdamW};
//! use geo::LatLon;
//! use nets::checkpoint::ShardedCheckpoint;
//! use nets::LoadOptions;
//! use nets::g3::{G3, G3Config};
//! use train::contrastive::{G3Batch, G3Heads};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (config, weights) = ("config.json".as_ref(), "g3.pth".as_ref());
//! let network = G3::open(config, weights, &LoadOptions::default())?; // CLIP, for the embeddings
//! # let (pixels, texts, locations): (Vec<f32>, Vec<Vec<u32>>, Vec<LatLon>) = Default::default();
//! let photos = network.clip().encode(&pixels)?;
//! let texts = network.project_texts(&texts)?; // of "A street view photo taken in Grisons, Switzerland"
//!
//! let checkpoint = ShardedCheckpoint::open_file(weights)?;
//! let heads = G3Heads::load(&G3Config::from_file(config)?, &checkpoint, &Device::Cpu)?;
//! let settings = ParamsAdamW { lr: 3e-5, ..ParamsAdamW::default() };
//! let mut optimizer = AdamW::new(heads.variables().map(|(_, variable)| variable.clone()).collect(), settings)?;
//! for _ in 0..100 {
//!     let batch = G3Batch { photos: &photos, texts: &texts, locations: &locations };
//!     optimizer.backward_step(&heads.losses(&batch)?.total()?)?;
//! }
//! heads.save(&checkpoint, "tuned.safetensors".as_ref())?;
//! # Ok(())
//! # }
//! ```
//!
//! # Alternatives considered
//! The engine that trains rankers ([`crate::engine`]). Its loss orders the candidates of one query and its gradients add
//! up over queries; here every example is a negative of every other, so a batch's loss is not a sum over its examples.

mod heads;
mod layers;
mod loss;

pub use heads::{ContrastiveLosses, G3Batch, G3Heads};
pub use loss::symmetric_contrast;
