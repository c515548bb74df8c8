//! A value by its schema.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Findings;
use super::at::At;
use crate::schema::{forms, rules};

type Schema = Map<String, Value>;

/// The fields of a structure, in the order of the schema, and then the rules that look at several of them.
pub(super) fn fields(fields: &Map<String, Value>, schema: &Schema, at: &At<'_>, out: &mut Findings) {
    let Some(properties) = object(schema, "properties") else { return };
    let required = |name: &str| list(schema, "required").iter().any(|known| known == name);
    for (name, inner) in properties {
        let (Some(inner), at) = (inner.as_object(), at.field(name)) else { continue };
        match fields.get(name) {
            Some(found) => value(found, inner, &at, out),
            // A default of the whole field has been there before the check.
            None if required(name) && !inner.contains_key("default") => missing(inner, &at, out),
            None => {}
        }
    }
    several(fields, schema, at, out);
}

fn value(found: &Value, schema: &Schema, at: &At<'_>, out: &mut Findings) {
    match found {
        Value::Object(inner) => {
            fields(inner, schema, at, out);
            let count = inner.len() as i64;
            if let Some(most) = bound(schema, "maxProperties").filter(|most| count > *most) {
                out.add(at, format!("has {count} entries, allowed are 0 to {most}"));
            }
            if let Some(of_each) = object(schema, "additionalProperties") {
                inner.iter().for_each(|(key, inner)| value(inner, of_each, &at.field(key), out));
            }
        }
        Value::Array(items) => array(items, schema, at, out),
        Value::String(text) => string(text, schema, at, out),
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                integer(number, schema, at, out);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn missing(schema: &Schema, at: &At<'_>, out: &mut Findings) {
    match words(schema) {
        Some(words) => out.add(at, format!("is required; allowed are {words}")),
        None if bound(schema, "minItems").is_some() => out.add(at, "is required, at least one is needed"),
        None => out.add(at, "is required"),
    }
}

fn array(items: &[Value], schema: &Schema, at: &At<'_>, out: &mut Findings) {
    let count = items.len() as i64;
    let (least, most) = (bound(schema, "minItems"), bound(schema, "maxItems"));
    if count == 0 && least.is_some_and(|least| least > 0) {
        out.add(at, "is empty, at least one is needed");
    } else if let Some(most) = most.filter(|most| count > *most) {
        out.add(at, format!("has {count} elements, allowed are {} to {most}", least.unwrap_or(0)));
    }
    if let Some(of_each) = object(schema, "items") {
        for (index, item) in items.iter().enumerate() {
            value(item, of_each, &At::Index(at, index), out);
        }
        differing(items, schema, of_each, at, out);
    }
}

/// Elements of sets differ, and those of maps in the fields that are their keys.
fn differing(items: &[Value], schema: &Schema, of_each: &Schema, at: &At<'_>, out: &mut Findings) {
    let is_set = schema.get("x-kubernetes-list-type").is_some_and(|kind| kind == "set");
    let keys: Vec<&str> =
        list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
    if !is_set && keys.is_empty() {
        return;
    }
    let mut seen = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let first = *seen.entry(identity(item, &keys, of_each)).or_insert(index);
        if first == index {
            continue;
        }
        let message = match keys.as_slice() {
            [] => format!("is the same as [{first}]; each may be there once"),
            keys => format!("has the {} of [{first}]; it must differ", keys.join(", ")),
        };
        out.add(&At::Index(at, index), message);
    }
}

/// What must differ: the element itself, or its keys, which may have defaults.
fn identity(item: &Value, keys: &[&str], schema: &Schema) -> String {
    let properties = object(schema, "properties");
    let of_key = |key: &&str| {
        let default = || object(properties?, key)?.get("default");
        item.get(*key).or_else(default).map(Value::to_string)
    };
    match keys {
        [] => item.to_string(),
        keys => keys.iter().filter_map(of_key).collect::<Vec<_>>().join(" "),
    }
}

fn string(text: &str, schema: &Schema, at: &At<'_>, out: &mut Findings) {
    if let Some(words) = words(schema) {
        if list(schema, "enum").iter().all(|word| word != text) {
            out.add(at, format!("found {text:?}, allowed are {words}"));
        }
        return;
    }
    let length = text.chars().count() as i64;
    if length == 0 && bound(schema, "minLength").is_some_and(|least| least > 0) {
        return out.add(at, "is empty");
    }
    if let Some(longest) = bound(schema, "maxLength").filter(|longest| length > *longest) {
        out.add(at, format!("is {length} characters long, allowed are 1 to {longest}"));
        return;
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let Some(why) = pattern.and_then(|pattern| forms::refusal(pattern, text)) {
        out.add(at, format!("found {text:?}, {why}"));
    }
}

fn integer(number: i64, schema: &Schema, at: &At<'_>, out: &mut Findings) {
    if let Some(words) = words(schema) {
        if list(schema, "enum").iter().all(|known| known.as_i64() != Some(number)) {
            out.add(at, format!("found {number}, allowed are {words}"));
        }
        return;
    }
    let (low, high) = (bound(schema, "minimum"), bound(schema, "maximum"));
    if low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high) {
        return;
    }
    let allowed = match (low, high) {
        (Some(low), None) => format!("allowed is {low} and above"),
        (low, high) => format!("allowed are {} to {}", low.unwrap_or(i64::MIN), high.unwrap_or(i64::MAX)),
    };
    out.add(at, format!("found {number}, {allowed}"));
}

/// The rules in CEL. A field that has a default is there when they are evaluated.
fn several(fields: &Map<String, Value>, schema: &Schema, at: &At<'_>, out: &mut Findings) {
    let rules = list(schema, "x-kubernetes-validations");
    for cel in rules.iter().filter_map(|rule| rule.get("rule")?.as_str()) {
        if let Some((path, message)) = rules::refusal(cel, fields) {
            out.add(&at.below(path), message);
        }
    }
}

fn object<'a>(schema: &'a Schema, keyword: &str) -> Option<&'a Schema> {
    schema.get(keyword)?.as_object()
}

fn list<'a>(schema: &'a Schema, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn bound(schema: &Schema, keyword: &str) -> Option<i64> {
    schema.get(keyword)?.as_i64()
}

/// The words or numbers that are allowed.
fn words(schema: &Schema) -> Option<String> {
    let all = list(schema, "enum");
    let word = |value: &Value| {
        value.as_str().map_or_else(|| Cow::from(value.to_string()), |text| Cow::from(text.to_owned()))
    };
    (!all.is_empty()).then(|| all.iter().map(word).collect::<Vec<_>>().join(", "))
}
