//! The best rows seen so far.

use std::cmp::Ordering;

/// A row and its score.
pub(super) type Scored = (f32, u32);

/// Higher scores first, then lower rows: a total order, so that results do not depend on threads.
#[allow(clippy::trivially_copy_pass_by_ref)] // The form that sorting wants.
pub(super) fn better_first(a: &Scored, b: &Scored) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// Keeps the `capacity` best of what is pushed, in constant amortised time: a buffer of twice the size is cut
/// in half when it is full.
#[derive(Debug)]
pub(super) struct TopRows {
    capacity: usize,
    entries: Vec<Scored>,
    threshold: f32,
}

impl TopRows {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Vec::new(), threshold: f32::NEG_INFINITY }
    }

    /// Scores at or below this cannot enter, if their rows come later than all seen so far.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    pub(super) fn push(&mut self, entry: Scored) {
        self.entries.push(entry);
        if self.entries.len() >= 2 * self.capacity {
            self.cut();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.cut();
    }

    /// The best, in no particular order.
    pub(super) fn into_entries(mut self) -> Vec<Scored> {
        self.cut();
        self.entries
    }

    fn cut(&mut self) {
        if self.entries.len() < self.capacity || self.capacity == 0 {
            self.entries.truncate(self.capacity);
            return;
        }
        let (_, &mut (threshold, _), _) =
            self.entries.select_nth_unstable_by(self.capacity - 1, better_first);
        self.entries.truncate(self.capacity);
        self.threshold = threshold;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_sorting(
            scores in prop::collection::vec((-4_i8..4).prop_map(f32::from), 0..200),
            capacity in 1_usize..20,
            cut_at in 0_usize..200,
        ) {
            let all: Vec<Scored> = scores.into_iter().zip(0..).collect();
            let (head, tail) = all.split_at(cut_at.min(all.len()));
            let mut first = TopRows::new(capacity);
            for &entry in head {
                if entry.0 > first.threshold() {
                    first.push(entry);
                }
            }
            let mut second = TopRows::new(capacity);
            for &entry in tail {
                second.push(entry);
            }
            first.merge(second);
            let mut found = first.into_entries();
            found.sort_by(better_first);
            let mut expected = all;
            expected.sort_by(better_first);
            expected.truncate(capacity);
            prop_assert_eq!(found, expected);
        }
    }
}
