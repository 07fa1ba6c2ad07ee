//! A photo's record as bytes: in the derived index, and hashed into the gallery's identity.

use contract::{Attribution, PerceptualHash, PhotoId, PhotoRecord};
use geo::{LatLon, Place};

use crate::spec::PhotoReference;

const ABSENT: u32 = u32::MAX;

/// A record and where its photo is; inline bytes are only announced, not held.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredPhoto {
    pub(crate) record: PhotoRecord,
    pub(crate) reference: StoredReference,
}

/// [`PhotoReference`] without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredReference {
    None,
    InSource { source: u32, path: String },
    Inline,
}

impl From<&PhotoReference> for StoredReference {
    fn from(reference: &PhotoReference) -> Self {
        match reference {
            PhotoReference::None => Self::None,
            PhotoReference::InSource { source, path } => {
                Self::InSource { source: *source, path: path.clone() }
            }
            PhotoReference::Inline(_) => Self::Inline,
        }
    }
}

/// Texts in a fixed order, each with its length, then the reference. Location and hash have columns of
/// their own and are not repeated.
pub(crate) fn encode(record: &PhotoRecord, reference: &StoredReference, into: &mut Vec<u8>) {
    let Place { neighbourhood, city, county, state, region, country, country_code } = &record.place;
    let Attribution { author, licence, source } = &record.attribution;
    push(into, Some(&record.id.0));
    for text in [neighbourhood, city, county, state, region, country, country_code, author, licence, source] {
        push(into, text.as_deref());
    }
    match reference {
        StoredReference::None => into.push(0),
        StoredReference::InSource { source, path } => {
            into.push(1);
            into.extend_from_slice(&source.to_le_bytes());
            push(into, Some(path));
        }
        StoredReference::Inline => into.push(2),
    }
}

/// The inverse of [`encode`]; `None` for bytes that are not a record.
pub(crate) fn decode(
    mut bytes: &[u8],
    location: LatLon,
    hash: Option<PerceptualHash>,
) -> Option<StoredPhoto> {
    let bytes = &mut bytes;
    let id = PhotoId(pull(bytes)??);
    let place = Place {
        neighbourhood: pull(bytes)?,
        city: pull(bytes)?,
        county: pull(bytes)?,
        state: pull(bytes)?,
        region: pull(bytes)?,
        country: pull(bytes)?,
        country_code: pull(bytes)?,
    };
    let attribution = Attribution { author: pull(bytes)?, licence: pull(bytes)?, source: pull(bytes)? };
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let reference = match kind {
        0 => StoredReference::None,
        1 => StoredReference::InSource { source: pull_u32(bytes)?, path: pull(bytes)?? },
        2 => StoredReference::Inline,
        _ => return None,
    };
    Some(StoredPhoto { record: PhotoRecord { id, location, place, attribution, hash }, reference })
}

/// The id alone, without copying.
pub(crate) fn decode_id(bytes: &[u8]) -> &str {
    let bytes = &mut &*bytes;
    let id = pull_u32(bytes).and_then(|length| bytes.get(..length as usize));
    id.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default()
}

fn push(into: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(ABSENT, |text| text.len() as u32);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(text.unwrap_or_default().as_bytes());
}

#[allow(clippy::option_option)] // The outer one: bytes that are not a record. The inner one: no text.
fn pull(bytes: &mut &[u8]) -> Option<Option<String>> {
    let length = pull_u32(bytes)?;
    if length == ABSENT {
        return Some(None);
    }
    let (text, rest) = bytes.split_at_checked(length as usize)?;
    *bytes = rest;
    Some(Some(std::str::from_utf8(text).ok()?.to_owned()))
}

fn pull_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decoding_inverts_encoding_and_never_panics(
            id in ".{1,12}",
            texts in prop::collection::vec(prop::option::of(".{0,8}"), 10),
            kind in 0..3,
            cut in 0_usize..200,
        ) {
            let text = |index: usize| texts[index].clone();
            let record = PhotoRecord {
                id: id.as_str().into(),
                location: LatLon::new(1.0, 2.0).unwrap(),
                place: Place {
                    neighbourhood: text(0), city: text(1), county: text(2), state: text(3), region: text(4),
                    country: text(5), country_code: text(6),
                },
                attribution: Attribution { author: text(7), licence: text(8), source: text(9) },
                hash: Some(PerceptualHash(9)),
            };
            let reference = match kind {
                0 => StoredReference::None,
                1 => StoredReference::InSource { source: 3, path: "a/b.jpg".into() },
                _ => StoredReference::Inline,
            };
            let mut bytes = Vec::new();
            encode(&record, &reference, &mut bytes);
            prop_assert_eq!(decode_id(&bytes), id);
            let decoded = decode(&bytes, record.location, record.hash);
            prop_assert_eq!(decoded, Some(StoredPhoto { record: record.clone(), reference }));
            let cut = cut.min(bytes.len() - 1);
            prop_assert_eq!(decode(&bytes[..cut], record.location, record.hash), None);
        }
    }
}
