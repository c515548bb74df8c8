//! What is wrong, at the place where the operator wrote it.

use files::{Diagnostic, Severity, Style};
use model::Problem;

/// What is wrong, at the place where the operator wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// In the file.
    File(Box<Diagnostic>),
    /// In a flag or a variable, or nowhere.
    Said {
        /// How bad it is.
        severity: Severity,
        /// `--flag`, the variable, or the field of a ContourConfiguration.
        name: String,
        /// What was found and what is allowed.
        message: String,
        /// The way out.
        help: Option<String>,
    },
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::File(diagnostic) => diagnostic.severity,
            Self::Said { severity, .. } => *severity,
        }
    }

    /// What the status of the ContourConfiguration that was read says of it; nothing for what a flag or a variable is
    /// to blame for.
    pub fn of_object(&self) -> Option<Problem> {
        let (path, message, help) = match self {
            Self::File(diagnostic) => (&diagnostic.path, &diagnostic.message, &diagnostic.help),
            Self::Said { name, .. } if !name.starts_with("spec.") => return None,
            Self::Said { name, message, help, .. } => (name, message, help),
        };
        let severity = match self.severity() {
            Severity::Error => model::Severity::Error,
            Severity::Warning => model::Severity::Warning,
            Severity::Note => return None,
        };
        let (path, message, help) = (path.clone(), message.clone(), help.clone());
        Some(Problem { severity, kind: "ConfigurationError", reason: "InvalidField", path, message, help })
    }

    /// The finding for people, without a line break at the end.
    pub fn render(&self, style: Style) -> String {
        match self {
            Self::File(diagnostic) => files::render(diagnostic, style).trim_end().to_owned(),
            Self::Said { severity, name, message, help } => {
                let help = help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
                format!("{severity}: {name}: {message}{help}")
            }
        }
    }
}
