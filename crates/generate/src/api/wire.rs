//! Requests and responses as they go over the wire.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{ApiSettings, Detail, Structured};
use crate::{Answer, Finish, Usage};

/// More tokens than this are not a count of tokens.
const MOST_TOKENS: f64 = 1e12;

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

    /// What to try after a refusal of the request itself; `None` when there is nothing left to do without, or when the
    /// refusal is about something else: a picture that is too large stays too large.
    pub(super) fn humbler(
        self,
        settings: &ApiSettings,
        samples: usize,
        status: u16,
        message: &str,
    ) -> Option<Self> {
        if !matches!(status, 400 | 422 | 501) {
            return None;
        }
        let lower = message.to_lowercase();
        if !self.new_limit && settings.max_tokens.is_some() && lower.contains("max_completion_tokens") {
            return Some(Self { new_limit: true, ..self });
        }
        let no_schema = (self.schema && settings.structured == Structured::Auto)
            .then_some(Self { schema: false, ..self });
        let one = (self.several && samples > 1).then_some(Self { several: false, ..self });
        // Without the schema a photo costs the same; without `n` its picture is sent and paid for ten times.
        if names_several(message) && !names_schema(&lower) { one.or(no_schema) } else { no_schema.or(one) }
    }

    /// What of this holds for other requests, after a refusal with this message: that a server gives one answer at a
    /// time has to be said, since it is the dearest lesson.
    pub(super) fn lesson(self, message: &str) -> Self {
        Self { several: self.several || !names_several(message), ..self }
    }

    /// What both know: one refusal of either is enough.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            schema: self.schema && other.schema,
            several: self.several && other.several,
            new_limit: self.new_limit || other.new_limit,
        }
    }
}

fn names_schema(lower: &str) -> bool {
    ["response_format", "schema", "grammar", "structured"].iter().any(|word| lower.contains(word))
}

/// Whether a message is about the number of answers: it has `n` as a word of its own, or speaks of choices.
fn names_several(message: &str) -> bool {
    let lower = message.to_lowercase();
    let is_sign = |character: char| !character.is_alphanumeric() && character != '_';
    let n = message.match_indices('n').any(|(at, _)| {
        let (before, after) = (&message[..at], &message[at + 1..]);
        // A line feed in quoted JSON is not a name.
        (before.is_empty() || (before.ends_with(is_sign) && !before.ends_with('\\')))
            && (after.is_empty() || after.starts_with(is_sign))
    });
    n || ["choice", "multiple completions", "candidate"].iter().any(|word| lower.contains(word))
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
        body["response_format"] = schema();
    }
    body
}

/// The `response_format` of a coordinate.
pub(super) fn schema() -> Value {
    json!({
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
    })
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

/// A response that was understood.
pub(super) struct Understood {
    pub(super) answers: Vec<Answer>,
    /// As the server counts, if it does.
    pub(super) usage: Option<Usage>,
}

/// Reads the body of a response of status 200. Only answers matter: whatever stands beside them in an unexpected shape
/// is passed over, since they are paid for.
///
/// # Errors
/// In words, why it is not a chat response; and the status that the body states, if it holds an error instead.
pub(super) fn response(body: &[u8], samples: usize) -> Result<Understood, (Option<u16>, String)> {
    let response: Value = serde_json::from_slice(body)
        .map_err(|error| (None, format!("the response is not JSON ({error})")))?;
    let choices = response.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let choices: Vec<&Value> = choices.iter().filter(|choice| choice.is_object()).take(samples).collect();
    if choices.is_empty() {
        let error = response.get("error").filter(|error| says_something(error));
        return Err(error.map_or_else(
            || (None, "the response has no choices".to_owned()),
            |error| (stated_status(error), error_text(error)),
        ));
    }
    let answers: Vec<Answer> =
        choices.iter().filter(|choice| !broke_down(choice)).map(|choice| answer(choice)).collect();
    if answers.is_empty() {
        let error =
            choices.iter().find_map(|choice| choice.get("error").filter(|error| says_something(error)));
        let words = error.map_or_else(|| "the model broke down".to_owned(), error_text);
        return Err((None, words));
    }
    Ok(Understood { answers, usage: response.get("usage").and_then(usage) })
}

fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn stated_status(error: &Value) -> Option<u16> {
    error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok())
}

/// The counts of a server, if both are there; whole numbers may be written with a point.
fn usage(usage: &Value) -> Option<Usage> {
    let count = |name: &str| {
        let count = usage.get(name)?.as_f64()?;
        (0.0..=MOST_TOKENS).contains(&count).then_some(count.ceil() as u64)
    };
    let (prompt_tokens, completion_tokens) = (count("prompt_tokens")?, count("completion_tokens")?);
    (prompt_tokens > 0 || completion_tokens > 0).then_some(Usage {
        prompt_tokens,
        completion_tokens,
        estimated: false,
    })
}

/// Whether the model failed in the middle, with nothing to show for it: asking again may give an answer.
fn broke_down(choice: &Value) -> bool {
    choice.get("finish_reason").and_then(Value::as_str) == Some("error")
        && answer(choice).text.trim().is_empty()
}

fn answer(choice: &Value) -> Answer {
    let field = |name: &str| choice.get("message").and_then(|message| message.get(name));
    let refusal = field("refusal").and_then(Value::as_str).filter(|text| !text.is_empty());
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        _ if refusal.is_some() => Finish::Refused,
        Some("stop") => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Refused,
        _ => Finish::Other,
    };
    let text = match field("content") {
        Some(Value::String(text)) => text.clone(),
        // Parts, of which those with text count.
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => refusal.unwrap_or_default().to_owned(),
    };
    Answer { text, finish }
}

/// What an error body says: its `message`, or all of it. It may hold the key and be of any length.
pub(super) fn error_message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let words = in_one_line(&String::from_utf8_lossy(body));
        return if words.is_empty() { "no explanation".to_owned() } else { words };
    };
    error_text(value.get("error").unwrap_or(&value))
}

fn error_text(error: &Value) -> String {
    let field = |name: &str| error.get(name).and_then(Value::as_str);
    let text = match (error.as_str(), field("message").or_else(|| field("detail"))) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        _ => error.to_string(),
    };
    in_one_line(&match field("code").filter(|code| !text.contains(code)) {
        Some(code) => format!("{text} ({code})"),
        None => text,
    })
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
        let next = |abilities: Abilities, message: &str| abilities.humbler(&settings, 4, 400, message);
        let no_schema = next(all, "Unknown field response_format").unwrap();
        assert_eq!((no_schema.schema, no_schema.several), (false, true));
        let one = next(all, "Only one completion choice is allowed").unwrap();
        assert_eq!((one.schema, one.several), (true, false));
        assert!(next(all, "use 'max_completion_tokens' instead").unwrap().new_limit);
        assert_eq!(next(all, "bad"), Some(no_schema), "the schema goes first");
        let least = next(no_schema, "bad").unwrap();
        assert_eq!(next(least, "bad"), None);
        for status in [406, 413, 415, 431] {
            assert_eq!(all.humbler(&settings, 4, status, "n"), None, "{status}");
        }
        let strict = ApiSettings { structured: Structured::On, ..settings.clone() };
        assert!(all.humbler(&strict, 1, 400, "response_format").is_none());
    }

    #[test]
    fn lessons_are_kept_where_they_hold_for_others_and_add_up() {
        let all = Abilities { schema: true, several: true, new_limit: false };
        let one = Abilities { several: false, ..all };
        for message in
            ["`n` must be 1", "n > 1 is not supported", "Invalid value for 'n'", "one choice at most"]
        {
            assert_eq!(one.lesson(message), one, "{message}");
        }
        for message in ["bad picture", "the image can't be read\\n", "no", "n_ctx is too small", "an entry"] {
            assert_eq!(one.lesson(message), all, "{message}");
        }
        let no_schema = Abilities { schema: false, ..all };
        let new_limit = Abilities { new_limit: true, ..all };
        let least = Abilities { schema: false, several: false, new_limit: true };
        assert_eq!(no_schema.and(one).and(new_limit), least);
        assert_eq!(least.and(all), least, "who knows less does not undo it");
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
        assert!(why("<html>").1.contains("not JSON"));
        assert!(why("{}").1.contains("no choices"));
        assert_eq!(
            why(r#"{"error": {"message": "overloaded", "code": 503}}"#),
            (Some(503), "overloaded".into())
        );
    }

    #[test]
    fn what_stands_beside_an_answer_does_not_cost_it() {
        let choice = r#"{"message": {"content": "48.5, 2.5", "refusal": []}, "finish_reason": "stop"}"#;
        let read = |beside: &str| {
            let body = format!("{{\"choices\": [{choice}]{beside}}}");
            response(body.as_bytes(), 1).unwrap_or_else(|(_, why)| panic!("{beside}: {why}"))
        };
        for beside in [
            "",
            r#", "error": """#,
            r#", "error": false"#,
            r#", "error": {}"#,
            r#", "error": "a warning""#,
            r#", "usage": {"prompt_tokens": null}"#,
            r#", "usage": "none""#,
            r#", "usage": {"prompt_tokens": -3, "completion_tokens": 1e300}"#,
        ] {
            let understood = read(beside);
            assert_eq!(understood.answers[0].text, "48.5, 2.5");
            assert_eq!((understood.answers[0].finish, understood.usage), (Finish::Stop, None), "{beside}");
        }
        let usage = read(r#", "usage": {"prompt_tokens": 12.0, "completion_tokens": 7}"#).usage;
        assert_eq!(usage, Some(Usage { prompt_tokens: 12, completion_tokens: 7, estimated: false }));
        let odd = br#"{"choices": [null, {"message": {"content": "a"}, "finish_reason": 7}]}"#;
        assert_eq!(response(odd, 2).map_err(|(_, why)| why).unwrap().answers.len(), 1);
    }

    #[test]
    fn a_model_that_broke_down_is_asked_again() {
        let broken =
            r#"{"message": {"content": ""}, "finish_reason": "error", "error": {"message": "upstream"}}"#;
        let whole = r#"{"message": {"content": "48.5, 2.5"}, "finish_reason": "error"}"#;
        let read = |choices: &str| response(format!("{{\"choices\": [{choices}]}}").as_bytes(), 3);
        assert_eq!(read(broken).err().unwrap(), (None, "upstream".to_owned()));
        let understood = read(&format!("{broken}, {whole}")).map_err(|(_, why)| why).unwrap();
        assert_eq!(understood.answers.len(), 1, "what was written counts");
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
    }
}
