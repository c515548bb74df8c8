//! From objects that Envoy has something against to as little of them as it takes.

use std::sync::Arc;

use model::Layout;
use serde_json::{Value, json};

use crate::rejection::Poison;

use super::{Setup, applied, complaint, world};

/// The smallest part of the objects that still brings a complaint, as a manifest, with the complaint.
///
/// Each attempt is a world of its own: the same bytes are not offered twice to an Envoy that rejected them.
pub(super) async fn smallest(setup: &Setup, groups: Vec<Vec<Value>>) -> String {
    let mut objects = halved(setup, groups).await;
    for number in 0..objects.len() {
        while let Some(smaller) = without_something(setup, &objects, number).await {
            objects = smaller;
        }
    }
    let manifests: Vec<_> = objects.iter().map(|object| format!("{object:#}")).collect();
    let complaint = attempt(setup, &objects).await.unwrap_or_else(|| "alone it is taken".into());
    format!("{}\n{complaint}", manifests.join("\n---\n"))
}

/// What Envoy has against some objects.
async fn attempt(setup: &Setup, objects: &[Value]) -> Option<String> {
    let mut world = world(setup, objects).await;
    world.hand(applied(objects)).await;
    complaint(&world)
}

/// Those of the objects that bring a complaint without the others: one group, unless it takes several.
async fn halved(setup: &Setup, mut groups: Vec<Vec<Value>>) -> Vec<Value> {
    while groups.len() > 1 {
        let second = groups.split_off(groups.len() / 2);
        if attempt(setup, &groups.concat()).await.is_some() {
            continue;
        }
        if attempt(setup, &second.concat()).await.is_none() {
            groups.extend(second);
            break;
        }
        groups = second;
    }
    groups.concat()
}

/// The objects without the first field or element of one of them that the complaint does not need.
async fn without_something(setup: &Setup, objects: &[Value], number: usize) -> Option<Vec<Value>> {
    for pointer in pointers(&objects[number]) {
        let mut smaller = objects.to_vec();
        remove(&mut smaller[number], &pointer);
        if attempt(setup, &smaller).await.is_some() {
            return Some(smaller);
        }
    }
    None
}

/// Every part of an object that can be left out, the large ones first.
fn pointers(object: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let mut level = vec![(String::new(), object)];
    while !level.is_empty() {
        level = level.into_iter().flat_map(|(pointer, value)| parts(&pointer, value)).collect();
        all.extend(level.iter().map(|(pointer, _)| pointer.clone()));
    }
    all.retain(|pointer| {
        !["/apiVersion", "/kind", "/metadata", "/metadata/name"].contains(&pointer.as_str())
    });
    all
}

fn parts<'a>(pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Object(fields) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            fields.iter().map(|(key, value)| (format!("{pointer}/{}", escaped(key)), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)).collect()
        }
        _ => Vec::new(),
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.shift_remove(&last.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = last.parse::<usize>() {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_culprit_is_found_among_others_and_made_small() {
    let setup = Setup { edit: Some(Arc::new(Poison)), ..Setup::of(Layout::Scoped) };
    let groups = (0..4).map(|number| vec![poisoned_proxy(number)]).collect();
    let found = smallest(&setup, groups).await;
    let (manifest, complaint) = found.split_once("\nhttp/").unwrap_or((&found, ""));
    let culprit = json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": "root-2"},
        "spec": {
            "virtualhost": {"fqdn": "root-2.example"},
            "routes": [{"conditions": [{"prefix": "/poison"}], "directResponsePolicy": {"statusCode": 200}}],
        },
    });
    assert_eq!(serde_json::from_str::<Value>(manifest).ok(), Some(culprit), "{found}");
    assert!(complaint.contains("RegexMatcherValidationError"), "{found}");
}

/// A root of two routes; one of them, of the third root, is not taken.
fn poisoned_proxy(number: u64) -> Value {
    let path = if number == 2 { "/poison" } else { "/path" };
    json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy",
        "metadata": {"name": format!("root-{number}"), "namespace": "default"},
        "spec": {
            "virtualhost": {"fqdn": format!("root-{number}.example")},
            "routes": [
                {"services": [{"name": "web", "port": 80}]},
                {"conditions": [{"prefix": path}], "directResponsePolicy": {"statusCode": 200, "body": "no"}},
            ],
        },
    })
}
