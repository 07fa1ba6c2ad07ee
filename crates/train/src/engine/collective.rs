//! Where several processes that train one model meet.

use contract::Failure;

/// Processes that train together, each on its part of every step's queries. The engine calls both sums in every step
/// on every process, in the same order; what travels between machines, and how, is for implementations to say.
pub trait Collective {
    /// This process, from 0. Process 0 writes logs, checkpoints and the model.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn world(&self) -> usize;

    /// Replaces `values` by their mean over all processes: the gradients.
    ///
    /// # Errors
    /// A process that is not there any more.
    fn all_reduce_mean(&self, values: &mut [f32]) -> Result<(), Failure>;

    /// Replaces `values` by their sum over all processes: losses, counts, flags, what validation found.
    ///
    /// # Errors
    /// As [`all_reduce_mean`](Self::all_reduce_mean).
    fn all_reduce_sum(&self, values: &mut [f64]) -> Result<(), Failure>;
}

/// One process alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SingleProcess;

impl Collective for SingleProcess {
    fn rank(&self) -> usize {
        0
    }

    fn world(&self) -> usize {
        1
    }

    fn all_reduce_mean(&self, _: &mut [f32]) -> Result<(), Failure> {
        Ok(())
    }

    fn all_reduce_sum(&self, _: &mut [f64]) -> Result<(), Failure> {
        Ok(())
    }
}
