//! A file with one YAML document that is no manifest: its value, and places for what is wrong in it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Excerpt, Severity};
use crate::manifest;
use crate::pieces;
use crate::source::{Location, Locator, Source, SourceFile, Target};

/// A file with one YAML or JSON document.
#[derive(Debug)]
pub struct Document {
    value: Value,
    locator: Locator,
    file: Arc<SourceFile>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with its place: the file cannot be read, it is not YAML, or it has several documents.
    pub fn read(path: &Path) -> Result<Self, Box<Diagnostic>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) => {
                let message = match error.kind() {
                    ErrorKind::InvalidData => "cannot be read: it is not UTF-8".to_owned(),
                    _ => format!("cannot be read: {error}"),
                };
                Err(Box::new(Diagnostic::of_file(path.to_owned(), message)))
            }
        }
    }

    /// The same for a text that was read.
    ///
    /// # Errors
    /// It is not YAML, or it has several documents.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Box<Diagnostic>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let file = Arc::new(SourceFile { path: path.to_owned(), text });
        let whole = pieces::Piece { range: 0..file.text.len(), line: 1 };
        let split = pieces::split(&file.text);
        let piece = split.first().unwrap_or(&whole);
        let locator = Locator::new(&Source::new(Arc::clone(&file), piece, None));
        let found = |location: Location, message: &str, help: Option<&str>| {
            Box::new(Diagnostic {
                location: Some(location),
                help: help.map(str::to_owned),
                excerpt: Excerpt::Shown,
                ..Diagnostic::of_file(path.to_owned(), message)
            })
        };
        if let Some(second) = split.get(1) {
            let place = Source::new(Arc::clone(&file), second, None).location();
            return Err(found(place, "has a second document", Some("keep one document in the file")));
        }
        match manifest::value(&file.text[piece.range.clone()]) {
            Ok(value) => Ok(Self { value, locator, file }),
            Err((problem, range)) => Err(found(locator.at(range), &problem.message, problem.help)),
        }
    }

    /// What it says; `Null` for an empty file.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text of a scalar as it was written: `1.30` where the value is the number 1.3. `None` for what is not written
    /// where it is used.
    pub fn written(&self, path: &str) -> Option<&str> {
        let text = &self.file.text[self.locator.locate(None, path, Target::Value).span];
        (!text.starts_with(['*', '&', '!'])).then_some(text)
    }

    /// A finding about a field.
    pub fn diagnostic(
        &self,
        severity: Severity,
        path: &str,
        target: Target,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity,
            location: Some(self.locator.locate(None, path, target)),
            path: path.to_owned(),
            help,
            excerpt: Excerpt::Shown,
            ..Diagnostic::of_file(self.file.path.clone(), message)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Document, Box<Diagnostic>> {
        Document::parse(Path::new("config.yaml"), text)
    }

    #[test]
    fn a_document_has_a_value_and_places() {
        let document = parse("---\ntls:\n  minimum-protocol-version: 1.30\n").unwrap();
        assert_eq!(document.value(), &json!({"tls": {"minimum-protocol-version": 1.3}}));
        assert_eq!(document.written("tls.minimum-protocol-version"), Some("1.30"));
        let path = "tls.minimum-protocol-version";
        let found = document.diagnostic(Severity::Error, path, Target::Value, "no", None);
        assert_eq!(
            (found.place().as_str(), found.title().as_str()),
            ("config.yaml:3:29", "tls.minimum-protocol-version: no")
        );
    }

    #[test]
    fn an_empty_file_says_nothing() {
        for text in ["", "# nothing\n", "---\n"] {
            assert_eq!(parse(text).unwrap().value(), &Value::Null, "{text:?}");
        }
    }

    #[test]
    fn a_second_document_and_bad_yaml_are_refused_where_they_are() {
        let second = parse("a: 1\n---\nb: 2\n").unwrap_err();
        assert_eq!(
            (second.place().as_str(), second.message.as_str()),
            ("config.yaml:3:1", "has a second document")
        );
        assert_eq!(parse("a: [\n").unwrap_err().place(), "config.yaml:2:1");
        assert_eq!(Document::read(Path::new("no/such/file")).unwrap_err().place(), "no/such/file");
    }
}
