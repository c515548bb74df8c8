//! The same by an object.

use api::ContourConfigurationSpec;
use config::{Finding, Origin, Sources};
use model::{Problem, Severity};
use serde_json::json;

use crate::{document, file, good, say};

fn object(spec: serde_json::Value) -> (config::Configuration, Vec<String>) {
    let (spec, unknown): (ContourConfigurationSpec, _) =
        api::decode::part(spec).expect("fields of the object");
    assert_eq!(unknown, Vec::<String>::new());
    let (configuration, faults) = config::of_object(spec);
    (configuration, faults.iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect())
}

#[test]
fn an_object_says_what_a_file_says() {
    let text = "tls: {minimum-protocol-version: '1.3'}\nnetwork: {num-trusted-hops: 1}\ntimeouts: {request-timeout: 5s}\n";
    let spec = json!({
        "envoy": {
            "listener": {"tls": {"minimumProtocolVersion": "1.3"}},
            "network": {"numTrustedHops": 1},
            "timeouts": {"requestTimeout": "5s"}
        }
    });
    assert_eq!(object(spec), (good(text), vec![]));
}

#[test]
fn faults_of_an_object_name_its_fields() {
    let spec = json!({
        "envoy": {"http": {"port": 0}, "listener": {"tls": {"maximumProtocolVersion": "1.1"}}},
        "httpproxy": {"fallbackCertificate": {"name": "x"}}
    });
    assert_eq!(
        object(spec).1,
        [
            "spec.envoy.http.port: found 0, allowed are 1 to 65535",
            "spec.httpproxy.fallbackCertificate: has a name and no namespace; both are needed",
            "spec.envoy.listener.tls.maximumProtocolVersion: found \"1.1\", allowed are 1.2, 1.3",
        ]
    );
}

/// A manifest in the place of the file.
fn manifest(spec: &str) -> String {
    format!(
        "apiVersion: projectcontour.io/v1alpha1\nkind: ContourConfiguration\nmetadata: {{name: contour}}\nspec:\n{spec}"
    )
}

#[test]
fn a_manifest_says_what_a_file_says() {
    let spec = "  envoy:\n    listener: {tls: {minimumProtocolVersion: '1.3'}}\n    network: {numTrustedHops: 1, adminPort: 0}\n";
    let text = "tls: {minimum-protocol-version: '1.3'}\nnetwork: {num-trusted-hops: 1, admin-port: 0}\n";
    assert_eq!(good(&manifest(spec)), good(text));
    assert_eq!(good(text).settings.admin_port, None, "a zero is a zero");
}

#[test]
fn what_is_wrong_in_a_manifest_is_shown_where_it_is() {
    let rendered = |text: &str| crate::rendered(&file(text));
    let spec = "  envoy:\n    listener: {useProxyProtocoll: true}\n    http: {port: 0}\n    defaultHTTPVersions: [HTTP/3]\n";
    let found = rendered(&manifest(spec));
    for expected in [
        "error: spec.envoy.listener.useProxyProtocoll: is not a key of the configuration\n --> config.yaml:6:16",
        "error: spec.envoy.http.port: found 0, allowed are 1 to 65535\n --> config.yaml:7:18",
        "error: spec.envoy.defaultHTTPVersions[0]: found \"HTTP/3\", allowed are HTTP/1.1, HTTP/2\n --> config.yaml:8:27",
    ] {
        assert!(found.contains(expected), "{found}");
    }
    assert!(rendered("kind: HTTPProxy\nspec: {}\n").contains("error: kind: expected ContourConfiguration"));
}

/// The fields of a schema that hold no others of their own, or have a key.
#[test]
fn its_status_says_what_is_wrong_with_it_and_nothing_of_flags() {
    let spec = "  envoy: {listener: {tls: {minimumProtocolVersion: '1.3', maximumProtocolVersion: '1.2'}}}\n  featureFlags: [x]\n";
    let mut sources = Sources::default();
    sources.file(document(&manifest(spec)));
    say(&mut sources, "xds-port", &["none"], Origin::Flag);
    let problems = sources.check().findings.iter().filter_map(Finding::of_object).collect::<Vec<_>>();
    let said = |problem: &Problem| (problem.severity, problem.path.clone(), problem.message.clone());
    let newer = "is newer than the newest version that is allowed";
    assert_eq!(
        problems.iter().map(said).collect::<Vec<_>>(),
        [
            (Severity::Error, "spec.envoy.listener.tls.minimumProtocolVersion".into(), newer.into()),
            (Severity::Warning, "spec.featureFlags".into(), "does nothing".into()),
        ]
    );
}

fn leaves(schema: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    let is_key = config::keys().any(|key| key.path == path);
    match schema["properties"].as_object().filter(|_| !is_key) {
        Some(fields) => {
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{path}.{name}"), found));
        }
        None => found.push(path.to_owned()),
    }
}

#[test]
fn every_field_of_the_object_has_a_key_and_every_key_a_field() {
    let definitions = api::crd::definitions();
    let of_kind = |each: &&serde_json::Value| each["spec"]["names"]["kind"] == "ContourConfiguration";
    let definition = definitions.iter().find(of_kind).expect("it is defined");
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut fields = Vec::new();
    leaves(schema, "spec", &mut fields);
    let mut keys: Vec<_> =
        config::keys().map(|key| key.path).filter(|path| path.starts_with("spec.")).collect();
    keys.sort_unstable();
    fields.sort_unstable();
    assert_eq!(fields, keys);
}
