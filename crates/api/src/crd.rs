//! What a cluster must know of the kinds that are ours to define: one CustomResourceDefinition for each.

use serde_json::{Map, Value, json};

use crate::{ContourConfiguration, Kind, Scope, schema};

/// The kinds that are defined here and whose status is ours, in the order in which they are printed.
pub const KINDS: &[Kind] = &[
    Kind::HttpProxy,
    Kind::TlsCertificateDelegation,
    Kind::ExtensionService,
    Kind::IngressRoute,
    Kind::HeptioCertificateDelegation,
];

/// Every CustomResourceDefinition (`apiextensions.k8s.io/v1`), in the order in which they are printed.
pub fn definitions() -> Vec<Value> {
    let mut all: Vec<_> = KINDS.iter().filter_map(|kind| definition(*kind)).collect();
    all.push(of_configurations());
    all.extend(definition(Kind::ContourDeployment));
    all
}

/// The CustomResourceDefinition of a kind that is defined here; `None` for the others.
///
/// Names, short names, columns and subresources are Contour's, so that scripts and habits keep working.
pub fn definition(kind: Kind) -> Option<Value> {
    let (group, version) = kind.api_version().split_once('/')?;
    let subject = Subject { group, version, kind: kind.name(), scope: kind.scope() };
    Some(document(&subject, &naming(kind)?, schema::of(kind)?))
}

/// ContourConfigurations are not read as objects: a controller reads the one that it is told, by its name.
fn of_configurations() -> Value {
    let (group, version, kind) = ("projectcontour.io", "v1alpha1", "ContourConfiguration");
    let subject = Subject { group, version, kind, scope: Scope::Namespaced };
    let naming = Naming { plural: "contourconfigurations", short: &["contourconfig"], columns: &[] };
    document(&subject, &naming, &schema::derived::<ContourConfiguration>())
}

/// What is defined.
struct Subject<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
    scope: Scope,
}

fn document(subject: &Subject<'_>, naming: &Naming, schema: &Map<String, Value>) -> Value {
    let Subject { group, version, kind, scope } = subject;
    let Naming { plural, short, columns } = naming;
    let mut served = json!({
        "name": version,
        "served": true,
        "storage": true,
        "schema": {"openAPIV3Schema": whole(schema)},
        "subresources": {"status": {}},
    });
    if !columns.is_empty() {
        served["additionalPrinterColumns"] = columns.iter().map(Column::printed).collect();
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "names": {
                "kind": kind,
                "listKind": format!("{kind}List"),
                "plural": plural,
                "shortNames": short,
                "singular": kind.to_lowercase(),
            },
            "scope": match scope {
                Scope::Cluster => "Cluster",
                Scope::Namespaced => "Namespaced",
            },
            "versions": [served],
        },
    })
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
        Kind::IngressRoute => Some(Naming {
            plural: "ingressroutes",
            short: &[],
            columns: &[
                Column("FQDN", ".spec.virtualhost.fqdn", "The host"),
                Column("TLS Secret", ".spec.virtualhost.tls.secretName", "Where its certificate is"),
                Column("First route", ".spec.routes[0].match", "The path of the first route"),
                Column("Status", ".status.currentStatus", "Whether it is served"),
                Column("Status Description", ".status.description", "Why it is not"),
            ],
        }),
        Kind::TlsCertificateDelegation | Kind::HeptioCertificateDelegation => {
            Some(Naming { plural: "tlscertificatedelegations", short: &["tlscerts"], columns: &[] })
        }
        Kind::ExtensionService => Some(Naming {
            plural: "extensionservices",
            short: &["extensionservice", "extensionservices"],
            columns: &[],
        }),
        Kind::ContourDeployment => {
            Some(Naming { plural: "contourdeployments", short: &["contourdeploy"], columns: &[] })
        }
        // Those of Kubernetes, and those that the Gateway API defines.
        _ => None,
    }
}
