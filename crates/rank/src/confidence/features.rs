//! What a candidate set says about a location.

use contract::{CandidateSet, Channel, RADII_KM};
use geo::{EARTH_RADIUS_KM, LatLon, haversine_km};
use serde::{Deserialize, Serialize};

/// A channel whose similarities are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceChannel {
    /// The channel.
    pub name: Channel,
    /// Usual deviation of the similarities within one result, in which differences are measured: encoders differ in it by
    /// a factor of ten.
    pub spread: f64,
}

/// Softmax temperatures of a channel's votes, in units of its spread.
const TEMPERATURES: [f64; 2] = [0.35, 1.0];
/// How many of the most similar are looked at by themselves.
const TOPS: [usize; 3] = [5, 10, 30];
/// Differences of similarities are cut off here, in spreads.
const FAR: f64 = 10.0;
/// Features of a channel that do not depend on a radius.
const PLAIN: [&str; 10] = [
    "present",
    "ln_count",
    "best",
    "best_to_2nd",
    "best_to_10th",
    "best_to_30th",
    "mean",
    "deviation",
    "best_z",
    "ln_km_to_best",
];
/// Features of a channel for each radius.
const PER_RADIUS: [&str; 7] =
    ["inside_lead", "share_of_5", "share_of_10", "share_of_30", "share_of_all", "enrichment", "ln_authors"];

/// The features of one location in one candidate set.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceFeatures {
    /// In the order of [`ConfidenceFeatures::names`].
    pub values: Vec<f32>,
    /// Similarity of the most similar candidate in the first channel that knows any.
    pub best_similarity: Option<f32>,
    /// How many places, none within 200 km of another, the ten most similar of that channel come from.
    pub places: usize,
}

/// A candidate set as the channels see it, made once and looked at from many locations.
#[derive(Debug)]
pub struct Evidence<'a> {
    channels: &'a [ConfidenceChannel],
    /// Of each channel, the most similar first.
    lists: Vec<List<'a>>,
    /// Distance between the first and the last channel's best, km.
    between_bests_km: f64,
}

/// What one channel found.
#[derive(Debug, Default)]
struct List<'a> {
    seen: Vec<Seen<'a>>,
    /// Features that are the same for every location.
    count: f64,
    mean: f64,
    deviation: f64,
    /// Softmax of the similarities at each temperature, `[candidates]`, and its entropy.
    shares: [(Vec<f64>, f64); TEMPERATURES.len()],
}

/// A candidate as one channel sees it.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    similarity: f64,
    place: LatLon,
    /// On the unit sphere: chords are cheaper than arcs, and the radii are compared as chords.
    point: [f64; 3],
    author: Option<&'a str>,
}

/// Squared chord of each radius on the unit sphere.
fn squared_chords() -> [f64; 5] {
    RADII_KM.map(|km| (2.0 * (km / EARTH_RADIUS_KM / 2.0).sin()).powi(2))
}

fn squared_chord(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl<'a> List<'a> {
    fn of(channel: &ConfidenceChannel, set: &'a CandidateSet) -> Self {
        let known = set.candidates.iter().filter_map(|candidate| {
            let similarity = f64::from(candidate.similarity(&channel.name)?);
            similarity.is_finite().then(|| Seen {
                similarity,
                place: candidate.location,
                point: candidate.location.to_unit_vector(),
                author: candidate.attribution.author.as_deref(),
            })
        });
        let mut seen: Vec<Seen<'_>> = known.collect();
        // Of equals, the one found first stays first.
        seen.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        let Some(best) = seen.first().map(|best| best.similarity) else { return Self::default() };
        let count = seen.len() as f64;
        let mean = seen.iter().map(|one| one.similarity).sum::<f64>() / count;
        let deviation = (seen.iter().map(|one| (one.similarity - mean).powi(2)).sum::<f64>() / count).sqrt();
        let shares = TEMPERATURES.map(|temperature| {
            let scale = temperature * channel.spread;
            let raised: Vec<f64> = seen.iter().map(|one| ((one.similarity - best) / scale).exp()).collect();
            let sum: f64 = raised.iter().sum();
            let shares: Vec<f64> = raised.into_iter().map(|value| value / sum).collect();
            let entropy = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
            (shares, entropy)
        });
        Self { seen, count, mean, deviation, shares }
    }

    /// Adds the features of a location; returns the mass within each radius at the higher temperature, if the channel
    /// knows any candidate.
    fn look_from(&self, point: &[f64; 3], spread: f64, values: &mut Vec<f32>) -> Option<[f64; 5]> {
        let Some(best) = self.seen.first() else {
            values.resize(values.len() + PLAIN.len() + 6 * TEMPERATURES.len() + 5 * PER_RADIUS.len(), 0.0);
            return None;
        };
        let spreads = |difference: f64| (difference / spread).clamp(-FAR, FAR);
        let lead = |rank: usize| {
            let other =
                self.seen.get(rank).or(self.seen.last()).map_or(best.similarity, |one| one.similarity);
            spreads(best.similarity - other)
        };
        let best_z = (best.similarity - self.mean) / self.deviation;
        let arc = 2.0 * EARTH_RADIUS_KM * (squared_chord(&best.point, point).sqrt() / 2.0).min(1.0).asin();
        let plain = [
            1.0,
            self.count.ln_1p(),
            best.similarity,
            lead(1),
            lead(9),
            lead(29),
            self.mean,
            self.deviation / spread,
            if self.deviation > 0.0 { best_z.min(FAR) } else { 0.0 },
            arc.ln_1p(),
        ];
        values.extend(plain.map(|value| value as f32));
        // Which is the smallest radius that holds a candidate: 5 for none.
        let limits = squared_chords();
        let rings: Vec<usize> = self
            .seen
            .iter()
            .map(|one| {
                let chord = squared_chord(&one.point, point);
                limits.iter().position(|limit| chord < *limit).unwrap_or(limits.len())
            })
            .collect();
        let mut warm = [0.0; 5];
        for (shares, entropy) in &self.shares {
            warm = [0.0; 5];
            for (ring, share) in rings.iter().zip(shares) {
                if let Some(mass) = warm.get_mut(*ring) {
                    *mass += share;
                }
            }
            for radius in 1..warm.len() {
                warm[radius] += warm[radius - 1];
            }
            values.push(*entropy as f32);
            values.extend(warm.map(|mass| mass as f32));
        }
        for (radius, mass) in warm.into_iter().enumerate() {
            self.look_within(radius, mass, &rings, &spreads, values);
        }
        Some(warm)
    }

    /// Adds the features of one radius.
    fn look_within(
        &self,
        radius: usize,
        mass: f64,
        rings: &[usize],
        spreads: &dyn Fn(f64) -> f64,
        values: &mut Vec<f32>,
    ) {
        let share = |top: usize| {
            let top = top.min(rings.len());
            rings[..top].iter().filter(|ring| **ring <= radius).count() as f64 / top as f64
        };
        let first = |inside: bool| {
            let at = rings.iter().position(|ring| (*ring <= radius) == inside)?;
            self.seen.get(at).map(|one| one.similarity)
        };
        let inside_lead = match (first(true), first(false)) {
            (Some(one), Some(other)) => spreads(one - other),
            (Some(_), None) => FAR,
            (None, _) => -FAR,
        };
        let near = self.seen.iter().zip(rings).take(30).filter(|(_, ring)| **ring <= radius);
        let mut authors: Vec<&str> = near.filter_map(|(one, _)| one.author).collect();
        authors.sort_unstable();
        authors.dedup();
        let of_all = share(rings.len());
        values.push(inside_lead as f32);
        values.extend(TOPS.map(|top| share(top) as f32));
        values.push(of_all as f32);
        values.push(((mass + 1e-3) / (of_all + 1e-3)).ln() as f32);
        values.push((authors.len() as f64).ln_1p() as f32);
    }

    /// How many places the ten most similar come from.
    fn distinct_places(&self) -> usize {
        let apart = squared_chords()[2];
        let mut places: Vec<[f64; 3]> = Vec::new();
        for one in self.seen.iter().take(10) {
            if places.iter().all(|known| squared_chord(known, &one.point) >= apart) {
                places.push(one.point);
            }
        }
        places.len()
    }
}

impl<'a> Evidence<'a> {
    /// Sorts a set out by channels.
    pub fn of(channels: &'a [ConfidenceChannel], set: &'a CandidateSet) -> Self {
        let lists: Vec<List<'a>> = channels.iter().map(|channel| List::of(channel, set)).collect();
        let bests: Vec<LatLon> = lists.iter().filter_map(|list| Some(list.seen.first()?.place)).collect();
        let between_bests_km = match bests.as_slice() {
            [first, .., last] => haversine_km(*first, *last),
            _ => 0.0,
        };
        Self { channels, lists, between_bests_km }
    }

    /// The features of a location.
    pub fn at(&self, location: LatLon) -> ConfidenceFeatures {
        let point = location.to_unit_vector();
        let mut values = Vec::new();
        let mut masses: Vec<[f64; 5]> = Vec::new();
        for (channel, list) in self.channels.iter().zip(&self.lists) {
            masses.extend(list.look_from(&point, channel.spread, &mut values));
        }
        for radius in 0..RADII_KM.len() {
            let product: f64 = masses.iter().map(|of_channel| of_channel[radius]).product();
            let agreement = if masses.len() == self.channels.len() { product } else { 0.0 };
            values.push(agreement.max(0.0).powf(1.0 / self.channels.len().max(1) as f64) as f32);
        }
        values.push((1.0 + self.between_bests_km).ln() as f32);
        let leading = self.lists.iter().find(|list| !list.seen.is_empty());
        ConfidenceFeatures {
            values,
            best_similarity: leading.and_then(|list| Some(list.seen.first()?.similarity as f32)),
            places: leading.map_or(0, List::distinct_places),
        }
    }
}

impl ConfidenceFeatures {
    /// What the numbers are called, for reports.
    pub fn names(channels: &[ConfidenceChannel]) -> Vec<String> {
        let mut names = Vec::new();
        for ConfidenceChannel { name, .. } in channels {
            names.extend(PLAIN.iter().map(|feature| format!("{name}.{feature}")));
            for temperature in TEMPERATURES {
                names.push(format!("{name}.entropy_{temperature}"));
                names.extend(RADII_KM.iter().map(|radius| format!("{name}.mass_{temperature}_{radius}")));
            }
            for radius in RADII_KM {
                names.extend(PER_RADIUS.iter().map(|feature| format!("{name}.{feature}_{radius}")));
            }
        }
        names.extend(RADII_KM.iter().map(|radius| format!("agreement_{radius}")));
        names.push("ln_km_between_bests".to_owned());
        names
    }

    /// Looks at a set from a location.
    pub fn of(channels: &[ConfidenceChannel], set: &CandidateSet, location: LatLon) -> Self {
        Evidence::of(channels, set).at(location)
    }
}

#[cfg(test)]
mod tests {
    use contract::{Candidate, Origin};
    use proptest::prelude::*;

    use super::*;

    fn channels() -> Vec<ConfidenceChannel> {
        [Channel::photo(), Channel::location()].map(|name| ConfidenceChannel { name, spread: 0.05 }).into()
    }

    fn at(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    fn seen(place: LatLon, similarity: f32, channel: Channel) -> Candidate {
        Candidate::at(place, Origin::Retrieved { channel, rank: 0, similarity })
    }

    fn value(set: &CandidateSet, location: LatLon, name: &str) -> f32 {
        let names = ConfidenceFeatures::names(&channels());
        let found = ConfidenceFeatures::of(&channels(), set, location);
        found.values[names.iter().position(|known| known == name).unwrap()]
    }

    #[test]
    fn names_and_values_go_together() {
        let photo = |place, similarity| seen(place, similarity, Channel::photo());
        let set = CandidateSet::new(
            "q",
            vec![
                photo(at(10.0, 10.0), 0.9),
                photo(at(10.0, 10.1), 0.85),
                photo(at(-40.0, 100.0), 0.8),
                seen(at(10.0, 10.0), 0.2, Channel::location()),
            ],
        );
        let found = ConfidenceFeatures::of(&channels(), &set, at(10.0, 10.0));
        assert_eq!(found.values.len(), ConfidenceFeatures::names(&channels()).len());
        assert_eq!((found.best_similarity, found.places), (Some(0.9), 2));
        let of = |name| value(&set, at(10.0, 10.0), name);
        assert!((of("photo.best_to_2nd") - 1.0).abs() < 1e-4);
        assert!((of("photo.share_of_5_25") - 2.0 / 3.0).abs() < 1e-6);
        assert!(
            (of("photo.inside_lead_200") - 2.0).abs() < 1e-4,
            "0.9 inside, 0.8 outside, in spreads of 0.05"
        );
        assert!((of("location.inside_lead_200") - 10.0).abs() < 1e-6, "nothing outside");
        assert!(of("agreement_200") > 0.8);
        assert!(value(&set, at(-40.0, 100.0), "agreement_200").abs() < 1e-6);
    }

    #[test]
    fn nothing_to_look_at_gives_zeros() {
        let none = ConfidenceFeatures::of(&channels(), &CandidateSet::new("q", vec![]), at(0.0, 0.0));
        assert_eq!((none.best_similarity, none.places), (None, 0));
        assert!(none.values.iter().all(|value| value.abs() < 1e-9));
        assert_eq!(none.values.len(), ConfidenceFeatures::names(&channels()).len());
    }

    proptest! {
        /// Whatever a search gives: no feature is infinite, and the order of candidates does not matter.
        #[test]
        fn finite_and_without_order(
            points in proptest::collection::vec((-90.0..90.0, -180.0..180.0, -1.0f32..1.0, any::<bool>()), 0..40),
            latitude in -90.0..90.0,
        ) {
            let candidate = |&(latitude, longitude, similarity, photo): &(f64, f64, f32, bool)| {
                let channel = if photo { Channel::photo() } else { Channel::location() };
                seen(at(latitude, longitude), similarity, channel)
            };
            let set = CandidateSet::new("q", points.iter().map(candidate).collect());
            let turned = CandidateSet::new("q", points.iter().rev().map(candidate).collect());
            let here = at(latitude, 0.0);
            let (one, other) = [&set, &turned].map(|set| ConfidenceFeatures::of(&channels(), set, here)).into();
            prop_assert!(one.values.iter().all(|value| value.is_finite()));
            for (a, b) in one.values.iter().zip(&other.values) {
                prop_assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }
}
