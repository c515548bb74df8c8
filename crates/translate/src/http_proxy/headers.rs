//! Header policies (reference 3.15).

use std::collections::BTreeSet;
use std::sync::Arc;

use api::http_proxy::policy::HeadersPolicy;
use model::{HeaderEdits, HostRewrite, ObjectId};

use super::Fault;
use crate::field_path::FieldPath;
use crate::text::{self, Place};

/// How many headers a policy may set, and how many it may remove; Envoy's own limit.
const MAX_HEADERS: usize = 1000;

/// Whose policy it is: a route's, or one of its services'.
pub(super) struct Whose<'a>(Place<'a>);

impl<'a> Whose<'a> {
    /// A route of an object.
    pub(super) fn route(owner: &'a ObjectId) -> Self {
        Self(Place { namespace: &owner.namespace, service: None })
    }

    /// A service of a route.
    pub(super) fn service(owner: &'a ObjectId, service: &'a str, port: u16) -> Self {
        Self(Place { namespace: &owner.namespace, service: Some((service, port)) })
    }

    const fn is_service(&self) -> bool {
        self.0.service.is_some()
    }

    const fn kind(&self) -> &'static str {
        if self.is_service() { "ServiceError" } else { "RouteError" }
    }
}

/// Header changes of a request, the host apart.
#[derive(Debug, Default)]
pub(super) struct RequestEdits {
    pub(super) edits: HeaderEdits,
    pub(super) host: Option<HostRewrite>,
}

/// Changes to requests; setting `Host` changes the host that the backend is asked for.
pub(super) fn request(
    at: &FieldPath<'_>,
    whose: &Whose<'_>,
    policy: Option<&HeadersPolicy>,
) -> Result<RequestEdits, Fault> {
    let Some(policy) = policy else { return Ok(RequestEdits::default()) };
    let fault = |at: &FieldPath<'_>, why: String| {
        Fault::new(whose.kind(), "RequestHeadersPolicyInvalid", at, format!("{why} on request headers"))
    };
    let at = at.field("requestHeadersPolicy");
    let mut host = None;
    let edits = edits(&at, whose, policy, &fault, |value| {
        host = Some(host_rewrite(whose, value)?);
        Ok(())
    })?;
    Ok(RequestEdits { edits, host })
}

/// Changes to responses.
pub(super) fn response(
    at: &FieldPath<'_>,
    whose: &Whose<'_>,
    policy: Option<&HeadersPolicy>,
) -> Result<HeaderEdits, Fault> {
    let Some(policy) = policy else { return Ok(HeaderEdits::default()) };
    let reason =
        if whose.is_service() { "ResponseHeadersPolicyInvalid" } else { "ResponseHeaderPolicyInvalid" };
    let fault = |at: &FieldPath<'_>, why: String| {
        Fault::new(whose.kind(), reason, at, format!("{why} on response headers"))
    };
    edits(&at.field("responseHeadersPolicy"), whose, policy, &fault, |_| {
        Err("rewriting \"Host\" header is not supported".into())
    })
}

/// How something wrong with a policy is told.
type Tell<'a> = &'a dyn Fn(&FieldPath<'_>, String) -> Fault;

/// `host` takes the value that `Host` is set to.
fn edits(
    at: &FieldPath<'_>,
    whose: &Whose<'_>,
    policy: &HeadersPolicy,
    fault: Tell<'_>,
    host: impl FnMut(&str) -> Result<(), String>,
) -> Result<HeaderEdits, Fault> {
    for (field, count) in [("set", policy.set.len()), ("remove", policy.remove.len())] {
        if count > MAX_HEADERS {
            return Err(fault(&at.field(field), format!("{count} headers, at most {MAX_HEADERS},")));
        }
    }
    Ok(HeaderEdits { set: set(at, whose, policy, fault, host)?, remove: remove(at, policy, fault)? })
}

fn set(
    at: &FieldPath<'_>,
    whose: &Whose<'_>,
    policy: &HeadersPolicy,
    fault: Tell<'_>,
    mut host: impl FnMut(&str) -> Result<(), String>,
) -> Result<Vec<(Arc<str>, Arc<str>)>, Fault> {
    let mut seen = BTreeSet::new();
    let mut set = Vec::new();
    for (index, entry) in policy.set.iter().enumerate() {
        let at = at.item("set", index);
        let name = text::edited_header_name(&entry.name)
            .map_err(|why| fault(&at.field("name"), format!("invalid set header {why}")))?;
        if !seen.insert(name.clone()) {
            let name = text::quoted(&entry.name);
            return Err(fault(&at.field("name"), format!("duplicate header addition: {name}")));
        }
        if &*name == "host" {
            host(&entry.value).map_err(|why| fault(&at.field("value"), why))?;
            continue;
        }
        let value = text::header_value(&entry.value, &whose.0).map_err(|why| {
            fault(&at.field("value"), format!("invalid value of {}: {why}", text::quoted(&entry.name)))
        })?;
        set.push((name, value));
    }
    set.sort_unstable();
    Ok(set)
}

fn remove(at: &FieldPath<'_>, policy: &HeadersPolicy, fault: Tell<'_>) -> Result<Vec<Arc<str>>, Fault> {
    let mut remove = BTreeSet::new();
    for (index, entry) in policy.remove.iter().enumerate() {
        let at = at.item("remove", index);
        let name = text::edited_header_name(entry)
            .map_err(|why| fault(&at, format!("invalid remove header {why}")))?;
        if &*name == "host" {
            return Err(fault(&at, "removing \"Host\" header is not supported".into()));
        }
        if !remove.insert(name) {
            return Err(fault(&at, format!("duplicate header removal: {}", text::quoted(entry))));
        }
    }
    Ok(remove.into_iter().collect())
}

/// The host that a `Host` header asks for: a literal, or (on a route) the value of another header.
fn host_rewrite(whose: &Whose<'_>, value: &str) -> Result<HostRewrite, String> {
    let header = value.strip_prefix("%REQ(").and_then(|rest| rest.strip_suffix(")%"));
    let invalid = |why| format!("invalid value of \"Host\": {why}");
    match header {
        Some(header) if !whose.is_service() => {
            Ok(HostRewrite::Header(text::header_name(header).map_err(invalid)?))
        }
        Some(_) => Err("rewriting \"Host\" from another header is not supported for a service".into()),
        None => Ok(HostRewrite::Literal(text::host_value(value).map_err(invalid)?)),
    }
}
