//! Expectations as YAML: read as any YAML, written in one form.

use serde_json::Value;

/// Reads an expectation.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_saphyr::from_str(text).map_err(|error| format!("the expectation is no YAML: {error}"))
}

/// Writes an expectation.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    node(value, 0, &mut text);
    text
}

/// Writes the fields or items of a value, each on lines of its own.
fn node(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                text.push_str(&" ".repeat(indent));
                text.push_str(&scalar(key));
                text.push(':');
                member(field, indent + 2, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                text.push_str(&" ".repeat(indent));
                text.push('-');
                let mut lines = String::new();
                member(item, indent + 2, &mut lines);
                text.push_str(&in_line(&lines, indent + 2));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes what follows a key or a dash.
fn member(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            node(value, indent, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            node(value, indent, text);
        }
        Value::String(string) => text.push_str(&format!(" {}\n", scalar(string))),
        other => text.push_str(&format!(" {other}\n")),
    }
}

/// The first line of a nested value stands behind the dash.
fn in_line(lines: &str, indent: usize) -> String {
    match lines.strip_prefix('\n') {
        Some(nested) => format!(" {}", &nested[indent..]),
        None => lines.to_owned(),
    }
}

/// A text, in quotes where it would be read as something else.
fn scalar(text: &str) -> String {
    let first = text.chars().next();
    let is_plain = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && text.chars().all(|c| !c.is_control())
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}
