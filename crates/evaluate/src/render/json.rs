//! The fixed JSON form.

use serde::{Serialize, Serializer};

use crate::{Abstention, Calibration, Comparison, Countries, Evaluation, GalleryDistance, Outcome, Report};

#[derive(Serialize)]
struct One<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<&'a Calibration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstention: Option<&'a Abstention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    countries: Option<&'a Countries>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gallery_distance: Option<&'a GalleryDistance>,
}

impl<'a> From<&'a Evaluation> for One<'a> {
    fn from(evaluation: &'a Evaluation) -> Self {
        Self {
            report: &evaluation.report,
            calibration: evaluation.calibration.as_ref(),
            abstention: evaluation.abstention.as_ref(),
            countries: evaluation.countries.as_ref(),
            gallery_distance: evaluation.gallery_distance.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct Several<'a> {
    #[serde(serialize_with = "by_file")]
    reports: &'a [Evaluation],
    comparisons: &'a [Comparison],
}

pub(super) fn render(outcome: &Outcome) -> String {
    let text = match outcome.evaluations.as_slice() {
        [only] => serde_json::to_string_pretty(&One::from(only)),
        several => {
            serde_json::to_string_pretty(&Several { reports: several, comparisons: &outcome.comparisons })
        }
    };
    // Only keys that are not strings can fail here, and there are none.
    text.unwrap_or_default() + "\n"
}

fn by_file<S: Serializer>(evaluations: &[Evaluation], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(evaluations.iter().map(|one| (&one.predictions, One::from(one))))
}
