//! Objects of every kind: with every field, with as few as can be, and with what an API server would refuse.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Check;
use crate::Decoded;
use crate::decode::decode_as;

mod examples;
mod least;
mod listeners;
mod policies;
mod routes;

fn read<T: DeserializeOwned + JsonSchema + Check>(value: Value) -> Decoded<T> {
    decode_as(value).expect("a value that can be read")
}

/// What is in the value after decoding; nothing may be wrong with it.
fn filled<T: DeserializeOwned + Serialize + JsonSchema + Check>(spec: &Value) -> Value {
    let Decoded { object, unknown, violations } = read::<T>(json!({"metadata": {"name": "a"}, "spec": spec}));
    assert_eq!((unknown, violations), (Vec::new(), Vec::new()));
    serde_json::to_value(object).unwrap()["spec"].take()
}

/// What is wrong with a value, without `spec.` before it.
fn refused<T: DeserializeOwned + JsonSchema + Check>(spec: &Value) -> Vec<String> {
    let decoded = read::<T>(json!({"metadata": {"name": "a"}, "spec": spec}));
    assert_eq!(decoded.unknown, Vec::<String>::new());
    let shown = decoded.violations.iter().map(ToString::to_string);
    shown.map(|text| text.strip_prefix("spec.").unwrap_or(&text).to_owned()).collect()
}
