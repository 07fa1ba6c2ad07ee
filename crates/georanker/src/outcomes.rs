//! A tally of what became of the photos of a gallery build, for people and for spreadsheets.

use std::collections::BTreeMap;
use std::io;

use contract::{ErrorKind, PhotoId};

use crate::PhotoOutcome;

/// At most this many reasons are told apart; the rest is counted together.
const REASONS: usize = 20;

/// Counts outcomes by reason.
#[derive(Clone, Debug, Default)]
pub struct OutcomeTally {
    counts: BTreeMap<(u8, &'static str), BTreeMap<String, usize>>,
}

impl PhotoOutcome {
    /// One word: `added`, `present`, `updated`, `differs` or `refused`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Present => "present",
            Self::Updated(_) => "updated",
            Self::Differs(_) => "differs",
            Self::Failed(_) => "refused",
        }
    }

    /// Why; empty where nothing needs a reason. Without the photo's name.
    pub fn reason(&self, id: Option<&PhotoId>) -> String {
        match self {
            Self::Added | Self::Present => String::new(),
            Self::Updated(difference) | Self::Differs(difference) => difference.to_string(),
            Self::Failed(failure) => {
                let named = id.and_then(|id| failure.message.strip_prefix(&format!("{id}: ")));
                named.unwrap_or(&failure.message).to_owned()
            }
        }
    }
}

impl OutcomeTally {
    /// Counts one photo.
    pub fn count(&mut self, id: Option<&PhotoId>, outcome: &PhotoOutcome) {
        let place = match outcome {
            PhotoOutcome::Added => 0,
            PhotoOutcome::Updated(_) => 1,
            PhotoOutcome::Present => 2,
            PhotoOutcome::Differs(_) => 4,
            PhotoOutcome::Failed(_) => 5,
        };
        let reason = match outcome {
            // Each place is another one.
            PhotoOutcome::Updated(difference) | PhotoOutcome::Differs(difference) => {
                difference.words().to_owned()
            }
            PhotoOutcome::Failed(failure) if failure.kind == ErrorKind::NotFound => {
                "the photo does not exist".to_owned()
            }
            other => other.reason(id),
        };
        let reasons = self.counts.entry((place, outcome.word())).or_default();
        let reason = if reasons.len() >= REASONS && !reasons.contains_key(&reason) {
            "other reasons".to_owned()
        } else {
            reason
        };
        *reasons.entry(reason).or_default() += 1;
    }

    /// Counts files that were passed over.
    pub fn skip(&mut self, count: usize, reason: &str) {
        if count > 0 {
            *self.counts.entry((3, "skipped")).or_default().entry(reason.to_owned()).or_default() += count;
        }
    }

    /// One line per outcome and reason, the most frequent first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for ((_, word), reasons) in &self.counts {
            let mut reasons: Vec<(&String, &usize)> = reasons.iter().collect();
            reasons.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
            lines.extend(
                reasons
                    .iter()
                    .map(|(reason, count)| format!("{word:<8} {count:>8}  {reason}").trim_end().to_owned()),
            );
        }
        lines
    }
}

/// The header of the CSV of outcomes.
///
/// # Errors
/// Those of the writer.
pub fn write_outcome_header(out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(b"IMG_ID,outcome,reason\n")
}

/// A row of the CSV of outcomes.
///
/// # Errors
/// Those of the writer.
pub fn write_outcome(
    out: &mut impl io::Write,
    id: Option<&PhotoId>,
    outcome: &PhotoOutcome,
) -> io::Result<()> {
    let id = id.map(|id| id.0.as_str()).unwrap_or_default();
    writeln!(
        out,
        "{},{},{}",
        field(id),
        outcome.word(),
        field(&outcome.reason((!id.is_empty()).then(|| id.into()).as_ref()))
    )
}

/// Quoted where CSV (RFC 4180) needs it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use contract::Failure;

    use super::*;
    use crate::Difference;

    #[test]
    fn reasons_are_counted_and_written() {
        let failed = |id: &str, why: &str| {
            (
                PhotoId::from(id),
                PhotoOutcome::Failed(Failure::new(ErrorKind::InvalidPhoto, format!("{id}: {why}"))),
            )
        };
        let all = [
            (PhotoId::from("a.jpg"), PhotoOutcome::Added),
            failed("b.jpg", "no GPS tag"),
            failed("c,1.jpg", "no GPS tag"),
            failed("d.jpg", "the \"file\" is empty"),
            (PhotoId::from("e.jpg"), PhotoOutcome::Differs(Difference::File)),
        ];
        let (mut tally, mut csv) = (OutcomeTally::default(), Vec::new());
        write_outcome_header(&mut csv).unwrap();
        for (id, outcome) in &all {
            tally.count(Some(id), outcome);
            write_outcome(&mut csv, Some(id), outcome).unwrap();
        }
        tally.skip(3, "not photos");
        assert_eq!(
            tally.lines(),
            [
                "added           1",
                "skipped         3  not photos",
                "differs         1  its file has changed",
                "refused         2  no GPS tag",
                "refused         1  the \"file\" is empty",
            ]
        );
        let text = String::from_utf8(csv).unwrap();
        assert_eq!(
            text,
            "IMG_ID,outcome,reason\na.jpg,added,\nb.jpg,refused,no GPS tag\n\"c,1.jpg\",refused,no GPS tag\n\
             d.jpg,refused,\"the \"\"file\"\" is empty\"\ne.jpg,differs,its file has changed\n"
        );
    }

    #[test]
    fn a_thousand_reasons_are_not_a_thousand_lines() {
        let mut tally = OutcomeTally::default();
        for number in 0..1000 {
            let failure = Failure::new(ErrorKind::InvalidPhoto, format!("x: reason {number}"));
            tally.count(Some(&"x".into()), &PhotoOutcome::Failed(failure));
        }
        assert_eq!(tally.lines().len(), REASONS + 1);
        assert!(tally.lines()[0].ends_with("980  other reasons"));
    }
}
