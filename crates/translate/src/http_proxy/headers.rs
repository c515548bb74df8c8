//! Header policies (reference 3.15).

use std::sync::Arc;

use api::http_proxy::policy::HeadersPolicy;
use model::{HeaderEdits, HostRewrite, ObjectId};

use super::Fault;
use super::route::RequestEdits;
use crate::text::{self, Place};

/// Where a policy stands: a route, or one of its services.
pub(super) struct Scope<'a> {
    place: Place<'a>,
}

impl<'a> Scope<'a> {
    /// A route of an object.
    pub(super) fn route(owner: &'a ObjectId) -> Self {
        Self { place: Place { namespace: &owner.namespace, service: None } }
    }

    /// A service of a route.
    pub(super) fn service(owner: &'a ObjectId, service: &'a str, port: u16) -> Self {
        Self { place: Place { namespace: &owner.namespace, service: Some((service, port)) } }
    }

    const fn is_service(&self) -> bool {
        self.place.service.is_some()
    }
}

/// Changes to requests; setting `Host` changes the host that the backend is asked for.
pub(super) fn request(
    path: &str,
    scope: &Scope<'_>,
    policy: Option<&HeadersPolicy>,
) -> Result<RequestEdits, Fault> {
    let fault = |path: String, why: String| {
        Fault::new(kind(scope), "RequestHeadersPolicyInvalid", path, format!("{why} on request headers"))
    };
    let mut host = None;
    let edits = edits(path, scope, policy, &fault, |path, value| {
        host = Some(host_rewrite(scope, value).map_err(|why| fault(path.to_owned(), why))?);
        Ok(())
    })?;
    Ok(RequestEdits { edits, host })
}

/// Changes to responses.
pub(super) fn response(
    path: &str,
    scope: &Scope<'_>,
    policy: Option<&HeadersPolicy>,
) -> Result<HeaderEdits, Fault> {
    let reason =
        if scope.is_service() { "ResponseHeadersPolicyInvalid" } else { "ResponseHeaderPolicyInvalid" };
    let fault = |path: String, why: String| {
        Fault::new(kind(scope), reason, path, format!("{why} on response headers"))
    };
    edits(path, scope, policy, &fault, |path, _| {
        Err(fault(path.to_owned(), "rewriting \"Host\" header is not supported".into()))
    })
}

const fn kind(scope: &Scope<'_>) -> &'static str {
    if scope.is_service() { "ServiceError" } else { "RouteError" }
}

fn edits(
    path: &str,
    scope: &Scope<'_>,
    policy: Option<&HeadersPolicy>,
    fault: &dyn Fn(String, String) -> Fault,
    mut host: impl FnMut(&str, &str) -> Result<(), Fault>,
) -> Result<HeaderEdits, Fault> {
    let mut edits = HeaderEdits::default();
    let Some(policy) = policy else { return Ok(edits) };
    let mut seen: Vec<Arc<str>> = Vec::new();
    for (index, entry) in policy.set.iter().enumerate() {
        let path = format!("{path}.set[{index}]");
        if entry.name.eq_ignore_ascii_case("host") {
            if seen.iter().any(|name| &**name == "host") {
                return Err(fault(path, "duplicate header addition: \"Host\"".into()));
            }
            seen.push("host".into());
            host(&path, &entry.value)?;
            continue;
        }
        let name = text::header_name(&entry.name)
            .map_err(|why| fault(format!("{path}.name"), format!("invalid set header {why}")))?;
        if seen.contains(&name) {
            return Err(fault(path, format!("duplicate header addition: \"{}\"", entry.name)));
        }
        let value = text::header_value(&entry.value, &scope.place)
            .map_err(|why| fault(format!("{path}.value"), format!("invalid value of \"{name}\": {why}")))?;
        seen.push(name.clone());
        edits.set.push((name, value));
    }
    for (index, entry) in policy.remove.iter().enumerate() {
        let path = format!("{path}.remove[{index}]");
        let name = text::header_name(entry)
            .map_err(|why| fault(path.clone(), format!("invalid remove header {why}")))?;
        if edits.remove.contains(&name) {
            return Err(fault(path, format!("duplicate header removal: \"{entry}\"")));
        }
        edits.remove.push(name);
    }
    edits.set.sort_unstable();
    edits.remove.sort_unstable();
    Ok(edits)
}

/// The host that a `Host` header asks for: a literal, or (on a route) the value of another header.
fn host_rewrite(scope: &Scope<'_>, value: &str) -> Result<HostRewrite, String> {
    let header = value.strip_prefix("%REQ(").and_then(|rest| rest.strip_suffix(")%"));
    match header {
        Some(header) if !scope.is_service() => Ok(HostRewrite::Header(text::header_name(header)?)),
        Some(_) => Err("rewriting \"Host\" from another header is only possible on a route".into()),
        None => Ok(HostRewrite::Literal(text::host_value(value)?)),
    }
}
