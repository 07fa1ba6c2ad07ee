//! Training of rankers on what a model pack sees.

use contract::{ChannelSpec, ErrorKind, Failure};
use geo::LatLon;
use rank::set::{SetChannel, SetConfig};
use train::configuration::{EngineSettings, SetSettings};
use train::datasets::{SetDataset, SetEncoder};
use train::set::SetTraining;

use crate::pack::RankerManifest;
use crate::{Pack, PhotoEncoder, open_location_encoder};

/// Opens the pack and the data that settings name, and encodes all photos. `progress` is told how many photos of how many
/// are done, from several threads.
///
/// # Errors
/// What is missing, damaged or does not fit, by name; [`ErrorKind::Usage`] for a pack whose encoder has no heads.
pub fn open_set_training(
    settings: &SetSettings,
    engine: &EngineSettings,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<SetTraining, Failure> {
    // What can be wrong at once is said before anything is loaded.
    let dataset = SetDataset::open(settings, engine)?;
    let pack = Pack::open(&settings.model)?;
    let photos = PhotoEncoder::open(&pack)?;
    let locations = open_location_encoder(&pack)?;
    let no_heads = || {
        let message = format!("{}: its encoder has no heads to train a set ranker on", settings.model.display());
        Failure::new(ErrorKind::Usage, message).with_hint("name a pack made with `cargo xtask pack`")
    };
    if photos.heads().is_none() || locations.is_none() {
        return Err(no_heads());
    }
    let places =
        |places: &[LatLon]| photos.place_vectors(places, locations.as_ref()).ok_or_else(no_heads);
    let encoder = SetEncoder { photos: &photos, places: &places };
    dataset.training(network_shape(&pack, &photos)?, &encoder, progress)
}

/// A network of the shape of the pack's own set ranker; where it has none, one of the usual size on top of the pack's
/// similarity ranker.
fn network_shape(pack: &Pack, encoder: &PhotoEncoder) -> Result<SetConfig, Failure> {
    let base = match &pack.manifest().ranker {
        RankerManifest::Similarity(settings) => settings.clone(),
        RankerManifest::Set(files) => {
            let bytes = pack.read(&files.config)?;
            let config = SetConfig::from_toml(&String::from_utf8_lossy(&bytes))?;
            return Ok(SetConfig { members: 1, ..config });
        }
    };
    let channel = |spec: &ChannelSpec| SetChannel {
        name: spec.channel.clone(),
        dimension: spec.dimension,
        temperatures: vec![0.05, 0.15],
    };
    Ok(SetConfig::new(contract::Encoder::channels(encoder).iter().map(channel).collect(), Some(base)))
}
