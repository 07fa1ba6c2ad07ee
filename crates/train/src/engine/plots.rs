//! The curves of a run: `plots/NAME.svg` and `plots/NAME.png`.

use std::fs;
use std::path::Path;

use files::write_atomic;

use super::EngineError;
use super::logs::{LogRow, ValidationRow, read_log, read_validations};
use crate::chart::{Chart, Series};

/// Draws what the logs in `out` hold: `loss` (with its orders, and the validation loss), `gradient_norm`,
/// `learning_rate`, and where there is a validation split `within_km` and `distance_km`.
///
/// # Errors
/// Logs that cannot be read, files that cannot be written.
pub fn draw(out: &Path) -> Result<(), EngineError> {
    let (rows, validations) = (read_log(out)?, read_validations(out)?);
    let directory = out.join("plots");
    fs::create_dir_all(&directory).map_err(EngineError::writing(&directory))?;
    for (name, chart) in charts(&rows, &validations) {
        for (ending, bytes) in [("svg", chart.svg().into_bytes()), ("png", chart.png())] {
            let path = directory.join(format!("{name}.{ending}"));
            write_atomic(&path, &bytes).map_err(EngineError::writing(path))?;
        }
    }
    Ok(())
}

fn charts(rows: &[LogRow], validations: &[ValidationRow]) -> Vec<(&'static str, Chart)> {
    let steps = |value: fn(&LogRow) -> f64| -> Vec<(f64, f64)> {
        rows.iter().map(|row| (row.step as f64, value(row))).collect()
    };
    let validated = |value: &dyn Fn(&ValidationRow) -> f64| -> Vec<(f64, f64)> {
        validations.iter().map(|row| (row.step as f64, value(row))).collect()
    };
    let chart =
        |title: &str, y: &str, series| Chart { title: title.into(), x: "step".into(), y: y.into(), series };
    let loss = steps(|row| row.loss);
    let mut losses = vec![
        Series::new("", loss.clone()).paled(),
        Series::new("loss (smoothed)", smoothed(&loss)),
        Series::new("first order", smoothed(&steps(|row| row.first_order))).coloured(2),
        Series::new("second order", smoothed(&steps(|row| row.second_order))).coloured(4),
    ];
    if !validations.is_empty() {
        losses.push(Series::new("validation", validated(&|row| row.loss)).coloured(1));
    }
    let norm = steps(|row| row.grad_norm);
    let norms = vec![Series::new("", norm.clone()).paled(), Series::new("smoothed", smoothed(&norm))];
    let rates = vec![Series::new("", steps(|row| row.learning_rate))];
    let mut charts = vec![
        ("loss", chart("Multi-order distance loss", "loss", losses)),
        ("gradient_norm", chart("Gradient norm before clipping", "norm", norms)),
        ("learning_rate", chart("Learning rate", "rate", rates)),
    ];
    if !validations.is_empty() {
        let within =
            ["1 km", "25 km", "200 km", "750 km", "2500 km"].iter().enumerate().map(|(radius, name)| {
                Series::new(*name, validated(&|row| row.within_km.list()[radius])).coloured(radius)
            });
        charts.push((
            "within_km",
            chart("Validation: chosen candidates within", "% of queries", within.collect()),
        ));
        let kilometres = vec![
            Series::new("median", validated(&|row| row.median_km)),
            Series::new("mean", validated(&|row| row.mean_km)).coloured(1),
        ];
        charts.push(("distance_km", chart("Validation: distance of chosen candidates", "km", kilometres)));
    }
    charts
}

/// A running mean whose weights fall to a third over a fiftieth of the run.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let weight = 1.0 / (points.len() as f64 / 50.0).max(1.0);
    let mut mean = None;
    points
        .iter()
        .map(|&(x, y)| {
            let next = mean.map_or(y, |mean: f64| mean + weight * (y - mean));
            mean = Some(next);
            (x, next)
        })
        .collect()
}
