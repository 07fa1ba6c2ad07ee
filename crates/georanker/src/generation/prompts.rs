//! The prompt of each photo.

use std::sync::Arc;

use contract::{Failure, LocateOptions, Photo};
use generate::{Hint, References, Wording, retrieval_prompt, zero_shot_prompt};

use crate::Locator;

/// Writes prompts.
pub struct Prompts {
    wording: Wording,
    retrieval: Option<Retrieval>,
    hint: Option<Hint>,
}

struct Retrieval {
    locator: Arc<Locator>,
    references: usize,
    options: LocateOptions,
    author: Option<String>,
}

impl Prompts {
    /// The same words for every photo.
    pub const fn zero_shot(wording: Wording) -> Self {
        Self { wording, retrieval: None, hint: None }
    }

    /// With coordinates of the locator's gallery photos that are most and least similar, among those that `options`
    /// leave; `author` took the photos.
    pub const fn retrieval(
        wording: Wording,
        locator: Arc<Locator>,
        references: usize,
        options: LocateOptions,
        author: Option<String>,
    ) -> Self {
        Self { wording, retrieval: Some(Retrieval { locator, references, options, author }), hint: None }
    }

    /// The same with what the user knows about the photos.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<Hint>) -> Self {
        self.hint = hint;
        self
    }

    /// The prompt for a photo; `photo` decodes it, and is called only where the prompt depends on it.
    ///
    /// # Errors
    /// The photo cannot be read, or the search fails.
    pub fn of(&self, photo: impl FnOnce() -> Result<Photo, Failure>) -> Result<String, Failure> {
        let hint = self.hint.as_ref();
        let Some(retrieval) = &self.retrieval else { return Ok(zero_shot_prompt(self.wording, hint)) };
        let photo = Photo { author: retrieval.author.clone(), ..photo()? };
        let Retrieval { locator, references, options, .. } = retrieval;
        let (similar, dissimilar) = locator.references(&photo, *references, options)?;
        Ok(retrieval_prompt(self.wording, &References { similar, dissimilar }, hint))
    }
}
