//! One JSON value to one object, with the fields that nobody reads and the field that has the wrong type.

#[cfg(test)]
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[cfg(test)]
use crate::gateway_api::Check;
use crate::validate::{self, At, Violation};
use crate::{Kind, Object};

mod strict;

use strict::{Found, Strict};

/// A decoded object.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<T = Object> {
    /// The object.
    pub object: T,
    /// Paths of fields that the kind does not have, such as `spec.virtualHost`; in document order.
    pub unknown: Vec<String>,
    /// What the API server would refuse.
    pub violations: Vec<Violation>,
}

/// A field of the wrong type: the object cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// The field, such as `spec.routes[0].services[1].port`; empty for the object itself.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
}

impl DecodeProblem {
    /// The same without the value that was found, which may be a key.
    fn without_value(self) -> Self {
        let message = match self.message.split_once(", expected ") {
            Some((_, expected)) => format!("expected {expected}"),
            None if self.path.starts_with("data") => "is not base64".to_owned(),
            None => "cannot be read".to_owned(),
        };
        Self { path: self.path, message }
    }
}

impl std::fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for DecodeProblem {}

/// Decodes a value of the given kind.
///
/// Follows the API server where it matters for files: `null` counts as not given, and `stringData` of a Secret is
/// merged over its `data`. The fields `apiVersion` and `kind` are not looked at: `kind` was found by them. The
/// depth of the value must be bounded by the caller (a few hundred levels).
pub fn decode(kind: Kind, mut value: Value) -> Result<Decoded, DecodeProblem> {
    prepare(&mut value);
    let mut found = value.as_object().map(|fields| validate::object(kind, fields)).unwrap_or_default();
    let mut decoded = kind.decode(value).map_err(|problem| match kind {
        Kind::Secret => problem.without_value(),
        _ => problem,
    })?;
    if let Object::Secret(secret) = &mut decoded.object {
        merge_string_data(secret);
    }
    decoded.object.check(&mut found);
    decoded.violations = found.list;
    Ok(decoded)
}

/// Takes away what says which kind it is, and what is not there for Kubernetes.
fn prepare(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.shift_remove("apiVersion");
        fields.shift_remove("kind");
    }
    strip_nulls(value);
}

/// Decodes a value as an object of the Gateway API, as [`decode`] does those of a [`Kind`]: for tests, since the schema
/// is made each time.
#[cfg(test)]
pub(crate) fn decode_as<T: DeserializeOwned + JsonSchema + Check>(
    mut value: Value,
) -> Result<Decoded<T>, DecodeProblem> {
    prepare(&mut value);
    let mut found = value.as_object().map(validate::typed::<T>).unwrap_or_default();
    let (object, unknown) = strict::<T>(value)?;
    object.check(&At::Root, &mut found);
    Ok(Decoded { object, unknown, violations: found.list })
}

/// Decodes a value as `T` and wraps it: the part of [`decode`] that depends on the type.
pub(crate) fn typed<T: DeserializeOwned>(
    value: Value,
    wrap: impl FnOnce(T) -> Object,
) -> Result<Decoded, DecodeProblem> {
    let (read, unknown) = strict(value)?;
    Ok(Decoded { object: wrap(read), unknown, violations: Vec::new() })
}

/// Decodes a value that is no object of Kubernetes as strictly as one, with the paths of fields that `T` does not have.
/// `null` counts as not given. The depth of the value must be bounded by the caller.
pub fn part<T: DeserializeOwned>(mut value: Value) -> Result<(T, Vec<String>), DecodeProblem> {
    strip_nulls(&mut value);
    strict(value)
}

fn strict<T: DeserializeOwned>(value: Value) -> Result<(T, Vec<String>), DecodeProblem> {
    if !value.is_object() {
        return Err(DecodeProblem {
            path: String::new(),
            message: format!("found {}, expected an object with fields", describe(&value)),
        });
    }
    let found = Found::default();
    match T::deserialize(Strict { value, at: &At::Root, found: &found }) {
        Ok(read) => Ok((read, found.unknown.into_inner())),
        Err(error) => {
            let path = found.wrong.into_inner().unwrap_or_default();
            Err(DecodeProblem { path, message: message(&error.to_string()) })
        }
    }
}

/// Takes away fields whose value is `null`, at any depth: for Kubernetes they are not there.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `stringData` is for writing: stored Secrets have `data` only.
fn merge_string_data(secret: &mut crate::core::Secret) {
    let Some(strings) = secret.string_data.take() else { return };
    let data = secret.data.get_or_insert_default();
    for (key, text) in strings {
        data.insert(key, crate::ByteString(text.into_bytes()));
    }
}

/// The kind of value, for a message; never its content, which may be secret.
fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Keys that hold a dot or a bracket, as annotations and Secret keys do, are quoted: `data["tls.crt"]`.
pub(crate) fn push_field(path: &mut String, key: &str) {
    if key.is_empty() || key.contains(['.', '[', ']', '"']) {
        path.push_str("[\"");
        path.push_str(key);
        path.push_str("\"]");
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Serde's message in the words of a user.
fn message(text: &str) -> String {
    let Some((found, expected)) = text.split_once(", expected ") else { return text.to_owned() };
    let found = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| found.strip_prefix(start))
        .unwrap_or(found);
    let expected = match expected {
        "i32" if text.starts_with("invalid value") => "a whole number that fits in 32 bits",
        "i64" if text.starts_with("invalid value") => "a whole number that fits in 64 bits",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object with fields",
        other if other.starts_with("struct ") || other.chars().next().is_some_and(char::is_uppercase) => {
            "an object with fields"
        }
        other => other,
    };
    let found = match found {
        "map" => "an object",
        "sequence" => "a list",
        "null" => "nothing",
        other => other,
    };
    let way_out = match expected {
        "a string" => "; put the value in quotes",
        _ => "",
    };
    format!("found {found}, expected {expected}{way_out}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::HttpProxy;

    fn proxy(value: Value) -> (HttpProxy, Vec<String>) {
        match decode(Kind::HttpProxy, value).unwrap() {
            Decoded { object: Object::HttpProxy(proxy), unknown, .. } => (*proxy, unknown),
            other => panic!("{other:?}"),
        }
    }

    fn problem(kind: Kind, value: Value) -> String {
        decode(kind, value).unwrap_err().to_string()
    }

    #[test]
    fn unknown_fields_are_found_with_their_paths_in_every_kind() {
        let (read, unknown) = proxy(json!({
            "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy",
            "metadata": {"name": "a", "lables": {}},
            "spec": {"virtualHost": {}, "routes": [{"services": [{"name": "s", "port": 80, "prot": 1}]}]}
        }));
        assert_eq!(unknown, ["metadata.lables", "spec.virtualHost", "spec.routes[0].services[0].prot"]);
        assert_eq!(read.spec.routes[0].services[0].port, 80);
        for (kind, value, path) in [
            (
                Kind::Service,
                json!({"spec": {"ports": [{"port": 80, "targetport": 1}]}}),
                "spec.ports[0].targetport",
            ),
            (Kind::Ingress, json!({"spec": {"rules": [{"hosts": "a"}]}}), "spec.rules[0].hosts"),
            (Kind::EndpointSlice, json!({"endpoint": []}), "endpoint"),
            (Kind::Secret, json!({"stringdata": {}}), "stringdata"),
            (Kind::TlsCertificateDelegation, json!({"spec": {"delegation": []}}), "spec.delegation"),
            (Kind::ExtensionService, json!({"spec": {"services": [{"kind": "x"}]}}), "spec.services[0].kind"),
        ] {
            assert_eq!(decode(kind, value).unwrap().unknown, [path]);
        }
    }

    #[test]
    fn mistyped_fields_say_where_what_and_the_way_out() {
        let service = |service| json!({"spec": {"routes": [{"services": [service]}]}});
        assert_eq!(
            problem(Kind::HttpProxy, service(json!({"port": "eighty"}))),
            "spec.routes[0].services[0].port: found string \"eighty\", expected a whole number"
        );
        assert_eq!(
            problem(Kind::HttpProxy, service(json!({"name": 1}))),
            "spec.routes[0].services[0].name: found integer `1`, expected a string; put the value in quotes"
        );
        assert_eq!(
            problem(Kind::HttpProxy, json!({"spec": {"routes": {}}})),
            "spec.routes: found an object, expected a list"
        );
        assert_eq!(
            problem(Kind::HttpProxy, json!({"spec": {"virtualhost": "a.example"}})),
            "spec.virtualhost: found string \"a.example\", expected an object with fields"
        );
        assert_eq!(
            problem(Kind::Service, json!({"spec": {"ports": [{"port": true}]}})),
            "spec.ports[0].port: found boolean `true`, expected a whole number"
        );
        assert_eq!(problem(Kind::Service, json!([])), "found a list, expected an object with fields");
    }

    #[test]
    fn list_in_place_of_a_structure_is_mistyped() {
        assert_eq!(
            problem(Kind::HttpProxy, json!({"spec": {"virtualhost": ["a.example"]}})),
            "spec.virtualhost: found a list, expected an object with fields"
        );
    }

    #[test]
    fn null_counts_as_not_given() {
        let (read, unknown) =
            proxy(json!({"metadata": null, "spec": {"routes": null, "virtualhost": {"fqdn": null}}}));
        assert_eq!(unknown, Vec::<String>::new());
        assert_eq!(read.spec.virtualhost.map(|host| host.fqdn), Some(String::new()));
    }

    #[test]
    fn string_data_of_a_secret_wins_over_its_data() {
        let value = json!({"data": {"a": "b2xk", "b": "a2VlcA=="}, "stringData": {"a": "new"}});
        let Object::Secret(secret) = decode(Kind::Secret, value).unwrap().object else { panic!() };
        let data: Vec<_> = secret.data.iter().flatten().map(|(k, v)| (k.as_str(), v.0.as_slice())).collect();
        assert_eq!(data, [("a", b"new".as_slice()), ("b", b"keep".as_slice())]);
        assert_eq!(secret.string_data, None);
    }

    #[test]
    fn bad_base64_is_found_under_its_quoted_key() {
        let problem = decode(Kind::Secret, json!({"data": {"tls.crt": "***"}})).unwrap_err();
        assert_eq!(problem.path, "data[\"tls.crt\"]");
        assert!(problem.message.contains("base64"), "{}", problem.message);
    }

    #[test]
    fn values_of_secrets_stay_out_of_messages_and_debug_output() {
        let problem = decode(Kind::Secret, json!({"data": "hunter2"})).unwrap_err();
        assert_eq!(problem.to_string(), "data: expected an object with fields");
        let decoded =
            decode(Kind::Secret, json!({"metadata": {"name": "a"}, "stringData": {"key": "hunter2"}}))
                .unwrap();
        let shown = format!("{decoded:?}");
        assert!(
            shown.contains("\"key\"") && !shown.contains("hunter2") && !shown.contains("104, 117"),
            "{shown}"
        );
    }

    #[test]
    fn unknown_words_do_not_fail_the_object() {
        let (read, _) = proxy(json!({"spec": {"routes": [{"services": [{"protocol": "h3"}]}]}}));
        assert_eq!(read.spec.routes[0].services[0].protocol.as_ref().map(|p| p.as_str()), Some("h3"));
    }

    /// Values of every shape under keys that the kinds know.
    fn values() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let keys = proptest::sample::select(vec![
            "metadata",
            "name",
            "spec",
            "routes",
            "services",
            "port",
            "virtualhost",
            "tls",
            "conditions",
            "data",
            "ports",
            "rules",
            "http",
            "endpoints",
            "stringData",
            "creationTimestamp",
            "labels",
            "x",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z.:/-]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            let fields = proptest::collection::btree_map(keys.clone(), inner.clone(), 0..6);
            prop_oneof![
                fields.prop_map(|fields| fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()),
                proptest::collection::vec(inner, 0..6).prop_map(Value::Array),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_value_yields_an_object_or_a_problem_inside_it(value in values()) {
            for kind in Kind::ALL {
                match decode(*kind, value.clone()) {
                    Ok(decoded) => {
                        proptest::prop_assert!(decoded.violations.iter().all(|found| !found.message.is_empty()));
                    },
                    Err(problem) => proptest::prop_assert!(!problem.message.is_empty()),
                }
            }
        }
    }
}
