//! Arguments of `georanker locate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use contract::{Decide, ErrorKind, Exclude, Failure, LocateOptions};
use geo::Region;
use georanker::OpenOptions;
use present::{Format, Precision, UnknownFormat, UnknownPrecision};

#[cfg(feature = "lvlm")]
use super::{JudgeArguments, JudgeRequest, WrittenArguments};
use super::{PackArguments, RetrievalArguments};

/// `georanker locate`.
#[derive(Debug, Args)]
pub struct LocateArguments {
    /// Photos, or directories that hold photos (searched recursively).
    #[arg(required = true, value_name = "PHOTO|DIR")]
    pub inputs: Vec<PathBuf>,
    /// The model pack.
    #[command(flatten)]
    pub pack: PackArguments,
    /// Search this gallery instead of the pack's own.
    #[arg(long, value_name = "DIR")]
    pub gallery: Option<PathBuf>,
    /// Output format.
    #[arg(long, short, default_value = "table", value_parser = parse_format, value_name = "table|json|jsonl|geojson|kml|csv|html")]
    pub format: Format,
    /// Write to this file instead of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Also write an HTML map to this file.
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// How many candidates to show for each photo.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top: u16,
    /// List no candidate closer than this many km to a better one; 0 lists all.
    #[arg(long, default_value_t = 1.0, value_name = "KM", value_parser = parse_distinct)]
    pub distinct: f64,
    /// Only answers in this region: a country code (AU), south,west,north,east in degrees, or lat,lon,radius in km.
    #[arg(long, value_name = "REGION", allow_hyphen_values = true)]
    pub region: Option<Region>,
    /// Coarsen the output to about this many km, or to the country.
    #[arg(long, value_name = "1|25|200|country", value_parser = parse_precision)]
    pub precision: Option<Precision>,
    /// How to choose the answer: argmax, geoscore, or threshold:KM [default: as the pack says].
    #[arg(long, value_name = "RULE", value_parser = parse_decide)]
    pub decide: Option<Decide>,
    /// Leave out gallery photos that would give the answer away.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT,...")]
    pub exclude: Vec<ExcludeWhat>,
    /// Largest photo that is decoded, in megapixels.
    #[arg(long, value_name = "N", default_value_t = 134, value_parser = clap::value_parser!(u32).range(1..=4000))]
    pub max_megapixels: u32,
    /// How candidates are looked for.
    #[command(flatten)]
    pub retrieval: RetrievalArguments,
    /// Who took the photos; needed for `--exclude same-author`.
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Candidates that a model writes.
    #[cfg(feature = "lvlm")]
    #[command(flatten, next_help_heading = "Candidates written by a vision-language model")]
    pub written: WrittenArguments,
    /// An LVLM that ranks.
    #[cfg(feature = "lvlm")]
    #[command(flatten, next_help_heading = "Ranking by a vision-language model")]
    pub judge: JudgeArguments,
}

/// What `--exclude` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExcludeWhat {
    /// Photos by `--author`.
    SameAuthor,
    /// Near-duplicates of the photo itself.
    NearDuplicate,
}

/// What was asked for.
#[derive(Debug)]
pub struct LocateRequest {
    /// Options of each photo.
    pub options: LocateOptions,
    /// Who took the photos.
    pub author: Option<String>,
    /// What the user brings besides the pack.
    pub open: OpenOptions,
    /// The LVLM that ranks, if one was asked for.
    #[cfg(feature = "lvlm")]
    pub judge: Option<JudgeRequest>,
}

impl LocateArguments {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self) -> Result<LocateRequest, Failure> {
        let exclude = Exclude {
            same_author: self.exclude.contains(&ExcludeWhat::SameAuthor),
            near_duplicate: self.exclude.contains(&ExcludeWhat::NearDuplicate),
        };
        if exclude.same_author && self.author.is_none() {
            return Err(Failure::new(
                ErrorKind::Usage,
                "--exclude same-author needs to know who took the photos",
            )
            .with_hint("add --author NAME"));
        }
        let resolved = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if self.out.is_some() && self.out.as_ref().map(resolved) == self.map.as_ref().map(resolved) {
            return Err(Failure::new(ErrorKind::Usage, "--out and --map name the same file"));
        }
        let options = LocateOptions {
            top: usize::from(self.top),
            distinct_km: self.distinct,
            region: self.region.clone(),
            exclude,
            retrieval: self.retrieval.resolve()?,
            decide: self.decide,
        };
        #[cfg(feature = "lvlm")]
        self.written.resolve()?;
        Ok(LocateRequest {
            options,
            author: self.author.clone(),
            open: OpenOptions {
                gallery: self.gallery.clone(),
                coordinates: self.retrieval.coordinates.clone(),
                more_coordinates: self.retrieval.more_coordinates.clone(),
            },
            #[cfg(feature = "lvlm")]
            judge: self.judge.resolve()?,
        })
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    text.parse().map_err(|error: UnknownFormat| error.to_string())
}

fn parse_precision(text: &str) -> Result<Precision, String> {
    text.parse().map_err(|error: UnknownPrecision| error.to_string())
}

fn parse_distinct(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(km) if km >= 0.0 && km.is_finite() => Ok(km),
        _ => Err("give a number of km, 0 or more".to_owned()),
    }
}

fn parse_decide(text: &str) -> Result<Decide, String> {
    match text.split_once(':') {
        None if text == "argmax" => Ok(Decide::Argmax),
        None if text == "geoscore" => Ok(Decide::GeoScore),
        Some(("threshold", radius)) => match radius.parse::<f64>() {
            Ok(km) if km > 0.0 && km.is_finite() => Ok(Decide::Threshold(km)),
            _ => Err(format!("`{radius}` is no positive number of km")),
        },
        _ => Err("give argmax, geoscore, or threshold:KM such as threshold:25".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_or_refused() {
        assert_eq!(parse_decide("threshold:25"), Ok(Decide::Threshold(25.0)));
        assert_eq!(parse_decide("geoscore"), Ok(Decide::GeoScore));
        for wrong in ["best", "threshold:", "threshold:-1", "threshold:inf", "argmax:3"] {
            assert!(parse_decide(wrong).is_err(), "{wrong}");
        }
    }
}
