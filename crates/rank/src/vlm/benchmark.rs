//! From a row of a benchmark's official file to the pairs that are scored: the published evaluation.
//!
//! The first candidates of the retrieved list with their photos, the first generated coordinates without, and the last
//! five of the retrieved list as negatives. A place's text is city, state and country (arXiv 2505.13731 and its code).

use std::path::PathBuf;

use formats::official::{BenchmarkRow, RetrievedPhoto};
use formats::pairs::{PairCandidate, PairsRow, PlaceText};
use formats::ranking_data::NEGATIVES;

use super::prompt::{Protocol, evaluation_place};

/// How many candidates of each origin are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchmarkRules {
    /// Candidates from the retrieval.
    pub retrieved: usize,
    /// Candidates from a language model.
    pub generated: usize,
    /// [`Protocol::Official`] keeps the (0, 0) of answers that could not be parsed, and takes the negatives from the
    /// end of the list even where it is so short that they are candidates too.
    pub protocol: Protocol,
}

impl Default for BenchmarkRules {
    /// The published setting.
    fn default() -> Self {
        Self { retrieved: 12, generated: 3, protocol: Protocol::Default }
    }
}

impl BenchmarkRules {
    /// The pairs of a row, and how many generated candidates were left out because their answers were not parsed.
    /// Photos are given by name (the query's id, the collection's ids); the reader of the pairs finds the files.
    pub fn pairs(&self, row: &BenchmarkRow) -> (PairsRow, usize) {
        let official = self.protocol == Protocol::Official;
        let mut candidates: Vec<PairCandidate<PathBuf>> = row
            .retrieved
            .iter()
            .take(self.retrieved)
            .map(|found| PairCandidate {
                place: place_text(found),
                photo: found.photo.as_ref().map(PathBuf::from),
            })
            .collect();
        let first_negative = row.retrieved.len().saturating_sub(NEGATIVES);
        let first_negative = if official { first_negative } else { first_negative.max(candidates.len()) };
        let written = row.generated.iter().filter(|one| official || !one.is_unparsed());
        let unparsed = row.generated.iter().filter(|one| one.is_unparsed()).count();
        let written = written.take(self.generated);
        candidates.extend(written.map(|one| PairCandidate {
            place: PlaceText { location: one.location, text: None },
            photo: None,
        }));
        let negatives = row.retrieved.iter().skip(first_negative).map(place_text).collect();
        let id = row.id().0.clone();
        let pairs = PairsRow { query: PathBuf::from(&id), id, negatives: Some(negatives), candidates };
        (pairs, if official { 0 } else { unparsed })
    }
}

/// City, state and country; what is missing is passed over.
fn place_text(found: &RetrievedPhoto) -> PlaceText {
    let fields: Vec<&str> =
        [1, 3, 5].into_iter().filter_map(|at| found.texts.get(at)).map(String::as_str).collect();
    PlaceText { location: found.location, text: Some(evaluation_place(&fields)) }
}

#[cfg(test)]
mod tests {
    use formats::official::{BenchmarkTable, literal};

    use super::*;

    fn row(count: usize, generated: &str) -> BenchmarkRow {
        let list = |one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(", ");
        let gps = list(&|index| format!("({index}.5, -{index}.25)"));
        let texts = list(&|index| format!("['n', 'C{index}', 'x', '', 'r', 'L']"));
        let photos = list(&|index| format!("'aa_bb_{index}.jpg'"));
        assert!(literal::parse(&format!("[{gps}]")).is_ok());
        let csv = format!(
            "IMG_ID,LAT,LON,candidate_gps_lis,candidate_text_lis,candidate_img_lis,zs_gps_lis\n\
             q.jpg,1,2,\"[{gps}]\",\"[{texts}]\",\"[{photos}]\",\"{generated}\"\n"
        );
        let mut rows = BenchmarkTable::from_csv("b.csv", std::io::Cursor::new(csv)).unwrap();
        rows.next().unwrap().unwrap()
    }

    #[test]
    fn the_published_setting() {
        let generated = "[(0.0, 0.0), (10.0, 20.0), (11, 21), (12.5, 22.5), (13.0, 23.0)]";
        let (pairs, dropped) = BenchmarkRules::default().pairs(&row(20, generated));
        assert_eq!((pairs.candidates.len(), dropped), (15, 1));
        assert_eq!(pairs.candidates[0].place.text.as_deref(), Some("C0 L"));
        assert_eq!(pairs.candidates[11].photo, Some(PathBuf::from("aa_bb_11.jpg")));
        assert_eq!(
            (pairs.candidates[12].place.location.latitude(), &pairs.candidates[12].place.text),
            (10.0, &None)
        );
        let negatives = pairs.negatives.unwrap();
        let places: Vec<_> = negatives.iter().filter_map(|one| one.text.as_deref()).collect();
        assert_eq!(places, ["C15 L", "C16 L", "C17 L", "C18 L", "C19 L"]);
        let official = BenchmarkRules { protocol: Protocol::Official, ..BenchmarkRules::default() };
        let (pairs, dropped) = official.pairs(&row(20, generated));
        assert_eq!((pairs.candidates[12].place.location.latitude(), dropped), (0.0, 0));
    }

    #[test]
    fn short_lists_share_no_candidate_with_the_negatives_unless_officially() {
        let of = |protocol| BenchmarkRules { protocol, ..BenchmarkRules::default() }.pairs(&row(14, "[]")).0;
        assert_eq!(of(Protocol::Default).negatives.unwrap().len(), 2);
        assert_eq!(of(Protocol::Official).negatives.unwrap().len(), 5);
        assert_eq!(of(Protocol::Default).candidates.len(), 12);
    }
}
