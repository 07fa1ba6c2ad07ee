//! One point per country: what is left of a location at `--precision country`, and where the map
//! writes the country's name.

use geo::{LatLon, Place, ReverseGeocoder};

/// Lines of `code, latitude, longitude, rank, name`; points well inside the (main) territory, to about half a
/// degree. Rank 1 is worth a label on a map of the world, 5 only on a close one.
const TABLE: &str = include_str!("countries.tsv");

/// A country as the map labels it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Country {
    /// ISO 3166-1 alpha-2 code (and XK, as is usual).
    pub(crate) code: &'static str,
    /// A point that depends on nothing but the country.
    pub(crate) point: LatLon,
    /// 1 (large) to 5 (small).
    pub(crate) rank: u8,
    /// Short English name.
    pub(crate) name: &'static str,
}

/// All countries and territories, large ones first.
pub(crate) fn all() -> impl Iterator<Item = Country> {
    TABLE.lines().filter_map(read)
}

/// The country with this code, in any case of letters.
fn by_code(code: &str) -> Option<Country> {
    all().find(|country| country.code.eq_ignore_ascii_case(code))
}

/// The country that a place names, by code or else by name (ours, or the gazetteer's).
pub(crate) fn of(place: &Place) -> Option<Country> {
    if let Some(country) = place.country_code.as_deref().and_then(by_code) {
        return Some(country);
    }
    let wanted = place.country.as_deref()?.to_lowercase();
    let known = geo::countries().find(|(_, name)| name.to_lowercase() == wanted);
    known
        .and_then(|(code, _)| by_code(code))
        .or_else(|| all().find(|country| country.name.to_lowercase() == wanted))
}

/// The country that a point lies in.
pub(crate) fn at(point: LatLon) -> Option<Country> {
    ReverseGeocoder::embedded().country_code(point).and_then(by_code)
}

fn read(line: &'static str) -> Option<Country> {
    let mut fields = line.split('\t');
    let code = fields.next()?;
    let (latitude, longitude) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let rank = fields.next()?.parse().ok()?;
    Some(Country { code, point: LatLon::new(latitude, longitude).ok()?, rank, name: fields.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_line_is_read() {
        assert_eq!(all().count(), TABLE.lines().count());
        let codes: HashSet<_> = all().map(|country| country.code).collect();
        assert_eq!(codes.len(), 250);
        assert!(all().all(|country| (1..=5).contains(&country.rank) && !country.name.is_empty()));
    }

    #[test]
    fn found_by_code_and_name() {
        let named = |name: &str| of(&Place { country: Some(name.into()), ..Place::default() });
        assert_eq!(by_code("au").unwrap().name, "Australia");
        assert_eq!(named("türkiye").unwrap().code, "TR");
        assert_eq!(named("Australia").unwrap().code, "AU");
        assert_eq!(named("Atlantis"), None);
        assert_eq!(by_code("ZZ"), None);
    }

    #[test]
    fn points_lie_in_their_countries() {
        let wrong: Vec<_> = all()
            .filter(|country| at(country.point).map(|found| found.code) != Some(country.code))
            .map(|country| country.code)
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
    }
}
