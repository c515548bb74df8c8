//! Conditions in the words of the Gateway API.

use std::sync::Arc;

use api::gateway_api::references::ParentReference;
use model::{Condition, Holds, ParentRef};

/// A condition that holds, for the reason of its name.
pub(super) const fn holds(name: &'static str, reason: &'static str) -> Condition {
    Condition { name, holds: Holds::Yes, reason, message: String::new() }
}

/// A condition that does not hold.
pub(super) fn fails(name: &'static str, fault: &Failure) -> Condition {
    Condition { name, holds: Holds::No, reason: fault.reason, message: fault.message.clone() }
}

/// `Programmed`, once Envoys have acknowledged.
pub(super) const fn programmed() -> Condition {
    Condition { name: PROGRAMMED, holds: Holds::WhenAcknowledged, reason: PROGRAMMED, message: String::new() }
}

/// A condition that holds unless something failed.
pub(super) fn unless(name: &'static str, reason: &'static str, failure: Option<&Failure>) -> Condition {
    failure.map_or_else(|| holds(name, reason), |failure| fails(name, failure))
}

pub(crate) const ACCEPTED: &str = "Accepted";
pub(super) const PROGRAMMED: &str = "Programmed";
pub(super) const RESOLVED_REFS: &str = "ResolvedRefs";

/// The reason for what a route does not get because another one matches the same (Contour's word).
pub(crate) const MATCH_CONFLICT: &str = "RuleMatchConflict";
/// The reason for a listener that a route does not get because it has hosts in common with a route of another kind.
pub(super) const HOST_CONFLICT: &str = "HostnameConflict";

/// Why something is not so: a reason of the API, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// A reference as it stands in the object, for its status.
pub(super) fn parent_ref(reference: &ParentReference) -> ParentRef {
    let text = |text: &str| -> Arc<str> { text.into() };
    ParentRef {
        group: text(&reference.group),
        kind: text(&reference.kind),
        namespace: reference.namespace.as_deref().map(text),
        name: text(&reference.name),
        section_name: reference.section_name.as_deref().map(text),
        port: reference.port.and_then(|port| u16::try_from(port).ok()),
    }
}
