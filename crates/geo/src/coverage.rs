//! What part of the world a set of photos covers, in words.

use std::collections::HashMap;

use crate::{LatLon, Place, ReverseGeocoder, country_name};

/// How many countries are named before the rest is summed up.
const NAMED: usize = 5;

/// Says which part of the world photos cover: `2,036 photos in 41 countries: Canada 52 %, Australia 31 %,
/// ... and 36 others 5 %`.
///
/// Countries come from the place's code or name; where it has neither, from the embedded geocoder.
///
/// ```
/// use geo::{LatLon, Place, coverage_note};
///
/// let at = |latitude, longitude| (LatLon::new(latitude, longitude).unwrap(), Place::default());
/// let photos = [at(-33.87, 151.21), at(-37.81, 144.96), at(48.86, 2.35)];
/// assert_eq!(coverage_note(&photos), "3 photos in 2 countries: Australia 67 %, France 33 %");
/// ```
pub fn coverage_note(photos: &[(LatLon, Place)]) -> String {
    let mut counts: HashMap<Option<String>, usize> = HashMap::new();
    for (location, place) in photos {
        *counts.entry(country_of(*location, place)).or_default() += 1;
    }
    let nowhere = counts.remove(&None).unwrap_or(0);
    let mut countries: Vec<(String, usize)> =
        counts.into_iter().filter_map(|(name, count)| Some((name?, count))).collect();
    countries.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));

    let total = photos.len();
    let mut note = counted(total, "photo", "photos");
    if total == 0 {
        return note;
    }
    note.push_str(" in ");
    note.push_str(&counted(countries.len(), "country", "countries"));
    // One country too many is named, not called "1 other".
    let named = if countries.len() == NAMED + 1 { NAMED + 1 } else { NAMED.min(countries.len()) };
    let (first, others) = countries.split_at(named);
    let mut parts: Vec<String> =
        first.iter().map(|(name, count)| format!("{name} {}", percent(*count, total))).collect();
    if !others.is_empty() {
        let count = others.iter().map(|(_, count)| count).sum();
        parts.push(format!("{} others {}", others.len(), percent(count, total)));
    }
    if nowhere > 0 {
        parts.push(format!("outside any country {}", percent(nowhere, total)));
    }
    note + ": " + &parts.join(", ")
}

fn country_of(location: LatLon, place: &Place) -> Option<String> {
    let coded = place.country_code.as_deref().and_then(country_name);
    let named = place.country.as_deref().filter(|name| !name.trim().is_empty());
    let found = || country_name(ReverseGeocoder::embedded().country_code(location)?);
    coded.or(named).or_else(found).map(str::to_owned)
}

fn percent(count: usize, total: usize) -> String {
    match 100.0 * count as f64 / total as f64 {
        share if share < 0.5 => "< 1 %".to_owned(),
        share => format!("{share:.0} %"),
    }
}

/// `1 photo`, `2,036 photos`.
fn counted(count: usize, one: &str, many: &str) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(countries: &[(&str, usize)]) -> Vec<(LatLon, Place)> {
        let ocean = LatLon::new(30.0, -40.0).unwrap();
        let place = |country: &str| Place { country: Some(country.to_owned()), ..Place::default() };
        countries
            .iter()
            .flat_map(|(country, count)| std::iter::repeat_n((ocean, place(country)), *count))
            .collect()
    }

    #[test]
    fn names_the_largest_and_sums_up_the_rest() {
        let many = photos(&[("A", 1000), ("B", 500), ("C", 300), ("D", 200), ("E", 30), ("F", 3), ("G", 3)]);
        assert_eq!(
            coverage_note(&many),
            "2,036 photos in 7 countries: A 49 %, B 25 %, C 15 %, D 10 %, E 1 %, 2 others < 1 %"
        );
        assert_eq!(coverage_note(&photos(&[("A", 1)])), "1 photo in 1 country: A 100 %");
        assert_eq!(coverage_note(&[]), "0 photos");
    }

    #[test]
    fn says_what_lies_outside_any_country() {
        let note = coverage_note(&photos(&[("A", 3), ("", 1)]));
        assert_eq!(note, "4 photos in 1 country: A 75 %, outside any country 25 %");
    }
}
