//! Which continent a country belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{LatLon, Place, ReverseGeocoder, countries};

/// A continent, by the geoscheme of the United Nations (M49), which puts each country as a whole into one: Russia into
/// Europe, Turkey into Asia.
///
/// M49 has one region "Americas". Here its subregions South America on the one hand, and Northern America, Central
/// America and the Caribbean on the other (M49's "North America"), count as two. Two codes are not in M49: Taiwan
/// (`TW`) is put to Asia, Kosovo (`XK`) to Europe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Continent {
    /// M49 region 002.
    Africa,
    /// The land south of 60 degrees south; M49 010.
    Antarctica,
    /// M49 region 142.
    Asia,
    /// M49 region 150.
    Europe,
    /// M49 003: Northern America, Central America and the Caribbean.
    #[serde(rename = "North America")]
    NorthAmerica,
    /// M49 region 009.
    Oceania,
    /// M49 005.
    #[serde(rename = "South America")]
    SouthAmerica,
}

/// ISO 3166-1 alpha-2 codes by continent, in the order of [`Continent::ALL`].
const CODES: [&str; 7] = [
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA NE \
     NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW",
    "AQ",
    "AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS \
     QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL \
     NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US \
     VC VG VI",
    "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
];

impl Continent {
    /// All of them, by name.
    pub const ALL: [Self; 7] = [
        Self::Africa,
        Self::Antarctica,
        Self::Asia,
        Self::Europe,
        Self::NorthAmerica,
        Self::Oceania,
        Self::SouthAmerica,
    ];

    /// The English name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Africa => "Africa",
            Self::Antarctica => "Antarctica",
            Self::Asia => "Asia",
            Self::Europe => "Europe",
            Self::NorthAmerica => "North America",
            Self::Oceania => "Oceania",
            Self::SouthAmerica => "South America",
        }
    }
}

impl fmt::Display for Continent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A text that is not the name of a continent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a continent: use Africa, Antarctica, Asia, Europe, North America, Oceania or South America"
)]
pub struct UnknownContinent(pub String);

impl FromStr for Continent {
    type Err = UnknownContinent;

    /// Reads a name; its case, blanks, hyphens and underscores do not matter.
    fn from_str(text: &str) -> Result<Self, UnknownContinent> {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
        };
        let wanted = letters(text);
        let found = Self::ALL.into_iter().find(|continent| letters(continent.name()) == wanted);
        found.ok_or_else(|| UnknownContinent(text.to_owned()))
    }
}

/// The continent of a country or territory by its ISO 3166-1 alpha-2 code (or `XK`, Kosovo), whose case does not
/// matter; `None` for other texts.
///
/// ```
/// use geo::{Continent, continent_of};
///
/// assert_eq!(continent_of("nz"), Some(Continent::Oceania));
/// assert_eq!(continent_of("AQ"), Some(Continent::Antarctica));
/// assert_eq!(continent_of("ZZ"), None);
/// ```
pub fn continent_of(country_code: &str) -> Option<Continent> {
    let has = |codes: &str| codes.split(' ').any(|code| code.eq_ignore_ascii_case(country_code));
    Continent::ALL.into_iter().zip(CODES).find(|(_, codes)| has(codes)).map(|(continent, _)| continent)
}

impl Place {
    /// The continent of the place's country: by its code, or without one by its English name as
    /// [`countries`] has it. `None` when the country is not known, as at sea.
    pub fn continent(&self) -> Option<Continent> {
        if let Some(code) = &self.country_code {
            return continent_of(code);
        }
        let name = self.country.as_deref()?;
        let (code, _) = countries().find(|(_, known)| *known == name)?;
        continent_of(code)
    }
}

impl ReverseGeocoder {
    /// The continent of the country at a point, as in [`ReverseGeocoder::country_code`]: off shore that of the coast,
    /// `None` in the open ocean, Antarctica on the land south of 60 degrees south.
    pub fn continent(&self, point: LatLon) -> Option<Continent> {
        continent_of(self.country_code(point)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_on_one_continent() {
        let mut listed: Vec<&str> = CODES.iter().flat_map(|codes| codes.split(' ')).collect();
        listed.sort_unstable();
        let known: Vec<&str> = countries().map(|(code, _)| code).collect();
        assert_eq!(listed, known, "each code once, and no other");
        for (code, _) in countries() {
            assert!(continent_of(code).is_some(), "{code}");
        }
        let counts = CODES.map(|codes| codes.split(' ').count());
        assert_eq!(counts, [60, 1, 51, 52, 41, 29, 16]);
    }

    #[test]
    fn countries_are_where_the_geoscheme_puts_them() {
        let expected = [
            ("RU", Continent::Europe),
            ("TR", Continent::Asia),
            ("CY", Continent::Asia),
            ("KZ", Continent::Asia),
            ("EG", Continent::Africa),
            ("RE", Continent::Africa),
            ("GL", Continent::NorthAmerica),
            ("PA", Continent::NorthAmerica),
            ("TT", Continent::NorthAmerica),
            ("CO", Continent::SouthAmerica),
            ("GF", Continent::SouthAmerica),
            ("PG", Continent::Oceania),
            ("TL", Continent::Asia),
            ("XK", Continent::Europe),
            ("TW", Continent::Asia),
        ];
        for (code, continent) in expected {
            assert_eq!(continent_of(code), Some(continent), "{code}");
        }
        for text in ["", " ", "ZZ", "D", "DEU", "AD AL", "E"] {
            assert_eq!(continent_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_is_on_the_continent_of_its_country() {
        let named = |name: &str| Place { country: Some(name.into()), ..Place::default() };
        assert_eq!(named("Brazil").continent(), Some(Continent::SouthAmerica));
        assert_eq!(named("Atlantis").continent(), None);
        assert_eq!(Place::default().continent(), None);
        let place = Place { country_code: Some("ke".into()), ..named("Brazil") };
        assert_eq!(place.continent(), Some(Continent::Africa), "the code counts");
    }

    #[test]
    fn points_have_the_continent_of_their_country_and_the_ocean_has_none() {
        let at = |latitude: f64, longitude: f64| {
            let point = LatLon::new(latitude, longitude).expect("a coordinate");
            let geocoder = ReverseGeocoder::embedded();
            assert_eq!(geocoder.continent(point), geocoder.place(point).continent());
            geocoder.continent(point)
        };
        assert_eq!(at(48.8584, 2.2945), Some(Continent::Europe));
        assert_eq!(at(19.4326, -99.1332), Some(Continent::NorthAmerica));
        assert_eq!(at(-33.8568, 151.2153), Some(Continent::Oceania));
        // McMurdo Station, the South Pole.
        assert_eq!(at(-77.846, 166.676), Some(Continent::Antarctica));
        assert_eq!(at(-90.0, 0.0), Some(Continent::Antarctica));
        // Null Island, the middle of the Pacific, the Southern Ocean.
        for (latitude, longitude) in [(0.0, 0.0), (-30.0, -130.0), (-62.0, -140.0)] {
            assert_eq!(at(latitude, longitude), None, "{latitude}, {longitude}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for continent in Continent::ALL {
            assert_eq!(continent.name().parse(), Ok(continent));
        }
        assert_eq!("north-america".parse(), Ok(Continent::NorthAmerica));
        assert_eq!("SOUTH_AMERICA".parse(), Ok(Continent::SouthAmerica));
        let error = "America".parse::<Continent>().expect_err("two of them");
        assert!(error.to_string().starts_with("`America` is not a continent: use Africa,"), "{error}");
        assert!(Continent::ALL.is_sorted());
    }
}
