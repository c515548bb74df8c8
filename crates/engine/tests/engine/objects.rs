//! Objects as a source hands them over, each with as little as it needs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use api::core::{Secret, Service, ServicePort, ServiceSpec};
use api::discovery::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use api::http_proxy::virtual_host::DownstreamValidation;
use api::http_proxy::{MatchCondition, Route, Tls, VirtualHost};
use api::meta::ObjectMeta;
use api::{HttpProxy, Object};

/// A certificate with its key, in PEM.
pub(crate) type Pair = (String, String);

/// Valid pairs, made once for the whole process.
pub(crate) fn pairs() -> &'static [Pair; 4] {
    static PAIRS: OnceLock<[Pair; 4]> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let set = || certs::generate(&certs::Options::loopback(1_700_000_000)).expect("options are good");
        let pair = |identity: certs::Identity| (identity.certificate, identity.key.expose().to_owned());
        let (one, other) = (set(), set());
        [pair(one.server), pair(one.client), pair(other.server), pair(other.client)]
    })
}

pub(crate) fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(namespace.into()), name: Some(name.into()), ..ObjectMeta::default() }
}

/// The moment so many seconds after a fixed one.
pub(crate) fn time(seconds: u8) -> api::meta::Time {
    let text = format!("2024-01-01T00:00:{seconds:02}Z");
    serde_json::from_value(text.into()).expect("a time")
}

pub(crate) fn service_port(name: &str, port: i32) -> ServicePort {
    let name = (!name.is_empty()).then(|| name.into());
    ServicePort { name, port, protocol: Some("TCP".into()), ..ServicePort::default() }
}

pub(crate) fn service(namespace: &str, name: &str, ports: Vec<ServicePort>) -> Object {
    let spec = ServiceSpec { ports: Some(ports), ..ServiceSpec::default() };
    Service { metadata: metadata(namespace, name), spec: Some(spec), status: None }.into()
}

pub(crate) fn endpoint(address: &str, ready: Option<bool>, serving: Option<bool>) -> Endpoint {
    let conditions = EndpointConditions { ready, serving, terminating: serving };
    Endpoint { addresses: vec![address.into()], conditions: Some(conditions), ..Endpoint::default() }
}

pub(crate) fn slice(
    (namespace, name): (&str, &str),
    service: &str,
    (port_name, port): (&str, i32),
    endpoints: Vec<Endpoint>,
) -> Object {
    let mut metadata = metadata(namespace, name);
    metadata.labels = Some([("kubernetes.io/service-name".into(), service.into())].into());
    let name = Some(port_name.into());
    let port = EndpointPort { name, port: Some(port), ..EndpointPort::default() };
    EndpointSlice { address_type: "IPv4".into(), endpoints, metadata, ports: Some(vec![port]) }.into()
}

pub(crate) fn secret(namespace: &str, name: &str, kind: &str, data: &[(&str, &str)]) -> Object {
    let data = data.iter().map(|(key, value)| ((*key).into(), api::ByteString(value.as_bytes().into())));
    Secret {
        metadata: metadata(namespace, name),
        type_: Some(kind.into()),
        data: Some(data.collect::<BTreeMap<_, _>>()),
        ..Secret::default()
    }
    .into()
}

pub(crate) fn tls_secret(namespace: &str, name: &str, (certificate, key): &Pair) -> Object {
    secret(namespace, name, "kubernetes.io/tls", &[("tls.crt", certificate), ("tls.key", key)])
}

/// A Secret with a CA; the certificate of any pair will do as one.
pub(crate) fn ca_secret(namespace: &str, name: &str, (certificate, _): &Pair) -> Object {
    secret(namespace, name, "Opaque", &[("ca.crt", certificate)])
}

pub(crate) fn prefix(path: &str) -> MatchCondition {
    MatchCondition { prefix: Some(path.into()), ..MatchCondition::default() }
}

pub(crate) fn to(service: &str, port: i64) -> api::http_proxy::Service {
    api::http_proxy::Service { name: service.into(), port, ..Default::default() }
}

pub(crate) fn route(path: &str, service: &str) -> Route {
    Route { conditions: vec![prefix(path)], services: vec![to(service, 80)], ..Route::default() }
}

/// A part that others include.
pub(crate) fn part(namespace: &str, name: &str, routes: Vec<Route>) -> HttpProxy {
    let mut proxy = HttpProxy { metadata: metadata(namespace, name), ..HttpProxy::default() };
    proxy.spec.routes = routes;
    proxy
}

/// A root without TLS.
pub(crate) fn root(namespace: &str, name: &str, fqdn: &str, routes: Vec<Route>) -> HttpProxy {
    let mut proxy = part(namespace, name, routes);
    proxy.spec.virtualhost = Some(Box::new(VirtualHost { fqdn: fqdn.into(), ..VirtualHost::default() }));
    proxy
}

/// The same with the certificate of a Secret.
pub(crate) fn with_tls(mut proxy: HttpProxy, secret: &str) -> HttpProxy {
    if let Some(host) = &mut proxy.spec.virtualhost {
        host.tls = Some(Box::new(Tls { secret_name: Some(secret.into()), ..Tls::default() }));
    }
    proxy
}

/// The same, whose clients must have a certificate of a CA.
pub(crate) fn with_clients_of(mut proxy: HttpProxy, ca: &str) -> HttpProxy {
    if let Some(tls) = proxy.spec.virtualhost.as_mut().and_then(|host| host.tls.as_mut()) {
        tls.client_validation =
            Some(Box::new(DownstreamValidation { ca_secret: Some(ca.into()), ..Default::default() }));
    }
    proxy
}
