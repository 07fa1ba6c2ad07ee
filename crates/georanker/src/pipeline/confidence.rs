//! Confidence by a pack's own model of it.

use std::sync::Arc;

use contract::{Abstention, CandidateSet, Confidence, RADII_KM, Weakness};
use geo::LatLon;
use rank::SimilarityRanker;
use rank::confidence::{ConfidenceModel, EvidenceRanker};

use crate::PackError;
use crate::pack::{ConfidenceManifest, EvidenceManifest, Pack};

fn open_model(pack: &Pack, file: &str) -> Result<ConfidenceModel, PackError> {
    let wrong = |why: String| PackError::Weights { path: pack.path(file), why };
    ConfidenceModel::from_bytes(&pack.read(file)?).map_err(|error| wrong(error.to_string()))
}

/// The evidence ranker that a pack names.
pub(super) fn open_evidence_ranker(
    pack: &Pack,
    names: &EvidenceManifest,
) -> Result<EvidenceRanker, PackError> {
    let models = names.models.iter().map(|file| open_model(pack, file).map(Arc::new));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    Ok(EvidenceRanker::new(SimilarityRanker::new(names.vote.clone())?, models, names.judged)?)
}

/// The model and the rule of abstention.
#[derive(Clone, Debug)]
pub(super) struct LearnedConfidence {
    model: Arc<ConfidenceModel>,
    /// Index into [`RADII_KM`].
    abstain_radius: usize,
    abstain_below: f64,
}

impl LearnedConfidence {
    pub(super) fn open(pack: &Pack, names: &ConfidenceManifest) -> Result<Self, PackError> {
        // The manifest has been checked: it is one of them.
        let radius = RADII_KM.iter().position(|radius| (radius - names.abstain_radius_km).abs() < 1e-9);
        Ok(Self {
            model: Arc::new(open_model(pack, &names.model)?),
            abstain_radius: radius.unwrap_or(RADII_KM.len() - 1),
            abstain_below: names.abstain_below,
        })
    }

    /// How sure an answer is, and why it is not to be relied on, if it is not. `set` is all that was found.
    pub(super) fn judge(&self, set: &CandidateSet, answer: LatLon) -> (Confidence, Option<Abstention>) {
        let (confidence, features) = self.model.confidence(set, answer);
        let stated = confidence.0[self.abstain_radius];
        if stated >= self.abstain_below {
            return (confidence, None);
        }
        let usual = self.model.usual_similarity();
        let because = features.best_similarity.map(|best| {
            if best < usual {
                Weakness::NothingSimilar { best, usual }
            } else {
                Weakness::ManyPlaces { places: features.places }
            }
        });
        let radius_km = RADII_KM[self.abstain_radius];
        (confidence, Some(Abstention::LowConfidence { radius_km, confidence: stated, because }))
    }
}
