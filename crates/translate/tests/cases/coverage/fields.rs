//! The fields of the kinds that are ours to define, each once, although structures stand in several places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Structures that mean another thing in each place.
const APART: [&str; 1] = ["validation"];

/// Fields, by the places where they stand.
#[derive(Default)]
pub(super) struct Fields {
    /// The row of the field at each path, such as `HTTPProxy spec.includes[].conditions[].prefix`. A structure that
    /// stands in several places has its rows where it stands highest.
    rows: BTreeMap<String, String>,
}

/// A schema, where it stands, and the name of its field.
type Place<'a> = (&'a Value, String, &'a str);

impl Fields {
    pub(super) fn of_our_kinds() -> Self {
        let mut fields = Self::default();
        for kind in [api::Kind::HttpProxy, api::Kind::TlsCertificateDelegation, api::Kind::IngressRoute] {
            let definition = api::crd::definition(kind).expect("a kind of ours");
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
            for part in ["spec", "status"] {
                fields.enter((&schema[part], format!("{kind} {part}"), part));
            }
        }
        fields
    }

    pub(super) fn ids(&self) -> BTreeSet<&str> {
        self.rows.values().map(String::as_str).collect()
    }

    /// Takes in all that is below a schema, the highest first.
    fn enter(&mut self, top: Place<'_>) {
        let mut owners: BTreeMap<(String, &str), String> = BTreeMap::new();
        let mut level = vec![top];
        while !level.is_empty() {
            let mut below = Vec::new();
            for (schema, path, name) in level {
                let (schema, path) = element(schema, path);
                let structure = structure(schema, name);
                for (field, inner) in properties(schema) {
                    let place = format!("{path}.{field}");
                    let owner = owners.entry((structure.clone(), field)).or_insert_with(|| place.clone());
                    self.rows.insert(place.clone(), owner.clone());
                    below.push((inner, place, field.as_str()));
                }
            }
            level = below;
        }
    }

    /// The fields that an object has.
    pub(super) fn used(&self, object: &Value) -> BTreeSet<&str> {
        let mut used = BTreeSet::new();
        let kind = object["kind"].as_str().unwrap_or_default();
        for part in ["spec", "status"] {
            self.walk(&object[part], &format!("{kind} {part}"), &mut used);
        }
        used
    }

    fn walk<'a>(&'a self, value: &Value, path: &str, used: &mut BTreeSet<&'a str>) {
        for item in value.as_array().into_iter().flatten() {
            self.walk(item, &format!("{path}[]"), used);
        }
        for (field, inner) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{field}");
            used.extend(self.rows.get(&path).map(String::as_str));
            self.walk(inner, &path, used);
        }
    }
}

/// The schema of the elements, for a list.
fn element(mut schema: &Value, mut path: String) -> (&Value, String) {
    while schema["items"].is_object() {
        schema = &schema["items"];
        path.push_str("[]");
    }
    (schema, path)
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flat_map(Map::iter)
}

/// What tells a structure from others.
fn structure(schema: &Value, name: &str) -> String {
    let place = if APART.contains(&name) { name } else { "" };
    format!("{place}{}", schema["properties"])
}
