//! Something wrong with one object, before anybody has said how bad it is.

use model::{Problem, Severity};

use crate::field_path::FieldPath;
use crate::way_out::way_out;

/// Something wrong with one object, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(
        kind: &'static str,
        reason: &'static str,
        path: &FieldPath<'_>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, reason, path: path.to_string(), message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn error(self) -> Problem {
        self.problem(Severity::Error)
    }

    pub(crate) fn warning(self) -> Problem {
        self.problem(Severity::Warning)
    }

    fn problem(self, severity: Severity) -> Problem {
        let Self { kind, reason, path, message, help } = self;
        let help = help.or_else(|| way_out(kind, reason));
        Problem { severity, kind, reason, path, message, help }
    }
}
