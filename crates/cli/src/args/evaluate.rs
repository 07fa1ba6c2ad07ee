//! Arguments of `georanker evaluate`.

use std::path::PathBuf;

use super::ForceArguments;
use crate::outputs::Outputs;
use clap::{Args, ValueEnum};
use contract::{ErrorKind, Failure};
use evaluate::{Bootstrap, EvaluateRequest, Format, Options, Selection};

/// `georanker evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// Read predictions from this CSV (`IMG_ID`, `LAT_pred`, `LON_pred`); repeat to compare methods with the first.
    #[arg(long, required = true, value_name = "FILE")]
    pub predictions: Vec<PathBuf>,
    /// Read true locations from this photo table (CSV or Parquet: `IMG_ID`, `LAT`, `LON`).
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Break the accuracy down by these columns of the truth.
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,...")]
    pub by: Vec<String>,
    /// Use only rows of the truth that match, for example split=test,owner!=Somebody.
    #[arg(long = "where", value_name = "CONDITION,...")]
    pub selection: Vec<String>,
    /// Also measure how well confidence is calibrated, how well it ranks, and what abstaining brings.
    #[arg(long)]
    pub calibration: bool,
    /// Also report by continent, with every country alike, and the true and predicted share of each country.
    #[arg(long)]
    pub countries: bool,
    /// Break the accuracy down by the distance to the nearest photo of this gallery or photo table.
    #[arg(long, value_name = "DIR|TABLE")]
    pub gallery: Option<PathBuf>,
    /// Use only rows of the `--gallery` table that match, for example split=gallery.
    #[arg(long, value_name = "CONDITION,...", requires = "gallery")]
    pub gallery_where: Vec<String>,
    /// Leave out gallery photos by the author of the query (column `author` of the truth).
    #[arg(long, value_name = "WHAT", requires = "gallery")]
    pub exclude: Option<ExcludeFromGallery>,
    /// Number of bootstrap resamples for the 95 % intervals; 0 omits the intervals.
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub bootstrap: usize,
    /// Seed of the bootstrap.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// Leave out rows of the files that are wrong; each is named.
    #[arg(long)]
    pub skip_bad_rows: bool,
    /// Output format.
    #[arg(long, short, default_value = "table", value_name = "table|json|markdown", value_parser = parse_format)]
    pub format: Format,
    /// Write to this file instead of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Whether other files are replaced.
    #[command(flatten)]
    pub force: ForceArguments,
}

/// What `evaluate --exclude` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExcludeFromGallery {
    /// Photos by the author of the query.
    SameAuthor,
}

impl EvaluateArguments {
    /// Which rows of the gallery's table count.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a condition that is not understood.
    pub fn gallery_selection(&self) -> Result<Selection, Failure> {
        Selection::parse_all(&self.gallery_where)
            .map_err(|error| Failure::new(ErrorKind::Usage, format!("--gallery-where: {error}")))
    }

    /// Whether gallery photos by the author of the query do not count.
    pub fn excludes_same_author(&self) -> bool {
        self.exclude == Some(ExcludeFromGallery::SameAuthor)
    }

    /// What was asked for; the gallery is not read here.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a condition that is not understood.
    pub fn resolve(&self) -> Result<EvaluateRequest, Failure> {
        let outputs = Outputs::default()
            .input("--truth", Some(&self.truth))
            .input("--gallery", self.gallery.as_deref())
            .inputs(&self.predictions);
        outputs.output("--out", self.out.as_deref()).check(self.force.force)?;
        let selection = Selection::parse_all(&self.selection)
            .map_err(|error| Failure::new(ErrorKind::Usage, format!("--where: {error}")))?;
        let mut bootstrap = Bootstrap { resamples: self.bootstrap, ..Bootstrap::default() };
        if let Some(seed) = self.seed {
            bootstrap.seed = seed;
        }
        let mut request = EvaluateRequest::new(&self.truth, self.predictions.clone());
        request.options = Options {
            by: self.by.clone(),
            selection,
            calibration: self.calibration,
            countries: self.countries,
            bootstrap,
            gallery: None,
        };
        Ok(request)
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    text.parse().map_err(|error: evaluate::UnknownFormat| error.to_string())
}
