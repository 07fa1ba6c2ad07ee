//! What a benchmark's row asked, in few letters: `"asked"` in its line of scores.
//!
//! A pairs file is what it says. A benchmark's rows are made of the official file by options (how many retrieved, how many
//! generated, which protocol), so that the same photo can have as many, but other, candidates in another run. A resumed
//! run keeps only scores of what it would ask itself.

use files::sha256_hex;
use formats::pairs::{PairsRow, PlaceText, ScoredRow};
use serde::Serialize;

/// A digest of the places and texts of a row and of the names of its photos.
pub(super) fn digest_of(row: &PairsRow) -> String {
    let mut bytes = Vec::new();
    // Lengths go first, so that no two rows run together to the same bytes.
    let mut text = |text: Option<&[u8]>| {
        bytes.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        bytes.extend(text.unwrap_or_default());
    };
    let numbers = |place: &PlaceText| {
        [place.location.latitude().to_le_bytes(), place.location.longitude().to_le_bytes()].concat()
    };
    text(Some(row.query.as_os_str().as_encoded_bytes()));
    let negatives = row.negatives.as_deref();
    text(negatives.map(|list| list.len().to_le_bytes()).as_ref().map(<[u8; _]>::as_slice));
    for place in negatives.unwrap_or_default() {
        text(Some(&numbers(place)));
        text(place.text.as_deref().map(str::as_bytes));
    }
    for candidate in &row.candidates {
        text(Some(&numbers(&candidate.place)));
        text(candidate.place.text.as_deref().map(str::as_bytes));
        text(candidate.photo.as_ref().map(|photo| photo.as_os_str().as_encoded_bytes()));
    }
    sha256_hex(&bytes)[..16].to_owned()
}

/// A row of scores with a digest at its end, its line end included.
pub(super) fn line_with(row: &ScoredRow, digest: &str) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        row: &'a ScoredRow,
        asked: &'a str,
    }
    // Texts, numbers and a list always have a JSON form.
    let mut line = serde_json::to_string(&Line { row, asked: digest }).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use formats::pairs::PairCandidate;
    use geo::LatLon;

    use super::*;

    #[test]
    fn every_part_of_a_row_counts() {
        let place = |latitude, text: Option<&str>| PlaceText {
            location: LatLon::new(latitude, 2.0).unwrap(),
            text: text.map(Into::into),
        };
        let candidate = |latitude, text: Option<&str>, photo: Option<&str>| PairCandidate {
            place: place(latitude, text),
            photo: photo.map(PathBuf::from),
        };
        let row = |candidates: Vec<PairCandidate<PathBuf>>| PairsRow {
            id: "a".into(),
            query: "a.jpg".into(),
            negatives: None,
            candidates,
        };
        let base = row(vec![candidate(1.0, Some("x"), None)]);
        let rows = [
            row(vec![candidate(1.5, Some("x"), None)]),
            row(vec![candidate(1.0, Some("y"), None)]),
            row(vec![candidate(1.0, None, None)]),
            row(vec![candidate(1.0, Some("x"), Some("p.jpg"))]),
            row(vec![candidate(1.0, Some(""), Some("x"))]),
            PairsRow { negatives: Some(vec![]), ..base.clone() },
            PairsRow { negatives: Some(vec![place(0.0, None)]), ..base.clone() },
            PairsRow { query: "b.jpg".into(), ..base.clone() },
        ];
        let mut digests: Vec<String> = rows.iter().chain([&base]).map(digest_of).collect();
        assert_eq!(digest_of(&base.clone()), digests[rows.len()]);
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), rows.len() + 1);
        let line = line_with(&ScoredRow::scored("a", vec![-1.0 / 3.0, 0.1]), "00ff");
        assert_eq!(line, "{\"id\":\"a\",\"scores\":[-0.33333334,0.1],\"best\":1,\"asked\":\"00ff\"}\n");
    }
}
