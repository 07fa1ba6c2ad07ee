//! Arguments that change how candidates are looked for.

use std::path::PathBuf;

use clap::Args;
use contract::{Channel, ErrorKind, Failure, RetrievalOptions};

/// Retrieval of `georanker locate`.
#[derive(Debug, Args)]
pub struct RetrievalArguments {
    /// Search by the weighted sum of these channels' similarities, for example g3-image=1,g3-text=0.5.
    #[arg(long, value_name = "CHANNEL=WEIGHT,...", value_delimiter = ',', value_parser = parse_weight)]
    pub fuse: Vec<(String, f32)>,
    /// Drop candidates within this distance of a more similar one; the next ones take their places.
    #[arg(long, value_name = "METRES", default_value_t = 0.0, value_parser = parse_metres)]
    pub dedupe: f64,
    /// Keep only the most similar of near-duplicate gallery photos.
    #[arg(long)]
    pub dedupe_photos: bool,
    /// Search these coordinates (CSV with LAT, LON) in the location channel instead of the pack's.
    #[arg(long, value_name = "FILE", conflicts_with = "more_coordinates")]
    pub coordinates: Option<PathBuf>,
    /// Search these coordinates (CSV with LAT, LON) in addition to the pack's.
    #[arg(long, value_name = "FILE")]
    pub more_coordinates: Option<PathBuf>,
    /// Cache photo vectors in this directory, so that no photo is encoded twice.
    #[arg(long, value_name = "DIR")]
    pub query_cache: Option<PathBuf>,
}

impl RetrievalArguments {
    /// What the locator is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if all weights of `--fuse` are 0: nothing would be compared.
    pub(super) fn resolve(&self) -> Result<RetrievalOptions, Failure> {
        if !self.fuse.is_empty() && self.fuse.iter().all(|(_, weight)| *weight <= 0.0) {
            let failure = Failure::new(ErrorKind::Usage, "--fuse: every weight is 0");
            return Err(failure.with_hint("give at least one channel a weight above 0"));
        }
        Ok(RetrievalOptions {
            fuse: self.fuse.iter().map(|(name, weight)| (Channel::new(name.as_str()), *weight)).collect(),
            same_place_m: self.dedupe,
            same_photo: self.dedupe_photos,
        })
    }
}

fn parse_weight(text: &str) -> Result<(String, f32), String> {
    let wrong = || format!("`{text}` is no CHANNEL=WEIGHT with a weight of 0 or more");
    let (name, weight) = text.split_once('=').ok_or_else(wrong)?;
    match weight.parse::<f32>() {
        Ok(weight) if weight >= 0.0 && weight.is_finite() && !name.is_empty() => {
            Ok((name.to_owned(), weight))
        }
        _ => Err(wrong()),
    }
}

fn parse_metres(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(metres) if metres >= 0.0 && metres.is_finite() => Ok(metres),
        _ => Err("give a number of metres, 0 or more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> RetrievalArguments {
        RetrievalArguments {
            fuse: Vec::new(),
            dedupe: 0.0,
            dedupe_photos: false,
            coordinates: None,
            more_coordinates: None,
            query_cache: None,
        }
    }

    #[test]
    fn weights_are_read_or_refused() {
        let nothing = ["photo=0", "location=0"].map(|text| parse_weight(text).unwrap()).to_vec();
        let arguments = RetrievalArguments { fuse: nothing, ..plain() };
        assert_eq!(arguments.resolve().unwrap_err().kind, ErrorKind::Usage);
        assert!(plain().resolve().is_ok());
        assert_eq!(parse_weight("g3-text=0.5"), Ok(("g3-text".to_owned(), 0.5)));
        for wrong in ["photo", "photo=", "=1", "photo=-1", "photo=nan"] {
            assert!(parse_weight(wrong).is_err(), "{wrong}");
        }
        assert!(parse_metres("50").is_ok() && parse_metres("inf").is_err());
    }
}
