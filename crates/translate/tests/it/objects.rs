//! Objects from values, in the namespace `default`.

use model::{Kind, ObjectId, Settings};
use serde_json::{Value, json};

use crate::world::World;

pub(crate) const GATEWAY_API: &str = "gateway.networking.k8s.io/v1";

/// A world of objects; one that no API server would decode is left out.
pub(crate) fn world(objects: impl IntoIterator<Item = Value>) -> World {
    let settings = Settings { external_names: true, ..Settings::default() };
    World::new(settings, objects.into_iter().filter_map(decode))
}

fn decode(object: Value) -> Option<api::Object> {
    let word = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let kind = api::Kind::find(&word("apiVersion"), &word("kind")).expect("a kind that is read");
    Some(api::decode(kind, object).ok()?.object)
}

pub(crate) fn proxy_id(name: &str) -> ObjectId {
    ObjectId::new(Kind::HttpProxy, "default", name)
}

pub(crate) fn proxy(name: &str, spec: Value) -> Value {
    object("projectcontour.io/v1", "HTTPProxy", name, spec)
}

pub(crate) fn ingress(name: &str, spec: Value) -> Value {
    object("networking.k8s.io/v1", "Ingress", name, spec)
}

pub(crate) fn ingress_route(name: &str, spec: Value) -> Value {
    object("contour.heptio.com/v1beta1", "IngressRoute", name, spec)
}

pub(crate) fn service(name: &str) -> Value {
    object("v1", "Service", name, json!({"ports": [{"port": 80}]}))
}

/// A class of ours with the name `isobath`.
pub(crate) fn gateway_class() -> Value {
    let spec = json!({"controllerName": Settings::default().gateway_controller});
    let mut class = object(GATEWAY_API, "GatewayClass", "isobath", spec);
    class["metadata"] = json!({"name": "isobath"});
    class
}

pub(crate) fn object(version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let mut object = json!({"apiVersion": version, "kind": kind});
    object["metadata"] = json!({"name": name, "namespace": "default"});
    object["spec"] = spec;
    object
}

/// A Secret with a CA and its revocation list.
pub(crate) fn ca() -> Value {
    let text = |file: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../x509/testdata/envoy/crl-ok");
        std::fs::read_to_string(format!("{folder}/{file}")).expect("the fixture is there")
    };
    let mut ca = object("v1", "Secret", "ca", Value::Null);
    ca["stringData"] = json!({"ca.crt": text("ca.crt"), "crl.pem": text("crl.pem")});
    if let Some(fields) = ca.as_object_mut() {
        fields.remove("spec");
    }
    ca
}

/// A Secret that Envoy takes.
pub(crate) fn secret() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/cases/tls/terminate.yaml");
    let text = std::fs::read_to_string(path).expect("the case is there");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("the case is YAML");
    let secret = documents.into_iter().find(|document| document["kind"] == "Secret");
    let mut secret = secret.expect("it has a Secret");
    secret["metadata"]["namespace"] = json!("default");
    secret
}
