//! What the definitions of the API fill in, and what stays readable although it is wrong.

use serde_json::{Value, json};

use super::{filled, read, refused};
use crate::gateway_api::{
    BackendTlsPolicy, Gateway, GatewayClass, GrpcRoute, HttpRoute, ListenerSet, ReferenceGrant, TcpRoute,
    TlsRoute, UdpRoute, XBackendTrafficPolicy,
};

#[test]
fn a_gateway_takes_routes_of_its_own_namespace() {
    assert_eq!(
        filled::<Gateway>(&json!({
            "gatewayClassName": "c",
            "listeners": [
                {"name": "web", "port": 80, "protocol": "HTTP"},
                {"name": "tls", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cert"}]},
                 "allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}]}},
            ],
            "addresses": [{"value": "192.0.2.1"}],
            "allowedListeners": {},
            "tls": {"frontend": {"default": {"validation": {
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}]}}}},
        })),
        json!({
            "gatewayClassName": "c",
            "listeners": [
                {"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}},
                {"name": "tls", "port": 443, "protocol": "HTTPS",
                 "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": "cert"}]},
                 "allowedRoutes": {"namespaces": {"from": "Same"},
                                   "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]}},
            ],
            "addresses": [{"type": "IPAddress", "value": "192.0.2.1"}],
            "allowedListeners": {"namespaces": {"from": "None"}},
            "tls": {"frontend": {"default": {"validation": {
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}], "mode": "AllowValidOnly"}}}},
        })
    );
}

#[test]
fn a_listener_set_adds_to_a_gateway() {
    assert_eq!(
        filled::<ListenerSet>(&json!({
            "parentRef": {"name": "edge"}, "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}],
        })),
        json!({
            "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"},
            "listeners": [
                {"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}},
            ],
        })
    );
}

const EVERY_PATH: &str = r#"[{"path": {"type": "PathPrefix", "value": "/"}}]"#;

#[test]
fn an_http_route_matches_every_path() {
    let every_path: Value = serde_json::from_str(EVERY_PATH).unwrap();
    assert_eq!(filled::<HttpRoute>(&json!({})), json!({"rules": [{"matches": every_path}]}));
    assert_eq!(
        filled::<HttpRoute>(&json!({
            "parentRefs": [{"name": "edge"}],
            "rules": [
                {"backendRefs": [{"name": "a", "port": 80}]},
                {"matches": [], "timeouts": {}, "sessionPersistence": {}},
                {"matches": [{"path": {"value": "/a"}, "headers": [{"name": "x", "value": "1"}],
                              "queryParams": [{"name": "q", "value": "1"}]},
                             {"path": {"type": "Exact"}}],
                 "filters": [
                    {"type": "CORS", "cors": {}},
                    {"type": "RequestMirror", "requestMirror": {
                        "backendRef": {"name": "b", "port": 80}, "fraction": {"numerator": 5}}}]},
                {"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]},
            ],
        })),
        json!({
            "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}],
            "rules": [
                {"matches": every_path,
                 "backendRefs": [{"group": "", "kind": "Service", "name": "a", "port": 80, "weight": 1}]},
                {"matches": [], "timeouts": {}, "sessionPersistence": {"type": "Cookie"}},
                {"matches": [{"path": {"type": "PathPrefix", "value": "/a"},
                              "headers": [{"type": "Exact", "name": "x", "value": "1"}],
                              "queryParams": [{"type": "Exact", "name": "q", "value": "1"}]},
                             {"path": {"type": "Exact", "value": "/"}}],
                 "filters": [
                    {"type": "CORS", "cors": {"maxAge": 5}},
                    {"type": "RequestMirror", "requestMirror": {
                        "backendRef": {"group": "", "kind": "Service", "name": "b", "port": 80},
                        "fraction": {"numerator": 5, "denominator": 100}}}]},
                {"matches": every_path,
                 "filters": [{"type": "RequestRedirect", "requestRedirect": {"statusCode": 302}}]},
            ],
        })
    );
}

#[test]
fn a_grpc_route_needs_no_rules() {
    assert_eq!(filled::<GrpcRoute>(&json!({})), json!({}));
    assert_eq!(
        filled::<GrpcRoute>(&json!({"rules": [{
            "matches": [{"method": {"service": "shop.v1.Cart"}, "headers": [{"name": "x", "value": "1"}]}],
            "sessionPersistence": {"cookieConfig": {}},
        }]})),
        json!({"rules": [{
            "matches": [{
                "method": {"type": "Exact", "service": "shop.v1.Cart"},
                "headers": [{"type": "Exact", "name": "x", "value": "1"}],
            }],
            "sessionPersistence": {"type": "Cookie", "cookieConfig": {"lifetimeType": "Session"}},
        }]})
    );
}

#[test]
fn backends_are_services_of_weight_one() {
    let spec = json!({"rules": [{"backendRefs": [{"name": "a", "port": 80}]}]});
    let whole = json!({"rules": [{"backendRefs": [
        {"group": "", "kind": "Service", "name": "a", "port": 80, "weight": 1}
    ]}]});
    assert_eq!(filled::<TcpRoute>(&spec), whole);
    assert_eq!(filled::<UdpRoute>(&spec), whole);
}

#[test]
fn a_retry_constraint_allows_a_fifth_and_ten_in_a_second() {
    let policy = |constraint: Value| {
        let spec = json!({"targetRefs": [{"group": "", "kind": "Service", "name": "a"}], "retryConstraint": constraint});
        filled::<XBackendTrafficPolicy>(&spec)["retryConstraint"].take()
    };
    let budget = json!({"percent": 20, "interval": "10s"});
    assert_eq!(policy(json!({})), json!({"budget": budget, "minRetryRate": {"count": 10, "interval": "1s"}}));
    assert_eq!(
        policy(json!({"budget": {"percent": 0}, "minRetryRate": {"count": 3}})),
        json!({"budget": {"percent": 0, "interval": "10s"}, "minRetryRate": {"count": 3}})
    );
}

#[test]
fn what_is_required_is_named() {
    assert_eq!(refused::<GatewayClass>(&json!({})), ["controllerName: is required"]);
    assert_eq!(
        refused::<Gateway>(&json!({})),
        ["gatewayClassName: is required", "listeners: is required, at least one is needed"]
    );
    assert_eq!(
        refused::<ListenerSet>(&json!({"listeners": [{}]})),
        [
            "parentRef: is required",
            "listeners[0].name: is required",
            "listeners[0].port: is required",
            "listeners[0].protocol: is required",
        ]
    );
    assert_eq!(
        refused::<ReferenceGrant>(&json!({"from": [{}], "to": []})),
        [
            "from[0].group: is required",
            "from[0].kind: is required",
            "from[0].namespace: is required",
            "to: is empty, at least one is needed",
        ]
    );
    assert_eq!(
        refused::<TlsRoute>(&json!({})),
        ["hostnames: is required, at least one is needed", "rules: is required, at least one is needed"]
    );
    assert_eq!(refused::<TcpRoute>(&json!({})), ["rules: is required, at least one is needed"]);
    assert_eq!(
        refused::<BackendTlsPolicy>(&json!({})),
        ["targetRefs: is required, at least one is needed", "validation: is required",]
    );
}

#[test]
fn a_filter_of_a_later_release_leaves_the_rest_readable() {
    let spec = json!({"rules": [
        {"filters": [{"type": "Compress"}]},
        {"backendRefs": [{"name": "a", "port": 80}]},
    ]});
    let route = read::<HttpRoute>(json!({"metadata": {"name": "a"}, "spec": spec})).object;
    assert_eq!(route.spec.rules[0].filters[0].r#type.as_str(), "Compress");
    assert_eq!(route.spec.rules[1].backend_refs[0].name, "a");
    assert_eq!(
        refused::<HttpRoute>(&spec),
        [
            "rules[0].filters[0].type: found \"Compress\", allowed are RequestHeaderModifier, ResponseHeaderModifier, \
             RequestMirror, RequestRedirect, URLRewrite, ExtensionRef, CORS, ExternalAuth"
        ]
    );
}

#[test]
fn unknown_fields_are_found_with_their_paths() {
    let route = json!({"metadata": {"name": "a"}, "spec": {
        "parentRefs": [{"name": "edge", "gateway": "x"}],
        "rules": [{"match": [], "filters": [{"type": "CORS", "cors": {"allowOrigin": []}}]}],
    }});
    assert_eq!(
        read::<HttpRoute>(route).unknown,
        ["spec.parentRefs[0].gateway", "spec.rules[0].match", "spec.rules[0].filters[0].cors.allowOrigin"]
    );
    let route = json!({"metadata": {"name": "a"}, "spec": {"rules": [{"backendRefs": [{"name": "a", "filters": []}]}]}});
    assert_eq!(read::<TcpRoute>(route).unknown, ["spec.rules[0].backendRefs[0].filters"]);
}
