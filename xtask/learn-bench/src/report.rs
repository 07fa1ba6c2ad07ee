//! From errors to the table.

use std::fmt::Write as _;

use geo::metrics::{median_km, percent_within};

/// Accuracy of one run on the test queries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Median error, km.
    pub median_km: f64,
    /// Percent within 200, 750 and 2500 km.
    pub within: [f64; 3],
}

/// The radii of [`Accuracy::within`], km.
pub const RADII_KM: [f64; 3] = [200.0, 750.0, 2500.0];

impl Accuracy {
    /// Of the errors of all queries, km.
    pub fn of(errors_km: &[f64]) -> Self {
        let errors: Vec<Option<f64>> = errors_km.iter().copied().map(Some).collect();
        Self { median_km: median_km(&errors), within: RADII_KM.map(|radius| percent_within(&errors, radius)) }
    }
}

/// A row of the table: one method, one run a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was run.
    pub name: String,
    /// One a seed.
    pub runs: Vec<Accuracy>,
    /// Seconds of all runs together.
    pub seconds: f64,
}

/// A run's losses on the validation queries: step and mean loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Method and seed.
    pub name: String,
    /// Steps rise.
    pub points: Vec<(u64, f64)>,
}

/// The accuracies as Markdown.
pub fn accuracy_table(rows: &[Row]) -> String {
    let mut text = String::from("| | runs | median, km |");
    for radius in RADII_KM {
        let _ = write!(text, " within {radius:.0} km, % |");
    }
    text.push_str(" seconds a run |\n|---|---:|---:|---:|---:|---:|---:|\n");
    for row in rows {
        let _ = write!(text, "| {} | {} | {} |", row.name, row.runs.len(), cell(row, 0, |run| run.median_km));
        for radius in 0..RADII_KM.len() {
            let _ = write!(text, " {} |", cell(row, 1, |run| run.within[radius]));
        }
        let seconds = row.seconds / row.runs.len().max(1) as f64;
        let _ = if seconds < 0.5 { writeln!(text, " |") } else { writeln!(text, " {seconds:.0} |") };
    }
    text
}

/// Mean, and where there is more than one run, the smallest and the largest.
fn cell(row: &Row, digits: usize, value: impl Fn(&Accuracy) -> f64) -> String {
    let values: Vec<f64> = row.runs.iter().map(value).collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (least, most) = values
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)));
    if values.len() < 2 {
        return format!("{mean:.digits$}");
    }
    format!("{mean:.digits$} ({least:.digits$} to {most:.digits$})")
}

/// The validation losses as Markdown: one row a run, one column a step. Runs must have been validated at the same
/// steps.
pub fn curve_table(curves: &[Curve]) -> String {
    let steps: Vec<u64> =
        curves.first().map_or_else(Vec::new, |curve| curve.points.iter().map(|(step, _)| *step).collect());
    let mut text = String::from("| step |");
    for step in &steps {
        let _ = write!(text, " {step} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(steps.len()));
    for curve in curves {
        let _ = write!(text, "| {} |", curve.name);
        for (_, loss) in &curve.points {
            let _ = write!(text, " {loss:.3} |");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_extremes_are_told() {
        let one = Accuracy::of(&[100.0, 300.0, 5000.0]);
        assert_eq!((one.median_km, one.within.map(f64::round)), (300.0, [33.0, 67.0, 67.0]));
        let two = Accuracy { median_km: 500.0, ..one };
        let rows = [Row { name: "set".into(), runs: vec![one, two], seconds: 20.0 }];
        let table = accuracy_table(&rows);
        assert!(table.contains("| set | 2 | 400 (300 to 500) | 33.3 (33.3 to 33.3) |"), "{table}");
        assert!(table.ends_with(" 10 |\n"), "{table}");
        let curve = Curve { name: "set, seed 0".into(), points: vec![(0, 2.5), (100, 1.25)] };
        assert_eq!(
            curve_table(&[curve]),
            "| step | 0 | 100 |\n|---|---:|---:|\n| set, seed 0 | 2.500 | 1.250 |\n"
        );
    }
}
