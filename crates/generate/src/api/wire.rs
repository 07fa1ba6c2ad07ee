//! Requests and responses as they go over the wire.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiSettings, Detail, Structured};
use crate::{Answer, Finish, Usage};

/// Longer answers are cut: a coordinate is written in fewer words.
const LONGEST_ANSWER: usize = 32 << 10;
/// Longer error texts are cut.
const LONGEST_MESSAGE: usize = 500;

/// What the server was found to take, from its refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    /// `response_format` with a schema.
    pub(super) schema: bool,
    /// `n` above 1.
    pub(super) several: bool,
    /// `max_completion_tokens` in place of `max_tokens`.
    pub(super) new_limit: bool,
}

impl Abilities {
    pub(super) fn first_guess(settings: &ApiSettings) -> Self {
        Self { schema: settings.structured != Structured::Off, several: true, new_limit: false }
    }

    /// What to try after a refusal of the request itself; `None` when there is nothing left to do without.
    pub(super) fn humbler(self, settings: &ApiSettings, samples: usize, message: &str) -> Option<Self> {
        let lower = message.to_lowercase();
        if !self.new_limit && settings.max_tokens.is_some() && lower.contains("max_completion_tokens") {
            return Some(Self { new_limit: true, ..self });
        }
        let names_schema =
            ["response_format", "schema", "grammar", "structured"].iter().any(|word| lower.contains(word));
        let no_schema = (self.schema && settings.structured == Structured::Auto)
            .then_some(Self { schema: false, ..self });
        let one = (self.several && samples > 1).then_some(Self { several: false, ..self });
        if names_schema { no_schema.or(one) } else { one.or(no_schema) }
    }
}

/// The body of a request for so many answers; the text comes before the picture, as in the official code.
pub(super) fn request(
    settings: &ApiSettings,
    abilities: Abilities,
    prompt: &str,
    jpeg: Option<&[u8]>,
    samples: usize,
    first_sample: usize,
) -> Value {
    let content = match jpeg {
        None => json!(prompt),
        Some(jpeg) => {
            let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
            let mut image = json!({ "url": url });
            if let Some(detail) = settings.detail.word() {
                image["detail"] = json!(detail);
            }
            json!([{ "type": "text", "text": prompt }, { "type": "image_url", "image_url": image }])
        }
    };
    let mut body = json!({
        "model": settings.model,
        "messages": [{ "role": "user", "content": content }],
    });
    if abilities.several {
        body["n"] = json!(samples);
    }
    if let Some(temperature) = settings.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(most) = settings.max_tokens {
        let name = if abilities.new_limit { "max_completion_tokens" } else { "max_tokens" };
        body[name] = json!(most);
    }
    if let Some(seed) = settings.seed {
        // Asking for the rest must not give the first answers again.
        body["seed"] = json!(seed.wrapping_add(first_sample as u64) & (u64::MAX >> 1));
    }
    if abilities.schema {
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {
                "name": "location",
                "strict": true,
                "schema": {
                    "type": "object",
                    "properties": { "latitude": { "type": "number" }, "longitude": { "type": "number" } },
                    "required": ["latitude", "longitude"],
                    "additionalProperties": false
                }
            }
        });
    }
    body
}

impl Detail {
    /// The word of the API; `None` where there is no picture.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Low => Some("low"),
            Self::High => Some("high"),
            Self::Auto => Some("auto"),
        }
    }
}

#[derive(Deserialize)]
struct Response {
    choices: Option<Vec<Choice>>,
    usage: Option<ResponseUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Value>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct ResponseUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// A response that was understood.
pub(super) struct Understood {
    pub(super) answers: Vec<Answer>,
    /// As the server counts, if it does.
    pub(super) usage: Option<Usage>,
}

/// Reads the body of a response of status 200.
///
/// # Errors
/// In words, why it is no chat response; and the status that the body states, if it holds an error instead.
pub(super) fn response(body: &[u8], samples: usize) -> Result<Understood, (Option<u16>, String)> {
    let response: Response = serde_json::from_slice(body)
        .map_err(|error| (None, format!("the response is no JSON of a chat ({error})")))?;
    if let Some(error) = response.error.filter(|error| !error.is_null()) {
        let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        return Err((status, error_text(&error)));
    }
    let mut choices = response.choices.unwrap_or_default();
    choices.truncate(samples);
    if choices.is_empty() {
        return Err((None, "the response has no choices".to_owned()));
    }
    let usage =
        response.usage.filter(|usage| usage.prompt_tokens + usage.completion_tokens > 0).map(|usage| Usage {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            estimated: false,
        });
    Ok(Understood { answers: choices.into_iter().map(answer).collect(), usage })
}

fn answer(choice: Choice) -> Answer {
    let (content, refusal) =
        choice.message.map_or((None, None), |message| (message.content, message.refusal));
    let refusal = refusal.filter(|text| !text.is_empty());
    let finish = match choice.finish_reason.as_deref() {
        _ if refusal.is_some() => Finish::Refused,
        Some("stop") => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Refused,
        _ => Finish::Other,
    };
    let text = match content {
        Some(Value::String(text)) => text,
        // Parts, of which those with text count.
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => refusal.unwrap_or_default(),
    };
    Answer { text: shortened(&text, LONGEST_ANSWER), finish }
}

/// What an error body says: its `message`, or its beginning.
pub(super) fn error_message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(&body[..body.len().min(4 * LONGEST_MESSAGE)]);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        return if words.is_empty() {
            "no explanation".to_owned()
        } else {
            shortened(&words, LONGEST_MESSAGE)
        };
    };
    error_text(value.get("error").unwrap_or(&value))
}

fn error_text(error: &Value) -> String {
    let field = |name: &str| error.get(name).and_then(Value::as_str);
    let text = match (error.as_str(), field("message").or_else(|| field("detail"))) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        _ => error.to_string(),
    };
    let text = match field("code").filter(|code| !text.contains(code)) {
        Some(code) => format!("{text} ({code})"),
        None => text,
    };
    shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_MESSAGE)
}

fn shortened(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_has_the_official_shape() {
        let settings = ApiSettings {
            temperature: Some(1.2),
            max_tokens: Some(200),
            detail: Detail::Low,
            structured: Structured::Off,
            ..ApiSettings::new("gpt")
        };
        let body = request(&settings, Abilities::first_guess(&settings), "where?", Some(&[1, 2, 3]), 10, 0);
        let expected = json!({
            "model": "gpt",
            "messages": [{ "role": "user", "content": [
                { "type": "text", "text": "where?" },
                { "type": "image_url", "image_url": { "url": "data:image/jpeg;base64,AQID", "detail": "low" } }
            ]}],
            "max_tokens": 200, "temperature": 1.2, "n": 10
        });
        assert_eq!(body, expected);
        let text_only = request(&settings, Abilities::first_guess(&settings), "where?", None, 1, 0);
        assert_eq!(text_only["messages"][0]["content"], "where?");
    }

    #[test]
    fn refusals_are_answered_by_asking_for_less() {
        let settings = ApiSettings { max_tokens: Some(9), ..ApiSettings::new("m") };
        let all = Abilities::first_guess(&settings);
        assert!(all.schema && all.several);
        let next = |abilities: Abilities, message: &str| abilities.humbler(&settings, 4, message);
        let no_schema = next(all, "Unknown field response_format").unwrap();
        assert_eq!((no_schema.schema, no_schema.several), (false, true));
        let one = next(all, "Only one completion choice is allowed").unwrap();
        assert_eq!((one.schema, one.several), (true, false));
        assert!(next(all, "use 'max_completion_tokens' instead").unwrap().new_limit);
        let least = next(no_schema, "bad").unwrap();
        assert_eq!(next(least, "bad"), None);
        let strict = ApiSettings { structured: Structured::On, ..settings.clone() };
        assert!(all.humbler(&strict, 1, "response_format").is_none());
    }

    #[test]
    fn answers_are_read_from_every_shape() {
        let body = json!({
            "choices": [
                { "message": { "content": "a" }, "finish_reason": "stop" },
                { "message": { "content": [{ "type": "text", "text": "b" }, { "type": "other" }] } },
                { "message": { "content": null, "refusal": "no" }, "finish_reason": "stop" },
                { "message": { "content": "" }, "finish_reason": "content_filter" },
                { "finish_reason": "length" },
                { "message": { "content": "more than asked" } }
            ],
            "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 }
        });
        let understood =
            response(body.to_string().as_bytes(), 5).unwrap_or_else(|_| panic!("not understood"));
        let texts: Vec<&str> = understood.answers.iter().map(|answer| answer.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "no", "", ""]);
        let finishes: Vec<Finish> = understood.answers.iter().map(|answer| answer.finish).collect();
        assert_eq!(finishes, [Finish::Stop, Finish::Other, Finish::Refused, Finish::Refused, Finish::Length]);
        assert_eq!(understood.usage.map(|usage| usage.prompt_tokens), Some(7));
        let why = |body: &str| response(body.as_bytes(), 1).err().unwrap();
        assert!(why("<html>").1.contains("no JSON"));
        assert!(why("{}").1.contains("no choices"));
        assert_eq!(
            why(r#"{"error": {"message": "overloaded", "code": 503}}"#),
            (Some(503), "overloaded".into())
        );
    }

    #[test]
    fn errors_are_put_in_few_words() {
        assert_eq!(
            error_message(br#"{"error":{"message":"bad  key","code":"invalid_api_key"}}"#),
            "bad key (invalid_api_key)"
        );
        assert_eq!(error_message(br#"{"detail":"Not Found"}"#), "Not Found");
        assert_eq!(error_message(br#"{"error":"plain"}"#), "plain");
        assert_eq!(error_message(b"<h1>502\n Bad Gateway</h1>"), "<h1>502 Bad Gateway</h1>");
        assert_eq!(error_message(b""), "no explanation");
        assert!(error_message("\u{e9}".repeat(9000).as_bytes()).len() < 510);
    }
}
