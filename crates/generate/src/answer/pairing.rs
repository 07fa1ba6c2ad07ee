//! Which of several numbers belong together.

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
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The last latitude and longitude that stand side by side, whichever comes first.
///
/// Numbers that take turns (a longitude, a latitude, a longitude, ...) are paired from the first on, so that two places
/// are never mixed. Where their count is odd, one has no partner: the first of them or the last, whichever stands
/// farther from its neighbour.
pub(super) fn last_pair(parts: &[Part]) -> Option<(f64, f64)> {
    let mut end = parts.len();
    while end >= 2 {
        let turns = parts[..end].windows(2).rev().take_while(|pair| pair[0].axis != pair[1].axis).count();
        let run = &parts[end - 1 - turns..end];
        let gap = |index: usize| run[index + 1].start.saturating_sub(run[index].end);
        let pair = match run.len() {
            1 => None,
            odd if odd % 2 == 1 && gap(0) <= gap(odd - 2) => Some((run[odd - 3], run[odd - 2])),
            any => Some((run[any - 2], run[any - 1])),
        };
        if let Some((first, second)) = pair {
            return Some(match first.axis {
                Axis::Latitude => (first.degrees, second.degrees),
                Axis::Longitude => (second.degrees, first.degrees),
            });
        }
        end -= 1;
    }
    None
}
