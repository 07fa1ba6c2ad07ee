//! A layer forwards, and backwards from what it keeps or computes again.

use super::frozen::{DOWN, GATE, KEY, OUTPUT, QUERY, UP, VALUE};
use super::pass::{Pass, Rows};
use kernels::activations::{add, swiglu, swiglu_gradient};
use kernels::norms::{rms_norm, rms_norm_input_gradient};
use kernels::rotary::rotate;

/// Rows that go through the perceptron at once: its inner activations are six times as wide as the rest.
const MLP_ROWS: usize = 1024;

/// The part of a layer before its perceptron, as far as the way back needs it.
pub(super) struct Attended {
    /// Rotated, `[asked rows, heads * dimension]`.
    queries: Vec<f32>,
    /// Rotated, `[rows, key-value heads * dimension]`.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// What attention gave, `[asked rows, heads * dimension]`.
    mixed: Vec<f32>,
    /// The perceptron's input with the residual in it, `[asked rows, hidden]`.
    middle: Vec<f32>,
}

/// Everything that the way back would compute again.
pub(super) struct Tape {
    attended: Attended,
    /// `[asked rows, inner]`.
    gate: Vec<f32>,
    up: Vec<f32>,
}

impl Tape {
    /// Floats of a layer's tape, besides its input.
    pub(super) fn floats(pass: &Pass<'_>) -> usize {
        let config = pass.config;
        let narrow = config.key_value_heads * config.head_dim;
        pass.packed.rows() * (3 * config.hidden_size + 2 * narrow + 2 * config.intermediate_size)
    }
}

impl Pass<'_> {
    /// Rows whose output is asked for: of the last layer only each prompt's last.
    fn asked(&self, layer: usize) -> Option<&[usize]> {
        (layer + 1 == self.layers.len()).then_some(&self.packed.lasts[..])
    }

    /// The layer's output, `[asked rows, hidden]`, and its tape if it is to be kept.
    pub(super) fn forward(&self, layer: usize, input: &[f32], keep: bool) -> (Vec<f32>, Option<Tape>) {
        let attended = self.attend(layer, input);
        if keep {
            let inner = attended.middle.len() / self.config.hidden_size * self.config.intermediate_size;
            let (mut gate, mut up) = (self.pool.take(inner), self.pool.take(inner));
            let output = self.perceptron(layer, &attended.middle, Some((&mut gate[..], &mut up[..])));
            return (output, Some(Tape { attended, gate, up }));
        }
        let output = self.perceptron(layer, &attended.middle, None);
        self.release(attended);
        (output, None)
    }

    /// The gradient of the layer's input, `[rows, hidden]`, from `slopes`, that of its output. Of the first layer's
    /// input nobody asks for it: nothing is returned.
    pub(super) fn backward(
        &self,
        layer: usize,
        input: &[f32],
        tape: Option<Tape>,
        mut slopes: Vec<f32>,
        gradients: &mut [Vec<f32>],
    ) -> Option<Vec<f32>> {
        let (attended, inner) = match tape {
            Some(Tape { attended, gate, up }) => (attended, Some((gate, up))),
            None => (self.attend(layer, input), None),
        };
        self.perceptron_gradient(layer, &attended.middle, inner, &mut slopes, gradients);
        self.attend_gradient(layer, input, attended, slopes, gradients)
    }

    fn normal(&self, values: &[f32], weight: &[f32]) -> Vec<f32> {
        let mut normal = self.pool.take(values.len());
        rms_norm(values, weight, self.config.rms_norm_epsilon as f32, &mut normal);
        normal
    }

    fn turn(&self, values: &mut [f32], heads: usize, asked: Option<&[usize]>, back: bool) {
        let (cosines, sines) = self.packed.angles(asked, back);
        let dimension = self.config.head_dim;
        rotate(values, heads * dimension, heads, dimension, &cosines, &sines);
    }

    /// Some rows of `[rows, width]`.
    fn gather(&self, values: &[f32], rows: &[usize]) -> Vec<f32> {
        let width = values.len() / self.packed.rows();
        let mut picked = self.pool.take(rows.len() * width);
        for (into, row) in picked.chunks_exact_mut(width).zip(rows) {
            into.copy_from_slice(&values[row * width..(row + 1) * width]);
        }
        picked
    }

    fn attend(&self, layer: usize, input: &[f32]) -> Attended {
        let rows = self.packed.rows();
        let asked = self.asked(layer);
        let normal = self.normal(input, &self.layers[layer].input_norm);
        let all = Rows { values: &normal, count: rows, first: 0 };
        let mut keys = self.linear(layer, KEY, all);
        self.turn(&mut keys, self.config.key_value_heads, None, false);
        let values = self.linear(layer, VALUE, all);
        let picked = asked.map(|asked| (self.gather(&normal, asked), self.gather(input, asked)));
        let count = asked.map_or(rows, <[usize]>::len);
        let (asking, residual) =
            picked.as_ref().map_or((&normal[..], input), |(normal, input)| (&normal[..], &input[..]));
        let mut queries = self.linear(layer, QUERY, Rows { values: asking, count, first: 0 });
        self.turn(&mut queries, self.config.heads, asked, false);
        let mut mixed = self.pool.take(queries.len());
        self.packed.attend([&queries, &keys, &values], asked.is_some(), &mut mixed);
        let mut middle = self.linear(layer, OUTPUT, Rows { values: &mixed, count, first: 0 });
        add(&mut middle, residual);
        let (one, other) = picked.unzip();
        one.into_iter().chain(other).chain([normal]).for_each(|buffer| self.pool.give(buffer));
        Attended { queries, keys, values, mixed, middle }
    }

    fn release(&self, attended: Attended) {
        let Attended { queries, keys, values, mixed, middle } = attended;
        for buffer in [queries, keys, values, mixed, middle] {
            self.pool.give(buffer);
        }
    }

    fn perceptron(
        &self,
        layer: usize,
        middle: &[f32],
        mut keep: Option<(&mut [f32], &mut [f32])>,
    ) -> Vec<f32> {
        let (hidden, inner) = (self.config.hidden_size, self.config.intermediate_size);
        let mut output = self.pool.copy(middle);
        for (chunk, middle) in middle.chunks(MLP_ROWS * hidden).enumerate() {
            let (count, first) = (middle.len() / hidden, chunk * MLP_ROWS);
            let normal = self.normal(middle, &self.layers[layer].mlp_norm);
            let rows = Rows { values: &normal, count, first };
            let (mut gate, up) = (self.linear(layer, GATE, rows), self.linear(layer, UP, rows));
            if let Some((kept_gate, kept_up)) = &mut keep {
                kept_gate[first * inner..][..gate.len()].copy_from_slice(&gate);
                kept_up[first * inner..][..up.len()].copy_from_slice(&up);
            }
            swiglu(&mut gate, &up);
            let down = self.linear(layer, DOWN, Rows { values: &gate, count, first });
            add(&mut output[first * hidden..][..middle.len()], &down);
            for buffer in [normal, gate, up, down] {
                self.pool.give(buffer);
            }
        }
        output
    }

    /// Turns `slopes`, the gradient of the perceptron's output, into that of its input.
    fn perceptron_gradient(
        &self,
        layer: usize,
        middle: &[f32],
        mut kept: Option<(Vec<f32>, Vec<f32>)>,
        slopes: &mut [f32],
        gradients: &mut [Vec<f32>],
    ) {
        let (hidden, inner) = (self.config.hidden_size, self.config.intermediate_size);
        let norm = &self.layers[layer].mlp_norm;
        let chunks = middle.chunks(MLP_ROWS * hidden).zip(slopes.chunks_mut(MLP_ROWS * hidden));
        for (chunk, (middle, slopes)) in chunks.enumerate() {
            let (count, first) = (middle.len() / hidden, chunk * MLP_ROWS);
            let normal = self.normal(middle, norm);
            let rows = Rows { values: &normal, count, first };
            let again =
                kept.is_none().then(|| (self.linear(layer, GATE, rows), self.linear(layer, UP, rows)));
            let mut again = again;
            let place = first * inner..(first + count) * inner;
            let (gate, up) = match (&mut again, &mut kept) {
                (Some((gate, up)), _) => (&mut gate[..], &mut up[..]),
                (None, Some((gate, up))) => (&mut gate[place.clone()], &mut up[place]),
                // Either they were kept or they are computed again.
                (None, None) => return,
            };
            let mut inside = self.through(layer, DOWN, slopes, count);
            if self.plan.pair(self.values, layer, DOWN).is_some() {
                let mut product = self.pool.copy(gate);
                swiglu(&mut product, up);
                let rows = Rows { values: &product, count, first };
                self.through_pair(layer, DOWN, rows, slopes, Some(&mut inside), gradients);
                self.pool.give(product);
            }
            swiglu_gradient(gate, up, &inside);
            self.pool.give(inside);
            let mut back = self.through(layer, GATE, gate, count);
            let more = self.through(layer, UP, up, count);
            add(&mut back, &more);
            self.through_pair(layer, GATE, rows, gate, Some(&mut back), gradients);
            self.through_pair(layer, UP, rows, up, Some(&mut back), gradients);
            rms_norm_input_gradient(middle, norm, self.config.rms_norm_epsilon as f32, &mut back, slopes);
            for buffer in [normal, back, more] {
                self.pool.give(buffer);
            }
            if let Some((gate, up)) = again {
                self.pool.give(gate);
                self.pool.give(up);
            }
        }
        if let Some((gate, up)) = kept {
            self.pool.give(gate);
            self.pool.give(up);
        }
    }

    /// From the gradient of the perceptron's input to that of the layer's.
    fn attend_gradient(
        &self,
        layer: usize,
        input: &[f32],
        attended: Attended,
        slopes: Vec<f32>,
        gradients: &mut [Vec<f32>],
    ) -> Option<Vec<f32>> {
        let (asked, rows) = (self.asked(layer), self.packed.rows());
        let count = asked.map_or(rows, <[usize]>::len);
        let Attended { queries, keys, values, mixed, middle } = attended;
        let mut mixed_slopes = self.through(layer, OUTPUT, &slopes, count);
        let mixed_rows = Rows { values: &mixed, count, first: 0 };
        self.through_pair(layer, OUTPUT, mixed_rows, &slopes, Some(&mut mixed_slopes), gradients);
        let mut query_slopes = self.pool.take(queries.len());
        let (mut key_slopes, mut value_slopes) = (self.pool.zeros(keys.len()), self.pool.zeros(values.len()));
        self.packed.attend_gradient(
            [&queries, &keys, &values],
            asked.is_some(),
            &mixed_slopes,
            [&mut query_slopes, &mut key_slopes, &mut value_slopes],
        );
        for buffer in [queries, keys, values, mixed, middle, mixed_slopes] {
            self.pool.give(buffer);
        }
        self.turn(&mut query_slopes, self.config.heads, asked, true);
        self.turn(&mut key_slopes, self.config.key_value_heads, None, true);

        let norm = &self.layers[layer].input_norm;
        let normal = self.normal(input, norm);
        let all = Rows { values: &normal, count: rows, first: 0 };
        let picked = asked.map(|asked| self.gather(&normal, asked));
        let asking = Rows { values: picked.as_deref().unwrap_or(&normal), count, first: 0 };
        let result = if layer == 0 {
            self.through_pair(layer, KEY, all, &key_slopes, None, gradients);
            self.through_pair(layer, VALUE, all, &value_slopes, None, gradients);
            self.through_pair(layer, QUERY, asking, &query_slopes, None, gradients);
            self.pool.give(slopes);
            None
        } else {
            let mut back = self.through(layer, KEY, &key_slopes, rows);
            let more = self.through(layer, VALUE, &value_slopes, rows);
            add(&mut back, &more);
            self.pool.give(more);
            self.through_pair(layer, KEY, all, &key_slopes, Some(&mut back), gradients);
            self.through_pair(layer, VALUE, all, &value_slopes, Some(&mut back), gradients);
            let mut more = self.through(layer, QUERY, &query_slopes, count);
            self.through_pair(layer, QUERY, asking, &query_slopes, Some(&mut more), gradients);
            let mut into = slopes;
            if let Some(asked) = asked {
                let mut spread = self.pool.zeros(input.len());
                scatter(&mut spread, asked, &into, self.config.hidden_size);
                scatter(&mut back, asked, &more, self.config.hidden_size);
                self.pool.give(std::mem::replace(&mut into, spread));
            } else {
                add(&mut back, &more);
            }
            let epsilon = self.config.rms_norm_epsilon as f32;
            rms_norm_input_gradient(input, norm, epsilon, &mut back, &mut into);
            self.pool.give(back);
            self.pool.give(more);
            Some(into)
        };
        picked
            .into_iter()
            .chain([normal, query_slopes, key_slopes, value_slopes])
            .for_each(|buffer| self.pool.give(buffer));
        result
    }
}

/// Adds rows to some of the rows of `into`.
fn scatter(into: &mut [f32], rows: &[usize], values: &[f32], width: usize) {
    for (row, values) in rows.iter().zip(values.chunks_exact(width)) {
        for (into, value) in into[row * width..(row + 1) * width].iter_mut().zip(values) {
            *into += value;
        }
    }
}
