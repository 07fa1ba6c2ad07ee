//! What a repository holds, as the hub's API lists it.

use serde::Deserialize;

use super::cache::{is_commit, is_inside};
use crate::pull::Checksum;

/// A repository at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The commit.
    pub commit: String,
    /// The licence that its card names, as the hub spells it.
    pub licence: Option<String>,
    /// Its files.
    pub files: Vec<RemoteFile>,
}

/// A file that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its path in the repository.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// What its content must hash to.
    pub checksum: Checksum,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(rename = "cardData", default)]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    /// A word, or a list of them.
    #[serde(default)]
    license: serde_json::Value,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    size: Option<u64>,
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: String,
    size: u64,
}

/// Reads the answer of `/api/models/REPOSITORY/revision/REVISION?blobs=true`.
///
/// # Errors
/// What is wrong with it, in words: no JSON, no commit, or names and checksums that make no sense.
pub fn read_listing(json: &[u8]) -> Result<Listing, String> {
    let answer: Answer = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if !is_commit(&answer.sha) {
        return Err(format!("`{}` is not a commit", answer.sha));
    }
    let files = answer
        .siblings
        .into_iter()
        .map(|sibling| {
            let path = sibling.rfilename;
            if !is_inside(&path) {
                return Err(format!("a file is called `{path}`"));
            }
            let (bytes, checksum) = match (sibling.lfs, sibling.blob, sibling.size) {
                (Some(large), ..) => (large.size, Checksum::Sha256(large.sha256)),
                (None, Some(blob), Some(size)) => (size, Checksum::GitBlob(blob)),
                _ => return Err(format!("{path} has neither length nor checksum")),
            };
            let length = if matches!(checksum, Checksum::Sha256(_)) { 64 } else { 40 };
            let digits = checksum.digits();
            if digits.len() != length || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!("{path}: `{digits}` is not a checksum"));
            }
            Ok(RemoteFile { path, bytes, checksum })
        })
        .collect::<Result<_, String>>()?;
    let licence = answer.card.and_then(|card| match card.license {
        serde_json::Value::String(word) => Some(word),
        serde_json::Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(|word| word.as_str()).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        _ => None,
    });
    Ok(Listing { commit: answer.sha, licence, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_files_have_their_checksums() {
        let sha = "a".repeat(64);
        let blob = "b".repeat(40);
        let commit = "c".repeat(40);
        let json = format!(
            r#"{{"sha": "{commit}", "cardData": {{"license": "apache-2.0"}}, "siblings": [
                {{"rfilename": "model.safetensors", "blobId": "{blob}", "size": 12,
                  "lfs": {{"sha256": "{sha}", "size": 12, "pointerSize": 130}}}},
                {{"rfilename": "sub/config.json", "blobId": "{blob}", "size": 3}}]}}"#
        );
        let listing = read_listing(json.as_bytes()).unwrap();
        assert_eq!((listing.commit, listing.licence.as_deref()), (commit, Some("apache-2.0")));
        assert_eq!(listing.files[0].checksum, Checksum::Sha256(sha));
        assert_eq!(listing.files[1].checksum, Checksum::GitBlob(blob));
    }

    #[test]
    fn names_that_lead_out_and_checksums_that_are_none_are_refused() {
        let commit = "c".repeat(40);
        for (siblings, complaint) in [
            (r#"{"rfilename": "../x", "blobId": "b", "size": 1}"#, "../x"),
            (r#"{"rfilename": "/etc/x", "blobId": "b", "size": 1}"#, "/etc/x"),
            (r#"{"rfilename": "x", "blobId": "../../y", "size": 1}"#, "not a checksum"),
            (r#"{"rfilename": "x"}"#, "neither"),
        ] {
            let json = format!(r#"{{"sha": "{commit}", "siblings": [{siblings}]}}"#);
            let why = read_listing(json.as_bytes()).unwrap_err();
            assert!(why.contains(complaint), "{why}");
        }
        assert!(read_listing(br#"{"sha": "main"}"#).unwrap_err().contains("is not a commit"));
        assert!(read_listing(b"<html>").is_err());
    }
}
