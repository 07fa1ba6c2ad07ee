//! CLIP: photos and texts in one space (arXiv 2103.00020), from Hugging Face's checkpoints.
//!
//! Main items: [`ClipConfig`] reads `config.json`, [`Clip`] is both towers, [`ClipVision`] the photos' alone, for
//! retrieval; [`ClipTokenizer`] makes ids of text. ViT-B/32, B/16 and L/14 differ in the configuration only.
//!
//! ```no_run
//! use nets::LoadOptions;
//! use nets::clip::ClipVision;
//! use photo::{DecodeOptions, Limits, decode};
//! use std::path::Path;
//!
//! let directory = Path::new("clip-vit-large-patch14");
//! let clip = ClipVision::open(directory, &LoadOptions::default())?;
//! let photo = decode(&std::fs::read("photo.jpg")?, &Limits::default(), DecodeOptions::default())?;
//! let vectors = clip.encode_normalised(&clip.preprocessor().pixels(&photo)?)?;
//! assert_eq!(vectors.len(), clip.dimension());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Alternative considered: computing padded texts whole. A token sees only what precedes it, and the text's vector is
//! that of its end token, so what follows it is left out, and texts run packed.

mod config;
mod network;
mod text;
mod tokenizer;

pub use config::{ClipConfig, TextConfig};
pub use network::{Clip, ClipVision};
pub(crate) use network::{clip_tensors, is_position_ids, project, unit_rows};
pub(crate) use text::TextTower;
pub use tokenizer::{ClipTokenizer, TokenizedText};
