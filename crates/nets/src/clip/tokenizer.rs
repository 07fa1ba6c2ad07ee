//! From text to token ids.

use std::path::Path;

use tokenizers::{PostProcessor as _, Tokenizer, TruncationParams};

use crate::error::NetworkError;

/// What follows the end of a text up to its full length.
const PADDING: &str = "<|endoftext|>";

/// CLIP's byte-pair tokenizer, from `tokenizer.json`.
#[derive(Clone, Debug)]
pub struct ClipTokenizer {
    tokenizer: Tokenizer,
    length: usize,
    padding: u32,
}

/// A text of full length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizedText {
    /// Start token, text, end token, padding: as many as the tower has places.
    pub ids: Vec<u32>,
    /// How many of them are not padding.
    pub tokens: usize,
}

impl AsRef<[u32]> for TokenizedText {
    fn as_ref(&self) -> &[u32] {
        &self.ids
    }
}

impl ClipTokenizer {
    /// Reads `tokenizer.json`. `length` is the number of tokens of a text (77), start and end included.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::Config`] if it is not a tokenizer of CLIP.
    pub fn from_directory(directory: &Path, length: usize) -> Result<Self, NetworkError> {
        let path = directory.join("tokenizer.json");
        let file = path.display().to_string();
        let bytes =
            std::fs::read(&path).map_err(|source| NetworkError::Read { file: file.clone(), source })?;
        Self::from_bytes(&file, &bytes, length)
    }

    /// As [`ClipTokenizer::from_directory`], from the contents of the file, whose name is for messages.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(file: &str, bytes: &[u8], length: usize) -> Result<Self, NetworkError> {
        let bad =
            |field: &str, why: String| NetworkError::Config { file: file.into(), field: field.into(), why };
        let mut tokenizer =
            Tokenizer::from_bytes(bytes).map_err(|error| bad("(tokenizer)", error.to_string()))?;
        // The library takes one from the other without looking.
        let added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
        if added >= length {
            let why = format!("it adds {added} tokens to a text, which leaves none of {length} for the text");
            return Err(bad("post_processor", why));
        }
        let truncation = TruncationParams { max_length: length, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| bad("truncation", error.to_string()))?;
        tokenizer.with_padding(None);
        let padding = tokenizer
            .token_to_id(PADDING)
            .ok_or_else(|| bad("added_tokens", format!("there is no token {PADDING}")))?;
        Ok(Self { tokenizer, length, padding })
    }

    /// Start token, text, end token and padding. A text that is too long loses its end, never the end token.
    ///
    /// # Errors
    /// [`NetworkError::Prompt`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<TokenizedText, NetworkError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| NetworkError::Prompt { why: error.to_string() })?;
        let mut ids = encoding.get_ids().to_vec();
        let tokens = ids.len();
        ids.resize(self.length.max(tokens), self.padding);
        Ok(TokenizedText { ids, tokens })
    }
}
