//! The chat template of a checkpoint, rendered.
//!
//! Checkpoints carry their template as a Jinja program. It is rendered as the reference renders it (one user turn,
//! then the opening of the assistant's), with the blocks' own line breaks and indentation trimmed. A checkpoint
//! without one gets Qwen2-VL's form, which is written out here.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value, context};

use crate::NetworkError;

const OPENING: &str = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n";
const IMAGE: &str = "<|vision_start|><|image_pad|><|vision_end|>";
const CLOSING: &str = "<|im_end|>\n<|im_start|>assistant\n";

/// Brackets the number of a text part while the template is rendered: a private-use character.
const MARK: char = '\u{f8ff}';
/// The name of the template in the environment, and of the field in the files.
const NAME: &str = "chat_template";

/// One part of the user's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptPart<'a> {
    /// A photo; the prompt has a placeholder for it.
    Image,
    /// Text, verbatim.
    Text(&'a str),
}

/// A stretch of a rendered prompt, by who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The template's own: special tokens count.
    Markup(String),
    /// A [`PromptPart::Text`]: whatever it says is text.
    Text(String),
}

/// How a checkpoint wants a conversation written down.
#[derive(Debug)]
pub struct ChatTemplate {
    /// `None` for the built-in form.
    environment: Option<Environment<'static>>,
    /// The file it came from.
    file: String,
}

impl ChatTemplate {
    /// Looks for `chat_template.jinja`, then for the field `chat_template` of `chat_template.json`, then of
    /// `tokenizer_config.json`. Without any: [`Self::builtin`].
    ///
    /// # Errors
    /// [`NetworkError::Read`]; [`NetworkError::Config`] for files that are no JSON and templates that are no Jinja.
    pub fn from_directory(directory: &Path) -> Result<Self, NetworkError> {
        if let Some((file, source)) = read(directory, "chat_template.jinja")? {
            return Self::from_source(source, file);
        }
        for name in ["chat_template.json", "tokenizer_config.json"] {
            let Some((file, json)) = read(directory, name)? else { continue };
            if let Some(source) = template_field(&json).map_err(|why| wrong(&file, why))? {
                return Self::from_source(source, file);
            }
        }
        Ok(Self::builtin())
    }

    /// Qwen2-VL's own form.
    pub const fn builtin() -> Self {
        Self { environment: None, file: String::new() }
    }

    fn from_source(source: String, file: String) -> Result<Self, NetworkError> {
        let explain = |error: &Error| wrong(&file, error.to_string());
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| explain(&error))?);
        environment.add_function("raise_exception", |why: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, why))
        });
        environment.add_template_owned(NAME, source).map_err(|error| explain(&error))?;
        Ok(Self { environment: Some(environment), file })
    }

    /// The prompt as one string.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the template fails.
    pub fn render(&self, parts: &[PromptPart<'_>]) -> Result<String, NetworkError> {
        let texts = parts.iter().map(|part| match part {
            PromptPart::Image => None,
            PromptPart::Text(text) => Some(Cow::Borrowed(*text)),
        });
        match &self.environment {
            None => Ok(render_builtin(parts)),
            Some(environment) => self.run(environment, texts),
        }
    }

    /// The prompt, the template's words told apart from the given ones, so that special tokens in a place name
    /// are not obeyed. Joined, the segments are [`Self::render`]'s string.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the template fails, or changes the text that it is given.
    pub fn segments(&self, parts: &[PromptPart<'_>]) -> Result<Vec<Segment>, NetworkError> {
        let Some(environment) = &self.environment else { return Ok(builtin_segments(parts)) };
        let marked = self.run(
            environment,
            parts.iter().enumerate().map(|(index, part)| match part {
                PromptPart::Image => None,
                PromptPart::Text(_) => Some(Cow::Owned(format!("{MARK}{index}{MARK}"))),
            }),
        )?;
        let segments = substitute(&marked, parts);
        let joined: String = segments.iter().map(Segment::as_str).collect();
        if joined != self.render(parts)? {
            return Err(wrong(&self.file, "it changes the text that it is given".into()));
        }
        Ok(segments)
    }

    /// Renders one user turn; `None` is an image.
    fn run<'a>(
        &self,
        environment: &Environment<'_>,
        texts: impl Iterator<Item = Option<Cow<'a, str>>>,
    ) -> Result<String, NetworkError> {
        let content: Vec<Value> = texts
            .map(|text| match text {
                // The reference has the photo itself under `image`; templates ask for the key alone.
                None => context! { type => "image", image => "" },
                Some(text) => context! { type => "text", text => text },
            })
            .collect();
        let message = context! { role => "user", content => content };
        environment
            .get_template(NAME)
            .and_then(|template| {
                template.render(context! { messages => vec![message], add_generation_prompt => true })
            })
            .map_err(|error| wrong(&self.file, error.to_string()))
    }
}

impl Segment {
    /// The stretch, from the template or from the user.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Markup(text) | Self::Text(text) => text,
        }
    }
}

/// The prompt in Qwen2-VL's own form: default system message, one user turn, the opening of the answer.
pub fn render_builtin(parts: &[PromptPart<'_>]) -> String {
    builtin_segments(parts).iter().map(Segment::as_str).collect()
}

fn builtin_segments(parts: &[PromptPart<'_>]) -> Vec<Segment> {
    let mut segments = vec![Segment::Markup(OPENING.into())];
    segments.extend(parts.iter().map(|part| match part {
        PromptPart::Image => Segment::Markup(IMAGE.into()),
        PromptPart::Text(text) => Segment::Text((*text).into()),
    }));
    segments.push(Segment::Markup(CLOSING.into()));
    segments
}

/// Puts the texts where their marks are.
fn substitute(marked: &str, parts: &[PromptPart<'_>]) -> Vec<Segment> {
    let mut segments = Vec::new();
    // Outside and inside of marks take turns, as the template has none of its own; if it has, the caller sees that
    // the result is not what was rendered.
    for (index, stretch) in marked.split(MARK).enumerate() {
        let number: Option<usize> = stretch.parse().ok().filter(|_| index % 2 == 1);
        match number.and_then(|number| parts.get(number)) {
            Some(PromptPart::Text(text)) => segments.push(Segment::Text((*text).into())),
            _ => segments.push(Segment::Markup(stretch.into())),
        }
    }
    segments
}

/// The path and the text of a file, or `None` if the file does not exist.
fn read(directory: &Path, name: &str) -> Result<Option<(String, String)>, NetworkError> {
    let path = directory.join(name);
    let file = path.display().to_string();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((file, text))),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(NetworkError::Read { file, source }),
    }
}

/// The template in a JSON file: a string, or the one called `default` of a list of named ones.
fn template_field(json: &str) -> Result<Option<String>, String> {
    let document: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    match document.get(NAME) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(source)) => Ok(Some(source.clone())),
        Some(serde_json::Value::Array(named)) => named
            .iter()
            .find(|entry| entry["name"] == "default")
            .and_then(|entry| entry["template"].as_str())
            .map(|source| Some(source.to_owned()))
            .ok_or_else(|| "the list has no template called default".into()),
        Some(_) => Err("it is neither a text nor a list of named texts".into()),
    }
}

fn wrong(file: &str, why: String) -> NetworkError {
    NetworkError::Config { file: file.into(), field: NAME.into(), why }
}
