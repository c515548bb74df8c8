//! What makes an object of many fields one that makes sense.

use serde_json::Value;

use super::Path;

/// How often of a hundred times a field is there that need not be.
pub(super) fn share(path: Path<'_>, name: &str) -> usize {
    match (path.last().copied().unwrap_or(""), name) {
        ("spec", "virtualhost") => 92,
        ("spec", "routes") => 95,
        ("spec", "tcpproxy") => 6,
        ("spec", "includes") => 15,
        ("spec", "ingressClassName") => 1,
        ("spec", "globalExtAuth" | "rateLimitService" | "tracing") => 15,
        ("spec", "rules" | "ports") => 95,
        ("virtualhost", "tls") => 45,
        ("virtualhost", _) => 12,
        ("tls", "passthrough" | "enableFallbackCertificate") => 6,
        ("tls", "secretName") => 98,
        ("tls", "clientValidation") => 25,
        ("routes", "conditions") => 75,
        ("routes", "match" | "delegate" | "services" | "requestRedirectPolicy" | "directResponsePolicy") => {
            98
        }
        ("routes", _) => 9,
        ("services", "mirror") => 4,
        ("services", _) => 12,
        ("rules" | "paths" | "backend" | "service" | "port", _) => 97,
        ("conditions" | "header" | "queryParameter" | "entries" | "requestHashPolicies", _) => 90,
        ("jwtProviders", "remoteJWKS" | "localJWKS") => 98,
        ("jwtProviders", "default") => 20,
        ("clientValidation", "caSecret") => 95,
        ("allowedAuthorizationHeaders" | "allowedUpstreamHeaders", _) => 90,
        // What would keep all objects from being served, or be a listener elsewhere.
        (_, "rootNamespaces" | "classNames" | "omEnforcedHealth" | "xdsServer") => 0,
        (_, "status") => 0,
        _ => 45,
    }
}

type Group = &'static [&'static str];

/// Fields of which one can be meant.
pub(super) fn alternatives(path: Path<'_>) -> &'static [Group] {
    const OPERATORS: Group =
        &["present", "notpresent", "contains", "notcontains", "exact", "notexact", "regex", "exact"];
    match path.last().copied().unwrap_or("") {
        "routes" | "tcpproxy" if path.first() == Some(&"IngressRoute") => {
            &[&["services", "services", "services", "delegate"]]
        }
        "conditions" => {
            &[&["prefix", "prefix", "prefix", "exact", "regex", "header", "header", "queryParameter"]]
        }
        "header" | "headers" => &[OPERATORS],
        "queryParameter" => &[&["exact", "prefix", "suffix", "regex", "contains", "present"]],
        "routes" => &[
            &[
                "services",
                "services",
                "services",
                "services",
                "requestRedirectPolicy",
                "directResponsePolicy",
            ],
            &["ipAllowPolicy", "ipDenyPolicy"],
        ],
        "virtualhost" => &[&["ipAllowPolicy", "ipDenyPolicy"]],
        "tls" => &[&["secretName", "secretName", "secretName", "secretName", "secretName", "passthrough"]],
        "jwtProviders" => &[&["remoteJWKS", "localJWKS"]],
        "jwtVerificationPolicy" => &[&["require", "disabled"]],
        "requestRedirectPolicy" => &[&["path", "prefix"]],
        "requestHashPolicies" => &[&["headerHashOptions", "queryParameterHashOptions", "hashSourceIP"]],
        "allowedAuthorizationHeaders" | "allowedUpstreamHeaders" => {
            &[&["exact", "prefix", "suffix", "contains"]]
        }
        "entries" => &[&["genericKey", "requestHeader", "requestHeaderValueMatch", "remoteAddress"]],
        "tcpproxy" => &[&["services", "services", "include", "includes"]],
        "port" => &[&["number", "number", "name"]],
        _ => &[],
    }
}

/// Port numbers that somebody listens on, more often than others.
pub(super) fn ports(path: Path<'_>) -> Option<&'static [i64]> {
    match path {
        [.., "services", "port"] | [.., "port", "number"] => Some(&[80, 80, 80, 80, 80, 80, 80, 80, 81]),
        [.., "services", "healthPort"] => Some(&[80, 81]),
        _ => None,
    }
}

/// A list whose elements fit to each other: of the conditions on the path one is enough.
pub(super) fn mended_list(mut items: Vec<Value>, path: Path<'_>) -> Vec<Value> {
    if path.last() == Some(&"conditions") {
        let is_path = |item: &Value| ["prefix", "exact", "regex"].iter().any(|field| !item[field].is_null());
        let mut seen = false;
        items.retain(|item| !is_path(item) || !std::mem::replace(&mut seen, true));
    }
    items
}

/// An object whose fields fit to each other.
pub(super) fn mended(mut object: Value, path: Path<'_>) -> Value {
    match path.last().copied().unwrap_or("") {
        "spec" if object.pointer("/virtualhost/tls").is_none() => without(&mut object, "tcpproxy"),
        "virtualhost" if object.pointer("/tls/secretName").is_none() => without(&mut object, "jwtProviders"),
        "validation" => {
            let name = object["subjectName"].clone();
            if let Some(first) = object.pointer_mut("/subjectNames/0") {
                *first = name;
            }
        }
        "authorization" if object["httpSettings"].is_object() => object["serviceType"] = "http".into(),
        "expectedStatuses" if object["start"].as_i64() >= object["end"].as_i64() => {
            object["end"] = Value::from(object["start"].as_i64().unwrap_or(200).saturating_add(1));
        }
        _ => {}
    }
    object
}

fn without(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove(field);
    }
}
