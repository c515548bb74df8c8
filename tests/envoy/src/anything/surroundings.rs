//! What objects of any content refer to when they are right.

use serde_json::{Value, json};

use super::{pairs, secrets};

/// Services, certificates, keys of tokens, an authorization service, an included part, and a root of somebody else.
pub fn surroundings() -> Vec<Value> {
    let delegations = ["cert", "ca"].map(|name| json!({"secretName": name, "targetNamespaces": ["*"]}));
    let mut objects = vec![
        service(
            "web",
            json!({"ports": [{"name": "http", "port": 80}, {"name": "more", "port": 81}, {"name": "tls", "port": 443}]}),
        ),
        service("grpc", json!({"ports": [{"port": 80, "appProtocol": "kubernetes.io/h2c"}]})),
        service(
            "out",
            json!({"type": "ExternalName", "externalName": "out.example", "ports": [{"port": 80}]}),
        ),
        service("no-ports", json!({})),
        keys(),
        json!({
            "apiVersion": "projectcontour.io/v1", "kind": "TLSCertificateDelegation",
            "metadata": {"name": "all", "namespace": "team"},
            "spec": {"delegations": delegations},
        }),
        json!({
            "apiVersion": "projectcontour.io/v1alpha1", "kind": "ExtensionService",
            "metadata": {"name": "auth", "namespace": "default"},
            "spec": {"services": [{"name": "grpc", "port": 80}], "protocol": "h2c"},
        }),
        proxy("part", json!({"routes": [{"services": [{"name": "web", "port": 80}]}]})),
        json!({
            "apiVersion": "contour.heptio.com/v1beta1", "kind": "IngressRoute",
            "metadata": {"name": "part", "namespace": "default"},
            "spec": {"routes": [{"match": "/", "services": [{"name": "web", "port": 80}]}]},
        }),
        proxy(
            "other",
            json!({
                "virtualhost": {"fqdn": "shared.example"},
                "routes": [{"services": [{"name": "web", "port": 80}]}],
            }),
        ),
    ];
    for namespace in ["default", "team"] {
        objects.push(secret(namespace, "cert", "kubernetes.io/tls", "ok"));
        objects.push(secret(namespace, "ca", "Opaque", "crl-ok"));
        objects.push(secret(namespace, "hidden", "kubernetes.io/tls", "ok"));
    }
    objects
}

fn service(name: &str, spec: Value) -> Value {
    let mut service = json!({"apiVersion": "v1", "kind": "Service"});
    service["metadata"] = json!({"name": name, "namespace": "default"});
    service["spec"] = spec;
    service
}

fn proxy(name: &str, spec: Value) -> Value {
    let mut proxy = json!({"apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy"});
    proxy["metadata"] = json!({"name": name, "namespace": "default"});
    proxy["spec"] = spec;
    proxy
}

fn secret(namespace: &str, name: &str, kind: &str, case: &str) -> Value {
    let mut secret = pairs::of(case);
    secret["metadata"] = json!({"name": name, "namespace": namespace});
    secret["type"] = json!(kind);
    secret
}

/// A key of an issuer.
fn keys() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "keys", "namespace": "default"},
        "stringData": {"jwks": format!(r#"{{"keys": [{}]}}"#, secrets::EC)},
    })
}
