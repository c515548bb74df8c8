//! The path of an Ingress rule.

use api::networking::HTTPIngressPath;
use model::{PathMatch, Settings};
use rules::{Compared, Invalid, PathPrefix};

use crate::text::{self, quoted};

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
        "Exact" => Ok(PathMatch::Exact(plain(path)?.into())),
        "Prefix" => match rules::separated_prefix(plain(path)?).map_err(|why| why.to_string())? {
            PathPrefix::All => Ok(PathMatch::Prefix("/".into())),
            PathPrefix::Segments(segments) => Ok(PathMatch::Segments(segments.into())),
        },
        "ImplementationSpecific" | "" if path.contains(EXPRESSION) => Ok(PathMatch::Regex(expression(path)?)),
        "ImplementationSpecific" | "" => Ok(PathMatch::Prefix(text::path(path)?.into())),
        other => {
            Err(format!("pathType {} is not one of Exact, Prefix and ImplementationSpecific", quoted(other)))
        }
    }
}

/// A path that Kubernetes takes as `Exact` or `Prefix`: what its `ValidateIngress` refuses matches nothing here either,
/// but for the escaped slash.
fn plain(path: &str) -> Result<&str, String> {
    text::path(path)?;
    rules::normal_path(path, Compared::Whole, true).map_err(|why| why.to_string())?;
    if path.contains("%2f") || path.contains("%2F") {
        let way_out = "make it an expression for the whole path, with pathType ImplementationSpecific";
        return Err(format!(
            "path {} has an escaped slash, which Kubernetes refuses; {way_out}",
            quoted(path)
        ));
    }
    Ok(path)
}

/// Why no request has a path that can be used, when Envoy compares it.
pub(super) fn unmatched(entry: &HTTPIngressPath, settings: &Settings) -> Option<Invalid> {
    let path = written(entry);
    match entry.path_type.as_str() {
        "Exact" | "Prefix" => rules::encoded_path(path).err(),
        _ if path.contains(EXPRESSION) => None,
        _ => {
            let normal = rules::normal_path(path, Compared::Beginning, settings.merge_slashes);
            normal.and_then(|()| rules::encoded_path(path).map_err(by_segments)).err()
        }
    }
}

/// With a percent sign, a path that is implementation specific is an expression.
fn by_segments(why: Invalid) -> Invalid {
    Invalid { way_out: format!("{}, with pathType Prefix or Exact", why.way_out).into(), ..why }
}

/// An expression for the whole path; the `^` that Contour's users write in front says nothing more.
fn expression(path: &str) -> Result<std::sync::Arc<str>, String> {
    let pattern = path.strip_prefix('^').unwrap_or(path);
    text::regex(pattern).map(Into::into)
}
