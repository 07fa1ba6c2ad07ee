//! The gradient of one step.

use std::sync::atomic::{AtomicBool, Ordering};

use super::order::batch_seed;
use super::{
    Collective, DataOrder, EngineError, Gradients, GroupReport, Parameter, StepContext, TrainableRanker,
};
use crate::configuration::EngineSettings;

/// What a step's queries said, over all processes; the gradient is in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) loss: f64,
    pub(super) first_order: f64,
    pub(super) second_order: f64,
    pub(super) queries: u64,
    pub(super) tokens: u64,
    /// Whether a loss was not a finite number, anywhere.
    pub(super) not_finite: bool,
    /// Whether a process was asked to stop; the step does not count then.
    pub(super) stopped: bool,
}

/// One process's part of a step.
pub(super) struct OwnPart {
    pub(super) queries: Vec<usize>,
    pub(super) reports: Vec<GroupReport>,
}

/// Adds up the gradient of step `step` (from 1) in `gradients` and meets the other processes.
///
/// Queries of a step stand one behind the other in the data's order: batch by batch, and in a batch process by
/// process, so that two processes with a batch of one look at what one process with a batch of two does.
#[allow(clippy::too_many_arguments, reason = "a step touches all that a run consists of")]
pub(super) fn accumulate_step(
    ranker: &dyn TrainableRanker,
    settings: &EngineSettings,
    step: u64,
    parameters: &[Parameter],
    order: &mut DataOrder,
    gradients: &mut Gradients,
    collective: &dyn Collective,
    stop: &AtomicBool,
) -> Result<(Sums, OwnPart), EngineError> {
    for gradient in gradients.iter_mut() {
        gradient.fill(0.0);
    }
    let (rank, world) = (collective.rank(), collective.world().max(1));
    let batch = settings.batch_queries;
    // The official code adds up the means of the batches; ours is the mean over the step.
    let of_a_mean = if settings.official { batch } else { settings.queries_of_a_step() };
    let weight = 1.0 / of_a_mean as f64;
    let first = (step - 1) * (settings.queries_of_a_step() * world) as u64;
    let mut part = OwnPart { queries: Vec::new(), reports: Vec::new() };
    let mut stopped = false;
    for number in 0..settings.accumulation {
        if stop.load(Ordering::Relaxed) {
            stopped = true;
            break;
        }
        let start = first + ((number * world + rank) * batch) as u64;
        let queries = order.slice(start, batch);
        let context =
            StepContext { loss: &settings.loss, weight, seed: batch_seed(settings.seed, step, number, rank) };
        let reports = ranker.accumulate(parameters, &queries, &context, gradients)?;
        part.queries.extend(queries);
        part.reports.extend(reports);
    }
    let sum = |value: fn(&GroupReport) -> f64| part.reports.iter().map(value).sum::<f64>() * weight;
    let not_finite = part.reports.iter().any(|report| !report.loss.is_finite());
    let mut sums = [
        sum(|report| report.loss),
        sum(|report| report.first_order),
        sum(|report| report.second_order),
        part.reports.len() as f64,
        part.reports.iter().map(|report| report.tokens as f64).sum(),
        f64::from(u8::from(not_finite)),
        f64::from(u8::from(stopped)),
    ];
    collective.all_reduce_sum(&mut sums)?;
    for gradient in gradients.iter_mut() {
        collective.all_reduce_mean(gradient)?;
    }
    let [loss, first_order, second_order, queries, tokens, not_finite, stopped] = sums;
    let world = world as f64;
    let sums = Sums {
        loss: loss / world,
        first_order: first_order / world,
        second_order: second_order / world,
        queries: queries as u64,
        tokens: tokens as u64,
        not_finite: not_finite > 0.0,
        stopped: stopped > 0.0,
    };
    Ok((sums, part))
}
