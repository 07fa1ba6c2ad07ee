//! Outcomes for people and programs.

mod grid;
mod json;
mod numbers;
mod sections;
mod strata;

use std::str::FromStr;

use crate::Outcome;

/// How to write an outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned text for a terminal.
    #[default]
    Table,
    /// The fixed JSON form; one report, or reports and comparisons.
    Json,
    /// Tables for a README.
    Markdown,
}

/// A format that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a format: choose table, json or markdown")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "markdown" => Ok(Self::Markdown),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

/// Writes an outcome; the text ends with a line end.
///
/// JSON of one predictions file is its [`Report`](crate::Report), plus `calibration`, `abstention`,
/// `countries` and `gallery_distance` if they were asked for;
/// of several files `{reports: {file: report}, comparisons: [..]}`.
pub fn render(outcome: &Outcome, format: Format) -> String {
    match format {
        Format::Json => json::render(outcome),
        Format::Table => {
            sections::sections(outcome).iter().map(sections::Section::to_text).collect::<Vec<_>>().join("\n")
        }
        Format::Markdown => sections::sections(outcome)
            .iter()
            .map(sections::Section::to_markdown)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}
