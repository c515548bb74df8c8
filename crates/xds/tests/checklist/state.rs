//! Statements about what can be seen from outside: nonces, versions, counters, scale.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use isobath_xds::discovery::{DeltaRequest, ErrorDetail, Node, Request, SotwRequest};
use isobath_xds::{
    FleetId, HeldResource, Input, OnDemandSecrets, Output, Protocol, Resource, ResourceType, Response, Scope,
    Session, Settings, Snapshot, StreamId, Update, Version,
};

const SECRET: ResourceType = ResourceType::Secret;
const CLUSTER: ResourceType = ResourceType::Cluster;
const ENDPOINTS: ResourceType = ResourceType::ClusterLoadAssignment;
const STREAM: StreamId = StreamId(1);

fn session(protocol: Protocol) -> Session {
    session_with(protocol, Settings::default())
}

fn session_with(protocol: Protocol, settings: Settings) -> Session {
    let node = Node { id: "envoy-1".into(), ..Node::default() };
    let mut session = Session::new(FleetId::default_fleet(), &node, Arc::new(settings));
    session.handle(Duration::ZERO, Input::Opened { stream: STREAM, protocol, scope: Scope::Aggregated });
    session
}

fn snapshot(
    kind: ResourceType,
    resources: impl IntoIterator<Item = (String, &'static str)>,
) -> Arc<Snapshot> {
    let set = resources.into_iter().map(|(name, body)| (kind, Resource::new(name, body))).collect();
    Arc::new(Snapshot::empty().apply(Update { set, removed: Vec::new() }).unwrap())
}

fn responses(outputs: Vec<Output>) -> Vec<Response> {
    let response = |output| match output {
        Output::Send(_, response) => Some(response),
        Output::Close(..) | Output::Observe(_) => None,
    };
    outputs.into_iter().filter_map(response).collect()
}

fn delta(kind: ResourceType) -> DeltaRequest {
    DeltaRequest { type_url: kind.url().into(), ..DeltaRequest::default() }
}

fn ask(session: &mut Session, request: DeltaRequest) -> Vec<Response> {
    responses(session.handle(Duration::ZERO, Input::Request(STREAM, Request::Delta(request))))
}

#[test]
fn x_020_responses_carry_a_nonce_of_their_own_and_the_type() {
    let mut session = session(Protocol::Delta);
    session.handle(Duration::ZERO, Input::Snapshot(snapshot(CLUSTER, [("a".into(), "1")])));
    let mut nonces = BTreeSet::new();
    for kind in [CLUSTER, ResourceType::Listener, ResourceType::ScopedRouteConfiguration] {
        let [response] = <[_; 1]>::try_from(ask(&mut session, delta(kind))).unwrap();
        assert_eq!(response.resource_type, kind);
        assert!(!response.nonce.is_empty() && nonces.insert(response.nonce));
    }
}

#[test]
fn x_023_version_is_a_function_of_content() {
    let first_answer = |resources: [(String, &'static str); 2]| {
        let mut session = session(Protocol::Sotw);
        session.handle(Duration::ZERO, Input::Snapshot(snapshot(CLUSTER, resources)));
        let request = SotwRequest { type_url: CLUSTER.url().into(), ..SotwRequest::default() };
        let outputs = session.handle(Duration::ZERO, Input::Request(STREAM, Request::Sotw(request)));
        responses(outputs).remove(0).version
    };
    let one = first_answer([("a".into(), "1"), ("b".into(), "2")]);
    let same = first_answer([("b".into(), "2"), ("a".into(), "1")]);
    let other = first_answer([("a".into(), "1"), ("b".into(), "3")]);
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
fn x_023_version_of_a_resource_is_the_hash_of_its_bytes() {
    assert_eq!(Resource::new("a", "body").version, Version::of(&"body".into()));
    // Stable over restarts and releases of this program.
    assert_eq!(Version::of(&"".into()).to_string(), "_lUjGRywBAG2YeUATbgqZC");
}

#[test]
fn x_028_counters_errors_and_held_resources_are_kept() {
    let mut session = session(Protocol::Delta);
    session.handle(Duration::ZERO, Input::Snapshot(snapshot(CLUSTER, [("a".into(), "1")])));
    let first = ask(&mut session, delta(CLUSTER)).remove(0);
    let error = ErrorDetail { code: 13, message: "no: -----BEGIN PRIVATE KEY-----x".into() };
    ask(&mut session, DeltaRequest { nonce: first.nonce, error: Some(error), ..delta(CLUSTER) });
    let status = session.status(Duration::from_secs(1));
    let clusters = &status.types[0];
    assert_eq!((clusters.acks, clusters.nacks, clusters.resources, clusters.outstanding), (0, 1, 0, 0));
    assert_eq!(clusters.last_error.as_deref(), Some("no: [removed]"));
    let held = HeldResource {
        resource_type: CLUSTER,
        name: "a".into(),
        version: Version::of(&"1".into()),
        in_force: None,
        message: "no: [removed]".into(),
    };
    assert_eq!(status.held, [held]);
}

#[test]
fn x_038_client_that_does_not_answer_counts_as_stuck() {
    let mut session = session(Protocol::Delta);
    session.handle(Duration::ZERO, Input::Snapshot(snapshot(CLUSTER, [("a".into(), "1")])));
    ask(&mut session, delta(CLUSTER));
    assert!(!session.status(Duration::from_secs(59)).types[0].stuck);
    assert!(session.status(Duration::from_secs(60)).types[0].stuck);
}

#[test]
fn x_058_reconnection_with_100_000_names_sends_nothing() {
    let names: Vec<_> = (0..100_000).map(|i| format!("namespace/service-{i}")).collect();
    let mut session = session(Protocol::Delta);
    let resources = names.iter().map(|name| (name.clone(), "1"));
    session.handle(Duration::ZERO, Input::Snapshot(snapshot(ENDPOINTS, resources)));
    let version = Version::of(&"1".into()).to_string();
    let request = DeltaRequest {
        initial_versions: names
            .iter()
            .map(|name| (name.clone(), version.clone()))
            .collect::<BTreeMap<_, _>>(),
        subscribe: names.into_iter().map(Into::into).collect(),
        ..delta(ENDPOINTS)
    };
    assert!(ask(&mut session, request).is_empty());
    assert_eq!(session.status(Duration::ZERO).types[0].resources, 100_000);
}

#[test]
fn table_of_many_clusters_waits_for_the_new_one_only() {
    let clusters: Vec<_> = (0..5_000).map(|i| format!("c{i}")).collect();
    let refs = |names: &[String]| -> Vec<_> {
        names.iter().map(|name| isobath_xds::Reference::acked(CLUSTER, name.as_str())).collect()
    };
    let route = |body: &'static str, names: &[String]| {
        (ResourceType::RouteConfiguration, Resource::new("main", body).with_refs(refs(names)))
    };
    let mut set: Vec<_> = clusters.iter().map(|name| (CLUSTER, Resource::new(name.as_str(), "1"))).collect();
    set.push(route("1", &clusters));
    let first = Snapshot::empty().apply(Update { set, removed: Vec::new() }).unwrap();
    let mut session = session(Protocol::Delta);
    session.handle(Duration::ZERO, Input::Snapshot(Arc::new(first.clone())));
    let mut answers = ask(&mut session, delta(CLUSTER));
    while let Some(answer) = answers.pop() {
        answers.extend(ask(&mut session, DeltaRequest { nonce: answer.nonce, ..delta(CLUSTER) }));
    }
    let routes =
        || DeltaRequest { subscribe: vec!["main".into()], ..delta(ResourceType::RouteConfiguration) };
    let sent = ask(&mut session, routes()).remove(0);
    ask(&mut session, DeltaRequest { nonce: sent.nonce, ..delta(ResourceType::RouteConfiguration) });

    let more: Vec<_> = clusters.into_iter().chain(["new".into()]).collect();
    let set = vec![(CLUSTER, Resource::new("new", "1")), route("2", &more)];
    let second = first.apply(Update { set, removed: Vec::new() }).unwrap();
    let sent = responses(session.handle(Duration::from_secs(1), Input::Snapshot(Arc::new(second))));
    assert_eq!(sent.iter().map(|r| r.resource_type).collect::<Vec<_>>(), [CLUSTER]);
    let acked = ask(&mut session, DeltaRequest { nonce: sent[0].nonce.clone(), ..delta(CLUSTER) });
    assert_eq!(acked[0].resources[0].name().as_ref(), "main");
}

/// A session with on-demand Secrets, and an Envoy that has the certificates of two hosts.
fn on_demand() -> Session {
    let settings = Settings { on_demand_secrets: Some(OnDemandSecrets::default()), ..Settings::default() };
    let mut session = session_with(Protocol::Delta, settings);
    let secrets = ["a.example.com", "*.example.com"].map(|name| (SECRET, Resource::named(name, "key")));
    let update = Update { set: secrets.into(), removed: Vec::new() };
    session.handle(Duration::ZERO, Input::Snapshot(Arc::new(Snapshot::empty().apply(update).unwrap())));
    ask_and_take(&mut session, vec!["a.example.com".into(), "q.example.com".into()]);
    session
}

/// Asks for secrets and acknowledges all answers; returns how many names were refused.
fn ask_and_take(session: &mut Session, subscribe: Vec<bytes::Bytes>) -> usize {
    let mut answers = ask(session, DeltaRequest { subscribe, ..delta(SECRET) });
    let mut refused = 0;
    while let Some(answer) = answers.pop() {
        refused += answer.refused.len();
        answers.extend(ask(session, DeltaRequest { nonce: answer.nonce, ..delta(SECRET) }));
    }
    refused
}

#[test]
fn flood_of_20_000_unknown_hosts_leaves_nothing_behind() {
    let mut session = on_demand();
    let before = session.remembered_names(SECRET);
    for part in 0..200 {
        let names = (0..100).map(|i| match i % 4 {
            0 => format!("{part}-{i}.example.org").into(),
            1 => format!("{part}.{i}.a.example.com").into(),
            2 => format!("{part} {i}.example.com").into(),
            _ => bytes::Bytes::from([b"\xff".as_slice(), format!("{part}.{i}").as_bytes()].concat()),
        });
        assert_eq!(ask_and_take(&mut session, names.collect()), 75);
    }
    assert_eq!(session.remembered_names(SECRET), before);
    let status = &session.status(Duration::ZERO).types[0];
    assert_eq!((status.resources, status.pending, status.outstanding), (2, 0, 0));
}

#[test]
fn flood_of_spellings_leaves_a_limited_number_behind() {
    let mut session = on_demand();
    let spelling = |bits: u32| -> String {
        let upper = |(at, letter): (usize, char)| match bits >> at & 1 {
            0 => letter,
            _ => letter.to_ascii_uppercase(),
        };
        "exampleexample".chars().enumerate().map(upper).collect()
    };
    let refused: usize = (1..1_000)
        .map(|bits| ask_and_take(&mut session, vec![format!("{}.example.com", spelling(bits)).into()]))
        .sum();
    assert_eq!(refused, 999 - OnDemandSecrets::default().spellings);
    assert_eq!(session.status(Duration::ZERO).types[0].resources, 2 + OnDemandSecrets::default().spellings);
}

#[test]
fn answers_share_one_body_in_whatever_spelling() {
    let mut session = on_demand();
    let subscribe = vec!["A.example.com".into(), "a.Example.com".into()];
    let [answer] =
        <[_; 1]>::try_from(ask(&mut session, DeltaRequest { subscribe, ..delta(SECRET) })).unwrap();
    let bodies: BTreeSet<_> =
        answer.resources.iter().map(|entry| entry.resource().body.to_bytes().as_ptr()).collect();
    let versions: BTreeSet<_> = answer.resources.iter().map(|entry| entry.version()).collect();
    assert_eq!((bodies.len(), versions.len()), (1, 2));
    assert!(versions.contains(&Resource::named("A.example.com", "key").version));
}

#[test]
fn flood_of_unknown_names_that_were_asked_for_in_an_outage_is_answered_on_reconnection() {
    let mut session = on_demand();
    session.handle(Duration::ZERO, Input::Closed(STREAM));
    let opened = Input::Opened { stream: STREAM, protocol: Protocol::Delta, scope: Scope::Aggregated };
    session.handle(Duration::ZERO, opened);
    let names = (0..20_000).map(|i| format!("{i}.example.org").into()).collect();
    assert_eq!(ask_and_take(&mut session, names), 20_000);
    assert_eq!(session.remembered_names(SECRET), 0);
}
