//! Which release of the Gateway API a cluster has.

/// Which release of the Gateway API the definitions of a cluster are of: the condition `SupportedVersion` of its classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// There are none yet, or nobody may read them: nothing is said.
    Unknown,
    /// All are of a release that is supported.
    Supported,
    /// What is wrong with some of them, a line each.
    Unsupported(Vec<String>),
}

impl Release {
    /// What is wrong, in one message.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unknown | Self::Supported => String::new(),
            Self::Unsupported(lines) => format!(
                "{}; they are served as far as they are understood. Apply the definitions of the Gateway API 1.6",
                lines.join(", ")
            ),
        }
    }
}
