//! Numbers as people read them.

use geo::metrics::Measured;

/// Up to three digits that matter; `none` for what does not exist, `inf` for the median when most are missing.
pub(super) fn kilometres(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "none".into(),
        size if size.is_infinite() => "inf".into(),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// `none` when there are no photos to count.
pub(super) fn percent(value: f64) -> String {
    if value.is_nan() { "none".into() } else { format!("{value:.1}") }
}

pub(super) fn points(value: f64) -> String {
    format!("{value:.0}")
}

/// A share as a percentage.
pub(super) fn share(value: f64) -> String {
    if value.is_nan() { "none".into() } else { format!("{:.1} %", 100.0 * value) }
}

/// The value and, when there are resamples, its interval.
pub(super) fn measured(measured: Measured, resampled: bool, write: fn(f64) -> String) -> String {
    let Measured { value, low, high } = measured;
    if resampled && !value.is_nan() {
        format!("{} [{}, {}]", write(value), write(low), write(high))
    } else {
        write(value)
    }
}

/// With its sign, so that better and worse are told apart.
pub(super) fn signed(value: f64, write: fn(f64) -> String) -> String {
    if value > 0.0 { format!("+{}", write(value)) } else { write(value) }
}

/// A bootstrap p; resamples cannot tell values below 1 / resamples apart.
pub(super) fn p_value(p: f64, resamples: usize) -> String {
    if resamples == 0 {
        "none".into()
    } else if p == 0.0 {
        format!("< {}", 1.0 / resamples as f64)
    } else {
        format!("{p:.4}")
    }
}
