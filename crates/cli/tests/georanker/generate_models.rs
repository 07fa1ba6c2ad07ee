//! `generate`: models that refuse a field, think and say nothing, or see no picture, and servers that answer oddly.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::binary::{Workplace, first_sample, json_lines};
use crate::chat_server::{ChatServer, Reply};
use crate::generate::{generate, only_line, photos};

const GOOD: &str = "{\"latitude\": 48.858267, \"longitude\": 2.2945}";

/// A response with one choice for each answer asked for.
fn choices(asked: &Value, message: &Value, finish: &str, usage: &Value) -> Reply {
    let count = asked["n"].as_u64().unwrap_or(1);
    let choices: Vec<Value> = (0..count)
        .map(|index| json!({ "index": index, "finish_reason": finish, "message": message }))
        .collect();
    Reply::Raw(200, Vec::new(), json!({ "choices": choices, "usage": usage }).to_string())
}

fn refusal(status: u16, body: &Value) -> Reply {
    Reply::Raw(status, Vec::new(), body.to_string())
}

#[test]
fn a_refused_field_is_left_out_alone_remembered_and_told_once() {
    let openai = |name: &str| {
        json!({ "error": {
            "message": format!("Unsupported value: '{name}' does not support this with this model."),
            "type": "invalid_request_error", "param": name, "code": "unsupported_value"
        }})
    };
    let fastapi = |name: &str| json!({ "detail": [{ "loc": ["body", name], "msg": "Extra inputs are not permitted" }] });
    let words = |name: &str| json!({ "error": format!("Unrecognized key(s) in object: '{name}'") });
    let bodies: [&dyn Fn(&str) -> Value; 3] = [&openai, &fastapi, &words];
    for (number, field) in
        ["temperature", "seed", "n", "response_format", "max_tokens"].into_iter().enumerate()
    {
        let work = Workplace::new();
        let body = bodies[number % 3](field);
        let status = if number % 3 == 1 { 422 } else { 400 };
        let server = ChatServer::start(move |asked, _| {
            if asked.body.get(field).is_some() { refusal(status, &body) } else { Reply::paris() }
        });
        let paths = photos(&work, 2);
        let run = generate(&work, &server)
            .args(["-n", "2", "--seed", "7", "--concurrency", "1"])
            .args(&paths)
            .assert()
            .code(0)
            .stderr(contains(format!("does not take `{field}`")).count(1));
        for line in json_lines(&run.get_output().stdout) {
            assert_eq!(line["candidates"].as_array().unwrap().len(), 2, "{field}");
        }
        let asked = server.asked();
        let after = if field == "n" { 4 } else { 2 };
        assert_eq!(asked.len(), 1 + after, "{field}: one refusal");
        let fields = ["temperature", "seed", "n", "response_format", "max_tokens"];
        for request in &asked[1..] {
            for other in fields {
                assert_eq!(request.body.get(other).is_some(), other != field, "{field}: {other}");
            }
            assert_eq!(request.body.get("max_completion_tokens").is_some(), field == "max_tokens");
            assert_eq!(request.body["messages"][0]["content"][1]["image_url"]["detail"], "low");
        }
        run.stderr(contains(format!("{} requests (1 of them refused or failed)", 1 + after)));
    }
}

#[test]
fn a_refused_detail_of_the_picture_is_left_out() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        if asked.body["messages"][0]["content"][1]["image_url"].get("detail").is_some() {
            Reply::status(400, "property 'image_url.detail' is unsupported")
        } else {
            Reply::paris()
        }
    });
    generate(&work, &server).arg(first_sample()).assert().code(0).stderr(contains("`image_url.detail`"));
    let asked = server.asked();
    assert_eq!((asked.len(), asked[1].body["n"].as_u64()), (2, Some(10)));
    assert!(asked[1].body.get("response_format").is_some() && asked[1].body["temperature"] == 1.2);
}

#[test]
fn the_official_protocol_is_not_bent_for_a_model() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        if asked.body.get("temperature").is_some() {
            Reply::status(
                400,
                "'temperature' does not support 1.2 with this model. Only the default (1) value is supported.",
            )
        } else {
            Reply::paris()
        }
    });
    photos(&work, 3);
    generate(&work, &server)
        .args(["--protocol", "official", "--concurrency", "1"])
        .arg(work.root())
        .assert()
        .code(2)
        .stderr(
            contains("refuses `temperature`, which the official protocol sends")
                .and(contains("leave out --protocol")),
        );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_model_that_only_thinks_is_stopped_before_it_costs_more() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        let message =
            json!({ "content": "", "reasoning_content": "The roofs look like 12.5, 13.5. ".repeat(9) });
        choices(&asked.body, &message, "length", &json!({ "prompt_tokens": 1000, "completion_tokens": 1000 }))
    });
    photos(&work, 9);
    let run = generate(&work, &server)
        .args(["-n", "5", "--price-in", "1", "--price-out", "9", "--concurrency", "1"])
        .arg(work.root())
        .assert()
        .code(1)
        .stderr(contains("3 photos in a row got only empty answers").and(contains("cost so far 0.030000")))
        .stderr(contains("raise --max-tokens"));
    assert_eq!(server.asked().len(), 3);
    for line in json_lines(&run.get_output().stdout) {
        assert_eq!((&line["dropped"]["thoughts"], &line["candidates"]), (&5.into(), &json!([])));
    }
    // A single photo is told as well, and without prices the tokens are.
    let work = Workplace::new();
    generate(&work, &server).arg(first_sample()).assert().code(1).stderr(
        contains("the photo got only empty answers").and(contains("1000 tokens read and 1000 written")),
    );
}

#[test]
fn thoughts_that_were_never_closed_are_no_answer() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| {
        Reply::Text("<think>first guess {\"latitude\": 12.5, \"longitude\": 13.5}".into())
    });
    photos(&work, 5);
    let run = generate(&work, &server).args(["--concurrency", "1"]).arg(work.root()).assert().code(1);
    let lines = json_lines(&run.get_output().stdout);
    assert!(lines.len() == 3 && lines.iter().all(|line| line["candidates"] == json!([])));
    let server = ChatServer::start(|_, _| {
        Reply::Text(format!("<think>first guess 12.5, 13.5</think>\n```json\n{GOOD}\n```"))
    });
    let work = Workplace::new();
    let run = generate(&work, &server).args(["-n", "1"]).arg(first_sample()).assert().code(0);
    let line = only_line(&run.get_output().stdout);
    assert_eq!(line["candidates"][0]["lat"], 48.858_267);
    assert!(line["candidates"][0].get("from_thoughts").is_none());
}

#[test]
fn a_place_that_was_only_thought_is_marked_and_tokens_of_zero_are_not_counted() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        let message = json!({ "content": "", "reasoning_content": format!("So the answer is {GOOD}") });
        choices(
            &asked.body,
            &message,
            "stop",
            &json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 }),
        )
    });
    let run = generate(&work, &server).args(["-n", "2"]).arg(first_sample()).assert().code(0).stderr(
        contains("2 candidates read from thoughts").and(contains("tokens not counted by the server")),
    );
    let line = only_line(&run.get_output().stdout);
    let candidate = &line["candidates"][1];
    assert_eq!((&candidate["lat"], &candidate["from_thoughts"]), (&48.858_267.into(), &true.into()));
    assert_eq!(line["usage"]["estimated"], true);
    // Numbers without names in thoughts are no answer, and the official reading knows no thoughts.
    let server = ChatServer::start(|asked, _| {
        let message = json!({ "content": null, "reasoning": "perhaps 48.8566, 2.3522" });
        choices(&asked.body, &message, "stop", &Value::Null)
    });
    let work = Workplace::new();
    let run = generate(&work, &server).args(["-n", "1"]).arg(first_sample()).assert().code(1);
    assert_eq!(only_line(&run.get_output().stdout)["dropped"]["thoughts"], 1);
    let work = Workplace::new();
    let run = generate(&work, &server)
        .args(["-n", "1", "--protocol", "official"])
        .arg(first_sample())
        .assert()
        .code(0);
    assert_eq!(only_line(&run.get_output().stdout)["candidates"][0]["lat"], 0.0);
}

#[test]
fn a_model_that_sees_no_picture_is_noticed() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Text("I cannot see any image. Please upload one.".into()));
    photos(&work, 5);
    let run = |arguments: &[&str]| generate(&work, &server).args(arguments).arg(work.root()).assert().code(0);
    let hint = "does this model see pictures?";
    run(&["-n", "1"])
        .stderr(contains(hint).count(1).and(contains("3 photos in a row without one coordinate")));
    run(&["-n", "1", "--detail", "none"]).stderr(contains(hint).not());
    let one = Workplace::new();
    generate(&one, &server).arg(first_sample()).assert().code(0).stderr(contains(hint));
    let sees = ChatServer::start(
        |_, number| if number == 1 { Reply::paris() } else { Reply::Text("No idea.".into()) },
    );
    let work = Workplace::new();
    photos(&work, 6);
    let run =
        generate(&work, &sees).args(["-n", "1", "--concurrency", "1"]).arg(work.root()).assert().code(0);
    run.stderr(contains(hint).not());
}

#[test]
fn a_web_page_is_named_and_not_asked_again() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| {
        Reply::Raw(
            200,
            vec![("content-type", "text/html".into())],
            "<html><title>Sign in</title></html>".into(),
        )
    });
    photos(&work, 3);
    generate(&work, &server)
        .args(["--concurrency", "1"])
        .arg(work.root())
        .assert()
        .code(2)
        .stderr(contains("answers with a web page").and(contains("does the base URL end in /v1?")));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn odd_responses_are_read_or_asked_for_again() {
    let stream = concat!(
        "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"48.5,\"}}]}\n\n",
        "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \" 2.5\"}, \"finish_reason\": \"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let parts =
        json!({ "choices": [{ "message": { "content": [{ "type": "text", "text": "48.5, 2.5" }] } }] });
    let old = json!({ "choices": [{ "text": "48.5, 2.5", "finish_reason": "stop" }] });
    for body in [stream.to_owned(), parts.to_string(), old.to_string(), format!("\u{feff}\n{parts}")] {
        let work = Workplace::new();
        let reply = body.clone();
        let server = ChatServer::start(move |_, _| Reply::Raw(200, Vec::new(), reply.clone()));
        let run = generate(&work, &server).args(["-n", "1"]).arg(first_sample()).assert().code(0);
        assert_eq!(only_line(&run.get_output().stdout)["candidates"][0]["lat"], 48.5, "{body}");
    }
    let empty = json!({ "choices": [], "usage": { "prompt_tokens": 0, "completion_tokens": 0 } }).to_string();
    let error = json!({ "error": { "message": "still loading" } }).to_string();
    for (body, why) in [
        (String::new(), "the response is empty"),
        (empty, "the response has no choices"),
        (error, "still loading"),
        ("{\"choices\": [{\"mess".to_owned(), "the response is not JSON"),
    ] {
        let work = Workplace::new();
        let server = ChatServer::start(move |_, number| {
            if number == 0 { Reply::Raw(200, Vec::new(), body.clone()) } else { Reply::paris() }
        });
        generate(&work, &server).arg(first_sample()).assert().code(0).stderr(contains(why));
        assert_eq!(server.asked().len(), 2, "{why}");
    }
    // An error inside a response of status 200 may refuse a field as well.
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        if asked.body.get("temperature").is_some() {
            refusal(200, &json!({ "error": { "message": "unsupported", "param": "temperature" } }))
        } else {
            Reply::paris()
        }
    });
    generate(&work, &server)
        .arg(first_sample())
        .assert()
        .code(0)
        .stderr(contains("does not take `temperature`"));
    assert_eq!(server.asked().len(), 2);
    // A message that is missing is an empty answer.
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| choices(&asked.body, &Value::Null, "stop", &Value::Null));
    let run = generate(&work, &server).args(["-n", "1"]).arg(first_sample()).assert().code(1);
    assert_eq!(only_line(&run.get_output().stdout)["dropped"]["empty"], 1);
    run.stderr(contains("the model writes nothing"));
}
