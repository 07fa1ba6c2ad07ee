//! Arguments of `georanker curate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use contract::{ErrorKind, Failure};
use formats::ranking_data::RankingColumns;
use train::curate::{Rules, Sample};

use super::{ForceArguments, PackArguments};
use crate::outputs::Outputs;

/// `georanker curate`.
#[derive(Debug, Args)]
pub struct CurateArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: CurateCommand,
}

/// What can be done with a ranking dataset.
#[derive(Debug, Subcommand)]
pub enum CurateCommand {
    /// Build a ranking dataset: for each query photo, the gallery photos most similar to it.
    Build(Box<CurateBuildArguments>),
    /// Describe and plot a ranking dataset; also reads the official GeoRanking files.
    Stats(CurateStatsArguments),
}

/// `georanker curate build`.
#[derive(Debug, Args)]
pub struct CurateBuildArguments {
    /// Dataset to write (Parquet); parts are kept in OUT.parts until it is complete.
    pub out: PathBuf,
    /// Take candidates from the gallery in this directory.
    #[arg(long, value_name = "DIR", required_unless_present = "retrieved")]
    pub gallery: Option<PathBuf>,
    /// Lists that were found before, instead of a gallery.
    #[command(flatten)]
    pub retrieved: RetrievedArguments,
    /// The queries.
    #[command(flatten)]
    pub queries: QueryArguments,
    /// The lists.
    #[command(flatten)]
    pub rules: RuleArguments,
    /// Use a random sample of the queries (0 to 1).
    #[arg(long, value_name = "FRACTION", default_value_t = 1.0)]
    pub sample: f64,
    /// Seed of the sample.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Write only the five columns of the official files, without `ref_origin`, `ref_similarity` and author.
    #[arg(long)]
    pub official_columns: bool,
    /// Resume an interrupted run.
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Replace an existing dataset or unfinished run.
    #[arg(long)]
    pub force: bool,
    /// The gallery's model pack; required only for photos that are not in the gallery.
    #[command(flatten)]
    pub pack: PackArguments,
}

/// Results of another program's search.
#[derive(Debug, Args)]
pub struct RetrievedArguments {
    /// Read candidates from a FAISS result (I.npy: rows of --collection per row of --queries) instead of a gallery.
    #[arg(long, value_name = "I.npy", requires = "collection", conflicts_with_all = ["gallery", "photos", "selection"])]
    pub retrieved: Option<PathBuf>,
    /// Read the similarities of --retrieved from this file (D.npy of an inner-product index).
    #[arg(long, value_name = "D.npy", requires = "retrieved")]
    pub distances: Option<PathBuf>,
    /// Photo table whose rows --retrieved numbers, for example MP16-Pro's CSV.
    #[arg(long, value_name = "FILE", requires = "retrieved")]
    pub collection: Option<PathBuf>,
}

/// Where queries come from.
#[derive(Debug, Args)]
pub struct QueryArguments {
    /// Read queries from this photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`); `same`: the gallery's own photos.
    #[arg(long, value_name = "FILE|same", default_value = "same")]
    pub queries: PathBuf,
    /// Read query photos that are not in the gallery from this folder or .tar file; without a table, use all its photos
    /// by their GPS tags.
    #[arg(long, value_name = "DIR|TAR")]
    pub photos: Option<PathBuf>,
    /// Cache the vectors of photos that are not in the gallery in this directory.
    #[arg(long, value_name = "DIR", requires = "photos")]
    pub query_cache: Option<PathBuf>,
    /// Use only table rows with these column values, for example split=train.
    #[arg(long = "where", value_name = "COLUMN=VALUE,...")]
    pub selection: Option<String>,
}

/// What a list must keep to.
#[derive(Debug, Args)]
pub struct RuleArguments {
    /// Candidates per query.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// Exclude these candidates; without `self` the query is first in its own list, as in the official files.
    #[arg(long, value_delimiter = ',', value_name = "WHAT,...", default_value = "self,near-duplicate")]
    pub exclude: Vec<Exclusion>,
    /// Treat photos as near-duplicates if their perceptual hashes differ in at most this many of 64 bits.
    #[arg(long, value_name = "BITS", default_value_t = contract::PerceptualHash::NEAR_DUPLICATE_BITS)]
    pub near_duplicate_bits: u32,
    /// Exclude candidates closer to the query than this.
    #[arg(long, value_name = "METRES", default_value_t = 0.0)]
    pub min_distance_m: f64,
    /// Keep at most this many candidates per map cell [default: no limit].
    #[arg(long, value_name = "N")]
    pub per_cell: Option<usize>,
    /// Width and height of a map cell.
    #[arg(long, value_name = "KM", default_value_t = 25.0)]
    pub cell_km: f64,
    /// Require this many candidates 750 km or more from the query.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub min_far: usize,
    /// Skip queries with fewer candidates than this.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub at_least: usize,
    /// Search up to this many similar photos if the rules leave too few.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub deepest: usize,
}

/// What can be kept out of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Exclusion {
    /// The query itself.
    #[value(name = "self")]
    Itself,
    /// Copies of the query, by perceptual hash.
    NearDuplicate,
    /// Photos by the query's author.
    SameAuthor,
    /// Nothing.
    None,
}

/// `georanker curate stats`.
#[derive(Debug, Args)]
pub struct CurateStatsArguments {
    /// The dataset.
    pub dataset: PathBuf,
    /// Write distances.svg, positions.svg, map.svg and stats.json into this directory.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Whether other files are replaced.
    #[command(flatten)]
    pub force: ForceArguments,
}

/// What `curate build` was asked for, checked.
#[derive(Debug)]
pub struct CurateRequest {
    /// The lists.
    pub rules: Rules,
    /// The part of the queries.
    pub sample: Sample,
    /// The columns.
    pub columns: RankingColumns,
    /// The table of the queries, unless they are the gallery's own photos or those of `--photos`.
    pub table: Option<PathBuf>,
}

impl CurateBuildArguments {
    /// The dataset, and the files it is made of. Whether an old dataset may be replaced is decided where it is known
    /// whether it is complete.
    fn outputs(&self) -> Outputs {
        let table = Some(self.queries.queries.as_path()).filter(|path| path.as_os_str() != "same");
        Outputs::default()
            .input("--queries", table)
            .input("--photos", self.queries.photos.as_deref())
            .input("--retrieved", self.retrieved.retrieved.as_deref())
            .input("--distances", self.retrieved.distances.as_deref())
            .input("--collection", self.retrieved.collection.as_deref())
            .inputs_stay()
            .output_kept("OUT", Some(&self.out))
    }

    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self) -> Result<CurateRequest, Failure> {
        if self.out.as_os_str() == "-" {
            let failure =
                Failure::new(ErrorKind::Usage, "OUT: a dataset is a Parquet file and cannot go to stdout");
            return Err(failure.with_hint("name a file, such as dataset.parquet"));
        }
        self.outputs().check(self.force)?;
        let usage = |message: &str| Err(Failure::new(ErrorKind::Usage, message));
        let excluded = |what: Exclusion| self.rules.exclude.contains(&what);
        if excluded(Exclusion::None) && self.rules.exclude.len() > 1 {
            return usage("--exclude none stands alone");
        }
        if !(self.sample > 0.0 && self.sample <= 1.0) {
            return usage("--sample must be more than 0 and at most 1");
        }
        let table = Some(self.queries.queries.clone()).filter(|path| path.as_os_str() != "same");
        if self.queries.selection.is_some() && table.is_none() {
            return Err(Failure::new(ErrorKind::Usage, "--where selects rows of a table")
                .with_hint("name the table with --queries FILE"));
        }
        if self.retrieved.retrieved.is_some() && table.is_none() {
            return Err(Failure::new(
                ErrorKind::Usage,
                "--retrieved belongs to a table of queries, row by row",
            )
            .with_hint("name the table with --queries FILE"));
        }
        let rules = Rules {
            top: self.rules.top,
            exclude_self: excluded(Exclusion::Itself),
            near_duplicate_bits: excluded(Exclusion::NearDuplicate).then_some(self.rules.near_duplicate_bits),
            exclude_same_author: excluded(Exclusion::SameAuthor),
            min_distance_m: self.rules.min_distance_m,
            per_cell: self.rules.per_cell,
            cell_km: self.rules.cell_km,
            min_far: self.rules.min_far,
            at_least: self.rules.at_least,
            deepest: self.rules.deepest,
        };
        rules.check()?;
        Ok(CurateRequest {
            rules,
            sample: Sample { fraction: self.sample, seed: self.seed },
            columns: if self.official_columns { RankingColumns::OFFICIAL } else { RankingColumns::default() },
            table,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Arguments, Command};
    use super::*;

    fn resolve(more: &[&str]) -> Result<CurateRequest, Failure> {
        let fixed = ["georanker", "curate", "build", "out.parquet", "--gallery", "g"];
        let arguments = Arguments::try_parse_from(fixed.iter().chain(more)).unwrap();
        match arguments.command {
            Command::Curate(CurateArguments { command: CurateCommand::Build(build) }) => build.resolve(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_become_rules() {
        let plain = resolve(&[]).unwrap();
        assert_eq!(plain.rules, Rules::default());
        assert!(plain.table.is_none());
        let all = "self,near-duplicate,same-author";
        let rules = resolve(&["--exclude", all, "--per-cell", "5", "--min-far", "3"]).unwrap().rules;
        assert!(rules.exclude_same_author && rules.per_cell == Some(5) && rules.min_far == 3);
        let rules = resolve(&["--exclude", "none"]).unwrap().rules;
        assert!(!rules.exclude_self && rules.near_duplicate_bits.is_none());
        assert!(resolve(&["--queries", "t.csv", "--where", "split=train"]).unwrap().table.is_some());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (arguments, part) in [
            (vec!["--exclude", "none,self"], "none"),
            (vec!["--sample", "0"], "--sample"),
            (vec!["--where", "split=train"], "--where"),
            (vec!["--min-far", "21"], "far"),
            (vec!["--top", "0"], "candidates"),
            (vec!["--per-cell", "0"], "cell"),
            (vec!["--cell-km", "nan"], "cell"),
            (vec!["--at-least", "30"], "least"),
        ] {
            let failure = resolve(&arguments).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Usage);
            assert!(failure.message.contains(part), "{}", failure.message);
        }
    }
}
