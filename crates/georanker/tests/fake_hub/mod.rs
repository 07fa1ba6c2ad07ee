//! A hub on this machine: the API's listing, files with ranges, and every way to fail that is asked for.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use files::hexadecimal;
use sha1::Digest;

/// What is done to the next request for a path.
#[derive(Clone, Debug)]
pub(crate) enum Trick {
    /// The connection is closed after so many bytes of the body.
    Cut(usize),
    /// A status, with a header if there is one.
    Status(u16, Option<(&'static str, String)>),
    /// One byte of the content is another.
    Corrupt,
    /// Ranges are ignored.
    Whole,
    /// Sent elsewhere.
    Redirect(String),
    /// This content and no other, as if all were well; without a word on its length if so wanted.
    Instead(Vec<u8>, bool),
}

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    pub(crate) commit: String,
    /// Path to content, and whether it is in large file storage.
    pub(crate) files: BTreeMap<String, (Vec<u8>, bool)>,
    pub(crate) licence: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    repositories: HashMap<String, Repository>,
    /// Whole paths of addresses to content.
    others: HashMap<String, Vec<u8>>,
    tricks: HashMap<String, VecDeque<Trick>>,
    requests: Vec<Request>,
}

/// The server; it lives as long as the process.
#[derive(Clone, Debug)]
pub(crate) struct FakeHub {
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl FakeHub {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let hub = Self { endpoint, state: Arc::default() };
        let served = hub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                // A client that hangs up is no concern of the server's.
                std::thread::spawn(move || served.answer(stream));
            }
        });
        hub
    }

    pub(crate) fn add(&self, name: &str, repository: Repository) {
        self.state.lock().unwrap().repositories.insert(name.into(), repository);
    }

    /// Content at a path of the address.
    pub(crate) fn serve(&self, path: &str, content: &[u8]) {
        self.state.lock().unwrap().others.insert(path.into(), content.to_vec());
    }

    /// The next requests whose path contains this are answered so, one after another.
    pub(crate) fn play(&self, path: &str, tricks: impl IntoIterator<Item = Trick>) {
        self.state.lock().unwrap().tricks.insert(path.into(), tricks.into_iter().collect());
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    fn answer(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
                None => break,
            };
        }
        let (content, trick) = {
            let mut state = self.state.lock().unwrap();
            state.requests.push(Request { path: path.clone(), headers: headers.clone() });
            let trick = state
                .tricks
                .iter_mut()
                .find(|(part, tricks)| path.contains(part.as_str()) && !tricks.is_empty())
                .and_then(|(_, tricks)| tricks.pop_front());
            (state.content(&path), trick)
        };
        let mut stream = reader.into_inner();
        if let Some(Trick::Instead(body, true)) = &trick {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").ok()?;
            return stream.write_all(body).ok();
        }
        let mut send = |status: u16, more: &str, body: &[u8], sent: usize| {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body[..sent.min(body.len())]).ok()
        };
        match trick {
            Some(Trick::Status(status, header)) => {
                let more = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
                return send(status, &more, b"", 0);
            }
            Some(Trick::Instead(body, _)) => return send(200, "", &body, body.len()),
            Some(Trick::Redirect(to)) => return send(302, &format!("location: {to}\r\n"), b"", 0),
            _ => {}
        }
        let Some(mut content) = content else { return send(404, "", b"not found", 100) };
        if matches!(trick, Some(Trick::Corrupt))
            && let Some(byte) = content.get_mut(0)
        {
            *byte ^= 1;
        }
        let from = headers
            .get("range")
            .filter(|_| !matches!(trick, Some(Trick::Whole)))
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let (status, more, body) = match from {
            Some(from) if from >= content.len() => (416, String::new(), &[][..]),
            Some(from) => {
                let range =
                    format!("content-range: bytes {from}-{}/{}\r\n", content.len() - 1, content.len());
                (206, range, &content[from..])
            }
            None => (200, String::new(), &content[..]),
        };
        let sent = if let Some(Trick::Cut(bytes)) = trick { bytes } else { body.len() };
        send(status, &more, body, sent)
    }
}

impl State {
    fn content(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(content) = self.others.get(path) {
            return Some(content.clone());
        }
        if let Some(rest) = path.strip_prefix("/api/models/") {
            let (name, _) = rest.split_once("/revision/")?;
            return self.repositories.get(name).map(Repository::listing);
        }
        let path = unescaped(path)?;
        let (name, rest) = path.strip_prefix('/')?.split_once("/resolve/")?;
        let repository = self.repositories.get(name)?;
        let (commit, file) = rest.split_once('/')?;
        (commit == repository.commit).then(|| repository.files.get(file).map(|(bytes, _)| bytes.clone()))?
    }
}

impl Repository {
    pub(crate) fn new(commit: char) -> Self {
        Self { commit: commit.to_string().repeat(40), ..Self::default() }
    }

    /// With a small file.
    pub(crate) fn small(mut self, path: &str, content: &[u8]) -> Self {
        self.files.insert(path.into(), (content.to_vec(), false));
        self
    }

    /// With a file in large file storage.
    pub(crate) fn large(mut self, path: &str, content: &[u8]) -> Self {
        self.files.insert(path.into(), (content.to_vec(), true));
        self
    }

    fn listing(&self) -> Vec<u8> {
        let siblings: Vec<_> = self
            .files
            .iter()
            .map(|(path, (content, large))| {
                let mut entry = serde_json::json!({
                    "rfilename": path, "size": content.len(), "blobId": git_blob(content),
                });
                if *large {
                    entry["lfs"] = serde_json::json!({
                        "sha256": sha256(content), "size": content.len(), "pointerSize": 130,
                    });
                }
                entry
            })
            .collect();
        let card = serde_json::json!({ "license": self.licence });
        serde_json::json!({ "sha": self.commit, "siblings": siblings, "cardData": card })
            .to_string()
            .into_bytes()
    }
}

/// A path of an address without percent signs; nothing for one that a server would cut at a `#` or `?`.
fn unescaped(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            b'#' | b'?' => return None,
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

pub(crate) fn sha256(content: &[u8]) -> String {
    files::sha256_hex(content)
}

pub(crate) fn git_blob(content: &[u8]) -> String {
    let mut hash = sha1::Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    hexadecimal(&hash.finalize())
}

/// Bytes that do not repeat.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    (0..length as u64).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}
