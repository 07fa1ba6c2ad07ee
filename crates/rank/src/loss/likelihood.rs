//! The likelihood of an order (Plackett-Luce), stable for any finite values.

/// A negative mean log-likelihood and its derivative with respect to each value.
pub(super) struct OrderLoss {
    /// `mean over i < keep of logsumexp(v_i..v_n) - v_i`.
    pub loss: f64,
    /// `[n]`.
    pub gradient: Vec<f64>,
}

/// What remains to choose from at one position.
#[derive(Clone, Copy)]
struct Rest {
    /// The largest of the values from here on.
    largest: f64,
    /// The sum of `exp(v - largest)` over all of them but one that is largest: a small rest keeps all its digits,
    /// which it would lose beside the one.
    others: f64,
}

impl Rest {
    /// `logsumexp - value`, without the cancellation of large numbers.
    fn surprise(self, value: f64) -> f64 {
        (self.largest - value) + self.others.ln_1p()
    }

    /// The share of `value` among what remains.
    fn share(self, value: f64) -> f64 {
        (value - self.largest).exp() / (1.0 + self.others)
    }

    /// One minus the share, with all digits where the share is nearly one.
    fn share_of_the_others(self, value: f64) -> f64 {
        if value < self.largest { 1.0 - self.share(value) } else { self.others / (1.0 + self.others) }
    }

    /// `exp(logsumexp of self - logsumexp of earlier)`, at most 1 where `earlier` has everything self has.
    fn relative_to(self, earlier: Self) -> f64 {
        (self.largest - earlier.largest).exp() * (1.0 + self.others) / (1.0 + earlier.others)
    }
}

/// The loss of finding `values` in the order in which they stand, over the first `keep` positions (1 to n).
///
/// The gradient of value j is `1/keep * (sum over i <= min(j, keep-1) of share of j at i, minus 1 if j < keep)`;
/// shares at earlier positions are multiples of the share at the last one, so one pass does.
pub(super) fn order_loss(values: &[f64], keep: usize) -> OrderLoss {
    let rests = rests(values);
    let scale = 1.0 / keep as f64;
    let mut loss = 0.0;
    let mut gradient = Vec::with_capacity(values.len());
    // The sum over earlier positions of exp(logsumexp here - logsumexp there).
    let mut earlier = 0.0;
    for (position, &value) in values.iter().enumerate() {
        if position < keep {
            let rest = rests[position];
            if position > 0 {
                earlier = (1.0 + earlier) * rest.relative_to(rests[position - 1]);
            }
            loss = saturated(loss + saturated(rest.surprise(value)) * scale);
            gradient.push((earlier * rest.share(value) - rest.share_of_the_others(value)) * scale);
        } else {
            gradient.push((1.0 + earlier) * rests[keep - 1].share(value) * scale);
        }
    }
    OrderLoss { loss, gradient }
}

/// The rest at each position, from the back.
fn rests(values: &[f64]) -> Vec<Rest> {
    let mut rest: Option<Rest> = None;
    let mut rests: Vec<Rest> = values
        .iter()
        .rev()
        .map(|&value| {
            let next = match rest {
                None => Rest { largest: value, others: 0.0 },
                Some(Rest { largest, others }) if value > largest => {
                    Rest { largest: value, others: (1.0 + others) * (largest - value).exp() }
                }
                Some(Rest { largest, others }) => Rest { largest, others: others + (value - largest).exp() },
            };
            rest = Some(next);
            next
        })
        .collect();
    rests.reverse();
    rests
}

/// The nearest finite number: differences of values near the largest f64 have no better one.
pub(super) fn saturated(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saturated_order_keeps_its_digits() {
        // Softmax of [40, 0]: the loss is ln(1 + e^-40), which 1 - share would round to 0.
        let OrderLoss { loss, gradient } = order_loss(&[40.0, 0.0], 1);
        let small = (-40.0_f64).exp();
        assert!((loss / small - 1.0).abs() < 1e-12, "{loss}");
        assert!((gradient[0] / -small - 1.0).abs() < 1e-12 && (gradient[1] / small - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_largest_numbers_stay_finite() {
        let OrderLoss { loss, gradient } = order_loss(&[f64::MIN, f64::MAX, f64::MIN], 3);
        assert!(loss.is_finite() && gradient.iter().all(|value| value.is_finite()), "{loss} {gradient:?}");
    }
}
