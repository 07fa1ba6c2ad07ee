//! How much of the way from similarity to the best candidate in the list the ranker goes.

use std::fmt::Write as _;

use anyhow::Context;
use contract::RADII_KM;
use evaluate::Selection;
use formats::table::PhotoRow;

/// Errors of a method on the rows of the split, km.
pub(crate) struct Errors {
    pub(crate) name: String,
    pub(crate) km: Vec<f64>,
}

impl Errors {
    fn within(&self, counted: &[usize], radius: f64) -> f64 {
        let right = counted.iter().filter(|&&row| self.km[row] < radius).count();
        right as f64 / counted.len().max(1) as f64 * 100.0
    }
}

/// A Markdown table: the percentages, the share of the gap closed, and the seeds' mean and spread.
pub(crate) fn table(
    rows: &[PhotoRow],
    subsets: &[(&str, &str)],
    errors: &[Errors],
) -> anyhow::Result<String> {
    let mut text = String::new();
    let (similarity, default) = (find(errors, "similarity")?, find(errors, "default")?);
    let seeds: Vec<&Errors> = errors.iter().filter(|one| one.name.starts_with("set-alone-")).collect();
    let (of_20, in_list) = (find(errors, "best-of-20")?, find(errors, "best-in-list")?);
    for (heading, conditions) in subsets {
        let selection: Selection = conditions.parse()?;
        let counted: Vec<usize> = (0..rows.len()).filter(|&row| selection.fits(&rows[row])).collect();
        let _ = write!(
            text,
            "\n{heading} ({} photos):\n\n| within | similarity | default | seeds alone | best of 20 photos | closed | \
             best in list | closed |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
            counted.len()
        );
        for radius in RADII_KM {
            let value = |one: &Errors| one.within(&counted, radius);
            let (from, to) = (value(similarity), value(default));
            let closed = |bound: f64| {
                let gap = bound - from;
                if gap > 0.05 { format!("{:.0} %", (to - from) / gap * 100.0) } else { "-".to_owned() }
            };
            let alone: Vec<f64> = seeds.iter().map(|one| value(one)).collect();
            let _ = writeln!(
                text,
                "| {radius} km | {from:.1} | {to:.1} | {} | {:.1} | {} | {:.1} | {} |",
                spread(&alone),
                value(of_20),
                closed(value(of_20)),
                value(in_list),
                closed(value(in_list)),
            );
        }
    }
    Ok(text)
}

fn find<'a>(errors: &'a [Errors], name: &str) -> anyhow::Result<&'a Errors> {
    errors.iter().find(|one| one.name == name).with_context(|| format!("no method {name}"))
}

/// Mean and lowest to highest.
fn spread(values: &[f64]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    format!("{mean:.1} ({low:.1} to {high:.1})")
}
