//! Objects of any kind in the API server: created by many at a time, and followed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, future, stream};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;
use tokio::sync::Notify;

/// How many objects are created or deleted at a time.
const AT_A_TIME: usize = 32;
/// How long all that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// All objects of a kind, in every namespace.
pub(crate) fn every(client: &Client, api_version: &str, kind: &str) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &resource(api_version, kind))
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let named = GroupVersionKind::gvk(group, version, kind);
    match kind {
        "HTTPProxy" => ApiResource::from_gvk_with_plural(&named, "httpproxies"),
        _ => ApiResource::from_gvk(&named),
    }
}

/// Where an object goes, and its name. In the namespace `default` when it says no other.
pub(crate) fn place(client: &Client, object: &Value) -> (Api<DynamicObject>, String) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let api = match (kind, text("/metadata/namespace")) {
        ("GatewayClass" | "Namespace", _) => every(client, version, kind),
        (_, namespace) => {
            let namespace = if namespace.is_empty() { "default" } else { namespace };
            Api::namespaced_with(client.clone(), namespace, &resource(version, kind))
        }
    };
    (api, text("/metadata/name").to_owned())
}

/// Creates all, many groups at a time, each in its order.
pub(crate) async fn create_all(client: &Client, groups: impl Iterator<Item = Vec<Value>>) {
    let create = |group: Vec<Value>| async move {
        for object in &group {
            create(client, object).await;
        }
    };
    stream::iter(groups).map(create).buffer_unordered(AT_A_TIME).collect::<()>().await;
}

/// Creates one.
pub(crate) async fn create(client: &Client, object: &Value) {
    let (api, name) = place(client, object);
    let sent = serde_json::from_value(object.clone()).expect("an object");
    let created = api.create(&PostParams::default(), &sent).await;
    created.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Changes one to what it says; fields that it does not name stay.
pub(crate) async fn change(client: &Client, object: &Value) {
    let (api, name) = place(client, object);
    let changed = api.patch(&name, &PatchParams::default(), &Patch::Merge(object)).await;
    changed.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Deletes all, many at a time.
pub(crate) async fn delete_all(client: &Client, objects: impl Iterator<Item = Value>) {
    let delete = |object: Value| async move {
        let (api, name) = place(client, &object);
        let deleted = api.delete(&name, &DeleteParams::default()).await;
        drop(deleted.unwrap_or_else(|error| panic!("{name}: {error}")));
    };
    stream::iter(objects).map(delete).buffer_unordered(AT_A_TIME).collect::<()>().await;
}

/// All objects of a kind: which of them are as they are to be.
pub(crate) struct Followed {
    right: Arc<Mutex<HashSet<String>>>,
    changed: Arc<Notify>,
}

impl Followed {
    /// Follows them for ever.
    pub(crate) fn start(
        api: Api<DynamicObject>,
        is_right: impl Fn(&DynamicObject) -> bool + Send + 'static,
    ) -> Self {
        let followed = Self { right: Arc::default(), changed: Arc::default() };
        let (right, changed) = (Arc::clone(&followed.right), Arc::clone(&followed.changed));
        tokio::spawn(async move {
            let note = move |event: Result<Event<DynamicObject>, watcher::Error>| {
                let mut right = right.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Ok(Event::Apply(object) | Event::InitApply(object)) if is_right(&object) => {
                        right.insert(key(&object));
                    }
                    Ok(Event::Apply(object) | Event::InitApply(object) | Event::Delete(object)) => {
                        right.remove(&key(&object));
                    }
                    Ok(Event::Init | Event::InitDone) | Err(_) => {}
                }
                changed.notify_one();
                future::ready(())
            };
            watcher(api, watcher::Config::default()).for_each(note).await;
        });
        followed
    }

    fn count(&self) -> usize {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until so many are right.
    pub(crate) async fn are(&self, count: usize) {
        let waiting = async {
            while self.count() != count {
                self.changed.notified().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{} are right, and not {count}, after {PATIENCE:?}", self.count());
    }
}

fn key(object: &DynamicObject) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
