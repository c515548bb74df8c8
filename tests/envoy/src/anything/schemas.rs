//! Schemas of the kinds that Kubernetes defines itself: the fields that are read, with what its server allows.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// The `spec` of a kind of ours, as its definition says.
pub(super) fn spec(kind: &str) -> Value {
    let mut definitions = api::crd::definitions().into_iter();
    let definition = definitions.find(|definition| definition["spec"]["names"]["kind"] == kind);
    let definition = definition.expect("a kind that is ours to define");
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// The `spec` of an HTTPProxy.
pub(super) static HTTP_PROXY: LazyLock<Value> = LazyLock::new(|| spec("HTTPProxy"));

/// The `spec` of a TLSCertificateDelegation.
pub(super) static DELEGATION: LazyLock<Value> = LazyLock::new(|| spec("TLSCertificateDelegation"));

/// The `spec` of an IngressRoute.
pub(super) static INGRESS_ROUTE: LazyLock<Value> = LazyLock::new(|| spec("IngressRoute"));

/// The `spec` of a ContourConfiguration.
pub(super) static CONFIGURATION: LazyLock<Value> = LazyLock::new(|| spec("ContourConfiguration"));

/// The `spec` of an Ingress.
pub(super) static INGRESS: LazyLock<Value> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer", "minimum": 1, "maximum": 65_535});
    let port = structure(&json!({"number": number, "name": text}));
    let service = structure(&json!({"name": text, "port": port}));
    let backend = structure(&json!({"service": service}));
    let kind = json!({"type": "string", "enum": ["Prefix", "Exact", "ImplementationSpecific"]});
    let path = structure(&json!({"path": text, "pathType": kind, "backend": backend}));
    let http = structure(&json!({"paths": list(&path)}));
    structure(&json!({
        "rules": list(&structure(&json!({"host": text, "http": http}))),
        "tls": list(&structure(&json!({"hosts": list(&text), "secretName": text}))),
        "defaultBackend": backend,
        "ingressClassName": text,
    }))
});

fn structure(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}
