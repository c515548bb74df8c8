//! The objects in the API server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, future};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The address of the node: what listens there are the two backends.
pub(super) const NODE: &str = "10.88.0.1";
/// The backend of all Services but one, and its port.
pub(super) const FIRST: &str = "first";
pub(super) const FIRST_PORT: u16 = 19001;
/// The backend of [`OTHER`], and its port.
pub(super) const SECOND: &str = "second";
pub(super) const SECOND_PORT: u16 = 19002;
/// The number of the Service that routes are moved to.
pub(super) const OTHER: usize = usize::MAX;

const NAMESPACE: &str = "default";
/// How long all statuses may take.
const PATIENCE: Duration = Duration::from_secs(600);

fn name(number: usize) -> String {
    if number == OTHER { "other".to_owned() } else { format!("h{number}") }
}

/// The host of an HTTPProxy.
pub(super) fn host(number: usize) -> String {
    format!("{}.example", name(number))
}

/// Puts our kinds into the cluster, and waits until they are served.
pub(super) async fn definitions(client: &Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in api::crd::definitions() {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        apply(&definitions, &name, &definition).await;
        let served = await_condition(definitions.clone(), &name, is_crd_established());
        drop(served.await.expect("the definition can be watched"));
    }
}

async fn apply<K>(api: &Api<K>, name: &str, object: &Value)
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let parameters = PatchParams::apply("bench").force();
    api.patch(name, &parameters, &Patch::Apply(object)).await.expect("the API server takes it");
}

fn kind(client: &Client, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
    let resource = match kind {
        "HTTPProxy" => {
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), "httpproxies")
        }
        _ => ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)),
    };
    Api::namespaced_with(client.clone(), NAMESPACE, &resource)
}

fn proxies(client: &Client) -> Api<DynamicObject> {
    kind(client, "projectcontour.io", "v1", "HTTPProxy")
}

/// Creates a host with its route, its Service and its endpoints.
pub(super) async fn create(client: &Client, number: usize) -> Result<(), kube::Error> {
    let name = name(number);
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    });
    let proxy = json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": name},
        "spec": {"virtualhost": {"fqdn": host(number)}, "routes": [{"services": [{"name": name, "port": 80}]}]},
    });
    let parameters = PatchParams::apply("bench");
    kind(client, "", "v1", "Service").patch(&name, &parameters, &Patch::Apply(&service)).await?;
    endpoints(client, number, true).await;
    if number != OTHER {
        proxies(client).patch(&name, &parameters, &Patch::Apply(&proxy)).await?;
    }
    Ok(())
}

/// The endpoints of a Service: its backend, and beside it one that nobody is asked for, or not.
pub(super) async fn endpoints(client: &Client, number: usize, alone: bool) {
    let name = name(number);
    let port = if number == OTHER { SECOND_PORT } else { FIRST_PORT };
    let mut endpoints = vec![json!({"addresses": [NODE], "conditions": {"ready": true}})];
    if !alone {
        endpoints.push(json!({"addresses": ["10.88.0.77"], "conditions": {"ready": false}}));
        // A ready one that answers as well, by another of the node's addresses.
        endpoints.push(json!({"addresses": ["10.89.77.77"], "conditions": {"ready": true}}));
    }
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    });
    apply(&kind(client, "discovery.k8s.io", "v1", "EndpointSlice"), &name, &slice).await;
}

/// Moves the route of a host to the Service [`OTHER`].
pub(super) async fn move_away(client: &Client, number: usize) {
    let route = json!({"spec": {"routes": [{"services": [{"name": name(OTHER), "port": 80}]}]}});
    let moved = proxies(client).patch(&name(number), &PatchParams::default(), &Patch::Merge(&route)).await;
    moved.expect("the API server takes the change");
}

/// How many writes of statuses of HTTPProxies the API server has counted.
pub(super) async fn status_writes(client: &Client) -> u64 {
    let request = http::Request::get("/metrics").body(vec![]).expect("a request");
    let metrics = client.request_text(request).await.expect("the API server has metrics");
    let is_meant = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains("resource=\"httpproxies\"")
            && line.contains("subresource=\"status\"")
    };
    let count =
        |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or_default();
    metrics.lines().filter(is_meant).map(count).sum::<f64>() as u64
}

/// The statuses of all HTTPProxies, followed.
pub(super) struct Statuses {
    valid: Arc<Mutex<HashMap<String, bool>>>,
    changed: Arc<Notify>,
}

impl Statuses {
    pub(super) fn follow(client: Client) -> Self {
        let statuses = Self { valid: Arc::default(), changed: Arc::default() };
        let (valid, changed) = (Arc::clone(&statuses.valid), Arc::clone(&statuses.changed));
        tokio::spawn(async move {
            let events = watcher(proxies(&client), watcher::Config::default());
            let note = |event: Result<Event<DynamicObject>, watcher::Error>| {
                if let Ok(Event::Apply(proxy) | Event::InitApply(proxy)) = event {
                    let mut valid = valid.lock().unwrap_or_else(PoisonError::into_inner);
                    valid.insert(proxy.name_any(), is_valid(&proxy));
                    changed.notify_one();
                }
                future::ready(())
            };
            events.for_each(note).await;
        });
        statuses
    }

    fn valid(&self) -> usize {
        let valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        valid.values().filter(|valid| **valid).count()
    }

    /// Waits until so many are valid.
    pub(super) async fn all_valid(&self, count: usize) {
        let waiting = async {
            while self.valid() < count {
                self.changed.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("all become valid");
    }
}

fn is_valid(proxy: &DynamicObject) -> bool {
    let conditions = proxy.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|each| each["type"] == "Valid" && each["status"] == "True")
}
