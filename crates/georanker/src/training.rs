//! Training of rankers on what a model pack sees.

use contract::{ChannelSpec, Encoder, ErrorKind, Failure};
use nets::LoadOptions;
use rank::set::{SetChannel, SetConfig};
use train::configuration::{EngineSettings, SetSettings};
use train::datasets::SetDataset;
use train::set::SetTraining;

use crate::pack::RankerManifest;
use crate::{Pack, PhotoEncoder};

/// Opens the pack and the data that settings name, and encodes all photos; `load` says where. `progress` is told how many photos of how many
/// are done.
///
/// # Errors
/// What is missing, damaged or does not fit, by name; [`ErrorKind::Usage`] for a pack whose encoder has no heads.
pub fn open_set_training(
    settings: &SetSettings,
    engine: &EngineSettings,
    load: &LoadOptions,
    progress: &dyn Fn(usize, usize),
) -> Result<SetTraining, Failure> {
    // What can be wrong at once is said before anything is loaded.
    let dataset = SetDataset::open(settings, engine)?;
    let pack = Pack::open(&settings.model)?;
    let photos = PhotoEncoder::open_with(&pack, load)?;
    if photos.heads().is_none() || photos.encode_places(&[])?.is_none() {
        let message =
            format!("{}: its encoder has no heads to train a set ranker on", settings.model.display());
        return Err(Failure::new(ErrorKind::Usage, message).with_hint("use a pack whose encoder has heads"));
    }
    dataset.training(network_shape(&pack, &photos)?, &photos, progress)
}

/// A network of the shape of the pack's own set ranker; where it has none, one of the usual size on top of the pack's
/// similarity ranker.
fn network_shape(pack: &Pack, encoder: &PhotoEncoder) -> Result<SetConfig, Failure> {
    let base = match &pack.manifest().ranker {
        RankerManifest::Similarity(settings) => settings.clone(),
        RankerManifest::Evidence(evidence) => evidence.vote.clone(),
        RankerManifest::Set(files) => {
            let config = SetConfig::from_toml(&pack.read_text(&files.config)?)?;
            return Ok(SetConfig { members: 1, ..config });
        }
    };
    let channel = |spec: &ChannelSpec| SetChannel {
        name: spec.channel.clone(),
        dimension: spec.dimension,
        temperatures: vec![0.05, 0.15],
    };
    Ok(SetConfig::new(encoder.channels().iter().map(channel).collect(), Some(base)))
}
