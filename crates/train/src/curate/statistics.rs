//! What a dataset holds.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use formats::ranking_data::RankingRow;
use geo::metrics::RADII_KM;
use geo::{LatLon, geodesic_km};
use serde::Serialize;

/// Bands of distance: one below each threshold of the field, and one beyond the last.
pub const BANDS: usize = RADII_KM.len() + 1;

/// Names of the bands.
pub const BAND_NAMES: [&str; BANDS] =
    ["< 1 km", "1-25 km", "25-200 km", "200-750 km", "750-2500 km", ">= 2500 km"];

/// Steps of the distance histogram for each power of ten, from [`HISTOGRAM_FROM_KM`] on.
pub(super) const STEPS_A_DECADE: usize = 5;
/// Where the histogram begins, km; the first step also holds what is nearer.
pub(super) const HISTOGRAM_FROM_KM: f64 = 0.01;
/// Steps up to half the Earth's girth.
pub(super) const HISTOGRAM_STEPS: usize = 32;

/// Positions in the list that are counted one by one; later ones are counted with the last.
pub(super) const POSITIONS: usize = 64;

/// Cells of the map: one degree each.
pub(super) const MAP: [usize; 2] = [180, 360];

/// Counts over the rows of a dataset. Takes 8 bytes a row for exact medians and authors; the rest is of fixed size.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Rows.
    pub queries: u64,
    /// Candidates in all rows, the query itself not counted.
    pub candidates: u64,
    /// Rows whose first candidate is the query itself.
    pub with_itself: u64,
    /// Fewest and most candidates in a row.
    pub list_lengths: Option<(u64, u64)>,
    /// Rows without candidates.
    pub empty: u64,
    /// Rows whose candidates are all at one place.
    pub one_place: u64,
    /// Candidates by distance to the query.
    pub bands: [u64; BANDS],
    /// Rows by the distance of their best candidate.
    pub best_bands: [u64; BANDS],
    /// Rows that name an author.
    pub with_author: u64,
    best_km: Vec<f32>,
    authors: HashSet<u64>,
    pub(super) by_position: Vec<[u64; BANDS]>,
    pub(super) distances: [u64; HISTOGRAM_STEPS],
    pub(super) best_distances: [u64; HISTOGRAM_STEPS],
    pub(super) map: Vec<u32>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            queries: 0,
            candidates: 0,
            with_itself: 0,
            list_lengths: None,
            empty: 0,
            one_place: 0,
            bands: [0; BANDS],
            best_bands: [0; BANDS],
            with_author: 0,
            best_km: Vec::new(),
            authors: HashSet::new(),
            by_position: Vec::new(),
            distances: [0; HISTOGRAM_STEPS],
            best_distances: [0; HISTOGRAM_STEPS],
            map: vec![0; MAP[0] * MAP[1]],
        }
    }
}

/// The numbers as one object, for programs.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Rows.
    pub queries: u64,
    /// Candidates in all rows.
    pub candidates: u64,
    /// Fewest, mean and most candidates in a row.
    pub candidates_per_query: [f64; 3],
    /// Rows whose first candidate is the query itself.
    pub with_itself: u64,
    /// Rows without candidates.
    pub empty: u64,
    /// Rows whose candidates are all at one place.
    pub one_place: u64,
    /// Distinct authors, and rows that name one.
    pub authors: u64,
    /// Rows that name an author.
    pub with_author: u64,
    /// Upper edges of the bands, km; the last band has none.
    pub band_edges_km: [f64; 5],
    /// Candidates in each band.
    pub candidates_in_band: [u64; BANDS],
    /// Rows by the distance of their best candidate.
    pub best_in_band: [u64; BANDS],
    /// Median distance of the best candidate, km; null without candidates.
    pub median_best_km: Option<f64>,
}

impl Statistics {
    /// Adds a row.
    pub fn add(&mut self, row: &RankingRow) {
        let (Ok(location), Ok(candidates)) = (row.location(), row.candidate_locations()) else { return };
        let first = usize::from(row.starts_with_itself());
        let candidates = candidates.get(first..).unwrap_or_default();
        let length = candidates.len() as u64;
        self.queries += 1;
        self.candidates += length;
        self.with_itself += first as u64;
        self.empty += u64::from(candidates.is_empty());
        self.one_place += u64::from(is_one_place(row));
        self.list_lengths = Some(
            self.list_lengths
                .map_or((length, length), |(fewest, most)| (fewest.min(length), most.max(length))),
        );
        if let Some(author) = &row.author {
            self.with_author += 1;
            let mut hasher = DefaultHasher::new();
            author.hash(&mut hasher);
            self.authors.insert(hasher.finish());
        }
        let mut best = f64::INFINITY;
        for (position, candidate) in candidates.iter().enumerate() {
            let km = geodesic_km(location, *candidate);
            best = best.min(km);
            count(&mut self.bands, band_of(km));
            count(&mut self.distances, step_of(km));
            let position = position.min(POSITIONS - 1);
            if self.by_position.len() <= position {
                self.by_position.resize(position + 1, [0; BANDS]);
            }
            if let Some(bands) = self.by_position.get_mut(position) {
                count(bands, band_of(km));
            }
        }
        if best.is_finite() {
            self.best_km.push(best as f32);
            count(&mut self.best_bands, band_of(best));
            count(&mut self.best_distances, step_of(best));
        }
        self.mark(location);
    }

    fn mark(&mut self, location: LatLon) {
        let row = ((90.0 - location.latitude()) as usize).min(MAP[0] - 1);
        let column = ((location.longitude() + 180.0) as usize).min(MAP[1] - 1);
        if let Some(cell) = self.map.get_mut(row * MAP[1] + column) {
            *cell = cell.saturating_add(1);
        }
    }

    /// Distinct authors.
    pub fn authors(&self) -> usize {
        self.authors.len()
    }

    /// Median distance of the best candidate, km.
    pub fn median_best_km(&self) -> Option<f64> {
        let mut sorted = self.best_km.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let middle = sorted.len() / 2;
        let upper = f64::from(*sorted.get(middle)?);
        let lower = if sorted.len().is_multiple_of(2) { sorted.get(middle - 1).copied() } else { None };
        Some(lower.map_or(upper, |lower| f64::midpoint(f64::from(lower), upper)))
    }

    /// The numbers.
    pub fn summary(&self) -> Summary {
        let (fewest, most) = self.list_lengths.unwrap_or_default();
        let mean = self.candidates as f64 / self.queries.max(1) as f64;
        Summary {
            queries: self.queries,
            candidates: self.candidates,
            candidates_per_query: [fewest as f64, mean, most as f64],
            with_itself: self.with_itself,
            empty: self.empty,
            one_place: self.one_place,
            authors: self.authors() as u64,
            with_author: self.with_author,
            band_edges_km: RADII_KM,
            candidates_in_band: self.bands,
            best_in_band: self.best_bands,
            median_best_km: self.median_best_km(),
        }
    }
}

/// Whether a row has several candidates, the query itself not counted, and all are at one place.
pub(super) fn is_one_place(row: &RankingRow) -> bool {
    let candidates = row.ref_gps.get(usize::from(row.starts_with_itself())..).unwrap_or_default();
    candidates.len() > 1 && candidates.iter().all(|gps| Some(gps) == candidates.first())
}

fn count<const N: usize>(counts: &mut [u64; N], index: usize) {
    if let Some(slot) = counts.get_mut(index) {
        *slot += 1;
    }
}

fn band_of(km: f64) -> usize {
    RADII_KM.iter().position(|threshold| km < *threshold).unwrap_or(BANDS - 1)
}

fn step_of(km: f64) -> usize {
    let steps = (km.max(HISTOGRAM_FROM_KM) / HISTOGRAM_FROM_KM).log10() * STEPS_A_DECADE as f64;
    (steps as usize).min(HISTOGRAM_STEPS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, longitudes: &[f64]) -> RankingRow {
        RankingRow {
            img_id: id.into(),
            gps: [0.0, 0.0],
            ref_gps: longitudes.iter().map(|longitude| [0.0, *longitude]).collect(),
            ref_img_id: longitudes.iter().map(ToString::to_string).collect(),
            ref_texts: vec![Vec::new(); longitudes.len()],
            author: Some("ann".into()),
            ..RankingRow::default()
        }
    }

    #[test]
    fn counts_by_hand() {
        let mut statistics = Statistics::default();
        // 0.5, 11, 111, 556, 1113 and 5566 km along the equator.
        statistics.add(&row("a", &[50.0, 0.005, 0.1, 1.0, 5.0, 10.0]));
        statistics.add(&row("b", &[1.0, 1.0]));
        statistics.add(&row("c", &[]));
        let mut itself = row("0", &[0.0, 2.0]);
        itself.author = None;
        statistics.add(&itself);
        assert_eq!(statistics.bands, [1, 1, 3, 2, 1, 1]);
        assert_eq!(statistics.best_bands, [1, 0, 1, 1, 0, 0]);
        assert_eq!((statistics.candidates, statistics.with_itself, statistics.one_place), (9, 1, 1));
        assert_eq!(statistics.list_lengths, Some((0, 6)));
        assert_eq!((statistics.empty, statistics.authors(), statistics.with_author), (1, 1, 3));
        assert!((statistics.median_best_km().unwrap() - 111.3).abs() < 0.1);
        assert_eq!(statistics.by_position[0], [0, 0, 1, 1, 0, 1]);
        assert_eq!(statistics.map[90 * 360 + 180], 4);
        assert_eq!(statistics.distances.iter().sum::<u64>(), 9);
        assert_eq!((step_of(0.0), step_of(0.01), step_of(1.0), step_of(20_100.0)), (0, 0, 10, 31));
    }

    #[test]
    fn an_empty_dataset_has_a_summary() {
        let summary = Statistics::default().summary();
        assert!(summary.median_best_km.is_none());
        assert!(serde_json::to_string(&summary).unwrap().contains("\"queries\":0"));
    }
}
