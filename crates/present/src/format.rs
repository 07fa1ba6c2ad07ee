//! The list of formats.
//!
//! A format is a file with a [`Writer`] and an [`Entry`]. Its line in the list at the end of this file makes it a
//! [`Format`]: a name that can be parsed, a value in [`Format::ALL`], a choice of [`writer`](crate::writer).

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::{Settings, Writer, geojson, gpx, html, json, kml, predictions, table};

/// A format, as its file describes it.
pub(crate) struct Entry {
    /// What users type; also the usual file extension (but for the table).
    pub(crate) name: &'static str,
    /// Makes the writer. The results that it gets are coarsened already.
    pub(crate) open: for<'a> fn(Settings<'a>, Out<'a>) -> Box<dyn Writer + 'a>,
}

/// Where a format writes to.
pub(crate) type Out<'a> = Box<dyn io::Write + 'a>;

macro_rules! formats {
    ($($variant:ident = $entry:path, $about:literal;)+) => {
        /// A way to write results.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $(#[doc = $about] $variant,)+
        }

        impl Format {
            /// All of them, in the order of the help text.
            pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$variant => &$entry,)+
                }
            }

            /// What the format is for, in one sentence.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)+
                }
            }
        }
    };
}

impl Format {
    /// The name on the command line, which is also the usual file extension (but for the table).
    pub const fn as_str(self) -> &'static str {
        self.entry().name
    }

    pub(crate) fn open<'a>(self, settings: Settings<'a>, out: Out<'a>) -> Box<dyn Writer + 'a> {
        (self.entry().open)(settings, out)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A name that is not a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a format: choose {choices}", choices = choices())]
pub struct UnknownFormat(pub String);

/// `table, json or csv`.
fn choices() -> String {
    let [others @ .., last] = &Format::ALL;
    format!("{} or {last}", others.map(Format::as_str).join(", "))
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

formats! {
    Table = table::FORMAT, "For people, in a terminal.";
    Json = json::ARRAY, "One array.";
    JsonLines = json::LINES, "One object per line, as soon as it is known.";
    GeoJson = geojson::FORMAT, "Points for GIS programs (RFC 7946).";
    Kml = kml::FORMAT, "Points for Google Earth and similar programs (KML 2.2).";
    Gpx = gpx::FORMAT, "Waypoints for navigation devices and outdoor programs (GPX 1.1).";
    Csv = predictions::FORMAT, "A predictions file, as `evaluate` reads it.";
    Html = html::FORMAT, "One self-contained page with a map.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert!(format.description().ends_with('.'));
        }
        let message = "xml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            message,
            "`xml` is not a format: choose table, json, jsonl, geojson, kml, gpx, csv or html"
        );
    }
}
