//! Fetching a file: from where an earlier try ended, checked before it gets its name.

use std::error::Error as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checksum::Verdict;
use super::error::disk;
use super::redirect::{MOST_REDIRECTS, is_downgrade, same_origin, target};
use super::{Checksum, PullError};

/// Tries in a row that bring nothing before a server is given up.
const TRIES: u32 = 5;
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// A server that says nothing for so long is named and asked again.
const SILENCE: Duration = Duration::from_secs(30);
/// Largest answer that is kept in memory: listings.
const LARGEST_ANSWER: u64 = 32 << 20;
/// Largest file that is accepted without a stated length: a server must not fill the disk.
const LARGEST_UNKNOWN: u64 = 4 << 30;

/// Who watches a download.
pub trait Watch: Sync {
    /// A file of so many bytes (0: not known yet) begins; so many of them are there already.
    fn begins(&self, _file: &str, _bytes: u64, _present: u64) {}
    /// More bytes have arrived.
    fn advances(&self, _bytes: u64) {}
    /// Something is tried again, or waited for, and why.
    fn note(&self, _text: &str) {}
    /// The file is there.
    fn ends(&self) {}
    /// Whether to stop; asked often.
    fn stop(&self) -> bool {
        false
    }
}

/// Reports nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoWatch;

impl Watch for NoWatch {}

/// A file to fetch.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// For messages: repository and path.
    pub name: &'a str,
    /// Its address.
    pub url: &'a str,
    /// Sent as a bearer token to that server (scheme, host and port), never to another that it redirects to.
    pub token: Option<&'a str>,
    /// Its length, if known.
    pub bytes: Option<u64>,
    /// What its content must hash to.
    pub checksum: &'a Checksum,
    /// Where it goes; `.incomplete` is added while it arrives.
    pub destination: &'a Path,
    /// A file that is locked meanwhile, so that two programs do not write the same one.
    pub lock: &'a Path,
}

/// Fetches files.
#[derive(Debug)]
pub struct Fetcher {
    agent: ureq::Agent,
    first_wait: Duration,
}

/// Why a try ended.
enum Setback {
    /// Worth another try, at the earliest after that time.
    Passing { why: String, after: Option<Duration>, progress: bool },
    /// Not worth another.
    Final(PullError),
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Duration::from_millis(500))
    }
}

impl Fetcher {
    /// With the wait before a second try; it doubles from then on.
    pub fn new(first_wait: Duration) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Followed here: the token must not go to another server.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(SILENCE))
            // A server that stops talking in the middle is left and asked again for the rest.
            .timeout_per_read(Some(Duration::from_mins(1)))
            .user_agent(concat!("georanker/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, first_wait }
    }

    /// A small answer, as a listing. `what` is for messages.
    ///
    /// # Errors
    /// [`PullError::NotFound`], [`PullError::Denied`], [`PullError::Transfer`], [`PullError::Stopped`].
    pub fn small(
        &self,
        what: &str,
        url: &str,
        token: Option<&str>,
        watch: &dyn Watch,
    ) -> Result<Vec<u8>, PullError> {
        self.again(url, watch, || {
            let mut response = self.request(what, url, token, 0)?;
            let read = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
            read.map_err(|error| Setback::Passing { why: in_words(&error), after: None, progress: false })
        })
    }

    /// Fetches a file, continuing where an earlier try ended, and gives it its name once its checksum is right.
    ///
    /// # Errors
    /// As [`Fetcher::small`]; [`PullError::Damaged`]; [`PullError::Disk`].
    pub fn file(&self, wanted: &Wanted<'_>, watch: &dyn Watch) -> Result<Verdict, PullError> {
        for path in [wanted.destination, wanted.lock] {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(disk(parent))?;
            }
        }
        let _lock = locked(wanted, watch)?;
        // Somebody else may have fetched it while we waited.
        if let Some(verdict) = present(wanted)? {
            return Ok(verdict);
        }
        let partial = PathBuf::from(format!("{}.incomplete", wanted.destination.display()));
        let mut found = String::new();
        for _ in 0..2 {
            let mut reached = fs::metadata(&partial).map_or(0, |found| found.len());
            self.again(wanted.url, watch, || self.more(wanted, &partial, &mut reached, watch))?;
            let verdict = wanted.checksum.check(&partial).map_err(disk(&partial))?;
            if verdict.equal {
                // Its bytes were synced when the last of them arrived.
                files::rename_durably(&partial, wanted.destination).map_err(disk(wanted.destination))?;
                watch.ends();
                return Ok(verdict);
            }
            // Perhaps what was kept of an earlier try was of another file: once from the start.
            watch.note(&format!("{}: the checksum is wrong, fetching it again", wanted.name));
            found = verdict.found;
            fs::remove_file(&partial).map_err(disk(&partial))?;
        }
        Err(PullError::Damaged { file: wanted.name.into(), expected: wanted.checksum.to_string(), found })
    }

    /// Appends what is missing of a file. `reached` is the largest length that it ever had: only what goes beyond that is
    /// progress, or a server that gives the same short answer again and again would be asked for ever.
    fn more(
        &self,
        wanted: &Wanted<'_>,
        partial: &Path,
        reached: &mut u64,
        watch: &dyn Watch,
    ) -> Result<(), Setback> {
        let broken = |source| Setback::Final(disk(partial)(source));
        let mut file = OpenOptions::new().create(true).append(true).open(partial).map_err(broken)?;
        let mut length = file.metadata().map_err(broken)?.len();
        if wanted.bytes.is_some_and(|bytes| length > bytes) {
            file.set_len(0).map_err(broken)?;
            (length, *reached) = (0, 0);
        }
        watch.begins(wanted.name, wanted.bytes.unwrap_or(0), length);
        if wanted.bytes == Some(length) {
            return Ok(());
        }
        let mut response = self.request(wanted.name, wanted.url, wanted.token, length)?;
        if length > 0 && response.status() != 200 && !continues(&response, length) {
            // It cannot continue there; perhaps it gives the whole file.
            response = self.request(wanted.name, wanted.url, wanted.token, 0)?;
        }
        if !continues(&response, length) {
            // What is there stays until something comes that can take its place.
            whole(&response, wanted.bytes)?;
            if length > 0 {
                file.set_len(0).map_err(broken)?;
                length = 0;
                watch.begins(wanted.name, wanted.bytes.unwrap_or(0), 0);
            }
        }
        // One byte more than there should be shows that the content is another.
        let most = wanted.bytes.map_or(LARGEST_UNKNOWN, |bytes| bytes - length) + 1;
        let mut body = response.into_body().into_reader().take(most);
        let mut buffer = vec![0; 1 << 18];
        let mut ended = None;
        loop {
            if watch.stop() {
                return Err(Setback::Final(PullError::Stopped));
            }
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    file.write_all(&buffer[..count]).map_err(broken)?;
                    length += count as u64;
                    watch.advances(count as u64);
                }
                Err(error) => {
                    ended = Some(error.to_string());
                    break;
                }
            }
        }
        let progress = length > *reached;
        *reached = length.max(*reached);
        let why = match (ended, wanted.bytes) {
            (Some(why), _) => why,
            (None, Some(bytes)) if length < bytes => format!("it ended after {length} of {bytes} bytes"),
            (None, None) if length > LARGEST_UNKNOWN => {
                file.set_len(0).map_err(broken)?;
                let why = format!("it is longer than {LARGEST_UNKNOWN} bytes");
                return Err(Setback::Final(PullError::Answer { url: wanted.url.into(), why }));
            }
            _ => return file.sync_all().map_err(broken),
        };
        Err(Setback::Passing { why, after: None, progress })
    }

    /// Asks, from a byte on, and follows redirects; what is not a success is a setback.
    fn request(
        &self,
        what: &str,
        url: &str,
        token: Option<&str>,
        from: u64,
    ) -> Result<ureq::http::Response<ureq::Body>, Setback> {
        let mut address = url.to_owned();
        let mut token = token;
        let wrong = |why: String| Setback::Final(PullError::Answer { url: url.into(), why });
        for _ in 0..=MOST_REDIRECTS {
            let response = self.ask(url, &address, token, from)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return judge(what, url, token, response);
            }
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let location = location.unwrap_or_default();
            let next = target(&address, location)
                .ok_or_else(|| wrong(format!("it redirects to `{location}`, which is not an address")))?;
            if is_downgrade(&address, &next) {
                return Err(wrong("it redirects to an unencrypted address".to_owned()));
            }
            if !same_origin(&address, &next) {
                // For good: from here on, another server chooses who is asked.
                token = None;
            }
            address = next;
        }
        Err(wrong(format!("more than {MOST_REDIRECTS} redirects")))
    }

    /// Asks one server.
    fn ask(
        &self,
        url: &str,
        address: &str,
        token: Option<&str>,
        from: u64,
    ) -> Result<ureq::http::Response<ureq::Body>, Setback> {
        let mut request = self.agent.get(address).header("accept-encoding", "identity");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.call().map_err(|error| match error {
            ureq::Error::BadUri(why) => {
                Setback::Final(PullError::Answer { url: address.into(), why: format!("no address: {why}") })
            }
            other => {
                let why = in_words(&other);
                // Who fails may be another than who was asked.
                let host = address
                    .parse::<ureq::http::Uri>()
                    .ok()
                    .and_then(|uri| Some(uri.authority()?.to_string()));
                let why = match host.filter(|_| address != url) {
                    Some(host) => format!("{host}, where it redirects to: {why}"),
                    None => why,
                };
                Setback::Passing { why, after: None, progress: false }
            }
        })
    }

    /// Tries until it works, waiting longer and longer; progress resets the count.
    fn again<T>(
        &self,
        url: &str,
        watch: &dyn Watch,
        mut attempt: impl FnMut() -> Result<T, Setback>,
    ) -> Result<T, PullError> {
        let mut tries = 0;
        loop {
            if watch.stop() {
                return Err(PullError::Stopped);
            }
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Passing { why, after, progress }) => {
                    tries = if progress { 1 } else { tries + 1 };
                    if tries >= TRIES {
                        return Err(PullError::Transfer { url: url.into(), why, tries });
                    }
                    let wait = after.unwrap_or(self.first_wait * 2_u32.pow(tries - 1)).min(LONGEST_WAIT);
                    watch.note(&format!("{url}: {why}; trying again in {:.1} s", wait.as_secs_f64()));
                    pause(wait, watch);
                }
            }
        }
    }
}

/// What is not a success is a setback.
fn judge(
    what: &str,
    url: &str,
    token: Option<&str>,
    response: ureq::http::Response<ureq::Body>,
) -> Result<ureq::http::Response<ureq::Body>, Setback> {
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    match status {
        200 | 206 | 416 => Ok(response),
        404 => Err(Setback::Final(PullError::NotFound { what: what.into(), url: url.into() })),
        401 | 403 => Err(Setback::Final(PullError::Denied {
            what: what.into(),
            url: url.into(),
            status,
            remark: header("x-error-message").map(|text| format!(": {text}")).unwrap_or_default(),
            // To strangers the hub does not say which repositories there are.
            perhaps_missing: header("x-error-code").is_some_and(|code| code == "RepoNotFound"),
            with_token: token.is_some(),
        })),
        408 | 425 | 429 | 500..=599 => Err(Setback::Passing {
            why: format!("HTTP {status}"),
            after: header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs),
            progress: false,
        }),
        _ => Err(Setback::Final(PullError::Answer { url: url.into(), why: format!("HTTP {status}") })),
    }
}

/// Waits, but not for one who wants to stop.
fn pause(wait: Duration, watch: &dyn Watch) {
    const STEP: Duration = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() && !watch.stop() {
        std::thread::sleep(left.min(STEP));
        left = left.saturating_sub(STEP);
    }
}

/// Holds the lock until it is dropped. Not a [`files::Lock`]: other programs that share the hub's cache lock the same
/// file and expect it to stay.
fn locked(wanted: &Wanted<'_>, watch: &dyn Watch) -> Result<File, PullError> {
    let file = File::create(wanted.lock).map_err(disk(wanted.lock))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            // Some network disks know no locks.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                if watch.stop() {
                    return Err(PullError::Stopped);
                }
                if !told {
                    watch.note(&format!("{}: another program is fetching it, waiting", wanted.name));
                    told = true;
                }
                pause(Duration::from_millis(300), watch);
            }
        }
    }
}

/// The verdict on a file that is there already, if it is right. A wrong one is removed.
fn present(wanted: &Wanted<'_>) -> Result<Option<Verdict>, PullError> {
    let path = wanted.destination;
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if let (Checksum::Sha256(digits), Some(bytes)) = (wanted.checksum, wanted.bytes)
        && metadata.len() == bytes
    {
        // Gigabytes are not read again each time: they got their name when they were right. `packs --verify` reads them.
        let verdict = Verdict { equal: true, found: digits.clone(), sha256: digits.clone(), length: bytes };
        return Ok(Some(verdict));
    }
    let verdict = wanted.checksum.check(path).map_err(disk(path))?;
    if verdict.equal {
        return Ok(Some(verdict));
    }
    fs::remove_file(path).map_err(disk(path))?;
    Ok(None)
}

/// Whether an answer is what follows that byte.
fn continues(response: &ureq::http::Response<ureq::Body>, from: u64) -> bool {
    let start = response
        .headers()
        .get("content-range")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("bytes ")?.split('-').next()?.trim().parse::<u64>().ok());
    response.status() == 206 && start == Some(from)
}

/// Refuses an answer that is not the whole of a file, by what it says of itself.
fn whole(response: &ureq::http::Response<ureq::Body>, bytes: Option<u64>) -> Result<(), Setback> {
    let setback = |why: String| Err(Setback::Passing { why, after: None, progress: false });
    if response.status() != 200 {
        return setback(format!("HTTP {} where the whole file was asked for", response.status().as_u16()));
    }
    let said = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let length = said("content-length").and_then(|text| text.parse::<u64>().ok());
    match (length, bytes) {
        // What was packed for the way has another length.
        (Some(length), Some(bytes)) if length != bytes && said("content-encoding").is_none() => {
            setback(format!("it answers with {length} bytes where the file has {bytes}"))
        }
        _ => Ok(()),
    }
}

/// What happened to a connection, with its causes.
fn in_words(error: &ureq::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}
