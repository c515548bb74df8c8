//! Header policies (reference 3.15).

use std::collections::BTreeSet;
use std::sync::Arc;

use api::http_proxy::policy::{HeaderValue as Entry, HeadersPolicy};
use model::{DefaultHeaders, HeaderEdits, HeaderValue, HostRewrite, ObjectId};

use rules::Invalid;

use super::Fault;
use crate::default_headers;
use crate::field_path::FieldPath;
use crate::text::{self, Place};

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

    /// What the operator does to all headers, added to what this policy does to those of requests and of responses.
    pub(super) fn with_defaults(
        &self,
        defaults: &DefaultHeaders,
        request: HeaderEdits,
        response: HeaderEdits,
    ) -> Result<(HeaderEdits, HeaderEdits), Invalid> {
        let request = default_headers::complete(request, &defaults.request, &self.0)?;
        Ok((request, default_headers::complete(response, &defaults.response, &self.0)?))
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
    let fault = |at: &FieldPath<'_>, why: Why| {
        let message = format!("{} on request headers", why.text);
        Fault { help: why.help, ..Fault::new(whose.kind(), "RequestHeadersPolicyInvalid", at, message) }
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
    let fault = |at: &FieldPath<'_>, why: Why| {
        let message = format!("{} on response headers", why.text);
        Fault { help: why.help, ..Fault::new(whose.kind(), reason, at, message) }
    };
    edits(&at.field("responseHeadersPolicy"), whose, policy, &fault, |_| {
        Err(Why::new("rewriting \"Host\" header is not supported"))
    })
}

/// How something wrong with a policy is told.
type Tell<'a> = &'a dyn Fn(&FieldPath<'_>, Why) -> Fault;

/// What is wrong, and the way out.
struct Why {
    text: String,
    help: Option<String>,
}

impl Why {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), help: None }
    }

    fn invalid(what: &str, invalid: Invalid) -> Self {
        let Invalid { found, why, way_out, .. } = invalid;
        Self { text: format!("invalid {what} \"{found}\": {why}"), help: Some(way_out.into_owned()) }
    }
}

/// `host` takes the value that `Host` is set to.
fn edits(
    at: &FieldPath<'_>,
    whose: &Whose<'_>,
    policy: &HeadersPolicy,
    fault: Tell<'_>,
    host: impl FnMut(&str) -> Result<(), Why>,
) -> Result<HeaderEdits, Fault> {
    for (field, count) in [("set", policy.set.len()), ("remove", policy.remove.len())] {
        rules::edited_headers(count)
            .map_err(|why| fault(&at.field(field), Why::invalid("number of headers", why)))?;
    }
    Ok(HeaderEdits {
        add: vec![],
        set: set(at, "set", whose, &policy.set, fault, host)?,
        remove: remove(at, policy, fault)?,
    })
}

/// Headers that answers of Envoy's own get, in the list `field` of what is at this path. `fault` tells what is
/// wrong with one.
pub(super) fn added(
    at: &FieldPath<'_>,
    field: &str,
    owner: &ObjectId,
    entries: &[Entry],
    fault: &dyn Fn(&FieldPath<'_>, String) -> Fault,
) -> Result<Vec<(Arc<str>, HeaderValue)>, Fault> {
    let tell = |at: &FieldPath<'_>, why: Why| Fault { help: why.help, ..fault(at, why.text) };
    set(at, field, &Whose::route(owner), entries, &tell, |_| {
        Err(Why::new("rewriting \"Host\" header is not supported"))
    })
}

fn set(
    at: &FieldPath<'_>,
    field: &str,
    whose: &Whose<'_>,
    entries: &[Entry],
    fault: Tell<'_>,
    mut host: impl FnMut(&str) -> Result<(), Why>,
) -> Result<Vec<(Arc<str>, HeaderValue)>, Fault> {
    let mut seen = BTreeSet::new();
    let mut set = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let at = at.item(field, index);
        let is_host = entry.name.eq_ignore_ascii_case("host");
        let name =
            if is_host { rules::HeaderName::parse(&entry.name) } else { rules::set_header(&entry.name) };
        let name = name.map_err(|why| fault(&at.field("name"), Why::invalid("set header", why)))?;
        let name: Arc<str> = name.as_str().into();
        if !seen.insert(name.clone()) {
            let name = text::quoted(&entry.name);
            return Err(fault(&at.field("name"), Why::new(format!("duplicate header addition: {name}"))));
        }
        if is_host {
            host(&entry.value).map_err(|why| fault(&at.field("value"), why))?;
            continue;
        }
        let value = text::header_value(&entry.value, &whose.0).map_err(|why| {
            fault(&at.field("value"), Why::invalid(&format!("value of {}", text::quoted(&entry.name)), why))
        })?;
        set.push((name, value));
    }
    set.sort_unstable();
    Ok(set)
}

fn remove(at: &FieldPath<'_>, policy: &HeadersPolicy, fault: Tell<'_>) -> Result<Vec<Arc<str>>, Fault> {
    let mut remove: BTreeSet<Arc<str>> = BTreeSet::new();
    for (index, entry) in policy.remove.iter().enumerate() {
        let at = at.item("remove", index);
        let name =
            rules::removed_header(entry).map_err(|why| fault(&at, Why::invalid("remove header", why)))?;
        if !remove.insert(name.as_str().into()) {
            return Err(fault(&at, Why::new(format!("duplicate header removal: {}", text::quoted(entry)))));
        }
    }
    Ok(remove.into_iter().collect())
}

/// The host that a `Host` header asks for: a literal, or (on a route) the value of another header.
fn host_rewrite(whose: &Whose<'_>, value: &str) -> Result<HostRewrite, Why> {
    match rules::host_from_header(value) {
        Some(header) if !whose.is_service() => Ok(HostRewrite::Header(header.as_str().into())),
        Some(_) => Err(Why::new("rewriting \"Host\" from another header is not supported for a service")),
        None => rules::authority(value)
            .map(|host| HostRewrite::Literal(host.into()))
            .map_err(|why| Why::invalid("value of \"Host\"", why)),
    }
}
