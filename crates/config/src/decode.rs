//! What was written in one place, in the form that a ContourConfiguration has.

use files::Document;
use serde_json::{Map, Value, json};

use crate::key::Form;

/// A value of a file, by its key's form. Plain words are text where text is wanted: `1.3` is a version.
pub(crate) fn of_file(form: Form, value: &Value, path: &str, document: &Document) -> Result<Value, String> {
    Ok(match form {
        Form::Text => text(value, path, document),
        Form::Texts => match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| text(item, &format!("{path}[{index}]"), document))
                .collect(),
            other => other.clone(),
        },
        Form::TextMap => match value {
            Value::Object(fields) => Value::Object(texts_by_name(fields, path, document)),
            other => other.clone(),
        },
        Form::Reference => match value {
            Value::String(text) if text.is_empty() => Value::Null,
            Value::String(text) => name(text)?,
            _ => return Err("expected a text such as projectcontour/ratelimit".into()),
        },
        Form::Switch | Form::Number | Form::Name | Form::Structure => value.clone(),
    })
}

fn texts_by_name(fields: &Map<String, Value>, path: &str, document: &Document) -> Map<String, Value> {
    let named = |(name, value): (&String, &Value)| {
        (name.clone(), text(value, &format!("{path}[\"{name}\"]"), document))
    };
    fields.iter().map(named).collect()
}

/// A number or a boolean as it was written.
fn text(value: &Value, path: &str, document: &Document) -> Value {
    match value {
        Value::Number(_) | Value::Bool(_) => {
            document.written(path).map_or_else(|| value.clone(), |text| Value::String(text.to_owned()))
        }
        other => other.clone(),
    }
}

/// What stands behind a flag or in a variable, by its key's form.
pub(crate) fn of_texts(form: Form, texts: &[String]) -> Result<Value, String> {
    let last = texts.last().map_or("", String::as_str);
    Ok(match form {
        Form::Switch => match last {
            "true" => json!(true),
            "false" => json!(false),
            other => return Err(format!("found {other:?}, allowed are true and false")),
        },
        Form::Number => {
            json!(last.parse::<i64>().map_err(|_| format!("found {last:?}, expected a whole number"))?)
        }
        Form::Text => json!(last),
        Form::Texts => {
            texts.iter().flat_map(|text| text.split(',')).filter(|text| !text.is_empty()).collect()
        }
        Form::Name | Form::Reference => name(last)?,
        Form::TextMap | Form::Structure => return Err("is written in the file only".into()),
    })
}

fn name(text: &str) -> Result<Value, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(json!({"namespace": namespace, "name": name}))
        }
        Some(_) | None => {
            Err(format!("found {text:?}, expected a namespace and a name, such as projectcontour/fallback"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_with_its_namespace() {
        assert_eq!(name("ops/fallback"), Ok(json!({"namespace": "ops", "name": "fallback"})));
        for text in ["", "fallback", "/fallback", "ops/", "ops/fallback/tls"] {
            assert!(name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn flags_hold_what_their_keys_are() {
        let read = |form, texts: &[&str]| {
            of_texts(form, &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(Form::Switch, &["true", "false"]), Ok(json!(false)));
        assert_eq!(read(Form::Switch, &["yes"]), Err("found \"yes\", allowed are true and false".into()));
        assert_eq!(read(Form::Texts, &["a,b", "c"]), Ok(json!(["a", "b", "c"])));
        assert_eq!(read(Form::Number, &["1.5"]), Err("found \"1.5\", expected a whole number".into()));
    }
}
