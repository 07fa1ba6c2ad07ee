//! What a run came to.

use contract::Failure;
use generate::{Asker, DroppedCounts, Requests, WrittenPhoto};

use super::signs::{is_silent, silence};

/// After so many photos in a row without one coordinate the model may be blind.
const PLACELESS_IN_A_ROW: usize = 3;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    photos: usize,
    failed: usize,
    candidates: usize,
    /// Candidates that were only thought.
    thought: usize,
    cached: usize,
    requests: usize,
    dropped: DroppedCounts,
    /// Photos whose answers are all empty.
    silent: usize,
    /// Photos in a row with answers, and without one coordinate.
    placeless: usize,
    advised: bool,
}

impl Tally {
    /// Adds a photo's line.
    pub fn count(&mut self, line: &Result<WrittenPhoto, Failure>) {
        let Ok(written) = line else {
            self.failed += 1;
            return;
        };
        self.photos += 1;
        self.candidates += written.candidates.len();
        self.thought += written.candidates.iter().filter(|candidate| candidate.from_thoughts).count();
        self.cached += written.cached;
        self.requests += written.requests;
        self.dropped += written.dropped;
        if is_silent(written) {
            self.silent += 1;
        } else if written.answers > 0 {
            self.placeless = if written.candidates.is_empty() { self.placeless + 1 } else { 0 };
        }
    }

    /// Photos that failed.
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// What to tell a person now: once, when several photos in a row have given no coordinate at all.
    pub fn advice(&mut self, asker: &Asker<'_>) -> Option<String> {
        let is_due = self.placeless >= PLACELESS_IN_A_ROW && self.candidates == 0 && !self.advised;
        if !is_due || !asker.generator.shows_photos() {
            return None;
        }
        self.advised = true;
        let photos = self.placeless;
        Some(format!("{photos} photos in a row without one coordinate: does this model see pictures?"))
    }

    /// Why a run that came to its end was for nothing: all answers are empty.
    pub fn silence(&self, asker: &Asker<'_>) -> Option<Failure> {
        (self.photos > 0 && self.silent == self.photos)
            .then(|| silence(self.photos, self.dropped.thoughts > 0, asker))
    }

    /// One line about the run: candidates, dropped answers, requests, tokens, cost.
    pub fn words(&self, asker: &Asker<'_>) -> String {
        let mut parts = vec![format!("{} candidates for {} photos", self.candidates, self.photos)];
        if self.thought > 0 {
            parts
                .push(format!("{} candidates read from thoughts, since the answers are empty", self.thought));
        }
        if self.dropped.total() > 0 {
            parts.push(format!("{} answers dropped ({})", self.dropped.total(), self.dropped.words()));
        }
        if self.placeless > 0 && self.candidates == 0 && !self.advised && asker.generator.shows_photos() {
            parts.push("no answer has a coordinate: does this model see pictures?".to_owned());
        }
        let requests = match asker.generator.requests() {
            Some(Requests { sent, failed }) if failed > 0 => {
                format!("{sent} requests ({failed} of them refused or failed)")
            }
            Some(Requests { sent, .. }) => format!("{sent} requests"),
            None => format!("{} requests", self.requests),
        };
        parts.push(format!("{requests}, {} answers from the cache", self.cached));
        let usage = asker.budget.usage();
        let (not, about) =
            if usage.estimated { ("tokens not counted by the server, ", "about ") } else { ("", "") };
        parts.push(format!(
            "{not}{about}{} tokens read and {} written",
            usage.prompt_tokens, usage.completion_tokens
        ));
        if let Some(cost) = asker.budget.cost(usage) {
            parts.push(format!("cost {about}{cost:.6}"));
        }
        parts.join("; ")
    }
}
