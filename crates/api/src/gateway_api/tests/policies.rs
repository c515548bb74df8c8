//! What is refused of policies.

use serde_json::{Value, json};

use super::refused;
use crate::gateway_api::{BackendTlsPolicy, XBackendTrafficPolicy};

fn tls(mut spec: Value) -> Vec<String> {
    if spec.get("targetRefs").is_none() {
        spec["targetRefs"] = json!([{"group": "", "kind": "Service", "name": "a"}]);
    }
    if spec.get("validation").is_none() {
        spec["validation"] = json!({"wellKnownCACertificates": "System", "hostname": "a.example"});
    }
    refused::<BackendTlsPolicy>(&spec)
}

#[test]
fn targets_are_named_once() {
    let target = |name: &str, section: Option<&str>| match section {
        None => json!({"group": "", "kind": "Service", "name": name}),
        Some(section) => json!({"group": "", "kind": "Service", "name": name, "sectionName": section}),
    };
    let targets = [
        target("a", None),
        target("b", Some("x")),
        target("b", Some("y")),
        target("a", Some("x")),
        target("b", Some("x")),
    ];
    assert_eq!(
        tls(json!({"targetRefs": targets})),
        [
            "targetRefs[3]: names the target of targetRefs[0]; each must have a sectionName of its own",
            "targetRefs[4]: names the target of targetRefs[1]; each must have a sectionName of its own",
        ]
    );
}

#[test]
fn authorities_come_from_one_place() {
    let reference = json!([{"group": "", "kind": "ConfigMap", "name": "ca"}]);
    let validation = |validation: Value| tls(json!({"validation": validation}));
    assert_eq!(
        validation(
            json!({"hostname": "a.example", "caCertificateRefs": reference, "wellKnownCACertificates": "System"})
        ),
        ["validation: caCertificateRefs and wellKnownCACertificates are given; exactly one is needed"]
    );
    assert_eq!(
        validation(json!({"hostname": "a.example"})),
        ["validation: none is given of caCertificateRefs, wellKnownCACertificates; exactly one is needed"]
    );
    assert_eq!(
        validation(json!({"hostname": "*.a.example", "wellKnownCACertificates": "Mozilla"})),
        [
            "validation.wellKnownCACertificates: found \"Mozilla\", expected System, or a name with a domain",
            "validation.hostname: found \"*.a.example\", expected a lower-case DNS name",
        ]
    );
}

#[test]
fn names_of_certificates_are_of_one_type() {
    let names = json!([
        {"type": "Hostname", "uri": "spiffe://a/b"},
        {"type": "URI", "uri": "a", "hostname": "a.example"},
        {"type": "IP"},
    ]);
    assert_eq!(
        tls(
            json!({"validation": {"wellKnownCACertificates": "System", "hostname": "a.example", "subjectAltNames": names}})
        ),
        [
            "validation.subjectAltNames[1].uri: found \"a\", expected a URI such as spiffe://example.com/service",
            "validation.subjectAltNames[2].type: found \"IP\", allowed are Hostname, URI",
            "validation.subjectAltNames[0].hostname: is required for the type Hostname",
            "validation.subjectAltNames[0].uri: is for the type URI only",
            "validation.subjectAltNames[1].hostname: is for the type Hostname only",
        ]
    );
}

#[test]
fn retries_are_counted_over_a_second_to_an_hour() {
    let policy = |constraint: Value| {
        let target = json!({"group": "", "kind": "Service", "name": "a"});
        refused::<XBackendTrafficPolicy>(&json!({"targetRefs": [target], "retryConstraint": constraint}))
    };
    assert_eq!(
        policy(json!({"budget": {"interval": "3600s"}, "minRetryRate": {"interval": "1ms"}})),
        Vec::<String>::new()
    );
    assert_eq!(
        policy(
            json!({"budget": {"percent": 101, "interval": "999ms"}, "minRetryRate": {"count": 0, "interval": "61m"}})
        ),
        [
            "retryConstraint.budget.percent: found 101, allowed are 0 to 100",
            "retryConstraint.minRetryRate.count: found 0, allowed are 1 to 1000000",
            "retryConstraint.budget.interval: found \"999ms\", allowed are 1s to 1h",
            "retryConstraint.minRetryRate.interval: found \"61m\", allowed are more than 0s and at most 1h",
        ]
    );
    assert_eq!(
        policy(json!({"minRetryRate": {"interval": "0s"}})),
        ["retryConstraint.minRetryRate.interval: found \"0s\", allowed are more than 0s and at most 1h"]
    );
}

#[test]
fn a_service_has_one_policy_of_an_object() {
    let target = json!({"group": "", "kind": "Service", "name": "a"});
    assert_eq!(
        refused::<XBackendTrafficPolicy>(&json!({"targetRefs": [target, target]})),
        ["targetRefs[1]: has the group, kind, name of [0]; it must differ"]
    );
}

#[test]
fn sessions_say_how_long_they_last() {
    let session = |session: Value| {
        let target = json!({"group": "", "kind": "Service", "name": "a"});
        refused::<XBackendTrafficPolicy>(&json!({"targetRefs": [target], "sessionPersistence": session}))
    };
    assert_eq!(
        session(json!({"type": "Header", "cookieConfig": {"lifetimeType": "Permanent"}})),
        [
            "sessionPersistence.absoluteTimeout: is required when cookieConfig.lifetimeType is Permanent",
            "sessionPersistence.cookieConfig: is for the type Cookie only",
        ]
    );
    assert_eq!(
        session(json!({"sessionName": "n".repeat(129), "absoluteTimeout": "1d", "type": "URL"})),
        [
            "sessionPersistence.sessionName: is 129 characters long, allowed are 1 to 128",
            "sessionPersistence.absoluteTimeout: found \"1d\", expected a duration such as 10s, 1m30s or 500ms, of whole numbers up to 99999",
            "sessionPersistence.type: found \"URL\", allowed are Cookie, Header",
        ]
    );
}
