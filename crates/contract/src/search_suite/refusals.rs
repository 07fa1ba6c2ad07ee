//! Checks of requests that a backend must refuse: with an error that says why, never with a panic or a wrong answer.

use super::subject::{Subject, TOP, Verdict, Weighted, refused, shown};
use crate::{Channel, Filter, Query, QueryEmbedding};

impl Subject<'_> {
    /// Asks alone, and in a batch behind a query without fault. The backend must be usable afterwards.
    fn refuses(&self, what: &str, channels: &Weighted, embedding: &QueryEmbedding) -> Verdict {
        let filter = Filter::default();
        let before = self.find(&self.first_channel(), TOP, &[(1, &filter)])?;
        let (good, bad) =
            (Query { embedding: &self.asked[0], filter: &filter }, Query { embedding, filter: &filter });
        refused(what, self.ask(channels, TOP, vec![bad.clone()]))?;
        refused(&format!("{what} in a batch"), self.ask(channels, TOP, vec![good, bad]))?;
        let after = self.find(&self.first_channel(), TOP, &[(1, &filter)])?;
        self.agree(&before[0], &after[0]).map_err(|why| format!("before and after {what}: {why}"))
    }

    /// Changes the vector of a channel in all searches that use it, each time of a query as it should be.
    fn refuses_vectors(&self, what: &str, change: impl Fn(&mut Vec<f32>)) -> Verdict {
        for number in 0..self.backend.channels.len() {
            let channel = &self.backend.channels[number].channel;
            let mut embedding = self.asked[2].clone();
            let changed = embedding.vectors.iter_mut().filter(|(name, _)| name == channel);
            changed.for_each(|(_, vector)| change(vector));
            let searches = self.all_searches();
            for channels in
                searches.iter().filter(|channels| channels.iter().any(|(name, _)| name == channel))
            {
                self.refuses(&format!("{what} in `{channel}` of {}", shown(channels)), channels, &embedding)?;
            }
        }
        Ok(())
    }
}

pub(super) fn an_unknown_channel_is_refused(subject: &Subject<'_>) -> Verdict {
    let unknown = (Channel::new("unheard-of"), 1.0);
    let mut embedding = subject.asked[0].clone();
    let vector = embedding.vectors[0].1.clone();
    embedding.vectors.push((unknown.0.clone(), vector));
    let mut channels = subject.first_channel();
    channels.push(unknown.clone());
    for channels in [vec![unknown], channels] {
        subject.refuses(&format!("an unknown channel in {}", shown(&channels)), &channels, &embedding)?;
    }
    Ok(())
}

pub(super) fn a_vector_of_another_length_is_refused(subject: &Subject<'_>) -> Verdict {
    subject.refuses_vectors("a vector that is too short", |vector| {
        vector.pop();
    })?;
    subject.refuses_vectors("a vector that is too long", |vector| vector.push(0.0))?;
    subject.refuses_vectors("a vector without numbers", Vec::clear)
}

pub(super) fn numbers_that_are_not_finite_are_refused(subject: &Subject<'_>) -> Verdict {
    for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let what = format!("a vector with {number}");
        subject.refuses_vectors(&format!("{what} in all places"), |vector| vector.fill(number))?;
        subject.refuses_vectors(&format!("{what} at the start"), |vector| vector[0] = number)?;
        subject.refuses_vectors(&format!("{what} at the end"), |vector| {
            if let Some(last) = vector.last_mut() {
                *last = number;
            }
        })?;
    }
    Ok(())
}

pub(super) fn a_query_without_the_channel_is_refused(subject: &Subject<'_>) -> Verdict {
    for channels in subject.all_searches() {
        let mut embedding = subject.asked[0].clone();
        let last = channels.last().map(|(channel, _)| channel);
        embedding.vectors.retain(|(channel, _)| Some(channel) != last);
        let what = format!("a query without a vector in the last channel of {}", shown(&channels));
        subject.refuses(&what, &channels, &embedding)?;
    }
    Ok(())
}

pub(super) fn a_search_without_channels_is_refused(subject: &Subject<'_>) -> Verdict {
    subject.refuses("a search without channels", &Vec::new(), &subject.asked[0])
}
