//! What abstaining brings: how many photos are answered, and how right those answers are.

use geo::metrics::RADII_KM;
use serde::Serialize;

use crate::join::Joined;
use crate::report::Entries;

/// Answers given and withheld. A photo counts as answered when it has a prediction that does not say `abstained`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Abstention {
    /// Photos of the truth.
    pub n: usize,
    /// Photos with an answer.
    pub answered: usize,
    /// Photos whose prediction abstains; photos without a prediction are neither.
    pub abstained: usize,
    /// Share of the photos with an answer, 0 to 1.
    pub coverage: f64,
    /// Share of the answers that are judged there within 1, 25, 200, 750 and 2500 km, 0 to 1; NaN (JSON: null) without
    /// such answers.
    pub precision: [f64; 5],
    /// The same for the locations that abstaining predictions give; NaN without them. Lower is better.
    pub withheld: [f64; 5],
}

impl Abstention {
    /// Judges joined predictions; `None` when no prediction says whether it abstains.
    pub fn new(joined: &Joined<'_>) -> Option<Self> {
        let mut says = false;
        let (mut answers, mut withheld) = (Vec::new(), Vec::new());
        for (index, error) in joined.errors_km().iter().enumerate() {
            let abstained = joined.abstained(index);
            says |= abstained.is_some();
            if error.is_some() {
                if abstained == Some(true) { &mut withheld } else { &mut answers }.push(index);
            }
        }
        let n = joined.errors_km().len();
        let shares = |photos: &[usize]| joined.percent_within(photos).map(|percent| percent / 100.0);
        says.then(|| Self {
            n,
            answered: answers.len(),
            abstained: withheld.len(),
            coverage: answers.len() as f64 / n as f64,
            precision: shares(&answers),
            withheld: shares(&withheld),
        })
    }
}

impl Serialize for Abstention {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            n: usize,
            answered: usize,
            abstained: usize,
            coverage: f64,
            precision: Entries<'a, String, f64>,
            withheld: Entries<'a, String, f64>,
        }
        let [precision, withheld] = [self.precision, self.withheld]
            .map(|shares| RADII_KM.iter().map(ToString::to_string).zip(shares).collect::<Vec<_>>());
        Form {
            n: self.n,
            answered: self.answered,
            abstained: self.abstained,
            coverage: self.coverage,
            precision: Entries(&precision),
            withheld: Entries(&withheld),
        }
        .serialize(serializer)
    }
}
