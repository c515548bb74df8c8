//! Replacing the prefix of a path (reference 3.11).

use api::http_proxy::policy::PathRewritePolicy;
use model::{PathMatch, PathRewrite, RouteMatch};

use super::{Fault, route};
use crate::text;

/// The matches that a route needs, each with what happens to its path.
///
/// A prefix `/foo` replaced by `/bar` must make `/bar/x` of `/foo/x` and `/bar` of `/foo`; replaced by `/`
/// it must make `/x`, not `//x`. One route for `/foo/` and one for `/foo` do both.
pub(super) fn variants(
    path: &str,
    matches: RouteMatch,
    policy: Option<&PathRewritePolicy>,
) -> Result<Vec<(RouteMatch, Option<PathRewrite>)>, Fault> {
    let Some(policy) = policy.filter(|policy| !policy.replace_prefix.is_empty()) else {
        return Ok(vec![(matches, None)]);
    };
    let path = format!("{path}.pathRewritePolicy.replacePrefix");
    let Some(prefix) = route::prefix(&matches).map(str::to_owned) else {
        let message = "cannot specify prefix replacements without a prefix condition";
        return Err(Fault::new("PrefixReplaceError", "MustHavePrefix", path, message));
    };
    let Some(replacement) = replacement(&path, policy, &prefix)? else { return Ok(vec![(matches, None)]) };
    let bare = prefix.trim_end_matches('/');
    if bare.is_empty() {
        // Everything matches: what follows the slash goes behind the replacement.
        let replacement = with_slash(&replacement);
        return Ok(vec![(matches, Some(PathRewrite::Prefix(replacement.into())))]);
    }
    let with = |path: String, rewrite: String| {
        let path = PathMatch::Prefix(path.into());
        let matches = RouteMatch { path, ..matches.clone() };
        (matches, Some(PathRewrite::Prefix(rewrite.into())))
    };
    let slashed = with(format!("{bare}/"), with_slash(&replacement));
    let plain = with(bare.to_owned(), without_slash(&replacement));
    Ok(if prefix.ends_with('/') { vec![slashed] } else { vec![slashed, plain] })
}

/// The replacement of a prefix: the entry that names it, else the one that names none.
fn replacement(path: &str, policy: &PathRewritePolicy, prefix: &str) -> Result<Option<String>, Fault> {
    let mut default = None;
    let mut exact = None;
    let mut seen = Vec::new();
    for (index, entry) in policy.replace_prefix.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let fault = |reason, why: String| Fault::new("PrefixReplaceError", reason, path.clone(), why);
        let replacement = text::path(&entry.replacement)
            .map_err(|why| fault("ReplacementNotValid", format!("replacement: {why}")))?;
        match entry.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            None if default.is_some() => {
                return Err(fault("AmbiguousReplacement", "ambiguous prefix replacement".into()));
            }
            None => default = Some(replacement),
            Some(named) if seen.contains(&named) => {
                return Err(fault("DuplicateReplacement", format!("duplicate replacement prefix '{named}'")));
            }
            Some(named) => {
                seen.push(named);
                if named == prefix {
                    exact = Some(replacement);
                }
            }
        }
    }
    Ok(exact.or(default))
}

fn with_slash(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

fn without_slash(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" => "/".into(),
        path => path.into(),
    }
}
