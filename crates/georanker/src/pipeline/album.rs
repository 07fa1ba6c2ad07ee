//! Photos of one outing as a weak prior on each other.
//!
//! Photos in one folder that were taken within some minutes of each other were taken near each other. So each photo is
//! ranked by itself first. Then the probability of each of its candidates is multiplied by `1 + STRENGTH * m`, where `m` is
//! the probability mass that the other photos have near that candidate, from 0 to 1: the mean over the others of the sum over their
//! candidates of `p * exp(-d / reach)`. `reach` grows with the time between the two photos. This is Bayes' rule for a prior
//! that is one part "anywhere" and [`STRENGTH`] parts "where the others are", so an album can make a place five times
//! likelier and never rule one out.
//!
//! What it may not do: the others' masses are those of their own evidence, so photos do not confirm each other in circles;
//! the same picture in the gallery is not outweighed; and confidence is computed from the photo's own evidence at the
//! place that was chosen, since it was never calibrated with albums.

use std::path::{Path, PathBuf};

use contract::{Cancel, Candidate, Decide, Estimate, Failure, Group, Ranking};
use geo::{geodesic_km, haversine_km};
use photo::CaptureTime;
use rank::{Decision, near_identical, probabilities, promote};

use super::gather::{Gathered, gather, query_of};
use super::{Asked, BatchEnd, BatchOptions, EncodedPhoto, Located, Locator, Ranked, locate_files, lost};
use crate::Input;

/// How many times as likely a place is at most, less one.
const STRENGTH: f64 = 4.0;
/// How far two photos of the same minute may be apart, km.
const LEAST_REACH_KM: f64 = 5.0;
/// How fast a photographer travels, km per minute.
const KM_PER_MINUTE: f64 = 1.0;
/// Candidates of another photo that have less probability than this are left out.
const LEAST_SHARE: f64 = 1e-4;
/// Photos of one folder that are held in memory at the same time.
const MOST: usize = 2000;

/// What other photos say about a photo's candidates.
pub(super) struct Bonus {
    /// The others' mass near each candidate, 0 to 1.
    mass: Vec<f64>,
    others: usize,
    within_min: f64,
}

/// An answer that others have swayed.
pub(super) struct Swayed {
    /// With the scores that decided.
    pub(super) ranked: Ranked,
    /// The photo's own evidence at the place that was chosen.
    pub(super) own: Decision,
    /// Probabilities with what the others say.
    pub(super) shares: Vec<f64>,
    /// What was used, for the answer.
    pub(super) group: Group,
}

impl Locator {
    /// Decides with what others say, and looks at the photo's own evidence there.
    pub(super) fn swayed(
        &self,
        ranked: &Ranked,
        alone: &Decision,
        bonus: &Bonus,
        rule: Decide,
    ) -> Result<Swayed, Failure> {
        let empty = || lost(&ranked.set.query.0);
        let add = |(score, mass): (&f32, &f64)| {
            (f64::from(*score) + self.temperature * (STRENGTH * mass).ln_1p()) as f32
        };
        let scores = ranked.ranking.scores.iter().zip(&bonus.mass).map(add).collect();
        let swayed = Ranked {
            ranking: Ranking { scores },
            set: ranked.set.clone(),
            searched: ranked.searched.clone(),
        };
        let decision = self.decision(&swayed, rule).ok_or_else(empty)?;
        let place = |index: usize| ranked.set.candidates.get(index).map(|one| one.location).ok_or_else(empty);
        let chosen = place(decision.chosen)?;
        let own = own_at(alone, &ranked.set.candidates, decision.chosen);
        let group = Group::Album {
            others: bonus.others,
            within_min: bonus.within_min,
            changed: decision.chosen != alone.chosen,
            moved_km: Some(geodesic_km(chosen, place(alone.chosen)?)),
        };
        Ok(Swayed { ranked: swayed, own, shares: decision.probabilities, group })
    }
}

/// What a photo's own evidence says about another of its candidates.
fn own_at(alone: &Decision, candidates: &[Candidate], chosen: usize) -> Decision {
    let Some(centre) = candidates.get(chosen).filter(|_| chosen != alone.chosen) else {
        return alone.clone();
    };
    let known = || candidates.iter().zip(&alone.probabilities);
    let within = |radius: f64| -> f64 {
        let near = known().filter(|(one, _)| haversine_km(one.location, centre.location) < radius);
        near.map(|(_, share)| share).sum()
    };
    let mass = contract::RADII_KM.map(|radius| within(radius).min(1.0));
    // Never more than the answer that the photo prefers has there.
    let raw_confidence = std::array::from_fn(|radius| mass[radius].min(alone.raw_confidence[radius]));
    Decision { chosen, probabilities: alone.probabilities.clone(), raw_confidence }
}

/// Locates files in order, as [`locate_files`] does; photos of one folder that were taken within `within_min` minutes of
/// each other make each other's places likelier. Photos without a capture time are located by themselves.
///
/// # Errors
/// Whatever `sink` returns ends the run.
pub fn locate_album<E>(
    locator: &Locator,
    inputs: &[Input],
    options: &BatchOptions,
    within_min: f64,
    cancel: &Cancel,
    mut sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    if locator.check(&options.locate).is_err() {
        return locate_files(locator, inputs, options, cancel, sink);
    }
    let folder = |input: &Input| input.path.parent().map(Path::to_owned).unwrap_or_default();
    let folders: Vec<PathBuf> = inputs.iter().map(folder).collect();
    let mut start = 0;
    while start < inputs.len() {
        let same = folders[start..].iter().take(MOST).take_while(|one| **one == folders[start]).count();
        let inputs = &inputs[start..start + same];
        start += same;
        let Some(gathered) = gather(locator, inputs, options, cancel) else { return Ok(BatchEnd::Stopped) };
        for (one, outcome) in answers(locator, gathered, options, within_min) {
            sink(Gathered::located(one, outcome))?;
        }
    }
    Ok(BatchEnd::Finished)
}

/// A photo with what it says by itself.
struct Member {
    ranked: Ranked,
    taken: Option<CaptureTime>,
    /// Candidates and their probabilities, for the others; none where it says nothing.
    shares: Vec<f64>,
}

fn answers(
    locator: &Locator,
    gathered: Vec<Gathered>,
    options: &BatchOptions,
    within_min: f64,
) -> Vec<(Gathered, Result<Estimate, Failure>)> {
    let cancel = &Cancel::default();
    let asked: Vec<Asked<'_>> = gathered
        .iter()
        .filter_map(|one| one.outcome.as_ref().ok())
        .map(|(photo, generated)| Asked { photo, options: &options.locate, cancel, generated })
        .collect();
    let mut ranked = locator.rank_each(&asked).into_iter();
    let members: Vec<Result<Member, Failure>> = gathered
        .iter()
        .map(|one| {
            let (photo, _) = one.outcome.as_ref().map_err(Clone::clone)?;
            let ranked = ranked.next().unwrap_or_else(|| Err(lost(&photo.id.0)))?;
            let shares = own_shares(locator, photo, &ranked, options);
            Ok(Member { ranked, taken: query_of(&one.input, options).taken(), shares })
        })
        .collect();
    let bonuses: Vec<Option<Bonus>> =
        (0..members.len()).map(|index| bonus(&members, index, within_min)).collect();
    let each = gathered.into_iter().zip(members).zip(bonuses);
    each.map(|((one, member), bonus)| {
        let outcome = member.and_then(|member| {
            let (photo, _) = one.outcome.as_ref().map_err(Clone::clone)?;
            locator.estimate_with(photo, member.ranked, &options.locate, bonus.as_ref())
        });
        (one, outcome)
    })
    .collect()
}

/// What a photo tells the others; nothing where the picture has no content.
fn own_shares(locator: &Locator, photo: &EncodedPhoto, ranked: &Ranked, options: &BatchOptions) -> Vec<f64> {
    if photo.no_content.is_some() {
        return Vec::new();
    }
    let same = if options.locate.exclude.near_duplicate {
        Vec::new()
    } else {
        near_identical(&ranked.set, photo.hash)
    };
    if same.is_empty() {
        probabilities(&ranked.ranking, locator.temperature)
    } else {
        probabilities(&promote(&ranked.ranking, &same, locator.temperature), locator.temperature)
    }
}

/// What the others say about the candidates of one photo; `None` if no other was taken near it in time.
fn bonus(members: &[Result<Member, Failure>], index: usize, within_min: f64) -> Option<Bonus> {
    let member = members.get(index)?.as_ref().ok()?;
    let taken = member.taken?;
    let candidates = &member.ranked.set.candidates;
    let mut mass = vec![0.0; candidates.len()];
    let mut others = 0;
    for (at, other) in members.iter().enumerate() {
        let Ok(other) = other else { continue };
        let Some(minutes) = other.taken.map(|time| time.minutes_from(taken)) else { continue };
        if at == index || minutes > within_min || other.shares.is_empty() {
            continue;
        }
        others += 1;
        let reach_km = LEAST_REACH_KM + KM_PER_MINUTE * minutes;
        for (mass, candidate) in mass.iter_mut().zip(candidates) {
            let near = other.ranked.set.candidates.iter().zip(&other.shares);
            *mass += near
                .filter(|(_, share)| **share > LEAST_SHARE)
                .map(|(known, share)| {
                    share * (-haversine_km(known.location, candidate.location) / reach_km).exp()
                })
                .sum::<f64>();
        }
    }
    let divide = |mass: f64| (mass / others as f64).min(1.0);
    (others > 0).then(|| Bonus { mass: mass.into_iter().map(divide).collect(), others, within_min })
}

#[cfg(test)]
mod tests {
    use contract::{CandidateSet, Origin};
    use geo::LatLon;

    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "as the members of an album are given")]
    fn member(points: &[(f64, f64)], shares: &[f64], seconds: i64) -> Result<Member, Failure> {
        let at = |&(latitude, longitude): &(f64, f64)| {
            Candidate::at(LatLon::new(latitude, longitude).unwrap(), Origin::generated("m", 0))
        };
        let set = CandidateSet::new("q", points.iter().map(at).collect());
        let ranking = Ranking { scores: shares.iter().map(|share| share.ln() as f32).collect() };
        let ranked = Ranked { set, ranking, searched: None };
        Ok(Member { ranked, taken: Some(CaptureTime { seconds }), shares: shares.to_vec() })
    }

    #[test]
    fn the_mass_of_others_fades_with_distance_and_reaches_further_with_time() {
        let points = [(10.0, 20.0), (10.0, 20.1), (40.0, -70.0)];
        let mass = |seconds: i64, within: f64| {
            let members = [member(&points, &[0.2, 0.3, 0.5], 0), member(&[(10.0, 20.0)], &[1.0], seconds)];
            bonus(&members, 0, within).map(|bonus| bonus.mass)
        };
        let soon = mass(0, 60.0).unwrap();
        assert!((soon[0] - 1.0).abs() < 1e-9 && soon[1] < 0.2 && soon[2] < 1e-9, "{soon:?}");
        assert!(mass(30 * 60, 60.0).unwrap()[1] > soon[1]);
        assert_eq!(mass(61 * 60, 60.0), None, "too late");
    }

    #[test]
    fn confidence_at_a_swayed_answer_is_the_photos_own_and_never_more() {
        let candidates = member(&[(10.0, 20.0), (40.0, -70.0), (40.0, -70.1)], &[1.0; 3], 0).unwrap();
        let candidates = candidates.ranked.set.candidates;
        let alone = Decision {
            chosen: 0,
            probabilities: vec![0.5, 0.2, 0.3],
            raw_confidence: [0.5, 0.5, 0.5, 0.5, 0.5],
        };
        let own = own_at(&alone, &candidates, 1);
        assert_eq!((own.chosen, own.raw_confidence), (1, [0.2, 0.5, 0.5, 0.5, 0.5]));
        assert_eq!(own_at(&alone, &candidates, 0), alone);
    }
}
