//! One pair of low-rank matrices.

use rayon::prelude::*;

/// What is added to one linear module: `scale * B A`.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRankPair {
    /// A, `[rank, inputs]`.
    pub a: Vec<f32>,
    /// B, `[outputs, rank]`.
    pub b: Vec<f32>,
    /// Inner width.
    pub rank: usize,
    /// Numbers the module takes in.
    pub inputs: usize,
    /// Numbers the module gives.
    pub outputs: usize,
    /// What the product is multiplied by.
    pub scale: f32,
}

impl LowRankPair {
    /// `weight += scale * B A`, for `weight [outputs, inputs]`. Sums run over the rank in order, in f32, whatever
    /// the number of threads.
    ///
    /// # Panics
    /// If the lengths of `weight`, `a` or `b` are not those the sizes ask for.
    pub fn merge_into(&self, weight: &mut [f32]) {
        let Self { rank, inputs, outputs, .. } = *self;
        assert_eq!(weight.len(), outputs * inputs, "weight is [outputs, inputs]");
        assert_eq!(self.a.len(), rank * inputs, "A is [rank, inputs]");
        assert_eq!(self.b.len(), outputs * rank, "B is [outputs, rank]");
        if weight.is_empty() || rank == 0 {
            return;
        }
        weight.par_chunks_mut(inputs).zip(self.b.par_chunks(rank)).for_each_init(
            || vec![0.0_f32; inputs],
            |sum, (row, factors)| {
                sum.fill(0.0);
                for (&factor, direction) in factors.iter().zip(self.a.chunks_exact(inputs)) {
                    for (sum, &value) in sum.iter_mut().zip(direction) {
                        *sum += factor * value;
                    }
                }
                for (weight, &sum) in row.iter_mut().zip(&*sum) {
                    *weight += self.scale * sum;
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_the_scaled_product() {
        // B A = [[1, 2, 3], [8, 10, 12]] with A = [[1, 2, 3], [4, 5, 6]] and B = [[1, 0], [0, 2]].
        let pair = LowRankPair {
            a: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            b: vec![1.0, 0.0, 0.0, 2.0],
            rank: 2,
            inputs: 3,
            outputs: 2,
            scale: 0.5,
        };
        let mut weight = vec![1.0; 6];
        pair.merge_into(&mut weight);
        assert_eq!(weight, [1.5, 2.0, 2.5, 5.0, 6.0, 7.0]);
    }

    #[test]
    #[should_panic(expected = "weight is [outputs, inputs]")]
    fn merging_into_another_shape_is_a_mistake() {
        let pair =
            LowRankPair { a: vec![1.0; 2], b: vec![1.0; 3], rank: 1, inputs: 2, outputs: 3, scale: 1.0 };
        pair.merge_into(&mut [0.0; 4]);
    }
}
