//! What the manifests grant, and what was done with it, as the API server wrote it down.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::install::NAMESPACE;

/// A right: a verb and what it is for.
pub(crate) fn right(verb: &str, group: &str, resource: &str) -> String {
    let dot = if group.is_empty() { "" } else { "." };
    format!("{verb} {resource}{dot}{group}")
}

/// What the roles of the manifests in one file grant.
pub(crate) fn granted() -> BTreeSet<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/isobath.yaml");
    granted_by(&std::fs::read_to_string(file).unwrap())
}

/// What those roles grant that are bound in the same manifests.
pub(crate) fn granted_by(manifests: &str) -> BTreeSet<String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    let bound: Vec<_> = documents.iter().filter_map(|document| document.get("roleRef")).collect();
    let is_bound = |document: &&Value| {
        bound
            .iter()
            .any(|role| role["kind"] == document["kind"] && role["name"] == document["metadata"]["name"])
    };
    let roles = documents.iter().filter(is_bound);
    let rules = roles.flat_map(|role| role["rules"].as_array().unwrap());
    let list = |rule: &Value, field: &str| -> Vec<String> {
        rule[field].as_array().unwrap().iter().map(|each| each.as_str().unwrap().to_owned()).collect()
    };
    let mut granted = BTreeSet::new();
    for rule in rules {
        for group in list(rule, "apiGroups") {
            for resource in list(rule, "resources") {
                granted.extend(list(rule, "verbs").iter().map(|verb| right(verb, &group, &resource)));
            }
        }
    }
    granted
}

/// What was granted and not used.
pub(crate) fn unused(granted: &BTreeSet<String>, used: &BTreeSet<String>) -> BTreeSet<String> {
    // An API server that gives lists as streams is not asked for pages; others are.
    let is_watched = |right: &String| {
        right.strip_prefix("list ").is_some_and(|what| used.contains(&format!("watch {what}")))
    };
    granted.difference(used).filter(|right| !is_watched(right)).cloned().collect()
}

/// What the accounts of the manifests did, and what they were refused.
pub(crate) fn used(audit: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    used_in(audit, NAMESPACE)
}

/// What the accounts of a namespace did, and what they were refused.
pub(crate) fn used_in(audit: &str, namespace: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let accounts = format!("system:serviceaccount:{namespace}:");
    let (mut used, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for line in audit.lines() {
        // The last line may be on its way.
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if !text("/user/username").starts_with(&accounts) || event.get("objectRef").is_none() {
            continue;
        }
        let resource = match text("/objectRef/subresource") {
            "" => text("/objectRef/resource").to_owned(),
            subresource => format!("{}/{subresource}", text("/objectRef/resource")),
        };
        let right = right(text("/verb"), text("/objectRef/apiGroup"), &resource);
        match event.pointer("/responseStatus/code").and_then(Value::as_u64) {
            Some(403) => drop(refused.insert(right)),
            _ => drop(used.insert(right)),
        }
    }
    (used, refused)
}
