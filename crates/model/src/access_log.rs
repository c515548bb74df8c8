//! What is logged of requests, and how.

use std::sync::Arc;

/// What is logged of requests and connections of clients, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AccessLogs {
    /// Which of them.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

impl AccessLogs {
    /// Whether they can tell which object a route comes from.
    #[must_use]
    pub fn tell_origins(&self) -> bool {
        let asks = |format: &str| format.contains("%METADATA(ROUTE:");
        match &self.format {
            LogFormat::Default => false,
            LogFormat::Line(line) => asks(line),
            LogFormat::Json(fields) => fields.iter().any(|(_, format)| asks(format)),
        }
    }
}

/// Which requests are logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LogLevel {
    /// All.
    #[default]
    All,
    /// Those with a status of 300 and above, or a response flag.
    Error,
    /// Those with a status of 500 and above, or a response flag.
    Critical,
    /// None.
    Disabled,
}

/// The form of access logs, in Envoy's format language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// Envoy's own line.
    #[default]
    Default,
    /// This text for each request, line break and all.
    Line(Arc<str>),
    /// A JSON object for each request: names with what they hold, each name once. What is empty is left out.
    Json(Vec<(Arc<str>, Arc<str>)>),
}
