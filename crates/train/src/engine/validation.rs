//! How good the model is on queries it does not train on.

use std::time::Instant;

use geo::metrics::{RADII_KM, mean_km, median_km, percent_within};
use rank::MultiOrderLoss;

use super::logs::WithinKm;
use super::{Collective, EngineError, Parameter, TrainableRanker, ValidationGroup, ValidationRow};
use crate::configuration::BestBy;

/// Scores the first `queries` validation queries, each process its share, and measures the best-scored candidates (the
/// first of equals). A score that is not a number gives a loss that is none.
pub(super) fn validate(
    ranker: &dyn TrainableRanker,
    parameters: &[Parameter],
    step: u64,
    queries: usize,
    batch: usize,
    loss: &MultiOrderLoss,
    collective: &dyn Collective,
) -> Result<ValidationRow, EngineError> {
    let started = Instant::now();
    // Every process fills in its queries and adds zeros for the others.
    let mut found = vec![0.0; 4 * queries];
    let own: Vec<usize> = (collective.rank()..queries).step_by(collective.world().max(1)).collect();
    for batch in own.chunks(batch) {
        let groups = ranker.validate(parameters, batch)?;
        for (&query, group) in batch.iter().zip(&groups) {
            found[4 * query..][..4].copy_from_slice(&measured(group, loss));
        }
    }
    collective.all_reduce_sum(&mut found)?;
    let count = queries as f64;
    let mean = |part: usize| found.iter().skip(part).step_by(4).sum::<f64>() / count;
    let chosen: Vec<Option<f64>> = found.iter().skip(3).step_by(4).map(|km| Some(*km)).collect();
    let [street, city, region, country, continent] = RADII_KM.map(|radius| percent_within(&chosen, radius));
    Ok(ValidationRow {
        step,
        loss: mean(0),
        first_order: mean(1),
        second_order: mean(2),
        within_km: WithinKm { street, city, region, country, continent },
        median_km: median_km(&chosen),
        mean_km: mean_km(&chosen),
        queries: queries as u64,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Loss, first order, second order, and the distance of the best-scored candidate.
fn measured(group: &ValidationGroup, loss: &MultiOrderLoss) -> [f64; 4] {
    let scores: Vec<f64> = group.scores.iter().map(|score| f64::from(*score)).collect();
    let value = loss.evaluate(&scores, &group.distances_km);
    let mut best: Option<(f64, f64)> = None;
    for (&score, &km) in scores.iter().zip(&group.distances_km) {
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, km));
        }
    }
    // A query without candidates has nothing to choose: as far off as can be.
    let half_the_earth_km = 20_004.0;
    [value.loss, value.first_order, value.second_order, best.map_or(half_the_earth_km, |(_, km)| km)]
}

/// What is compared between validations: smaller is better.
pub(super) fn value_of(row: &ValidationRow, by: BestBy) -> f64 {
    match by {
        BestBy::Loss => row.loss,
        BestBy::MedianKm => row.median_km,
        BestBy::MeanKm => row.mean_km,
        BestBy::Within1 => -row.within_km.street,
        BestBy::Within25 => -row.within_km.city,
        BestBy::Within200 => -row.within_km.region,
        BestBy::Within750 => -row.within_km.country,
        BestBy::Within2500 => -row.within_km.continent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equally_scored_candidates_is_chosen() {
        let group = ValidationGroup { scores: vec![1.0, 2.0, 2.0], distances_km: vec![1.0, 30.0, 4.0] };
        let [_, _, _, km] = measured(&group, &MultiOrderLoss::default());
        assert_eq!(km.to_bits(), 30.0_f64.to_bits());
    }
}
