//! Refusals in the words of many servers, and the one field that each of them costs.

use serde_json::json;

use super::abilities::{Abilities, Field};
use super::complaint::{Complaint, error_text};
use super::{ApiSettings, Detail};

fn settings() -> ApiSettings {
    ApiSettings { seed: Some(7), detail: Detail::Low, ..ApiSettings::new("m") }
}

/// What a refusal costs a request for four answers.
fn lost(body: &str) -> Vec<Field> {
    let all = Abilities::first_guess(&settings());
    let humbler = all.humbler(&settings(), 4, 400, &Complaint::of(body.as_bytes()));
    humbler.map(|humbler| all.lost(humbler.abilities).collect()).unwrap_or_default()
}

#[test]
fn the_refused_field_alone_is_left_out() {
    use Field::{Detail, Limit, Schema, Seed, Several, Temperature};
    let said = |message: &str| json!({ "error": { "message": message } }).to_string();
    let openai = |message: &str, param: &str| {
        json!({ "error": { "message": message, "type": "invalid_request_error", "param": param, "code": "unsupported_value" } })
            .to_string()
    };
    let fastapi = |path: &[&str]| {
        json!({ "detail": [{ "type": "extra_forbidden", "loc": path, "msg": "Extra inputs are not permitted", "input": 7 }] })
            .to_string()
    };
    let vllm = |field: &str| {
        let message = format!(
            "[{{'type': 'extra_forbidden', 'loc': ('body', '{field}'), 'msg': 'Extra inputs are not permitted', 'input': 7}}]"
        );
        json!({ "object": "error", "message": message, "type": "BadRequestError", "param": null, "code": 400 }).to_string()
    };
    let cases: Vec<(String, Field)> = vec![
        // OpenAI
        (openai("Unsupported value: 'temperature' does not support 1.2 with this model. Only the default (1) value is supported.", "temperature"), Temperature),
        (openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_tokens"), Limit),
        (openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format"), Schema),
        (openai("Unsupported value: 'n' does not support 4 with this model.", "n"), Several),
        (openai("Unknown parameter: 'seed'.", "seed"), Seed),
        (openai("Invalid value: 'low'. Supported values are: 'auto'.", "messages[0].content[1].image_url.detail"), Detail),
        (openai("Not allowed here.", "temperature"), Temperature),
        // Azure, which leaves param empty
        (json!({ "error": { "code": "unsupported_parameter", "message": "Unsupported parameter: 'temperature' is not supported with this model.", "param": null } }).to_string(), Temperature),
        (said("Invalid 'temperature': decimal above maximum value. Expected a value <= 1, but got 1.2 instead."), Temperature),
        // vLLM
        (vllm("seed"), Seed),
        (vllm("n"), Several),
        (vllm("response_format"), Schema),
        (json!({ "object": "error", "message": "temperature must be non-negative, got 1.2.", "code": 400 }).to_string(), Temperature),
        // llama.cpp
        (said("Only one completion choice is allowed"), Several),
        (said("Failed to parse grammar"), Schema),
        (said("Failed to initialize samplers: failed to parse grammar"), Schema),
        // Ollama
        (said("json: cannot unmarshal number 1.2 into Go struct field ChatCompletionRequest.seed of type int"), Seed),
        (json!({ "error": "invalid option provided: temperature" }).to_string(), Temperature),
        (said("invalid format: expected \"json\" or a JSON schema"), Schema),
        // LM Studio
        (json!({ "error": "'response_format.type' must be 'json_object' or 'text'" }).to_string(), Schema),
        (json!({ "error": "Unrecognized key(s) in object: 'seed'" }).to_string(), Seed),
        (json!({ "error": "Unrecognized key(s) in object: 'detail'" }).to_string(), Detail),
        // Gemini's layer, in an array
        (json!([{ "error": { "code": 400, "message": "Invalid JSON payload received. Unknown name \"seed\": Cannot find field.", "status": "INVALID_ARGUMENT" } }]).to_string(), Seed),
        (json!([{ "error": { "code": 400, "message": "Multiple candidates is not enabled for this model", "status": "INVALID_ARGUMENT" } }]).to_string(), Several),
        (json!([{ "error": { "code": 400, "message": "Request is invalid.", "details": [{ "fieldViolations": [{ "field": "generation_config.temperature", "description": "out of range" }] }] } }]).to_string(), Temperature),
        // Mistral
        (json!({ "object": "error", "message": { "detail": [{ "type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted" }] }, "type": "invalid_request_error", "param": null }).to_string(), Seed),
        (json!({ "detail": [{ "type": "less_than_equal", "loc": ["body", "temperature"], "msg": "Input should be less than or equal to 1", "input": 1.2 }] }).to_string(), Temperature),
        // FastAPI
        (fastapi(&["body", "seed"]), Seed),
        (fastapi(&["body", "n"]), Several),
        (fastapi(&["body", "response_format", "json_schema"]), Schema),
        (fastapi(&["body", "max_tokens"]), Limit),
        (fastapi(&["body", "messages", "0", "content", "1", "image_url", "detail"]), Detail),
        // Others
        (said("temperature: range: 0..1"), Temperature),
        (said("Argument not supported on this model: seed"), Seed),
        (said("Malformed input request: extraneous key [seed] is not permitted, please reformat your input and try again."), Seed),
        (said("property 'image_url.detail' is unsupported"), Detail),
        (said("'n' : number must be at most 1"), Several),
        (said("Input validation error: `temperature` must be strictly positive"), Temperature),
        (said("This model does not support structured output"), Schema),
        (said("n > 1 is not supported"), Several),
        (json!({ "error": { "message": "Provider returned error", "code": 400, "metadata": { "raw": "{\"error\":{\"message\":\"Unsupported parameter\",\"param\":\"temperature\"}}" } } }).to_string(), Temperature),
        ("Unknown field: seed".to_owned(), Seed),
    ];
    for (body, field) in cases {
        assert_eq!(lost(&body), [field], "{body}");
    }
}

#[test]
fn all_fields_that_a_structure_names_go_at_once() {
    let body = json!({ "detail": [
        { "loc": ["body", "seed"], "msg": "Extra inputs are not permitted" },
        { "loc": ["body", "n"], "msg": "Extra inputs are not permitted" },
    ]});
    assert_eq!(lost(&body.to_string()), [Field::Several, Field::Seed]);
}

#[test]
fn refusals_about_something_else_cost_nothing() {
    let param = |param: &str| json!({ "error": { "message": "Invalid value", "param": param } }).to_string();
    for body in [
        param("model"),
        param("messages[0].content[1].image_url"),
        param("messages"),
        json!({ "detail": [{ "loc": ["body", "messages", "0"], "msg": "Field required" }] }).to_string(),
    ] {
        assert_eq!(lost(&body), [], "{body}");
    }
    let all = Abilities::first_guess(&settings());
    for status in [401, 404, 413, 415, 500] {
        let complaint = Complaint::of(param("temperature").as_bytes());
        assert_eq!(all.humbler(&settings(), 4, status, &complaint), None, "{status}");
    }
}

#[test]
fn ordinary_words_name_no_field() {
    let said =
        |message: &str| Complaint::of(json!({ "error": { "message": message } }).to_string().as_bytes());
    for message in ["bad picture", "the image can't be read\\n", "no", "n_ctx is too small", "an entry"] {
        assert!(!said(message).is_about(Field::Several), "{message}");
    }
    for message in ["see the documentation for more detail", "in detail: no", "detailed", "seeded", "proceed"]
    {
        assert!(!said(message).is_about(Field::Detail) && !said(message).is_about(Field::Seed), "{message}");
    }
    for message in ["`n` must be 1", "n > 1 is not supported", "Invalid value for 'n'", "one choice at most"]
    {
        assert!(said(message).is_about(Field::Several), "{message}");
    }
}

#[test]
fn errors_are_put_in_few_words() {
    let words = |body: &str| Complaint::of(body.as_bytes()).message;
    assert_eq!(
        words(r#"{"error":{"message":"bad  key","code":"invalid_api_key"}}"#),
        "bad key (invalid_api_key)"
    );
    assert_eq!(words(r#"{"detail":"Not Found"}"#), "Not Found");
    assert_eq!(words(r#"{"error":"plain"}"#), "plain");
    assert_eq!(words("<h1>502\n Bad Gateway</h1>"), "<h1>502 Bad Gateway</h1>");
    assert_eq!(words(""), "no explanation");
    assert_eq!(words(r#"{"detail":[{"loc":["body","seed"],"msg":"Extra inputs"}]}"#), "seed: Extra inputs");
    assert_eq!(error_text(&json!({ "msg": "no" })), "no");
}
