//! A chat API on this machine that answers as a test wants it to, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer for each choice asked for, all with this text.
    Text(String),
    /// Exactly these choices.
    Texts(Vec<String>),
    /// A status, headers and a body.
    Raw(u16, Vec<(&'static str, String)>, String),
    /// Says how long the answer is, and closes the connection in the middle of it.
    Cut,
    /// Says nothing for so long.
    Hang(Duration),
    /// Answers after so long.
    Slow(Duration, Box<Reply>),
}

impl Reply {
    pub(crate) fn paris() -> Self {
        Self::Text("{\"latitude\": 48.8584, \"longitude\": 2.2945}".to_owned())
    }

    pub(crate) fn status(status: u16, message: &str) -> Self {
        Self::Raw(status, Vec::new(), json!({ "error": { "message": message } }).to_string())
    }
}

/// The server; it ends with the test's process.
pub(crate) struct ChatServer {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ChatServer {
    /// Starts a server; `reply` gets each request and its number, from 0.
    pub(crate) fn start(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, reply) = (Arc::clone(&asked), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                std::thread::spawn(move || {
                    // A client that goes away is part of some tests.
                    let _ = serve(stream.unwrap(), &log, reply.as_ref());
                });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    reply: &(dyn Fn(&Asked, usize) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        line.clear();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    let asked = Asked { path, authorization, body: serde_json::from_slice(&body).unwrap() };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    answer(&mut stream, &asked, reply(&asked, number))
}

fn answer(stream: &mut TcpStream, asked: &Asked, reply: Reply) -> std::io::Result<()> {
    let choices = asked.body["n"].as_u64().unwrap_or(1) as usize;
    match reply {
        Reply::Text(text) => answer(stream, asked, Reply::Texts(vec![text; choices])),
        Reply::Texts(texts) => {
            let choices: Vec<Value> = texts
                .iter()
                .map(|text| json!({ "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }))
                .collect();
            let usage = json!({ "prompt_tokens": 200, "completion_tokens": 20 * texts.len() });
            let body = json!({ "choices": choices, "usage": usage }).to_string();
            answer(stream, asked, Reply::Raw(200, Vec::new(), body))
        }
        Reply::Raw(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                head = format!("{head}{name}: {value}\r\n");
            }
            stream.write_all(format!("{head}\r\n{body}").as_bytes())
        }
        Reply::Cut => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"choices\": [{\"message\": {\"content\": \"48.")
        }
        Reply::Hang(time) => {
            std::thread::sleep(time);
            Ok(())
        }
        Reply::Slow(time, reply) => {
            std::thread::sleep(time);
            answer(stream, asked, *reply)
        }
    }
}
