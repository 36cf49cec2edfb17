//! What a client of `bamlet serve` is made of: requests, errors, and the ends that others put to them.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::json::{FromJson, Json, ToJson};

pub const PROTOCOL: &str = "1";
const LOOK: Duration = Duration::from_millis(50); // between two looks at the token of a call that waits
const CONNECT: Duration = Duration::from_secs(10);

/// What a server says went wrong: the names are BAML's, the body is in `problem`.
#[derive(Debug, Clone, PartialEq)]
pub struct BamlError {
    pub name: &'static str,
    pub message: String,
    pub problem: Json,
}

impl BamlError {
    pub fn run_id(&self) -> Option<&str> {
        self.problem.word("run_id")
    }

    /// Whether the same call may succeed a while later.
    pub fn retryable(&self) -> bool {
        self.problem.get("retryable") == Some(&Json::Bool(true))
    }

    pub(crate) fn of(problem: Json) -> BamlError {
        let name = match problem.word("error").unwrap_or_default() {
            "bad_request" | "invalid_argument" | "option_not_allowed" => "BamlInvalidArgumentError",
            "validation_failure" => "BamlValidationError",
            "finish_reason" => "BamlClientFinishReasonError",
            "timeout" => "BamlTimeoutError",
            "cancelled" => "BamlAbortError",
            "unhandled_throw" => "BamlUnhandledThrow",
            "client_error" if matches!(problem.get("upstream_status"), Some(Json::Number(_))) => {
                "BamlClientHttpError"
            }
            "client_error" => "BamlClientError",
            "connection" => "BamlConnectionError",
            "protocol" => "BamlProtocolError",
            _ => "BamlError",
        };
        let message = problem.word("message").unwrap_or_default().to_owned();
        BamlError { name, message, problem }
    }

    /// One that this side of the wire finds.
    pub(crate) fn local(error: &str, message: &str) -> BamlError {
        let retryable = (error == "connection").to_json();
        BamlError::of(Json::object([
            ("error", error.to_json()),
            ("message", message.to_json()),
            ("retryable", retryable),
        ]))
    }

    pub(crate) fn lost(failure: &str) -> BamlError {
        BamlError::local("connection", &format!("the server cannot be reached: {failure}"))
    }

    pub(crate) fn aborted() -> BamlError {
        BamlError::local("cancelled", "the call was aborted")
    }

    pub(crate) fn misfit(told: String) -> BamlError {
        BamlError::local("protocol", &format!("the value is not of the type that this client knows: {told}"))
    }
}

impl From<Error> for BamlError {
    /// What reading has found is one of ours already.
    fn from(failure: Error) -> Self {
        let told = failure.to_string();
        match failure.into_inner().map(|inner| inner.downcast::<BamlError>()) {
            Some(Ok(own)) => *own,
            _ => BamlError::lost(&told),
        }
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
#[derive(Debug, Clone, Default)]
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

    pub fn call<F: FromJson>(&self, name: &str, arguments: Vec<(&str, Json)>) -> Result<F, BamlError> {
        // Nobody could fetch the value of a call that is left, so the run is to end with it.
        let path = format!("/call/{name}?on_disconnect=cancel");
        F::from_json(&self.json(&path, &self.body(arguments))?).map_err(BamlError::misfit)
    }

    pub fn parse<T: FromJson>(&self, name: &str, text: &str, partial: bool) -> Result<T, BamlError> {
        let asked = Json::object([("text", text.to_json()), ("partial", partial.to_json())]);
        let found = self.json(&format!("/parse/{name}"), &asked.to_string())?;
        found.field("value").map_err(BamlError::misfit)
    }

    fn json(&self, path: &str, body: &str) -> Result<Json, BamlError> {
        let key = self.idempotency_key.as_deref().map(|key| ("idempotency-key", key));
        let text = self.send("POST", path, Some(body), key, None)?.text()?;
        Json::parse(&text).map_err(BamlError::misfit)
    }

    pub(crate) fn body(&self, mut arguments: Vec<(&str, Json)>) -> String {
        if !self.given.is_empty() {
            arguments.push(("__baml_options__", Json::object(self.given.clone())));
        }
        Json::object(arguments).to_string()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.token.as_ref().map_or(false, CancellationToken::is_cancelled)
    }

    /// One request, whose answer is a success; the body is read by who asked, and lost after so much `silence`.
    pub(crate) fn send(
        &self,
        verb: &str,
        path: &str,
        body: Option<&str>,
        header: Option<(&str, &str)>,
        silence: Option<Duration>,
    ) -> Result<Answer, BamlError> {
        let url = setting(&self.base_url, "BAMLET_URL").unwrap_or_else(|| "http://127.0.0.1:2024".to_owned());
        let (host, root) = place(&url)?;
        let mut all = vec![("host", host.as_str()), ("connection", "close"), ("bamlet-types", "tagged")];
        all.extend(header);
        let bearer = setting(&self.auth_token, "BAMLET_TOKEN").map(|token| format!("Bearer {token}"));
        all.extend(bearer.iter().map(|value| ("authorization", value.as_str())));
        let length = body.unwrap_or_default().len().to_string();
        if body.is_some() {
            all.extend([("content-type", "application/json"), ("content-length", length.as_str())]);
        }
        let mut text = format!("{verb} {root}{path} HTTP/1.1\r\n");
        for (name, value) in all {
            if value.contains(['\r', '\n']) {
                return Err(BamlError::local("invalid_argument", &format!("{name} is one line")));
            }
            text += &format!("{name}: {value}\r\n");
        }
        let mut socket = self.connect(&host)?;
        socket.write_all(format!("{text}\r\n{}", body.unwrap_or_default()).as_bytes())?;
        let bytes = BufReader::new(Waiting { socket, options: self.clone(), silence });
        Answer { bytes, protocol: None, left: Left::Close }.success()
    }

    fn connect(&self, host: &str) -> Result<TcpStream, BamlError> {
        let mut failure = BamlError::lost("it has no address");
        for address in host.to_socket_addrs()? {
            if self.is_cancelled() {
                return Err(BamlError::aborted());
            }
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(socket) => {
                    socket.set_read_timeout(Some(LOOK))?;
                    socket.set_nodelay(true)?;
                    return Ok(socket);
                }
                Err(found) => failure = found.into(),
            }
        }
        Err(failure)
    }
}

fn setting(given: &Option<String>, name: &str) -> Option<String> {
    given.clone().or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
}

/// Host and port of an address, and what stands before each path.
fn place(url: &str) -> Result<(String, String), BamlError> {
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        let shown = url.rsplit('@').next().unwrap_or(url); // without a password
        BamlError::lost(&format!(
            "{shown} has no http://; this client speaks no TLS, so put a proxy before the server"
        ))
    })?;
    let (host, root) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest.trim_end_matches('/'), ""));
    let has_port =
        host.rsplit_once(':').map_or(false, |(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let host = if has_port { host.to_owned() } else { format!("{host}:80") };
    Ok((host, if root.is_empty() { String::new() } else { format!("/{root}") }))
}

/// A socket that looks at the token of its call while it waits: nothing else could wake it.
struct Waiting {
    socket: TcpStream,
    options: Options,
    silence: Option<Duration>,
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        use ErrorKind::{Interrupted, TimedOut, WouldBlock};
        let start = Instant::now();
        loop {
            match self.socket.read(buffer) {
                Err(failure) if matches!(failure.kind(), WouldBlock | TimedOut | Interrupted) => {
                    if self.options.is_cancelled() {
                        return Err(Error::new(ErrorKind::Other, BamlError::aborted()));
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

/// Of a body, the bytes that are to come.
enum Left {
    Length(usize),
    Chunk(usize),
    Close,
}

/// The answer to one request, as far as it has been read.
pub(crate) struct Answer {
    bytes: BufReader<Waiting>,
    pub(crate) protocol: Option<String>,
    left: Left,
}

impl Answer {
    fn line(&mut self) -> Result<String, BamlError> {
        let mut line = Vec::new();
        (&mut self.bytes).take(64 << 10).read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()),
            _ => Err(BamlError::lost("its answer broke off")),
        }
    }

    /// Reads the head; the problem of an answer that is none is an error.
    fn success(mut self) -> Result<Answer, BamlError> {
        let broken = || BamlError::lost("that is no HTTP");
        let first = self.line()?;
        let status: u16 = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(broken)?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => self.left = Left::Length(value.trim().parse().map_err(|_| broken())?),
                "transfer-encoding" => self.left = Left::Chunk(0),
                "bamlet-protocol" => self.protocol = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        if status < 400 {
            return Ok(self);
        }
        match Json::parse(&self.text()?) {
            Ok(problem) if problem.get("error").and(problem.get("message")).is_some() => {
                Err(BamlError::of(problem))
            }
            // Not of ours: a proxy in between has answered.
            _ => Err(BamlError::local("http", &format!("the server answered with {status}"))),
        }
    }

    /// Some of the body; nothing at its end. One that breaks off before is an error.
    pub(crate) fn some(&mut self, buffer: &mut [u8]) -> Result<usize, BamlError> {
        if let Left::Chunk(0) = self.left {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16);
            self.left = match size.map_err(|_| BamlError::lost("that is no chunk"))? {
                0 => Left::Length(0),
                size => Left::Chunk(size),
            };
        }
        let most = match self.left {
            Left::Length(0) => return Ok(0),
            Left::Length(left) | Left::Chunk(left) => left.min(buffer.len()),
            Left::Close => buffer.len(),
        };
        let count = self.bytes.read(&mut buffer[..most])?;
        match &mut self.left {
            Left::Close => return Ok(count),
            _ if count == 0 => return Err(BamlError::lost("its answer broke off")),
            Left::Length(left) => *left -= count,
            Left::Chunk(left) => {
                *left -= count;
                if *left == 0 {
                    self.line()?;
                }
            }
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<String, BamlError> {
        let mut body = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            match self.some(&mut buffer)? {
                0 => return Ok(String::from_utf8_lossy(&body).into_owned()),
                count => body.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
