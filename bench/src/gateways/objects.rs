//! The objects of the Gateway API.

use std::net::{Ipv4Addr, SocketAddr};

use kube::Client;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use testkit::Request;

use crate::in_cluster::{Backend, FIRST, Followed, create_all, endpoint_slice, every, service};

pub(super) const VERSION: &str = "gateway.networking.k8s.io/v1";
/// What every Gateway is called; each is in a namespace of its own.
pub(super) const GATEWAY: &str = "web";
/// The port of the first Gateway, and of the only one.
pub(super) const PORT: u16 = 18_000;

/// The class of all Gateways.
pub(super) fn class() -> Value {
    json!({
        "apiVersion": VERSION, "kind": "GatewayClass", "metadata": {"name": "bench"},
        "spec": {"controllerName": "projectcontour.io/gateway-controller"},
    })
}

/// The Gateway of a namespace: one listener at this port, in clear text, for every host.
pub(super) fn gateway(namespace: &str, port: u16) -> Value {
    json!({
        "apiVersion": VERSION, "kind": "Gateway", "metadata": {"name": GATEWAY, "namespace": namespace},
        "spec": {
            "gatewayClassName": "bench",
            "listeners": [{"name": "http", "port": port, "protocol": "HTTP"}],
            "allowedListeners": {"namespaces": {"from": "Same"}},
        },
    })
}

/// The one Gateway in the namespace `default`, and the Service of the first backend.
pub(super) async fn create_gateway_with_backends(client: &Client) {
    let backend = with_endpoints("backend", FIRST);
    create_all(client, [vec![gateway("default", PORT)], backend].into_iter()).await;
}

/// A Service with one endpoint.
pub(super) fn with_endpoints(name: &str, backend: Backend) -> Vec<Value> {
    vec![service(name), endpoint_slice(name, name, backend, &[Backend::endpoint()])]
}

/// A route of the Gateway beside it, for the host `NAME.example`, with this rule.
pub(super) fn route(name: &str, rule: &Value) -> Value {
    json!({
        "apiVersion": VERSION, "kind": "HTTPRoute", "metadata": {"name": name},
        "spec": {"parentRefs": [{"name": GATEWAY}], "hostnames": [format!("{name}.example")], "rules": [rule]},
    })
}

/// A rule that leads all requests to a Service.
pub(super) fn to(service: &str) -> Value {
    json!({"backendRefs": [{"name": service, "port": 80}]})
}

/// Where the Envoy of a Gateway with this port listens.
pub(super) fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A request for the host `NAME.example` to the Gateway at this port.
pub(super) fn request(port: u16, name: &str) -> Request {
    Request::get(address(port), &format!("{name}.example"), "/")
}

/// All routes, followed: which are accepted as they are now.
pub(super) fn follow_routes(client: &Client) -> Followed {
    Followed::start(every(client, VERSION, "HTTPRoute"), is_accepted)
}

fn is_accepted(route: &DynamicObject) -> bool {
    let parents = route.data.pointer("/status/parents").and_then(Value::as_array);
    parents.into_iter().flatten().any(|parent| holds(route, &parent["conditions"], "Accepted"))
}

/// Whether a condition holds and speaks of the object as it is now.
pub(super) fn holds(object: &DynamicObject, conditions: &Value, name: &str) -> bool {
    let conditions = conditions.as_array().into_iter().flatten();
    let mut meant = conditions.filter(|each| each["type"] == name && each["status"] == "True");
    meant.any(|each| each["observedGeneration"].as_i64() == object.metadata.generation)
}

/// How many routes the status of a Gateway counts on its first listener.
pub(super) fn attached_routes(gateway: &DynamicObject) -> Option<u64> {
    gateway.data.pointer("/status/listeners/0/attachedRoutes").and_then(Value::as_u64)
}
