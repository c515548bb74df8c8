//! Every field of every kind is read, and written as it was.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::read;
use crate::Decoded;
use crate::gateway_api::{
    BackendTlsPolicy, Check, Gateway, GatewayClass, GrpcRoute, HttpRoute, ListenerSet, ReferenceGrant,
    TcpRoute, TlsRoute, UdpRoute, XBackendTrafficPolicy,
};

/// Reads a value that gives every field, and compares what was read with it.
fn check<T: DeserializeOwned + Serialize + JsonSchema + Check>(mut example: Value) {
    example["metadata"] = json!({"name": "a", "namespace": "b"});
    let Decoded { object, unknown, violations } = read::<T>(example.clone());
    assert_eq!((unknown, violations), (Vec::new(), Vec::new()));
    assert_eq!(serde_json::to_value(object).unwrap(), example);
}

fn condition(kind: &str) -> Value {
    json!({
        "type": kind, "status": "True", "reason": kind, "message": "as it should be", "observedGeneration": 3,
        "lastTransitionTime": "2026-11-01T10:00:00Z",
    })
}

fn parent() -> Value {
    json!({
        "group": "gateway.networking.k8s.io", "kind": "ListenerSet", "namespace": "infra", "name": "edge",
        "sectionName": "web", "port": 443,
    })
}

fn backend() -> Value {
    json!({"group": "", "kind": "Service", "name": "shop", "namespace": "shop", "port": 8080})
}

fn weighted() -> Value {
    json!({"group": "", "kind": "Service", "name": "shop", "namespace": "shop", "port": 8080, "weight": 3})
}

fn session() -> Value {
    json!({
        "sessionName": "s", "absoluteTimeout": "1h", "type": "Cookie", "cookieConfig": {"lifetimeType": "Permanent"},
    })
}

fn route_status() -> Value {
    json!({"parents": [
        {"parentRef": parent(), "controllerName": "example.com/c", "conditions": [condition("Accepted")]}
    ]})
}

fn policy_status() -> Value {
    json!({"ancestors": [
        {"ancestorRef": parent(), "controllerName": "example.com/c", "conditions": [condition("Accepted")]}
    ]})
}

fn listener_status() -> Value {
    json!({
        "name": "web", "attachedRoutes": 2, "conditions": [condition("Programmed")],
        "supportedKinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
    })
}

fn selector() -> Value {
    json!({
        "matchLabels": {"tenant": "a"},
        "matchExpressions": [{"key": "stage", "operator": "In", "values": ["live"]}],
    })
}

fn listener() -> Value {
    json!({
        "name": "web", "hostname": "*.example.com", "port": 443, "protocol": "HTTPS",
        "tls": {
            "mode": "Terminate",
            "certificateRefs": [{"group": "", "kind": "Secret", "name": "cert", "namespace": "certs"}],
            "options": {"example.com/versions": "1.3"},
        },
        "allowedRoutes": {
            "namespaces": {"from": "Selector", "selector": selector()},
            "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
        },
    })
}

#[test]
fn a_gateway_class_with_every_field() {
    check::<GatewayClass>(json!({
        "spec": {
            "controllerName": "example.com/gateway",
            "parametersRef": {"group": "example.com", "kind": "Parameters", "name": "p", "namespace": "infra"},
            "description": "for tests",
        },
        "status": {
            "conditions": [condition("Accepted"), condition("SupportedVersion")],
            "supportedFeatures": [{"name": "Gateway"}, {"name": "HTTPRoute"}],
        },
    }));
}

#[test]
fn a_gateway_with_every_field() {
    let authority = json!({"group": "", "kind": "ConfigMap", "name": "ca", "namespace": "certs"});
    let frontend = json!({"validation": {"caCertificateRefs": [authority], "mode": "AllowInsecureFallback"}});
    check::<Gateway>(json!({
        "spec": {
            "gatewayClassName": "c",
            "listeners": [listener()],
            "addresses": [{"type": "Hostname", "value": "gateway.example.com"}],
            "infrastructure": {
                "labels": {"example.com/team": "edge"},
                "annotations": {"note": "for tests"},
                "parametersRef": {"group": "example.com", "kind": "Parameters", "name": "p"},
            },
            "allowedListeners": {"namespaces": {"from": "Selector", "selector": selector()}},
            "tls": {
                "backend": {"clientCertificateRef": {"group": "", "kind": "Secret", "name": "own", "namespace": "certs"}},
                "frontend": {"default": frontend, "perPort": [{"port": 8443, "tls": frontend}]},
            },
            "defaultScope": "All",
        },
        "status": {
            "addresses": [{"type": "IPAddress", "value": "192.0.2.1"}],
            "conditions": [condition("Accepted")],
            "listeners": [listener_status()],
            "attachedListenerSets": 1,
        },
    }));
}

#[test]
fn a_listener_set_with_every_field() {
    check::<ListenerSet>(json!({
        "spec": {
            "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge", "namespace": "infra"},
            "listeners": [listener()],
        },
        "status": {"conditions": [condition("Accepted")], "listeners": [listener_status()]},
    }));
}

/// A rule that goes to backends, with every filter that can stand there.
fn http_rule() -> Value {
    let headers = json!({
        "set": [{"name": "x-a", "value": "1"}], "add": [{"name": "x-b", "value": "2 3"}], "remove": ["x-c"],
    });
    let filters = json!([
        {"type": "RequestHeaderModifier", "requestHeaderModifier": headers},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": headers},
        {"type": "RequestMirror", "requestMirror": {
            "backendRef": backend(), "fraction": {"numerator": 1, "denominator": 1000}}},
        {"type": "RequestMirror", "requestMirror": {"backendRef": backend(), "percent": 5}},
        {"type": "URLRewrite", "urlRewrite": {
            "hostname": "b.example.com", "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/b"}}},
        {"type": "CORS", "cors": {
            "allowOrigins": ["https://*.example.com:8443", "http://example.com"], "allowCredentials": true,
            "allowMethods": ["GET", "PATCH"], "allowHeaders": ["x-a"], "exposeHeaders": ["x-b"], "maxAge": 60}},
        {"type": "ExternalAuth", "externalAuth": {
            "protocol": "HTTP", "backendRef": backend(), "forwardBody": {"maxSize": 1024},
            "http": {"path": "/check", "allowedHeaders": ["cookie"], "allowedResponseHeaders": ["x-user"]}}},
        {"type": "ExternalAuth", "externalAuth": {
            "protocol": "GRPC", "backendRef": backend(), "grpc": {"allowedHeaders": ["cookie"]}}},
        {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Filter", "name": "f"}},
    ]);
    let mut backend = weighted();
    backend["filters"] = filters.clone();
    json!({
        "name": "shop",
        "matches": [{
            "path": {"type": "PathPrefix", "value": "/a"},
            "headers": [{"type": "RegularExpression", "name": "x-a", "value": "[0-9]+"}],
            "queryParams": [{"type": "RegularExpression", "name": "q", "value": ".*"}],
            "method": "GET",
        }],
        "filters": filters,
        "backendRefs": [backend],
        "timeouts": {"request": "10s", "backendRequest": "2s"},
        "retry": {"codes": [502, 503], "attempts": 2, "backoff": "100ms"},
        "sessionPersistence": session(),
    })
}

#[test]
fn an_http_route_with_every_field() {
    check::<HttpRoute>(json!({
        "spec": {
            "parentRefs": [parent()],
            "useDefaultGateways": "All",
            "hostnames": ["*.example.com", "example.com"],
            "rules": [http_rule(), {
                "name": "moved",
                "matches": [{"path": {"type": "Exact", "value": "/old"}}],
                "filters": [{"type": "RequestRedirect", "requestRedirect": {
                    "scheme": "https", "hostname": "example.com", "port": 8443, "statusCode": 308,
                    "path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}}}],
            }],
        },
        "status": route_status(),
    }));
}

#[test]
fn a_grpc_route_with_every_field() {
    let headers = json!({"set": [{"name": "x-a", "value": "1"}]});
    let filters = json!([
        {"type": "RequestHeaderModifier", "requestHeaderModifier": headers},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": headers},
        {"type": "RequestMirror", "requestMirror": {"backendRef": backend(), "percent": 5}},
        {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Filter", "name": "f"}},
    ]);
    let mut backend = weighted();
    backend["filters"] = filters.clone();
    check::<GrpcRoute>(json!({
        "spec": {
            "parentRefs": [parent()],
            "useDefaultGateways": "None",
            "hostnames": ["grpc.example.com"],
            "rules": [{
                "name": "cart",
                "matches": [{
                    "method": {"type": "RegularExpression", "service": "shop\\..*", "method": "Get.*"},
                    "headers": [{"type": "Exact", "name": "version", "value": "two"}],
                }],
                "filters": filters,
                "backendRefs": [backend],
                "sessionPersistence": session(),
            }],
        },
        "status": route_status(),
    }));
}

#[test]
fn a_tls_route_with_every_field() {
    check::<TlsRoute>(json!({
        "spec": {
            "parentRefs": [parent()],
            "useDefaultGateways": "All",
            "hostnames": ["*.example.com", "a.example.com"],
            "rules": [{"name": "all", "backendRefs": [weighted()]}],
        },
        "status": route_status(),
    }));
}

/// TCPRoute and UDPRoute have the same fields.
fn forwarding() -> Value {
    json!({
        "spec": {
            "parentRefs": [parent()],
            "useDefaultGateways": "All",
            "rules": [{"name": "all", "backendRefs": [weighted()]}],
        },
        "status": route_status(),
    })
}

#[test]
fn a_tcp_route_with_every_field() {
    check::<TcpRoute>(forwarding());
}

#[test]
fn a_udp_route_with_every_field() {
    check::<UdpRoute>(forwarding());
}

#[test]
fn a_reference_grant_with_every_field() {
    check::<ReferenceGrant>(json!({"spec": {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}],
        "to": [{"group": "", "kind": "Service", "name": "cart"}],
    }}));
}

#[test]
fn a_backend_tls_policy_with_every_field() {
    check::<BackendTlsPolicy>(json!({
        "spec": {
            "targetRefs": [
                {"group": "", "kind": "Service", "name": "a", "sectionName": "https"},
                {"group": "", "kind": "Service", "name": "a", "sectionName": "grpc"},
            ],
            "validation": {
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}],
                "hostname": "a.example.com",
                "subjectAltNames": [
                    {"type": "Hostname", "hostname": "*.example.com"},
                    {"type": "URI", "uri": "spiffe://example.com/a"},
                ],
            },
            "options": {"example.com/versions": "1.3"},
        },
        "status": policy_status(),
    }));
    check::<BackendTlsPolicy>(json!({"spec": {
        "targetRefs": [{"group": "", "kind": "Service", "name": "a"}],
        "validation": {"wellKnownCACertificates": "System", "hostname": "a.example.com"},
    }}));
}

#[test]
fn a_backend_traffic_policy_with_every_field() {
    check::<XBackendTrafficPolicy>(json!({
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": "a"}],
            "retryConstraint": {
                "budget": {"percent": 30, "interval": "1h"},
                "minRetryRate": {"count": 5, "interval": "1s"},
            },
            "sessionPersistence": session(),
        },
        "status": policy_status(),
    }));
}
