use serde_json::Value;

use crate::command::{quickstart_with, run, run_in};

/// The type and name of each resource, a line each.
fn summary(answer: &Value) -> String {
    let line = |resource: &Value| {
        let kind = resource["@type"].as_str().unwrap().rsplit('.').next().unwrap();
        let name = resource["name"].as_str().or(resource["cluster_name"].as_str()).unwrap();
        format!("{kind} {}\n", without_hash(name))
    };
    answer["resources"].as_array().unwrap().iter().map(line).collect()
}

/// Names of clusters end in a hash of all that they are.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((front, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => front,
        _ => name,
    }
}

#[test]
fn the_quickstart_becomes_these_resources_by_contours_names() {
    let ended = run(&["translate", "examples/quickstart", "-o", "json", "--route-layout=table"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(summary(&answer), GOLDEN);
}

const GOLDEN: &str = "\
Secret quickstart/secure-localtest-example
ClusterLoadAssignment quickstart/blue/http
ClusterLoadAssignment quickstart/green/http
ClusterLoadAssignment quickstart/vault/https
ClusterLoadAssignment reports/reports/http
Cluster quickstart/blue/80
Cluster quickstart/green/80
Cluster quickstart/vault/443
Cluster reports/reports/8000
RouteConfiguration https/secure.localtest.example
RouteConfiguration ingress_http
Listener envoy-admin
Listener ingress_http
Listener ingress_https
Listener stats-health
Runtime dynamic
";

#[test]
fn yaml_and_json_say_the_same() {
    let json: Value =
        serde_json::from_str(&run(&["translate", "examples/quickstart", "-o", "json"]).out).unwrap();
    let yaml: Value = serde_saphyr::from_str(&run(&["translate", "examples/quickstart"]).out).unwrap();
    assert_eq!(summary(&yaml), summary(&json));
}

#[test]
fn the_bootstrap_is_added_on_request_only() {
    let with = run(&["translate", "examples/quickstart", "-o", "json", "--bootstrap"]);
    let with: Value = serde_json::from_str(&with.out).unwrap();
    assert!(with["bootstrap"]["dynamic_resources"].is_object());
    let without = run(&["translate", "examples/quickstart", "-o", "json"]);
    let without: Value = serde_json::from_str(&without.out).unwrap();
    assert_eq!(without.get("bootstrap"), None);
}

#[test]
fn private_keys_are_not_shown() {
    let ended = run(&["translate", "examples/quickstart", "-o", "json"]);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    let secrets = answer["resources"].as_array().unwrap();
    let secret = secrets.iter().find(|each| !each["tls_certificate"].is_null()).expect("a Secret");
    assert_eq!(secret["tls_certificate"]["private_key"]["inline_string"], "[redacted]");
}

#[test]
fn problems_go_to_standard_error_and_the_rest_is_translated() {
    let copy = quickstart_with("http.yaml", |text| text.replace("port: 80", "port: eighty"));
    let ended = run_in(copy.path(), &["translate", ".", "-o", "json"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("found string \"eighty\", expected a whole number"), "{}", ended.err);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(answer.to_string().contains("split.localtest.example"));
}
