//! Requests and responses as they go over the wire.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::abilities::{Abilities, Field};
use super::complaint::{Complaint, error_text, says_something, stated_status};
use super::stream;
use super::{ApiSettings, Detail};
use crate::{Answer, Finish, Usage};

/// More tokens than this are not a count of tokens.
const MOST_TOKENS: f64 = 1e12;

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
            if let Some(detail) = settings.detail.word().filter(|_| abilities.takes(Field::Detail)) {
                image["detail"] = json!(detail);
            }
            json!([{ "type": "text", "text": prompt }, { "type": "image_url", "image_url": image }])
        }
    };
    let mut body = json!({
        "model": settings.model,
        "messages": [{ "role": "user", "content": content }],
    });
    if abilities.takes(Field::Several) {
        body["n"] = json!(samples);
    }
    if let Some(temperature) = settings.temperature.filter(|_| abilities.takes(Field::Temperature)) {
        body["temperature"] = json!(temperature);
    }
    if let Some(most) = settings.max_tokens {
        let name = if abilities.takes(Field::Limit) { "max_tokens" } else { "max_completion_tokens" };
        body[name] = json!(most);
    }
    if let Some(seed) = settings.seed.filter(|_| abilities.takes(Field::Seed)) {
        // Asking for the rest must not give the first answers again.
        body["seed"] = json!(seed.wrapping_add(first_sample as u64) & (u64::MAX >> 1));
    }
    if abilities.takes(Field::Schema) {
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

/// Why a response of status 200 is not understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Another attempt may give one that is.
    Passing(String),
    /// It holds an error with this status.
    Stated(u16, Complaint),
    /// It is a web page.
    WebPage,
}

/// Reads the body of a response of status 200. Only answers matter: whatever stands beside them in an unexpected shape
/// is passed over, since they are paid for.
///
/// # Errors
/// Why it is not a chat response.
pub(super) fn response(body: &[u8], samples: usize) -> Result<Understood, Unread> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let passing = |why: &str| Unread::Passing(why.to_owned());
    if text.is_empty() {
        return Err(passing("the response is empty"));
    }
    if text.starts_with('<') {
        return Err(Unread::WebPage);
    }
    let response = match stream::assembled(text) {
        Some(response) => response,
        None => serde_json::from_str(text)
            .map_err(|error| Unread::Passing(format!("the response is not JSON ({error})")))?,
    };
    let choices = response.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let choices: Vec<&Value> = choices.iter().filter(|choice| choice.is_object()).take(samples).collect();
    if choices.is_empty() {
        let whole = response.as_array().and_then(|list| list.first()).unwrap_or(&response);
        let Some(error) = whole.get("error").filter(|error| says_something(error)) else {
            return Err(passing("the response has no choices"));
        };
        return Err(match stated_status(error).or_else(|| stated_status(whole)) {
            Some(status) => Unread::Stated(status, Complaint::of_value(whole)),
            None => Unread::Passing(error_text(error)),
        });
    }
    let answers: Vec<Answer> =
        choices.iter().filter(|choice| !broke_down(choice)).map(|choice| answer(choice)).collect();
    if answers.is_empty() {
        let error =
            choices.iter().find_map(|choice| choice.get("error").filter(|error| says_something(error)));
        return Err(Unread::Passing(error.map_or_else(|| "the model broke down".to_owned(), error_text)));
    }
    let usage = response.get("usage").and_then(usage);
    // Nobody reads a prompt of no tokens, or writes words with none.
    let has_words = answers.iter().any(|answer| !answer.text.is_empty());
    let usage = usage.filter(|usage| usage.prompt_tokens > 0 && (usage.completion_tokens > 0 || !has_words));
    Ok(Understood { answers, usage })
}

/// The counts of a server, if both are there; whole numbers may be written with a point.
fn usage(usage: &Value) -> Option<Usage> {
    let count = |name: &str| {
        let count = usage.get(name)?.as_f64()?;
        (0.0..=MOST_TOKENS).contains(&count).then_some(count.ceil() as u64)
    };
    let (prompt_tokens, completion_tokens) = (count("prompt_tokens")?, count("completion_tokens")?);
    Some(Usage { prompt_tokens, completion_tokens, estimated: false })
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
        Some("length" | "max_tokens") => Finish::Length,
        Some("content_filter") => Finish::Refused,
        _ => Finish::Other,
    };
    let text = match field("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(said).collect::<Vec<_>>().join("\n"),
        _ => refusal.or_else(|| choice.get("text")?.as_str()).unwrap_or_default().to_owned(),
    };
    if text.trim().is_empty() && !matches!(finish, Finish::Refused | Finish::Length) {
        let thoughts = thoughts(choice.get("message").unwrap_or(&Value::Null));
        if !thoughts.trim().is_empty() {
            return Answer { text: thoughts, finish: Finish::Thoughts };
        }
    }
    Answer { text, finish }
}

/// The text of a part of an answer, unless it is a thought.
fn said(part: &Value) -> Option<&str> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind.contains("think") || kind.contains("reason") {
        return None;
    }
    part.as_str().or_else(|| part.get("text")?.as_str())
}

/// What a model thought, in the fields that servers have for it.
fn thoughts(message: &Value) -> String {
    let plain = ["reasoning_content", "reasoning", "thinking"]
        .iter()
        .find_map(|name| message.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty()));
    if let Some(text) = plain {
        return text.to_owned();
    }
    let mut found = Vec::new();
    let lists = ["reasoning_details", "content"].iter().filter_map(|name| message.get(name)?.as_array());
    for part in lists.flatten() {
        let inner = part.get("thinking").and_then(Value::as_array).into_iter().flatten();
        let texts = inner
            .chain([part])
            .filter_map(|part| part.get("text").or_else(|| part.get("thinking"))?.as_str());
        found.extend(texts);
    }
    found.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::Structured;
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
    }

    #[test]
    fn what_stands_beside_an_answer_does_not_cost_it() {
        let choice = r#"{"message": {"content": "48.5, 2.5", "refusal": []}, "finish_reason": "stop"}"#;
        let read = |beside: &str| {
            let body = format!("{{\"choices\": [{choice}]{beside}}}");
            response(body.as_bytes(), 1).unwrap_or_else(|why| panic!("{beside}: {why:?}"))
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
        assert_eq!(response(odd, 2).unwrap().answers.len(), 1);
    }

    #[test]
    fn a_model_that_broke_down_is_asked_again() {
        let broken =
            r#"{"message": {"content": ""}, "finish_reason": "error", "error": {"message": "upstream"}}"#;
        let whole = r#"{"message": {"content": "48.5, 2.5"}, "finish_reason": "error"}"#;
        let read = |choices: &str| response(format!("{{\"choices\": [{choices}]}}").as_bytes(), 3);
        assert_eq!(read(broken).err().unwrap(), Unread::Passing("upstream".to_owned()));
        let understood = read(&format!("{broken}, {whole}")).unwrap();
        assert_eq!(understood.answers.len(), 1, "what was written counts");
    }

    #[test]
    fn what_is_no_chat_response_is_named() {
        let why = |body: &str| response(body.as_bytes(), 1).err().unwrap();
        let passing = |body: &str, words: &str| {
            let Unread::Passing(text) = why(body) else { panic!("{body}: {:?}", why(body)) };
            assert!(text.contains(words), "{body}: {text}");
        };
        for page in
            ["<html><title>Sign in</title></html>", "\n<!DOCTYPE html>", "\u{feff}<?xml version=\"1.0\"?>"]
        {
            assert_eq!(why(page), Unread::WebPage, "{page}");
        }
        passing("", "empty");
        passing(" \n", "empty");
        passing("{}", "no choices");
        passing("null", "no choices");
        passing("[]", "no choices");
        passing(r#"{"choices": []}"#, "no choices");
        passing(r#"{"choices": null, "error": null}"#, "no choices");
        passing(r#"{"choices": [{"mess"#, "not JSON");
        passing("OK", "not JSON");
        passing(r#"{"error": "loading"}"#, "loading");
        passing("data: {\"error\": {\"message\": \"loading\"}}", "loading");
        for (body, status) in [
            (r#"{"error": {"message": "overloaded", "code": 503}}"#, 503),
            (r#"{"error": {"message": "overloaded", "code": "503"}}"#, 503),
            (r#"{"error": {"message": "overloaded", "param": "seed"}}"#, 400),
            (r#"{"error": {"message": "overloaded", "type": "invalid_request_error"}}"#, 400),
            (r#"[{"error": {"message": "overloaded", "code": 400}}]"#, 400),
            (r#"{"error": {"message": "overloaded"}, "status": 429}"#, 429),
        ] {
            let Unread::Stated(found, complaint) = why(body) else { panic!("{body}: {:?}", why(body)) };
            assert!(found == status && complaint.message.starts_with("overloaded"), "{body}: {complaint:?}");
        }
    }

    #[test]
    fn empty_answers_are_told_from_thoughts() {
        let read = |choice: &str| {
            let body = format!(
                "{{\"choices\": [{choice}], \"usage\": {{\"prompt_tokens\": 0, \"completion_tokens\": 0}}}}"
            );
            let understood = response(body.as_bytes(), 1).unwrap();
            assert_eq!(understood.usage, None, "nothing was counted: {choice}");
            understood.answers.into_iter().next().map(|answer| (answer.text, answer.finish)).unwrap()
        };
        let thought = || ("48.5".to_owned(), Finish::Thoughts);
        for choice in [
            r#"{"finish_reason": "stop", "message": {"content": "", "reasoning_content": "48.5"}}"#,
            r#"{"finish_reason": "stop", "message": {"content": null, "reasoning": "48.5"}}"#,
            r#"{"message": {"content": " \n", "thinking": "48.5"}}"#,
            r#"{"finish_reason": "stop", "message": {"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "48.5"}]}}"#,
            r#"{"finish_reason": "stop", "message": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "48.5"}]}]}}"#,
        ] {
            assert_eq!(read(choice), thought(), "{choice}");
        }
        for choice in [
            r#"{"finish_reason": "length", "message": {"content": "", "reasoning_content": "48.5"}}"#,
            r#"{"finish_reason": "length", "message": {"content": null}}"#,
        ] {
            assert_eq!(read(choice), (String::new(), Finish::Length), "{choice}");
        }
        assert_eq!(read(r#"{"message": null}"#), (String::new(), Finish::Other));
        assert_eq!(read(r#"{"text": "48.5", "finish_reason": "stop"}"#), ("48.5".to_owned(), Finish::Stop));
        let both = r#"{"finish_reason": "stop", "message": {"content": "a", "reasoning_content": "b"}}"#;
        assert_eq!(read(both), ("a".to_owned(), Finish::Stop));
        let parts = r#"{"message": {"content": [{"type": "reasoning", "text": "b"}, {"type": "text", "text": "a"}, "c"]}}"#;
        assert_eq!(read(parts).0, "a\nc");
    }
}
