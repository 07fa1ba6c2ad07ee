//! `pack.toml` of a pulled encoder: what `gallery build` and `locate` open.

use contract::Channel;
use rank::{Calibration, ChannelVote, SimilaritySettings, SpatialKernel};

use super::error::disk;
use super::release::Release;
use super::{PackKind, PullError, PulledFile, PulledPack};
use crate::pack::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType, FileManifest, FusedManifest,
    LocationsManifest, MANIFEST_FILE, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest,
    WeightedChannel,
};

/// Candidates that the search contributes, as in the official evaluation's lists.
const TOP: usize = 20;
/// Softmax temperature of cosines, that of CLIP's own logits.
const TEMPERATURE: f64 = 0.01;
/// How far a vote reaches, km, and its share.
const KERNEL: [(f64, f64); 3] = [(1.0, 0.3), (25.0, 0.4), (200.0, 0.3)];

/// The files that an encoder is made of, `PART/PATH` each.
struct EncoderFiles {
    encoder: EncoderManifest,
    locations: LocationsManifest,
}

impl PulledPack {
    /// The `pack.toml` of an encoder: G3 with its three spaces searched as one, `GeoCLIP` with photos against places.
    /// Nothing in it is fitted: the ranker is a plain vote, and confidence is not calibrated. `None` for packs that
    /// hold no encoder, and where a part has no link in the pack's directory.
    pub fn manifest(&self) -> Option<Manifest> {
        let (files, retrieval, fused, voter) = match self.kind {
            PackKind::G3 => {
                let channels = ["g3-image", "g3-text", "g3-location"].map(Channel::new);
                let name = Channel::new("g3");
                let equal = |channel| WeightedChannel { channel, weight: 1.0 };
                let fused = FusedManifest {
                    name: name.clone(),
                    top: TOP,
                    channels: channels.into_iter().map(equal).collect(),
                };
                (self.g3()?, Vec::new(), Some(fused), name)
            }
            PackKind::Geoclip => {
                let search = RetrievalManifest { channel: Channel::location(), top: TOP };
                (self.geoclip()?, vec![search], None, Channel::location())
            }
            PackKind::LvlmRanker | PackKind::Checkpoint => return None,
        };
        let votes = vec![ChannelVote { channel: voter, weight: 1.0, temperature: TEMPERATURE }];
        let EncoderFiles { encoder, locations } = files;
        let mut manifest = Manifest {
            format: MANIFEST_FORMAT,
            name: self.name.clone(),
            version: self.parts.first()?.revision.chars().take(12).collect(),
            summary: self.summary.clone(),
            encoder,
            locations,
            gallery: None,
            retrieval,
            fused,
            ranker: RankerManifest::Similarity(SimilaritySettings {
                votes,
                kernel: SpatialKernel { scales: KERNEL.to_vec() },
            }),
            decision: DecisionManifest {
                rule: DecisionRule::Argmax,
                temperature: 1.0,
                least_similarity: None,
            },
            calibration: Calibration::none(),
            confidence: None,
            files: Vec::new(),
        };
        manifest.files = manifest.named_files().into_iter().filter_map(|path| self.listed(path)).collect();
        Some(manifest)
    }

    /// Writes `pack.toml` where the pack is an encoder's. One that is there keeps its settings and the user's own files;
    /// what it says of the pulled ones is brought up to date.
    ///
    /// # Errors
    /// [`PullError::Disk`], [`PullError::Manifest`] for a `pack.toml` that is there and cannot be read.
    pub fn save_manifest(&self) -> Result<(), PullError> {
        let Some(mut manifest) = self.manifest() else { return Ok(()) };
        let path = self.directory.join(MANIFEST_FILE);
        let wrong = |why: String| PullError::Manifest { path: path.clone(), why };
        self.check_release()?;
        if let Some(kept) = Self::kept_manifest(&self.directory)? {
            manifest = self.merged(kept, manifest);
        }
        let text = toml::to_string_pretty(&manifest).map_err(|error| wrong(error.to_string()))?;
        let text = format!(
            "# Written by `georanker pull`; your changes stay; what it says of pulled files is kept up to date.\n\n{text}"
        );
        files::write_atomic(&path, text).map_err(disk(&path))
    }

    fn g3(&self) -> Option<EncoderFiles> {
        // The name that the official evaluation loads; else what the official training saves after each epoch: a state
        // dict, and beside it the whole module, `g3_N.pth`, which holds code and is no use here.
        let names = ["g3.pth", "*state_dict.pth", "*.pth"];
        let weights = names.into_iter().find_map(|name| self.path_of("weights", name))?;
        let encoder = EncoderManifest {
            kind: EncoderKind::G3,
            config: self.path_of("clip", "config.json")?,
            weights,
            heads: None,
            views: Vec::new(),
            preprocessor: self.path_of("clip", "preprocessor_config.json"),
            dtype: EncoderType::F32,
            channels: Vec::new(),
        };
        Some(EncoderFiles { encoder, locations: LocationsManifest::default() })
    }

    fn geoclip(&self) -> Option<EncoderFiles> {
        // The official release in safetensors has both networks in one file.
        let released = self.path_of("weights", "model.safetensors");
        let weights = |name: &str| self.path_of("weights", name).or_else(|| released.clone());
        let encoder = EncoderManifest {
            kind: EncoderKind::Geoclip,
            config: self.path_of("clip", "config.json")?,
            weights: self.path_of("clip", "model.safetensors")?,
            heads: Some(weights("image_encoder_mlp_weights.pth")?),
            views: Vec::new(),
            preprocessor: self.path_of("clip", "preprocessor_config.json"),
            dtype: EncoderType::F32,
            channels: Vec::new(),
        };
        let locations = LocationsManifest {
            encoder: Some(weights("location_encoder_weights.pth")?),
            index: None,
            coordinates: match self.release() {
                Some(release) => self.path_of("weights", &release.gallery_file),
                None => self.path_of("weights", "coordinates_100K.csv"),
            },
        };
        Some(EncoderFiles { encoder, locations })
    }

    /// What the `config.json` of an official GeoCLIP release says, if it is one.
    fn release(&self) -> Option<Release> {
        let path = self.path_of("weights", "config.json").filter(|_| self.kind == PackKind::Geoclip)?;
        Release::read(&self.directory.join(path)).ok()
    }

    /// # Errors
    /// [`PullError::Release`] for a release of another kind, or with another CLIP.
    fn check_release(&self) -> Result<(), PullError> {
        let Some(path) = self.path_of("weights", "config.json").filter(|_| self.kind == PackKind::Geoclip)
        else {
            return Ok(());
        };
        let path = self.directory.join(path);
        let wrong = |why: String| PullError::Release { path: path.clone(), why };
        let release = Release::read(&path).map_err(wrong)?;
        if self.path_of("weights", &release.gallery_file).is_none() {
            return Err(wrong(format!("gallery_file names {}, which is missing", release.gallery_file)));
        }
        let clip = self.parts.iter().find(|part| part.name == "clip").map_or("", |part| part.source.as_str());
        let backbone = &release.backbone.repo_id;
        if !clip.ends_with(&format!("/{backbone}")) {
            return Err(wrong(format!("it was made for {backbone}, and the part clip comes from {clip}")));
        }
        Ok(())
    }

    /// `PART/PATH` of the part's first file of this name; a star at its front stands for anything.
    fn path_of(&self, part: &str, wanted: &str) -> Option<String> {
        let part = self.parts.iter().find(|known| known.name == part)?;
        // The directory that the manifest's paths lead through.
        self.directory.join(&part.name).is_dir().then_some(())?;
        let is_it = |file: &&PulledFile| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            wanted.strip_prefix('*').map_or(name == wanted, |end| name.ends_with(end))
        };
        part.files.iter().find(is_it).map(|file| format!("{}/{}", part.name, file.path))
    }

    /// What `pack.toml` says of a file of a pulled part, `PART/PATH`.
    pub(super) fn listed(&self, path: &str) -> Option<FileManifest> {
        let (part, inner) = path.split_once('/')?;
        let part = self.parts.iter().find(|known| known.name == part)?;
        let file = part.files.iter().find(|file| file.path == inner)?;
        Some(FileManifest {
            path: path.to_owned(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            licence: part.licence.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::PulledPart;
    use super::*;

    /// A G3 whose weights have these names.
    fn weights_of(names: &[&str]) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let part = |name: &str, files: &[&str]| {
            fs::create_dir(directory.path().join(name)).unwrap();
            PulledPart {
                name: name.into(),
                source: "a test".into(),
                revision: "0".into(),
                licence: "MIT".into(),
                directory: name.into(),
                files: files
                    .iter()
                    .map(|path| PulledFile { path: (*path).into(), bytes: 1, sha256: "0".into() })
                    .collect(),
            }
        };
        let pack = PulledPack {
            format: 1,
            name: "g3".into(),
            kind: PackKind::G3,
            summary: "A test.".into(),
            parts: vec![part("weights", names), part("clip", &["config.json"])],
            directory: directory.path().to_owned(),
        };
        let manifest = pack.manifest()?;
        assert_eq!(manifest.problem(), None);
        Some(manifest.encoder.weights)
    }

    #[test]
    fn of_what_training_saves_the_state_dict_is_taken() {
        let of = |names: &[&str]| weights_of(names).unwrap_or_default();
        assert_eq!(of(&["g3_9.pth", "g3_9_state_dict.pth"]), "weights/g3_9_state_dict.pth");
        assert_eq!(of(&["a_state_dict.pth", "sub/g3.pth"]), "weights/sub/g3.pth");
        assert_eq!(of(&["notes.txt", "other.pth"]), "weights/other.pth");
        assert_eq!(weights_of(&["notes.txt"]), None);
    }
}
