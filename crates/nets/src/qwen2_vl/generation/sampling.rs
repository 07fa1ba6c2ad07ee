//! From logits to the next token.
//!
//! The order of the steps is that of transformers: repetition penalty, temperature, the `k` largest, the smallest set that
//! holds the share `p`, then one of what is left by its probability.

use crate::NetworkError;
use crate::qwen2_vl::training::random::Sequence;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the largest always.
    pub temperature: f64,
    /// How many of the largest may be chosen; 0: all.
    pub top_k: usize,
    /// Only the smallest set of the largest whose probabilities add up to this may be chosen; 1: all.
    pub top_p: f64,
    /// Logits of tokens that occur already, in the prompt or in the text, are divided by it if they are positive,
    /// multiplied if they are negative ("CTRL", arXiv 1909.05858, section 4.1); 1 does nothing.
    pub repetition_penalty: f64,
    /// Where the randomness comes from; together with the number of a sample it determines its text.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0, repetition_penalty: 1.0, seed: 0 }
    }
}

impl Sampling {
    /// Always the likeliest token, the first of several.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }

    /// Whether the numbers make sense.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] names the first that does not.
    pub fn check(&self) -> Result<(), NetworkError> {
        let wrong = |option, why: String| Err(NetworkError::Setting { option, why });
        if !(0.0..=100.0).contains(&self.temperature) {
            return wrong("temperature", format!("{} is not within 0 and 100", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top_p", format!("{} is not above 0 and up to 1", self.top_p));
        }
        if !(self.repetition_penalty > 0.0 && self.repetition_penalty <= 100.0) {
            return wrong(
                "repetition_penalty",
                format!("{} is not above 0 and up to 100", self.repetition_penalty),
            );
        }
        Ok(())
    }
}

/// Chooses the tokens of one text, one after another.
#[derive(Clone, Debug)]
pub(super) struct Chooser {
    sampling: Sampling,
    random: Sequence,
    /// Tokens chosen so far.
    place: u64,
    /// Tokens of prompt and text, sorted; empty where nothing asks for them.
    seen: Vec<u32>,
}

impl Chooser {
    /// For sample number `sample` of a prompt.
    pub(super) fn new(sampling: Sampling, sample: usize, prompt: &[u32]) -> Self {
        let mut seen = Vec::new();
        #[allow(clippy::float_cmp, reason = "exactly 1 means: not at all")]
        if sampling.repetition_penalty != 1.0 {
            seen.extend_from_slice(prompt);
            seen.sort_unstable();
            seen.dedup();
        }
        Self { sampling, random: Sequence::new(sampling.seed, &[sample as u64]), place: 0, seen }
    }

    /// The next token, by the logits of all tokens. `None` if one of them is not a number.
    pub(super) fn choose(&mut self, logits: &[f32]) -> Option<u32> {
        if logits.is_empty() || logits.iter().any(|logit| logit.is_nan() || *logit == f32::INFINITY) {
            return None;
        }
        let penalised = self.penalised(logits);
        let logits = penalised.as_deref().unwrap_or(logits);
        let chosen = if self.sampling.temperature > 0.0 { self.sample(logits) } else { largest(logits) };
        self.place += 1;
        #[allow(clippy::float_cmp, reason = "exactly 1 means: not at all")]
        if self.sampling.repetition_penalty != 1.0
            && let Err(at) = self.seen.binary_search(&chosen)
        {
            self.seen.insert(at, chosen);
        }
        Some(chosen)
    }

    fn penalised(&self, logits: &[f32]) -> Option<Vec<f32>> {
        if self.seen.is_empty() {
            return None;
        }
        let penalty = self.sampling.repetition_penalty as f32;
        let mut logits = logits.to_vec();
        for &token in &self.seen {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
            }
        }
        Some(logits)
    }

    fn sample(&self, logits: &[f32]) -> u32 {
        let mut left = candidates(logits, &self.sampling);
        // By number of the token: the sum must not depend on how they were sorted.
        left.sort_unstable_by_key(|&(token, _)| token);
        let total: f64 = left.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.random.uniform(self.place) * total;
        for &(token, weight) in &left {
            rest -= weight;
            if rest < 0.0 {
                return token;
            }
        }
        // Rounding may leave a trace; the last one with any weight takes it.
        left.iter().rev().find(|(_, weight)| *weight > 0.0).map_or(0, |&(token, _)| token)
    }
}

/// The tokens that may be chosen and their weights, the likeliest having 1.
fn candidates(logits: &[f32], sampling: &Sampling) -> Vec<(u32, f64)> {
    let most = f64::from(logits[largest(logits) as usize]);
    let weight = |logit: f32| ((f64::from(logit) - most) / sampling.temperature).exp();
    let mut left: Vec<(u32, f32)> =
        logits.iter().enumerate().map(|(token, &logit)| (token as u32, logit)).collect();
    if (1..left.len()).contains(&sampling.top_k) {
        let (.., least, _) =
            left.select_nth_unstable_by(sampling.top_k - 1, |(_, one), (_, other)| other.total_cmp(one));
        let least = least.1;
        left.retain(|&(_, logit)| logit >= least);
    }
    let mut left: Vec<(u32, f64)> = left.into_iter().map(|(token, logit)| (token, weight(logit))).collect();
    if sampling.top_p < 1.0 {
        left.sort_unstable_by(|(one, heavy), (other, light)| light.total_cmp(heavy).then(one.cmp(other)));
        let total: f64 = left.iter().map(|(_, weight)| weight).sum();
        let mut sum = 0.0;
        // A token stays as long as those before it do not hold the share yet.
        let count = left
            .iter()
            .take_while(|(_, weight)| {
                let stays = sum < sampling.top_p * total;
                sum += weight;
                stays
            })
            .count();
        left.truncate(count.max(1));
    }
    left
}

/// The first of the largest.
fn largest(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(logits: &[f32], sampling: Sampling) -> Vec<u32> {
        let mut tokens: Vec<u32> =
            candidates(logits, &sampling).into_iter().map(|(token, _)| token).collect();
        tokens.sort_unstable();
        tokens
    }

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let mut chooser = Chooser::new(Sampling::greedy(), 0, &[]);
        assert_eq!(chooser.choose(&[0.5, 2.0, -1.0, 2.0]), Some(1));
        assert_eq!(chooser.choose(&[0.5, f32::NAN]), None);
        assert_eq!(chooser.choose(&[f32::NEG_INFINITY, -3.0]), Some(1));
    }

    #[test]
    fn the_largest_k_and_the_share_p_are_left() {
        let logits = [0.0, 3.0, 1.0, 2.0, 1.0];
        let sampling = Sampling { top_k: 2, ..Sampling::default() };
        assert_eq!(tokens(&logits, sampling), [1, 3]);
        // Equal logits stay together.
        let sampling = Sampling { top_k: 3, ..Sampling::default() };
        assert_eq!(tokens(&logits, sampling), [1, 2, 3, 4]);
        // Probabilities: 0.592, 0.218, 0.080 twice, 0.029.
        for (share, left) in
            [(0.5, &[1][..]), (0.62, &[1, 3]), (0.84, &[1, 2, 3]), (0.92, &[1, 2, 3, 4]), (1e-9, &[1])]
        {
            let sampling = Sampling { top_p: share, ..Sampling::default() };
            assert_eq!(tokens(&logits, sampling), left, "{share}");
        }
    }

    #[test]
    fn a_repeated_token_is_less_likely() {
        let sampling = Sampling { repetition_penalty: 2.0, ..Sampling::greedy() };
        let mut chooser = Chooser::new(sampling, 0, &[2, 2]);
        // 2 was in the prompt: 4 / 2; then 1 has been written: 3 / 2; negative ones go further down.
        assert_eq!(chooser.choose(&[-1.0, 3.0, 4.0]), Some(1));
        assert_eq!(chooser.choose(&[-1.0, 3.0, 4.0]), Some(2));
        assert_eq!(chooser.choose(&[-2.5, -2.0, -2.0]), Some(0));
    }

    #[test]
    fn samples_follow_the_probabilities() {
        let sampling = Sampling { temperature: 0.5, seed: 7, ..Sampling::default() };
        let mut counts = [0; 3];
        for sample in 0..4000 {
            let chosen = Chooser::new(sampling, sample, &[]).choose(&[0.0, 0.5, -0.5]).unwrap();
            counts[chosen as usize] += 1;
        }
        // e^0, e^1, e^-1 of the sum 4.086: 0.245, 0.665, 0.090.
        for (count, share) in counts.into_iter().zip([0.245, 0.665, 0.090]) {
            assert!((f64::from(count) / 4000.0 - share).abs() < 0.02, "{counts:?}");
        }
    }

    #[test]
    fn senseless_settings_are_refused() {
        for (sampling, option) in [
            (Sampling { temperature: -0.1, ..Sampling::default() }, "temperature"),
            (Sampling { temperature: f64::NAN, ..Sampling::default() }, "temperature"),
            (Sampling { top_p: 0.0, ..Sampling::default() }, "top_p"),
            (Sampling { top_p: 1.1, ..Sampling::default() }, "top_p"),
            (Sampling { repetition_penalty: 0.0, ..Sampling::default() }, "repetition_penalty"),
        ] {
            assert!(sampling.check().unwrap_err().to_string().starts_with(option));
        }
        assert!(Sampling::greedy().check().is_ok());
    }
}
