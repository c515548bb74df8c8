//! Host names as routes are keyed by.

use std::fmt;
use std::sync::Arc;

/// A canonical host: lower case, no port, no trailing dot; `*.example.com` or `*` for wildcards.
///
/// `translate` validates what users write (RFC 1123; one leading `*.` label); this type only keeps the
/// result and answers what kind of host it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// A host from its canonical spelling.
    pub fn new(canonical: impl Into<Arc<str>>) -> Self {
        Self(canonical.into())
    }

    /// The host of requests that no other host matches.
    #[must_use]
    pub fn any() -> Self {
        Self("*".into())
    }

    /// Whether this is the catch-all host `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    /// The parent domain of a wildcard: `example.com` for `*.example.com`.
    #[must_use]
    pub fn wildcard_parent(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
