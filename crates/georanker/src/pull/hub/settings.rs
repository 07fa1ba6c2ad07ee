//! Where the hub and its cache are, from the environment.

use std::path::PathBuf;

const ENDPOINT: &str = "https://huggingface.co";

/// Settings of the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct HubSettings {
    /// `HF_ENDPOINT`, without a slash at its end.
    pub endpoint: String,
    /// `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `hub` in `HF_HOME`, which is `~/.cache/huggingface` if nothing
    /// is said.
    pub cache: PathBuf,
    /// `HF_TOKEN`, else `HUGGING_FACE_HUB_TOKEN`, else the content of `HF_TOKEN_PATH` or of `token` in `HF_HOME`.
    pub token: Option<String>,
    /// `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`: nothing is asked, only the cache is looked at.
    pub offline: bool,
}

impl std::fmt::Debug for HubSettings {
    /// Without the token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("token", &self.token.as_ref().map(|_| "(kept back)"))
            .field("offline", &self.offline)
            .finish()
    }
}

impl HubSettings {
    /// From the environment of this process.
    pub fn from_environment() -> Self {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// From variables given by name; empty ones count as absent.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let user = get("HOME").or_else(|| get("USERPROFILE")).unwrap_or_else(|| ".".into());
        // As the Python library does, a tilde is the user's home.
        let path = |text: String| match text.strip_prefix("~/") {
            Some(rest) => PathBuf::from(&user).join(rest),
            None => PathBuf::from(text),
        };
        let home = get("HF_HOME").map(path).unwrap_or_else(|| {
            let caches = get("XDG_CACHE_HOME").map(path);
            caches.unwrap_or_else(|| PathBuf::from(&user).join(".cache")).join("huggingface")
        });
        let cache = get("HF_HUB_CACHE").or_else(|| get("HUGGINGFACE_HUB_CACHE")).map(path);
        let token_file = get("HF_TOKEN_PATH").map_or_else(|| home.join("token"), path);
        let token = get("HF_TOKEN")
            .or_else(|| get("HUGGING_FACE_HUB_TOKEN"))
            .or_else(|| std::fs::read_to_string(token_file).ok())
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty());
        let said = |name: &str| {
            get(name).is_some_and(|value| {
                ["1", "ON", "YES", "TRUE"].contains(&value.trim().to_uppercase().as_str())
            })
        };
        Self {
            endpoint: get("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.into()).trim_end_matches('/').to_owned(),
            cache: cache.unwrap_or_else(|| home.join("hub")),
            token,
            offline: said("HF_HUB_OFFLINE") || said("TRANSFORMERS_OFFLINE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        HubSettings::from_variables(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_mean_what_they_mean_in_python() {
        let plain = settings(&[("HOME", "/home/u")]);
        assert_eq!(plain.cache, Path::new("/home/u/.cache/huggingface/hub"));
        assert_eq!((plain.endpoint.as_str(), plain.offline), ("https://huggingface.co", false));
        let home = settings(&[("HOME", "/home/u"), ("HF_HOME", "~/hf"), ("HF_HUB_OFFLINE", "yes")]);
        assert_eq!((home.cache.as_path(), home.offline), (Path::new("/home/u/hf/hub"), true));
        let cache = settings(&[
            ("HF_HOME", "/hf"),
            ("HF_HUB_CACHE", "/c"),
            ("HF_ENDPOINT", "http://mirror:8080/"),
            ("HF_HUB_OFFLINE", "0"),
            ("HF_TOKEN", " hf_secret \n"),
        ]);
        assert_eq!((cache.cache.as_path(), cache.offline), (Path::new("/c"), false));
        assert_eq!(cache.endpoint, "http://mirror:8080");
        assert_eq!(cache.token.as_deref(), Some("hf_secret"));
        assert!(!format!("{cache:?}").contains("secret"));
        let xdg = settings(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("HF_HOME", "")]);
        assert_eq!(xdg.cache, Path::new("/x/huggingface/hub"));
    }

    #[test]
    fn a_token_may_lie_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("token"), "hf_file\n").unwrap();
        let home = directory.path().display().to_string();
        assert_eq!(settings(&[("HF_HOME", &home)]).token.as_deref(), Some("hf_file"));
        assert_eq!(settings(&[("HF_HOME", &home), ("HF_TOKEN", "a")]).token.as_deref(), Some("a"));
    }
}
