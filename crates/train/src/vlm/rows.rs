//! From rows of a ranking dataset to examples.

use contract::{ErrorKind, Failure, PhotoId};
use formats::ranking_data::RankingRow;
use geo::geodesic_km;
use rank::vlm::prompt::{PlaceText, training_place};

use super::example::{VlmCandidate, VlmExample};

/// How a row becomes an example; the defaults are the published ones (arXiv 2505.13731, appendix).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExampleRules {
    /// Entries at the start of the list that are passed over: 1 where a collection is searched with its own photos.
    pub skip: usize,
    /// Candidates of a group.
    pub group_size: usize,
    /// Entries at the end of the list that become negatives. In a short list they are candidates too, as in the
    /// reference. 0 leaves the part out of the prompt.
    pub negatives: usize,
    /// Whether the prompt shows candidates' photos.
    pub candidate_photos: bool,
}

impl Default for ExampleRules {
    fn default() -> Self {
        Self { skip: 1, group_size: 7, negatives: 5, candidate_photos: true }
    }
}

impl ExampleRules {
    /// The example of a row. `name`: what messages call it, such as `train.parquet, row 17`.
    ///
    /// # Errors
    /// A [`Failure`] of kind [`ErrorKind::InvalidTable`]: a list without an entry after those passed over, coordinates out
    /// of range.
    pub fn example(&self, name: &str, row: &RankingRow) -> Result<VlmExample, Failure> {
        let invalid = |why: String| Failure::new(ErrorKind::InvalidTable, format!("{name}: {why}"));
        let here = row.location().map_err(|error| invalid(format!("gps: {error}")))?;
        let there = row.candidate_locations().map_err(|error| invalid(format!("ref_gps: {error}")))?;
        let place = |index: usize| {
            let fields: Vec<&str> = row.ref_texts[index].iter().map(String::as_str).collect();
            PlaceText { location: there[index], text: Some(training_place(&fields)) }
        };
        let candidates: Vec<VlmCandidate> = there
            .iter()
            .enumerate()
            .skip(self.skip)
            .take(self.group_size)
            .map(|(index, &location)| VlmCandidate {
                place: place(index),
                photo: Some(&row.ref_img_id[index])
                    .filter(|id| self.candidate_photos && !id.is_empty())
                    .map(|id| PhotoId(id.clone())),
                distance_km: geodesic_km(here, location),
            })
            .collect();
        if candidates.is_empty() {
            let hint = "rows need more candidates than are passed over (list position 0 is the query itself)";
            let why = format!("{} candidates, the first {} of which are passed over", row.len(), self.skip);
            return Err(invalid(why).with_hint(hint));
        }
        let negatives = (row.len().saturating_sub(self.negatives)..row.len()).map(place).collect();
        Ok(VlmExample {
            name: name.to_owned(),
            query: PhotoId(row.img_id.clone()),
            candidates,
            negatives: (self.negatives > 0).then_some(negatives),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(count: usize) -> RankingRow {
        RankingRow {
            img_id: "query.jpg".into(),
            gps: [48.85, 2.35],
            ref_gps: (0..count).map(|index| [48.85 + index as f64, 2.35]).collect(),
            ref_img_id: (0..count)
                .map(|index| if index == 3 { String::new() } else { format!("{index}.jpg") })
                .collect(),
            ref_texts: (0..count).map(|index| vec![format!("N{index}"), String::new(), "F".into()]).collect(),
            ..RankingRow::default()
        }
    }

    #[test]
    fn the_reference_rules_are_kept() {
        let example = ExampleRules::default().example("a.parquet, row 0", &row(20)).unwrap();
        let texts: Vec<&str> =
            example.candidates.iter().map(|candidate| candidate.place.text.as_deref().unwrap()).collect();
        assert_eq!(texts, ["N1  F", "N2  F", "N3  F", "N4  F", "N5  F", "N6  F", "N7  F"]);
        let negatives = example.negatives.unwrap();
        assert_eq!(negatives.len(), 5);
        assert_eq!((negatives[0].location.latitude(), negatives[4].text.as_deref()), (63.85, Some("N19  F")));
        assert_eq!(example.candidates[0].photo, Some(PhotoId("1.jpg".into())));
        assert_eq!(example.candidates[2].photo, None);
        assert!((example.candidates[1].distance_km - 222.4).abs() < 0.5);
    }

    #[test]
    fn short_lists_and_other_rules() {
        let rules = ExampleRules { candidate_photos: false, negatives: 0, ..ExampleRules::default() };
        let example = rules.example("x", &row(3)).unwrap();
        assert_eq!(example.candidates.len(), 2);
        assert!(example.negatives.is_none() && example.candidates.iter().all(|one| one.photo.is_none()));
        assert_eq!(ExampleRules::default().example("x", &row(3)).unwrap().negatives.unwrap().len(), 3);
        let failure = ExampleRules::default().example("t.parquet, row 9", &row(1)).unwrap_err();
        assert!(failure.message.contains("row 9") && failure.hint.is_some(), "{failure}");
    }
}
