//! The metadata chunks of a PNG file, before and after the pixels.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::blocks::Blocks;

/// Bytes that all compressed texts of a file may grow to, together.
const MOST_INFLATED: u64 = 16 << 20;
const RAW_PROFILE: &[u8] = b"Raw profile type ";

/// Adds the blocks of all chunks.
pub(super) fn find<'a>(file: &'a [u8], blocks: &mut Blocks<'a>) {
    let mut budget = MOST_INFLATED;
    let mut rest = file.get(8..).unwrap_or_default();
    while let Some((head, data)) = rest.split_at_checked(8) {
        let [a, b, c, d, name @ ..] = head else { return };
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let chunk = data.get(..length).unwrap_or(data);
        match name {
            b"eXIf" | b"exIf" => blocks.add_exif(chunk),
            b"tEXt" | b"zTXt" | b"iTXt" => {
                text_chunk(name, chunk, blocks, &mut budget);
            }
            _ => {}
        }
        // The checksum is of no interest here.
        rest = data.get(length.saturating_add(4)..).unwrap_or_default();
    }
}

fn text_chunk<'a>(name: &[u8], chunk: &'a [u8], blocks: &mut Blocks<'a>, budget: &mut u64) -> Option<()> {
    let (keyword, rest) = split_at_nul(chunk)?;
    let is_xmp = keyword == b"XML:com.adobe.xmp";
    let profile = keyword.strip_prefix(RAW_PROFILE);
    if !is_xmp && profile.is_none() {
        return None;
    }
    let (compressed, text) = match name {
        b"tEXt" => (false, rest),
        b"zTXt" => (true, rest.get(1..)?),
        _ => {
            let (flags, rest) = rest.split_at_checked(2)?;
            let (_language, rest) = split_at_nul(rest)?;
            let (_translated_keyword, text) = split_at_nul(rest)?;
            (*flags.first()? != 0, text)
        }
    };
    if let Some(profile) = profile {
        let text = if compressed { &inflate(text, budget) } else { text };
        raw_profile(profile, &hex(text)?, blocks);
    } else if compressed {
        blocks.add_xmp(inflate(text, budget));
    } else {
        blocks.add_xmp(text);
    }
    Some(())
}

/// The way to keep foreign metadata from before there was a chunk for EXIF.
fn raw_profile(name: &[u8], data: &[u8], blocks: &mut Blocks<'_>) {
    let packet = data.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0".as_slice());
    if name.eq_ignore_ascii_case(b"xmp") || packet.is_some() {
        blocks.add_xmp(packet.unwrap_or(data).to_vec());
    } else if name.eq_ignore_ascii_case(b"exif") || name.eq_ignore_ascii_case(b"APP1") {
        blocks.add_exif(data.to_vec());
    }
}

/// A raw profile: its name, its length, then its bytes in hexadecimal digits, on lines.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let digits: Option<Vec<u8>> = words
        .skip(2)
        .flatten()
        .map(|digit| char::from(*digit).to_digit(16).map(|digit| digit as u8))
        .collect();
    let pairs = digits?;
    Some(pairs.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// What can be decompressed within the budget.
fn inflate(data: &[u8], budget: &mut u64) -> Vec<u8> {
    let mut inflated = Vec::new();
    // What came before an error is kept: a cut packet may still hold the location.
    let _ = ZlibDecoder::new(data).take(*budget).read_to_end(&mut inflated);
    *budget = budget.saturating_sub(inflated.len() as u64);
    inflated
}

fn split_at_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == 0)?)?;
    Some((before, rest.get(1..)?))
}
