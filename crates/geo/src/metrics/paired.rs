//! Paired resamples of many photos. Each statistic is drawn with exactly its own distribution, without drawing what
//! cannot change it.

use std::collections::HashMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Bootstrap;
use super::blocks::{generator, split, sums};

/// Leads in percent points: only how often photos were drawn that just one of the two lists has right can matter.
pub(super) fn percent(first: &[f64], second: &[f64], bootstrap: &Bootstrap) -> Vec<f64> {
    let total = first.len();
    let count = |test: fn(&f64, &f64) -> bool| first.iter().zip(second).filter(|(a, b)| test(a, b)).count();
    let (better, worse) = (count(|a, b| a > b), count(|a, b| a < b));
    let sizes = [better, worse, total - better - worse];
    each(bootstrap, |mut random| {
        let counts = split(&mut random, sizes.into_iter(), total);
        let times = |group: usize| counts.get(group).copied().map_or(0.0, f64::from);
        100.0 * (times(0) - times(1)) / total as f64
    })
}

/// Leads of a mean: the mean of the drawn differences.
pub(super) fn mean(first: &[f64], second: &[f64], bootstrap: &Bootstrap) -> Vec<f64> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    sums(&differences, bootstrap).into_iter().map(|sum| sum / first.len() as f64).collect()
}

/// The medians of both lists, resample by resample. `orders` are the photos in ascending order of the lists' values.
///
/// The middle of a resample is a photo close to the middle of the list: the number of draws from the photos before a
/// rank has a standard deviation of at most `sqrt(n) / 2`, and 20 times that are looked at. So only those photos are
/// drawn one by one; of the others only their number on each side of the two middles matters.
pub(super) fn medians(lists: [&[f64]; 2], orders: [&[u32]; 2], bootstrap: &Bootstrap) -> Vec<[f64; 2]> {
    let middles = Middles::new(lists, orders);
    each(bootstrap, |random| middles.resample(random))
}

fn each<T: Send>(bootstrap: &Bootstrap, work: impl Fn(ChaCha8Rng) -> T + Sync) -> Vec<T> {
    (0..bootstrap.resamples).into_par_iter().map(|resample| work(generator(bootstrap, resample))).collect()
}

struct Middles {
    total: usize,
    /// Photos on either side of both middles: below in both lists, in the first, in the second, in neither.
    sides: [usize; 4],
    /// Photos in a middle: whether they lie below the middle of the first and of the second list.
    below: Vec<[bool; 2]>,
    /// For each list the photos of its middle in ascending order: number in `below`, and value.
    windows: [Vec<(usize, f64)>; 2],
}

impl Middles {
    fn new(lists: [&[f64]; 2], orders: [&[u32]; 2]) -> Self {
        let total = lists[0].len();
        let reach = 10 * (total as f64).sqrt().ceil() as usize;
        let (start, end) = ((total / 2).saturating_sub(reach), (total / 2 + reach).min(total));
        let mut numbers: HashMap<u32, usize> = HashMap::new();
        let windows = [0, 1].map(|list| {
            let window = orders[list].get(start..end).unwrap_or_default().iter();
            let number = |photo: &u32| {
                let next = numbers.len();
                let value = lists[list].get(*photo as usize).copied().unwrap_or(f64::INFINITY);
                (*numbers.entry(*photo).or_insert(next), value)
            };
            window.map(number).collect::<Vec<_>>()
        });
        let mut is_below = vec![[false; 2]; total];
        for (list, order) in orders.into_iter().enumerate() {
            for photo in order.iter().take(start) {
                if let Some(flags) = is_below.get_mut(*photo as usize) {
                    flags[list] = true;
                }
            }
        }
        let (mut sides, mut below) = ([0; 4], vec![[false; 2]; numbers.len()]);
        for (photo, flags) in (0_u32..).zip(is_below) {
            match numbers.get(&photo).and_then(|number| below.get_mut(*number)) {
                Some(slot) => *slot = flags,
                None => sides[side(flags)] += 1,
            }
        }
        Self { total, sides, below, windows }
    }

    fn resample(&self, mut random: ChaCha8Rng) -> [f64; 2] {
        let sizes = self.sides.into_iter().chain([self.below.len()]);
        let counts = split(&mut random, sizes, self.total);
        let mut times = vec![0_u32; self.below.len()];
        let drawn = counts.last().copied().unwrap_or(0);
        for _ in 0..drawn {
            if let Some(count) = times.get_mut(random.random_range(0..self.below.len())) {
                *count += 1;
            }
        }
        [0, 1].map(|list| {
            let sides = [[true, true], [true, false], [false, true], [false, false]];
            let apart = sides.iter().zip(&counts).filter(|(flags, _)| flags[list]);
            let near = self.below.iter().zip(&times).filter(|(flags, _)| flags[list]);
            let before = apart.map(|(_, count)| count).chain(near.map(|(_, count)| count));
            self.median(list, before.map(|count| *count as usize).sum(), &times)
        })
    }

    /// The median of one list, when `seen` draws lie below its middle.
    fn median(&self, list: usize, mut seen: usize, times: &[u32]) -> f64 {
        let ranks = [(self.total - 1) / 2, self.total / 2];
        let window = &self.windows[list];
        let end = |end: Option<&(usize, f64)>| end.map_or(f64::NAN, |(_, value)| *value);
        // A rank outside of the window, which no one will see, takes the window's end.
        let mut middle = ranks.map(|rank| end(if seen > rank { window.first() } else { window.last() }));
        for (number, value) in window {
            let here = seen..seen + times.get(*number).map_or(0, |count| *count as usize);
            for (middle, rank) in middle.iter_mut().zip(ranks) {
                if here.contains(&rank) {
                    *middle = *value;
                }
            }
            seen = here.end;
        }
        f64::midpoint(middle[0], middle[1])
    }
}

/// The place in `sides` of photos that lie below the middle of the first and of the second list.
fn side([first, second]: [bool; 2]) -> usize {
    match (first, second) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}
