//! Asking for answers: from the cache first, then from the model, until there are enough.

use contract::{ErrorKind, Failure, Geocoded, Photo};
use geo::LatLon;
use serde::{Deserialize, Serialize};

use crate::{
    Answer, AnswerCache, Budget, CacheKey, CachedAnswers, Dropped, Finish, Generator, ReadPlace, Usage,
    official_coordinate, read_place,
};

/// Whose rules answers are read by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Ours: robust, and unreadable answers are dropped and counted.
    #[default]
    Default,
    /// The reference's: unreadable answers are candidates at 0, 0.
    Official,
}

/// Answers for one photo.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// The answers, by sample.
    pub answers: Vec<Answer>,
    /// How many of them came from the cache.
    pub cached: usize,
    /// How often the model was asked.
    pub requests: usize,
    /// What these requests took.
    pub usage: Usage,
}

/// A coordinate that a model wrote, or that of a place that it named.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenPlace {
    /// Where.
    pub location: LatLon,
    /// The number of the answer, from 0.
    pub sample: usize,
    /// Whether it was only thought: the answer itself was empty.
    pub from_thoughts: bool,
    /// The place that was named, where there were no coordinates.
    pub geocoded: Option<Geocoded>,
}

/// How many answers were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DroppedCounts {
    /// [`Dropped::Refused`].
    pub refused: usize,
    /// [`Dropped::NoCoordinate`].
    pub no_coordinate: usize,
    /// [`Dropped::OutOfRange`].
    pub out_of_range: usize,
    /// [`Dropped::NullIsland`].
    pub null_island: usize,
    /// [`Dropped::Cut`].
    pub cut: usize,
    /// [`Dropped::Range`].
    pub range: usize,
    /// [`Dropped::Ambiguous`].
    pub ambiguous: usize,
    /// [`Dropped::UnknownPlace`].
    pub unknown_place: usize,
    /// [`Dropped::Code`].
    pub code: usize,
    /// [`Dropped::Thoughts`].
    pub thoughts: usize,
    /// [`Dropped::Empty`].
    pub empty: usize,
}

impl DroppedCounts {
    /// The count of a reason.
    pub const fn of(&mut self, reason: Dropped) -> &mut usize {
        match reason {
            Dropped::Refused => &mut self.refused,
            Dropped::NoCoordinate => &mut self.no_coordinate,
            Dropped::OutOfRange => &mut self.out_of_range,
            Dropped::NullIsland => &mut self.null_island,
            Dropped::Cut => &mut self.cut,
            Dropped::Range => &mut self.range,
            Dropped::Ambiguous => &mut self.ambiguous,
            Dropped::UnknownPlace => &mut self.unknown_place,
            Dropped::Code => &mut self.code,
            Dropped::Thoughts => &mut self.thoughts,
            Dropped::Empty => &mut self.empty,
        }
    }

    /// All of them.
    pub fn total(mut self) -> usize {
        Dropped::ALL.map(|reason| *self.of(reason)).iter().sum()
    }

    /// Those that say nothing at all: they are empty, or hold thoughts only.
    pub const fn silent(&self) -> usize {
        self.thoughts + self.empty
    }

    /// `4 refused, 1 without a coordinate`; empty when nothing was dropped.
    pub fn words(mut self) -> String {
        let counted = Dropped::ALL.map(|reason| (*self.of(reason), reason.words()));
        let known = counted.iter().filter(|(count, _)| *count > 0);
        known.map(|(count, words)| format!("{count} {words}")).collect::<Vec<_>>().join(", ")
    }
}

impl std::ops::AddAssign for DroppedCounts {
    fn add_assign(&mut self, mut other: Self) {
        for reason in Dropped::ALL {
            *self.of(reason) += *other.of(reason);
        }
    }
}

impl Answered {
    /// Reads all answers: the coordinates, and the counts of those that have none.
    pub fn places(&self, reading: Reading) -> (Vec<WrittenPlace>, DroppedCounts) {
        let mut dropped = DroppedCounts::default();
        let mut places = Vec::with_capacity(self.answers.len());
        for (sample, answer) in self.answers.iter().enumerate() {
            let read = match reading {
                Reading::Official => {
                    // What stands in a field of its own is no part of the answer.
                    let text = if answer.finish == Finish::Thoughts { "" } else { &answer.text };
                    Ok(ReadPlace::at(official_coordinate(text)))
                }
                Reading::Default => read_place(answer),
            };
            match read {
                Ok(ReadPlace { location, from_thoughts, geocoded }) => {
                    places.push(WrittenPlace { location, sample, from_thoughts, geocoded });
                }
                Err(reason) => *dropped.of(reason) += 1,
            }
        }
        (places, dropped)
    }
}

/// A model, the cache before it and the budget around it.
pub struct Asker<'a> {
    /// The model.
    pub generator: &'a dyn Generator,
    /// Where answers are kept; `None` keeps nothing.
    pub cache: Option<&'a AnswerCache>,
    /// What it may cost.
    pub budget: &'a Budget,
    /// How many answers a photo gets.
    pub samples: usize,
}

impl Asker<'_> {
    /// The key of a question in the cache.
    pub fn key(&self, photo_sha256: &str, prompt: &str) -> CacheKey {
        CacheKey::new(photo_sha256, self.generator.name(), self.generator.settings(), prompt)
    }

    /// How many answers the cache has, at most as many as are wanted.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn known(&self, photo_sha256: &str, prompt: &str) -> Result<usize, Failure> {
        let cached = self.cache.map(|cache| cache.get(&self.key(photo_sha256, prompt))).transpose()?;
        Ok(cached.map_or(0, |cached| cached.answers.len().min(self.samples)))
    }

    /// Gets all answers for a photo. Answers are in the cache as soon as they are there, so a failure in the middle,
    /// or the death of the process, loses none that was paid for. The photo is decoded (`photo`) only when the model
    /// has to be asked.
    ///
    /// # Errors
    /// The failure of the model, the budget, the cache, or the photo.
    pub fn ask(
        &self,
        photo_sha256: &str,
        prompt: &str,
        photo: impl FnOnce() -> Result<Photo, Failure>,
    ) -> Result<Answered, Failure> {
        let key = self.key(photo_sha256, prompt);
        let _claim = self.cache.map(|cache| cache.claim(&key));
        let mut have = self.cache.map(|cache| cache.get(&key)).transpose()?.unwrap_or_default();
        let mut answered = Answered { cached: have.answers.len().min(self.samples), ..Answered::default() };
        if have.answers.len() < self.samples {
            let photo = photo()?;
            while have.answers.len() < self.samples {
                self.step(&key, &photo, prompt, &mut have, &mut answered)?;
            }
        }
        have.answers.truncate(self.samples);
        answered.answers = have.answers;
        Ok(answered)
    }

    fn step(
        &self,
        key: &CacheKey,
        photo: &Photo,
        prompt: &str,
        have: &mut CachedAnswers,
        answered: &mut Answered,
    ) -> Result<(), Failure> {
        let samples = have.answers.len()..self.samples;
        let reservation = self.budget.reserve_by(|| self.generator.most_usage(prompt, samples.len()))?;
        let generation = self.generator.generate(photo, prompt, samples)?;
        reservation.settle(generation.usage);
        if generation.answers.is_empty() {
            let message = format!("{}: {} gave no answer", photo.id, self.generator.name());
            return Err(Failure::new(ErrorKind::Service, message));
        }
        have.answers.extend(generation.answers);
        have.usage += generation.usage;
        answered.requests += 1;
        answered.usage += generation.usage;
        if let Some(cache) = self.cache {
            *have = cache.put(key, have)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use photo::Image;

    use super::*;
    use crate::{Finish, Generation, Prices};
    use std::ops::Range;
    use std::sync::Mutex;

    /// Gives two answers a call, and fails when asked for sample 4.
    struct Pairs(Mutex<Vec<Range<usize>>>);

    impl Generator for Pairs {
        fn name(&self) -> &'static str {
            "pairs"
        }

        fn settings(&self) -> String {
            String::new()
        }

        fn generate(&self, _: &Photo, _: &str, samples: Range<usize>) -> Result<Generation, Failure> {
            self.0.lock().unwrap().push(samples.clone());
            if samples.start == 4 && self.0.lock().unwrap().len() < 4 {
                return Err(Failure::new(ErrorKind::Service, "down"));
            }
            let text =
                |sample: usize| if sample == 1 { "no idea".to_owned() } else { format!("{sample}.5 1.5") };
            let answers =
                samples.clone().take(2).map(|sample| Answer { text: text(sample), finish: Finish::Stop });
            let usage = Usage { prompt_tokens: 10, completion_tokens: 2, estimated: false };
            Ok(Generation { answers: answers.collect(), usage })
        }

        fn expected_usage(&self, _: &str, samples: usize) -> Usage {
            Usage { prompt_tokens: 10, completion_tokens: samples as u64, estimated: true }
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "the shape that is asked for")]
    fn photo() -> Result<Photo, Failure> {
        Ok(Photo::new("p", Image::filled(1, 1, [0; 3]).unwrap()))
    }

    #[test]
    fn what_was_answered_is_never_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        let generator = Pairs(Mutex::default());
        let budget = Budget::new(Some(Prices { input: 1.0, output: 1.0 }), None);
        let asker = Asker { generator: &generator, cache: Some(&cache), budget: &budget, samples: 5 };
        assert_eq!(asker.ask("ab", "where?", photo).unwrap_err().message, "down");
        assert_eq!(asker.known("ab", "where?").unwrap(), 4);
        let answered = asker.ask("ab", "where?", photo).unwrap();
        assert_eq!((answered.cached, answered.requests, answered.answers.len()), (4, 1, 5));
        assert_eq!(*generator.0.lock().unwrap(), [0..5, 2..5, 4..5, 4..5]);
        let undecoded = || Err(Failure::new(ErrorKind::Internal, "the photo was decoded for nothing"));
        let again = asker.ask("ab", "where?", undecoded).unwrap();
        assert_eq!((again.cached, again.requests, again.usage), (5, 0, Usage::default()));
        assert_eq!(again.answers, answered.answers);
        let (places, dropped) = again.places(Reading::Default);
        assert_eq!(places.iter().map(|place| place.sample).collect::<Vec<_>>(), [0, 2, 3, 4]);
        assert_eq!((dropped.no_coordinate, dropped.total()), (1, 1));
        assert_eq!(dropped.words(), "1 without a coordinate");
        let (places, dropped) = again.places(Reading::Official);
        assert_eq!((places.len(), dropped.total(), places[1].location.latitude()), (5, 0, 0.0));
    }
}
