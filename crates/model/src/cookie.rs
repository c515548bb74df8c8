//! Cookies that backends set.

use std::sync::Arc;

/// Changes to the attributes of one cookie that a backend sets; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CookieRewrite {
    /// The cookie's name: a token; case counts.
    pub name: Arc<str>,
    /// Below which path browsers send it.
    pub path: Option<Arc<str>>,
    /// To which hosts browsers send it.
    pub domain: Option<Arc<str>>,
    /// Whether browsers send it with TLS only.
    pub secure: Option<bool>,
    /// Which requests of other sites carry it.
    pub same_site: Option<SameSite>,
}

impl CookieRewrite {
    /// The same, and what `other` changes where this changes nothing.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            name: self.name,
            path: self.path.or_else(|| other.path.clone()),
            domain: self.domain.or_else(|| other.domain.clone()),
            secure: self.secure.or(other.secure),
            same_site: self.same_site.or(other.same_site),
        }
    }
}

/// Which requests of other sites carry a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// None.
    Strict,
    /// Those that lead the client here.
    Lax,
    /// All of them.
    None,
}

impl SameSite {
    /// The word in the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}
