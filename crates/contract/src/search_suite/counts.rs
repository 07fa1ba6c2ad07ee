//! Checks of what a backend says of itself.

use super::subject::{Subject, Verdict, ensure};
use crate::Channel;

pub(super) fn channels_are_those_declared(subject: &Subject<'_>) -> Verdict {
    let reported = subject.search.channels();
    let declared = &subject.backend.channels;
    ensure!(reported.len() == declared.len(), "{} channels, {} declared", reported.len(), declared.len());
    for spec in declared {
        let channel = &spec.channel;
        let Some(found) = reported.iter().find(|other| other.channel == *channel) else {
            return Err(format!("channel `{channel}` is missing"));
        };
        for embedding in subject.asked {
            let length = embedding.get(channel).map(<[f32]>::len);
            ensure!(
                length == Some(found.dimension),
                "`{channel}` has dimension {}, its queries have {length:?}",
                found.dimension
            );
        }
    }
    ensure!(!subject.search.encoder_fingerprint().is_empty(), "the encoder's fingerprint is empty");
    ensure!(!subject.search.coverage().is_empty(), "the coverage is empty");
    Ok(())
}

pub(super) fn counts_agree(subject: &Subject<'_>) -> Verdict {
    let holdings = subject.search.holdings();
    ensure!(!holdings.name.is_empty(), "the name is empty");
    let items = subject.items.len();
    let expected = if subject.has_records() { (items, 0) } else { (0, items) };
    let found = (holdings.photos, holdings.coordinates);
    ensure!(found == expected, "{found:?} photos and coordinates are held, not {expected:?}");
    for spec in &subject.backend.channels {
        let channel = &spec.channel;
        let with_vector = subject.items.iter().filter(|item| item.vectors.get(channel).is_some()).count();
        let length = subject.search.len(channel);
        ensure!(length == with_vector, "`{channel}` has length {length}, not {with_vector}");
        ensure!(subject.search.is_empty(channel) == (length == 0), "`{channel}`: len and is_empty differ");
    }
    let unknown = Channel::new("unheard-of");
    ensure!(subject.search.len(&unknown) == 0, "an unknown channel has items");
    ensure!(subject.search.is_empty(&unknown), "an unknown channel is not empty");
    Ok(())
}
