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

    /// The wildcards that take requests for the host where many labels may stand for `*`: the narrowest first, `*` last.
    /// A host is not among its own.
    pub fn wider(&self) -> impl Iterator<Item = Self> {
        let mut rest = Some(self.wildcard_parent().unwrap_or(&self.0)).filter(|_| !self.is_any());
        let parents = std::iter::from_fn(move || {
            let (_, parent) = rest?.split_once('.')?;
            rest = Some(parent);
            Some(Self(format!("*.{parent}").into()))
        });
        parents.chain((!self.is_any()).then(Self::any))
    }

    /// Whether the host is a wildcard that takes requests for another where many labels may stand for `*`.
    #[must_use]
    pub fn is_wider_than(&self, other: &Self) -> bool {
        if self.is_any() {
            return !other.is_any();
        }
        let below = |parent: &str| other.0.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
        self != other && self.wildcard_parent().is_some_and(below)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_hosts_are_the_wildcards_above_from_the_narrowest_on() {
        let wider = |host: &str| Host::new(host).wider().map(|host| host.to_string()).collect::<Vec<_>>();
        assert_eq!(wider("a.b.com"), ["*.b.com", "*.com", "*"]);
        assert_eq!(wider("*.b.com"), ["*.com", "*"]);
        assert_eq!(wider("localhost"), ["*"]);
        assert_eq!(wider("*"), [""; 0]);
    }

    #[test]
    fn a_host_is_wider_than_those_that_name_it_and_no_others() {
        let hosts =
            ["*", "*.com", "*.b.com", "b.com", "a.b.com", "x.a.b.com", "ab.com", "*.ab.com"].map(Host::new);
        for (one, other) in hosts.iter().flat_map(|one| hosts.iter().map(move |other| (one, other))) {
            assert_eq!(one.is_wider_than(other), other.wider().any(|wider| wider == *one), "{one} {other}");
        }
    }
}
