//! Values of the model, each with as little as a test needs.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use envoy::{Layout, Output, Resource, ResourceType, XdsMode};
use model::{
    Action, AddressFilter, AddressRange, AddressSource, Authorization, AuthorizationProtocol, Backend, Bind,
    Check, ClientCertificates, Clients, Cluster, ClusterKey, Demand, DescriptorEntry, DirectResponse,
    FleetId, Forward, GlobalRateLimit, HeaderEdits, HeaderMatch, HeaderPredicate, Host, Jwks, JwtProvider,
    Kind, Listener, ListenerId, LocalRateLimit, ObjectId, PathMatch, Policies, PublicKeys, Question,
    Revocation, Route, RouteMatch, RouteTimeouts, SecretKey, Settings, Targets, Timeout, TlsTermination,
    TlsVersion, Traffic, Transport, Trust, VirtualHost, VirtualHostKey, WeightedCluster,
};

pub(crate) fn cluster(service: &str) -> Cluster {
    Cluster::of_service("ns", service, 80)
}

pub(crate) fn key(service: &str) -> ClusterKey {
    cluster(service).key()
}

pub(crate) fn forward(services: &[&str]) -> Forward {
    Forward {
        clusters: services.iter().map(|service| WeightedCluster::plain(key(service), 1)).collect(),
        invalid: 0,
        mirrors: vec![],
        path: None,
        host: None,
        hash: vec![],
        timeouts: RouteTimeouts::default(),
        retry: None,
        session: None,
        websockets: false,
        internal_redirect: None,
    }
}

pub(crate) fn to(services: &[&str]) -> Action {
    Action::Forward(Box::new(forward(services)))
}

pub(crate) fn answer(status: u16, body: &str) -> Action {
    Action::Respond(DirectResponse { status, body: body.into() })
}

pub(crate) fn prefix(path: &str) -> RouteMatch {
    RouteMatch::new(PathMatch::Prefix(path.into()), vec![], vec![])
}

pub(crate) fn route(matches: RouteMatch, action: Action) -> Route {
    Route {
        matches,
        action,
        policies: Policies::default(),
        jwt: None,
        authorization: None,
        cors: None,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        origin: ObjectId::new(Kind::HttpProxy, "ns", "proxy"),
    }
}

/// A filter that denies one network by the address of the client.
pub(crate) fn denying(network: &str) -> AddressFilter {
    let range = network.parse().expect("a network");
    AddressFilter::Deny(vec![AddressRange { source: AddressSource::Remote, range }])
}

/// A limit that a service counts, by every kind of entry.
fn counting() -> GlobalRateLimit {
    let present = HeaderMatch {
        name: "x-plan".into(),
        predicate: HeaderPredicate::Present,
        invert: true,
        missing_is_empty: false,
    };
    let entries = vec![
        DescriptorEntry::Generic { key: None, value: "100%".into() },
        DescriptorEntry::Generic { key: Some("kind".into()), value: "a".into() },
        DescriptorEntry::Header { name: "x-user".into(), key: "user".into() },
        DescriptorEntry::HeaderMatch { headers: vec![present], expected: false, value: "paid".into() },
    ];
    GlobalRateLimit { descriptors: vec![entries, vec![DescriptorEntry::RemoteAddress]] }
}

/// All policies but what is told to who is asked.
pub(crate) fn restricting() -> Policies {
    let limit = LocalRateLimit {
        requests: 5,
        interval: Duration::from_secs(60),
        at_once: 7,
        status: 429,
        headers: vec![("x-limit".into(), "100%%".into())],
    };
    let addresses = Some(Arc::new(denying("10.0.0.0/8")));
    let global_rate_limit = Some(Arc::new(counting()));
    Policies { addresses, rate_limit: Some(Arc::new(limit)), global_rate_limit, authorization: None }
}

/// A host whose routes ask for the token of a provider with known keys.
pub(crate) fn with_tokens(mut host: VirtualHost) -> VirtualHost {
    host.jwt_providers = vec![provider("p", Jwks::Local(PublicKeys::new("{\"keys\":[]}")))];
    if let Traffic::Http(routes) = &mut host.traffic {
        routes.iter_mut().for_each(|route| route.jwt = Some("p".into()));
    }
    host
}

/// A host that asks an authorization service, but for its second route.
pub(crate) fn with_authorization(mut host: VirtualHost) -> VirtualHost {
    let backend = Backend::Extension { namespace: "ns".into(), name: "auth".into() };
    let question = Question {
        protocol: AuthorizationProtocol::Grpc,
        authority: "extension.ns.auth".into(),
        timeout: Timeout::Default,
        fail_open: false,
        body: None,
    };
    let cluster = Cluster { backend, ..cluster("auth") }.key();
    host.authorization = Some(Arc::new(Authorization { cluster, question }));
    if let Traffic::Http(routes) = &mut host.traffic {
        let skipped = routes.iter_mut().skip(1).take(1);
        skipped.for_each(|route| route.policies.authorization = Some(Arc::new(Check::Skip)));
    }
    host
}

pub(crate) fn provider(name: &str, keys: Jwks) -> JwtProvider {
    let (issuer, audiences) = ("".into(), vec![]);
    JwtProvider { name: name.into(), issuer, audiences, keys, forward: false, is_default: false }
}

pub(crate) fn plain(host: &str, routes: Vec<Route>) -> VirtualHost {
    VirtualHost {
        host: Host::new(host),
        section: None,
        tls: None,
        traffic: Traffic::Http(routes),
        policies: Policies::default(),
        cors: None,
        jwt_providers: vec![],
        authorization: None,
    }
}

pub(crate) fn serving(host: &str, service: &str) -> VirtualHost {
    plain(host, vec![route(prefix("/"), to(&[service]))])
}

pub(crate) fn with_tls(secret: &str, host: VirtualHost) -> VirtualHost {
    let tls = TlsTermination {
        certificates: vec![SecretKey::pair("ns", secret)],
        minimum: TlsVersion::V1_2,
        maximum: TlsVersion::V1_3,
        clients: Clients::ANYONE,
    };
    VirtualHost { tls: Some(tls), ..host }
}

/// A TLS host whose clients must have a certificate of one of the CAs in a Secret.
pub(crate) fn certified(secret: &str, ca: &str, host: VirtualHost) -> VirtualHost {
    let asked = ClientCertificates {
        demand: Demand::Required,
        trust: Trust::Issued { by: SecretKey::ca("ns", ca, None), revocation: Revocation::Chain },
        forward: None,
    };
    with_clients(Clients::Certified(Box::new(asked)), with_tls(secret, host))
}

/// A TLS host that clients may ask for who do not name it, under the certificate in a Secret.
pub(crate) fn with_fallback(secret: &str, fallback: &str, host: VirtualHost) -> VirtualHost {
    let fallback = Some(SecretKey::pair("ns", fallback));
    with_clients(Clients::Anyone { fallback }, with_tls(secret, host))
}

pub(crate) fn with_clients(clients: Clients, mut host: VirtualHost) -> VirtualHost {
    host.tls.as_mut().expect("it has TLS").clients = clients;
    host
}

pub(crate) fn passthrough(host: &str, clusters: Vec<WeightedCluster>) -> VirtualHost {
    VirtualHost { traffic: Traffic::Tcp(Targets::valid(clusters)), ..plain(host, vec![]) }
}

pub(crate) fn on(listener: &str, host: &str) -> VirtualHostKey {
    VirtualHostKey { listener: ListenerId::new(FleetId::ingress(), listener), host: Host::new(host) }
}

/// A listener of the Gateway `ns/gateway`.
pub(crate) fn gateway_listener(name: &str, transport: Transport) -> Listener {
    Listener {
        id: ListenerId::new(FleetId::gateway("ns", "gateway"), name),
        transport,
        bind: Bind { address: Ipv4Addr::UNSPECIFIED.into(), port: 8080 },
        access_log: "/dev/stdout".into(),
        proxy_protocol: false,
    }
}

/// A layout with listeners of the Gateway, and the defaults.
pub(crate) fn gateway_layout(layout: model::Layout, listeners: &[Listener]) -> Box<dyn Layout> {
    envoy::layout_with(&Settings { layout, ..Settings::default() }, listeners, XdsMode::AdsDelta)
}

/// On a listener of the Gateway `ns/gateway`.
pub(crate) fn at(listener: &str, host: &str) -> VirtualHostKey {
    let listener = ListenerId::new(FleetId::gateway("ns", "gateway"), listener);
    VirtualHostKey { listener, host: Host::new(host) }
}

/// On the plaintext listener.
pub(crate) fn http(host: &str) -> VirtualHostKey {
    on("ingress_http", host)
}

/// On the TLS listener.
pub(crate) fn https(host: &str) -> VirtualHostKey {
    on("ingress_https", host)
}

pub(crate) fn classic() -> Box<dyn Layout> {
    let settings = Settings { layout: model::Layout::Table, ..Settings::default() };
    envoy::layout(&settings, XdsMode::AdsDelta)
}

/// A layout that has published what there is without hosts.
pub(crate) fn started() -> Box<dyn Layout> {
    let mut layout = classic();
    layout.flush();
    layout
}

/// What the next flush publishes, and withdraws (`-`), by name.
pub(crate) fn flushed(layout: &mut Box<dyn Layout>) -> Vec<String> {
    let line = |output: &Output| match output {
        Output::Set(resource) => format!("{:?} {}", resource.resource_type, resource.name),
        Output::Remove(resource_type, name) => format!("- {resource_type:?} {name}"),
    };
    layout.flush().iter().map(line).collect()
}

/// The resource of this name among outputs.
pub(crate) fn find(outputs: &[Output], resource_type: ResourceType, name: &str) -> Resource {
    let wanted = |output: &Output| match output {
        Output::Set(resource) if (resource.resource_type, &*resource.name) == (resource_type, name) => {
            Some(resource.clone())
        }
        Output::Set(_) | Output::Remove(..) => None,
    };
    outputs.iter().find_map(wanted).unwrap_or_else(|| panic!("{resource_type:?} {name} in {outputs:?}"))
}
