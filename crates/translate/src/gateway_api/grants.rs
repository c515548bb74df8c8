//! Who may refer to objects of other namespaces (ReferenceGrant).

use api::gateway_api::GROUP;
use model::ObjectId;
use store::Reader;

/// What is referred to: group, kind, namespace and name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Referent<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// Whether an object of the Gateway API may refer to another object. Those of its own namespace it always may.
pub(super) fn may_refer(reader: &Reader<'_>, from: &ObjectId, to: Referent<'_>) -> bool {
    if *from.namespace == *to.namespace {
        return true;
    }
    let mut grants = reader.grants(to.namespace);
    grants.any(|grant| {
        let is_from = grant.spec.from.iter().any(|each| {
            (each.group.as_str(), each.kind.as_str(), each.namespace.as_str())
                == (GROUP, from.kind.as_str(), &*from.namespace)
        });
        let is_to = grant.spec.to.iter().any(|each| {
            each.group == to.group
                && each.kind == to.kind
                && each.name.as_deref().is_none_or(|name| name.is_empty() || name == to.name)
        });
        is_from && is_to
    })
}
