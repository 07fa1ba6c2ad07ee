//! Where caches go.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// `GEORANKER_CACHE`, or else `georanker` in the user's cache directory: `XDG_CACHE_HOME`, `LOCALAPPDATA` or `~/.cache`.
/// `None` where none of them is known.
pub fn user_cache_directory() -> Option<PathBuf> {
    within(|variable| env::var_os(variable))
}

fn within(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(own) = named("GEORANKER_CACHE") {
        return Some(own);
    }
    let base = named("XDG_CACHE_HOME")
        .or_else(|| named("LOCALAPPDATA"))
        .or_else(|| named("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("georanker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_set_counts() {
        let of = |set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(known, _)| *known == name);
            within(|name| find(name).map(|(_, value)| OsString::from(value)))
        };
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.cache/georanker".into()));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "")]), Some("/h/.cache/georanker".into()));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Some("/x/georanker".into()));
        assert_eq!(of(&[("HOME", "/h"), ("GEORANKER_CACHE", "/own")]), Some("/own".into()));
        assert_eq!(of(&[]), None);
    }
}
