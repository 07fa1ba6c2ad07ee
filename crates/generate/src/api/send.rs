//! One request until there is an answer, or a reason why there will be none.

use std::error::Error;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::abilities::Field;
use super::complaint::Complaint;
use super::pace::{LONGEST_ASKED, retry_after};
use super::wire::{self, Understood, Unread};
use super::{ApiGenerator, Structured};
use crate::answer::parted;
use crate::{Finish, GenerateError};

/// Larger responses are not read to the end.
const LARGEST_RESPONSE: u64 = 8 << 20;

/// Longer answers are cut: a coordinate is written in fewer words.
const LONGEST_ANSWER: usize = 32 << 10;
/// Longer error texts are cut.
const LONGEST_MESSAGE: usize = 500;

/// How one attempt ended, if not with an answer.
enum Setback {
    /// It may go better next time.
    Passing { what: String, wait: Option<Duration> },
    /// It will not; less may be asked for.
    Rejected { status: u16, complaint: Complaint },
    /// It will not.
    Final(GenerateError),
}

impl ApiGenerator {
    /// Asks until the server answers.
    ///
    /// # Errors
    /// Any [`GenerateError`] of the API.
    pub(super) fn ask(
        &self,
        prompt: &str,
        jpeg: Option<&[u8]>,
        samples: &Range<usize>,
    ) -> Result<Understood, GenerateError> {
        let mut abilities = self.abilities();
        // What of it holds for other photos as well.
        let mut lesson = abilities;
        // Which refusal each field was left out for.
        let mut reasons: Vec<(Field, String)> = Vec::new();
        let mut failed = 0;
        loop {
            let body = wire::request(&self.settings, abilities, prompt, jpeg, samples.len(), samples.start);
            self.pace.turn()?;
            match self.attempt(body.to_string().as_bytes(), samples.len()) {
                Ok(understood) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    self.learn(lesson, &reasons);
                    return Ok(understood);
                }
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Rejected { status, complaint }) => {
                    let named = abilities.named(&self.settings, samples.len(), &complaint);
                    let humbler = abilities.humbler(&self.settings, samples.len(), status, &complaint);
                    let Some(humbler) = humbler.filter(|_| !self.settings.exact) else {
                        return Err(self.rejected(status, complaint.message, &named));
                    };
                    let lost = abilities.lost(humbler.abilities);
                    reasons.extend(lost.map(|field| (field, complaint.message.clone())));
                    lesson = lesson.and(humbler.lesson);
                    abilities = humbler.abilities;
                }
                Err(Setback::Passing { what, wait }) => {
                    failed += 1;
                    self.pause(failed, what, wait)?;
                }
            }
        }
    }

    fn rejected(&self, status: u16, message: String, named: &[Field]) -> GenerateError {
        let server = self.address.to_string();
        if self.settings.structured == Structured::On && named.contains(&Field::Schema) {
            return GenerateError::NoSchema { server, status, message };
        }
        match named.first() {
            Some(field) if self.settings.exact && matches!(status, 400 | 422 | 501) => {
                GenerateError::Protocol { server, status, field: field.name(), message }
            }
            _ => GenerateError::Refused { server, status, message },
        }
    }

    /// Waits after failed attempt number `failed` (from 1), or gives up.
    fn pause(&self, failed: u32, what: String, asked: Option<Duration>) -> Result<(), GenerateError> {
        let server = self.address.to_string();
        if failed > self.conduct.retries {
            return Err(GenerateError::GaveUp { server, attempts: failed, last: what });
        }
        if let Some(asked) = asked.filter(|asked| *asked > LONGEST_ASKED) {
            return Err(GenerateError::LongWait { server, seconds: asked.as_secs() });
        }
        let wait = self.pace.wait(self.conduct.first_delay, failed - 1, asked);
        if asked.is_some() {
            // All threads talk to the same server: none should come before its time.
            self.pace.hold(wait);
        }
        let seconds = wait.as_secs_f64();
        (self.notes)(&format!("{what}; attempt {failed}, trying again in {seconds:.1} s"));
        self.pace.sleep(wait)
    }

    fn attempt(&self, body: &[u8], samples: usize) -> Result<Understood, Setback> {
        let (status, headers, bytes) = self.post(body)?;
        match status {
            200..=299 => wire::response(&bytes, samples).map_err(|unread| self.unread(unread)),
            300..=399 => {
                Err(Setback::Final(GenerateError::Redirect { server: self.address.to_string(), status }))
            }
            _ => Err(self.setback(status, Complaint::of(&bytes), headers)),
        }
        .map(|mut understood| {
            // A server may write back what it was sent.
            for answer in &mut understood.answers {
                let clean = self.key.as_ref().map(|key| key.cleaned_answer(&answer.text));
                let text = clean.unwrap_or_else(|| std::mem::take(&mut answer.text));
                answer.text = if self.settings.exact {
                    shortened(&text, LONGEST_ANSWER)
                } else {
                    without_thoughts(text, answer.finish)
                };
            }
            understood
        })
    }

    fn unread(&self, unread: Unread) -> Setback {
        match unread {
            Unread::Passing(what) => Setback::Passing { what: self.shown(&what), wait: None },
            Unread::Stated(status, complaint) => self.setback(status, complaint, None),
            // One that has answered before is down for a while.
            Unread::WebPage if self.answered.load(Ordering::Relaxed) > 0 => {
                Setback::Passing { what: "the address answers with a web page".to_owned(), wait: None }
            }
            Unread::WebPage => Setback::Final(GenerateError::WebPage { server: self.address.to_string() }),
        }
    }

    /// Status, wait asked for, body.
    fn post(&self, body: &[u8]) -> Result<(u16, Option<Duration>, Vec<u8>), Setback> {
        let passing =
            |error: &ureq::Error| Setback::Passing { what: self.cleaned(&in_words(error)), wait: None };
        let mut request = self
            .agent
            .post(self.address.as_str())
            .header("content-type", "application/json")
            .header("accept", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", key.header());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = request.send(body).map_err(|error| passing(&error))?;
        let status = response.status().as_u16();
        let wait = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, SystemTime::now()));
        let read = response.body_mut().with_config().limit(LARGEST_RESPONSE).read_to_vec();
        match read {
            Ok(bytes) => Ok((status, wait, bytes)),
            // What was refused is refused, even if the explanation is cut.
            Err(_) if !(200..300).contains(&status) => Ok((status, wait, Vec::new())),
            Err(error) => Err(passing(&error)),
        }
    }

    fn setback(&self, status: u16, complaint: Complaint, wait: Option<Duration>) -> Setback {
        let server = self.address.to_string();
        let message = self.shown(&complaint.message);
        let out_of_money = message.contains("insufficient_quota") || status == 402;
        match status {
            401 | 403 => {
                let key_from = self.key.as_ref().map(|key| key.variable().to_owned());
                Setback::Final(GenerateError::Denied { server, status, message, key_from })
            }
            402 | 429 if out_of_money => Setback::Final(GenerateError::QuotaUsedUp { server, message }),
            404 | 405 => {
                let model = self.settings.model.clone();
                Setback::Final(GenerateError::Unknown { server, model, status, message })
            }
            408 | 425 | 429 | 500 | 502..=599 => {
                Setback::Passing { what: format!("HTTP {status}: {message}"), wait }
            }
            _ => Setback::Rejected { status, complaint: complaint.with_message(message) },
        }
    }

    /// What a server says, as it may be shown. The key is taken out first: a cut through it would leave half of it.
    fn shown(&self, text: &str) -> String {
        shortened(&self.cleaned(text), LONGEST_MESSAGE)
    }

    fn cleaned(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.cleaned(text))
    }
}

/// What happened to a connection, with its causes.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        other => {
            let mut text = other.to_string();
            let mut cause = other.source();
            while let Some(inner) = cause {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text = format!("{text}: {inner_text}");
                }
                cause = inner.source();
            }
            format!("the connection failed ({text})")
        }
    }
}

/// An answer that is not too long to keep: long thoughts go first, and then the beginning, since the coordinate stands
/// at the end.
fn without_thoughts(text: String, finish: Finish) -> String {
    if text.len() <= LONGEST_ANSWER {
        return text;
    }
    let parted = parted(&text);
    if parted.is_open {
        return "<think>".to_owned();
    }
    let said = if finish == Finish::Thoughts || parted.said.trim().is_empty() { text } else { parted.said };
    if said.len() <= LONGEST_ANSWER {
        return said;
    }
    let from = said.ceil_char_boundary(said.len() - LONGEST_ANSWER);
    // A cut through a number would make another one of it.
    let tail = &said[from..];
    tail[tail.find(char::is_whitespace).unwrap_or(tail.len())..].to_owned()
}

fn shortened(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(bytes)])
}
