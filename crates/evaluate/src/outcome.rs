//! From request to outcome.

use std::path::PathBuf;
use std::sync::Arc;

use formats::table::{BadRows, TableError};
use geo::metrics::Bootstrap;

use crate::gallery_distance::AUTHOR;
use crate::{
    Abstention, Calibration, Comparison, Countries, EvaluateError, GalleryDistance, GalleryPlaces, Joined,
    Predictions, Report, Selection, Truth, compare,
};

/// What to evaluate: files and options.
#[derive(Clone, Debug)]
pub struct EvaluateRequest {
    /// A photo table, CSV or Parquet.
    pub truth: PathBuf,
    /// Predictions files; the first is the reference that the others are compared with.
    pub predictions: Vec<PathBuf>,
    /// How.
    pub options: Options,
}

impl EvaluateRequest {
    /// With default options.
    pub fn new(truth: impl Into<PathBuf>, predictions: Vec<PathBuf>) -> Self {
        Self { truth: truth.into(), predictions, options: Options::default() }
    }
}

/// How to evaluate.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Columns of the truth to break the accuracy down by.
    pub by: Vec<String>,
    /// Which photos count; all by default.
    pub selection: Selection,
    /// Whether to judge stated confidence, and abstention where it is stated.
    pub calibration: bool,
    /// Whether to report by continent and country.
    pub countries: bool,
    /// The gallery whose distance to break the accuracy down by.
    pub gallery: Option<Arc<GalleryPlaces>>,
    /// How intervals are drawn.
    pub bootstrap: Bootstrap,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Name of the truth.
    pub truth: String,
    /// The options it was made with.
    pub options: Options,
    /// One a predictions file, in the order given; at least one.
    pub evaluations: Vec<Evaluation>,
    /// The second and later files against the first.
    pub comparisons: Vec<Comparison>,
    /// What a person should know about the match between the files; for stderr.
    pub notes: Vec<String>,
}

/// One method's result.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Name of the predictions file.
    pub predictions: String,
    /// How accurate.
    pub report: Report,
    /// How honest, if asked for.
    pub calibration: Option<Calibration>,
    /// What abstaining brings, if calibration was asked for and predictions say whether they abstain.
    pub abstention: Option<Abstention>,
    /// By continent and country, if asked for.
    pub countries: Option<Countries>,
    /// By the distance to a gallery, if one was given.
    pub gallery_distance: Option<GalleryDistance>,
}

/// Reads the files and evaluates.
///
/// # Errors
/// Files that are missing or wrong, unknown columns, a selection that leaves nothing, predictions of which none is for
/// a photo of the truth.
pub fn run(request: &EvaluateRequest) -> Result<Outcome, EvaluateError> {
    let mut ignore = |_: &TableError| ();
    run_passing_over(request, &mut BadRows::new(&mut ignore).at_most(0))
}

/// As [`run`], without the rows of the files that are wrong, as far as `bad` passes over them.
///
/// # Errors
/// As [`run`], and more wrong rows than `bad` allows.
pub fn run_passing_over(request: &EvaluateRequest, bad: &mut BadRows<'_>) -> Result<Outcome, EvaluateError> {
    if request.predictions.is_empty() {
        return Err(EvaluateError::NoPredictions);
    }
    let options = &request.options;
    let filtered = options.selection.conditions.iter().map(|condition| &condition.column);
    let authors = options.gallery.as_deref().is_some_and(GalleryPlaces::excludes_same_author);
    let columns = options.by.iter().chain(filtered).map(String::as_str);
    let columns: Vec<&str> = columns.chain(authors.then_some(AUTHOR)).collect();
    let truth = Truth::read(&request.truth, &columns, bad)?;
    let mut read = |path: &PathBuf| Predictions::read(path, options.calibration, bad);
    let predictions: Vec<Predictions> =
        request.predictions.iter().map(&mut read).collect::<Result<_, _>>()?;
    evaluate(&truth, &predictions, &request.options)
}

/// Evaluates predictions in memory; the first are the reference.
///
/// # Errors
/// No predictions, two of one name, unknown columns, a selection that leaves nothing, predictions of which none is for
/// a photo of the truth, a truth without authors that are to be left out, or calibration asked of predictions without confidence.
pub fn evaluate(
    truth: &Truth,
    predictions: &[Predictions],
    options: &Options,
) -> Result<Outcome, EvaluateError> {
    for (index, one) in predictions.iter().enumerate() {
        if predictions.iter().take(index).any(|other| other.name() == one.name()) {
            return Err(EvaluateError::GivenTwice { file: one.name().to_owned() });
        }
    }
    for column in &options.by {
        truth.check_column(column)?;
    }
    let selected = truth.select(&options.selection)?;
    let mut outcome = Outcome {
        truth: truth.name().to_owned(),
        options: options.clone(),
        evaluations: Vec::new(),
        comparisons: Vec::new(),
        notes: Vec::new(),
    };
    outcome.notes.extend_from_slice(truth.notes());
    let judged = truth.judged().of(selected.iter().map(|photo| *photo as usize));
    let mut errors = Vec::new();
    for one in predictions {
        outcome.notes.extend_from_slice(one.notes());
        let joined = Joined::new(truth, &selected, one)?;
        let calibration = if options.calibration { Calibration::new(&joined) } else { None };
        if options.calibration && calibration.is_none() {
            return Err(EvaluateError::NoConfidence { predictions: one.name().to_owned() });
        }
        let abstention = if options.calibration { Abstention::new(&joined) } else { None };
        let countries = options.countries.then(|| Countries::new(&joined, &options.bootstrap));
        let gallery = options.gallery.as_deref();
        let gallery_distance =
            gallery.map(|gallery| GalleryDistance::new(&joined, gallery, &options.bootstrap)).transpose()?;
        let report = Report::new(&joined, &options.by, &options.bootstrap);
        outcome.notes.extend(joined.notes());
        outcome.notes.extend(notes(truth.name(), one.name(), &report));
        errors.push((one.name(), joined.errors_km().to_vec()));
        outcome.evaluations.push(Evaluation {
            predictions: one.name().to_owned(),
            report,
            calibration,
            abstention,
            countries,
            gallery_distance,
        });
    }
    let lists: Vec<(&str, &[Option<f64>])> =
        errors.iter().map(|(name, list)| (*name, list.as_slice())).collect();
    let (reference, others) = lists.split_first().ok_or(EvaluateError::NoPredictions)?;
    outcome.comparisons = compare(*reference, others, &judged, &options.bootstrap)?;
    Ok(outcome)
}

/// Ids that did not meet, with examples, because a wrong id looks like a bad method.
fn notes(truth: &str, predictions: &str, report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if let [first, ..] = report.unmatched_truth.as_slice() {
        notes.push(format!(
            "{predictions}: {} of {} photos have no prediction and count as misses (for example {first})",
            report.unmatched_truth.len(),
            report.n,
        ));
    }
    if let [first, ..] = report.unmatched_predictions.as_slice() {
        notes.push(format!(
            "{predictions}: {} predictions are for photos that {truth} does not have; they are left out (for \
             example {first})",
            report.unmatched_predictions.len(),
        ));
    }
    notes
}
