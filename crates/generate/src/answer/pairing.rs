//! Which of several numbers belong together.

use super::Dropped;
use super::spots::Spot;

/// Which of the two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Latitude,
    Longitude,
}

/// A number that says which of the two it is, and where it stands, its name or letter included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) axis: Axis,
    pub(super) degrees: f64,
    /// Why it cannot be taken as it stands.
    pub(super) fault: Option<Dropped>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All latitudes and longitudes that stand side by side, whichever comes first.
///
/// Numbers that take turns (a longitude, a latitude, a longitude, ...) are paired from the first on, so that two places
/// are never mixed. Where their count is odd, one has no partner: the first of them or the last, whichever stands
/// farther from its neighbour. `may_pair` says whether the text between two numbers lets them be one place.
pub(super) fn pairs(parts: &[Part], may_pair: impl Fn(&Part, &Part) -> bool) -> Vec<Spot> {
    let mut found = Vec::new();
    let fits = |pair: &[Part]| pair[0].axis != pair[1].axis && may_pair(&pair[0], &pair[1]);
    let mut start = 0;
    while start < parts.len() {
        let turns = parts[start..].windows(2).take_while(|pair| fits(pair)).count();
        let run = &parts[start..=start + turns];
        let gap = |index: usize| run[index + 1].start.saturating_sub(run[index].end);
        let whole = match run.len() {
            odd if odd % 2 == 1 && odd > 1 && gap(0) > gap(odd - 2) => &run[1..],
            any => &run[..any - any % 2],
        };
        found.extend(whole.chunks_exact(2).map(|pair| spot(&pair[0], &pair[1])));
        start += run.len();
    }
    found
}

fn spot(first: &Part, second: &Part) -> Spot {
    let (latitude, longitude) = match first.axis {
        Axis::Latitude => (first.degrees, second.degrees),
        Axis::Longitude => (second.degrees, first.degrees),
    };
    let span = first.start.min(second.start)..first.end.max(second.end);
    Spot { fault: first.fault.or(second.fault), ..Spot::at(latitude, longitude, span) }
}
