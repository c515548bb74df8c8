//! Random worlds of few names, so that much collides, and random edits of them.

mod gateway_api;
mod ingress_route;
mod proxy;

use std::collections::BTreeMap;
use std::fmt;

use api::extension_service::{CircuitBreakers, ExtensionServiceTarget};
use api::http_proxy::policy::rate_limit::{
    GlobalRateLimitPolicy, RateLimitDescriptor, RateLimitDescriptorEntry,
};
use api::http_proxy::policy::{
    CookieRewritePolicy, CookieValueRewrite, HeaderValue, HeadersPolicy, HealthCheckPolicy, IpFilterPolicy,
    LoadBalancerPolicy, PathRewritePolicy, RateLimitPolicy, ReplacePrefix, RetryPolicy, Strategy,
    TimeoutPolicy,
};
use api::http_proxy::route::{HttpDirectResponsePolicy, HttpRequestRedirectPolicy};
use api::http_proxy::service::UpstreamValidation;
use api::http_proxy::tcp_proxy::TcpProxyInclude;
use api::http_proxy::virtual_host::{
    AuthorizationPolicy, AuthorizationServer, CorsPolicy, DownstreamValidation, ExtensionServiceReference,
};
use api::http_proxy::{
    HeaderMatchCondition, Include, MatchCondition, QueryParameterMatchCondition, Route, TcpProxy, Tls,
    VirtualHost,
};
use api::meta::ObjectMeta;
use api::networking::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};
use api::tls_certificate_delegation::CertificateDelegation;
use api::{
    Choice, ExtensionService, HeptioCertificateDelegation, HttpProxy, Object, TlsCertificateDelegation,
};
use ingress_route::any_ingress_route;
use model::{
    Asked, AuthorizationProtocol, DefaultHeaders, ExtensionName, FleetId, GlobalAuthorization, HeaderTexts,
    Kind, Layout, ObjectId, RateLimitService, Sampling, SecretName, Settings, Share, Tracing,
};
use proxy::{any_proxy, any_route, any_timeouts};
use store::Change;

use crate::dice::Dice;
use crate::objects::{
    endpoint, metadata, pairs, part, prefix, secret, service, service_port, slice, time, tls_secret, to,
};

const NAMESPACES: [&str; 2] = ["a", "b"];
const HOSTS: [&str; 8] =
    ["one.com", "one.com", "two.com", "Two.COM", "*.one.com", "x.one.com", "three.com", "four.com"];
const BAD_HOSTS: [&str; 3] = ["-bad-.com", "", "a b"];
/// The Secret of the fallback certificate, where there is one.
pub(crate) const FALLBACK: &str = "a/it0";
const PATHS: [&str; 6] = ["/", "/a", "/a/", "/a/b", "/b", "/c"];
const BAD_PATHS: [&str; 2] = ["no-slash", "/a?b"];

/// One edit of a world.
#[derive(Clone)]
pub(crate) enum Edit {
    Put(Object),
    Remove(ObjectId),
}

impl Edit {
    pub(crate) fn change(&self) -> Change {
        match self {
            Self::Put(object) => Change::Applied(object.clone()),
            Self::Remove(id) => Change::Removed(id.clone()),
        }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(object) => write!(f, "put {} {}", object.id(), json(object)),
            Self::Remove(id) => write!(f, "remove {id}"),
        }
    }
}

fn json(object: &Object) -> String {
    let text = match object {
        Object::HttpProxy(object) => serde_json::to_string(object),
        Object::Ingress(object) => serde_json::to_string(object),
        Object::IngressRoute(object) => serde_json::to_string(object),
        Object::HeptioCertificateDelegation(object) => serde_json::to_string(object),
        Object::Service(object) => serde_json::to_string(object),
        Object::EndpointSlice(object) => serde_json::to_string(object),
        Object::TlsCertificateDelegation(object) => serde_json::to_string(object),
        Object::ExtensionService(object) => serde_json::to_string(object),
        Object::ContourDeployment(object) => serde_json::to_string(object),
        Object::GatewayClass(object) => serde_json::to_string(object),
        Object::Gateway(object) => serde_json::to_string(object),
        Object::ListenerSet(object) => serde_json::to_string(object),
        Object::HttpRoute(object) => serde_json::to_string(object),
        Object::GrpcRoute(object) => serde_json::to_string(object),
        Object::TlsRoute(object) => serde_json::to_string(object),
        Object::TcpRoute(object) => serde_json::to_string(object),
        Object::UdpRoute(object) => serde_json::to_string(object),
        Object::ReferenceGrant(object) => serde_json::to_string(object),
        Object::BackendTlsPolicy(object) => serde_json::to_string(object),
        Object::XBackendTrafficPolicy(object) => serde_json::to_string(object),
        // Keys are never shown, and namespaces have nothing to show.
        _ => Ok(String::new()),
    };
    text.unwrap_or_default()
}

/// The objects that are there.
#[derive(Debug, Clone, Default)]
pub(crate) struct World(pub(crate) BTreeMap<ObjectId, Object>);

impl World {
    pub(crate) fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Put(object) => self.0.insert(Change::Applied(object.clone()).object(), object.clone()),
            Edit::Remove(id) => self.0.remove(id),
        };
    }

    pub(crate) fn after(events: &[Vec<Edit>]) -> Self {
        let mut world = Self::default();
        events.iter().flatten().for_each(|edit| world.edit(edit));
        world
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        self.0.values().cloned().map(Change::Applied).collect()
    }
}

/// What the operator decides, one of a few.
pub(crate) fn settings(dice: &mut Dice) -> Settings {
    let mut settings = Settings::default();
    match dice.below(6) {
        0 => settings.duplicate_fqdn = model::DuplicateFqdn::InvalidAll,
        1 => settings.root_namespaces = vec!["a".into()],
        2 => settings.external_names = true,
        3 => settings.disable_permit_insecure = true,
        _ => {}
    }
    let (namespace, name) = FALLBACK.split_once('/').expect("it is written so");
    settings.fallback_certificate = dice.maybe(70, |_| SecretName::new(namespace, name));
    settings.upstream.client_certificate = dice.maybe(20, |_| SecretName::new("a", "it1"));
    if dice.chance(20) {
        let set = vec![("x-of-all".into(), "%CONTOUR_SERVICE_NAME%".into())];
        let request = HeaderTexts { set, remove: vec!["x-one".into()] };
        settings.default_headers = DefaultHeaders {
            request,
            host: dice.maybe(50, |_| "host.of.all".into()),
            response: HeaderTexts::default(),
            for_ingresses: dice.chance(50),
        };
    }
    let asked = |dice: &mut Dice| Asked::new(ExtensionName::new("a", format!("it{}", dice.below(2))));
    settings.rate_limit_service = dice.maybe(40, |dice| RateLimitService {
        asked: asked(dice),
        domain: "a".into(),
        fail_open: false,
        limit_headers: false,
        resource_exhausted: false,
        default: None,
    });
    settings.global_authorization = dice.maybe(30, |dice| GlobalAuthorization {
        asked: asked(dice),
        protocol: AuthorizationProtocol::Grpc,
        fail_open: false,
        body: None,
        is_skipped: dice.chance(20),
        context: vec![],
    });
    settings.tracing = dice.maybe(20, |dice| Tracing {
        asked: asked(dice),
        service: "edge".into(),
        sampling: Sampling { overall: Share::ALL, client: Share::ALL, random: Share::ALL },
        path_bytes: 256,
        tags: BTreeMap::new(),
    });
    if dice.chance(25) {
        settings.roots = FleetId::gateway("a", "it0");
    }
    settings.layout = *dice.pick(&[Layout::Table, Layout::Scoped, Layout::OnDemand]);
    settings
}

/// A history: events of 1 to 20 edits, so many edits in all (a rename counts as two).
pub(crate) fn history(dice: &mut Dice, edits: usize) -> Vec<Vec<Edit>> {
    let mut world = World::default();
    let mut graveyard = Vec::new();
    let mut all = if dice.chance(70) { backends(dice) } else { vec![] };
    all.truncate(edits);
    all.iter().for_each(|edit| world.edit(edit));
    while all.len() < edits {
        for edit in step(dice, &world, &graveyard) {
            if let Edit::Remove(id) = &edit {
                graveyard.extend(world.0.get(id).cloned());
            }
            world.edit(&edit);
            all.push(edit);
        }
    }
    let mut events = Vec::new();
    while !all.is_empty() {
        let size = if dice.chance(60) { 1 } else { 1 + dice.below(20) };
        events.push(all.drain(..size.min(all.len())).collect());
    }
    events
}

/// All Services and Secrets, so that much can be served.
fn backends(dice: &mut Dice) -> Vec<Edit> {
    let names = [(Kind::Service, 4), (Kind::EndpointSlice, 4), (Kind::Secret, 3)];
    let all = names.into_iter().flat_map(|(kind, count)| {
        let named = move |namespace: &'static str| {
            (0..count).map(move |number| ObjectId::new(kind, namespace, format!("it{number}")))
        };
        NAMESPACES.into_iter().flat_map(named)
    });
    let mut edits: Vec<_> = all.map(|id| Edit::Put(object(dice, &id))).collect();
    dice.shuffle(&mut edits);
    edits
}

fn step(dice: &mut Dice, world: &World, graveyard: &[Object]) -> Vec<Edit> {
    let there: Vec<_> = world.0.keys().collect();
    if there.is_empty() {
        return vec![Edit::Put(new_object(dice))];
    }
    let id = (*dice.pick(&there)).clone();
    let object = &world.0[&id];
    let is_backend = matches!(id.kind, Kind::Service | Kind::Secret);
    // Where every second Service is gone, nothing is served.
    match dice.below(if is_backend { 78 } else { 100 }) {
        0..40 => vec![Edit::Put(new_object(dice))],
        40..75 => vec![Edit::Put(changed(dice, &id, object))],
        75..90 => vec![Edit::Remove(id)],
        90..95 if !graveyard.is_empty() => vec![Edit::Put(dice.pick(graveyard).clone())],
        _ => {
            let mut renamed = object.clone();
            let name = any_id_of(dice, id.kind);
            renamed.metadata_mut().namespace = Some(name.namespace.to_string());
            renamed.metadata_mut().name = Some(name.name.to_string());
            vec![Edit::Remove(id), Edit::Put(renamed)]
        }
    }
}

fn any_id(dice: &mut Dice) -> ObjectId {
    let kind = match dice.below(142) {
        0..14 => Kind::Service,
        14..28 => Kind::EndpointSlice,
        28..40 => Kind::Secret,
        40..52 => Kind::Ingress,
        52..81 => Kind::HttpProxy,
        81..88 => Kind::IngressRoute,
        88..92 => Kind::ExtensionService,
        92..98 => Kind::TlsCertificateDelegation,
        98..99 => Kind::HeptioCertificateDelegation,
        99..101 => Kind::Namespace,
        101..103 => Kind::GatewayClass,
        103..111 => Kind::Gateway,
        111..114 => Kind::ListenerSet,
        114..128 => Kind::HttpRoute,
        128..130 => Kind::GrpcRoute,
        130..132 => Kind::TlsRoute,
        132..134 => Kind::TcpRoute,
        134..135 => Kind::UdpRoute,
        135..138 => Kind::ReferenceGrant,
        138..139 => Kind::BackendTlsPolicy,
        139..141 => Kind::ContourDeployment,
        _ => Kind::XBackendTrafficPolicy,
    };
    any_id_of(dice, kind)
}

fn any_id_of(dice: &mut Dice, kind: Kind) -> ObjectId {
    let names = match kind {
        Kind::HttpProxy | Kind::IngressRoute => 4,
        Kind::Service | Kind::EndpointSlice => 4,
        Kind::Secret | Kind::Ingress => 3,
        Kind::TlsCertificateDelegation
        | Kind::HeptioCertificateDelegation
        | Kind::ExtensionService
        | Kind::Namespace
        | Kind::ConfigMap
        | Kind::ContourDeployment
        | Kind::GatewayClass
        | Kind::Gateway
        | Kind::ListenerSet
        | Kind::ReferenceGrant
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => 2,
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute | Kind::UdpRoute => 3,
    };
    let has_parts = matches!(kind, Kind::HttpProxy | Kind::IngressRoute);
    let prefix = if has_parts && dice.chance(50) { "part" } else { "it" };
    let of_cluster = matches!(kind, Kind::Namespace | Kind::GatewayClass);
    let namespace = if of_cluster { "" } else { *dice.pick(&NAMESPACES) };
    if kind == Kind::Namespace {
        return ObjectId::new(kind, "", *dice.pick(&NAMESPACES));
    }
    ObjectId::new(kind, namespace, format!("{prefix}{}", dice.below(names)))
}

pub(crate) fn new_object(dice: &mut Dice) -> Object {
    let id = any_id(dice);
    object(dice, &id)
}

fn object(dice: &mut Dice, id: &ObjectId) -> Object {
    let (namespace, name) = (&*id.namespace, &*id.name);
    match id.kind {
        Kind::Namespace => {
            let labels = dice.maybe(50, |_| [("note".to_owned(), "1".to_owned())].into());
            let metadata = ObjectMeta { labels, ..metadata("", name) };
            api::core::Namespace { metadata, ..Default::default() }.into()
        }
        Kind::Service => any_service(dice, namespace, name),
        Kind::EndpointSlice => any_slice(dice, namespace, name),
        Kind::Secret => any_secret(dice, namespace, name),
        Kind::Ingress => any_ingress(dice, namespace, name).into(),
        Kind::HttpProxy => any_proxy(dice, namespace, name).into(),
        Kind::IngressRoute => any_ingress_route(dice, namespace, name).into(),
        Kind::TlsCertificateDelegation => any_delegation(dice, namespace, name).into(),
        Kind::ExtensionService => any_extension(dice, namespace, name).into(),
        Kind::HeptioCertificateDelegation => {
            let TlsCertificateDelegation { metadata, spec, .. } = any_delegation(dice, namespace, name);
            HeptioCertificateDelegation { metadata, spec, status: None }.into()
        }
        _ => gateway_api::any(dice, id),
    }
}

/// The object with one thing changed; sometimes a thing that means nothing.
fn changed(dice: &mut Dice, id: &ObjectId, old: &Object) -> Object {
    let mut new = old.clone();
    match &mut new {
        _ if dice.chance(8) => {
            let mark = ("note".to_owned(), dice.below(9).to_string());
            new.metadata_mut().annotations.get_or_insert_default().extend([mark]);
        }
        Object::HttpProxy(proxy) => change_proxy(dice, id, proxy),
        Object::Ingress(ingress) => {
            let other = any_ingress(dice, &id.namespace, &id.name);
            match dice.below(3) {
                0 => ingress.metadata = other.metadata,
                1 => ingress.spec.get_or_insert_default().rules = other.spec.and_then(|spec| spec.rules),
                _ => ingress.spec.get_or_insert_default().tls = other.spec.and_then(|spec| spec.tls),
            }
        }
        _ => new = object(dice, id),
    }
    new
}

fn change_proxy(dice: &mut Dice, id: &ObjectId, proxy: &mut HttpProxy) {
    let other = any_proxy(dice, &id.namespace, &id.name);
    match dice.below(8) {
        0 => proxy.metadata = other.metadata,
        1 => proxy.spec.virtualhost = other.spec.virtualhost,
        2 => proxy.spec.includes = other.spec.includes,
        3 => proxy.spec.tcpproxy = other.spec.tcpproxy,
        4 => proxy.spec.ingress_class_name = other.spec.ingress_class_name,
        5 => proxy.status = Some(Box::default()),
        _ if !proxy.spec.routes.is_empty() && dice.chance(80) => {
            let place = dice.below(proxy.spec.routes.len());
            proxy.spec.routes[place] = any_route(dice);
        }
        _ => proxy.spec.routes = other.spec.routes,
    }
}

fn any_service(dice: &mut Dice, namespace: &str, name: &str) -> Object {
    let mut ports = vec![service_port("", 80)];
    if dice.chance(40) {
        let second = if dice.chance(50) { 81 } else { 443 };
        ports = vec![service_port("http", 80), service_port("other", second)];
    }
    if dice.chance(3) {
        ports[0].protocol = Some("UDP".into());
    }
    ports[0].app_protocol = dice.maybe(10, |_| "kubernetes.io/h2c".into());
    let mut object = service(namespace, name, ports);
    if let Object::Service(service) = &mut object {
        if let (true, Some(spec)) = (dice.chance(5), &mut service.spec) {
            spec.type_ = Some("ExternalName".into());
            spec.external_name = Some((*dice.pick(&["backend.example.com", "localhost", ""])).to_owned());
        }
        if dice.chance(15) {
            let limit = ("projectcontour.io/max-connections".into(), dice.below(3).to_string());
            service.metadata.annotations = Some([limit].into());
        }
    }
    object
}

fn any_slice(dice: &mut Dice, namespace: &str, name: &str) -> Object {
    let count = dice.below(4);
    let endpoints = dice.some(count, |dice| {
        let address = format!("10.0.0.{}", dice.below(5));
        let (ready, serving) = (dice.below(3), dice.below(3));
        let word = |roll| [None, Some(true), Some(false)][roll];
        endpoint(if dice.chance(5) { "not an address" } else { &address }, word(ready), word(serving))
    });
    let owner = format!("it{}", dice.below(4));
    let port = (*dice.pick(&["", "", "http", "other"]), *dice.pick(&[8080, 8081, 0, -1]));
    let mut object = slice((namespace, name), &owner, port, endpoints);
    if dice.chance(5) {
        object.metadata_mut().labels = None;
    }
    object
}

fn any_secret(dice: &mut Dice, namespace: &str, name: &str) -> Object {
    let (pair, other) = (dice.pick(pairs()), dice.pick(pairs()));
    match dice.below(40) {
        0 => secret(namespace, name, "kubernetes.io/tls", &[("tls.crt", &pair.0), ("tls.key", &other.1)]),
        1 => secret(
            namespace,
            name,
            "kubernetes.io/tls",
            &[("tls.crt", "no certificate"), ("tls.key", &pair.1)],
        ),
        2 => secret(namespace, name, "some/type", &[("tls.crt", &pair.0), ("tls.key", &pair.1)]),
        3 => secret(namespace, name, "Opaque", &[]),
        4 => secret(namespace, name, "Opaque", &[("tls.crt", &pair.0), ("tls.key", &pair.1)]),
        5..15 => {
            let ca = dice.word(&[&other.0], &["no certificate"]);
            let crl = dice.word(&[REVOKED], &["no list"]);
            let data = [("tls.crt", &*pair.0), ("tls.key", &pair.1), ("ca.crt", ca), ("crl.pem", crl)];
            secret(namespace, name, "kubernetes.io/tls", &data)
        }
        _ => tls_secret(namespace, name, pair),
    }
}

/// A revocation list, of a CA that is nobody's here.
const REVOKED: &str = include_str!("../../../x509/testdata/envoy/crl-ok/crl.pem");

fn any_validation(dice: &mut Dice) -> DownstreamValidation {
    DownstreamValidation {
        ca_secret: dice.maybe(90, any_secret_name),
        crl_secret: dice.maybe(40, any_secret_name),
        crl_only_verify_leaf_cert: dice.chance(20),
        skip_client_cert_validation: dice.chance(20),
        optional_client_certificate: dice.chance(30),
        forward_client_certificate: dice.maybe(30, |_| Box::default()),
    }
}

fn any_delegation(dice: &mut Dice, namespace: &str, name: &str) -> TlsCertificateDelegation {
    let mut object = TlsCertificateDelegation { metadata: metadata(namespace, name), ..Default::default() };
    let count = 1 + dice.below(3);
    object.spec.delegations = dice.some(count, |dice| CertificateDelegation {
        secret_name: format!("it{}", dice.below(3)),
        target_namespaces: (*dice.pick(&[&["*"][..], &["a"], &["b"], &["a", "b"], &[]]))
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
    });
    object
}

fn any_extension(dice: &mut Dice, namespace: &str, name: &str) -> ExtensionService {
    let mut object = ExtensionService { metadata: metadata(namespace, name), ..Default::default() };
    let count = 1 + dice.below(2);
    object.spec.services = dice.some(count, |dice| ExtensionServiceTarget {
        name: any_service_name(dice),
        port: *dice.mostly(&[80], &[81, 0]),
        weight: *dice.mostly(&[0, 1, 3], &[-1]),
    });
    object.spec.protocol =
        dice.maybe(60, |dice| Choice::parse(dice.word(&["h2", "h2c"], &["http/1.1", "tls"])));
    object.spec.validation = dice.maybe(15, |dice| {
        let (ca_secret, subject_name) =
            (any_secret_name(dice), dice.word(&["auth.example"], &["a b"]).into());
        Box::new(UpstreamValidation { ca_secret, subject_name, subject_names: vec![] })
    });
    object.spec.timeout_policy = dice.maybe(20, |dice| Box::new(any_timeouts(dice)));
    object.spec.circuit_breaker_policy = dice.maybe(10, |dice| {
        Box::new(CircuitBreakers { max_requests: *dice.mostly(&[0, 9], &[-1]), ..CircuitBreakers::default() })
    });
    object
}

fn any_metadata(dice: &mut Dice, namespace: &str, name: &str) -> api::meta::ObjectMeta {
    let mut metadata = metadata(namespace, name);
    metadata.creation_timestamp = dice.maybe(60, |dice| time(u8::try_from(dice.below(3)).unwrap_or(0)));
    metadata.generation = dice.maybe(30, |dice| dice.below(4) as i64);
    let class = ("projectcontour.io/ingress.class", *dice.pick(&["contour", "nginx"]));
    if dice.chance(5) {
        metadata.annotations = Some([(class.0.to_owned(), class.1.to_owned())].into());
    }
    metadata
}

fn any_secret_name(dice: &mut Dice) -> String {
    let name = format!("it{}", dice.below(3));
    if dice.chance(40) { format!("{}/{name}", dice.pick(&NAMESPACES)) } else { name }
}

fn any_ingress(dice: &mut Dice, namespace: &str, name: &str) -> Ingress {
    let mut metadata = any_metadata(dice, namespace, name);
    if dice.chance(20) {
        let (key, value) = *dice.pick(&[
            ("ingress.kubernetes.io/force-ssl-redirect", "true"),
            ("kubernetes.io/ingress.allow-http", "false"),
            ("projectcontour.io/response-timeout", "soon"),
            ("projectcontour.io/response-timeout", "10s"),
            ("projectcontour.io/tls-minimum-protocol-version", "1.3"),
            ("projectcontour.io/websocket-routes", "/a"),
        ]);
        metadata.annotations.get_or_insert_default().insert(key.into(), value.into());
    }
    let (rules, tls) = (dice.below(3), dice.below(2));
    let spec = IngressSpec {
        default_backend: dice.maybe(15, any_backend),
        ingress_class_name: dice.maybe(5, |_| "nginx".into()),
        rules: Some(dice.some(rules, any_rule)),
        tls: Some(dice.some(tls, |dice| IngressTLS {
            hosts: Some(dice.some(2, |dice| dice.word(&HOSTS, &BAD_HOSTS).into())),
            secret_name: dice.maybe(90, any_secret_name),
        })),
    };
    Ingress { metadata, spec: Some(spec), status: None }
}

fn any_rule(dice: &mut Dice) -> IngressRule {
    let count = 1 + dice.below(2);
    let paths = dice.some(count, |dice| HTTPIngressPath {
        path: dice.maybe(90, |dice| dice.word(&["/", "/a", "/a/", "/b", "/a+"], &["/[x", "bad"]).into()),
        path_type: dice.word(&["Prefix", "Exact", "ImplementationSpecific"], &["Other"]).into(),
        backend: any_backend(dice),
    });
    let host = dice.maybe(85, |dice| dice.word(&HOSTS, &BAD_HOSTS).into());
    IngressRule { host, http: Some(HTTPIngressRuleValue { paths }) }
}

/// Seldom one that is never there.
fn any_service_name(dice: &mut Dice) -> String {
    if dice.chance(3) { "nowhere".into() } else { format!("it{}", dice.below(4)) }
}

fn any_backend(dice: &mut Dice) -> IngressBackend {
    let number = dice.maybe(90, |dice| *dice.mostly(&[80], &[81, 0, 70_000]));
    let port = ServiceBackendPort { name: number.is_none().then(|| "http".into()), number };
    let service = IngressServiceBackend { name: any_service_name(dice), port: Some(port) };
    IngressBackend { resource: None, service: dice.chance(95).then_some(service) }
}
