//! The same of the Gateway API: a class, and what may name one another.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Any, flag, list, number, object, text, word};
use crate::objects::{GATEWAY_API as STABLE, gateway_class};

const EXPERIMENTAL: &str = "gateway.networking.x-k8s.io/v1alpha1";

fn host() -> Any {
    word(&["one.example", "two.example", "*.example", "a.b.example", "*.b.example"])
}

fn time() -> Any {
    word(&["0s", "1s", "10m"])
}

fn namespaces() -> Any {
    let selector = object(vec![("matchLabels", 9, object(vec![("a", 5, text())]))]);
    object(vec![("from", 9, word(&["All", "Same", "Selector", "None"])), ("selector", 3, selector)])
}

fn listeners() -> Any {
    let certificate =
        object(vec![("kind", 1, text()), ("name", 10, word(&["cert", "gone"])), ("namespace", 1, text())]);
    let tls = object(vec![
        ("mode", 8, word(&["Terminate", "Passthrough"])),
        ("certificateRefs", 8, list(certificate)),
    ]);
    let kind =
        object(vec![("group", 2, text()), ("kind", 10, word(&["HTTPRoute", "GRPCRoute", "TCPRoute"]))]);
    let allowed = object(vec![("namespaces", 8, namespaces()), ("kinds", 2, list(kind))]);
    list(object(vec![
        ("name", 10, word(&["a", "b", "c"])),
        ("protocol", 10, word(&["HTTP", "HTTPS", "TLS", "TCP", "UDP"])),
        ("port", 10, number()),
        ("hostname", 5, host()),
        ("tls", 5, tls),
        ("allowedRoutes", 3, allowed),
    ]))
}

fn gateway() -> Any {
    let address = object(vec![("type", 5, word(&["IPAddress", "Hostname"])), ("value", 9, text())]);
    object(vec![
        ("gatewayClassName", 10, Just(json!("isobath")).boxed()),
        ("listeners", 10, listeners()),
        ("addresses", 1, list(address)),
        ("allowedListeners", 5, object(vec![("namespaces", 9, namespaces())])),
        ("defaultScope", 1, word(&["All", "None"])),
    ])
}

fn listener_set() -> Any {
    let gateway = object(vec![("kind", 1, text()), ("name", 10, word(&["web"]))]);
    object(vec![("parentRef", 10, gateway), ("listeners", 10, listeners())])
}

fn backend() -> Vec<(&'static str, u32, Any)> {
    vec![
        ("kind", 1, text()),
        ("name", 10, word(&["web", "out", "gone"])),
        ("namespace", 1, text()),
        ("port", 10, number()),
    ]
}

fn header_matches() -> Any {
    let kind = word(&["Exact", "RegularExpression"]);
    list(object(vec![("type", 5, kind), ("name", 10, word(&["x-a", "x-b"])), ("value", 10, text())]))
}

fn filters() -> Any {
    let header = || list(object(vec![("name", 10, text()), ("value", 9, text())]));
    let modifier = || object(vec![("set", 7, header()), ("add", 5, header()), ("remove", 4, list(text()))]);
    let path = || {
        object(vec![
            ("type", 10, word(&["ReplaceFullPath", "ReplacePrefixMatch"])),
            ("replaceFullPath", 5, text()),
            ("replacePrefixMatch", 5, text()),
        ])
    };
    let redirect = object(vec![
        ("scheme", 5, word(&["http", "https"])),
        ("hostname", 4, host()),
        ("path", 4, path()),
        ("port", 4, number()),
        ("statusCode", 4, number()),
    ]);
    let mirror = object(vec![("backendRef", 10, object(backend())), ("percent", 3, number())]);
    let cors = object(vec![
        ("allowOrigins", 9, list(word(&["*", "https://a.example"]))),
        ("allowMethods", 5, list(word(&["*", "GET"]))),
        ("allowCredentials", 3, flag()),
        ("maxAge", 3, number()),
    ]);
    let kinds = [
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestRedirect",
        "URLRewrite",
        "RequestMirror",
        "CORS",
        "ExtensionRef",
    ];
    list(object(vec![
        ("type", 10, prop::sample::select(kinds.to_vec()).prop_map(Value::from).boxed()),
        ("requestHeaderModifier", 4, modifier()),
        ("responseHeaderModifier", 4, modifier()),
        ("requestRedirect", 4, redirect),
        ("urlRewrite", 4, object(vec![("hostname", 5, host()), ("path", 5, path())])),
        ("requestMirror", 4, mirror),
        ("cors", 4, cors),
    ]))
}

fn session() -> Any {
    let config = object(vec![("lifetimeType", 9, word(&["Permanent", "Session"]))]);
    object(vec![
        ("sessionName", 5, text()),
        ("type", 8, word(&["Cookie", "Header"])),
        ("absoluteTimeout", 4, time()),
        ("cookieConfig", 4, config),
    ])
}

/// A route with its parents, and with rules of this kind.
fn route(rule: Any, has_hosts: bool) -> Any {
    let parent = object(vec![
        ("kind", 2, word(&["Gateway", "ListenerSet"])),
        ("name", 10, word(&["web"])),
        ("sectionName", 3, word(&["a", "b", "c"])),
        ("port", 1, number()),
    ]);
    let mut fields = vec![
        ("parentRefs", 10, list(parent)),
        ("useDefaultGateways", 1, word(&["All", "None"])),
        ("rules", 10, list(rule)),
    ];
    if has_hosts {
        fields.push(("hostnames", 6, list(host())));
    }
    object(fields)
}

fn shares(filters: Option<Any>) -> Any {
    let mut backend = backend();
    backend.push(("weight", 4, number()));
    backend.extend(filters.map(|filters| ("filters", 1, filters)));
    list(object(backend))
}

fn http_route() -> Any {
    let path = object(vec![
        ("type", 8, word(&["Exact", "PathPrefix", "RegularExpression"])),
        ("value", 10, word(&["/", "/a", "/a/b", "/b"])),
    ]);
    let matched = object(vec![
        ("path", 8, path),
        ("headers", 3, header_matches()),
        ("queryParams", 3, header_matches()),
        ("method", 2, word(&["GET", "POST"])),
    ]);
    let retry = object(vec![("codes", 5, list(number())), ("attempts", 5, number()), ("backoff", 5, time())]);
    let rule = object(vec![
        ("name", 3, word(&["first", "second"])),
        ("matches", 8, list(matched)),
        ("filters", 4, filters()),
        ("backendRefs", 8, shares(Some(filters()))),
        ("timeouts", 3, object(vec![("request", 5, time()), ("backendRequest", 5, time())])),
        ("retry", 3, retry),
        ("sessionPersistence", 2, session()),
    ]);
    route(rule, true)
}

fn grpc_route() -> Any {
    let method = object(vec![
        ("type", 8, word(&["Exact", "RegularExpression"])),
        ("service", 8, word(&["a.B", "c"])),
        ("method", 8, word(&["D", "E"])),
    ]);
    let matched = object(vec![("method", 8, method), ("headers", 3, header_matches())]);
    let rule = object(vec![("matches", 8, list(matched)), ("backendRefs", 8, shares(None))]);
    route(rule, true)
}

fn forwarding(has_hosts: bool) -> Any {
    route(object(vec![("name", 2, text()), ("backendRefs", 10, shares(None))]), has_hosts)
}

fn targets() -> Any {
    let target = object(vec![
        ("group", 10, word(&[""])),
        ("kind", 10, word(&["Service"])),
        ("name", 10, word(&["web", "out"])),
        ("sectionName", 2, text()),
    ]);
    list(target)
}

fn tls_policy() -> Any {
    let authority = object(vec![
        ("group", 10, word(&[""])),
        ("kind", 10, word(&["ConfigMap", "Secret"])),
        ("name", 10, word(&["ca"])),
    ]);
    let name =
        object(vec![("type", 10, word(&["Hostname", "URI"])), ("hostname", 6, text()), ("uri", 4, text())]);
    let validation = object(vec![
        ("caCertificateRefs", 6, list(authority)),
        ("wellKnownCACertificates", 5, word(&["System"])),
        ("hostname", 10, host()),
        ("subjectAltNames", 3, list(name)),
    ]);
    object(vec![("targetRefs", 10, targets()), ("validation", 10, validation)])
}

fn traffic_policy() -> Any {
    let budget = object(vec![("percent", 8, number()), ("interval", 8, time())]);
    let rate = object(vec![("count", 8, number()), ("interval", 8, time())]);
    let constraint = object(vec![("budget", 8, budget), ("minRetryRate", 8, rate)]);
    object(vec![
        ("targetRefs", 10, targets()),
        ("retryConstraint", 6, constraint),
        ("sessionPersistence", 5, session()),
    ])
}

/// An object of this name, in the namespace `default`.
fn of_kind(version: &'static str, kind: &'static str, name: &'static str, spec: Any) -> Any {
    spec.prop_map(move |spec| crate::objects::object(version, kind, name, spec)).boxed()
}

/// A class of ours with a Gateway and a ListenerSet, and routes and policies of each kind.
pub(super) fn objects() -> Vec<Any> {
    vec![
        Just(gateway_class()).boxed(),
        of_kind(STABLE, "Gateway", "web", gateway()),
        of_kind(STABLE, "ListenerSet", "web", listener_set()),
        of_kind(STABLE, "HTTPRoute", "a", http_route()),
        of_kind(STABLE, "HTTPRoute", "b", http_route()),
        of_kind(STABLE, "GRPCRoute", "a", grpc_route()),
        of_kind(STABLE, "GRPCRoute", "b", grpc_route()),
        of_kind(STABLE, "TLSRoute", "a", forwarding(true)),
        of_kind(STABLE, "TCPRoute", "a", forwarding(false)),
        of_kind(STABLE, "UDPRoute", "a", forwarding(false)),
        of_kind(STABLE, "BackendTLSPolicy", "a", tls_policy()),
        of_kind(STABLE, "BackendTLSPolicy", "b", tls_policy()),
        of_kind(EXPERIMENTAL, "XBackendTrafficPolicy", "a", traffic_policy()),
    ]
}
