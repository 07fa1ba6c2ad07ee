//! The first thing that an answer says, and how far it goes.
//!
//! A confident answer is the label of its place. An uncertain one stops at what it is sure of, and an answer without
//! support says so first; the place it would name is then the best guess. Every format takes its words from here.
//!
//! | sure within | headline |
//! |---|---|
//! | 1, 25 km, or nothing known of it | the place: `Kamloops, British Columbia, Canada` |
//! | 200 km | `In or near British Columbia, Canada` |
//! | 750 km | `In or near Canada` |
//! | 2500 km | `In or near North America` |
//! | nothing, or abstained | `No confident answer; best guess: Kamloops, British Columbia, Canada` |
//!
//! Names come from the estimate's place alone. [`coarsen`](crate::coarsen) has taken away what the precision hides, so
//! a headline cannot undercut it; it may be coarser.

use std::fmt;

use contract::{Confidence, Estimate};
use geo::Place;

use crate::{Precision, countries, text};

/// What an answer is sure of, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The place itself: within 25 km, or stated by the file.
    Place,
    /// The state or region: within 200 km.
    Region,
    /// The country: within 750 km.
    Country,
    /// The continent: within 2500 km.
    Continent,
    /// Nothing: it abstained, or is sure within none of the radii.
    Nothing,
}

/// The headline of an estimate. [`Display`](fmt::Display) gives it as one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// How far the answer goes.
    pub level: Level,
    /// What it is sure of; `No confident answer` at [`Level::Nothing`].
    pub words: String,
    /// The label of the estimate's place, unless `words` is that label.
    pub best_guess: Option<String>,
    /// Why nothing is sure, as a clause; given at [`Level::Nothing`], unless the precision hides it.
    pub reason: Option<String>,
}

const NO_ANSWER: &str = "No confident answer";

impl Headline {
    /// The headline of an estimate that was coarsened to `precision`.
    pub fn new(estimate: &Estimate, precision: Precision) -> Self {
        let place = &estimate.place;
        let label = text::place_label(place);
        let level = level(estimate, precision);
        let near = |name: String| format!("In or near {name}");
        // Where no name is known that is large enough, as at sea.
        let around = |radius: f64| {
            let named = place.label();
            let centre = if named.is_empty() { precision.of_a_guess(estimate.location) } else { named };
            format!("Within {} of {centre}", text::kilometres(radius))
        };
        let words = match level {
            Level::Place => {
                return Self { level, words: label, best_guess: None, reason: None };
            }
            Level::Region => region(place).map_or_else(|| around(200.0), near),
            Level::Country => country(place).map(with_article).map_or_else(|| around(750.0), near),
            Level::Continent => {
                let continent = continent(place).map(|continent| continent.to_string());
                continent.map_or_else(|| around(2500.0), near)
            }
            Level::Nothing => NO_ANSWER.to_owned(),
        };
        let reason = (level == Level::Nothing).then(|| reason(estimate, precision)).flatten();
        Self { level, words, best_guess: Some(label), reason }
    }

    /// Headline, reason and best guess as sentences, for descriptions. A place alone stays a label.
    pub(crate) fn sentences(&self) -> String {
        let Some(guess) = &self.best_guess else { return self.words.clone() };
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        // "In or near Canada. Best guess: Canada." would say it twice.
        if self.words.ends_with(guess) {
            return format!("{}{reason}.", self.words);
        }
        format!("{}{reason}. Best guess: {guess}.", self.words)
    }
}

impl fmt::Display for Headline {
    /// `In or near Canada`, or `No confident answer; best guess: Kamloops, British Columbia, Canada`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)?;
        match &self.best_guess {
            Some(guess) if self.level == Level::Nothing => write!(formatter, "; best guess: {guess}"),
            _ => Ok(()),
        }
    }
}

/// The smallest radius (km) that is more likely right than not, of those that the precision tells; `None` where there is
/// none, or nothing is known of it.
pub(crate) fn sure_within_km(estimate: &Estimate, precision: Precision) -> Option<f64> {
    estimate
        .sure_within_km()
        .map(|radius| precision.widened(radius))
        .filter(|radius| precision.tells(*radius))
}

fn level(estimate: &Estimate, precision: Precision) -> Level {
    if estimate.abstained() {
        return Level::Nothing;
    }
    if estimate.confidence.is_none() {
        return Level::Place;
    }
    // Also where the precision tells no radius at all: what is unsure must not look sure because it is coarse.
    match estimate.sure_within_km().map(|radius| precision.widened(radius)) {
        Some(radius) if radius <= 25.0 => Level::Place,
        Some(radius) if radius <= 200.0 => Level::Region,
        Some(radius) if radius <= 750.0 => Level::Country,
        Some(_) => Level::Continent,
        None => Level::Nothing,
    }
}

/// `state, country`, or the smaller part of it that is known.
fn region(place: &Place) -> Option<String> {
    let state = [&place.state, &place.region].into_iter().find_map(|name| known(name.as_deref()));
    let country = country(place);
    let Some(state) = state else { return country.map(with_article) };
    let country = country.map(str::to_owned);
    Some(Place { state: Some(state.to_owned()), country, ..Place::default() }.label())
}

fn country(place: &Place) -> Option<&str> {
    known(place.country.as_deref()).or_else(|| countries::of(place).map(|country| country.name))
}

/// By the country's code where it is known, else by either of its names.
fn continent(place: &Place) -> Option<geo::Continent> {
    place.continent().or_else(|| geo::continent_of(countries::of(place)?.code))
}

fn known(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.is_empty())
}

/// `the Netherlands`, `the United States`, `Canada`.
fn with_article(country: &str) -> String {
    const NAMES: [&str; 8] =
        ["Bahamas", "Comoros", "Gambia", "Isle of Man", "Maldives", "Netherlands", "Philippines", "Vatican"];
    const ENDS: [&str; 4] = [" Islands", " Republic", " Territories", " Territory"];
    let takes_one = NAMES.contains(&country)
        || country.starts_with("United ")
        || country.contains("Republic of")
        || (ENDS.iter().any(|end| country.ends_with(end)) && !country.contains(" and "));
    if takes_one { format!("the {country}") } else { country.to_owned() }
}

fn reason(estimate: &Estimate, precision: Precision) -> Option<String> {
    if let Some(abstention) = &estimate.abstention {
        return Some(abstention.to_string());
    }
    let (radius, share) =
        estimate.confidence.as_ref().and_then(|known: &Confidence| known.by_radius().last())?;
    let told = precision.tells(radius);
    told.then(|| format!("the confidence within {radius} km is {}", text::percent(share)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Abstention, Weakness};
    use geo::LatLon;

    #[allow(clippy::unnecessary_wraps, reason = "fields of a place")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn kamloops() -> Place {
        Place {
            neighbourhood: text("Sagebrush"),
            city: text("Kamloops"),
            state: text("British Columbia"),
            country: text("Canada"),
            country_code: text("CA"),
            ..Place::default()
        }
    }

    /// An estimate that is sure from the given radius (by its index) on.
    fn sure_from(index: usize, place: Place) -> Estimate {
        let mut confidence = [0.1, 0.2, 0.3, 0.4, 0.45];
        confidence[index..].fill(0.5);
        Estimate {
            location: LatLon::new(50.676_54, -120.341_23).unwrap(),
            place,
            origins: Vec::new(),
            confidence: Some(Confidence(confidence)),
            abstention: None,
            coverage_note: None,
            candidates: Vec::new(),
            stated: None,
            incomplete: None,
            group: None,
        }
    }

    fn said(estimate: &Estimate) -> (Level, String) {
        let headline = Headline::new(estimate, Precision::Exact);
        (headline.level, headline.to_string())
    }

    #[test]
    fn an_answer_stops_at_what_it_is_sure_of() {
        let label = "Kamloops, British Columbia, Canada";
        let expected = [
            (Level::Place, label.to_owned()),
            (Level::Place, label.to_owned()),
            (Level::Region, "In or near British Columbia, Canada".to_owned()),
            (Level::Country, "In or near Canada".to_owned()),
            (Level::Continent, "In or near North America".to_owned()),
            (Level::Nothing, format!("No confident answer; best guess: {label}")),
        ];
        for (index, expected) in expected.into_iter().enumerate() {
            let estimate = sure_from(index, kamloops());
            assert_eq!(said(&estimate), expected);
            let headline = Headline::new(&estimate, Precision::Exact);
            let guess = (headline.level != Level::Place).then(|| label.to_owned());
            assert_eq!(headline.best_guess, guess);
            assert_eq!(headline.reason.is_some(), headline.level == Level::Nothing);
        }
        let unsure = Headline::new(&sure_from(5, kamloops()), Precision::Exact);
        assert_eq!(
            unsure.sentences(),
            format!("No confident answer: the confidence within 2500 km is 45 %. Best guess: {label}.")
        );
    }

    #[test]
    fn abstained_answers_lead_with_that_and_say_why() {
        let mut estimate = sure_from(0, kamloops());
        estimate.abstention = Some(Abstention::LowConfidence {
            radius_km: 200.0,
            confidence: 0.12,
            because: Some(Weakness::ManyPlaces { places: 7 }),
        });
        let headline = Headline::new(&estimate, Precision::Exact);
        assert_eq!(headline.level, Level::Nothing);
        assert!(headline.to_string().starts_with("No confident answer; best guess: Kamloops"), "{headline}");
        assert!(headline.sentences().contains("many places look like this"), "{}", headline.sentences());
    }

    #[test]
    fn an_answer_without_confidence_is_its_place() {
        let estimate = Estimate { confidence: None, ..sure_from(5, kamloops()) };
        assert_eq!(said(&estimate), (Level::Place, "Kamloops, British Columbia, Canada".to_owned()));
        assert_eq!(sure_within_km(&estimate, Precision::Exact), None);
        let nowhere = Estimate { place: Place::default(), ..estimate };
        assert_eq!(said(&nowhere).1, "unnamed place");
    }

    #[test]
    fn names_that_are_missing_are_replaced_by_larger_ones_or_a_circle() {
        let cases = [
            (2, Place { state: None, region: text("Andes"), ..kamloops() }, "In or near Andes, Canada"),
            (2, Place { state: text(""), ..kamloops() }, "In or near Canada"),
            (
                2,
                Place { state: text("Singapore"), country: text("Singapore"), ..kamloops() },
                "In or near Singapore",
            ),
            (2, Place { city: text("Atlantis"), ..Place::default() }, "Within 200 km of Atlantis"),
            (3, Place { country_code: text("us"), ..Place::default() }, "In or near the United States"),
            (3, Place { city: text("Atlantis"), ..Place::default() }, "Within 750 km of Atlantis"),
            (4, Place { country: text("Türkiye"), ..Place::default() }, "In or near Asia"),
            (4, Place::default(), "Within 2,500 km of 50.68, -120.34"),
        ];
        for (index, place, expected) in cases {
            assert_eq!(said(&sure_from(index, place)).1, expected);
        }
    }

    #[test]
    fn countries_have_their_articles() {
        for with in [
            "Netherlands",
            "United Kingdom",
            "Dominican Republic",
            "Falkland Islands",
            "Republic of the Congo",
        ] {
            assert_eq!(with_article(with), format!("the {with}"));
        }
        for without in ["Canada", "South Georgia and the South Sandwich Islands", "Ireland", "Czechia"] {
            assert_eq!(with_article(without), without);
        }
    }

    #[test]
    fn the_precision_is_not_undercut_and_what_is_unsure_stays_so() {
        // As `coarsen` leaves the place.
        let state = Place { neighbourhood: None, city: None, ..kamloops() };
        let country = Place { state: None, ..state.clone() };
        let words = |index, place: &Place, precision| {
            Headline::new(&sure_from(index, place.clone()), precision).to_string()
        };
        for index in 0..3 {
            assert_eq!(words(index, &state, Precision::Km200), "In or near British Columbia, Canada");
            assert_eq!(sure_within_km(&sure_from(index, state.clone()), Precision::Km200), Some(200.0));
            assert_eq!(sure_within_km(&sure_from(index, state.clone()), Precision::Country), None);
        }
        assert_eq!(words(0, &country, Precision::Country), "Canada");
        assert_eq!(words(2, &country, Precision::Country), "In or near Canada");
        assert_eq!(words(4, &country, Precision::Country), "In or near North America");
        assert_eq!(words(5, &country, Precision::Country), "No confident answer; best guess: Canada");
        assert_eq!(sure_within_km(&sure_from(0, kamloops()), Precision::Km25), Some(25.0));
        let near = Headline::new(&sure_from(3, country), Precision::Country);
        assert_eq!(near.sentences(), "In or near Canada.");
    }
}
