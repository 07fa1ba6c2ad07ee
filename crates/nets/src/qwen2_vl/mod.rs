//! Qwen2-VL with a value head: the network behind the LVLM ranker (arXiv 2409.12191, 2505.13731).
//!
//! The idea: the prompts of one query differ only from the candidate's coordinates on. So each distinct photo goes
//! through the vision tower once, what the prompts share goes through the language model once and leaves its keys and
//! values, and the rest of all prompts runs packed in one pass, each part seeing the shared start and itself. The
//! scores are those of the prompts run one by one, to f32 noise.
//!
//! Main items: [`config`] and [`tensor_names`] say what a checkpoint holds, [`Qwen2Vl::open`] reads it under
//! [`LoadOptions`](crate::LoadOptions); [`patches`] turn photos into the input of the vision tower, [`Qwen2Vl::encode_photos`] those into
//! [`PhotoFeatures`]; [`chat_template`] and [`tokenizer`] make a [`Prompt`] of text; [`Qwen2Vl::score`] scores a group
//! of prompts; [`generation`] writes texts; [`training`] gives the gradients of adapters.
//!
//! ```
//! use nets::lora::Adapter;
//! use photo::Image;
//! use nets::qwen2_vl::chat_template::{ChatTemplate, PromptPart};
//! use nets::qwen2_vl::patches::Preprocessor;
//! use nets::qwen2_vl::tokenizer::PromptTokenizer;
//! use nets::LoadOptions;
//! use nets::qwen2_vl::{Prompt, Qwen2Vl, Sharing};
//! use std::path::Path;
//!
//! let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
//! let model = golden.join("tiny-qwen2vl");
//! let adapter = Adapter::open(&golden.join("tiny-qwen2vl-adapter"))?;
//! let network = Qwen2Vl::open(&model, Some(&adapter), &LoadOptions::default())?;
//!
//! let preprocessor = Preprocessor::from_directory(&model)?;
//! let photo = preprocessor.resized(&Image::filled(100, 80, [90, 120, 200])?)?;
//! let photos = network.encode_photos(&[preprocessor.patches(&photo)?])?;
//!
//! let tokenizer = PromptTokenizer::from_directory(&model, network.config().tokens.image)?;
//! let template = ChatTemplate::from_directory(&model)?;
//! let prompts = ["latitude: 48.85", "latitude: -33.9"]
//!     .map(|place| {
//!         let text = template.render(&[PromptPart::Image, PromptPart::Text(place)])?;
//!         let tokens = photos[0].grid[0] * photos[0].grid[1];
//!         Ok::<_, nets::NetworkError>(Prompt { ids: tokenizer.encode(&text, &[tokens])?, photos: vec![0] })
//!     })
//!     .into_iter()
//!     .collect::<Result<Vec<_>, _>>()?;
//! let group = network.score(&prompts, &photos, Sharing::SharedPrefix)?;
//! assert_eq!(group.scores.len(), 2);
//! assert!(group.prefix_tokens > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Alternative considered: batching padded prompts, as the reference does. It computes the query photo once a candidate,
//! and the logits of the whole vocabulary at every token, to read one number.

pub mod chat_template;
pub mod config;
pub mod generation;
mod language;
mod load;
mod network;
pub mod patches;
mod positions;
mod prompt_tokens;
mod quantised_file;
pub mod tensor_names;
pub mod tokenizer;
pub mod training;
mod vision;

pub use self::load::Parts;
pub use self::network::{GroupScores, Qwen2Vl, Sharing};
pub use self::positions::{MergedGrid, Positions};
pub use self::prompt_tokens::{PhotoFeatures, Prompt};
