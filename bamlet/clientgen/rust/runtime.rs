//! What a client of `bamlet serve` is made of: requests, errors, and the ends that others put to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::json::{FromJson, Json, ToJson};

pub const PROTOCOL: &str = "1";
const LOOK: Duration = Duration::from_millis(50); // between two looks at the token of a call that waits
const SILENCE: Duration = Duration::from_secs(60); // a server that lives says something more often in a stream

/// What a server says went wrong: the names are BAML's, the body is in `problem`.
#[derive(Debug, Clone, PartialEq)]
pub struct BamlError {
    pub name: &'static str,
    pub message: String,
    pub problem: Json,
}

impl BamlError {
    pub fn run_id(&self) -> Option<&str> {
        self.problem.get("run_id").and_then(Json::as_str)
    }

    /// Whether the same call may succeed a while later.
    pub fn retryable(&self) -> bool {
        self.problem.get("retryable") == Some(&Json::Bool(true))
    }

    pub(crate) fn of(problem: Json) -> BamlError {
        let word = |key: &str| problem.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let name = match word("error").as_str() {
            "bad_request" | "invalid_argument" | "option_not_allowed" => "BamlInvalidArgumentError",
            "validation_failure" => "BamlValidationError",
            "finish_reason" => "BamlClientFinishReasonError",
            "timeout" => "BamlTimeoutError",
            "cancelled" => "BamlAbortError",
            "unhandled_throw" => "BamlUnhandledThrow",
            "client_error" if matches!(problem.get("upstream_status"), Some(Json::Number(_))) => "BamlClientHttpError",
            "client_error" => "BamlClientError",
            "connection" => "BamlConnectionError",
            "protocol" => "BamlProtocolError",
            _ => "BamlError",
        };
        BamlError { name, message: word("message"), problem }
    }

    pub(crate) fn local(error: &str, message: String) -> BamlError {
        let fields = [("error", error.to_json()), ("message", message.to_json()), ("retryable", (error == "connection").to_json())];
        BamlError::of(Json::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
    }

    pub(crate) fn lost(failure: impl std::fmt::Display) -> BamlError {
        BamlError::local("connection", format!("the server cannot be reached: {failure}"))
    }

    pub(crate) fn protocol(message: impl Into<String>) -> BamlError {
        BamlError::local("protocol", message.into())
    }

    pub(crate) fn aborted() -> BamlError {
        BamlError::local("cancelled", "the call was aborted".to_owned())
    }
}

impl std::fmt::Display for BamlError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for BamlError {}

/// Ends calls and streams, from any thread or at a time.
#[derive(Debug, Clone, Default)]
pub struct CancellationToken {
    cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl CancellationToken {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn new_with_timeout(limit: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(limit), ..Self::default() }
    }

    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) || self.deadline.map_or(false, |end| Instant::now() >= end)
    }
}

/// What a call asks for beside its arguments.
#[derive(Debug, Clone)]
pub struct Options {
    pub token: Option<CancellationToken>,
    pub base_url: Option<String>,
    pub auth_token: Option<String>,
    pub idempotency_key: Option<String>,
    pub given: Vec<(&'static str, Json)>,
}

impl Options {
    pub const NONE: Options =
        Options { token: None, base_url: None, auth_token: None, idempotency_key: None, given: Vec::new() };

    pub(crate) fn body(&self, arguments: Vec<(&str, Json)>) -> String {
        let named = |(key, value): (&str, Json)| (key.to_owned(), value);
        let mut fields: Vec<_> = arguments.into_iter().map(named).collect();
        if !self.given.is_empty() {
            let given = self.given.iter().cloned().map(named).collect();
            fields.push(("__baml_options__".to_owned(), Json::Object(given)));
        }
        Json::Object(fields).to_string()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.token.as_ref().map_or(false, CancellationToken::is_cancelled)
    }

    fn setting(given: &Option<String>, name: &str) -> Option<String> {
        given.clone().or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
    }

    /// One request; the body of its answer is read by who asked.
    pub(crate) fn send(&self, verb: &str, path: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Result<Answer, BamlError> {
        let url = Self::setting(&self.base_url, "BAMLET_URL").unwrap_or_else(|| "http://127.0.0.1:2024".to_owned());
        let place = Place::of(&url)?;
        let socket = place.connect(self)?;
        let mut head = format!("{verb} {}{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nbamlet-types: tagged\r\n", place.root, place.host);
        if let Some(token) = Self::setting(&self.auth_token, "BAMLET_TOKEN") {
            head += &header("authorization", &format!("Bearer {token}"))?;
        }
        if let Some(text) = body {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", text.len());
        }
        for (name, value) in headers {
            head += &header(name, value)?;
        }
        let text = format!("{head}\r\n{}", body.unwrap_or_default());
        let waiting = Waiting { socket, options: self.clone(), silence: None };
        let mut answer = Answer { bytes: BufReader::new(waiting), protocol: None, left: Left::Close };
        answer.bytes.get_mut().socket.write_all(text.as_bytes()).map_err(BamlError::lost)?;
        let status = answer.head().map_err(|failure| self.told(failure))?;
        if status < 400 {
            return Ok(answer);
        }
        let text = answer.text().map_err(|failure| self.told(failure))?;
        match Json::parse(&text) {
            Ok(problem) if problem.get("error").is_some() && problem.get("message").is_some() => Err(BamlError::of(problem)),
            // Not of ours: a proxy in between has answered.
            _ => Err(BamlError::local("http", format!("the server answered with {status}"))),
        }
    }

    pub(crate) fn told(&self, failure: std::io::Error) -> BamlError {
        if self.is_cancelled() {
            BamlError::aborted()
        } else {
            BamlError::lost(failure)
        }
    }

    pub fn call<F: FromJson>(&self, name: &str, arguments: Vec<(&str, Json)>) -> Result<F, BamlError> {
        let key = self.idempotency_key.as_deref();
        let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", *key)).collect();
        // Nobody could fetch the value of a call that is left, so the run is to end with it.
        let path = format!("/call/{name}?on_disconnect=cancel");
        F::from_json(&self.json(&path, &self.body(arguments), &headers)?).map_err(misfit)
    }

    pub fn parse<T: FromJson>(&self, name: &str, text: &str, partial: bool) -> Result<T, BamlError> {
        let asked = [("text".to_owned(), text.to_json()), ("partial".to_owned(), partial.to_json())];
        let found = self.json(&format!("/parse/{name}"), &Json::Object(asked.to_vec()).to_string(), &[])?;
        found.field("value").map_err(misfit)
    }

    fn json(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Result<Json, BamlError> {
        let mut answer = self.send("POST", path, Some(body), headers)?;
        let text = answer.text().map_err(|failure| self.told(failure))?;
        Json::parse(&text).map_err(BamlError::protocol)
    }
}

pub(crate) fn misfit(told: String) -> BamlError {
    BamlError::protocol(format!("the value is not of the type that this client knows: {told}"))
}

fn header(name: &str, value: &str) -> Result<String, BamlError> {
    if value.contains(['\r', '\n']) {
        return Err(BamlError::local("invalid_argument", format!("{name} is one line")));
    }
    Ok(format!("{name}: {value}\r\n"))
}

struct Place {
    host: String,
    address: String,
    root: String,
}

impl Place {
    fn of(url: &str) -> Result<Place, BamlError> {
        let rest = url.strip_prefix("http://").ok_or_else(|| {
            BamlError::lost(format!("{} has no http://; this client speaks no TLS, so put a proxy before the server", url.split('@').last().unwrap_or(url)))
        })?;
        let (host, root) = rest.split_once('/').unwrap_or((rest, ""));
        let has_port = host.rsplit_once(':').map_or(false, |(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
        let address = if has_port { host.to_owned() } else { format!("{host}:80") };
        let root = root.trim_end_matches('/');
        Ok(Place { host: host.to_owned(), address, root: if root.is_empty() { String::new() } else { format!("/{root}") } })
    }

    fn connect(&self, options: &Options) -> Result<TcpStream, BamlError> {
        if options.is_cancelled() {
            return Err(BamlError::aborted());
        }
        let mut failure = None;
        for address in self.address.to_socket_addrs().map_err(BamlError::lost)? {
            match TcpStream::connect_timeout(&address, Duration::from_secs(10)) {
                Ok(socket) => {
                    socket.set_read_timeout(Some(LOOK)).map_err(BamlError::lost)?;
                    socket.set_nodelay(true).map_err(BamlError::lost)?;
                    return Ok(socket);
                }
                Err(found) => failure = Some(found),
            }
        }
        Err(failure.map_or_else(|| BamlError::lost("it has no address"), BamlError::lost))
    }
}

/// A socket that looks at the token of its call while it waits: nothing else could wake it.
struct Waiting {
    socket: TcpStream,
    options: Options,
    silence: Option<Duration>,
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
        let start = Instant::now();
        loop {
            match self.socket.read(buffer) {
                Err(failure) if matches!(failure.kind(), WouldBlock | TimedOut | Interrupted) => {
                    if self.options.is_cancelled() {
                        return Err(std::io::Error::new(std::io::ErrorKind::Other, "aborted"));
                    }
                    if self.silence.map_or(false, |limit| start.elapsed() > limit) {
                        return Err(TimedOut.into());
                    }
                }
                other => return other,
            }
        }
    }
}

enum Left {
    Length(usize),
    Chunk(usize),
    Close,
    Over,
}

/// The answer to one request, as far as it has been read.
pub(crate) struct Answer {
    bytes: BufReader<Waiting>,
    pub(crate) protocol: Option<String>,
    left: Left,
}

impl Answer {
    fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        (&mut self.bytes).take(64 << 10).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }

    fn head(&mut self) -> std::io::Result<u16> {
        let broken = || std::io::Error::new(std::io::ErrorKind::InvalidData, "that is no HTTP");
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
        loop {
            let line = self.line()?;
            let (name, value) = match line.split_once(':') {
                Some(header) => header,
                None => return if line.is_empty() { Ok(status) } else { Err(broken()) },
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => self.left = Left::Length(value.trim().parse().map_err(|_| broken())?),
                "transfer-encoding" => self.left = Left::Chunk(0),
                "bamlet-protocol" => self.protocol = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }

    /// Some of the body; nothing at its end. One that breaks off before is an error.
    pub(crate) fn some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Left::Chunk(0) = self.left {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16);
            self.left = match size {
                Ok(0) => Left::Over,
                Ok(size) => Left::Chunk(size),
                Err(_) => return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "that is no chunk")),
            };
        }
        let most = match self.left {
            Left::Over | Left::Length(0) => return Ok(0),
            Left::Length(left) | Left::Chunk(left) => left.min(buffer.len()),
            Left::Close => buffer.len(),
        };
        let count = self.bytes.read(&mut buffer[..most])?;
        if count == 0 && !matches!(self.left, Left::Close) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match &mut self.left {
            Left::Length(left) => *left -= count,
            Left::Chunk(left) => {
                *left -= count;
                if *left == 0 {
                    self.line()?;
                }
            }
            _ => {}
        }
        Ok(count)
    }

    fn text(&mut self) -> std::io::Result<String> {
        let mut body = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            match self.some(&mut buffer)? {
                0 => return Ok(String::from_utf8_lossy(&body).into_owned()),
                count => body.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// For a stream, in which a server that says nothing for long is lost.
    pub(crate) fn expect_signs(&mut self) {
        self.bytes.get_mut().silence = Some(SILENCE);
    }
}
