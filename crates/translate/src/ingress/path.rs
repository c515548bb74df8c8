//! The path of an Ingress rule.

use api::networking::HTTPIngressPath;
use model::PathMatch;
use rules::PathPrefix;

/// Characters that make an `ImplementationSpecific` path an expression, as in Contour.
const EXPRESSION: [char; 6] = ['^', '+', '*', '[', ']', '%'];

/// The path as it is written; everything where it is not.
pub(super) fn written(entry: &HTTPIngressPath) -> &str {
    entry.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/")
}

/// Which requests a path takes.
///
/// # Errors
/// Why the path cannot be used.
pub(super) fn path_match(entry: &HTTPIngressPath) -> Result<PathMatch, String> {
    let path = written(entry);
    match entry.path_type.as_str() {
        "Exact" => Ok(PathMatch::Exact(literal(path)?)),
        "Prefix" => match rules::separated_prefix(path).map_err(|why| why.to_string())? {
            PathPrefix::All => Ok(PathMatch::Prefix("/".into())),
            PathPrefix::Segments(segments) => Ok(PathMatch::Segments(segments.into())),
        },
        "ImplementationSpecific" | "" if path.contains(EXPRESSION) => Ok(PathMatch::Regex(expression(path)?)),
        "ImplementationSpecific" | "" => Ok(PathMatch::Prefix(literal(path)?)),
        other => Err(format!(
            "pathType {} is not one of Exact, Prefix and ImplementationSpecific",
            crate::text::quoted(other)
        )),
    }
}

fn literal(path: &str) -> Result<std::sync::Arc<str>, String> {
    crate::text::path(path).map(Into::into)
}

/// An expression for the whole path; the `^` that Contour's users write in front says nothing more.
fn expression(path: &str) -> Result<std::sync::Arc<str>, String> {
    let pattern = path.strip_prefix('^').unwrap_or(path);
    crate::text::regex(pattern).map(Into::into)
}
