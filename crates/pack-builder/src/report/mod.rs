//! The report: what the pack does on photos that nothing was fitted to.

mod measure;

use std::fmt::Write as _;

use contract::{CandidateSet, Channel, RADII_KM, Ranker};
use geo::{LatLon, haversine_km};
use rank::confidence::ConfidenceModel;
use rank::{SimilarityRanker, decide};
use serde::Serialize;

use crate::choose::Choice;
use crate::config::BuildConfig;
use crate::corpus::Corpus;
use crate::field::Field;
use crate::folds::{Folds, Regime};
use crate::judge::{Asked, Query, by_fold, each_query, error_km};
use crate::{BuildError, Event, Run};
use measure::{Errors, Reliability};

const RADII: usize = RADII_KM.len();

/// Methods that are compared; the default is the pack's ranker and rule.
const METHODS: [&str; 7] = [
    "most similar photo",
    "channel location",
    "kernel vote",
    "default",
    "best of 20",
    "best of 100",
    "best of all",
];
const DEFAULT: usize = 3;
/// Candidates that the oracles look at: the most similar photos, and both channels' first halves.
const FIRST: [usize; 2] = [20, 100];

/// What the report needs.
pub(crate) struct Reporting<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) config: &'a BuildConfig,
    pub(crate) choice: &'a Choice,
    pub(crate) ranker: &'a dyn Ranker,
    pub(crate) confidence: Option<&'a ConfidenceModel>,
}

/// The answers to one photo.
struct Answered {
    photo: usize,
    /// Of each of [`METHODS`], km.
    errors: [f64; METHODS.len()],
    stated: [f64; RADII],
    /// From the truth to the nearest photo that could be found, km.
    nearest_km: f64,
}

/// A picture that must be refused.
pub(crate) struct Refused {
    pub(crate) set: CandidateSet,
    /// Whether it has no content that could be located, so that the model is not asked.
    pub(crate) no_content: bool,
}

/// One table of the report, for programs.
#[derive(Serialize)]
struct Row {
    regime: &'static str,
    group: String,
    method: String,
    photos: usize,
    within_percent: [f64; RADII],
    median_km: f64,
    geoscore: f64,
}

impl Reporting<'_> {
    /// Answers all test photos in all regimes and writes the report: Markdown, and JSON for programs.
    pub(crate) fn write<'f>(
        &self,
        folds: &[Folds],
        field: impl Fn(&Folds, Option<usize>) -> Result<Field<'f>, BuildError>,
        refused: &[Refused],
        run: &Run<'_>,
    ) -> Result<(String, String), BuildError> {
        let mut text = format!(
            "# {} {} on its test photos\n\n{} gallery photos, {} validation photos, {} test photos. Ranker: {}. Vectors of the \
             queries come from heads that have not seen them, their authors or their regions.\n",
            self.config.name,
            self.config.version,
            self.corpus.gallery.len(),
            self.corpus.validation.len(),
            self.corpus.test.len(),
            self.ranker.name(),
        );
        let mut rows: Vec<Row> = Vec::new();
        for folds in folds {
            let mut answered: Vec<Answered> = Vec::new();
            for (fold, own) in by_fold(folds, self.corpus, &self.corpus.test) {
                run.tell(Event::Note(&format!("{}: {} test photos", folds.regime.name(), own.len())));
                let field = field(folds, fold)?;
                let asked = Asked { folds, fold, field: &field };
                answered.extend(each_query(&asked, &own, &self.config.folds, run, |query| {
                    self.answered(&asked, &query)
                })?);
            }
            answered.sort_by_key(|one| one.photo);
            let _ = write!(text, "\n## {}\n", sentence(folds.regime.name()));
            self.regime(folds.regime, &answered, &mut text, &mut rows);
        }
        self.refusals(refused, &mut text)?;
        let json = serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n";
        Ok((text, json))
    }

    fn answered(&self, asked: &Asked<'_>, query: &Query) -> Result<Answered, BuildError> {
        let Query { photo, set } = query;
        let error =
            |place: Option<LatLon>| place.map_or(f64::INFINITY, |place| error_km(self.corpus, *photo, place));
        let vote = SimilarityRanker::new(self.choice.settings.clone())?.rank(set)?;
        let place = |index: Option<usize>| Some(set.candidates.get(index?)?.location);
        let decision = &self.choice.decision;
        let ranking = self.ranker.rank(set)?;
        let chosen =
            decide(set, &ranking, decision.temperature, decision.rule.into()).map(|found| found.chosen);
        let answer = place(chosen);
        let channels = &self.choice.channels;
        let first = channels.first().map_or_else(Channel::photo, |one| one.name.clone());
        let oracle = |candidates: Vec<usize>| {
            candidates.into_iter().map(|index| error(place(Some(index)))).fold(f64::INFINITY, f64::min)
        };
        let halves: Vec<usize> = channels
            .iter()
            .flat_map(|one| ordered(set, &one.name).into_iter().take(FIRST[1] / channels.len().max(1)))
            .collect();
        let stated = match (self.confidence, answer) {
            (Some(model), Some(answer)) => model.confidence(set, answer).0.0,
            (None, Some(_)) => {
                let found = decide(set, &ranking, decision.temperature, decision.rule.into());
                found
                    .map_or([0.0; RADII], |found| self.choice.calibration.confidence(&found.raw_confidence).0)
            }
            (_, None) => [0.0; RADII],
        };
        let without = asked.without(&self.config.folds);
        let here = self.corpus.places[*photo];
        let near = asked
            .field
            .gallery()
            .iter()
            .filter(|&&other| other != *photo)
            .map(|&other| haversine_km(self.corpus.places[other], here));
        let nearest_km = near.filter(|km| *km >= without.within_km).fold(f64::INFINITY, f64::min);
        Ok(Answered {
            photo: *photo,
            errors: [
                error(place(ordered(set, &first).first().copied())),
                error(place(ordered(set, &Channel::location()).first().copied())),
                error(place(vote.best())),
                error(answer),
                oracle(ordered(set, &first).into_iter().take(FIRST[0]).collect()),
                oracle(halves),
                oracle((0..set.candidates.len()).collect()),
            ],
            stated,
            nearest_km,
        })
    }

    fn regime(&self, regime: Regime, answered: &[Answered], text: &mut String, rows: &mut Vec<Row>) {
        let known: std::collections::HashSet<u32> =
            self.corpus.gallery.iter().map(|&photo| self.corpus.author(photo)).collect();
        let is_known = |one: &Answered| known.contains(&self.corpus.author(one.photo));
        let all: Vec<&Answered> = answered.iter().collect();
        let strangers: Vec<&Answered> = answered.iter().filter(|one| !is_known(one)).collect();
        let mut groups = vec![("all".to_owned(), all)];
        if !strangers.is_empty() && strangers.len() < answered.len() {
            groups.push(("by authors who have no photo in the gallery".to_owned(), strangers));
        }
        for (name, group) in &groups {
            self.accuracy(regime, name, group, text, rows);
            self.reliability(name, group, text);
        }
        if regime == Regime::Plain {
            distances(answered, &|one| self.corpus.precision_km(one.photo), text);
        }
        let far: Vec<&Answered> = answered.iter().filter(|one| one.nearest_km > RADII_KM[3]).collect();
        if !far.is_empty() {
            let stated = far.iter().map(|one| one.stated[2]).sum::<f64>() / far.len() as f64;
            let _ = writeln!(
                text,
                "\n{} photos are farther than 750 km from any gallery photo: mean stated confidence within 200 km {:.3}.",
                far.len(),
                stated
            );
        }
        self.abstention(answered, text);
    }

    fn accuracy(
        &self,
        regime: Regime,
        group: &str,
        answered: &[&Answered],
        text: &mut String,
        rows: &mut Vec<Row>,
    ) {
        let precision: Vec<f64> = answered.iter().map(|one| self.corpus.precision_km(one.photo)).collect();
        let of_method: Vec<Vec<f64>> = (0..METHODS.len())
            .map(|method| answered.iter().map(|one| one.errors[method]).collect())
            .collect();
        let errors: Vec<Errors<'_>> =
            of_method.iter().map(|km| Errors { km, precision_km: &precision }).collect();
        let _ = write!(
            text,
            "\nTest photos, {group} ({}). Percent within a radius:\n\n| | 1 km | 25 km | 200 km | 750 km | 2500 km | median km | GeoScore |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
            answered.len()
        );
        for (name, errors) in METHODS.iter().zip(&errors) {
            if errors.km.iter().all(|km| km.is_infinite()) {
                continue;
            }
            let within: [f64; RADII] = std::array::from_fn(|radius| errors.within(radius));
            let cells: Vec<String> = within.iter().map(|percent| format!("{percent:.1}")).collect();
            let (median_km, geoscore) = (errors.median_km(), errors.geoscore());
            let _ = writeln!(text, "| {name} | {} | {median_km:.0} | {geoscore:.0} |", cells.join(" | "));
            rows.push(Row {
                regime: regime.name(),
                group: group.to_owned(),
                method: (*name).to_owned(),
                photos: answered.len(),
                within_percent: within,
                median_km,
                geoscore,
            });
        }
        let _ = write!(
            text,
            "\nThe default against others, points (95 % of a paired bootstrap), and the share of the way from the most similar photo to the best of 100:\n\n| within | most similar photo | channel location | kernel vote | of the way |\n| --- | ---: | ---: | ---: | ---: |\n"
        );
        for (radius, km) in RADII_KM.iter().enumerate() {
            let against: Vec<String> = (0..DEFAULT)
                .map(|other| {
                    let (mean, low, high) =
                        errors[DEFAULT].difference(&errors[other], radius, self.config.seed);
                    format!("{mean:+.1} ({low:+.1} to {high:+.1})")
                })
                .collect();
            let (from, to, bound) = (
                errors[0].within(radius),
                errors[DEFAULT].within(radius),
                errors[DEFAULT + 2].within(radius),
            );
            let way = if bound - from > 0.05 {
                format!("{:.0} %", (to - from) / (bound - from) * 100.0)
            } else {
                "-".to_owned()
            };
            let _ = writeln!(text, "| {km} km | {} | {way} |", against.join(" | "));
        }
    }

    fn reliability(&self, group: &str, answered: &[&Answered], text: &mut String) {
        let precision: Vec<f64> = answered.iter().map(|one| self.corpus.precision_km(one.photo)).collect();
        let km: Vec<f64> = answered.iter().map(|one| one.errors[DEFAULT]).collect();
        let stated: Vec<[f64; RADII]> = answered.iter().map(|one| one.stated).collect();
        let errors = Errors { km: &km, precision_km: &precision };
        let _ = write!(
            text,
            "\nConfidence, {group}:\n\n| within | photos | mean stated | right | calibration error | AURC | coverage at 90 % right |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        );
        for (radius, km) in RADII_KM.iter().enumerate() {
            let Reliability { answers, stated, right, ece, aurc, coverage_at_90 } =
                Reliability::of(&stated, &errors, radius);
            let _ = writeln!(
                text,
                "| {km} km | {answers} | {:.1} % | {:.1} % | {ece:.3} | {aurc:.3} | {:.1} % |",
                stated * 100.0,
                right * 100.0,
                coverage_at_90 * 100.0
            );
        }
    }

    fn abstention(&self, answered: &[Answered], text: &mut String) {
        let config = &self.config.confidence;
        let radius =
            RADII_KM.iter().position(|km| (km - config.abstain_radius_km).abs() < 1e-9).unwrap_or(RADII - 1);
        let kept: Vec<&Answered> =
            answered.iter().filter(|one| one.stated[radius] >= config.abstain_below).collect();
        let right = |answers: &mut dyn Iterator<Item = &Answered>| -> f64 {
            let (mut right, mut count) = (0, 0);
            for one in answers {
                right += usize::from(one.errors[DEFAULT] < RADII_KM[radius]);
                count += 1;
            }
            100.0 * right as f64 / f64::from(count.max(1))
        };
        let _ = writeln!(
            text,
            "\nAbstention: {:.1} % are answered, {:.1} % of these are right within {} km; of those abstained on {:.1} % would be.",
            100.0 * kept.len() as f64 / answered.len().max(1) as f64,
            right(&mut kept.iter().copied()),
            RADII_KM[radius],
            right(&mut answered.iter().filter(|one| one.stated[radius] < config.abstain_below)),
        );
    }

    fn refusals(&self, refused: &[Refused], text: &mut String) -> Result<(), BuildError> {
        if refused.is_empty() {
            return Ok(());
        }
        let config = &self.config.confidence;
        let radius =
            RADII_KM.iter().position(|km| (km - config.abstain_radius_km).abs() < 1e-9).unwrap_or(RADII - 1);
        let (mut abstained, mut stated_200) = (0, 0.0);
        for Refused { set, no_content } in refused {
            let decision = &self.choice.decision;
            let ranking = self.ranker.rank(set)?;
            let found = decide(set, &ranking, decision.temperature, decision.rule.into());
            let stated = match (found.and_then(|found| set.candidates.get(found.chosen)), self.confidence) {
                (Some(answer), Some(model)) if !no_content => model.confidence(set, answer.location).0.0,
                _ => [0.0; RADII],
            };
            let least = decision.least_similarity.as_ref();
            let is_unlike = least.is_some_and(|least| {
                let best =
                    set.candidates.iter().filter_map(|one| one.similarity(&least.channel)).reduce(f32::max);
                best.is_some_and(|best| best < least.similarity)
            });
            abstained += usize::from(*no_content || is_unlike || stated[radius] < config.abstain_below);
            stated_200 += stated[2] / refused.len() as f64;
        }
        let _ = write!(
            text,
            "\n## Pictures that must be refused\n\n{abstained} of {} are abstained on; mean stated confidence within 200 km {stated_200:.3}.\n",
            refused.len()
        );
        Ok(())
    }
}

/// Candidates in the order of a channel's similarities.
fn ordered(set: &CandidateSet, channel: &Channel) -> Vec<usize> {
    let mut known: Vec<(f32, usize)> = set
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(index, one)| Some((one.similarity(channel)?, index)))
        .collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    known.into_iter().map(|(_, index)| index).collect()
}

/// Answers by the distance from the truth to the nearest gallery photo.
fn distances(answered: &[Answered], precision_km: &dyn Fn(&Answered) -> f64, text: &mut String) {
    let ends = [0.0, 1.0, 25.0, 200.0, 750.0, f64::INFINITY];
    let names = ["below 1", "1 to 25", "25 to 200", "200 to 750", "above 750"];
    let _ = write!(
        text,
        "\nThe default by the distance from the truth to the nearest gallery photo (percent right, mean stated):\n\n\
         | km | photos | 1 km | 25 km | 200 km | 750 km | 2500 km |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    for (range, name) in ends.windows(2).zip(names) {
        let group: Vec<&Answered> =
            answered.iter().filter(|one| one.nearest_km >= range[0] && one.nearest_km < range[1]).collect();
        if group.is_empty() {
            continue;
        }
        let precision: Vec<f64> = group.iter().map(|one| precision_km(one)).collect();
        let km: Vec<f64> = group.iter().map(|one| one.errors[DEFAULT]).collect();
        let stated: Vec<[f64; RADII]> = group.iter().map(|one| one.stated).collect();
        let errors = Errors { km: &km, precision_km: &precision };
        let cells: Vec<String> = (0..RADII)
            .map(|radius| {
                let found = Reliability::of(&stated, &errors, radius);
                format!("{:.1} ({:.1})", found.right * 100.0, found.stated * 100.0)
            })
            .collect();
        let _ = writeln!(text, "| {name} | {} | {} |", group.len(), cells.join(" | "));
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
