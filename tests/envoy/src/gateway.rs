//! Listeners of a Gateway, beside those of the ingress: the layout's work alone, of values that a test makes itself.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use envoy::{Layout, Output, XdsMode};
use model::{
    Action, Bind, Clients, Cluster, ClusterKey, Discovery, Endpoint, Endpoints, EndpointsKey, FleetId,
    Forward, HeaderEdits, Host, Kind, Listener, ListenerId, ObjectId, PathMatch, Policies, Route, RouteMatch,
    RouteTimeouts, SecretContent, SecretKey, TlsTermination, TlsVersion, Traffic, Transport, VirtualHost,
    VirtualHostKey, WeightedCluster,
};

use crate::manifests::{HostCertificate, simple_proxy};
use crate::{Edit, Options, World};

/// A world whose Envoy has listeners of a Gateway, too.
pub struct GatewayWorld {
    /// The world; what is written in its manifests is the ingress's.
    pub world: World,
    gateway: Arc<Gateway>,
    pushed: usize,
}

/// What is published beside what the engine makes.
struct Gateway(Mutex<State>);

struct State {
    layout: Box<dyn Layout>,
    others: Vec<Output>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway(..)")
    }
}

impl Edit for Gateway {
    fn outputs(&self, mut outputs: Vec<Output>) -> Vec<Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outputs.append(&mut state.others);
        outputs.extend(state.layout.flush());
        outputs
    }
}

impl GatewayWorld {
    /// A world with these listeners, and the suite's layout.
    pub async fn with(listeners: &[Listener]) -> Self {
        Self::of(Options::default(), listeners).await
    }

    /// A world with these listeners, as the options say.
    pub async fn of(options: Options, listeners: &[Listener]) -> Self {
        let layout = envoy::layout_with(&options.settings, listeners, XdsMode::default());
        let gateway = Arc::new(Gateway(Mutex::new(State { layout, others: Vec::new() })));
        let edit: Arc<dyn Edit> = gateway.clone();
        let world = World::with(Options { edit: Some(edit), ..options }).await;
        Self { world, gateway, pushed: 0 }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.gateway.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes these the listeners; see [`GatewayWorld::push`].
    pub fn set_listeners(&self, listeners: &[Listener]) {
        self.change(|state| state.layout.set_listeners(listeners));
    }

    /// Puts a host on a listener, or takes it away; see [`GatewayWorld::push`].
    pub fn set(&self, listener: &Listener, host: &str, value: Option<&VirtualHost>) {
        let key = VirtualHostKey { listener: listener.id.clone(), host: Host::new(host) };
        self.change(|state| state.layout.set(&key, value));
    }

    /// Adds the certificate of hosts with TLS.
    pub fn add_certificate(&self, name: &str, certificate: &HostCertificate) {
        let content = SecretContent::Pair {
            chain: certificate.certificate.as_bytes().into(),
            key: certificate.key.as_bytes().into(),
        };
        self.add_secret(&SecretKey::pair("default", name), &content);
    }

    /// Adds a Secret.
    pub fn add_secret(&self, key: &SecretKey, content: &SecretContent) {
        self.change(|state| state.layout.set_secret(key, Some(content)));
    }

    /// Adds a cluster whose only endpoint is on the loopback address.
    pub fn add_cluster(&self, name: &str, port: u16) -> ClusterKey {
        self.add(&cluster(name), &[port])
    }

    /// Adds this cluster, with endpoints on the loopback address.
    pub fn add(&self, cluster: &Cluster, ports: &[u16]) -> ClusterKey {
        let key = cluster.key();
        self.add_as(&key, cluster, ports);
        key
    }

    /// The same under another name.
    pub fn add_as(&self, key: &ClusterKey, cluster: &Cluster, ports: &[u16]) {
        let assignment = cluster.assignment().expect("its endpoints come by EDS");
        let endpoint =
            |port: &u16| Endpoint { ip: Ipv4Addr::LOCALHOST.into(), port: *port, health_port: None };
        let addresses = ports.iter().map(endpoint).collect();
        let endpoints = envoy::endpoints(&assignment, &[Endpoints { addresses }]);
        let cluster = envoy::cluster(key, cluster, XdsMode::default());
        self.change(|state| state.others.extend([cluster, endpoints].map(Output::Set)));
    }

    /// Has everything published that was set, and waits until it is in force.
    pub async fn push(&mut self) {
        // Whatever changes in the ingress.
        self.pushed += 1;
        let host = format!("pushed{}.example", self.pushed);
        self.world.apply("pushed", &simple_proxy("pushed", &host, "nobody")).await;
    }
}

/// A listener at a loopback address.
pub fn listener(name: &str, transport: Transport, address: SocketAddr) -> Listener {
    Listener {
        id: ListenerId::new(FleetId::gateway("default", "gateway"), name),
        transport,
        bind: Bind { address: address.ip(), port: address.port() },
        access_log: "/dev/null".into(),
        proxy_protocol: false,
    }
}

/// A cluster with nothing but endpoints, which no Service of the manifests has.
pub fn cluster(name: &str) -> Cluster {
    let discovery = Discovery::Endpoints(EndpointsKey::of_service("gateway", name));
    Cluster { discovery, ..Cluster::of_service("default", name, 80) }
}

/// A host that does one thing with all requests.
pub fn host(name: &str, action: Action) -> VirtualHost {
    routed(name, vec![route("/", action)])
}

/// A host with these routes.
pub fn routed(name: &str, routes: Vec<Route>) -> VirtualHost {
    carried(name, Traffic::Http(routes))
}

/// A host with this traffic.
pub fn carried(name: &str, traffic: Traffic) -> VirtualHost {
    VirtualHost {
        host: Host::new(name),
        section: None,
        tls: None,
        traffic,
        policies: Policies::default(),
        cors: None,
        jwt_providers: vec![],
        authorization: None,
    }
}

/// What is done with requests below a path.
pub fn route(prefix: &str, action: Action) -> Route {
    Route {
        matches: RouteMatch::new(PathMatch::Prefix(prefix.into()), vec![], vec![]),
        action,
        policies: Policies::default(),
        jwt: None,
        authorization: None,
        cors: None,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        origin: ObjectId::new(Kind::HttpRoute, "default", "gateway"),
    }
}

/// The same host behind TLS with the certificate of a Secret.
pub fn behind_tls(secret: &str, host: VirtualHost) -> VirtualHost {
    let tls = TlsTermination {
        certificates: vec![SecretKey::pair("default", secret)],
        minimum: TlsVersion::V1_2,
        maximum: TlsVersion::V1_3,
        clients: Clients::ANYONE,
    };
    VirtualHost { tls: Some(tls), ..host }
}

/// To one backend.
pub fn forward(cluster: &ClusterKey) -> Forward {
    Forward {
        clusters: vec![WeightedCluster::plain(cluster.clone(), 1)],
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

/// To one backend.
pub fn to(cluster: &ClusterKey) -> Action {
    Action::Forward(Box::new(forward(cluster)))
}
