//! Streams of `bamlet serve`: events of a run, folded into values that grow.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::marker::PhantomData;
use std::time::Duration;

use super::json::{FromJson, Json};
use super::runtime::{misfit, Answer, BamlError, CancellationToken, Options, PROTOCOL};

const RESUMES: u32 = 5; // without an event in between

/// The values of a run as they grow, and the last one. Nothing is sent before one of them is asked for; a stream that
/// is dropped ends its run.
pub struct Stream<S: FromJson, F: FromJson> {
    options: Options,
    path: String,
    body: String,
    run: Option<String>,
    last: Option<String>,
    answer: Option<(Answer, Events)>,
    value: Json,
    end: Option<Result<Json, BamlError>>,
    failed: u32,
    restarted: bool,
    types: PhantomData<(S, F)>,
}

impl<S: FromJson, F: FromJson> Stream<S, F> {
    pub(crate) fn new(options: &Options, name: &str, arguments: Vec<(&str, Json)>) -> Self {
        let mut options = options.clone();
        let body = options.body(arguments);
        // A second request whose first had no answer is the same run.
        options.idempotency_key.get_or_insert_with(random);
        Self::made(options, format!("/stream/{name}?events=patches"), body, None)
    }

    /// The stream of a run that goes on, or has ended a short while ago.
    pub fn resume(options: &Options, run_id: &str) -> Self {
        Self::made(options.clone(), String::new(), String::new(), Some(run_id.to_owned()))
    }

    fn made(options: Options, path: String, body: String, run: Option<String>) -> Self {
        let (last, answer, end) = (None, None, None);
        Stream { options, path, body, run, last, answer, value: Json::Null, end, failed: 0, restarted: false, types: PhantomData }
    }

    /// That of the run, once it has begun.
    pub fn run_id(&self) -> Option<&str> {
        self.run.as_deref()
    }

    /// The values on their way; after a failure it is the last thing.
    pub fn partials(&mut self) -> Partials<'_, S, F> {
        Partials { stream: self, told: false }
    }

    /// The whole value.
    pub fn get_final_response(mut self) -> Result<F, BamlError> {
        while self.end.is_none() {
            self.step();
        }
        match self.end.as_ref() {
            Some(Ok(json)) => F::from_json(json).map_err(misfit),
            Some(Err(failure)) => Err(failure.clone()),
            None => unreachable!("a stream that is read to its end has one"),
        }
    }

    /// One event, or the way to the next one. True if the value has changed.
    fn step(&mut self) -> bool {
        if self.options.is_cancelled() {
            self.leave();
            return false;
        }
        match self.event() {
            Ok(changed) => changed,
            Err(failure) => {
                self.answer = None;
                self.failing(failure);
                false
            }
        }
    }

    fn failing(&mut self, failure: BamlError) {
        if self.end.is_some() {
            return;
        }
        if failure.name == "BamlProtocolError" && !self.restarted && self.run.is_some() {
            // What we hold is not what the server holds: once more from the start.
            self.restarted = true;
            self.last = None;
            self.value = Json::Null;
        } else if self.options.is_cancelled() {
            self.leave();
        } else if failure.name != "BamlConnectionError" || self.failed >= RESUMES {
            self.end = Some(Err(failure));
        } else {
            self.failed += 1;
            if self.failed > 1 {
                std::thread::sleep(Duration::from_millis(50 << self.failed));
            }
        }
    }

    fn event(&mut self) -> Result<bool, BamlError> {
        if self.answer.is_none() {
            self.answer = Some((self.open()?, Events::default()));
        }
        let (answer, events) = match self.answer.as_mut() {
            Some(open) => open,
            None => return Ok(false),
        };
        if let Some(event) = events.next() {
            let changed = self.take(&event)?;
            self.failed = 0;
            if event.id.is_some() {
                self.last = event.id;
            }
            return Ok(changed);
        }
        let mut buffer = [0; 8192];
        match answer.some(&mut buffer).map_err(|failure| self.options.told(failure))? {
            0 => Err(BamlError::lost("the stream broke off")),
            count => {
                events.feed(&buffer[..count]);
                Ok(false)
            }
        }
    }

    fn open(&mut self) -> Result<Answer, BamlError> {
        let mut answer = match &self.run {
            None => {
                let key = self.options.idempotency_key.as_deref().unwrap_or_default();
                self.options.send("POST", &self.path, Some(&self.body), &[("idempotency-key", key)])?
            }
            Some(run) => {
                let last: Vec<_> = self.last.iter().map(|id| ("last-event-id", id.as_str())).collect();
                self.options.send("GET", &format!("/runs/{run}/events?events=patches"), None, &last)?
            }
        };
        answer.expect_signs();
        if let Some(spoken) = answer.protocol.as_deref().filter(|spoken| *spoken != PROTOCOL) {
            self.run = None; // there is nothing that could be read from the start
            let told = format!("the server speaks protocol {spoken} and this client {PROTOCOL}; run `bamlet generate` again");
            return Err(BamlError::protocol(told));
        }
        Ok(answer)
    }

    fn take(&mut self, event: &Event) -> Result<bool, BamlError> {
        if !["start", "reset", "patch", "final", "error"].contains(&event.kind.as_str()) {
            return Ok(false); // new to us
        }
        let data = Json::parse(&event.data).map_err(BamlError::protocol)?;
        match event.kind.as_str() {
            "start" => self.run = data.get("run").and_then(Json::as_str).map(str::to_owned),
            "reset" => self.value = Json::Null,
            "final" => self.end = Some(Ok(data.get("value").cloned().unwrap_or(Json::Null))),
            "error" => self.end = Some(Err(BamlError::of(data))),
            _ => {
                if let Some(Json::Array(operations)) = data.get("ops") {
                    for operation in operations {
                        apply(&mut self.value, operation)?;
                    }
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends the run, unless it is over.
    fn leave(&mut self) {
        self.answer = None;
        if self.end.is_some() {
            return;
        }
        self.end = Some(Err(BamlError::aborted()));
        if let Some(run) = &self.run {
            let token = Some(CancellationToken::new_with_timeout(Duration::from_secs(5)));
            let options = Options { token, ..self.options.clone() };
            // If that fails it is left to the server's patience.
            drop(options.send("DELETE", &format!("/runs/{run}"), None, &[]));
        }
    }
}

impl<S: FromJson, F: FromJson> Drop for Stream<S, F> {
    fn drop(&mut self) {
        self.leave();
    }
}

pub struct Partials<'a, S: FromJson, F: FromJson> {
    stream: &'a mut Stream<S, F>,
    told: bool,
}

impl<S: FromJson, F: FromJson> Iterator for Partials<'_, S, F> {
    type Item = Result<S, BamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.stream.end.is_none() {
            if self.stream.step() {
                return Some(S::from_json(&self.stream.value).map_err(misfit));
            }
        }
        match &self.stream.end {
            Some(Err(failure)) if !self.told => {
                self.told = true;
                Some(Err(failure.clone()))
            }
            _ => None,
        }
    }
}

fn random() -> String {
    let some = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", some(), some())
}

/// Changes a value as one operation says. One that is new to us does nothing.
pub(crate) fn apply(value: &mut Json, operation: &Json) -> Result<(), BamlError> {
    let word = |key| operation.get(key).and_then(Json::as_str).unwrap_or_default();
    let op = word("op");
    if !["add", "replace", "remove", "append"].contains(&op) {
        return Ok(());
    }
    let keys: Vec<_> = word("path").split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
    let given = operation.get("value").cloned().unwrap_or(Json::Null);
    changed(value, &keys, op, given).ok_or_else(|| BamlError::protocol(format!("the server changes ({op}) what is not there")))
}

fn changed(value: &mut Json, keys: &[String], op: &str, given: Json) -> Option<()> {
    let (key, deeper) = match keys.split_first() {
        Some(path) => path,
        None => return changed_whole(value, op, given),
    };
    match value {
        Json::Array(items) => {
            let at = if key == "-" { items.len() } else { key.parse().ok()? };
            match (op, deeper.is_empty()) {
                ("add", true) if at <= items.len() => items.insert(at, given),
                _ if at >= items.len() => return None,
                ("remove", true) => drop(items.remove(at)),
                _ => changed(&mut items[at], deeper, op, given)?,
            }
        }
        Json::Object(fields) => match (fields.iter().position(|(name, _)| name == key), op, deeper.is_empty()) {
            (None, "add", true) => fields.push((key.clone(), given)),
            (None, _, _) => return None,
            (Some(at), "remove", true) => drop(fields.remove(at)),
            (Some(at), _, _) => changed(&mut fields[at].1, deeper, op, given)?,
        },
        _ => return None,
    }
    Some(())
}

fn changed_whole(value: &mut Json, op: &str, given: Json) -> Option<()> {
    match (op, value, given) {
        ("append", Json::String(text), Json::String(more)) => text.push_str(&more),
        ("append", _, _) => return None,
        (_, value, given) => *value = given,
    }
    Some(())
}

#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) data: String,
    pub(crate) id: Option<String>,
}

/// Bytes of `text/event-stream`, cut anywhere, to events.
#[derive(Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    late: bool, // a line has ended with CR: an LF that comes next is part of that end
    begun: bool,
    kind: String,
    data: Vec<String>,
    id: Option<String>,
    ready: std::collections::VecDeque<Event>,
}

impl Events {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let after = std::mem::replace(&mut self.late, byte == b'\r');
            match byte {
                b'\n' if after => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    self.take(&String::from_utf8_lossy(&line));
                }
                other => self.line.push(other),
            }
        }
    }

    fn take(&mut self, line: &str) {
        let line = if self.begun { line } else { line.strip_prefix('\u{feff}').unwrap_or(line) };
        self.begun = true;
        if line.is_empty() {
            let (kind, data, id) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data), self.id.take());
            if !data.is_empty() {
                let kind = if kind.is_empty() { "message".to_owned() } else { kind };
                self.ready.push_back(Event { kind, data: data.join("\n"), id });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "data" => self.data.push(value),
            "event" => self.kind = value,
            "id" if !value.contains('\0') => self.id = Some(value),
            _ => {}
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }
}
