//! What a writing model is to the rest of the project.

use std::ops::Range;

use contract::{Failure, Photo};
use serde::{Deserialize, Serialize};

/// Why a model stopped writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// The limit of tokens was reached: the text may be cut.
    Length,
    /// A filter kept the answer back, or the model refused in the field made for that.
    Refused,
    /// It thought and then said nothing: the text is what it thought, in a field of its own.
    Thoughts,
    /// Anything else, or unknown.
    Other,
}

/// One answer, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The text, unread; [`crate::read_answer`] looks for a coordinate in it.
    pub text: String,
    /// Why it ends.
    pub finish: Finish,
}

/// Tokens that were read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of prompts and photos.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub completion_tokens: u64,
    /// Whether the numbers are ours, because the server gave none.
    #[serde(default)]
    pub estimated: bool,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        // Servers write what they like.
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.estimated = self.estimated || other.estimated;
    }
}

/// Requests that were sent to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// All of them.
    pub sent: usize,
    /// Those of them that were refused, or failed.
    pub failed: usize,
}

/// What one call of a [`Generator`] gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generation {
    /// At least one answer, at most as many as were asked for, in the order of the samples.
    pub answers: Vec<Answer>,
    /// What it took.
    pub usage: Usage,
}

/// A model that looks at a photo and writes where it might be.
///
/// A model on this machine and one behind an address are the same thing to [`crate::Asker`], which keeps answers,
/// counts costs and asks again for what is missing.
pub trait Generator: Send + Sync {
    /// The model's name, as it appears in every candidate's origin.
    fn name(&self) -> &str;

    /// Everything besides name, photo and prompt that decides what is written (temperature, seed, limits, size of the
    /// picture, ...), as one line of text. It is part of the cache's key: answers of other settings are never taken.
    fn settings(&self) -> String;

    /// Writes answers number `samples.start` to `samples.end - 1` (counted from 0 for each photo and prompt). It may stop
    /// early after one or more answers: the caller asks again for the rest. A generator that samples by a seed derives
    /// it from these numbers, so that asking in two steps gives the same texts as asking once.
    ///
    /// `photo` holds upright RGB pixels; `prompt` is the text of the user's turn, which goes with the photo.
    ///
    /// # Errors
    /// A [`Failure`]. Of kind [`contract::ErrorKind::Usage`], `BrokenModel` or `Interrupted` it ends the whole run;
    /// any other kind is this photo's alone.
    fn generate(&self, photo: &Photo, prompt: &str, samples: Range<usize>) -> Result<Generation, Failure>;

    /// Tokens that one call for so many samples will take, about: for estimates.
    fn expected_usage(&self, prompt: &str, samples: usize) -> Usage;

    /// Tokens that one call for so many samples will take at most, as far as that can be said beforehand: for budgets.
    fn most_usage(&self, prompt: &str, samples: usize) -> Usage {
        self.expected_usage(prompt, samples)
    }

    /// The requests that were sent so far; `None` where none are sent.
    fn requests(&self) -> Option<Requests> {
        None
    }

    /// Whether the photo itself goes to the model, and not the prompt alone.
    fn shows_photos(&self) -> bool {
        true
    }
}
