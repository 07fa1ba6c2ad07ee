//! Candidates written by a vision-language model.
//!
//! # Idea
//! A gallery can only answer with places that it has photos of. A large model that has read half the world can write
//! coordinates for any photo; so it is shown the photo, asked several times, and what it writes is read, checked and
//! handed on as candidates whose origin stays visible. It costs time and money, so everything about it is careful:
//! answers are kept on disk, requests are paced and capped, and failures are told apart.
//!
//! # Cast
//! A [`Generator`] writes [`Answer`]s: [`ApiGenerator`] through a chat API, [`LocalGenerator`] on this
//! machine. [`Asker`] puts an
//! [`AnswerCache`] before it and a [`Budget`] around it. [`zero_shot_prompt`] and [`retrieval_prompt`] are what is asked;
//! [`read_answer`] and [`official_coordinate`] read what comes back. [`in_order`] does many photos at once;
//! [`WrittenPhoto`] and [`WrittenFile`] are the results on disk.
//!
//! ```
//! use contract::{Failure, Photo};
//! use generate::{Answer, Asker, Budget, Finish, Generation, Generator, Reading, Usage, Wording, zero_shot_prompt};
//!
//! struct Tourist;
//! impl Generator for Tourist {
//!     fn name(&self) -> &str { "tourist" }
//!     fn settings(&self) -> String { String::new() }
//!     fn generate(&self, _: &Photo, _: &str, samples: std::ops::Range<usize>) -> Result<Generation, Failure> {
//!         let answer = Answer { text: "Paris! 48.8584\u{b0} N, 2.2945\u{b0} E".into(), finish: Finish::Stop };
//!         Ok(Generation { answers: vec![answer; samples.len()], usage: Usage::default() })
//!     }
//!     fn expected_usage(&self, _: &str, _: usize) -> Usage { Usage::default() }
//! }
//!
//! let budget = Budget::new(None, None);
//! let asker = Asker { generator: &Tourist, cache: None, budget: &budget, samples: 3 };
//! let photo = || Ok::<_, Failure>(Photo::new("tower.jpg", contract::Image::filled(1, 1, [0; 3])?));
//! let answered = asker.ask("sha256 of the file", &zero_shot_prompt(Wording::Default), photo)?;
//! let (places, dropped) = answered.places(Reading::Default);
//! assert_eq!((places.len(), dropped.total()), (3, 0));
//! # Ok::<(), Failure>(())
//! ```
//!
//! # The choice not taken
//! An asynchronous client. A run has a handful of requests under way, each lasting seconds; threads do that with a
//! quarter of the dependencies, and every wait can be read from top to bottom.
#![forbid(unsafe_code)]

mod answer;
mod api;
mod ask;
mod budget;
mod cache;
mod error;
mod generator;
mod local;
mod parallel;
mod prompt;
mod written;

pub use answer::{Dropped, official_coordinate, read_answer};
pub use api::{ApiAddress, ApiConduct, ApiGenerator, ApiKey, ApiSettings, Detail, Notes, Structured};
pub use ask::{Answered, Asker, DroppedCounts, Reading, WrittenPlace};
pub use budget::{Budget, Prices, Reservation};
pub use cache::{AnswerCache, CacheKey, CachedAnswers, Claim};
pub use error::GenerateError;
pub use generator::{Answer, Finish, Generation, Generator, Usage};
pub use local::{LocalGenerator, LocalSettings};
pub use parallel::in_order;
pub use prompt::{REFERENCES, References, Wording, retrieval_prompt, zero_shot_prompt};
pub use written::{UnwrittenPhoto, WrittenCandidate, WrittenFile, WrittenPhoto};
