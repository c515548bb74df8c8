//! The same by an object.

use api::ContourConfigurationSpec;
use serde_json::json;

use crate::good;

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
