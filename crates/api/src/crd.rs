//! What a cluster must know of the kinds that are ours to define: one CustomResourceDefinition for each.

use serde_json::{Map, Value, json};

use crate::{Kind, Scope, schema};

/// The kinds that are defined here, in the order in which they are printed.
pub const KINDS: &[Kind] = &[Kind::HttpProxy, Kind::TlsCertificateDelegation];

/// The CustomResourceDefinition (`apiextensions.k8s.io/v1`) of one of [`KINDS`]; `None` for the others.
///
/// Names, short names, columns and subresources are Contour's, so that scripts and habits keep working.
pub fn definition(kind: Kind) -> Option<Value> {
    let Naming { plural, short, columns } = naming(kind)?;
    let (group, version) = kind.api_version().split_once('/')?;
    let singular = kind.name().to_lowercase();
    let mut served = json!({
        "name": version,
        "served": true,
        "storage": true,
        "schema": {"openAPIV3Schema": whole(schema::of(kind)?)},
        "subresources": {"status": {}},
    });
    if !columns.is_empty() {
        served["additionalPrinterColumns"] = columns.iter().map(Column::printed).collect();
    }
    Some(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "names": {
                "kind": kind.name(),
                "listKind": format!("{}List", kind.name()),
                "plural": plural,
                "shortNames": short,
                "singular": singular,
            },
            "scope": match kind.scope() {
                Scope::Cluster => "Cluster",
                Scope::Namespaced => "Namespaced",
            },
            "versions": [served],
        },
    }))
}

/// The schema with the fields that every object has.
fn whole(schema: &Map<String, Value>) -> Value {
    let mut schema = Value::Object(schema.clone());
    let mut properties = Map::new();
    properties
        .insert("apiVersion".to_owned(), json!({"type": "string", "description": "Group and version."}));
    properties.insert("kind".to_owned(), json!({"type": "string", "description": "The kind of object."}));
    if let Some(own) = schema["properties"].as_object_mut() {
        properties.append(own);
    }
    schema["properties"] = Value::Object(properties);
    schema
}

/// How a kind is called in commands, and what `kubectl get` prints.
struct Naming {
    plural: &'static str,
    short: &'static [&'static str],
    columns: &'static [Column],
}

/// One column of `kubectl get`: title, path, meaning; all are strings.
struct Column(&'static str, &'static str, &'static str);

impl Column {
    fn printed(&self) -> Value {
        json!({"name": self.0, "type": "string", "jsonPath": self.1, "description": self.2})
    }
}

fn naming(kind: Kind) -> Option<Naming> {
    match kind {
        Kind::HttpProxy => Some(Naming {
            plural: "httpproxies",
            short: &["proxy", "proxies"],
            columns: &[
                Column("FQDN", ".spec.virtualhost.fqdn", "The host"),
                Column("TLS Secret", ".spec.virtualhost.tls.secretName", "Where its certificate is"),
                Column("Status", ".status.currentStatus", "Whether it is served"),
                Column("Status Description", ".status.description", "Why it is not"),
            ],
        }),
        Kind::TlsCertificateDelegation => {
            Some(Naming { plural: "tlscertificatedelegations", short: &["tlscerts"], columns: &[] })
        }
        Kind::Namespace | Kind::Service | Kind::EndpointSlice | Kind::Secret | Kind::Ingress => None,
    }
}
