//! From text to token ids.
//!
//! Byte-pair encoding never crosses a special token, so a prompt is cut at its special tokens and the runs between
//! them are encoded as plain text. That equals encoding the whole string at once, and it allows to recognise
//! special tokens in the template's markup alone: a place named `<|image_pad|>` is spelled out, never obeyed.

use std::path::Path;

use tokenizers::Tokenizer;

use super::chat_template::Segment;
use crate::NetworkError;

/// The text that stands for an image in a rendered prompt.
pub const IMAGE_PAD: &str = "<|image_pad|>";

/// The tokenizer of a checkpoint.
#[derive(Clone, Debug)]
pub struct PromptTokenizer {
    /// Spells out special tokens; truncates and pads nothing.
    plain: Tokenizer,
    /// Special tokens, longest first, so that the longest match wins.
    specials: Vec<(String, u32)>,
    image_token: u32,
}

impl PromptTokenizer {
    /// Reads `tokenizer.json`. `image_token` is the `image_token_id` of `config.json`.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::Config`] if it is not a tokenizer, or maps `<|image_pad|>` to another
    /// id than `image_token`, or has special tokens that swallow the spaces around them.
    pub fn from_directory(directory: &Path, image_token: u32) -> Result<Self, NetworkError> {
        let path = directory.join("tokenizer.json");
        let file = path.display().to_string();
        let bytes =
            std::fs::read(&path).map_err(|source| NetworkError::Read { file: file.clone(), source })?;
        Self::from_bytes(&bytes, image_token).map_err(|(field, why)| NetworkError::Config {
            file,
            field: field.into(),
            why,
        })
    }

    fn from_bytes(bytes: &[u8], image_token: u32) -> Result<Self, (&'static str, String)> {
        let mut plain = Tokenizer::from_bytes(bytes).map_err(|error| ("(tokenizer)", error.to_string()))?;
        plain.with_truncation(None).map_err(|error| ("truncation", error.to_string()))?;
        plain.with_padding(None);
        plain.set_encode_special_tokens(true);
        let mut specials = Vec::new();
        for (&id, token) in plain.get_added_vocabulary().get_added_tokens_decoder() {
            if !token.special {
                continue;
            }
            if token.lstrip || token.rstrip || token.single_word {
                let why = format!("{}: lstrip, rstrip and single_word are not supported", token.content);
                return Err(("added_tokens", why));
            }
            specials.push((token.content.clone(), id));
        }
        specials.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        match specials.iter().find(|(content, _)| content == IMAGE_PAD) {
            Some(&(_, id)) if id == image_token => Ok(Self { plain, specials, image_token }),
            Some(&(_, id)) => {
                let why = format!("{IMAGE_PAD} is {id}, but config.json says image_token_id {image_token}");
                Err(("added_tokens", why))
            }
            None => Err(("added_tokens", format!("there is no special token {IMAGE_PAD}"))),
        }
    }

    /// The ids of a rendered prompt, in which all special tokens are recognised, also in the user's text. The n-th
    /// `<|image_pad|>` becomes `image_tokens[n]` of them. Nothing is added at either end.
    ///
    /// For prompts with text of unknown origin use [`Self::encode_segments`].
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if `image_tokens` has another length than the prompt has images.
    pub fn encode(&self, rendered: &str, image_tokens: &[usize]) -> Result<Vec<u32>, NetworkError> {
        self.encode_pieces(std::iter::once((rendered, true)), image_tokens)
    }

    /// As [`Self::encode`] of the joined segments, except that special tokens are recognised within
    /// [`Segment::Markup`] only; in a [`Segment::Text`], or across a border, they are letters.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_segments(
        &self,
        segments: &[Segment],
        image_tokens: &[usize],
    ) -> Result<Vec<u32>, NetworkError> {
        let pieces = segments.iter().map(|segment| match segment {
            Segment::Markup(text) => (text.as_str(), true),
            Segment::Text(text) => (text.as_str(), false),
        });
        self.encode_pieces(pieces, image_tokens)
    }

    /// The text of generated ids, special tokens left out.
    ///
    /// # Errors
    /// [`NetworkError::Prompt`] if the decoder refuses them.
    pub fn decode(&self, ids: &[u32]) -> Result<String, NetworkError> {
        self.plain.decode(ids, true).map_err(|error| NetworkError::Prompt { why: error.to_string() })
    }

    /// `pieces` are texts and whether special tokens count in them.
    fn encode_pieces<'a>(
        &self,
        pieces: impl Iterator<Item = (&'a str, bool)>,
        image_tokens: &[usize],
    ) -> Result<Vec<u32>, NetworkError> {
        let mut ids = Vec::new();
        let mut images = 0;
        // Neighbouring texts join before they are encoded: tokens may span them.
        let mut run = String::new();
        for (mut text, markup) in pieces {
            while let Some((start, content, id)) = self.first_special(text).filter(|_| markup) {
                run.push_str(&text[..start]);
                self.encode_run(&mut run, &mut ids)?;
                text = &text[start + content.len()..];
                if id == self.image_token {
                    let pads = image_tokens.get(images).copied().unwrap_or_default();
                    ids.resize(ids.len() + pads, id);
                    images += 1;
                } else {
                    ids.push(id);
                }
            }
            run.push_str(text);
        }
        self.encode_run(&mut run, &mut ids)?;
        if images != image_tokens.len() {
            return Err(NetworkError::InputLength {
                what: "token counts of images",
                found: image_tokens.len(),
                expected: format!("{images}, one for each {IMAGE_PAD}"),
            });
        }
        Ok(ids)
    }

    /// Appends the ids of `run` and empties it.
    fn encode_run(&self, run: &mut String, ids: &mut Vec<u32>) -> Result<(), NetworkError> {
        if !run.is_empty() {
            let encoding = self
                .plain
                .encode_fast(run.as_str(), false)
                .map_err(|error| NetworkError::Prompt { why: error.to_string() })?;
            ids.extend_from_slice(encoding.get_ids());
            run.clear();
        }
        Ok(())
    }

    /// Where the first special token starts, its text and its id.
    fn first_special(&self, text: &str) -> Option<(usize, &str, u32)> {
        self.specials
            .iter()
            .filter_map(|(content, id)| Some((text.find(content.as_str())?, content.as_str(), *id)))
            .min_by_key(|&(start, ..)| start)
    }
}
