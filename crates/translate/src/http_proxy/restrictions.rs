//! What requests must meet before anything is done with them: policies that a host and each of its routes may have.

use std::sync::Arc;

use api::http_proxy::policy::{IpFilterPolicy, RateLimitPolicy};
use api::http_proxy::{Route, VirtualHost};
use model::{ObjectId, Policies, Settings};

use super::{Fault, addresses, global_rate_limit, rate_limit};
use crate::field_path::FieldPath;

/// Whose policies they are: messages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// A host's.
    Host,
    /// A route's.
    Route,
}

/// What a host or a route says about them.
pub(super) struct Written<'a> {
    level: Level,
    allow: &'a [IpFilterPolicy],
    deny: &'a [IpFilterPolicy],
    limits: Option<&'a RateLimitPolicy>,
}

impl<'a> From<&'a VirtualHost> for Written<'a> {
    fn from(host: &'a VirtualHost) -> Self {
        Self {
            level: Level::Host,
            allow: &host.ip_allow_policy,
            deny: &host.ip_deny_policy,
            limits: host.rate_limit_policy.as_deref(),
        }
    }
}

impl<'a> From<&'a Route> for Written<'a> {
    fn from(route: &'a Route) -> Self {
        Self {
            level: Level::Route,
            allow: &route.ip_allow_policy,
            deny: &route.ip_deny_policy,
            limits: route.rate_limit_policy.as_deref(),
        }
    }
}

/// The policies of the host or route at this path. Any fault is one of all: what they should have kept out must not
/// come in.
pub(super) fn policies<'a>(
    settings: &Settings,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    written: impl Into<Written<'a>>,
) -> Result<Policies, Vec<Fault>> {
    let Written { level, allow, deny, limits } = written.into();
    let local = limits.and_then(|limits| limits.local.as_deref());
    let addresses = addresses::filter(level, at, allow, deny);
    let limit = local.map(|policy| rate_limit::local(level, at, owner, policy)).transpose();
    let global = limits.and_then(|limits| limits.global.as_deref());
    let global = global_rate_limit::limit(settings, level, at, global);
    match (addresses, limit, global) {
        (Ok(addresses), Ok(limit), Ok(global_rate_limit)) => {
            let (addresses, rate_limit) = (addresses.map(Arc::new), limit.map(Arc::new));
            Ok(Policies { addresses, rate_limit, global_rate_limit, authorization: None })
        }
        (addresses, limit, global) => {
            let faults = addresses.err().into_iter().flatten();
            Err(faults.chain(limit.err()).chain(global.err()).collect())
        }
    }
}
