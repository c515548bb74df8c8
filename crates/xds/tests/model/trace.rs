//! One random trace, and what must hold in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use isobath_xds::discovery::{Node, Request};
use isobath_xds::{
    Entry, FleetId, Input, Name, Needs, Observation, OnDemandSecrets, Output, OwnName, Protocol,
    ResourceType, Response, Scope, Session, Settings, Snapshot, StreamId, Version, closure_gaps,
};

use crate::client::{Client, gone};
use crate::random::Random;
use crate::world::{SERVER_NAMES, World, has_slow_cluster};

const STEPS: usize = 60;
const FOREVER: Duration = Duration::from_secs(1_000_000);

/// Longer than all steps take, shorter than draining.
const UNTIL_DRAINED: Duration = Duration::from_secs(1_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is rejected and no bound runs out: order is strict.
    Clean,
    /// Some contents are rejected, bounds run out.
    Rejecting,
}

pub(crate) struct Trace {
    mode: Mode,
    seed: u64,
    random: Random,
    session: Session,
    world: World,
    /// By generation.
    worlds: Vec<World>,
    snapshot: Snapshot,
    now: Duration,
    client: Client,
    per_type: bool,
    streams: BTreeMap<Option<ResourceType>, StreamId>,
    last_stream: u64,
    down: BTreeMap<StreamId, VecDeque<Response>>,
    up: BTreeMap<StreamId, VecDeque<Request>>,
    /// Answers to clusters, which Envoy keeps while one of its clusters warms slowly.
    withheld: Vec<(ResourceType, Request)>,
    unanswered: BTreeSet<(StreamId, ResourceType, String)>,
    nonces: BTreeSet<String>,
    /// What the session has told to be rejected, under the names that it was published with.
    culprits: BTreeMap<(ResourceType, Name), BTreeSet<Version>>,
    /// What happened, if that is to be told.
    log: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(mode: Mode, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let on_demand_secrets = Some(OnDemandSecrets::default());
        let settings = Settings { on_demand_secrets, ..Settings::default() };
        let settings = match mode {
            Mode::Clean => Settings { wait_bound: FOREVER, resume_bound: UNTIL_DRAINED, ..settings },
            Mode::Rejecting => Settings { chunk_resources: 2, ..settings },
        };
        let node = Node { id: "envoy".into(), ..Node::default() };
        let per_type = random.one_in(4);
        let protocol = if random.one_in(3) { Protocol::Sotw } else { Protocol::Delta };
        Self {
            mode,
            seed,
            per_type,
            session: Session::new(FleetId::default_fleet(), &node, Arc::new(settings)),
            world: World::default(),
            worlds: vec![World::default()],
            snapshot: Snapshot::empty(),
            now: Duration::from_secs(1),
            client: Client::new(protocol, per_type),
            streams: BTreeMap::new(),
            last_stream: 0,
            down: BTreeMap::new(),
            up: BTreeMap::new(),
            withheld: Vec::new(),
            unanswered: BTreeSet::new(),
            nonces: BTreeSet::new(),
            culprits: BTreeMap::new(),
            log: None,
            random,
        }
    }

    /// The same, with a log: to write it takes longer than the trace itself.
    pub(crate) fn logged(self) -> Self {
        Self { log: Some(Vec::new()), ..self }
    }

    pub(crate) fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    pub(crate) fn run(&mut self) {
        self.connect();
        for _ in 0..STEPS {
            self.step();
        }
        if self.snapshot.generation() == isobath_xds::Generation(0) {
            self.publish();
        }
        self.drain();
        self.check_convergence();
        self.check_server_names();
        if self.mode == Mode::Clean {
            self.check_reconnection_is_silent();
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(line());
        }
    }

    fn step(&mut self) {
        match self.random.below(24) {
            0..=2 => self.publish(),
            3..=9 => self.deliver_down(),
            10..=16 => self.deliver_up(),
            17 if self.random.one_in(2) => self.pass(Duration::from_millis(1)),
            17 => self.release(),
            18 => {
                let long = self.random.below(3_000) as u64;
                self.pass(Duration::from_millis(long));
            }
            19 => self.maybe_reconnect(),
            20 => self.ask(Client::give_up),
            _ => self.ask(Client::handshake),
        }
    }

    fn ask(&mut self, how: fn(&mut Client, &str) -> Vec<(ResourceType, Request)>) {
        let server_name = self.random.pick(&SERVER_NAMES);
        let requests = how(&mut self.client, server_name);
        self.enqueue(requests);
    }

    fn publish(&mut self) {
        let mut world = self.world.clone();
        world.change(&mut self.random);
        let update = world.update_from(&self.world, self.seed);
        self.note(|| format!("publish {update:?}"));
        let Some(snapshot) = self.snapshot.apply(update) else { return };
        assert_eq!(closure_gaps(&snapshot), []);
        self.worlds.push(world.clone());
        assert_eq!(snapshot.generation(), isobath_xds::Generation(self.worlds.len() as u64 - 1));
        (self.world, self.snapshot) = (world, snapshot);
        self.handle(Input::Snapshot(Arc::new(self.snapshot.clone())));
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.handle(Input::Tick);
    }

    fn maybe_reconnect(&mut self) {
        match self.random.below(6) {
            0 => {
                // A new process: it has nothing.
                self.client = Client::new(self.client.protocol, self.per_type);
                self.connect();
            }
            1 => {
                let other = match self.client.protocol {
                    Protocol::Delta => Protocol::Sotw,
                    Protocol::Sotw => Protocol::Delta,
                };
                self.client = Client::new(other, self.per_type);
                self.connect();
            }
            2 => self.connect(),
            _ => {}
        }
    }

    /// Opens new streams; the old ones are closed before or after, or just superseded.
    fn connect(&mut self) {
        self.note(|| "connect".into());
        let old: Vec<_> = std::mem::take(&mut self.streams).into_values().collect();
        self.down.clear();
        self.up.clear();
        self.withheld.clear();
        self.unanswered.clear();
        self.nonces.clear();
        let early = self.per_type || self.random.one_in(2);
        if early {
            old.iter().for_each(|stream| self.handle(Input::Closed(*stream)));
        }
        let requests = self.client.reconnect();
        self.enqueue(requests);
        // Envoy asks for clusters first; on separate streams nothing else would make them be first.
        let clusters = self.stream_of(ResourceType::Cluster);
        let first = self.up.get_mut(&clusters).unwrap().pop_front().unwrap();
        self.deliver(clusters, first);
        if !early {
            old.iter().for_each(|stream| self.handle(Input::Closed(*stream)));
        }
    }

    fn stream_of(&mut self, kind: ResourceType) -> StreamId {
        let key = self.per_type.then_some(kind);
        if let Some(stream) = self.streams.get(&key) {
            return *stream;
        }
        self.last_stream += 1;
        let stream = StreamId(self.last_stream);
        self.streams.insert(key, stream);
        let scope = key.map_or(Scope::Aggregated, Scope::Single);
        self.handle(Input::Opened { stream, protocol: self.client.protocol, scope });
        stream
    }

    fn enqueue(&mut self, requests: Vec<(ResourceType, Request)>) {
        for (kind, request) in requests {
            let stream = self.stream_of(kind);
            self.up.entry(stream).or_default().push_back(request);
        }
    }

    fn deliver_up(&mut self) {
        let busy: Vec<_> = self.up.iter().filter(|(_, queue)| !queue.is_empty()).map(|(s, _)| *s).collect();
        if busy.is_empty() {
            return;
        }
        let stream = self.random.pick(&busy);
        let request = self.up.get_mut(&stream).unwrap().pop_front().unwrap();
        self.deliver(stream, request);
    }

    fn deliver(&mut self, stream: StreamId, request: Request) {
        self.note(|| format!("{stream:?} > {request:?}"));
        let kind = ResourceType::from_url(request.type_url()).unwrap();
        let nonce = match &request {
            Request::Delta(request) => request.nonce.clone(),
            Request::Sotw(request) => request.nonce.clone(),
        };
        self.unanswered.remove(&(stream, kind, nonce));
        self.handle(Input::Request(stream, request));
    }

    fn deliver_down(&mut self) {
        let busy: Vec<_> = self.down.iter().filter(|(_, queue)| !queue.is_empty()).map(|(s, _)| *s).collect();
        if busy.is_empty() {
            return;
        }
        let stream = self.random.pick(&busy);
        let response = self.down.get_mut(&stream).unwrap().pop_front().unwrap();
        self.note(|| {
            format!(
                "{stream:?} < {} {:?} -{:?}",
                response.resource_type, response.resources, response.removed
            )
        });
        let bad = bad(self.mode, self.seed);
        let requests = self.client.take(&response, bad);
        self.check_client(&response);
        let (answers, others) = requests.into_iter().partition(|(kind, _)| *kind == ResourceType::Cluster);
        self.enqueue(others);
        let withholds = !self.withheld.is_empty()
            || response.resources.iter().any(|entry| entry.resource().warming.is_slow());
        self.withheld.extend::<Vec<_>>(answers);
        if !withholds {
            self.release();
        }
    }

    /// The slow cluster is warm: what was withheld is answered.
    fn release(&mut self) {
        let answers = std::mem::take(&mut self.withheld);
        self.enqueue(answers);
    }

    fn handle(&mut self, input: Input) {
        for output in self.session.handle(self.now, input) {
            match output {
                Output::Send(stream, response) => {
                    self.check_response(stream, &response);
                    // A stream that the client has left already carries nothing.
                    if self.streams.values().any(|open| *open == stream) {
                        self.down.entry(stream).or_default().push_back(response);
                    }
                }
                Output::Close(..) => {}
                Output::Observe(observation) => self.observe(&observation),
            }
        }
    }

    fn observe(&mut self, observation: &Observation) {
        self.note(|| format!("  {observation:?}"));
        if let Observation::Rejected { resource_type, name, version, .. } = observation {
            assert_eq!(self.mode, Mode::Rejecting);
            self.culprits.entry((*resource_type, Arc::clone(name))).or_default().insert(*version);
        }
    }

    fn is_culprit(&self, published: &Entry) -> bool {
        let key = (published.resource_type(), Arc::clone(published.name()));
        self.culprits.get(&key).is_some_and(|versions| versions.contains(&published.version()))
    }

    /// The world that a response is made from: the session may not have taken the newest one yet.
    fn world_of(&self, response: &Response) -> &World {
        match response.protocol {
            Protocol::Delta => &self.worlds[response.version.parse::<usize>().unwrap()],
            Protocol::Sotw => &self.world,
        }
    }

    /// What holds for every response when it leaves.
    fn check_response(&mut self, stream: StreamId, response: &Response) {
        let kind = response.resource_type;
        self.note(|| format!("  send {kind} {:?} -{:?}", response.resources, response.removed));
        assert!(self.nonces.insert(response.nonce.clone()), "a nonce twice");
        let open = self.unanswered.iter().any(|(s, k, _)| (*s, *k) == (stream, kind));
        let overtakes = kind == ResourceType::Cluster && has_slow_cluster(self.seed);
        assert!(!open || overtakes, "two responses of one type without an answer");
        self.unanswered.insert((stream, kind, response.nonce.clone()));
        let names: Vec<_> =
            response.resources.iter().map(|entry| Arc::clone(entry.name())).chain(gone(response)).collect();
        assert_eq!(names.len(), BTreeSet::from_iter(&names).len(), "a name twice");
        for entry in &response.resources {
            let published = self.world_of(response).published(entry);
            assert!(!self.is_culprit(&published), "rejected version of {entry:?} is sent again");
        }
    }

    /// What holds at the client after every response that it has taken.
    fn check_client(&self, response: &Response) {
        if self.mode == Mode::Rejecting {
            return;
        }
        // A full set to a client that comes back with an unknown version deletes what the session never knew.
        let blind = response.protocol == Protocol::Sotw;
        let users = [ResourceType::RouteConfiguration, ResourceType::ScopedRouteConfiguration];
        for entry in users.into_iter().flat_map(|kind| self.client.has(kind).values()) {
            for to in entry.resource().refs.iter().filter(|to| to.needs != Needs::Sent) {
                let there = self.client.has(to.resource_type).contains_key(&to.name);
                assert!(there || blind, "{entry:?} is in use without {}", to.name);
            }
        }
    }

    /// Lets everything arrive, and time pass, until nothing happens any more.
    fn drain(&mut self) {
        self.note(|| "drain".into());
        for _ in 0..200 {
            self.release();
            while self.up.values().any(|queue| !queue.is_empty()) || self.down.values().any(|q| !q.is_empty())
            {
                self.deliver_up();
                self.deliver_down();
            }
            self.pass(Duration::from_secs(10));
            let busy = !self.withheld.is_empty() || self.down.values().any(|queue| !queue.is_empty());
            if !busy && self.session.wakeup().is_none_or(|at| at > self.now + UNTIL_DRAINED) {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn check_convergence(&self) {
        for kind in ResourceType::ALL {
            for (name, entry) in self.snapshot.table(kind) {
                if !kind.has_wildcard() && !self.client.types[&kind].names.contains(name) {
                    continue;
                }
                let has = self.client.has(kind).get(name);
                assert!(
                    has == Some(entry) || self.is_culprit(entry) || self.is_kept_back(entry),
                    "{entry:?} is wanted, the client has {has:?}"
                );
            }
            for entry in self.client.has(kind).values() {
                let host = kind == ResourceType::Secret && self.world.answer(entry.name()).is_some();
                let configured = host || self.snapshot.get(kind, entry.name()).is_some();
                assert!(configured || self.may_linger(entry), "{entry:?} is left over");
            }
        }
        // On separate streams Envoy opens a new one for the endpoints of a changed cluster, which is not modelled.
        let separate = self.per_type && self.client.protocol == Protocol::Sotw;
        let configured = |name: &&Name| self.snapshot.get(ResourceType::Cluster, name).is_some();
        let warming: Vec<_> = self.client.warming.iter().filter(configured).collect();
        assert!(warming.is_empty() || separate, "clusters without endpoints: {warming:?}");
    }

    /// Whoever shakes hands now gets the certificate that is configured, or none.
    fn check_server_names(&mut self) {
        for server_name in SERVER_NAMES {
            let requests = self.client.handshake(server_name);
            self.enqueue(requests);
        }
        self.drain();
        for server_name in SERVER_NAMES.iter().filter(|_| self.client.protocol == Protocol::Delta) {
            let has = self.client.has(ResourceType::Secret).get(*server_name);
            let answer = self.world.answer(server_name);
            let answer = answer.map(|resource| Entry::new(ResourceType::Secret, resource));
            let rejects = bad(self.mode, self.seed);
            let as_configured = has == answer.as_ref();
            assert!(as_configured || answer.is_some_and(|e| rejects(&e)), "{server_name} has {has:?}");
        }
    }

    /// A route whose new cluster was rejected keeps its previous version.
    fn is_kept_back(&self, entry: &Entry) -> bool {
        self.mode == Mode::Rejecting
            && entry.resource().refs.iter().any(|to| {
                let target = self.snapshot.get(to.resource_type, &to.name);
                target.is_some_and(|target| self.is_culprit(target))
            })
    }

    /// What rejected or kept-back resources still use stays, and parts of a state of the world cannot be removed.
    fn may_linger(&self, entry: &Entry) -> bool {
        self.mode == Mode::Rejecting
            || (self.client.protocol == Protocol::Sotw && !entry.resource_type().is_full_set())
    }

    fn check_reconnection_is_silent(&mut self) {
        if self.client.protocol == Protocol::Sotw {
            return;
        }
        self.note(|| "reconnect in step".into());
        self.connect();
        while self.up.values().any(|queue| !queue.is_empty()) {
            self.deliver_up();
        }
        self.pass(Duration::from_secs(10));
        // An empty wildcard is answered, so that a new Envoy starts.
        let sent: Vec<_> = self
            .down
            .values()
            .flatten()
            .filter(|r| !r.resources.is_empty() || gone(r).next().is_some())
            .collect();
        assert!(sent.is_empty(), "an Envoy in step is sent {sent:?}");
    }
}

/// Contents that this trace's Envoy does not like, in one of eight.
fn bad(mode: Mode, seed: u64) -> impl Fn(&Entry) -> bool {
    move |entry| {
        let kinds = [ResourceType::Cluster, ResourceType::Listener, ResourceType::RouteConfiguration];
        // A certificate is good or bad under every name.
        let host = entry.resource().own_name == OwnName::BeforeBody;
        let content = if host { Version::of(&entry.resource().body) } else { entry.version() };
        mode == Mode::Rejecting
            && (host || kinds.contains(&entry.resource_type()))
            && ((content.0 as u64) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 == 0
    }
}
