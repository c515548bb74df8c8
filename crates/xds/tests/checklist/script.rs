//! A test is a script: what is done (`>`), and right below it everything that the session answers (`<`).
//!
//! ```text
//! > publish c:a=1>e:a -c:b     set cluster a to body 1, which names endpoints a; remove cluster b
//! > open 1 delta               an aggregated stream; `open 1 sotw c` is one for clusters only
//! > 1 c +a has:b=1             a request on stream 1 for clusters; see `Script::request` for the words
//! < 1 c a=1 -b                 a response with cluster a at body 1 and the removal of b
//! > 1 c ack                    acknowledges the oldest response of that stream and type
//! > wait 5000                  milliseconds
//! ! rejected c:a words         an observation; compared only where a script names any, or `nothing`
//! ```
//! Types: `s`ecret, run`t`ime, `c`luster, `e`ndpoints, `l`istener, sco`p`e, `r`oute. References: `>` travels along,
//! `>>` must be acknowledged, `>>>` as it is now; flags before a set: `~` slow, `?` slow for two
//! seconds at most, `!` sent although a target is late. `s:@a=1` is a secret
//! that tells its name before its body, and is shown as `a=@a:1`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use isobath_xds::discovery::{DeltaRequest, ErrorDetail, Node, Request, SotwRequest};
use isobath_xds::{
    Entry, FleetId, Input, Observation, Output, Overdue, OwnName, Protocol, Reference, Resource,
    ResourceType, Response, Scope, Session, Settings, Snapshot, StreamId, Update, Version, Warming,
};

const LETTERS: [(&str, ResourceType); 7] = [
    ("s", ResourceType::Secret),
    ("t", ResourceType::Runtime),
    ("c", ResourceType::Cluster),
    ("e", ResourceType::ClusterLoadAssignment),
    ("l", ResourceType::Listener),
    ("p", ResourceType::ScopedRouteConfiguration),
    ("r", ResourceType::RouteConfiguration),
];

fn kind(letter: &str) -> ResourceType {
    LETTERS.iter().find(|(known, _)| *known == letter).unwrap_or_else(|| panic!("no type {letter}")).1
}

fn letter(kind: ResourceType) -> &'static str {
    LETTERS.iter().find(|(_, known)| *known == kind).unwrap().0
}

/// Runs a script with the usual settings.
#[track_caller]
pub(crate) fn check(script: &str) {
    check_with(Settings::default(), script);
}

/// Runs a script.
#[track_caller]
pub(crate) fn check_with(settings: Settings, script: &str) {
    let mut run = Script::new(settings);
    let lines: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut at = 0;
    while at < lines.len() {
        let step = lines[at].strip_prefix("> ").unwrap_or_else(|| panic!("a step expected: {}", lines[at]));
        let expected: Vec<_> = lines[at + 1..].iter().take_while(|line| !line.starts_with('>')).collect();
        let (responses, observations) = run.step(step);
        let wanted = |mark: &str| -> Vec<_> {
            expected.iter().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
        };
        assert_eq!(responses, wanted("< "), "after line {}: {step}", at + 1);
        match wanted("! ") {
            told if told.is_empty() => {}
            told if told == ["nothing"] => assert!(observations.is_empty(), "{observations:?}: {step}"),
            told => assert_eq!(observations, told, "after line {}: {step}", at + 1),
        }
        at += 1 + expected.len();
    }
}

type Key = (String, ResourceType);

struct Script {
    session: Session,
    snapshot: Snapshot,
    now: Duration,
    streams: BTreeMap<String, (StreamId, Protocol)>,
    next_stream: u64,
    /// All responses so far, and how many of them are answered.
    responses: BTreeMap<Key, (Vec<Response>, usize)>,
    names: BTreeMap<Key, Vec<String>>,
    accepted: BTreeMap<ResourceType, String>,
}

impl Script {
    fn new(settings: Settings) -> Self {
        let node = Node { id: "envoy-1".into(), ..Node::default() };
        Self {
            session: Session::new(FleetId::default_fleet(), &node, Arc::new(settings)),
            snapshot: Snapshot::empty(),
            now: Duration::from_secs(100),
            streams: BTreeMap::new(),
            next_stream: 0,
            responses: BTreeMap::new(),
            names: BTreeMap::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// Does one step; returns the responses and closes, and the observations.
    fn step(&mut self, step: &str) -> (Vec<String>, Vec<String>) {
        let words: Vec<_> = step.split_whitespace().collect();
        let input = match words[0] {
            "publish" => {
                self.now += Duration::from_millis(100);
                self.publish(&words[1..])
            }
            "burst" => self.publish(&words[1..]),
            "open" => self.open(&words[1..]),
            "close" => Input::Closed(self.streams.remove(words[1]).unwrap().0),
            "wait" => {
                self.now += Duration::from_millis(words[1].parse().unwrap());
                Input::Tick
            }
            stream => self.request(stream, &words[1..]),
        };
        let outputs = self.session.handle(self.now, input);
        self.note(outputs)
    }

    fn publish(&mut self, words: &[&str]) -> Input {
        let mut update = Update::default();
        for word in words {
            match word.strip_prefix('-') {
                Some(name) => {
                    let (letter, name) = name.split_once(':').unwrap();
                    update.removed.push((kind(letter), name.into()));
                }
                None => update.set.push(resource(word)),
            }
        }
        self.snapshot = self.snapshot.apply(update).expect("a script publishes changes");
        Input::Snapshot(Arc::new(self.snapshot.clone()))
    }

    fn open(&mut self, words: &[&str]) -> Input {
        self.next_stream += 1;
        let stream = StreamId(self.next_stream);
        let protocol = match words[1] {
            "delta" => Protocol::Delta,
            "sotw" => Protocol::Sotw,
            other => panic!("no variant {other}"),
        };
        let scope = words.get(2).map_or(Scope::Aggregated, |letter| Scope::Single(kind(letter)));
        self.streams.insert(words[0].to_owned(), (stream, protocol));
        let new = words[0].to_owned();
        self.responses.retain(|(stream, _), _| *stream != new);
        self.names.retain(|(stream, _), _| *stream != new);
        Input::Opened { stream, protocol, scope }
    }

    /// Words of a request: `ack`, `nack:words_with_underscores`, `#n` (the nonce of the nth response), `#old` (a
    /// nonce of another stream), `url:text`; delta: `+name`, `-name`, `has:name=body`, `has:name=?`;
    /// state of the world: `names:a,b` (kept for later requests), `version:kept` (the last accepted one).
    fn request(&mut self, stream: &str, words: &[&str]) -> Input {
        let (id, protocol) = self.streams[stream];
        let kind = kind(words[0]);
        let key = (stream.to_owned(), kind);
        let mut delta = DeltaRequest { type_url: kind.url().into(), ..DeltaRequest::default() };
        let mut sotw = SotwRequest { type_url: kind.url().into(), ..SotwRequest::default() };
        sotw.version = self.responses.get(&key).map_or(String::new(), |_| self.accepted(kind));
        for word in &words[1..] {
            if let Some(nonce) = self.nonce(&key, word) {
                delta.nonce = nonce;
            } else if let Some(name) = word.strip_prefix('+') {
                delta.subscribe.push(asked(name));
            } else if let Some(name) = word.strip_prefix('-') {
                delta.unsubscribe.push(asked(name));
            } else if let Some((name, body)) = word.strip_prefix("has:").and_then(|has| has.split_once('=')) {
                let version = if body == "?" { "other".into() } else { version(body) };
                delta.initial_versions.insert(name.into(), version);
            } else if let Some(names) = word.strip_prefix("names:") {
                let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
                self.names.insert(key.clone(), names);
            } else if let Some(url) = word.strip_prefix("url:") {
                (delta.type_url, sotw.type_url) = (url.into(), url.into());
            } else if *word == "version:kept" {
                sotw.version = self.accepted(kind);
            } else {
                panic!("no word {word}");
            }
            delta.error = words.iter().find_map(|word| word.strip_prefix("nack:")).map(error);
        }
        sotw.names = self.names.get(&key).cloned().unwrap_or_default();
        (sotw.nonce, sotw.error) = (delta.nonce.clone(), delta.error.clone());
        if delta.error.is_none() && words.contains(&"ack") {
            let (responses, answered) = &self.responses[&key];
            self.accepted.insert(kind, responses[answered - 1].version.clone());
            sotw.version = self.accepted(kind);
        }
        let request = match protocol {
            Protocol::Delta => Request::Delta(delta),
            Protocol::Sotw => Request::Sotw(sotw),
        };
        Input::Request(id, request)
    }

    fn accepted(&self, kind: ResourceType) -> String {
        self.accepted.get(&kind).cloned().unwrap_or_default()
    }

    fn nonce(&mut self, key: &Key, word: &str) -> Option<String> {
        if word == "#old" {
            return Some("987654".into());
        }
        if let Some(number) = word.strip_prefix('#') {
            return Some(self.responses[key].0[number.parse::<usize>().unwrap() - 1].nonce.clone());
        }
        if word != "ack" && !word.starts_with("nack:") {
            return None;
        }
        let (responses, answered) = self.responses.get_mut(key).expect("a response to answer");
        *answered += 1;
        Some(responses[*answered - 1].nonce.clone())
    }

    fn note(&mut self, outputs: Vec<Output>) -> (Vec<String>, Vec<String>) {
        let (mut responses, mut observations) = (Vec::new(), Vec::new());
        for output in outputs {
            match output {
                Output::Send(stream, response) => {
                    let name = self.name_of(stream);
                    responses.push(format!("{name} {}", shown(&response)));
                    let key = (name, response.resource_type);
                    self.responses.entry(key).or_default().0.push(response);
                }
                Output::Close(stream, why) => {
                    let name = self.name_of(stream);
                    responses.push(format!("{name} closed: {why}"));
                }
                Output::Observe(observation) => observations.extend(observed(&observation)),
            }
        }
        (responses, observations)
    }

    fn name_of(&self, stream: StreamId) -> String {
        let found = self.streams.iter().find(|(_, (id, _))| *id == stream);
        found.map_or_else(|| format!("stream{}", stream.0), |(name, _)| name.clone())
    }
}

fn error(words: &str) -> ErrorDetail {
    ErrorDetail { code: 13, message: words.replace('_', " ") }
}

/// `\xHH` stands for a byte.
fn asked(name: &str) -> Bytes {
    let (text, rest) = name.split_once("\\x").unwrap_or((name, ""));
    let byte = |rest: &str| u8::from_str_radix(&rest[..2], 16).unwrap();
    let mut bytes = text.as_bytes().to_vec();
    for part in rest.split("\\x").filter(|part| !part.is_empty()) {
        bytes.push(byte(part));
        bytes.extend(&part.as_bytes()[2..]);
    }
    bytes.into()
}

fn version(body: &str) -> String {
    match body.strip_prefix('@').and_then(|named| named.split_once(':')) {
        Some((name, rest)) => Resource::named(name, rest.as_bytes().to_vec()).version.to_string(),
        None => Version::of(&body.to_owned().into()).to_string(),
    }
}

/// The body, with the name that is told before it.
fn body(entry: &Entry) -> String {
    let bytes = entry.resource().body.to_bytes();
    let body = String::from_utf8_lossy(&bytes);
    match entry.resource().own_name {
        OwnName::InBody => body.into(),
        OwnName::BeforeBody => format!("@{}:{body}", entry.name()),
    }
}

/// `~c:a=1>e:a>>c:b`
fn resource(word: &str) -> (ResourceType, Resource) {
    let (warming, word) = match (word.strip_prefix('~'), word.strip_prefix('?')) {
        (Some(rest), _) => (Warming::Open, rest),
        (None, Some(rest)) => (Warming::Within(Duration::from_secs(2)), rest),
        (None, None) => (Warming::Quick, word),
    };
    let (anyway, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
    let refs_at = word.find('>').unwrap_or(word.len());
    let (resource, refs) = word.split_at(refs_at);
    let (head, body) = resource.split_once('=').unwrap_or_else(|| panic!("no body: {word}"));
    let (letter, name) = head.split_once(':').unwrap();
    let body = body.as_bytes().to_vec();
    let resource = match name.strip_prefix('@') {
        Some(name) => Resource::named(name, body),
        None => Resource::new(name, body),
    };
    let mut resource = resource.with_refs(references(refs));
    resource.warming = warming;
    resource.overdue = if anyway { Overdue::SendAnyway } else { Overdue::KeepPrevious };
    (kind(letter), resource)
}

fn references(text: &str) -> Vec<Reference> {
    let mut refs = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('>') {
        let target = after.trim_start_matches('>');
        let end = target.find('>').unwrap_or(target.len());
        let (letter, name) = target[..end].split_once(':').unwrap();
        refs.push(match after.len() - target.len() {
            0 => Reference::sent(kind(letter), name),
            1 => Reference::acked(kind(letter), name),
            _ => Reference::in_force(kind(letter), name),
        });
        rest = &target[end..];
    }
    refs
}

fn shown(response: &Response) -> String {
    let mut words = vec![letter(response.resource_type).to_owned()];
    for entry in &response.resources {
        words.push(format!("{}={}", entry.name(), body(entry)));
    }
    words.extend(response.removed.iter().map(|name| format!("-{name}")));
    words.extend(response.refused.iter().map(|name| format!("-{}", name.escape_ascii())));
    if words.len() == 1 {
        words.push("empty".into());
    }
    words.join(" ")
}

fn observed(observation: &Observation) -> Option<String> {
    match observation {
        Observation::Rejected { resource_type, name, message, .. } => {
            Some(format!("rejected {}:{name} {message}", letter(*resource_type)))
        }
        Observation::Reached { generation, .. } => Some(format!("reached {generation}")),
        Observation::Connected { .. } | Observation::Disconnected { .. } => None,
    }
}
