//! From what people call a part of the world to its codes.

use super::fold::fold;
use super::{Region, RegionError};
use crate::countries::{code_of_alpha3, known_code};
use crate::subdivisions::{Subdivision, subdivisions};
use crate::{countries, country_name};

/// Other names of countries, folded. Two-letter ones are no codes of other countries.
pub(crate) const ALIASES: [(&str, &str); 62] = [
    ("america", "US"),
    ("bosnia", "BA"),
    ("britain", "GB"),
    ("brunei darussalam", "BN"),
    ("burma", "MM"),
    ("cabo verde", "CV"),
    ("cape verde", "CV"),
    ("congo brazzaville", "CG"),
    ("congo kinshasa", "CD"),
    ("cote divoire", "CI"),
    ("czech republic", "CZ"),
    ("democratic republic of congo", "CD"),
    ("dr congo", "CD"),
    ("drc", "CD"),
    ("east timor", "TL"),
    ("el", "GR"),
    ("emirates", "AE"),
    ("falklands", "FK"),
    ("great britain", "GB"),
    ("hellas", "GR"),
    ("holland", "NL"),
    ("holy see", "VA"),
    ("hong kong sar", "HK"),
    ("iran islamic republic of", "IR"),
    ("islamic republic of iran", "IR"),
    ("ivory coast", "CI"),
    ("korea democratic peoples republic of", "KP"),
    ("korea republic of", "KR"),
    ("lao pdr", "LA"),
    ("lao peoples democratic republic", "LA"),
    ("macau", "MO"),
    ("macedonia", "MK"),
    ("malvinas", "FK"),
    ("moldova republic of", "MD"),
    ("northern macedonia", "MK"),
    ("palestine", "PS"),
    ("peoples republic of china", "CN"),
    ("prc", "CN"),
    ("republic of china", "TW"),
    ("republic of ireland", "IE"),
    ("republic of korea", "KR"),
    ("rok", "KR"),
    ("dprk", "KP"),
    ("russian federation", "RU"),
    ("st barts", "BL"),
    ("south africa republic of", "ZA"),
    ("st martin", "MF"),
    ("svalbard", "SJ"),
    ("swaziland", "SZ"),
    ("syrian arab republic", "SY"),
    ("taiwan province of china", "TW"),
    ("tanzania united republic of", "TZ"),
    ("turkiye", "TR"),
    ("uae", "AE"),
    ("uk", "GB"),
    ("united states of america", "US"),
    ("us of a", "US"),
    ("usa", "US"),
    ("vatican city", "VA"),
    ("venezuela bolivarian republic of", "VE"),
    ("viet nam", "VN"),
    ("zaire", "CD"),
];
/// How many names an error suggests.
const SUGGESTED: usize = 3;

/// The country, state, or list of both that a text names.
///
/// # Errors
/// Names that do not exist, with similar ones, or that several states have.
pub(super) fn resolve(text: &str) -> Result<Region, RegionError> {
    match resolve_one(text) {
        Ok(region) => Ok(region),
        // Some names have commas, so a list is the second thing to try.
        Err(_) if text.contains(',') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let mut regions = Vec::new();
            for part in parts {
                let region = resolve_one(part)?;
                if !regions.contains(&region) {
                    regions.push(region);
                }
            }
            Ok(if regions.len() == 1 { regions.remove(0) } else { Region::AnyOf(regions) })
        }
        Err(error) => Err(error),
    }
}

fn resolve_one(text: &str) -> Result<Region, RegionError> {
    let name = fold(text);
    if let Some(code) = country(text, &name) {
        return Ok(Region::Country(code.to_owned()));
    }
    let all = subdivisions();
    if let Some(found) = by_code(text, &all)? {
        return Ok(found);
    }
    let named: Vec<&Subdivision> = all.iter().filter(|one| has_name(one, &name)).collect();
    match named[..] {
        [] => Err(wrong(text, unknown(text, &name, &all))),
        [only] => Ok(state(only)),
        _ => Err(wrong(
            text,
            format!("more than one country has a state of this name: write {}", ways(&named)),
        )),
    }
}

/// What else a text could mean that [`resolve`] takes for a country.
pub(super) fn also(text: &str) -> Option<String> {
    let name = fold(text);
    let code = country(text, &name)?;
    let all = subdivisions();
    let named: Vec<&Subdivision> = all.iter().filter(|one| has_name(one, &name)).collect();
    let country = country_name(code)?;
    (!named.is_empty()).then(|| {
        let text = text.trim();
        format!(
            "\"{text}\" is read as the country {country} ({code}); for a state of this name write {}",
            ways(&named)
        )
    })
}

/// The country of a code or name; `name` is the folded text.
fn country(text: &str, name: &str) -> Option<&'static str> {
    let capitals = text.trim().to_ascii_uppercase();
    let alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, code)| *code);
    let named =
        || countries().find(|(_, known)| !name.is_empty() && fold(known) == name).map(|(code, _)| code);
    known_code(&capitals).or_else(|| code_of_alpha3(&capitals)).or_else(alias).or_else(named)
}

/// `US-CA`, or `US-California`.
fn by_code(text: &str, all: &[Subdivision]) -> Result<Option<Region>, RegionError> {
    let Some((prefix, rest)) = text.trim().split_once('-') else { return Ok(None) };
    let Some(country) = (prefix.len() == 2).then(|| country(prefix, &fold(prefix))).flatten() else {
        return Ok(None);
    };
    let wanted = format!("{country}-{}", rest.trim().to_ascii_uppercase());
    let name = fold(rest);
    let of_country = || all.iter().filter(|one| one.country == country);
    let coded = of_country().find(|one| one.coded.is_some_and(|(code, _)| code == wanted));
    if let Some(found) = coded.or_else(|| of_country().find(|one| has_name(one, &name))) {
        return Ok(Some(state(found)));
    }
    let similar = suggestions(&name, of_country().map(|one| (one.state.to_owned(), way(one))));
    let hint = if similar.is_empty() { "write its name, such as Bavaria".to_owned() } else { similar };
    let country = country_name(country).unwrap_or(country);
    Err(wrong(text, format!("no state of {country} has this code or name: {hint}")))
}

fn has_name(one: &Subdivision, name: &str) -> bool {
    !name.is_empty()
        && (fold(one.state) == name || one.coded.is_some_and(|(_, english)| fold(english) == name))
}

fn state(one: &Subdivision) -> Region {
    Region::State { country: one.country.to_owned(), state: one.state.to_owned() }
}

/// How to name a state so that no other one is meant.
fn way(one: &Subdivision) -> String {
    one.coded.map_or_else(|| format!("{}-{}", one.country, one.state), |(code, _)| code.to_owned())
}

fn ways(named: &[&Subdivision]) -> String {
    const SHOWN: usize = 4;
    let mut ways: Vec<String> = named
        .iter()
        .take(SHOWN)
        .map(|one| format!("{} ({})", way(one), country_name(one.country).unwrap_or(one.country)))
        .collect();
    if named.len() > SHOWN {
        ways.push("...".into());
    }
    ways.join(" or ")
}

fn unknown(text: &str, name: &str, all: &[Subdivision]) -> String {
    let countries = countries().map(|(code, known)| (known.to_owned(), format!("{known} ({code})")));
    let states = all.iter().flat_map(|one| {
        let names = [Some(one.state), one.coded.map(|(_, english)| english)];
        let shown = |name: &str| format!("{name} ({})", way(one));
        names.into_iter().flatten().map(move |name| (name.to_owned(), shown(name)))
    });
    let length = text.trim().chars().count();
    // Two or three letters resemble too much.
    if length > 3 {
        let similar = suggestions(name, countries.chain(states));
        if !similar.is_empty() {
            return similar;
        }
    } else if let Some(one) = all.iter().find(|one| ends_with_code(one, text)) {
        return format!("for {} write {}", one.state, way(one));
    }
    "no country or state has this name or code; give one (AU, New Zealand, US-CA, Bavaria) or several joined by commas, \
     south,west,north,east, or lat,lon,radius in km"
        .to_owned()
}

/// `TX` of `US-TX`: many know the codes of these countries without the country.
fn ends_with_code(one: &Subdivision, text: &str) -> bool {
    let suffix = one.coded.and_then(|(code, _)| code.get(3..));
    matches!(one.country, "US" | "CA" | "AU")
        && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(text.trim()))
}

/// `did you mean A, B or C?`; empty when nothing is similar. Pairs of a name and how it is shown.
fn suggestions(wanted: &str, names: impl Iterator<Item = (String, String)>) -> String {
    let limit = (wanted.chars().count() / 4).clamp(1, 3);
    let distance = |name: &str| strsim::osa_distance(wanted, &fold(name));
    let mut similar: Vec<(usize, String)> = names
        .map(|(name, shown)| (distance(&name), shown))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    similar.sort();
    similar.dedup();
    let shown: Vec<String> = similar.into_iter().map(|(_, shown)| shown).take(SUGGESTED).collect();
    match shown.split_last() {
        None => String::new(),
        Some((last, [])) => format!("did you mean {last}?"),
        Some((last, others)) => format!("did you mean {} or {last}?", others.join(", ")),
    }
}

fn wrong(text: &str, why: String) -> RegionError {
    RegionError { text: text.to_owned(), why }
}
