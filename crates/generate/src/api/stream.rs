//! Responses that come as a stream of events though none was asked for.

use serde_json::{Map, Value, json};

/// The response that a stream of `data:` lines adds up to; `None` if the body is not such a stream.
pub(super) fn assembled(body: &str) -> Option<Value> {
    let begins =
        |line: &str| line.starts_with("data:") || line.starts_with("event:") || line.starts_with(':');
    if !body.lines().find(|line| !line.trim().is_empty()).is_some_and(begins) {
        return None;
    }
    let mut whole = Map::new();
    let mut choices: Vec<Choice> = Vec::new();
    let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
    for event in data.filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok()) {
        for name in ["usage", "error"] {
            if let Some(value) = event.get(name).filter(|value| !value.is_null()) {
                whole.insert(name.to_owned(), value.clone());
            }
        }
        for (place, part) in event.get("choices").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let number = part.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
            let known = choices.iter().position(|choice| choice.number == number);
            let at = known.unwrap_or_else(|| {
                choices.push(Choice { number, ..Choice::default() });
                choices.len() - 1
            });
            choices[at].add(part);
        }
    }
    choices.sort_by_key(|choice| choice.number);
    if !choices.is_empty() {
        whole.insert("choices".to_owned(), choices.into_iter().map(Choice::into_value).collect());
    }
    Some(Value::Object(whole))
}

#[derive(Default)]
struct Choice {
    number: u64,
    text: String,
    thought: String,
    finish: Option<Value>,
}

impl Choice {
    fn add(&mut self, part: &Value) {
        let delta = part.get("delta").or_else(|| part.get("message"));
        let text =
            |name: &str| delta.and_then(|delta| delta.get(name)).and_then(Value::as_str).unwrap_or_default();
        self.text.push_str(text("content"));
        self.text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default());
        self.thought.push_str(text("reasoning_content"));
        self.thought.push_str(text("reasoning"));
        self.finish =
            part.get("finish_reason").filter(|reason| !reason.is_null()).cloned().or(self.finish.take());
    }

    fn into_value(self) -> Value {
        // A stream that breaks off before its end is a text that was cut.
        let finish = self.finish.unwrap_or_else(|| json!("length"));
        json!({
            "index": self.number,
            "finish_reason": finish,
            "message": { "content": self.text, "reasoning_content": self.thought },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_all_choices_are_put_together() {
        let body = concat!(
            ": keep-alive\n\n",
            "data: {\"choices\": [{\"index\": 1, \"delta\": {\"content\": \"b\"}}]}\n\n",
            "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"48.5,\"}}]}\n\n",
            "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \" 2.5\"}, \"finish_reason\": \"stop\"}]}\n\n",
            "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 3}}\n\n",
            "data: [DONE]\n",
        );
        let whole = assembled(body).unwrap();
        assert_eq!(whole["choices"][0]["message"]["content"], "48.5, 2.5");
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
        assert_eq!(whole["choices"][1]["message"]["content"], "b");
        assert_eq!(whole["choices"][1]["finish_reason"], "length", "it has no end");
        assert_eq!(whole["usage"]["prompt_tokens"], 3);
        assert_eq!(assembled("{\"choices\": []}"), None);
        assert_eq!(assembled("data: {\"error\": \"overloaded\"}").unwrap()["error"], "overloaded");
    }
}
