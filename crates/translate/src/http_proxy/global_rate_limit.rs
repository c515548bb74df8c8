//! Rate limits that a service counts (reference 3.17).

use std::sync::Arc;

use api::http_proxy::policy::rate_limit::{
    GlobalRateLimitPolicy, RateLimitDescriptor, RateLimitDescriptorEntry as Entry,
    RequestHeaderValueMatchDescriptor,
};
use model::{DescriptorEntry, GlobalRateLimit, Problem, Settings};

use super::restrictions::Level;
use super::{Fault, conditions, rate_limit};
use crate::field_path::FieldPath;
use crate::text::{self, quoted};

/// What is counted of the requests of a host or a route. `None` where nothing is said: for a route that of its host
/// counts then, and an empty one stands in its place.
pub(super) fn limit(
    settings: &Settings,
    level: Level,
    at: &FieldPath<'_>,
    policy: Option<&GlobalRateLimitPolicy>,
) -> Result<Option<Arc<GlobalRateLimit>>, Fault> {
    let service = settings.rate_limit_service.as_ref();
    match (policy, level) {
        (None, Level::Host) => Ok(service.and_then(|service| service.default.clone())),
        (Some(policy), Level::Route) if policy.disabled => Ok(service.map(|_| Arc::default())),
        (None, Level::Route) => Ok(None),
        (Some(policy), _) if policy.disabled || policy.descriptors.is_empty() => Ok(None),
        (Some(policy), _) => {
            let at = at.field("rateLimitPolicy");
            let at = at.field("global");
            if service.is_none() {
                let why = "nobody counts requests, as the operator names no rate limit service";
                let help = "let the operator name one (rateLimitService), or remove the limit";
                return Err(rate_limit::fault(level, &at, why).with_help(help));
            }
            let limit = descriptors(&at, &policy.descriptors);
            limit
                .map(|limit| Some(Arc::new(limit)))
                .map_err(|wrong| Fault { path: wrong.path, ..rate_limit::fault(level, &at, &wrong.why) })
        }
    }
}

/// What a policy of the operator for all hosts counts; `None` for nothing. `path` is where it stands.
///
/// # Errors
/// What is wrong with it, and where.
pub fn default_rate_limit(
    path: &str,
    policy: &GlobalRateLimitPolicy,
) -> Result<Option<GlobalRateLimit>, Problem> {
    if policy.disabled || policy.descriptors.is_empty() {
        return Ok(None);
    }
    let at = FieldPath::root(path);
    descriptors(&at, &policy.descriptors).map(Some).map_err(|wrong| {
        let message = format!("Default Global RateLimit Policy is invalid: {}", wrong.why);
        let fault = Fault::new("VirtualHostError", "RateLimitPolicyNotValid", &at, message);
        Fault { path: wrong.path, ..fault }.error()
    })
}

/// What is wrong, and where.
struct Wrong {
    path: String,
    why: String,
}

impl Wrong {
    fn new(at: &FieldPath<'_>, why: impl Into<String>) -> Self {
        Self { path: at.to_string(), why: why.into() }
    }
}

fn descriptors(at: &FieldPath<'_>, specs: &[RateLimitDescriptor]) -> Result<GlobalRateLimit, Wrong> {
    let descriptor = |(index, spec): (usize, &RateLimitDescriptor)| {
        let at = at.item("descriptors", index);
        if spec.entries.is_empty() {
            return Err(Wrong::new(&at.field("entries"), "a descriptor has no entries"));
        }
        let entries = spec.entries.iter().enumerate();
        entries.map(|(index, spec)| entry(&at.item("entries", index), spec)).collect()
    };
    let descriptors = specs.iter().enumerate().map(descriptor).collect::<Result<_, _>>()?;
    Ok(GlobalRateLimit { descriptors })
}

fn entry(at: &FieldPath<'_>, spec: &Entry) -> Result<DescriptorEntry, Wrong> {
    let Entry { generic_key, request_header, request_header_value_match, remote_address } = spec;
    match (generic_key, request_header, request_header_value_match, remote_address) {
        (Some(generic), None, None, None) => {
            let at = at.field("genericKey");
            let key = generic.key.as_deref().filter(|key| !key.is_empty());
            let key = key.map(|key| needed(&at, "key", key)).transpose()?;
            Ok(DescriptorEntry::Generic { key, value: needed(&at, "value", &generic.value)? })
        }
        (None, Some(header), None, None) => {
            let at = at.field("requestHeader");
            let name = text::match_header_name(&header.header_name);
            let name = name.map_err(|why| Wrong::new(&at.field("headerName"), why))?;
            Ok(DescriptorEntry::Header { name, key: needed(&at, "descriptorKey", &header.descriptor_key)? })
        }
        (None, None, Some(condition), None) => value_match(&at.field("requestHeaderValueMatch"), condition),
        (None, None, None, Some(_)) => Ok(DescriptorEntry::RemoteAddress),
        _ => {
            let why = "an entry must set exactly one of genericKey, requestHeader, requestHeaderValueMatch and \
                       remoteAddress";
            Err(Wrong::new(at, why))
        }
    }
}

fn value_match(
    at: &FieldPath<'_>,
    spec: &RequestHeaderValueMatchDescriptor,
) -> Result<DescriptorEntry, Wrong> {
    let value = needed(at, "value", &spec.value)?;
    let found = conditions::headers(&spec.headers).and_then(|headers| match headers.is_empty() {
        true => Err("a condition on a header is missing".to_owned()),
        false => Ok(headers),
    });
    let headers = found.map_err(|why| Wrong::new(&at.field("headers"), why))?;
    Ok(DescriptorEntry::HeaderMatch { headers, expected: spec.expect_match.unwrap_or(true), value })
}

/// A text that a descriptor cannot do without.
fn needed(at: &FieldPath<'_>, field: &str, text: &str) -> Result<Arc<str>, Wrong> {
    let why = if text.is_empty() {
        format!("{field} is empty")
    } else if text.chars().any(char::is_control) {
        format!("{field} {} has control characters", quoted(text))
    } else {
        return Ok(text.into());
    };
    Err(Wrong::new(&at.field(field), why))
}
