//! The file between `generate` and `locate`: one JSON line a photo.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use contract::{Candidate, Failure, Geocoded, Origin};
use geo::LatLon;
use serde::{Deserialize, Serialize};

use crate::{Answered, DroppedCounts, GenerateError, Reading, Usage};

/// A coordinate that a model wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenCandidate {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Name of the model.
    pub model: String,
    /// The number of the answer, from 0.
    pub sample: usize,
    /// Whether the answer itself was empty, and the place stands in the model's thoughts. Left out where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_thoughts: bool,
    /// The place that the model named, where it gave no coordinates: these are the gazetteer's. Left out where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geocoded: Option<Geocoded>,
}

/// A photo's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenPhoto {
    /// The photo's name.
    pub photo: String,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: String,
    /// What was read from the answers, by sample.
    pub candidates: Vec<WrittenCandidate>,
    /// How many answers there were.
    pub answers: usize,
    /// Answers that gave no candidate, by reason.
    #[serde(default)]
    pub dropped: DroppedCounts,
    /// How many answers came from the cache.
    #[serde(default)]
    pub cached: usize,
    /// How often the model was asked.
    #[serde(default)]
    pub requests: usize,
    /// What these requests took.
    #[serde(default)]
    pub usage: Usage,
    /// What they cost, where prices are known.
    #[serde(default)]
    pub cost: Option<f64>,
}

impl WrittenPhoto {
    /// Reads the answers for a photo. `cost` is what this run paid for them.
    pub fn new(
        photo: impl Into<String>,
        sha256: impl Into<String>,
        model: &str,
        answered: &Answered,
        reading: Reading,
        cost: Option<f64>,
    ) -> Self {
        let (places, dropped) = answered.places(reading);
        let candidates = places.into_iter().map(|place| WrittenCandidate {
            lat: place.location.latitude(),
            lon: place.location.longitude(),
            model: model.to_owned(),
            sample: place.sample,
            from_thoughts: place.from_thoughts,
            geocoded: place.geocoded,
        });
        Self {
            photo: photo.into(),
            sha256: sha256.into(),
            candidates: candidates.collect(),
            answers: answered.answers.len(),
            dropped,
            cached: answered.cached,
            requests: answered.requests,
            usage: answered.usage,
            cost,
        }
    }

    /// The candidates as every other part of the pipeline knows them.
    ///
    /// # Errors
    /// In words, for a coordinate or radius that is none.
    pub fn to_candidates(&self) -> Result<Vec<Candidate>, String> {
        let candidate = |written: &WrittenCandidate| {
            let location = LatLon::new(written.lat, written.lon).map_err(|error| error.to_string())?;
            if let Some(Geocoded { radius_km, .. }) = &written.geocoded
                && !(*radius_km >= 0.0 && radius_km.is_finite())
            {
                return Err(format!("geocoded.radius_km {radius_km} is not a distance in km"));
            }
            let origin = Origin::Generated {
                model: written.model.clone(),
                sample: written.sample,
                geocoded: written.geocoded.clone(),
            };
            Ok(Candidate::at(location, origin))
        };
        self.candidates.iter().map(candidate).collect()
    }
}

/// A photo that got no answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnwrittenPhoto {
    /// The photo's name.
    pub photo: String,
    /// Why.
    pub error: Failure,
}

/// A line of the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Written(WrittenPhoto),
    Failed(#[expect(dead_code, reason = "only its shape matters here")] UnwrittenPhoto),
}

/// Everything that a file of generated candidates holds.
#[derive(Debug, Default)]
pub struct WrittenFile {
    photos: Vec<Vec<Candidate>>,
    by_name: HashMap<String, usize>,
    by_sha256: HashMap<String, usize>,
}

impl WrittenFile {
    /// Reads a file that `georanker generate` wrote. Photos that failed there are left out; of two lines about the same
    /// photo the last one counts.
    ///
    /// # Errors
    /// [`GenerateError::Read`] and [`GenerateError::Line`].
    pub fn open(path: &Path) -> Result<Self, GenerateError> {
        let failed = |source: std::io::Error| GenerateError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mut written = Self::default();
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(failed)?;
            let wrong = |why: String| GenerateError::Line { path: path.to_owned(), line: index + 1, why };
            if line.trim().is_empty() {
                continue;
            }
            let photo = match serde_json::from_str::<Line>(&line) {
                Ok(Line::Written(photo)) => photo,
                Ok(Line::Failed(_)) => continue,
                Err(_) => return Err(wrong("no photo with sha256 and candidates, and no error".to_owned())),
            };
            let number = written.photos.len();
            written.photos.push(photo.to_candidates().map_err(wrong)?);
            written.by_name.insert(photo.photo, number);
            written.by_sha256.insert(photo.sha256, number);
        }
        Ok(written)
    }

    /// The candidates of a photo, found by its contents; by its name where `sha256` is not known.
    pub fn candidates(&self, name: &str, sha256: Option<&str>) -> Option<&[Candidate]> {
        let number = match sha256 {
            Some(sha256) => self.by_sha256.get(sha256),
            None => self.by_name.get(name),
        };
        self.photos.get(*number?).map(Vec::as_slice)
    }

    /// How many photos it has candidates of.
    pub fn len(&self) -> usize {
        self.by_sha256.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.by_sha256.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Finish};

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("written.jsonl");
        let answer = |text: &str| Answer { text: text.to_owned(), finish: Finish::Stop };
        let answered =
            Answered { answers: vec![answer("no"), answer("48.123456789, 2.5")], ..Answered::default() };
        let line = WrittenPhoto::new("a.jpg", "ff", "m", &answered, Reading::Default, Some(0.5));
        let failed = UnwrittenPhoto {
            photo: "b.jpg".into(),
            error: Failure::new(contract::ErrorKind::InvalidPhoto, "b.jpg: no photo"),
        };
        let text = format!(
            "{}\n\n{}\n",
            serde_json::to_string(&line).unwrap(),
            serde_json::to_string(&failed).unwrap()
        );
        std::fs::write(&path, text).unwrap();
        let file = WrittenFile::open(&path).unwrap();
        assert_eq!(file.len(), 1);
        let candidates = file.candidates("other name", Some("ff")).unwrap();
        assert_eq!(candidates[0].location, LatLon::new(48.123_456_789, 2.5).unwrap());
        assert_eq!(candidates[0].origin, Origin::generated("m", 1));
        assert!(file.candidates("a.jpg", None).is_some() && file.candidates("b.jpg", None).is_none());
        assert!(file.candidates("a.jpg", Some("00")).is_none(), "another photo under the same name");
    }

    #[test]
    fn other_files_are_refused_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("written.jsonl");
        for (text, why) in [
            ("{\"photo\": \"a\"}", "line 1"),
            ("\n[1]", "line 2"),
            (
                "{\"photo\":\"a\",\"sha256\":\"f\",\"answers\":1,\"candidates\":[{\"lat\":1.0,\"lon\":0.0,\"model\":\"m\",\"sample\":0,\"geocoded\":{\"place\":\"x\",\"radius_km\":-1}}]}",
                "radius_km -1",
            ),
            (
                "{\"photo\":\"a\",\"sha256\":\"f\",\"answers\":1,\"candidates\":[{\"lat\":91.0,\"lon\":0.0,\"model\":\"m\",\"sample\":0}]}",
                "latitude 91",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = WrittenFile::open(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
