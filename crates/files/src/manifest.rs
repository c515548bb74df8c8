//! One document to the objects in it.
//!
//! This is the entry for arbitrary text: it never panics, whatever the bytes.

use std::ops::Range;

use api::{Kind, Object, ObjectId, Scope, Violation};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use crate::diagnostic::{Diagnostic, Excerpt, Severity};
use crate::json;
use crate::source::{Locator, Target};
use crate::yaml::{Document, Lines, SyntaxProblem};

/// Everything that a document says.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) items: Vec<Item>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) flaw: Option<Flaw>,
}

/// One object of a document, or the place where it should be.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: ObjectId,
    /// Index in the list that it comes from.
    pub(crate) index: Option<usize>,
    /// What can be used of it; `None` when a field has the wrong type or is unknown.
    pub(crate) form: Option<Form>,
}

/// A decoded object.
#[derive(Debug)]
pub(crate) struct Form {
    /// Of the value, so that comments and layout do not count.
    pub(crate) hash: u128,
    pub(crate) object: Object,
    /// What the API server would refuse.
    pub(crate) violations: Vec<Violation>,
}

/// What keeps a document from saying which objects it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not YAML.
    Syntax,
    /// An object in it has no readable kind or name.
    Unnamed,
}

/// A diagnostic whose place is relative to the document.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    severity: Severity,
    object: Option<ObjectId>,
    item: Option<usize>,
    path: String,
    place: Place,
    message: String,
    help: Option<String>,
    secret: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Field(Target),
    Bytes(Range<usize>),
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Reading {
    let mut reader = Reader { reading: Reading::default(), index: None, secret: mentions_secret(text) };
    match value(text) {
        Ok(Value::Null) => {}
        Ok(value) => reader.document(value),
        Err((problem, range)) => reader.syntax(problem, range),
    }
    reader.reading
}

/// Reads one object again: the one with this index in the list, or the only one of the document.
pub(crate) fn read_one(text: &str, index: Option<usize>) -> Option<Object> {
    let found = read(text).items.into_iter().find(|item| item.index == index)?;
    found.form.map(|form| form.object)
}

impl Finding {
    /// Whether something is wrong.
    pub(crate) fn is_problem(&self) -> bool {
        self.severity != Severity::Note
    }

    /// The diagnostic, now that the place of the document is known.
    pub(crate) fn diagnostic(&self, locator: &Locator) -> Diagnostic {
        let location = match &self.place {
            Place::Field(target) => locator.locate(self.item, &self.path, *target),
            Place::Bytes(range) => locator.at(range.clone()),
        };
        Diagnostic {
            severity: self.severity,
            file: location.file.path.clone(),
            location: Some(location),
            object: self.object.clone(),
            path: self.path.clone(),
            message: self.message.clone(),
            help: self.help.clone(),
            excerpt: if self.secret { Excerpt::Hidden } else { Excerpt::Shown },
        }
    }
}

/// Whether a document may hold key material, even if it cannot be read: some kind in it looks like Secret.
pub(crate) fn mentions_secret(text: &str) -> bool {
    text.match_indices("kind").any(|(at, word)| {
        let rest = &text[at + word.len()..];
        let line = rest.split(['\n', '\r', '}', ',']).next().unwrap_or(rest);
        line.contains("Secret")
    })
}

pub(crate) fn value(text: &str) -> Result<Value, (SyntaxProblem, Range<usize>)> {
    let at = |problem: SyntaxProblem| {
        let start = Lines::new(text).offset(text, problem.at);
        let rest = &text[start..];
        let length = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        let range = start..start + length.min(64).min(rest.len());
        (problem, floor(text, range))
    };
    if json::is_meant(text)
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    match Document::parse(text).map_err(at)? {
        Some(document) => document.value().map_err(at),
        None => Ok(Value::Null),
    }
}

/// The range, ended at a character's border.
fn floor(text: &str, range: Range<usize>) -> Range<usize> {
    range.start..text.floor_char_boundary(range.end)
}

struct Reader {
    reading: Reading,
    index: Option<usize>,
    secret: bool,
}

impl Reader {
    fn syntax(&mut self, problem: SyntaxProblem, range: Range<usize>) {
        self.reading.flaw = Some(Flaw::Syntax);
        self.reading.findings.push(Finding {
            severity: Severity::Error,
            object: None,
            item: None,
            path: String::new(),
            place: Place::Bytes(range),
            message: problem.message,
            help: problem.help.map(str::to_owned),
            secret: self.secret,
        });
    }

    fn document(&mut self, value: Value) {
        let Value::Object(mut fields) = value else {
            return self.unnamed("", "expected an object with apiVersion, kind and metadata", None);
        };
        match list_of(&mut fields) {
            Some(list) => self.list(list),
            None => self.object(fields),
        }
    }

    fn list(&mut self, list: List) {
        for (index, item) in list.items.into_iter().enumerate() {
            self.index = Some(index);
            match item {
                Value::Object(mut fields) => {
                    list.element.fill_in(&mut fields);
                    self.object(fields);
                }
                _ => self.unnamed("", "expected an object with apiVersion, kind and metadata", None),
            }
        }
    }

    fn object(&mut self, fields: Map<String, Value>) {
        let Some(api_version) = self.text(&fields, "apiVersion") else { return };
        let Some(name) = self.text(&fields, "kind") else { return };
        match Kind::find(&api_version, &name) {
            Some(kind) => self.known(kind, fields),
            None => self.ignored(&api_version, &name, &fields),
        }
    }

    /// One of the two words that say what an object is.
    fn text(&mut self, fields: &Map<String, Value>, field: &str) -> Option<String> {
        let (message, help) = match fields.get(field) {
            Some(Value::String(text)) if !text.is_empty() => return Some(text.clone()),
            Some(Value::String(_) | Value::Null) | None => {
                ("is required", format!("every object has apiVersion and kind; add {field}"))
            }
            Some(_) => ("expected a string", "put the value in quotes".to_owned()),
        };
        self.unnamed(field, message, Some(help));
        None
    }

    fn ignored(&mut self, api_version: &str, name: &str, fields: &Map<String, Value>) {
        let metadata =
            |field: &str| fields.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str);
        let namespace = metadata("namespace").unwrap_or("default");
        let object = format!("{name} {namespace}/{}", metadata("name").unwrap_or("without a name"));
        let read: Vec<&str> = Kind::by_name(name).map(Kind::api_version).collect();
        if read.is_empty() {
            return self.add(Severity::Note, None, "", Target::Key, format!("ignoring {object}"), None);
        }
        let message = format!("ignoring {object}: {api_version} is not read");
        let help = format!("write apiVersion: {}", read.join(" or "));
        self.add(Severity::Warning, None, "apiVersion", Target::Value, message, Some(help));
    }

    fn known(&mut self, kind: Kind, mut fields: Map<String, Value>) {
        place_in_namespace(kind, &mut fields);
        let id = match named(kind, &fields) {
            Ok(id) => id,
            Err((message, help)) => return self.unnamed("metadata.name", message, Some(help.to_owned())),
        };
        let value = Value::Object(fields);
        let hash = xxh3_128(value.to_string().as_bytes());
        let form = match api::decode(kind, value) {
            Ok(decoded) => {
                let refused = self.unknown(&id, &decoded.unknown);
                (!refused).then_some(Form { hash, object: decoded.object, violations: decoded.violations })
            }
            Err(problem) => {
                self.add(Severity::Error, Some(&id), &problem.path, Target::Value, problem.message, None);
                None
            }
        };
        self.reading.items.push(Item { id, index: self.index, form });
    }

    /// Reports fields that the kind does not have; whether they make the object unusable.
    ///
    /// They do, as with `kubectl apply`: a misspelt field may have been meant to restrict access, and the
    /// object without it would be open. What stands in `status` was written by a program and means nothing.
    fn unknown(&mut self, id: &ObjectId, paths: &[String]) -> bool {
        let mut refused = false;
        for path in paths {
            let is_status = path.starts_with("status.");
            let (severity, message) = match is_status {
                true => (Severity::Warning, format!("is not a field of {}; it is ignored", id.kind)),
                false => (Severity::Error, format!("is not a field of {}", id.kind)),
            };
            let help = format!("remove the field, or see how {} spells it", id.kind);
            self.add(severity, Some(id), path, Target::Key, message, Some(help));
            refused |= !is_status;
        }
        refused
    }

    fn unnamed(&mut self, path: &str, message: &str, help: Option<String>) {
        // A syntax error says more, and comes first.
        self.reading.flaw.get_or_insert(Flaw::Unnamed);
        self.add(Severity::Error, None, path, Target::Value, message.to_owned(), help);
    }

    fn add(
        &mut self,
        severity: Severity,
        object: Option<&ObjectId>,
        path: &str,
        target: Target,
        message: String,
        help: Option<String>,
    ) {
        self.reading.findings.push(Finding {
            severity,
            object: object.cloned(),
            item: self.index,
            path: path.to_owned(),
            place: Place::Field(target),
            message,
            help,
            secret: self.secret,
        });
    }
}

/// A list with what its elements may leave out.
struct List {
    items: Vec<Value>,
    element: Element,
}

/// `apiVersion` and `kind` of elements; both empty for `v1 List`, whose elements say it themselves.
struct Element {
    api_version: String,
    kind: String,
}

impl Element {
    fn fill_in(&self, fields: &mut Map<String, Value>) {
        if self.kind.is_empty() {
            return;
        }
        for (field, text) in [("apiVersion", &self.api_version), ("kind", &self.kind)] {
            fields.entry(field).or_insert_with(|| Value::String(text.clone()));
        }
    }
}

/// The elements, if this is a list: `List` of `v1`, or a kind that ends in `List` and has `items`.
fn list_of(fields: &mut Map<String, Value>) -> Option<List> {
    let kind = fields.get("kind")?.as_str()?.strip_suffix("List")?.to_owned();
    let api_version = fields.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
    match fields.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => Some(List { items, element: Element { api_version, kind } }),
        Some(Value::Null) | None => Some(List { items: Vec::new(), element: Element { api_version, kind } }),
        Some(_) => None,
    }
}

/// Gives objects without a namespace the one that `kubectl` would give them.
fn place_in_namespace(kind: Kind, fields: &mut Map<String, Value>) {
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else { return };
    match kind.scope() {
        Scope::Cluster => {
            metadata.shift_remove("namespace");
        }
        Scope::Namespaced => match metadata.get("namespace") {
            None | Some(Value::Null) => {
                metadata.insert("namespace".to_owned(), Value::from("default"));
            }
            Some(Value::String(namespace)) if namespace.is_empty() => {
                metadata.insert("namespace".to_owned(), Value::from("default"));
            }
            Some(_) => {}
        },
    }
}

/// The identity, or why there is none.
fn named(kind: Kind, fields: &Map<String, Value>) -> Result<ObjectId, (&'static str, &'static str)> {
    let metadata = fields.get("metadata").unwrap_or(&Value::Null);
    let namespace = match (kind.scope(), metadata.get("namespace")) {
        (Scope::Cluster, _) => "",
        (Scope::Namespaced, Some(Value::String(namespace))) => namespace,
        (Scope::Namespaced, _) => "default",
    };
    match metadata.get("name") {
        Some(Value::String(name)) if !name.is_empty() => Ok(ObjectId::new(kind, namespace, name)),
        Some(Value::Bool(_) | Value::Number(_)) => Err(("expected a string", "put the value in quotes")),
        Some(Value::Array(_) | Value::Object(_)) => Err(("expected a string", "write one word")),
        Some(Value::String(_) | Value::Null) | None => {
            Err(("is required", "give the object a name; generateName works in a cluster only"))
        }
    }
}
