//! Names and namespaces, by kind.

use super::at::At;
use super::finding::Findings;
use super::pattern;
use crate::{Object, Scope};

pub(super) fn metadata(object: &Object, out: &mut Findings) {
    let at = At::Root.field("metadata");
    let pattern = match object {
        Object::Namespace(_) => pattern::LABEL,
        Object::Service(_) => pattern::SERVICE_NAME,
        Object::EndpointSlice(_)
        | Object::Secret(_)
        | Object::Ingress(_)
        | Object::HttpProxy(_)
        | Object::TlsCertificateDelegation(_) => pattern::OBJECT_NAME,
    };
    out.pattern_if_given(&at.field("name"), object.metadata().name.as_deref(), pattern);
    if object.kind().scope() == Scope::Namespaced {
        out.pattern_if_given(&at.field("namespace"), object.metadata().namespace.as_deref(), pattern::LABEL);
    }
}
