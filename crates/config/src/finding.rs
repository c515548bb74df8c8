//! What is wrong, at the place where the operator wrote it.

use files::{Diagnostic, Severity, Style};

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
