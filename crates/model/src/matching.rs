//! Which requests a route takes.

use std::sync::Arc;

/// Which requests a route takes: all of path, headers and query parameters must match.
///
/// Built by [`RouteMatch::new`], which sorts the conditions: the same set written in another order is
/// the same match. Its `Ord` is the order of precedence: the smaller match is tried first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteMatch {
    /// The path.
    pub path: PathMatch,
    /// Header conditions; sorted, without repetitions.
    pub headers: Vec<HeaderMatch>,
    /// Query parameter conditions; sorted, without repetitions.
    pub query: Vec<QueryMatch>,
}

impl RouteMatch {
    /// A match from its conditions in any order.
    #[must_use]
    pub fn new(path: PathMatch, mut headers: Vec<HeaderMatch>, mut query: Vec<QueryMatch>) -> Self {
        headers.sort_unstable();
        headers.dedup();
        query.sort_unstable();
        query.dedup();
        Self { path, headers, query }
    }

    /// Whether a condition on the request's method is among the headers.
    #[must_use]
    pub fn has_method(&self) -> bool {
        self.headers.iter().any(|header| &*header.name == ":method")
    }
}

/// A condition on the path of a request, without its query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// The whole path, byte for byte.
    Exact(Arc<str>),
    /// An RE2 expression for the whole path.
    Regex(Arc<str>),
    /// A prefix by whole segments: `/a` takes `/a` and `/a/b`, not `/ab`. Never ends in `/`.
    Segments(Arc<str>),
    /// A prefix of the text: `/a` takes `/ab` too.
    Prefix(Arc<str>),
}

/// A text compared to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextMatch {
    /// The text to compare with.
    pub value: Arc<str>,
    /// Whether ASCII case is ignored.
    pub ignore_case: bool,
}

/// A condition on a header; on the pseudo header `:method`, a condition on the method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderMatch {
    /// The header's name, lower case.
    pub name: Arc<str>,
    /// What its value must be.
    pub predicate: HeaderPredicate,
    /// Whether the condition is turned around.
    pub invert: bool,
    /// Whether a header that is not there counts as one with an empty value.
    pub missing_is_empty: bool,
}

/// What the value of a header must be. The order is that of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeaderPredicate {
    /// The whole value.
    Exact(TextMatch),
    /// An RE2 expression for the whole value.
    Regex(Arc<str>),
    /// A part of the value.
    Contains(TextMatch),
    /// Any value.
    Present,
}

/// A condition on the first value of a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryMatch {
    /// The parameter's name.
    pub name: Arc<str>,
    /// What its value must be.
    pub predicate: QueryPredicate,
}

/// What the value of a query parameter must be. The order is that of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueryPredicate {
    /// The whole value.
    Exact(TextMatch),
    /// An RE2 expression for the whole value.
    Regex(Arc<str>),
    /// The value's beginning.
    Prefix(TextMatch),
    /// The value's end.
    Suffix(TextMatch),
    /// A part of the value.
    Contains(TextMatch),
    /// Any value.
    Present,
}
