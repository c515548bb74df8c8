//! A value on its way into a file, which remembers where each part of it comes from.

use files::push_field;
use serde_json::Value;

/// Where a node comes from that stands for nothing in the source: no path is written so.
pub(crate) const NOWHERE: &str = "[]";

/// A part of a value.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The field of the source that it stands for; its comments go with it.
    pub(crate) from: String,
    pub(crate) content: Content,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A text, number, flag or nothing.
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A part of the source as it is. Its depth is bounded by the reader of files.
    pub(crate) fn copy(from: &str, value: &Value) -> Self {
        let content = match value {
            Value::Object(fields) => Content::Map(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::copy(&field(from, key), value)))
                    .collect(),
            ),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Content::List(items.map(|(index, item)| Self::copy(&element(from, index), item)).collect())
            }
            scalar => Content::Scalar(scalar.clone()),
        };
        Self { from: from.to_owned(), content }
    }

    /// The value as a whole.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Map(fields) => fields.iter().map(|(key, node)| (key.clone(), node.value())).collect(),
        }
    }

    /// Where each part of it stands, which is at a path itself, and which field of the source it stands for.
    pub(crate) fn places(&self, path: &str) -> Vec<(String, String)> {
        let mut places = vec![(path.to_owned(), self.from.clone())];
        match &self.content {
            Content::Scalar(_) => {}
            Content::List(items) => {
                let items = items.iter().enumerate();
                places.extend(items.flat_map(|(index, item)| item.places(&element(path, index))));
            }
            Content::Map(fields) => {
                places.extend(fields.iter().flat_map(|(key, node)| node.places(&field(path, key))));
            }
        }
        places
    }

    /// A scalar that stands for a field of the source.
    pub(crate) fn scalar(from: &str, value: impl Into<Value>) -> Self {
        Self { from: from.to_owned(), content: Content::Scalar(value.into()) }
    }

    /// A list that stands for a field of the source.
    pub(crate) fn list(from: &str, items: Vec<Self>) -> Self {
        Self { from: from.to_owned(), content: Content::List(items) }
    }

    /// Fields that stand for a field of the source together.
    pub(crate) fn map(from: &str, fields: Vec<(&str, Self)>) -> Self {
        let fields = fields.into_iter().map(|(key, node)| (key.to_owned(), node)).collect();
        Self { from: from.to_owned(), content: Content::Map(fields) }
    }
}

/// The path of a field of what is at a path.
pub(crate) fn field(path: &str, key: &str) -> String {
    let mut path = path.to_owned();
    push_field(&mut path, key);
    path
}

/// The path of an element of the list at a path.
pub(crate) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}
