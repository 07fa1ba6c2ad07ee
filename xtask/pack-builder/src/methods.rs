//! What is compared in the accuracy report.

use std::sync::Arc;

use anyhow::Context;
use contract::{Candidate, Channel, Decide, Ranker};
use geo::{LatLon, geodesic_km};
use georanker::pack::{Pack, RankerManifest};
use georanker::{Ranked, open_set_ranker};
use rank::{SimilarityRanker, decide};

/// A way of answering.
#[derive(Clone)]
pub(crate) enum Method {
    /// The similarity ranker's best candidate: what the others are compared with.
    Similarity(Arc<SimilarityRanker>),
    /// The pack's own ranking, decision and confidence.
    Default,
    /// One network of the pack's set ranker.
    Seed(usize, Arc<dyn Ranker>),
    /// The location of the most similar gallery photo.
    NearestPhoto,
    /// The most similar coordinate of the GPS channel.
    GpsChannel,
    /// The location of a random gallery photo.
    RandomGallery,
    /// Of the 20 most similar gallery photos the nearest to the truth: no ranker of these can do better.
    BestOf20,
    /// Of all candidates the nearest to the truth.
    BestInList,
}

impl Method {
    /// All methods that apply to a pack.
    pub(crate) fn all(pack: &Pack) -> anyhow::Result<Vec<Self>> {
        let (base, seeds) = match &pack.manifest().ranker {
            RankerManifest::Similarity(settings) => (settings.clone(), Vec::new()),
            RankerManifest::Set(files) => {
                let ranker = open_set_ranker(pack, files)?;
                (ranker.config().base.context("the set ranker has no base")?, ranker.members())
            }
        };
        let mut methods = vec![Self::Similarity(Arc::new(SimilarityRanker::new(base)?)), Self::Default];
        let seeds = seeds.into_iter().enumerate();
        methods.extend(seeds.map(|(number, ranker)| Self::Seed(number, Arc::new(ranker))));
        methods.extend([
            Self::NearestPhoto,
            Self::GpsChannel,
            Self::RandomGallery,
            Self::BestOf20,
            Self::BestInList,
        ]);
        Ok(methods)
    }

    /// Name in files and tables.
    pub(crate) fn name(&self) -> String {
        let fixed = match self {
            Self::Similarity(_) => "similarity",
            Self::Default => "default",
            Self::Seed(number, _) => return format!("set-alone-{number}"),
            Self::NearestPhoto => "nearest-photo",
            Self::GpsChannel => "gps-channel",
            Self::RandomGallery => "random-gallery",
            Self::BestOf20 => "best-of-20",
            Self::BestInList => "best-in-list",
        };
        fixed.to_owned()
    }

    /// Whether it looks at the truth: a bound, not a method.
    pub(crate) const fn knows_the_truth(&self) -> bool {
        matches!(self, Self::BestOf20 | Self::BestInList)
    }

    /// The answer from a photo's candidates; `None` for methods that do not answer from candidates.
    pub(crate) fn answer(&self, ranked: &Ranked, truth: LatLon) -> anyhow::Result<Option<LatLon>> {
        let candidates = &ranked.set.candidates;
        let ranked_by = |ranker: &dyn Ranker| -> anyhow::Result<Option<LatLon>> {
            let decision = decide(&ranked.set, &ranker.rank(&ranked.set)?, 1.0, Decide::Argmax);
            Ok(decision.map(|decision| candidates[decision.chosen].location))
        };
        let best_in = |channel: Channel, photos_only: bool| -> Option<LatLon> {
            most_similar(candidates, &channel, photos_only).first().map(|one| one.location)
        };
        let nearest = |among: Vec<&Candidate>| -> Option<LatLon> {
            let km = |one: &&Candidate| geodesic_km(one.location, truth);
            among.into_iter().min_by(|a, b| km(a).total_cmp(&km(b))).map(|one| one.location)
        };
        Ok(match self {
            Self::Similarity(ranker) => ranked_by(ranker.as_ref())?,
            Self::Seed(_, ranker) => ranked_by(ranker.as_ref())?,
            Self::NearestPhoto => best_in(Channel::photo(), true),
            Self::GpsChannel => best_in(Channel::location(), false),
            Self::BestOf20 => {
                nearest(most_similar(candidates, &Channel::photo(), true).into_iter().take(20).collect())
            }
            Self::BestInList => nearest(candidates.iter().collect()),
            Self::Default | Self::RandomGallery => None,
        })
    }
}

/// Candidates by similarity in a channel, the first of equals first.
fn most_similar<'a>(candidates: &'a [Candidate], channel: &Channel, photos_only: bool) -> Vec<&'a Candidate> {
    let known = candidates.iter().filter(|one| !photos_only || one.photo.is_some());
    let mut scored: Vec<(f32, &Candidate)> =
        known.filter_map(|one| Some((one.similarity(channel)?, one))).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, one)| one).collect()
}
