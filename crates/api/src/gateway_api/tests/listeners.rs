//! What is refused of classes, Gateways and ListenerSets.

use serde_json::{Value, json};

use super::refused;
use crate::gateway_api::{Gateway, GatewayClass, ListenerSet};

fn gateway(mut spec: Value) -> Vec<String> {
    spec["gatewayClassName"] = json!("c");
    if spec.get("listeners").is_none() {
        spec["listeners"] = json!([{"name": "web", "port": 80, "protocol": "HTTP"}]);
    }
    refused::<Gateway>(&spec)
}

fn listener(listener: &Value) -> Vec<String> {
    let mut whole = json!({"name": "a", "port": 443});
    whole.as_object_mut().unwrap().extend(listener.as_object().unwrap().clone());
    let found = gateway(json!({"listeners": [whole]}));
    found.iter().map(|text| text.strip_prefix("listeners[0].").unwrap_or(text).to_owned()).collect()
}

#[test]
fn a_controller_has_a_domain() {
    let class = |name: &str| refused::<GatewayClass>(&json!({"controllerName": name}));
    assert_eq!(class("example.com/a/B"), Vec::<String>::new());
    assert_eq!(
        class("gateway"),
        ["controllerName: found \"gateway\", expected a name with a domain, such as example.com/controller"]
    );
    assert_eq!(
        refused::<GatewayClass>(&json!({
            "controllerName": "a/b", "description": "x".repeat(65), "parametersRef": {"group": "A", "kind": "1"},
        })),
        [
            "parametersRef.group: found \"A\", expected a lower-case DNS name, or nothing for the core group",
            "parametersRef.kind: found \"1\", expected a name of letters, digits and \"-\"",
            "parametersRef.name: is required",
            "description: is 65 characters long, allowed are 1 to 64",
        ]
    );
}

#[test]
fn protocols_say_what_goes_with_them() {
    let cert = json!([{"name": "cert"}]);
    for good in [
        json!({"protocol": "HTTPS", "tls": {"certificateRefs": cert}}),
        json!({"protocol": "HTTPS"}),
        json!({"protocol": "TLS", "tls": {"mode": "Passthrough"}}),
        json!({"protocol": "TCP"}),
        json!({"protocol": "projectcontour.io/https", "tls": {"options": {"a": "b"}}}),
    ] {
        assert_eq!(listener(&good), Vec::<String>::new(), "{good}");
    }
    for (bad, why) in [
        (
            json!({"protocol": "HTTP", "tls": {"certificateRefs": cert}}),
            "tls: is not for the protocols HTTP, TCP and UDP",
        ),
        (
            json!({"protocol": "UDP", "hostname": "a.example"}),
            "hostname: is not for the protocols TCP and UDP",
        ),
        (
            json!({"protocol": "HTTPS", "tls": {"mode": "Passthrough"}}),
            "tls.mode: must be Terminate for the protocol HTTPS",
        ),
        (json!({"protocol": "TLS"}), "tls: is required for the protocol TLS; say in tls.mode where TLS ends"),
        (
            json!({"protocol": "HTTPS", "tls": {}}),
            "tls.certificateRefs: is required when the mode is Terminate, at least one is needed",
        ),
        (
            json!({"protocol": "h t"}),
            "protocol: found \"h t\", expected HTTP, HTTPS, TLS, TCP, UDP, or a name with a domain",
        ),
        (json!({"protocol": "HTTP", "port": 0}), "port: found 0, allowed are 1 to 65535"),
        (
            json!({"protocol": "HTTP", "hostname": "A"}),
            "hostname: found \"A\", expected a lower-case DNS name, one leading \"*.\" allowed",
        ),
        (
            json!({"protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "None"}}}),
            "allowedRoutes.namespaces.from: found \"None\", allowed are All, Selector, Same",
        ),
    ] {
        assert_eq!(listener(&bad), [why]);
    }
}

#[test]
fn listeners_differ_in_name_and_place() {
    let listeners = json!([
        {"name": "a", "port": 80, "protocol": "HTTP"},
        {"name": "a", "port": 81, "protocol": "HTTP"},
        {"name": "b", "port": 80, "protocol": "HTTP", "hostname": "a.example"},
        {"name": "c", "port": 80, "protocol": "HTTP"},
        {"name": "d", "port": 80, "protocol": "TCP"},
    ]);
    let expected = [
        "listeners[1]: has the name of [0]; it must differ",
        "listeners[3]: has the port, protocol and hostname of listeners[0]; one of them must differ",
    ];
    assert_eq!(gateway(json!({"listeners": listeners})), expected);
    assert_eq!(
        refused::<ListenerSet>(&json!({"parentRef": {"name": "g"}, "listeners": listeners})),
        expected
    );
    let many: Vec<Value> =
        (1..=65).map(|port| json!({"name": format!("l{port}"), "port": port, "protocol": "HTTP"})).collect();
    assert_eq!(gateway(json!({"listeners": many})), ["listeners: has 65 elements, allowed are 1 to 64"]);
}

#[test]
fn addresses_are_what_their_type_says() {
    let address = |addresses: Value| gateway(json!({"addresses": addresses}));
    assert_eq!(
        address(json!([
            {"value": "192.0.2.1"}, {"value": "2001:db8::1"}, {"type": "Hostname", "value": "*.a.example"}, {"type": "Hostname"},
            {"type": "NamedAddress", "value": "a"}, {"type": "NamedAddress", "value": "a"}, {"type": "example.com/zone", "value": "?"},
        ])),
        Vec::<String>::new()
    );
    assert_eq!(
        address(json!([
            {"value": "192.0.2.256"}, {"type": "Hostname", "value": "A"}, {"type": "zone", "value": "a"},
            {"value": "192.0.2.1"}, {"type": "IPAddress", "value": "192.0.2.1"},
        ])),
        [
            "addresses[2].type: found \"zone\", expected IPAddress, Hostname, NamedAddress, or a name with a domain",
            "addresses[0].value: found \"192.0.2.256\", expected an IP address",
            "addresses[1].value: found \"A\", expected a lower-case DNS name, one leading \"*.\" allowed",
            "addresses[4]: is the same as addresses[3]",
        ]
    );
}

#[test]
fn labels_and_annotations_are_those_of_kubernetes() {
    let long = "x".repeat(64);
    let labels: serde_json::Map<String, Value> = (0..7)
        .map(|n| (format!("l{n}"), json!("v")))
        .chain([("a/b/c".to_owned(), json!("-")), (long.clone(), json!(""))])
        .collect();
    assert_eq!(
        gateway(json!({"infrastructure": {"labels": labels, "annotations": {"example.com/a": "any text?", "-": ""}}})),
        [
            "infrastructure.labels: has 9 entries, allowed are 0 to 8".to_owned(),
            "infrastructure.labels.a/b/c: found \"-\", expected letters, digits, \"-\", \"_\" and \".\", the first and the last neither of the three".to_owned(),
            "infrastructure.labels.a/b/c: is no key: expected up to 63 letters, digits, \"-\", \"_\" and \".\", behind a DNS name and \"/\" or without".to_owned(),
            format!("infrastructure.labels.{long}: is no key: expected up to 63 letters, digits, \"-\", \"_\" and \".\", behind a DNS name and \"/\" or without"),
            "infrastructure.annotations.-: is no key: expected up to 63 letters, digits, \"-\", \"_\" and \".\", behind a DNS name and \"/\" or without".to_owned(),
        ]
    );
}

#[test]
fn ports_have_one_tls_each() {
    let validation = json!({"validation": {"caCertificateRefs": []}});
    assert_eq!(
        gateway(json!({"tls": {"frontend": {
            "default": validation, "perPort": [{"port": 1, "tls": {}}, {"port": 2, "tls": {}}, {"port": 1, "tls": {}}]}}})),
        [
            "tls.frontend.default.validation.caCertificateRefs: is empty, at least one is needed",
            "tls.frontend.perPort[2]: has the port of [0]; it must differ",
        ]
    );
}
