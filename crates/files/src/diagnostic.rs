//! What is wrong in the files, for people and for machines.

use std::path::PathBuf;

use api::ObjectId;
use serde::Serialize;

use crate::source::Location;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work as written.
    Error,
    /// It works, but probably not as meant.
    Warning,
    /// Nothing is wrong; shown in one line without source.
    Note,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One finding with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file that it is about.
    pub file: PathBuf,
    /// The place in it; `None` when the file could not be read.
    pub location: Option<Location>,
    /// The object, when it is known.
    pub object: Option<ObjectId>,
    /// The field, such as `spec.routes[0].services[1].port`; empty when it is about the whole.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// Whether the lines around it may be shown; not where they can hold key material.
    pub excerpt: Excerpt,
}

/// Whether source lines may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// They may.
    Shown,
    /// They belong to a Secret.
    Hidden,
}

/// The form for machines: one JSON object with these fields, all always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JsonDiagnostic {
    /// `error`, `warning`, `note`.
    pub severity: Severity,
    /// As the user gave it.
    pub file: String,
    /// From 1; `null` without a place.
    pub line: Option<usize>,
    /// From 1, in characters; `null` without a place.
    pub column: Option<usize>,
    /// `HTTPProxy default/web`; `null` when it is not known.
    pub object: Option<String>,
    /// The field; empty for the whole.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding about a file as a whole.
    pub(crate) fn of_file(file: PathBuf, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file,
            location: None,
            object: None,
            path: String::new(),
            message: message.into(),
            help: None,
            excerpt: Excerpt::Hidden,
        }
    }

    /// Path and message in one line.
    pub fn title(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("{}: {}", self.path, self.message) }
    }

    /// `file:line:column`, or the file alone.
    pub fn place(&self) -> String {
        match &self.location {
            Some(location) => format!("{}:{}:{}", self.file.display(), location.line, location.column),
            None => self.file.display().to_string(),
        }
    }

    /// The form for machines.
    pub fn to_json(&self) -> JsonDiagnostic {
        JsonDiagnostic {
            severity: self.severity,
            file: self.file.display().to_string(),
            line: self.location.as_ref().map(|location| location.line),
            column: self.location.as_ref().map(|location| location.column),
            object: self.object.as_ref().map(ToString::to_string),
            path: self.path.clone(),
            message: self.message.clone(),
            help: self.help.clone(),
        }
    }
}
