//! HTTPProxy: a root with everything that it includes (reference §3).

mod action;
mod addresses;
pub(crate) mod authorization;
pub(crate) mod balancing;
pub(crate) mod conditions;
mod cookies;
mod cors;
mod global_rate_limit;
mod headers;
pub(crate) mod health;
mod internal_redirect;
mod jwt;
mod policies;
mod rate_limit;
mod restrictions;
pub(crate) mod rewrite;
pub(crate) mod root;
mod route;
pub(crate) mod services;
mod slow_start;
mod tcp;
pub(crate) mod tls;
pub(crate) mod tree;
mod without_effect;

pub use authorization::global_authorization;
pub use global_rate_limit::default_rate_limit;

use model::{Kind, ObjectId, Problem, Settings, Severity};
use store::{HttpProxyFact, Reader};

use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::report::About;
use crate::{Contribution, class};

/// Where everything stands.
static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// What a root HTTPProxy contributes.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    match ours(reader, settings, &id.namespace, &id.name) {
        Some(fact) if fact.is_root() => root::contribution(reader, settings, id, fact),
        _ => Contribution::default(),
    }
}

/// What its report needs to know; `None` when it is gone or not ours.
pub(crate) fn about<'s>(reader: &Reader<'s>, settings: &Settings, id: &ObjectId) -> Option<About<'s>> {
    let fact = ours(reader, settings, &id.namespace, &id.name)?;
    Some(About { generation: fact.generation, needs_root: !fact.is_root(), strays: &fact.strays })
}

/// What the owner of a part that no root reaches is told.
pub(crate) fn orphaned() -> Problem {
    Problem {
        severity: Severity::Error,
        kind: "Orphaned",
        reason: "Orphaned",
        path: String::new(),
        message: "this HTTPProxy is not part of a delegation chain from a root HTTPProxy".into(),
        help: Some("include it from another HTTPProxy, or give it a spec.virtualhost".into()),
    }
}

/// An HTTPProxy of our class.
fn ours<'s>(
    reader: &Reader<'s>,
    settings: &Settings,
    namespace: &str,
    name: &str,
) -> Option<&'s HttpProxyFact> {
    let fact = reader.http_proxy(namespace, name)?;
    class::is_ours(settings, fact.class.as_deref()).then_some(fact)
}

/// The HTTPProxy that an include names; the including one's namespace is the default.
fn included(owner: &ObjectId, namespace: Option<&str>, name: &str) -> ObjectId {
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    let namespace = namespace.map_or_else(|| owner.namespace.clone(), Into::into);
    ObjectId::new(Kind::HttpProxy, namespace, name)
}
