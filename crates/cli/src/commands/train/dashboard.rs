//! What a training shows on stderr.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use train::engine::{LogRow, Plan, Progress, ValidationRow};

/// Steps that the loss on display is the mean of.
const RECENT: usize = 20;
/// Bars of the curve.
const CURVE: usize = 32;
/// Lines of a run whose stderr is not a terminal, about.
const LINES: u64 = 20;

/// A bar with loss, learning rate and the curve so far; lines now and then where stderr is not a terminal; nothing when
/// quiet.
pub(super) struct Dashboard {
    quiet: bool,
    bar: ProgressBar,
    terminal: bool,
    steps: u64,
    losses: Vec<f64>,
    /// Wall time of the steps of this process.
    seconds: f64,
    made: u64,
}

impl Dashboard {
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = stderr().is_terminal();
        Self {
            quiet,
            bar: ProgressBar::hidden(),
            terminal,
            steps: 0,
            losses: Vec::new(),
            seconds: 0.0,
            made: 0,
        }
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| anstream::eprintln!("{text}"));
        }
    }

    /// What remains at the speed so far.
    fn left(&self, step: u64) -> String {
        let seconds = self.seconds / self.made.max(1) as f64 * self.steps.saturating_sub(step) as f64;
        duration(seconds)
    }
}

impl Progress for Dashboard {
    fn begins(&mut self, plan: &Plan) {
        let Plan { steps, done, queries, validation_queries, parameters, .. } = plan;
        let validation = match *validation_queries {
            0 => String::new(),
            count => format!(", {count} queries to validate on"),
        };
        let resumed = match *done {
            0 => String::new(),
            step => format!("; continuing after step {step}"),
        };
        let text = format!(
            "training {parameters} parameters on {queries} queries, {steps} steps{validation}{resumed}"
        );
        self.line(&text);
        (self.steps, self.losses) = (*steps, plan.losses.clone());
        if self.quiet || !self.terminal || done >= steps {
            return;
        }
        self.bar =
            ProgressBar::with_draw_target(Some(*steps), ProgressDrawTarget::stderr()).with_position(*done);
        if let Ok(style) = ProgressStyle::with_template("{msg}\n{wide_bar} {pos}/{len}  {prefix} left") {
            self.bar.set_style(style);
        }
    }

    fn stepped(&mut self, row: &LogRow) {
        self.losses.push(row.loss);
        self.seconds += row.seconds;
        self.made += 1;
        let text = format!(
            "mean loss {:.4} (of {})  lr {:.1e}  norm {:.2}",
            recent(&self.losses),
            plural(self.losses.len().min(RECENT), "step"),
            row.learning_rate,
            row.grad_norm
        );
        if self.terminal {
            self.bar.set_message(format!("{text}  {}", curve(&self.losses)));
            self.bar.set_prefix(self.left(row.step));
            self.bar.set_position(row.step);
        } else if row.step.is_multiple_of((self.steps / LINES).max(1)) || row.step == self.steps {
            self.line(&format!("step {}/{}  {text}  {} left", row.step, self.steps, self.left(row.step)));
        }
    }

    fn validated(&mut self, row: &ValidationRow, best: bool) {
        self.line(&format!(
            "step {}: validation loss {:.4}, median {:.0} km, {:.1} % within 25 km, {:.1} % within 750 km{}",
            row.step,
            row.loss,
            row.median_km,
            row.within_km.city,
            row.within_km.country,
            if best { " (best)" } else { "" },
        ));
    }

    fn note(&mut self, text: &str) {
        self.line(text);
    }

    fn ends(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The mean of the last losses: one alone says little.
fn recent(losses: &[f64]) -> f64 {
    let last = &losses[losses.len().saturating_sub(RECENT)..];
    last.iter().sum::<f64>() / last.len().max(1) as f64
}

/// `1 step`, `20 steps`.
fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The curve of all losses in a line of text, means of equal parts from the lowest to the highest.
fn curve(losses: &[f64]) -> String {
    const BARS: [char; 8] =
        ['\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}'];
    let count = losses.len().min(CURVE);
    let means: Vec<f64> = (0..count)
        .map(|part| {
            let part = &losses[part * losses.len() / count..(part + 1) * losses.len() / count];
            part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = |mean: f64| ((mean - least) / (most - least).max(1e-12) * 7.0).round() as usize;
    means.into_iter().map(|mean| BARS[height(mean).min(7)]).collect()
}

/// `3 s`, `12 min`, `5 h 20 min`, `3 d 4 h`.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match (minutes, minutes / 60) {
        (0, _) => format!("{seconds:.0} s"),
        (_, 0) => format!("{minutes} min"),
        (_, hours @ 1..48) => format!("{hours} h {} min", minutes % 60),
        (_, hours) => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_from_the_highest_to_the_lowest() {
        assert_eq!(curve(&[]), "");
        assert_eq!(curve(&[2.0, 1.0]), "\u{2588}\u{2581}");
        let falling: Vec<f64> = (0..1000).map(|step| 1.0 / f64::from(step + 1)).collect();
        let text = curve(&falling);
        assert_eq!(text.chars().count(), CURVE);
        assert!(text.starts_with('\u{2588}') && text.ends_with('\u{2581}'));
        assert_eq!(curve(&[3.0; 100]).chars().collect::<std::collections::HashSet<_>>().len(), 1);
    }

    #[test]
    fn durations_are_short() {
        for (seconds, text) in
            [(3.4, "3 s"), (725.0, "12 min"), (19_200.0, "5 h 20 min"), (273_700.0, "3 d 4 h")]
        {
            assert_eq!(duration(seconds), text);
        }
    }
}
