//! One pass through the language model: its inputs, its buffers, and linear modules with their low-rank pairs.

use std::cell::RefCell;

use super::frozen::FrozenLayer;
use super::packed::Packed;
use super::plan::LoraPlan;
use super::random::{Mask, Sequence};
use crate::qwen2_vl::config::LanguageConfig;
use kernels::gemm::{View, Workers, multiply};
use kernels::weights_linear::{linear, linear_input_gradient};

/// Everything that does not change during a pass.
pub(super) struct Pass<'a> {
    pub(super) config: &'a LanguageConfig,
    pub(super) layers: &'a [FrozenLayer],
    pub(super) plan: &'a LoraPlan,
    /// The trained values, as the plan orders them.
    pub(super) values: &'a [&'a [f32]],
    /// Seed of dropout; `None`: nothing is dropped.
    pub(super) dropout: Option<u64>,
    pub(super) packed: &'a Packed,
    pub(super) pool: Pool,
}

/// Buffers to be used again: pages of memory are slow to get.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: RefCell<Vec<Vec<f32>>>,
}

impl Pool {
    /// `length` floats of unspecified value, in the smallest buffer that holds them.
    pub(super) fn take(&self, length: usize) -> Vec<f32> {
        let mut free = self.free.borrow_mut();
        let fitting = free.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= length);
        let place = fitting.min_by_key(|(_, buffer)| buffer.capacity()).map(|(place, _)| place);
        let mut buffer = place.map(|place| free.swap_remove(place)).unwrap_or_default();
        buffer.resize(length, 0.0);
        buffer
    }

    /// `length` zeros.
    pub(super) fn zeros(&self, length: usize) -> Vec<f32> {
        let mut buffer = self.take(length);
        buffer.fill(0.0);
        buffer
    }

    /// A copy.
    pub(super) fn copy(&self, values: &[f32]) -> Vec<f32> {
        let mut buffer = self.take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// Takes a buffer back.
    pub(super) fn give(&self, buffer: Vec<f32>) {
        self.free.borrow_mut().push(buffer);
    }
}

/// What goes into a module.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// `[count, inputs]`.
    pub(super) values: &'a [f32],
    pub(super) count: usize,
    /// Number of the first among all rows that the module sees in this pass: dropout goes by it.
    pub(super) first: usize,
}

impl Pass<'_> {
    /// The module's output, `[count, outputs]`: `W x + b + scale * B A dropped(x)`.
    pub(super) fn linear(&self, layer: usize, module: usize, input: Rows<'_>) -> Vec<f32> {
        let frozen = &self.layers[layer].linears[module];
        let (inputs, outputs) = (frozen.weight.inputs(), frozen.weight.outputs());
        let mut output = self.pool.take(input.count * outputs);
        linear(input.values, input.count, &frozen.weight, frozen.bias.as_deref(), &mut output);
        if let Some(pair) = self.plan.pair(self.values, layer, module) {
            let rank = self.plan.rank();
            let dropped = self.dropped(layer, module, input, inputs);
            let seen = View::new(dropped.as_deref().unwrap_or(input.values), input.count, inputs);
            let mut inner = self.pool.take(input.count * rank);
            let (a, b) = (View::new(pair.a, rank, inputs), View::new(pair.b, outputs, rank));
            multiply(Workers::Pool, seen, a.transposed(), 1.0, false, &mut inner);
            let inside = View::new(&inner, input.count, rank);
            multiply(Workers::Pool, inside, b.transposed(), self.plan.scale(), true, &mut output);
            dropped.into_iter().chain([inner]).for_each(|buffer| self.pool.give(buffer));
        }
        output
    }

    /// The gradient of the module's input through its frozen weights, `[count, inputs]`.
    pub(super) fn through(&self, layer: usize, module: usize, slopes: &[f32], count: usize) -> Vec<f32> {
        let weight = &self.layers[layer].linears[module].weight;
        let mut gradient = self.pool.take(count * weight.inputs());
        linear_input_gradient(slopes, count, weight, &mut gradient);
        gradient
    }

    /// Adds the gradients of the module's pair, and to `into` - the gradient of the input - what comes through it.
    /// `slopes`: the gradient of the output.
    pub(super) fn through_pair(
        &self,
        layer: usize,
        module: usize,
        input: Rows<'_>,
        slopes: &[f32],
        into: Option<&mut [f32]>,
        gradients: &mut [Vec<f32>],
    ) {
        let Some(pair) = self.plan.pair(self.values, layer, module) else { return };
        let weight = &self.layers[layer].linears[module].weight;
        let (inputs, outputs, rank) = (weight.inputs(), weight.outputs(), self.plan.rank());
        let (a, b) = (View::new(pair.a, rank, inputs), View::new(pair.b, outputs, rank));
        let dropped = self.dropped(layer, module, input, inputs);
        let seen = View::new(dropped.as_deref().unwrap_or(input.values), input.count, inputs);
        let slopes = View::new(slopes, input.count, outputs);
        let scale = self.plan.scale();
        let mut inner = self.pool.take(input.count * rank);
        multiply(Workers::Pool, seen, a.transposed(), 1.0, false, &mut inner);
        let inside = View::new(&inner, input.count, rank);
        multiply(Workers::Pool, slopes.transposed(), inside, scale, true, &mut gradients[pair.place + 1]);
        let mut inner_slopes = inner;
        multiply(Workers::Pool, slopes, b, scale, false, &mut inner_slopes);
        let inside = View::new(&inner_slopes, input.count, rank);
        multiply(Workers::Pool, inside.transposed(), seen, 1.0, true, &mut gradients[pair.place]);
        match (into, self.mask(layer, module)) {
            (None, _) => {}
            (Some(into), None) => multiply(Workers::Pool, inside, a, 1.0, true, into),
            (Some(into), Some(mask)) => {
                let mut back = self.pool.take(input.count * inputs);
                multiply(Workers::Pool, inside, a, 1.0, false, &mut back);
                mask.add(input.first * inputs, &back, into);
                self.pool.give(back);
            }
        }
        dropped.into_iter().chain([inner_slopes]).for_each(|buffer| self.pool.give(buffer));
    }

    fn mask(&self, layer: usize, module: usize) -> Option<Mask> {
        let seed = self.dropout.filter(|_| self.plan.dropout() > 0.0)?;
        Some(Mask::new(self.plan.dropout(), Sequence::new(seed, &[layer as u64, module as u64])))
    }

    /// The input of the module's pair where some of it is dropped.
    fn dropped(&self, layer: usize, module: usize, input: Rows<'_>, inputs: usize) -> Option<Vec<f32>> {
        let mask = self.mask(layer, module)?;
        let mut dropped = self.pool.take(input.values.len());
        mask.apply(input.first * inputs, input.values, &mut dropped);
        Some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn the_smallest_buffer_that_fits_is_used_again() {
        let pool = Pool::default();
        let (large, small) = (vec![1.0; 1000], vec![2.0; 100]);
        pool.give(large);
        pool.give(small);
        let taken = pool.take(80);
        assert!(taken.len() == 80 && taken.capacity() < 1000);
        assert!(pool.take(500).capacity() >= 1000);
        assert_eq!(pool.zeros(3), [0.0; 3]);
        pool.give(taken);
        assert_eq!(pool.copy(&[4.0, 5.0]), [4.0, 5.0]);
    }
}
