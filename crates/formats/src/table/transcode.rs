//! UTF-16 text as UTF-8, in constant memory.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

/// Bytes read at a time.
const CHUNK: usize = 1 << 15;

/// Stands for a code unit without its other half: no text contains this byte, so that the reader of the rows refuses
/// the row it is in, by line and column.
const BROKEN: u8 = 0xFF;

/// The UTF-16 that a file holds, by its byte order mark; without one if it is certain: two characters or more, each
/// beside a zero byte, up to the end of the first line.
pub(super) fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xFF, 0xFE, ..] => return Some(UTF_16LE),
        [0xFE, 0xFF, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let fits = |zero: usize| {
        let mut pairs = 0;
        for pair in head.chunks_exact(2) {
            if pair[zero] != 0 || pair[1 - zero] == 0 {
                return false;
            }
            if matches!(pair[1 - zero], b'\n' | b'\r') {
                break;
            }
            pairs += 1;
        }
        pairs >= 2
    };
    match (fits(1), fits(0)) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// A reader of the same text in UTF-8.
pub(super) struct Transcoder<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// The part of `raw` that is not decoded yet.
    left: std::ops::Range<usize>,
    text: Vec<u8>,
    /// The part of `text` that was not handed out yet.
    ready: std::ops::Range<usize>,
    at_end: bool,
    done: bool,
}

impl<R: Read> Transcoder<R> {
    pub(super) fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; CHUNK],
            left: 0..0,
            // A code unit becomes at most three bytes.
            text: vec![0; 2 * CHUNK],
            ready: 0..0,
            at_end: false,
            done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.left.is_empty() && !self.at_end {
            let count = self.input.read(&mut self.raw)?;
            self.left = 0..count;
            self.at_end = count == 0;
        }
        let raw = self.raw.get(self.left.clone()).unwrap_or_default();
        // The last place is kept free for the mark of broken text.
        let room = self.text.len() - 1;
        let (result, read, mut written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text[..room], self.at_end);
        self.left.start += read;
        match result {
            DecoderResult::Malformed(..) => {
                self.text[written] = BROKEN;
                written += 1;
            }
            DecoderResult::InputEmpty => self.done = self.at_end,
            DecoderResult::OutputFull => {}
        }
        self.ready = 0..written;
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.done {
            self.refill()?;
        }
        let ready = self.text.get(self.ready.clone()).unwrap_or_default();
        let count = ready.len().min(out.len());
        out[..count].copy_from_slice(&ready[..count]);
        self.ready.start += count;
        Ok(count)
    }
}
