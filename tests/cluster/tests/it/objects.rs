//! Objects that several tests make.

use std::collections::BTreeMap;

use certs::{GatewayCa, Identity};
use k8s_openapi::ByteString;
use kubernetes::GATEWAY_CA;
use serde_json::{Value, json};

/// A Secret of a type, with these texts.
pub(crate) fn secret(name: &str, kind: &str, texts: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "stringData": texts})
}

/// The Secret with the CA of Gateways.
pub(crate) fn gateway_ca(ca: &GatewayCa) -> Value {
    let data: BTreeMap<_, _> = ca.data().into_iter().map(|(key, value)| (key, ByteString(value))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": GATEWAY_CA}, "data": data})
}

/// The texts of a Secret with a certificate and its key.
pub(crate) fn pair(identity: &Identity) -> Value {
    json!({"tls.crt": identity.certificate, "tls.key": identity.key.expose()})
}

/// A root HTTPProxy: the host NAME.example with these further fields, and one route.
pub(crate) fn http_proxy(name: &str, mut host: Value, route: &Value) -> Value {
    host["fqdn"] = json!(format!("{name}.example"));
    json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": name},
        "spec": {"virtualhost": host, "routes": [route]},
    })
}
