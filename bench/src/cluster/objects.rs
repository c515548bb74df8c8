//! The objects in the API server.

use kube::Client;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use testbed::Objects;

use crate::in_cluster::{
    Backend, FIRST, Followed, SECOND, change, create_all, endpoint_slice, every, service,
};

/// The number of the Service that routes are moved to.
pub(super) const OTHER: usize = usize::MAX;

fn name(number: usize) -> String {
    if number == OTHER { "other".to_owned() } else { format!("h{number}") }
}

/// The host of an HTTPProxy.
pub(super) fn host(number: usize) -> String {
    format!("{}.example", name(number))
}

/// Puts our kinds into the cluster, and waits until they are served.
pub(super) async fn definitions(client: &Client) {
    let objects = Objects::new(client.clone(), "default");
    objects.define(&api::crd::definitions()).await.expect("the API server takes our definitions");
}

/// Creates so many hosts, each with its route, its Service and its endpoints; and the other Service.
pub(super) async fn create(client: &Client, count: usize) {
    let behind = |number| vec![service(&name(number)), slice(number, &[Backend::endpoint()])];
    let with_host = |number| [behind(number), vec![proxy(number, number)]].concat();
    create_all(client, (0..count).map(with_host)).await;
    create_all(client, std::iter::once(behind(OTHER))).await;
}

fn slice(number: usize, endpoints: &[Value]) -> Value {
    let (name, backend) = (name(number), if number == OTHER { SECOND } else { FIRST });
    endpoint_slice(&name, &name, backend, endpoints)
}

/// A host whose route leads to a Service.
fn proxy(number: usize, service: usize) -> Value {
    json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": name(number)},
        "spec": {
            "virtualhost": {"fqdn": host(number)},
            "routes": [{"services": [{"name": name(service), "port": 80}]}],
        },
    })
}

/// The endpoints of a Service: its backend, and beside it one that nobody is asked for, or not.
pub(super) async fn endpoints(client: &Client, number: usize, alone: bool) {
    let mut endpoints = vec![Backend::endpoint()];
    if !alone {
        endpoints.push(json!({"addresses": ["10.88.0.77"], "conditions": {"ready": false}}));
        // A ready one that answers as well, by another of the node's addresses.
        endpoints.push(json!({"addresses": ["10.89.77.77"], "conditions": {"ready": true}}));
    }
    change(client, &slice(number, &endpoints)).await;
}

/// Moves the route of a host to the Service [`OTHER`].
pub(super) async fn move_away(client: &Client, number: usize) {
    change(client, &proxy(number, OTHER)).await;
}

/// The statuses of all HTTPProxies, followed: which are valid.
pub(super) fn follow(client: &Client) -> Followed {
    Followed::start(every(client, "projectcontour.io/v1", "HTTPProxy"), is_valid)
}

fn is_valid(proxy: &DynamicObject) -> bool {
    let conditions = proxy.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|each| each["type"] == "Valid" && each["status"] == "True")
}
