//! The items and queries of the suite: the same in every run.

use geo::{LatLon, Place};

use super::SuiteItem;
use crate::{Attribution, ChannelSpec, PerceptualHash, PhotoId, PhotoRecord, QueryEmbedding};

/// Enough that an approximate index has something to miss.
pub(super) const ITEMS: usize = 600;
pub(super) const QUERIES: usize = 12;
/// A third of the items lie within a few bits of this hash, on both sides of the limit.
pub(super) const HASH: PerceptualHash = PerceptualHash(0x5a3c_96e1_0f7b_d248);
/// Names that differ in case or are part of one another, and one that is hard to quote.
pub(super) const AUTHORS: [&str; 5] = ["Ann", "ann", "Ann Lee", r#"O'Brien, "Bo" \ 50%"#, "Łucja 山田"];
const COUNTRIES: [Option<&str>; 4] = [Some("AU"), Some("FR"), Some("NZ"), None];

/// Two items with the same vectors, such as photos of one view. The first query has these vectors too, and every second one
/// is near such items. The others are near no item in particular.
pub(super) const fn pair_near(query: usize) -> Option<[usize; 2]> {
    if query.is_multiple_of(2) { Some([query * 31, query * 31 + 1]) } else { None }
}

/// Items, and queries in the same channels.
pub(super) struct Fixture {
    pub(super) items: Vec<SuiteItem>,
    pub(super) queries: Vec<QueryEmbedding>,
}

impl Fixture {
    pub(super) fn new(channels: &[ChannelSpec]) -> Self {
        assert!(!channels.is_empty(), "the suite needs a channel");
        for ChannelSpec { channel, dimension } in channels {
            assert!(*dimension >= 4, "channel `{channel}` has {dimension} dimensions; the suite needs 4");
        }
        let mut random = SplitMix(1);
        let mut items: Vec<SuiteItem> =
            (0..ITEMS).map(|number| item(number, channels, &mut random)).collect();
        for [one, other] in (0..QUERIES).filter_map(pair_near) {
            items[other].vectors = items[one].vectors.clone();
        }
        let queries = (0..QUERIES)
            .map(|number| match pair_near(number) {
                Some([one, _]) if number == 0 => items[one].vectors.clone(),
                Some([one, _]) => near(&items[one].vectors, &mut random),
                None => embedding(channels, &mut random),
            })
            .collect();
        Self { items, queries }
    }

    /// Every third item lacks the first channel, every fifth item the last one; no item lacks all.
    pub(super) fn partial_items(&self) -> Vec<SuiteItem> {
        let mut items = self.items.clone();
        for (number, item) in items.iter_mut().enumerate() {
            if number % 3 == 0 {
                item.vectors.vectors.remove(0);
            } else if number % 5 == 0 {
                item.vectors.vectors.pop();
            }
        }
        items
    }

    /// All items have a vector in the first channel only.
    pub(super) fn items_of_one_channel(&self) -> Vec<SuiteItem> {
        let mut items = self.items.clone();
        for item in &mut items {
            item.vectors.vectors.truncate(1);
        }
        items
    }
}

fn item(number: usize, channels: &[ChannelSpec], random: &mut SplitMix) -> SuiteItem {
    let id = match number {
        2 => r#"it's "two", 50%.jpg"#.to_owned(),
        3 => "münchen 山.jpg".to_owned(),
        _ => format!("photos/{number:04}.jpg"),
    };
    let at_the_date_line = number.is_multiple_of(10);
    let country = if at_the_date_line { Some("FJ") } else { COUNTRIES[number % COUNTRIES.len()] };
    let near_bits = (number / 3) as u32 % 13;
    let hash = match number % 3 {
        0 => Some(PerceptualHash(HASH.0 ^ ((1_u64 << near_bits) - 1))),
        1 => Some(PerceptualHash(random.bits())),
        _ => None,
    };
    let author = AUTHORS.get(number % (AUTHORS.len() + 1)).map(|author| (*author).to_owned());
    let record = PhotoRecord {
        id: PhotoId(id),
        location: location(number, at_the_date_line),
        place: Place {
            city: (!number.is_multiple_of(4)).then(|| format!("City {}", number % 50)),
            country_code: country.map(str::to_owned),
            ..Place::default()
        },
        attribution: Attribution { author, ..Attribution::default() },
        hash,
    };
    SuiteItem { record, bytes: format!("photo {number}").into_bytes(), vectors: embedding(channels, random) }
}

/// Spread over the Earth between 75° south and north; at the date line, over 5° x 6° on both sides of it.
fn location(number: usize, at_the_date_line: bool) -> LatLon {
    // Multiples of irrational numbers fill a square evenly and without a repetition.
    let part = |step: f64| (number as f64 * step).fract();
    let (down, across) = (part(std::f64::consts::SQRT_2), part(std::f64::consts::E));
    let (latitude, longitude) = if at_the_date_line {
        (-20.0 + 5.0 * down, 177.0 + 6.0 * across)
    } else {
        (-75.0 + 150.0 * down, -180.0 + 360.0 * across)
    };
    LatLon::wrapped(latitude, longitude).unwrap_or_else(|error| panic!("item {number}: {error}"))
}

fn embedding(channels: &[ChannelSpec], random: &mut SplitMix) -> QueryEmbedding {
    let vector = |spec: &ChannelSpec, random: &mut SplitMix| {
        let vector = (0..spec.dimension).map(|_| random.signed()).collect();
        (spec.channel.clone(), unit(vector))
    };
    QueryEmbedding { vectors: channels.iter().map(|spec| vector(spec, random)).collect() }
}

fn near(embedding: &QueryEmbedding, random: &mut SplitMix) -> QueryEmbedding {
    let moved = |vector: &[f32], random: &mut SplitMix| {
        let size = 1.0 / (vector.len() as f64).sqrt();
        unit(vector.iter().map(|&value| f64::from(value) + 0.5 * size * random.signed()).collect())
    };
    let vectors = embedding.vectors.iter();
    QueryEmbedding {
        vectors: vectors.map(|(channel, vector)| (channel.clone(), moved(vector, random))).collect(),
    }
}

fn unit(vector: Vec<f64>) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    vector.into_iter().map(|value| (value / norm) as f32).collect()
}

/// Sebastiano Vigna's `SplitMix64`.
struct SplitMix(u64);

impl SplitMix {
    const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From -1 to 1.
    fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channel;

    fn fixture() -> Fixture {
        Fixture::new(&[ChannelSpec { channel: Channel::photo(), dimension: 16 }])
    }

    #[test]
    fn locations_are_far_enough_apart_to_tell_items_by_them() {
        let items = fixture().items;
        let locations: Vec<LatLon> = items.iter().map(|item| item.record.location).collect();
        for (number, one) in locations.iter().enumerate() {
            for other in &locations[..number] {
                assert!(geo::haversine_km(*one, *other) > 0.1, "{one} {other}");
            }
        }
    }

    #[test]
    fn hashes_lie_on_both_sides_of_the_limit() {
        let items = fixture().items;
        for distance in [0, 8, 9, 12] {
            let has =
                |item: &&SuiteItem| item.record.hash.is_some_and(|hash| hash.distance(HASH) == distance);
            assert!(items.iter().filter(has).count() > 5, "{distance}");
        }
    }

    #[test]
    fn vectors_have_length_one() {
        let Fixture { items, queries } = fixture();
        for embedding in items.iter().map(|item| &item.vectors).chain(&queries) {
            let norm: f64 = embedding.vectors[0].1.iter().map(|&value| f64::from(value).powi(2)).sum();
            assert!((norm - 1.0).abs() < 1e-6);
        }
    }
}
