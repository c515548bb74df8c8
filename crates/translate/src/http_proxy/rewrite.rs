//! Replacing the prefix of a path (reference 3.11).

use std::collections::BTreeSet;

use api::http_proxy::policy::PathRewritePolicy;
use model::{PathMatch, PathRewrite, RouteMatch};

use super::Fault;
use crate::field_path::FieldPath;

/// A match, and what happens to its path.
pub(crate) type Variant = (RouteMatch, Option<PathRewrite>);

/// The matches that a route needs: the one that was written, and one that completes it.
///
/// A prefix `/foo` replaced by `/bar` must make `/bar/x` of `/foo/x` and `/bar` of `/foo`; replaced by `/`
/// it must make `/x`, not `//x`. One route for `/foo` and one for `/foo/` do both.
pub(crate) fn variants(
    at: &FieldPath<'_>,
    matches: RouteMatch,
    policy: Option<&PathRewritePolicy>,
) -> Result<Vec<Variant>, Fault> {
    let Some(policy) = policy.filter(|policy| !policy.replace_prefix.is_empty()) else {
        return Ok(vec![(matches, None)]);
    };
    let at = at.field("pathRewritePolicy");
    let PathMatch::Prefix(prefix) = &matches.path else {
        let message = "cannot specify prefix replacements without a prefix condition";
        return Err(Fault::new("PrefixReplaceError", "MustHavePrefix", &at.field("replacePrefix"), message));
    };
    let Some(replacement) = replacement(&at, policy, prefix)? else { return Ok(vec![(matches, None)]) };
    let bare = prefix.trim_end_matches('/');
    let slashed = PathRewrite::Prefix(with_slash(replacement).into());
    if prefix.ends_with('/') {
        // Everything matches, or what follows the slash: it goes behind the replacement.
        return Ok(vec![(matches, Some(slashed))]);
    }
    let path = PathMatch::Prefix(format!("{bare}/").into());
    let inner = RouteMatch { path, ..matches.clone() };
    let plain = PathRewrite::Prefix(without_slash(replacement).into());
    Ok(vec![(matches, Some(plain)), (inner, Some(slashed))])
}

/// The replacement of a prefix: the entry that names it, else the one that names none.
fn replacement<'a>(
    at: &FieldPath<'_>,
    policy: &'a PathRewritePolicy,
    prefix: &str,
) -> Result<Option<&'a str>, Fault> {
    let mut default = None;
    let mut exact = None;
    let mut seen = BTreeSet::new();
    for (index, entry) in policy.replace_prefix.iter().enumerate() {
        let at = at.item("replacePrefix", index);
        let fault = |reason, why: String| Fault::new("PrefixReplaceError", reason, &at, why);
        let replacement = rules::rewrite_path(&entry.replacement)
            .map(|_| entry.replacement.as_str())
            .map_err(|why| fault("ReplacementNotValid", why.to_string()))?;
        match entry.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            None if default.is_some() => {
                return Err(fault("AmbiguousReplacement", "ambiguous prefix replacement".into()));
            }
            None => default = Some(replacement),
            Some(named) if !seen.insert(named) => {
                return Err(fault("DuplicateReplacement", format!("duplicate replacement prefix '{named}'")));
            }
            Some(named) if named == prefix => exact = Some(replacement),
            Some(_) => {}
        }
    }
    Ok(exact.or(default))
}

fn with_slash(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

fn without_slash(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}
