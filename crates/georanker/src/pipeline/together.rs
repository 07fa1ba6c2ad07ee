//! Several photos of one place as one query.
//!
//! In each channel the mean of the photos' unit vectors is the query, made a unit vector again. Its cosine to a gallery
//! vector is the mean of the photos' own cosines up to one factor, so one search ranks the whole gallery by the photos'
//! average similarity; a union of each photo's best would miss candidates that all photos find good and none finds best.
//! Generated candidates of all photos join the set. Every photo has the same say: what they share adds up, and what only
//! one of them looks like does not.

use contract::{Cancel, Channel, Estimate, Failure, Group, QueryEmbedding};
use rank::near_identical;

use super::gather::{Gathered, gather};
use super::generated::Generated;
use super::{Asked, BatchEnd, BatchOptions, EncodedPhoto, Located, Locator, Ranked, lost};
use crate::Input;

/// Locates photos of one place as one query, and calls `sink` with the one answer for each of them, in order.
///
/// Photos that cannot be read fail by themselves, and pictures without content have no say unless there is nothing else.
/// If the gallery has the same picture as one of the photos, that decides, as it does for a single photo. `exclude.near_duplicate`
/// leaves out near-duplicates of the first photo only.
///
/// # Errors
/// Whatever `sink` returns ends the run.
pub fn locate_together<E>(
    locator: &Locator,
    inputs: &[Input],
    options: &BatchOptions,
    cancel: &Cancel,
    mut sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    if let Err(failure) = locator.check(&options.locate) {
        for input in inputs {
            let outcome = Err(failure.clone());
            sink(Located { input: input.clone(), outcome, elapsed_ms: 0.0, thumbnail: None })?;
        }
        return Ok(BatchEnd::Finished);
    }
    let Some(gathered) = gather(locator, inputs, options, cancel) else { return Ok(BatchEnd::Stopped) };
    let readable: Vec<&(EncodedPhoto, Generated)> =
        gathered.iter().filter_map(|one| one.outcome.as_ref().ok()).collect();
    let photos = readable.len();
    let shared = (photos > 0).then(|| estimate(locator, &readable, options));
    let mut number = 0;
    for one in gathered {
        let outcome = match (&one.outcome, &shared) {
            (Err(failure), _) | (Ok(_), Some(Err(failure))) => Err(failure.clone()),
            (Ok(_), None) => Err(lost(&one.input.name)),
            (Ok((photo, _)), Some(Ok(estimate))) => {
                number += 1;
                Ok(Estimate {
                    stated: photo.stated.clone(),
                    incomplete: photo.incomplete.clone(),
                    group: Some(Group::Together { number, photos }),
                    ..estimate.clone()
                })
            }
        };
        sink(Gathered::located(one, outcome))?;
    }
    Ok(BatchEnd::Finished)
}

/// The one answer.
fn estimate(
    locator: &Locator,
    readable: &[&(EncodedPhoto, Generated)],
    options: &BatchOptions,
) -> Result<Estimate, Failure> {
    let options = &options.locate;
    let mut members: Vec<&EncodedPhoto> =
        readable.iter().map(|(photo, _)| photo).filter(|photo| photo.no_content.is_none()).collect();
    if members.is_empty() {
        members = readable.iter().map(|(photo, _)| photo).take(1).collect();
    }
    if let Some((photo, ranked)) = same_picture(locator, &members, options) {
        return locator.estimate(photo, ranked, options);
    }
    let generated: Generated = readable.iter().flat_map(|(_, generated)| generated.iter().cloned()).collect();
    let mean = mean_of(&members);
    let photo = match members.as_slice() {
        [only] => *only,
        _ => mean.as_ref().ok_or_else(|| lost("the photos"))?,
    };
    let cancel = &Cancel::default();
    let ranked = locator.rank_each(&[Asked { photo, options, cancel, generated: &generated }]);
    let ranked = ranked.into_iter().next().unwrap_or_else(|| Err(lost(&photo.id.0)))?;
    locator.estimate(photo, ranked, options)
}

/// The first photo of which the gallery has the same picture.
fn same_picture<'a>(
    locator: &Locator,
    members: &[&'a EncodedPhoto],
    options: &contract::LocateOptions,
) -> Option<(&'a EncodedPhoto, Ranked)> {
    if options.exclude.near_duplicate || members.len() < 2 {
        return None;
    }
    let (cancel, generated) = (&Cancel::default(), &Generated::new());
    let asked: Vec<Asked<'_>> =
        members.iter().map(|&photo| Asked { photo, options, cancel, generated }).collect();
    let ranked = locator.rank_each(&asked).into_iter().zip(members);
    let mut known = ranked.filter_map(|(ranked, photo)| Some((*photo, ranked.ok()?)));
    known.find(|(photo, ranked)| !near_identical(&ranked.set, photo.hash).is_empty())
}

/// One photo whose vectors are the means of the photos' own; `None` where there are none.
fn mean_of(members: &[&EncodedPhoto]) -> Option<EncodedPhoto> {
    let first = members.first()?;
    let mean = |channel: &Channel| {
        let vectors: Vec<&[f32]> = members.iter().filter_map(|photo| photo.embedding.get(channel)).collect();
        unit_mean(&vectors).map(|vector| (channel.clone(), vector))
    };
    let vectors = first.embedding.vectors.iter().filter_map(|(channel, _)| mean(channel)).collect();
    Some(EncodedPhoto {
        embedding: QueryEmbedding { vectors },
        // It is no picture that could have a copy.
        image: None,
        hash: first.hash.filter(|_| members.len() == 1),
        stated: None,
        incomplete: None,
        ..(*first).clone()
    })
}

/// The mean direction of vectors of one length; `None` where they cancel each other.
fn unit_mean(vectors: &[&[f32]]) -> Option<Vec<f32>> {
    let length = vectors.first()?.len();
    let mut sum = vec![0.0_f64; length];
    for vector in vectors {
        let norm = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        for (sum, value) in sum.iter_mut().zip(*vector) {
            *sum += f64::from(*value) / norm.max(f64::MIN_POSITIVE);
        }
    }
    let norm = sum.iter().map(|value| value.powi(2)).sum::<f64>().sqrt();
    (norm > 1e-6).then(|| sum.into_iter().map(|value| (value / norm) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_photo_has_the_same_say() {
        let mean = unit_mean(&[&[2.0, 0.0], &[0.0, 0.5]]).unwrap();
        assert!((mean[0] - mean[1]).abs() < 1e-6 && (mean[0] - 0.5_f32.sqrt()).abs() < 1e-6, "{mean:?}");
        assert_eq!(unit_mean(&[&[1.0, 0.0], &[-1.0, 0.0]]), None);
        assert_eq!(unit_mean(&[]), None);
    }
}
