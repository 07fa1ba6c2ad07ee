//! What every test of pulling has.

use std::path::PathBuf;
use std::time::Duration;

use georanker::pull::hub::HubSettings;
use georanker::pull::{NoWatch, PackKind, Part, PullError, PullOptions, PulledPack, Puller, Recipe, Source};

use crate::fake_hub::{FakeHub, Repository, noise, sha256};

pub(crate) const LENGTH: usize = 300_000;

/// A hub, and a directory for its cache and the packs.
pub(crate) struct Place {
    pub(crate) hub: FakeHub,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) token: Option<String>,
    pub(crate) offline: bool,
}

impl Place {
    /// A hub with one repository, `org/model`.
    pub(crate) fn new() -> Self {
        let hub = FakeHub::new();
        let repository = Repository::new('c')
            .small("config.json", b"{\"a\": 1}")
            .small("sub/notes.txt", b"notes")
            .small("unwanted.bin", b"no")
            .large("model.safetensors", &noise(LENGTH));
        hub.add("org/model", Repository { licence: Some("apache-2.0".into()), ..repository });
        Self { hub, directory: tempfile::tempdir().unwrap(), token: None, offline: false }
    }

    pub(crate) fn puller(&self) -> Puller {
        Puller::new(self.options())
    }

    pub(crate) fn options(&self) -> PullOptions {
        PullOptions {
            hub: HubSettings {
                endpoint: self.hub.endpoint.clone(),
                cache: self.directory.path().join("hub"),
                token: self.token.clone(),
                offline: self.offline,
            },
            github: format!("{}/github", self.hub.endpoint),
            index: None,
            wheel: None,
            packs: self.directory.path().join("packs"),
            first_wait: Duration::from_millis(5),
        }
    }

    pub(crate) fn pull(&self) -> Result<PulledPack, PullError> {
        self.puller().pull(&recipe(), &NoWatch)
    }

    pub(crate) fn cache(&self, path: &str) -> PathBuf {
        self.directory.path().join("hub/models--org--model").join(path)
    }

    pub(crate) fn blob(&self) -> PathBuf {
        self.cache(&format!("blobs/{}", sha256(&noise(LENGTH))))
    }

    /// Range headers of the requests for the large file since the last look.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.hub.requests().into_iter();
        let large = requests.filter(|request| request.path.ends_with("model.safetensors"));
        large.map(|request| request.headers.get("range").cloned()).collect()
    }
}

/// `org/model` as a pack, `tiny`.
pub(crate) fn recipe() -> Recipe {
    Recipe {
        name: "tiny".into(),
        kind: PackKind::Checkpoint,
        summary: "A test.".into(),
        parts: vec![Part {
            name: "model".into(),
            source: Source::Hub {
                repository: "org/model".into(),
                revision: "main".into(),
                required: vec!["config.json".into(), "*.safetensors".into()],
                optional: vec!["*.txt".into(), "LICENSE*".into()],
            },
            licence: "unknown".into(),
        }],
    }
}
