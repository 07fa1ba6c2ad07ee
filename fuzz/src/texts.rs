//! Settings, and what models say.

use std::path::Path;

use contract::Diagnose;
use generate::{Answer, Finish, official_coordinate, read_place};
use georanker::Manifest;
use nets::clip::ClipConfig;
use nets::qwen2_vl::config::Config;
use rank::Calibration;
use rank::set::SetConfig;
use train::configuration::{Configuration, SetSettings, VlmSettings};

/// Answers of models, whole and cut: a place is on Earth, or there is none.
pub fn answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let _ = official_coordinate(&text);
    for finish in [Finish::Stop, Finish::Length, Finish::Thoughts] {
        if let Ok(place) = read_place(&Answer { text: text.clone(), finish }) {
            assert!(place.location.latitude().abs() <= 90.0, "{place:?}");
            assert!(place.location.longitude().abs() <= 180.0, "{place:?}");
            let radius = place.geocoded.as_ref().map_or(0.0, |named| named.radius_km);
            assert!(radius >= 0.0 && radius.is_finite(), "{place:?}");
        }
    }
}

/// Settings of training, packs, networks and rankers. None of these readers is asked what kind of text it is given.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = Configuration::<SetSettings>::parse(Path::new("c.toml"), text) {
        let _ = (error.to_string(), error.hint());
    }
    if let Err(error) = Configuration::<VlmSettings>::parse(Path::new("c.toml"), text) {
        let _ = (error.to_string(), error.hint());
    }
    if let Ok(manifest) = toml::from_str::<Manifest>(text) {
        let _ = manifest.problem();
    }
    if let Err(error) = SetConfig::from_toml(text) {
        let _ = error.to_string();
    }
    if let Err(error) = Config::from_json("config.json", text) {
        let _ = (error.to_string(), error.hint());
    }
    if let Err(error) = ClipConfig::from_json("config.json", text) {
        let _ = (error.to_string(), error.hint());
    }
    if let Err(error) = ClipConfig::vision_from_json("config.json", text) {
        let _ = (error.to_string(), error.hint());
    }
    if let Ok(calibration) = serde_json::from_str::<Calibration>(text) {
        for raw in [[0.0; 5], [0.1, 0.2, 0.3, 0.5, 0.9], [1.0; 5], [f64::NAN; 5]] {
            let _ = calibration.abstention(&calibration.confidence(&raw));
        }
        let _ = calibration.lowest();
    }
}
