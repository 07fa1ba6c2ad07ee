//! Made-up results, for the tests and for `examples/sample_outputs.rs`.

use std::io::Cursor;

use contract::{
    Abstention, Attribution, Candidate, Channel, Confidence, ErrorKind, Estimate, Failure, Origin, PhotoId,
    RankedCandidate,
};
use geo::{LatLon, ReverseGeocoder, geodesic_km};
use present::{PhotoResult, Precision, Thumbnails};

/// A point in a test.
pub(crate) fn point(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).expect("a coordinate")
}

/// A candidate photo with credit.
pub(crate) fn candidate(index: usize, location: LatLon, similarity: f32) -> Candidate {
    Candidate {
        location,
        place: ReverseGeocoder::embedded().place(location),
        photo: Some(PhotoId(format!("gallery/{:07}.jpg", index + 1))),
        found: None,
        origin: Origin::Retrieved { channel: Channel::photo(), rank: index, similarity },
        similarities: vec![(Channel::photo(), similarity), (Channel::location(), similarity - 0.6)],
        embedding: contract::QueryEmbedding::default(),
        also: Vec::new(),
        hash: None,
        attribution: Attribution {
            author: Some(["Ana Sørensen", "日本の写真家", "M. O'Brien"][index % 3].to_owned()),
            licence: Some(["CC-BY-4.0", "CC-BY-SA-2.0", "CC0-1.0"][index % 3].to_owned()),
            source: Some("example/photos".to_owned()),
        },
    }
}

/// An estimate at the first point, with a candidate at every point.
pub(crate) fn estimate(points: &[(f64, f64)], confidence: [f64; 5]) -> Estimate {
    let location = point(points[0].0, points[0].1);
    let mut left = 1.0;
    let candidates = points.iter().enumerate().map(|(index, (latitude, longitude))| {
        let at = point(*latitude, *longitude);
        let probability = left * 0.55;
        left -= probability;
        RankedCandidate {
            candidate: candidate(index, at, 0.91 - 0.043 * index as f32),
            score: 4.5 - 0.7 * index as f32,
            probability,
            distance_to_estimate_km: geodesic_km(location, at),
        }
    });
    let candidates: Vec<RankedCandidate> = candidates.collect();
    Estimate {
        location,
        place: ReverseGeocoder::embedded().place(location),
        origins: candidates.iter().take(1).flat_map(|one| one.candidate.origins().cloned()).collect(),
        confidence: Some(Confidence(confidence)),
        abstention: None,
        coverage_note: None,
        candidates,
        stated: None,
        incomplete: None,
        group: None,
    }
}

/// A located photo.
pub(crate) fn located(photo: &str, estimate: Estimate) -> PhotoResult {
    PhotoResult {
        photo: photo.to_owned(),
        id: photo.rsplit('/').next().unwrap_or(photo).to_owned(),
        outcome: Ok(estimate),
        model: "starter 0.1.0".to_owned(),
        gallery: "geophotos".to_owned(),
        elapsed_ms: 87.25,
        precision: Precision::Exact,
    }
}

/// A photo whose best candidate is a model's, confirmed by a search; the other one is a bare coordinate.
pub(crate) fn generated(photo: &str) -> PhotoResult {
    let mut estimate = estimate(&[(48.8584, 2.2945), (41.89, 12.49)], [0.5, 0.6, 0.7, 0.8, 0.9]);
    let [first, second] = &mut estimate.candidates[..] else { panic!("two candidates") };
    for (sample, ranked) in [first, second].into_iter().enumerate() {
        let Candidate { origin, also, photo, attribution, .. } = &mut ranked.candidate;
        let retrieved = std::mem::replace(origin, Origin::generated("vlm-2b", sample));
        if sample == 0 {
            also.push(retrieved);
        }
        (*photo, *attribution) = (None, Attribution::default());
    }
    estimate.origins = estimate.candidates[0].candidate.origins().cloned().collect();
    located(photo, estimate)
}

/// A photo that failed.
pub(crate) fn failed(photo: &str) -> PhotoResult {
    let failure =
        Failure::new(ErrorKind::InvalidPhoto, format!("{photo} is not a photo: unexpected end of file"))
            .with_hint("check that the file opens in a viewer");
    PhotoResult { outcome: Err(failure), ..located(photo, estimate(&[(0.0, 0.0)], [0.0; 5])) }
}

/// A handful of photos: sure, unsure, abstaining, failing, at the antimeridian and near a pole.
pub(crate) fn all() -> Vec<PhotoResult> {
    let mut unsure = estimate(
        &[(52.37, 4.9), (-34.6, -58.4), (35.01, 135.77), (40.71, -74.0), (-1.29, 36.82)],
        [0.004, 0.03, 0.07, 0.19, 0.41],
    );
    unsure.abstention = Some(Abstention::NothingSimilar { best: 0.11, least: 0.25 });
    unsure.coverage_note =
        Some("The gallery covers Australia (61 %), Europe (22 %) and North America (9 %).".to_owned());
    vec![
        located(
            "holiday/harbour.jpg",
            estimate(
                &[
                    (-33.8568, 151.2153),
                    (-33.8611, 151.2106),
                    (-33.7126, 150.3125),
                    (-33.8915, 151.2767),
                    (-37.8136, 144.9631),
                    (-36.8485, 174.7633),
                ],
                [0.41, 0.88, 0.93, 0.965, 0.995],
            ),
        ),
        located("holiday/fog.jpg", unsure),
        failed("holiday/broken.jpg"),
        located(
            "holiday/</script><img src=x onerror=alert(1)>.jpg",
            estimate(
                &[(-17.8, 178.9), (-16.8, -179.9), (-18.1, 178.4), (-13.8, -171.8)],
                [0.1, 0.35, 0.6, 0.8, 0.97],
            ),
        ),
        located(
            "holiday/上海 夜.jpg",
            estimate(&[(31.24, 121.49), (31.23, 121.47), (22.3, 114.17)], [0.6, 0.92, 0.95, 0.97, 0.99]),
        ),
        located(
            "polar/ice.jpg",
            estimate(&[(78.22, 15.64), (69.65, 18.96), (64.15, -21.94)], [0.3, 0.5, 0.55, 0.7, 0.98]),
        ),
    ]
}

/// Drawn pictures: a sky, a sun, some hills, different for each name.
pub(crate) struct DrawnThumbnails;

impl Thumbnails for DrawnThumbnails {
    fn query(&self, result: &PhotoResult) -> Option<Vec<u8>> {
        result.outcome.is_ok().then(|| draw(&result.photo, 480, 320))
    }

    fn candidate(&self, photo: &PhotoId) -> Option<Vec<u8>> {
        // Some galleries have photos without pixels.
        (!photo.0.ends_with("4.jpg")).then(|| draw(&photo.0, 180, 180))
    }
}

fn draw(name: &str, width: u32, height: u32) -> Vec<u8> {
    let seed = name.bytes().fold(17_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let phase = f64::from(seed % 628) / 100.0;
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let hill = 0.62 + 0.12 * (5.0 * x + phase).sin() + 0.05 * (13.0 * x + 2.0 * phase).sin();
        let sun = (x - 0.2 - 0.6 * (phase / 6.3)).hypot(y - 0.3) < 0.09;
        if y > hill {
            image::Rgb([40 + (70.0 * y) as u8, 90 + (40.0 * phase.cos()) as u8, 60])
        } else if sun {
            image::Rgb([250, 226, 160])
        } else {
            image::Rgb([120 + (100.0 * y) as u8, 160 + (50.0 * y) as u8, 205 + (20.0 * phase.sin()) as u8])
        }
    });
    let mut jpeg = Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("a picture in memory");
    jpeg.into_inner()
}
