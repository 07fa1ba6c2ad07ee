//! English names of the countries by their ISO 3166-1 alpha-2 codes.

static NAMES: &str = include_str!("../data/countries.csv");

/// English name of a country or territory with its own ISO 3166-1 alpha-2 code (and of `XK`, Kosovo), as
/// GeoNames has it. The case of the code does not matter.
///
/// ```
/// assert_eq!(geo::country_name("NZ"), Some("New Zealand"));
/// assert_eq!(geo::country_name("xk"), Some("Kosovo"));
/// assert_eq!(geo::country_name("ZZ"), None);
/// ```
pub fn country_name(code: &str) -> Option<&'static str> {
    countries().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, name)| name)
}

/// All countries as (code, English name), by code.
pub fn countries() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines().map(|[code, _, name]| (code, name))
}

/// All countries as alpha-2 code, alpha-3 code, English name.
fn lines() -> impl Iterator<Item = [&'static str; 3]> {
    NAMES.lines().filter_map(|line| {
        let (code, rest) = line.split_once(',')?;
        let (long, name) = rest.split_once(',')?;
        Some([code, long, name])
    })
}

/// The alpha-2 code for an alpha-3 code in capitals.
pub(crate) fn code_of_alpha3(long: &str) -> Option<&'static str> {
    lines().find(|[_, known, _]| *known == long).map(|[code, ..]| code)
}

/// The stored spelling of a two-letter code.
pub(crate) fn known_code(code: &str) -> Option<&'static str> {
    countries().find(|(known, _)| *known == code).map(|(known, _)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_code_and_a_name() {
        assert_eq!(countries().count(), 250);
        assert_eq!(NAMES.lines().count(), 250);
        assert!(lines().all(|[_, long, _]| long.len() == 3 && long.bytes().all(|b| b.is_ascii_uppercase())));
        assert_eq!(code_of_alpha3("DEU"), Some("DE"));
        for (code, name) in countries() {
            assert!(code.len() == 2 && code.chars().all(|letter| letter.is_ascii_uppercase()), "{code}");
            assert!(!name.is_empty() && name.trim() == name, "{code}");
        }
        assert!(countries().is_sorted());
    }
}
