//! What a fresh Envoy starts from.

use envoy::XdsMode;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, Node, SecretFile, XdsTls, bootstrap, secret_files};
use envoy::message_to_json;
use insta::assert_yaml_snapshot;
use model::DnsFamily;
use serde_json::{Value, json};

fn rendered(options: &BootstrapOptions) -> Value {
    message_to_json(&bootstrap(options))
}

fn tls(resources_dir: Option<&str>) -> Option<XdsTls> {
    Some(XdsTls {
        ca: "/certs/ca.crt".into(),
        certificate: "/certs/tls.crt".into(),
        key: "/certs/tls.key".into(),
        resources_dir: resources_dir.map(Into::into),
    })
}

#[test]
fn the_defaults() {
    assert_yaml_snapshot!(rendered(&BootstrapOptions::new()));
}

#[test]
fn everything_with_files() {
    let options = BootstrapOptions {
        node: Some(Node { id: "envoy-1".into(), cluster: "edge".into() }),
        mode: XdsMode::Sotw,
        xds_address: "isobath.projectcontour".into(),
        xds_port: 18000,
        tls: tls(None),
        admin: AdminAddress::Loopback(19000),
        dns_family: DnsFamily::V4,
        max_heap_bytes: Some(1 << 30),
        max_downstream_connections: Some(50_000),
        ..BootstrapOptions::new()
    };
    assert_eq!(secret_files(&options), []);
    assert_yaml_snapshot!(rendered(&options));
}

#[test]
fn certificates_that_rotate_come_from_secret_files() {
    let options = BootstrapOptions { tls: tls(Some("/resources/")), ..BootstrapOptions::new() };
    let mut json = rendered(&options);
    let contents: Vec<_> =
        secret_files(&options).into_iter().map(|SecretFile { path, content }| (path, content)).collect();
    let socket = json["static_resources"]["clusters"][0]["transport_socket"].take();
    assert_yaml_snapshot!((socket, contents));
}

#[test]
fn each_mode_has_its_streams() {
    let streams = |mode| {
        let json = rendered(&BootstrapOptions { mode, ..BootstrapOptions::new() });
        let resources = &json["dynamic_resources"];
        let ads = &resources["ads_config"]["api_type"];
        let single = &resources["lds_config"]["api_config_source"]["api_type"];
        (ads.clone(), single.clone(), resources["lds_config"] == resources["cds_config"])
    };
    assert_eq!(streams(XdsMode::AdsDelta), (json!("DELTA_GRPC"), Value::Null, true));
    assert_eq!(streams(XdsMode::AdsSotw), (json!("GRPC"), Value::Null, true));
    assert_eq!(streams(XdsMode::Delta), (Value::Null, json!("DELTA_GRPC"), true));
    assert_eq!(streams(XdsMode::Sotw), (Value::Null, json!("GRPC"), true));
}
