//! From the schema of a type to the structural schema of an API server.

use schemars::Schema;
use serde_json::{Map, Value};

/// Keywords that describe Rust and not the object.
const DROPPED: [&str; 3] = ["title", "$schema", "additionalProperties"];

pub(super) fn structural(schema: Schema) -> Map<String, Value> {
    let mut value = schema.to_value();
    settle(&mut value);
    if let Some(Value::Object(metadata)) = value.pointer_mut("/properties/metadata") {
        // An API server wants to describe it itself.
        metadata.shift_remove("description");
    }
    match value {
        Value::Object(fields) => fields,
        // A kind is a structure.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Brings one schema and all below it into form.
fn settle(schema: &mut Value) {
    without_null(schema);
    let Value::Object(fields) = schema else { return };
    drop_foreign(fields);
    if let Some(Value::String(description)) = fields.shift_remove("description") {
        // First, so that equal structures are written alike wherever they stand.
        fields.shift_insert(0, "description".to_owned(), for_users(&description).into());
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(inner) {
            settle(inner);
        }
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(settle);
    }
}

/// Optional fields: `null` counts as not given, so it is no type of its own.
fn without_null(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = fields.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let is_null = |variant: &Value| variant.get("type") == Some(&Value::from("null"));
    let Some(Value::Array(variants)) = fields.get("anyOf") else { return };
    if !variants.iter().any(is_null) {
        return;
    }
    let inner = variants.iter().find(|variant| !is_null(variant)).cloned();
    fields.shift_remove("anyOf");
    if let Some(Value::Object(inner)) = inner {
        let own = std::mem::replace(fields, inner);
        fields.extend(own);
        without_null(schema);
    }
}

fn drop_foreign(fields: &mut Map<String, Value>) {
    for keyword in DROPPED {
        if !fields.get(keyword).is_some_and(Value::is_object) {
            fields.shift_remove(keyword);
        }
    }
    // Widths that Go does not know; the bounds say it.
    let format = fields.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("uint")) {
        fields.shift_remove("format");
    }
}

/// A description without the hints that are for us.
fn for_users(description: &str) -> String {
    let mut text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(start) = text.find(" (reference ") {
        let Some(length) = text[start..].find(')') else { break };
        text.replace_range(start..=start + length, "");
    }
    text
}
