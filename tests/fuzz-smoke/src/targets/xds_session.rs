//! One xDS session: the bytes are a script of streams, requests, configurations and time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use prost::bytes::Buf;
use xds::discovery::{DeltaRequest, ErrorDetail, Node, Request, SotwRequest};
use xds::{
    Encoder, FleetId, Input, OnDemandSecrets, Output, Protocol, Reference, Resource, ResourceType, Response,
    Scope, Session, Settings, Snapshot, StreamId, Update,
};

const NAMES: [&str; 9] = ["a", "b", "a.x", "A.X.", "*.x", "~fallback", "*", "", "ns/x"];
/// Names that are no text.
const ODD: [&[u8]; 2] = [b"\xff", b"a.\xfe"];

/// Runs the script, and expects that responses go to open streams only, each with a nonce of its own.
pub fn run(data: &[u8]) {
    let mut world = World::new(data);
    let first = world.opened();
    world.apply(first);
    while let Some(step) = world.bytes.next() {
        let input = world.input(step);
        world.apply(input);
    }
}

/// The script, read byte by byte; past its end there are only zeros.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self) -> usize {
        usize::from(self.next().unwrap_or_default())
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.number() % N]
    }

    fn odd(&mut self) -> Vec<&'static [u8]> {
        (0..self.number() % 3).map(|_| self.pick(ODD)).collect()
    }

    fn names(&mut self) -> Vec<String> {
        (0..self.number() % 4).map(|_| self.pick(NAMES).to_owned()).collect()
    }
}

/// What a request says, in either variant.
#[derive(Default)]
struct Words {
    type_url: String,
    names: Vec<String>,
    odd: Vec<&'static [u8]>,
    unsubscribe: Vec<String>,
    initial: Vec<String>,
    nonce: String,
    version: String,
    rejects: bool,
}

fn request(protocol: Protocol, words: Words) -> Request {
    let Words { type_url, names, odd, unsubscribe, initial, nonce, version, rejects } = words;
    let error = rejects.then(|| ErrorDetail { code: 13, message: "no".into() });
    match protocol {
        Protocol::Delta => Request::Delta(DeltaRequest {
            node: None,
            type_url,
            subscribe: names.into_iter().map(Into::into).chain(odd.into_iter().map(Into::into)).collect(),
            unsubscribe: unsubscribe.into_iter().map(Into::into).collect(),
            initial_versions: initial.into_iter().map(|name| (name, "1".into())).collect(),
            nonce,
            error,
        }),
        Protocol::Sotw => Request::Sotw(SotwRequest { version, node: None, names, type_url, nonce, error }),
    }
}

struct World<'a> {
    bytes: Bytes<'a>,
    session: Session,
    snapshot: Arc<Snapshot>,
    encoder: Encoder,
    now: Duration,
    open: BTreeMap<StreamId, (Protocol, Scope)>,
    next_stream: u64,
    /// All responses so far, oldest first.
    responses: Vec<(StreamId, Response)>,
    seen: BTreeSet<String>,
}

impl<'a> World<'a> {
    fn new(data: &'a [u8]) -> Self {
        let node = Node { id: "envoy-1".into(), ..Node::default() };
        let on_demand_secrets = Some(OnDemandSecrets { spellings: 1, aliases: 2 });
        let settings = Settings { on_demand_secrets, unknown_names: 4, ..Settings::default() };
        Self {
            bytes: Bytes(data),
            session: Session::new(FleetId::default_fleet(), &node, Arc::new(settings)),
            snapshot: Arc::new(Snapshot::empty()),
            encoder: Encoder::default(),
            now: Duration::ZERO,
            open: BTreeMap::new(),
            next_stream: 0,
            responses: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    fn input(&mut self, step: u8) -> Input {
        match step % 32 {
            0 => self.opened(),
            1 => self.closed(),
            2..=5 => self.configuration(),
            6 | 7 => {
                self.now += Duration::from_millis(1 << (self.bytes.number() % 16));
                Input::Tick
            }
            8 => Input::Request(self.stream(), self.foreign_request()),
            9 => Input::Request(self.stream(), self.odd_request()),
            10..=18 => self.subscription(),
            _ => self.answer(),
        }
    }

    fn opened(&mut self) -> Input {
        let stream = StreamId(self.next_stream);
        self.next_stream += 1;
        let protocol = self.bytes.pick([Protocol::Delta, Protocol::Sotw]);
        let kind = self.bytes.pick(ResourceType::ALL);
        let scope = self.bytes.pick([Scope::Aggregated, Scope::Aggregated, Scope::Single(kind)]);
        self.open.insert(stream, (protocol, scope));
        Input::Opened { stream, protocol, scope }
    }

    fn closed(&mut self) -> Input {
        let stream = self.stream();
        self.open.remove(&stream);
        Input::Closed(stream)
    }

    /// An open stream, or one that never was.
    fn stream(&mut self) -> StreamId {
        let at = self.bytes.number();
        let count = self.open.len().max(1);
        self.open.keys().nth(at % count).copied().unwrap_or(StreamId(u64::MAX))
    }

    fn configuration(&mut self) -> Input {
        let mut update = Update::default();
        for _ in 0..=self.bytes.number() % 4 {
            let kind = self.bytes.pick(ResourceType::ALL);
            let name = self.bytes.pick(NAMES);
            if self.bytes.number().is_multiple_of(3) {
                update.removed.push((kind, name.into()));
            } else {
                update.set.push((kind, self.resource(name)));
            }
        }
        if let Some(newer) = self.snapshot.apply(update) {
            self.snapshot = Arc::new(newer);
        }
        Input::Snapshot(Arc::clone(&self.snapshot))
    }

    fn resource(&mut self, name: &str) -> Resource {
        let body = vec![self.bytes.next().unwrap_or_default()];
        let target = self.bytes.pick(ResourceType::ALL);
        let referred = self.bytes.pick(NAMES);
        let reference = self.bytes.pick([Reference::acked, Reference::sent])(target, referred);
        let resource = self.bytes.pick([Resource::new, Resource::named])(name, body);
        resource.with_refs(self.bytes.number().is_multiple_of(2).then_some(reference))
    }

    /// A request with whatever the bytes hold.
    fn foreign_request(&mut self) -> Request {
        let length = self.bytes.number();
        let data = self.bytes.take(length);
        if length.is_multiple_of(2) {
            Request::Delta(DeltaRequest::decode(data).unwrap_or_default())
        } else {
            Request::Sotw(SotwRequest::decode(data).unwrap_or_default())
        }
    }

    /// What an honest Envoy asks for.
    fn subscription(&mut self) -> Input {
        let stream = self.stream();
        let Some(&(protocol, scope)) = self.open.get(&stream) else { return Input::Tick };
        let kind = match scope {
            Scope::Aggregated => self.bytes.pick(ResourceType::ALL),
            Scope::Single(kind) => kind,
        };
        let (names, odd) = (self.bytes.names(), self.bytes.odd());
        let (type_url, nonce) = (kind.url().to_owned(), self.latest_nonce(stream, kind, protocol));
        Input::Request(stream, request(protocol, Words { type_url, names, odd, nonce, ..Words::default() }))
    }

    /// A state-of-the-world request carries the nonce of the newest response.
    fn latest_nonce(&self, stream: StreamId, kind: ResourceType, protocol: Protocol) -> String {
        let latest = self
            .responses
            .iter()
            .rev()
            .find(|(on, response)| *on == stream && response.resource_type == kind);
        latest
            .filter(|_| protocol == Protocol::Sotw)
            .map(|(_, response)| response.nonce.clone())
            .unwrap_or_default()
    }

    /// An acknowledgement or rejection of one of the newest responses.
    fn answer(&mut self) -> Input {
        let back = self.bytes.number() % 3;
        let Some((stream, response)) = self.responses.iter().rev().nth(back) else { return Input::Tick };
        let (stream, protocol) = (*stream, response.protocol);
        let type_url = response.resource_type.url().to_owned();
        let (nonce, version) = (response.nonce.clone(), response.version.clone());
        let names = match protocol {
            Protocol::Delta => Vec::new(),
            Protocol::Sotw => self.bytes.names(),
        };
        let rejects = self.bytes.number().is_multiple_of(3);
        Input::Request(
            stream,
            request(protocol, Words { type_url, names, nonce, version, rejects, ..Words::default() }),
        )
    }

    /// A request that no Envoy would send: any type, any nonce, of either variant whatever the stream's is.
    fn odd_request(&mut self) -> Request {
        let kind = self.bytes.pick(ResourceType::ALL);
        let type_url = self.bytes.pick([kind.url(), "", "type.googleapis.com/none"]).to_owned();
        let known = self.responses.last().map(|(_, response)| response.nonce.clone()).unwrap_or_default();
        let nonce = self.bytes.pick(["", "foreign", known.as_str()]).to_owned();
        let words = Words {
            type_url,
            nonce,
            names: self.bytes.names(),
            odd: self.bytes.odd(),
            unsubscribe: self.bytes.names(),
            initial: self.bytes.names(),
            version: self.bytes.pick(["", "1", "x"]).to_owned(),
            rejects: self.bytes.number().is_multiple_of(2),
        };
        request(self.bytes.pick([Protocol::Delta, Protocol::Sotw]), words)
    }

    fn apply(&mut self, input: Input) {
        for output in self.session.handle(self.now, input) {
            match output {
                Output::Send(stream, response) => {
                    assert!(self.open.contains_key(&stream), "a response on a closed stream");
                    assert!(self.seen.insert(response.nonce.clone()), "a nonce twice: {}", response.nonce);
                    assert!(self.encoder.encode(&response).has_remaining());
                    self.responses.push((stream, response));
                }
                Output::Close(stream, _) => {
                    assert!(self.open.remove(&stream).is_some(), "a stream closed twice");
                }
                Output::Observe(_) => {}
            }
        }
    }
}
