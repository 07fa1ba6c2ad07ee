//! What a run may cost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::{GenerateError, Usage};

/// Prices of a model, in any currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// A million tokens of prompts and photos.
    pub input: f64,
    /// A million tokens of answers.
    pub output: f64,
}

impl Prices {
    /// What these tokens cost.
    pub fn cost(&self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.input + usage.completion_tokens as f64 * self.output) / 1e6
    }
}

/// Counts costs and keeps them under a cap.
///
/// Every request reserves what it may cost at most before it is sent, and settles for what it did cost. A request that
/// fits but for the reservations of others waits for them, so requests in parallel do not end a run early. Until the
/// first has settled nobody knows how a server counts: under a cap that one goes alone.
///
/// The cap is kept as long as no request costs more than it reserved; one that does passes it by the difference.
#[derive(Debug)]
pub struct Budget {
    prices: Option<Prices>,
    cap: Option<f64>,
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spent: f64,
    reserved: f64,
    /// Reservations that are neither settled nor dropped.
    open: usize,
    /// Whether any was settled.
    settled: bool,
    usage: Usage,
}

/// A reservation; dropped without [`Reservation::settle`], it costs nothing.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a Budget,
    amount: f64,
}

impl Budget {
    /// A budget; without a cap it only counts, without prices it counts tokens only.
    pub fn new(prices: Option<Prices>, cap: Option<f64>) -> Self {
        Self { prices, cap, state: Mutex::default(), settled: Condvar::new() }
    }

    /// What these tokens cost, where prices are known.
    pub fn cost(&self, usage: Usage) -> Option<f64> {
        self.prices.map(|prices| prices.cost(usage))
    }

    /// Tokens of all settled requests.
    pub fn usage(&self) -> Usage {
        self.state().usage
    }

    /// Asks for leave to spend.
    ///
    /// # Errors
    /// [`GenerateError::Budget`] when it could lead beyond the cap.
    pub fn reserve(&self, most: Usage) -> Result<Reservation<'_>, GenerateError> {
        self.reserve_by(|| most)
    }

    /// [`Budget::reserve`] for what is better known once others have settled: `most` is asked again after each wait.
    ///
    /// # Errors
    /// [`GenerateError::Budget`] when it could lead beyond the cap.
    pub fn reserve_by(&self, most: impl Fn() -> Usage) -> Result<Reservation<'_>, GenerateError> {
        let mut state = self.state();
        let mut amount = self.cost(most()).unwrap_or(0.0);
        if let Some(cap) = self.cap {
            loop {
                // Sums of prices carry rounding errors; they should not cost a request.
                let room = cap * (1.0 + 1e-9) - amount;
                // Before anything is settled, the bound is a guess that others' counts may lower.
                let alone = state.settled || state.open == 0;
                if alone && state.spent > room {
                    return Err(GenerateError::Budget { cap, spent: state.spent, next: amount });
                }
                if alone && state.spent + state.reserved <= room {
                    break;
                }
                state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
                amount = self.cost(most()).unwrap_or(0.0);
            }
        }
        state.reserved += amount;
        state.open += 1;
        Ok(Reservation { budget: self, amount })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves sums that are still the best known.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation<'_> {
    /// Puts down what it really took.
    pub fn settle(self, usage: Usage) {
        let mut state = self.budget.state();
        state.spent += self.budget.cost(usage).unwrap_or(0.0);
        state.settled = true;
        state.usage += usage;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.open -= 1;
        // What rounding leaves must not keep anybody waiting.
        state.reserved = if state.open == 0 { 0.0 } else { state.reserved - self.amount };
        drop(state);
        self.budget.settled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(prompt_tokens: u64, completion_tokens: u64) -> Usage {
        Usage { prompt_tokens, completion_tokens, estimated: false }
    }

    #[test]
    fn nothing_is_spent_beyond_the_cap() {
        let budget = Budget::new(Some(Prices { input: 1.0, output: 10.0 }), Some(0.01));
        // At most 0.004 each; in truth 0.003.
        for _ in 0..3 {
            budget.reserve(tokens(1000, 300)).unwrap().settle(tokens(1000, 200));
        }
        let error = budget.reserve(tokens(1000, 300)).unwrap_err().to_string();
        assert!(error.contains("0.0090") && error.contains("0.0040"), "{error}");
        assert_eq!(budget.usage(), tokens(3000, 600));
        drop(budget.reserve(tokens(1000, 0)).unwrap());
        budget.reserve(tokens(1000, 0)).unwrap();
    }

    #[test]
    fn one_that_would_fit_waits_for_the_others() {
        let budget = Budget::new(Some(Prices { input: 1e6, output: 0.0 }), Some(10.0));
        let first = budget.reserve(tokens(6, 0)).unwrap();
        std::thread::scope(|scope| {
            let second =
                scope.spawn(|| budget.reserve(tokens(6, 0)).map(|it| it.settle(tokens(6, 0))).is_ok());
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!second.is_finished());
            first.settle(tokens(4, 0));
            assert!(second.join().unwrap());
        });
        assert!(budget.reserve(tokens(1, 0)).is_err());
    }

    #[test]
    fn the_first_goes_alone_and_the_others_learn_from_it() {
        let budget = Budget::new(Some(Prices { input: 1e6, output: 0.0 }), Some(100.0));
        let most = std::sync::atomic::AtomicU64::new(40);
        let first = budget.reserve(tokens(40, 0)).unwrap();
        let reserve = || {
            budget
                .reserve_by(|| tokens(most.load(std::sync::atomic::Ordering::Relaxed), 0))
                .map(|it| it.amount)
        };
        std::thread::scope(|scope| {
            let second = scope.spawn(reserve);
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!second.is_finished(), "there is room, but nothing is known");
            most.store(90, std::sync::atomic::Ordering::Relaxed);
            first.settle(tokens(9, 0));
            assert_eq!(second.join().unwrap().ok(), Some(90.0));
        });
        // One that failed teaches nothing: the next goes alone again.
        let budget = Budget::new(Some(Prices { input: 1e6, output: 0.0 }), Some(100.0));
        drop(budget.reserve(tokens(1, 0)).unwrap());
        let _alone = budget.reserve(tokens(1, 0)).unwrap();
        assert!(!budget.state().settled);
    }

    #[test]
    fn without_prices_tokens_are_counted() {
        let budget = Budget::new(None, None);
        budget.reserve(tokens(9, 9)).unwrap().settle(tokens(7, 1));
        assert_eq!((budget.usage(), budget.cost(tokens(1, 1))), (tokens(7, 1), None));
    }
}
