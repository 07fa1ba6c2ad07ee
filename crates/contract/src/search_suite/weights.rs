//! Checks of the weights of channels.

use super::Ability;
use super::filters::some_filters;
use super::subject::{Subject, TOP, Verdict, Weighted, ensure, refused, shown};
use crate::{Filter, Query};

impl Subject<'_> {
    /// All channels, the weights taken in turn from a few.
    fn weighted(&self, weights: &[f32]) -> Weighted {
        let weights = weights.iter().cycle();
        let channels = self.backend.channels.iter().zip(weights);
        channels.map(|(spec, weight)| (spec.channel.clone(), *weight)).collect()
    }

    /// Asks the first query with the given weights, and returns only the number of lists.
    fn ask_weighted(&self, channels: &Weighted) -> Result<usize, crate::Failure> {
        self.ask(channels, TOP, vec![Query { embedding: &self.asked[0], filter: &Filter::default() }])
    }
}

pub(super) fn fused_similarities_are_weighted_means(subject: &Subject<'_>) -> Verdict {
    if subject.backend.channels.len() < 2 {
        return Ok(());
    }
    let mut searches =
        vec![subject.weighted(&[1.0]), subject.weighted(&[0.7, 2.5]), subject.weighted(&[0.2, 0.1])];
    if subject.can(Ability::NegativeWeights) {
        searches.push(subject.weighted(&[1.0, -0.5]));
        searches.push(subject.weighted(&[-0.3, -0.6]));
    }
    let reversed = searches[1].iter().rev().cloned().collect();
    searches.push(reversed);
    for channels in &searches {
        subject.compare(channels, TOP, &Filter::default())?;
        for filter in some_filters(subject) {
            subject.compare(channels, TOP, &filter)?;
        }
    }
    Ok(())
}

pub(super) fn the_size_of_a_single_weight_has_no_effect(subject: &Subject<'_>) -> Verdict {
    for channels in subject.single_channels() {
        let plain = subject.find_all(&channels, TOP, &Filter::default())?;
        for weight in [0.3, 20.0] {
            let weighted = vec![(channels[0].0.clone(), weight)];
            let lists = subject.find_all(&weighted, TOP, &Filter::default())?;
            for (query, (one, other)) in plain.iter().zip(&lists).enumerate() {
                subject
                    .agree(one, other)
                    .map_err(|why| format!("query {query} with weights 1 and {weight}: {why}"))?;
            }
        }
    }
    Ok(())
}

pub(super) fn a_negative_weight_reverses_the_list_or_is_refused(subject: &Subject<'_>) -> Verdict {
    for channels in subject.single_channels() {
        let negative = vec![(channels[0].0.clone(), -1.0)];
        if subject.can(Ability::NegativeWeights) {
            subject.compare(&negative, TOP, &Filter::default())?;
        } else {
            refused(&format!("the weight -1 in {}", shown(&negative)), subject.ask_weighted(&negative))?;
        }
    }
    Ok(())
}

/// The sum of the weights' sizes is zero then, and must not be a divisor.
pub(super) fn a_weight_of_zero_gives_finite_similarities_or_is_refused(subject: &Subject<'_>) -> Verdict {
    let channels = subject.weighted(&[0.0]);
    if let Err(failure) = subject.ask_weighted(&channels) {
        return refused("the weight 0", Err::<(), _>(failure));
    }
    for list in subject.find_all(&channels, TOP, &Filter::default())? {
        let finite = list.iter().all(|found| found.similarity.is_finite());
        ensure!(finite, "{}: a similarity is not finite", shown(&channels));
    }
    Ok(())
}

pub(super) fn weights_that_are_not_finite_are_refused(subject: &Subject<'_>) -> Verdict {
    for weight in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for number in 0..subject.backend.channels.len() {
            let mut channels = subject.weighted(&[1.0]);
            channels[number].1 = weight;
            for channels in [vec![channels[number].clone()], channels] {
                let what = format!("a weight of {weight} in {}", shown(&channels));
                refused(&what, subject.ask_weighted(&channels))?;
            }
        }
    }
    Ok(())
}
