//! Accuracy by continent, and whether each country gets its share.

use std::collections::HashMap;

use geo::metrics::{Bootstrap, RADII_KM, mean_geo_score};
use geo::{Continent, LatLon, ReverseGeocoder, continent_of, country_name};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use crate::join::Joined;
use crate::report::{Entries, Report};

/// Accuracy by the part of the world that photos are of. Countries come from the coordinates (`geo`'s geocoder), for
/// truth and predictions alike, never from columns, which spell them in many ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Countries {
    /// Name and accuracy of each continent that has photos, in the order of names; photos outside any come last, under
    /// the empty name.
    pub continents: Vec<(String, Report)>,
    /// The mean over countries.
    pub macro_average: MacroAverage,
    /// One per country that the truth or a prediction lies in: most photos first, then most predictions, then by name.
    pub shares: Vec<CountryShare>,
}

/// Means over countries of their accuracies, so that countries with many photos do not rule. NaN (JSON: null) without
/// countries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacroAverage {
    /// Countries with at least one photo.
    pub countries: usize,
    /// Photos outside any country, which do not count here.
    pub outside: usize,
    /// Mean percent within 1, 25, 200, 750 and 2500 km, over the countries with photos that are judged there.
    pub within_km: [f64; 5],
    /// Mean `GeoScore`.
    pub geoscore: f64,
}

/// How often photos are of a country, and how often predictions say so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountryShare {
    /// ISO 3166-1 alpha-2; `None` (JSON: null) outside any country.
    pub code: Option<String>,
    /// English name; empty outside any country.
    pub country: String,
    /// Photos of the truth.
    pub photos: usize,
    /// Their share of all photos, 0 to 1.
    pub share: f64,
    /// Predictions that lie there.
    pub predicted: usize,
    /// Their share of all predictions, 0 to 1; NaN without predictions.
    pub predicted_share: f64,
}

type Code = Option<&'static str>;

impl Countries {
    /// Sorts joined predictions by the country of the truth and of the prediction.
    pub fn new(joined: &Joined<'_>, bootstrap: &Bootstrap) -> Self {
        let geocoder = ReverseGeocoder::embedded();
        let truth = |photo: &u32| {
            joined.truth.locations().get(*photo as usize).and_then(|at| geocoder.country_code(*at))
        };
        let truths: Vec<Code> = joined.selected.par_iter().map(truth).collect();
        let predicted = |index: usize| joined.predicted(index).map(|at: LatLon| geocoder.country_code(at));
        let predictions: Vec<Option<Code>> =
            (0..joined.selected.len()).into_par_iter().map(predicted).collect();
        Self {
            continents: continents(joined, &truths, bootstrap),
            macro_average: MacroAverage::new(joined, &truths),
            shares: shares(&truths, &predictions),
        }
    }
}

fn continents(joined: &Joined<'_>, truths: &[Code], bootstrap: &Bootstrap) -> Vec<(String, Report)> {
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, code) in truths.iter().enumerate() {
        groups
            .entry(code.and_then(continent_of).map(Continent::name).unwrap_or_default())
            .or_default()
            .push(index);
    }
    let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
    groups.sort_by_key(|(name, _)| (name.is_empty(), *name));
    let report =
        |(name, photos): (&str, Vec<usize>)| (name.to_owned(), Report::of(joined, &photos, bootstrap));
    groups.into_par_iter().map(report).collect()
}

impl MacroAverage {
    /// From joined predictions and the country of each photo.
    fn new(joined: &Joined<'_>, truths: &[Code]) -> Self {
        let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, code) in truths.iter().enumerate() {
            if let Some(code) = code {
                groups.entry(code).or_default().push(index);
            }
        }
        // In a fixed order: sums of floats depend on it.
        let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
        groups.sort_by_key(|(code, _)| *code);
        let within: Vec<[f64; 5]> = groups.iter().map(|(_, photos)| joined.percent_within(photos)).collect();
        let scores = groups.iter().map(|(_, photos)| mean_geo_score(&joined.errors_of(photos)));
        Self {
            countries: groups.len(),
            outside: truths.iter().filter(|code| code.is_none()).count(),
            within_km: std::array::from_fn(|at| mean(within.iter().map(|percents| percents[at]))),
            geoscore: mean(scores),
        }
    }
}

/// The mean of the numbers that exist; NaN without any.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers
        .filter(|number| !number.is_nan())
        .fold((0.0, 0), |(sum, count), number| (sum + number, count + 1));
    sum / f64::from(count)
}

/// From the country of each photo and of each prediction, if there is one.
fn shares(truths: &[Code], predictions: &[Option<Code>]) -> Vec<CountryShare> {
    let mut counts: HashMap<Code, [usize; 2]> = HashMap::new();
    for code in truths {
        counts.entry(*code).or_default()[0] += 1;
    }
    for code in predictions.iter().flatten() {
        counts.entry(*code).or_default()[1] += 1;
    }
    let predicted_total = predictions.iter().flatten().count() as f64;
    let share = |(code, [photos, predicted]): (Code, [usize; 2])| CountryShare {
        code: code.map(str::to_owned),
        country: code.map(|code| country_name(code).unwrap_or(code)).unwrap_or_default().to_owned(),
        photos,
        share: photos as f64 / truths.len() as f64,
        predicted,
        predicted_share: predicted as f64 / predicted_total,
    };
    let mut shares: Vec<CountryShare> = counts.into_iter().map(share).collect();
    shares.sort_by(|a, b| {
        (b.photos, b.predicted).cmp(&(a.photos, a.predicted)).then_with(|| a.country.cmp(&b.country))
    });
    shares
}

impl Serialize for MacroAverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            countries: usize,
            outside: usize,
            within_km: Entries<'a, String, f64>,
            geoscore: f64,
        }
        let within: Vec<(String, f64)> =
            RADII_KM.iter().map(ToString::to_string).zip(self.within_km).collect();
        Form {
            countries: self.countries,
            outside: self.outside,
            within_km: Entries(&within),
            geoscore: self.geoscore,
        }
        .serialize(serializer)
    }
}

impl Serialize for Countries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            continents: Entries<'a, String, Report>,
            macro_average: MacroAverage,
            shares: &'a [CountryShare],
        }
        Form {
            continents: Entries(&self.continents),
            macro_average: self.macro_average,
            shares: &self.shares,
        }
        .serialize(serializer)
    }
}
