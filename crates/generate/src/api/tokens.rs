//! How many tokens a request takes: about, and at most.
//!
//! Servers count as they like, so both are guesses until one has reported a count. The bound then follows that count:
//! nothing but the length of the prompt and the size of the picture changes from photo to photo.

use super::abilities::{Abilities, Field};
use super::wire;
use super::{ApiSettings, Detail};
use crate::{Answer, Usage};

/// Bytes of text a token in the languages of prompts: for estimates. At most there is a token for every byte.
const BYTES_PER_TOKEN: usize = 3;
/// Tokens that servers put around a prompt, at most: roles, signs, a sentence of their own.
const AROUND: u64 = 64;
/// Answers are taken to be this long where no limit is set.
const ANSWER_TOKENS: u64 = 512;
/// Side of the tiles that pictures are counted in.
const TILE: u32 = 512;
/// Tokens of a picture and of each tile of it, as `OpenAI` counts for most models, and for the one that counts most. The
/// latter is a token for every 46 pixels; open models take one a patch of 14 x 14 pixels at most.
const USUAL_PICTURE: (u64, u64) = (85, 170);
const DEAREST_PICTURE: (u64, u64) = (2833, 5667);

/// What a server counted for prompts so far, beyond their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    most_tokens: u64,
    /// As counted, and as it would be for the largest picture that could be sent, if pictures are counted by size.
    beyond: Option<(i64, i64)>,
}

impl Counts {
    /// A count for a prompt with a picture of so many pixels.
    pub(super) fn add(&mut self, settings: &ApiSettings, tokens: u64, prompt: &str, pixels: u64) {
        let side = u64::from(settings.max_side);
        let growth = if settings.detail == Detail::None {
            1.0
        } else {
            ((side * side) as f64 / pixels.max(1) as f64).max(1.0)
        };
        let bytes = prompt.len() as i64;
        let (counted, grown) = (tokens as i64 - bytes, (tokens as f64 * growth).ceil() as i64 - bytes);
        let (known, known_grown) = self.beyond.unwrap_or((counted, grown));
        self.beyond = Some((known.max(counted), known_grown.max(grown)));
        self.most_tokens = self.most_tokens.max(tokens);
    }
}

/// Pixels of a picture once its longest side is no longer than `max_side`.
pub(super) fn pixels(width: u32, height: u32, max_side: u32) -> u64 {
    let scale = (f64::from(max_side) / f64::from(width.max(height).max(1))).min(1.0);
    let side = |length: u32| (f64::from(length) * scale).floor().max(1.0) as u64;
    side(width) * side(height)
}

/// About how many tokens a request takes.
pub(super) fn expected(settings: &ApiSettings, counts: Counts, prompt: &str, samples: usize) -> Usage {
    let text = (prompt.len() / BYTES_PER_TOKEN) as u64 + 16;
    let picture = match settings.detail {
        Detail::None => 0,
        Detail::Low => USUAL_PICTURE.0,
        Detail::High | Detail::Auto => in_tiles(USUAL_PICTURE, settings.max_side),
    };
    Usage { prompt_tokens: counts.most_tokens.max(text + picture), ..written(settings, samples) }
}

/// How many it takes at most: by what the server counted before, or, before the first count, a token for every byte
/// of text and the dearest way of counting pictures that is known, whatever `detail` asks for.
pub(super) fn most(
    settings: &ApiSettings,
    abilities: Abilities,
    counts: Counts,
    prompt: &str,
    samples: usize,
) -> Usage {
    let bytes = prompt.len() as u64;
    let picture = match settings.detail {
        Detail::None => 0,
        _ => in_tiles(DEAREST_PICTURE, settings.max_side),
    };
    let prompt_tokens = match counts.beyond {
        None => {
            let schema =
                if abilities.takes(Field::Schema) { wire::schema().to_string().len() as u64 } else { 0 };
            bytes + schema + AROUND + picture
        }
        Some((counted, grown)) => {
            let beyond = grown.min(counted.saturating_add_unsigned(picture)).max(counted);
            bytes.saturating_add_signed(beyond)
        }
    };
    Usage { prompt_tokens, ..written(settings, samples) }
}

fn in_tiles((whole, tile): (u64, u64), max_side: u32) -> u64 {
    whole + tile * u64::from(max_side.div_ceil(TILE)).pow(2)
}

fn written(settings: &ApiSettings, samples: usize) -> Usage {
    let each = settings.max_tokens.map_or(ANSWER_TOKENS, u64::from);
    Usage { completion_tokens: each * samples as u64, estimated: true, ..Usage::default() }
}

/// What answers took, if the server does not say, from what was expected.
pub(super) fn of_answers(answers: &[Answer], expected: Usage) -> Usage {
    let written: usize = answers.iter().map(|answer| answer.text.len() / BYTES_PER_TOKEN + 1).sum();
    Usage { completion_tokens: written as u64, estimated: true, ..expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most_tokens(settings: &ApiSettings, counts: Counts, prompt: &str) -> u64 {
        most(settings, Abilities::first_guess(settings), counts, prompt, 1).prompt_tokens
    }

    #[test]
    fn before_the_first_count_the_bound_holds_for_every_way_of_counting() {
        let prompt = "w\u{e4}re".repeat(100);
        let without = ApiSettings { detail: Detail::None, ..ApiSettings::new("m") };
        let text = most_tokens(&without, Counts::default(), &prompt);
        assert!(text > prompt.len() as u64 + wire::schema().to_string().len() as u64);
        for detail in [Detail::Low, Detail::High, Detail::Auto] {
            let settings = ApiSettings { detail, ..ApiSettings::new("m") };
            let picture = most_tokens(&settings, Counts::default(), &prompt) - text;
            assert!(picture >= 2833 + 4 * 5667, "{detail:?}: {picture}");
            assert!(expected(&settings, Counts::default(), &prompt, 1).prompt_tokens < text + picture);
        }
    }

    #[test]
    fn a_count_takes_the_place_of_guesses_and_grows_with_prompt_and_picture() {
        let settings = ApiSettings { max_side: 1000, ..ApiSettings::new("m") };
        let prompt = "where?".repeat(100);
        let mut counts = Counts::default();
        counts.add(&settings, 900, &prompt, 1000 * 500);
        assert_eq!(most_tokens(&settings, counts, &prompt), 1800, "a square picture has twice the pixels");
        assert_eq!(most_tokens(&settings, counts, &format!("{prompt} now?")), 1805, "a token a byte");
        counts.add(&settings, 300, &prompt, 1000 * 1000);
        assert_eq!(most_tokens(&settings, counts, &prompt), 1800, "the largest counts");
        // A stamp says little about posters: there the dearest way of counting is the bound.
        let mut counts = Counts::default();
        counts.add(&settings, 900, &prompt, 16);
        assert_eq!(most_tokens(&settings, counts, &prompt), 900 + 2833 + 4 * 5667);
        let without = ApiSettings { detail: Detail::None, ..settings };
        let mut counts = Counts::default();
        counts.add(&without, 200, &prompt, 16);
        assert_eq!(most_tokens(&without, counts, &prompt), 200, "fewer than the bytes");
    }

    #[test]
    fn pictures_shrink_to_their_longest_side() {
        assert_eq!(pixels(4000, 2000, 1000), 1000 * 500);
        assert_eq!(pixels(300, 200, 1000), 300 * 200);
        assert_eq!(pixels(100_000, 1, 1000), 1000);
    }
}
