//! Cookies that backends set (reference 3.15).

use std::collections::BTreeMap;
use std::sync::Arc;

use api::http_proxy::policy::{CookieRewritePolicy, CookieValueRewrite, SameSite as Word};
use model::{CookieRewrite, SameSite};
use rules::Invalid;

use super::Fault;
use crate::field_path::FieldPath;
use crate::text::quoted;

const FIELD: &str = "cookieRewritePolicies";

/// What a route, or one of its services, changes; sorted by name.
pub(super) fn rewrites(
    at: &FieldPath<'_>,
    specs: &[CookieRewritePolicy],
) -> Result<Vec<CookieRewrite>, Fault> {
    let mut rewrites: BTreeMap<Arc<str>, CookieRewrite> = BTreeMap::new();
    for (index, spec) in specs.iter().enumerate() {
        let at = at.item(FIELD, index);
        let rewrite = rewrite(&at, spec)?;
        if rewrites.contains_key(&rewrite.name) {
            let fault = fault(&at.field("name"), format!("cookie {} stands here twice", quoted(&spec.name)));
            return Err(fault.with_help("say everything about a cookie in one entry"));
        }
        rewrites.insert(rewrite.name.clone(), rewrite);
    }
    Ok(rewrites.into_values().collect())
}

/// What a service changes, and what its route changes beside that.
pub(super) fn joined(own: Vec<CookieRewrite>, route: &[CookieRewrite]) -> Vec<CookieRewrite> {
    let mut all: BTreeMap<Arc<str>, CookieRewrite> =
        own.into_iter().map(|rewrite| (rewrite.name.clone(), rewrite)).collect();
    for rewrite in route {
        let joined = all.remove(&rewrite.name).map_or_else(|| rewrite.clone(), |own| own.or(rewrite));
        all.insert(rewrite.name.clone(), joined);
    }
    all.into_values().collect()
}

fn rewrite(at: &FieldPath<'_>, spec: &CookieRewritePolicy) -> Result<CookieRewrite, Fault> {
    let invalid = |field: &str, why: Invalid| {
        let Invalid { found, why, way_out, .. } = why;
        fault(&at.field(field), format!("{field} \"{found}\": {why}")).with_help(way_out)
    };
    let value = |written: &Option<Box<CookieValueRewrite>>| written.as_ref().map(|each| each.value.clone());
    let name = rules::cookie_name(&spec.name).map_err(|why| invalid("name", why))?;
    let path = value(&spec.path_rewrite).map(|text| rules::cookie_attribute(&text).map(Into::into));
    let domain = value(&spec.domain_rewrite).map(|text| rules::cookie_domain(&text).map(Into::into));
    let rewrite = CookieRewrite {
        name: name.into(),
        path: path.transpose().map_err(|why| invalid("pathRewrite", why))?,
        domain: domain.transpose().map_err(|why| invalid("domainRewrite", why))?,
        secure: spec.secure,
        same_site: spec.same_site.as_ref().map(|word| same_site(at, word)).transpose()?,
    };
    let CookieRewrite { name: _, path, domain, secure, same_site } = &rewrite;
    if path.is_none() && domain.is_none() && secure.is_none() && same_site.is_none() {
        let fault = fault(at, format!("nothing of cookie {} is rewritten", quoted(&spec.name)));
        return Err(fault.with_help("add pathRewrite, domainRewrite, secure or sameSite"));
    }
    Ok(rewrite)
}

fn same_site(at: &FieldPath<'_>, word: &api::Choice<Word>) -> Result<SameSite, Fault> {
    match word.known() {
        Some(Word::Strict) => Ok(SameSite::Strict),
        Some(Word::Lax) => Ok(SameSite::Lax),
        Some(Word::None) => Ok(SameSite::None),
        None => {
            let fault = fault(&at.field("sameSite"), format!("{} is no such word", quoted(word.as_str())));
            Err(fault.with_help("write Strict, Lax or None"))
        }
    }
}

fn fault(at: &FieldPath<'_>, why: String) -> Fault {
    Fault::new("RouteError", "CookieRewritePoliciesInvalid", at, why)
}
