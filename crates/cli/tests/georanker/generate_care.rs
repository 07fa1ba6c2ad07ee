//! `generate`: what must not leave this machine, what must not be shown, and servers that refuse or mislead.

use std::fs;
use std::time::{Duration, Instant};

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::json;

use crate::binary::{Workplace, first_sample, georanker, json_lines};
use crate::chat_server::{ChatServer, Reply};
use crate::generate::{KEY, decoded, generate, only_line, photos};

/// A sample photo with an EXIF segment that has a GPS tag and a description.
fn photo_with_gps() -> Vec<u8> {
    let sample = fs::read(first_sample()).unwrap();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let angle = |degrees: u32, minutes: u32| [degrees, 1, minutes, 1, 0, 1].map(u32::to_be_bytes).concat();
    // 8: two entries, 38: the description, 54: four entries of the GPS part, 108 and 132: its angles.
    let tiff = [
        b"MM\0*\0\0\0\x08\0\x02".to_vec(),
        entry(0x010e, 2, 16, 38_u32.to_be_bytes()),
        entry(0x8825, 4, 1, 54_u32.to_be_bytes()),
        vec![0; 4],
        b"home-of-a-friend".to_vec(),
        b"\0\x04".to_vec(),
        entry(1, 2, 2, *b"N\0\0\0"),
        entry(2, 5, 3, 108_u32.to_be_bytes()),
        entry(3, 2, 2, *b"E\0\0\0"),
        entry(4, 5, 3, 132_u32.to_be_bytes()),
        vec![0; 4],
        angle(48, 51),
        angle(2, 17),
    ]
    .concat();
    let segment = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = (segment.len() as u16 + 2).to_be_bytes();
    [&sample[..2], &[0xff, 0xe1], &length, &segment, &sample[2..]].concat()
}

#[test]
fn no_metadata_and_no_name_of_a_photo_are_sent() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    let bytes = photo_with_gps();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&bytes, "Exif\0\0") && holds(&bytes, "home-of-a-friend"));
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    let photo = work.file("photos/birthday-at-home.jpg", &bytes);
    // The tag is one that is read where it should be: a gallery is made of it.
    let gallery = work.path("gallery");
    georanker().args(["gallery", "build", "--photos"]).arg(&folder).arg(gallery).assert().code(0);
    generate(&work, &server).arg(&photo).assert().code(0);
    let body = &server.asked()[0].body;
    assert!(!body.to_string().contains("birthday"), "the file's name is sent");
    let url = body["messages"][0]["content"][1]["image_url"]["url"].as_str().unwrap();
    let jpeg = decoded(url.strip_prefix("data:image/jpeg;base64,").unwrap());
    assert!(image::load_from_memory(&jpeg).is_ok());
    for secret in ["Exif", "home-of-a-friend", "MM\0*"] {
        assert!(!holds(&jpeg, secret), "{secret:?} is sent");
    }
}

#[test]
fn no_part_of_the_key_is_shown_where_texts_are_shortened() {
    let work = Workplace::new();
    // The key lies across the place where each kind of text is cut.
    let server = ChatServer::start(|asked, number| {
        let key = asked.authorization.as_deref().unwrap_or_default().trim_start_matches("Bearer ").to_owned();
        let before = |length: usize| format!("{}{key}", "x".repeat(length - 12));
        match number {
            0 => Reply::status(500, &before(500)),
            1 => Reply::Raw(502, Vec::new(), before(500)),
            2 => Reply::Raw(503, Vec::new(), before(2000)),
            3 => Reply::Raw(200, Vec::new(), json!({ "error": { "message": before(500) } }).to_string()),
            _ => Reply::Text(before(32 << 10)),
        }
    });
    let photo = &photos(&work, 1)[0];
    let run = generate(&work, &server).arg(photo).assert().code(0).stderr(contains("HTTP 502: xxx"));
    let output = run.get_output();
    let mut texts = vec![output.stdout.clone(), output.stderr.clone()];
    let folders = fs::read_dir(work.path("cache")).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    texts.extend(files.map(|path| fs::read(path).unwrap()));
    assert_eq!(texts.len(), 3);
    let beginning = &KEY[..8];
    assert!(texts.iter().all(|text| !String::from_utf8_lossy(text).contains(beginning)));
}

#[test]
fn secrets_in_addresses_and_words_for_keys_are_refused() {
    let work = Workplace::new();
    let photo = first_sample();
    for address in [
        "x.org/v1?key=hunter22",
        "https://user:pa/hunter22@x.org",
        "https://x.org/v1?key=hunter22",
        "https://x.org/?mail=me@hunter22",
    ] {
        let run = georanker()
            .args(["generate", "--model", "m", "--api", address, "--cache"])
            .arg(work.path("cache"))
            .arg(&photo)
            .assert()
            .code(2)
            .stderr(contains("is not an address of an API").and(contains("hunter22").not()));
        assert!(run.get_output().stdout.is_empty());
    }
    let server = ChatServer::start(|_, _| Reply::paris());
    let run = generate(&work, &server).env("TEST_API_KEY", "hunter 22").arg(&photo).assert().code(2);
    run.stderr(contains("TEST_API_KEY holds something that is not a key").and(contains("hunter 22").not()));
    assert!(server.asked().is_empty());
    // What people give to a server of their own that wants no key.
    generate(&work, &server).env("TEST_API_KEY", "x").arg(&photo).assert().code(0);
}

#[test]
fn what_can_be_read_on_the_way_is_warned_of() {
    let work = Workplace::new();
    let photo = first_sample();
    let dry = |address: &str| {
        let mut command = georanker();
        command.args(["generate", "--model", "m", "--dry-run", "--api", address, "--cache"]);
        command.arg(work.path("cache")).arg(&photo).assert().code(0)
    };
    dry("http://example.org/v1").stderr(contains("warning: the photos go to http://example.org/v1"));
    for address in ["https://example.org/v1", "http://127.0.0.1:1/v1", "http://localhost:1"] {
        dry(address).stderr(contains("warning").not());
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_key_stays_here() {
    let work = Workplace::new();
    let elsewhere = ChatServer::start(|_, _| Reply::paris());
    let target = format!("{}/chat/completions", elsewhere.url);
    let photo = &photos(&work, 1)[0];
    for status in [301, 302, 303, 307, 308] {
        let headers = vec![("location", target.clone())];
        let server = ChatServer::start(move |_, _| Reply::Raw(status, headers.clone(), String::new()));
        generate(&work, &server)
            .arg(photo)
            .assert()
            .code(2)
            .stderr(contains(format!("sends elsewhere (HTTP {status})")).and(contains("the final address")));
        assert_eq!(server.asked().len(), 1);
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_proxy_gets_nothing_that_is_meant_for_this_machine() {
    let work = Workplace::new();
    let (server, proxy) =
        (ChatServer::start(|_, _| Reply::paris()), ChatServer::start(|_, _| Reply::paris()));
    let address = proxy.url.trim_end_matches("/v1").to_owned();
    let mut command = generate(&work, &server);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &address);
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").arg(first_sample()).assert().code(0);
    assert_eq!((server.asked().len(), proxy.asked().len()), (1, 0));
}

#[test]
fn photos_that_a_server_refuses_do_not_end_a_run() {
    for status in [413, 400, 422] {
        let work = Workplace::new();
        let refused = 7;
        let server = ChatServer::start(move |_, number| {
            if number < refused { Reply::status(status, "this picture is refused") } else { Reply::paris() }
        });
        photos(&work, 9);
        let run = generate(&work, &server)
            .args(["--concurrency", "1", "--structured", "off", "-n", "1"])
            .arg(work.root())
            .assert()
            .code(1)
            .stderr(contains("photos in a row").not());
        let lines = json_lines(&run.get_output().stdout);
        let errors = lines.iter().filter(|line| line["error"]["kind"] == "service").count();
        assert_eq!((lines.len(), errors, server.asked().len()), (9, refused, 9), "HTTP {status}");
    }
}

#[test]
fn what_is_too_large_is_not_sent_again_with_less_around_it() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::status(413, "n, response_format, schema: all too large"));
    generate(&work, &server).arg(first_sample()).assert().code(1).stderr(contains("--max-side"));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_lesson_that_one_photo_taught_is_not_kept_against_all() {
    let work = Workplace::new();
    // The first photo is refused until it is asked about alone, for a reason that does not name `n`.
    let server = ChatServer::start(|asked, number| {
        if number < 2 && asked.body["n"] != 1 { Reply::status(400, "bad request") } else { Reply::paris() }
    });
    photos(&work, 2);
    generate(&work, &server).args(["--concurrency", "1", "-n", "4"]).arg(work.root()).assert().code(0);
    let asked = server.asked();
    assert!(
        asked[1].body.get("response_format").is_none() && asked[1].body["n"] == 4,
        "the schema goes first"
    );
    assert!(asked[2].body.get("n").is_none());
    assert_eq!(asked.last().unwrap().body["n"], 4, "the next photo is asked about as before");
}

#[test]
fn a_server_that_asks_for_no_wait_is_waited_for_all_the_same() {
    let work = Workplace::new();
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    let server = ChatServer::start(move |_, number| match number {
        0..3 => Reply::Raw(503, vec![("retry-after", ["0", past, "0"][number].into())], String::new()),
        _ => Reply::paris(),
    });
    let began = Instant::now();
    georanker()
        .args(["generate", "--model", "seer", "--retry-delay", "0.2", "--api", &server.url, "--cache"])
        .arg(work.path("cache"))
        .arg(first_sample())
        .assert()
        .code(0);
    assert!(began.elapsed() >= Duration::from_millis(1050), "three quarters of 0.2, 0.4 and 0.8 s");
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn under_a_cap_the_first_request_goes_alone() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, number| {
        let wait = if number == 0 { 300 } else { 0 };
        Reply::Slow(Duration::from_millis(wait), Box::new(Reply::paris()))
    });
    photos(&work, 4);
    let early = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            generate(&work, &server)
                .args(["--price-in", "1", "--price-out", "1", "--budget", "5", "--concurrency", "4"])
                .arg(work.root())
                .assert()
                .code(0);
        });
        while server.asked().is_empty() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(150));
        let early = server.asked().len();
        run.join().unwrap();
        early
    });
    assert_eq!((early, server.asked().len()), (1, 4));
}

#[test]
fn an_answer_counts_whatever_stands_beside_it() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| {
        let body = json!({
            "choices": [{ "message": { "content": "48.5, 2.5", "refusal": [] }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": null, "completion_tokens": 3.0 },
            "error": ""
        });
        Reply::Raw(200, Vec::new(), body.to_string())
    });
    let run = generate(&work, &server).args(["-n", "1"]).arg(first_sample()).assert().code(0);
    let line = only_line(&run.get_output().stdout);
    assert_eq!((&line["candidates"][0]["lat"], &line["usage"]["estimated"]), (&48.5.into(), &true.into()));
    assert_eq!(server.asked().len(), 1);
}
