//! Paths that are replaced. What users wrote is quoted where it becomes part of an expression.

use envoy_protos::envoy::r#type::matcher::v3::RegexMatchAndSubstitute;
use model::Segments;

use super::matching::{quote, regex};

/// How Envoy is told to replace the beginning of a path.
pub(super) enum Replacement {
    /// By this, what the route matched.
    Prefix(String),
    /// What an expression finds.
    Regex(RegexMatchAndSubstitute),
}

/// The whole path, without the query.
pub(super) fn whole(path: &str) -> RegexMatchAndSubstitute {
    substitute("^.*$", path)
}

/// Segments. Where nothing stands in their place, the slashes behind them become the one that paths begin with.
pub(super) fn segments(segments: &Segments) -> Replacement {
    let Segments { matched, replacement } = segments;
    match (&**matched, &**replacement) {
        ("", replacement) => Replacement::Prefix(format!("{replacement}/")),
        (matched, "") => Replacement::Regex(substitute(&format!("^{}/*", quote(matched)), "/")),
        (_, replacement) => Replacement::Prefix(replacement.to_owned()),
    }
}

/// A backslash in a substitution names a group.
fn substitute(pattern: &str, text: &str) -> RegexMatchAndSubstitute {
    RegexMatchAndSubstitute { pattern: Some(regex(pattern)), substitution: text.replace('\\', r"\\") }
}
