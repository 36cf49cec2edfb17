//! Streams of `bamlet serve`: events of a run, folded into values that grow.

use std::collections::hash_map::RandomState;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher};
use std::marker::PhantomData;
use std::mem::{replace, take};
use std::time::Duration;

use super::json::{FromJson, Json};
use super::runtime::{Answer, BamlError, CancellationToken, Options, PROTOCOL};

const RESUMES: u32 = 5; // without an event in between
const SILENCE: Duration = Duration::from_secs(60); // a server that lives says something more often
const GOODBYE: Duration = Duration::from_secs(5);

/// The values of a run as they grow, and the last one. Nothing is sent before one of them is asked for; a stream that
/// is dropped ends its run.
pub struct Stream<S: FromJson, F: FromJson> {
    run: Run,
    types: PhantomData<(S, F)>,
}

impl<S: FromJson, F: FromJson> Stream<S, F> {
    pub(crate) fn new(options: &Options, name: &str, arguments: Vec<(&str, Json)>) -> Self {
        let mut options = options.clone();
        let body = options.body(arguments);
        // A second request whose first had no answer is the same run.
        options.idempotency_key.get_or_insert_with(random);
        Self::of(Run { path: format!("/stream/{name}?events=patches"), body, options, ..Run::default() })
    }

    /// The stream of a run that goes on, or has ended a short while ago.
    pub fn resume(options: &Options, run_id: &str) -> Self {
        Self::of(Run { id: Some(run_id.to_owned()), options: options.clone(), ..Run::default() })
    }

    fn of(run: Run) -> Self {
        Stream { run, types: PhantomData }
    }

    /// That of the run, once it has begun.
    pub fn run_id(&self) -> Option<&str> {
        self.run.id.as_deref()
    }

    /// The values on their way; after a failure it is the last thing.
    pub fn partials(&mut self) -> Partials<'_, S, F> {
        Partials { stream: self, told: false }
    }

    /// The whole value.
    pub fn get_final_response(mut self) -> Result<F, BamlError> {
        loop {
            match &self.run.end {
                None => {
                    self.run.step();
                }
                Some(Ok(json)) => return F::from_json(json).map_err(BamlError::misfit),
                Some(Err(failure)) => return Err(failure.clone()),
            }
        }
    }
}

impl<S: FromJson, F: FromJson> Drop for Stream<S, F> {
    fn drop(&mut self) {
        self.run.leave();
    }
}

pub struct Partials<'a, S: FromJson, F: FromJson> {
    stream: &'a mut Stream<S, F>,
    told: bool,
}

impl<S: FromJson, F: FromJson> Iterator for Partials<'_, S, F> {
    type Item = Result<S, BamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = &mut self.stream.run;
        while run.end.is_none() {
            if run.step() {
                return Some(S::from_json(&run.value).map_err(BamlError::misfit));
            }
        }
        match &run.end {
            Some(Err(failure)) if !replace(&mut self.told, true) => Some(Err(failure.clone())),
            _ => None,
        }
    }
}

/// What has come of a run, and the connection over which more comes.
#[derive(Default)]
struct Run {
    options: Options,
    path: String,
    body: String,
    id: Option<String>,
    last: Option<String>,
    answer: Option<Answer>,
    events: Events,
    value: Json,
    end: Option<Result<Json, BamlError>>,
    failed: u32,
    restarted: bool,
}

impl Run {
    /// One event, or the way to the next one. True if the value has changed.
    fn step(&mut self) -> bool {
        match self.event() {
            _ if self.options.is_cancelled() => self.leave(),
            Ok(changed) => return changed,
            Err(failure) => self.failing(failure),
        }
        false
    }

    /// What follows a failure: the end, everything from the start, or what has not come yet.
    fn failing(&mut self, failure: BamlError) {
        self.answer = None;
        self.events = Events::default();
        if failure.name == "BamlProtocolError" && !self.restarted && self.id.is_some() {
            // What we hold is not what the server holds.
            self.restarted = true;
            self.last = None;
            self.value = Json::Null;
        } else if failure.name != "BamlConnectionError" || self.failed == RESUMES {
            self.end = Some(Err(failure));
        } else {
            self.failed += 1;
            if self.failed > 1 {
                std::thread::sleep(Duration::from_millis(50 << self.failed));
            }
        }
    }

    fn event(&mut self) -> Result<bool, BamlError> {
        if let Some(event) = self.events.ready.pop_front() {
            let changed = self.take(&event)?;
            if event.id.is_some() {
                self.last = event.id;
                self.failed = 0;
            }
            return Ok(changed);
        }
        match &mut self.answer {
            None => self.open()?,
            Some(answer) => {
                let mut buffer = [0; 8192];
                match answer.some(&mut buffer)? {
                    0 => return Err(BamlError::lost("the stream broke off")),
                    count => self.events.feed(&buffer[..count]),
                }
            }
        }
        Ok(false)
    }

    fn open(&mut self) -> Result<(), BamlError> {
        let answer = match &self.id {
            None => {
                let key = self.options.idempotency_key.as_deref().map(|key| ("idempotency-key", key));
                self.options.send("POST", &self.path, Some(&self.body), key, Some(SILENCE))?
            }
            Some(id) => {
                let last = self.last.as_deref().map(|last| ("last-event-id", last));
                self.options.send(
                    "GET",
                    &format!("/runs/{id}/events?events=patches"),
                    None,
                    last,
                    Some(SILENCE),
                )?
            }
        };
        if let Some(spoken) = answer.protocol.as_deref().filter(|spoken| *spoken != PROTOCOL) {
            self.id = None; // there is nothing that could be read from the start
            let told = format!("the server speaks protocol {spoken} and this client {PROTOCOL}");
            return Err(BamlError::local("protocol", &format!("{told}; run `bamlet generate` again")));
        }
        self.answer = Some(answer);
        Ok(())
    }

    /// One that is of a kind new to us does nothing.
    fn take(&mut self, event: &Event) -> Result<bool, BamlError> {
        let data = Json::parse(&event.data).map_err(BamlError::misfit)?;
        match event.kind.as_str() {
            "start" => self.id = data.word("run").map(str::to_owned),
            "reset" => self.value = Json::Null,
            "final" => self.end = Some(Ok(data.field("value").map_err(BamlError::misfit)?)),
            "error" => self.end = Some(Err(BamlError::of(data))),
            "patch" => {
                for operation in data.field::<Vec<Json>>("ops").map_err(BamlError::misfit)? {
                    apply(&mut self.value, &operation)?;
                }
                return Ok(true);
            }
            _ => {}
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
        if let Some(id) = &self.id {
            let token = Some(CancellationToken::new_with_timeout(GOODBYE));
            let options = Options { token, ..self.options.clone() };
            // If that fails it is left to the server's patience.
            drop(options.send("DELETE", &format!("/runs/{id}"), None, None, None));
        }
    }
}

fn random() -> String {
    let some = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", some(), some())
}

/// Changes a value as one operation says. One that is new to us does nothing.
pub(crate) fn apply(value: &mut Json, operation: &Json) -> Result<(), BamlError> {
    let word = |key| operation.word(key).unwrap_or_default();
    let op = word("op");
    if !["add", "replace", "remove", "append"].contains(&op) {
        return Ok(());
    }
    let keys: Vec<_> =
        word("path").split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
    let given = operation.get("value").cloned().unwrap_or_default();
    let astray = || BamlError::local("protocol", &format!("the server changes ({op}) what is not there"));
    changed(value, &keys, op, given).ok_or_else(astray)
}

/// Nothing if that is not there.
fn changed(value: &mut Json, keys: &[String], op: &str, given: Json) -> Option<()> {
    let (key, deeper) = match (keys.split_first(), op) {
        (Some(path), _) => path,
        (None, "append") => match (value, given) {
            (Json::String(text), Json::String(more)) => {
                text.push_str(&more);
                return Some(());
            }
            _ => return None,
        },
        (None, _) => {
            *value = given;
            return Some(());
        }
    };
    match value {
        Json::Array(items) => {
            let at = if key == "-" { items.len() } else { key.parse().ok()? };
            match (op, deeper.is_empty()) {
                ("add", true) if at <= items.len() => items.insert(at, given),
                ("remove", true) if at < items.len() => drop(items.remove(at)),
                _ => changed(items.get_mut(at)?, deeper, op, given)?,
            }
        }
        Json::Object(fields) => match (fields.iter().position(|(name, _)| name == key), op, deeper.is_empty()) {
            (None, "add", true) => fields.push((key.clone(), given)),
            (Some(at), "remove", true) => drop(fields.remove(at)),
            (at, _, _) => changed(&mut fields[at?].1, deeper, op, given)?,
        },
        _ => return None,
    }
    Some(())
}

#[derive(Debug, Default, PartialEq)]
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
    pub(crate) ready: VecDeque<Event>,
}

impl Events {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let after = replace(&mut self.late, byte == b'\r');
            match byte {
                b'\n' if after => {}
                b'\n' | b'\r' => {
                    let line = take(&mut self.line);
                    self.take(&String::from_utf8_lossy(&line));
                }
                other => self.line.push(other),
            }
        }
    }

    fn take(&mut self, line: &str) {
        let line =
            if replace(&mut self.begun, true) { line } else { line.strip_prefix('\u{feff}').unwrap_or(line) };
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "data" => self.data.push(value),
            "event" => self.kind = value,
            "id" if !value.contains('\0') => self.id = Some(value),
            _ if line.is_empty() => {
                let (kind, data, id) = (take(&mut self.kind), take(&mut self.data), self.id.take());
                if !data.is_empty() {
                    let kind = if kind.is_empty() { "message".to_owned() } else { kind };
                    self.ready.push_back(Event { kind, data: data.join("\n"), id });
                }
            }
            _ => {}
        }
    }
}
