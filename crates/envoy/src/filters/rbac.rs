//! Filters by address. The filter lets everything through; hosts and routes tell it otherwise.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::core::v3::CidrRange;
use envoy_protos::envoy::config::rbac::v3 as rules;
use envoy_protos::envoy::config::rbac::v3::permission::Rule;
use envoy_protos::envoy::config::rbac::v3::principal::Identifier;
use envoy_protos::envoy::config::rbac::v3::rbac::Action;
use envoy_protos::envoy::extensions::filters::http::rbac::v3::{Rbac, RbacPerRoute};
use envoy_protos::google::protobuf::{Any, UInt32Value};
use model::{AddressFilter, AddressRange, AddressSource, Host, Policies};

use crate::any::pack;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(pack(&Rbac::default()))
}

/// What a host or a route says.
pub(super) fn message(_host: &Host, policies: &Policies) -> Option<Any> {
    let filter = policies.addresses.as_deref()?;
    Some(pack(&RbacPerRoute {
        rbac: Some(Rbac { rules: Some(address_rules(filter)), ..Default::default() }),
    }))
}

/// What lets everything through.
pub(super) fn silence() -> Any {
    pack(&RbacPerRoute::default())
}

/// A filter as Envoy's rules, for requests and for connections.
pub(crate) fn address_rules(filter: &AddressFilter) -> rules::Rbac {
    let (action, ranges) = match filter {
        AddressFilter::Allow(ranges) => (Action::Allow, ranges),
        AddressFilter::Deny(ranges) => (Action::Deny, ranges),
    };
    let policy = rules::Policy {
        permissions: vec![rules::Permission { rule: Some(Rule::Any(true)) }],
        principals: ranges.iter().map(principal).collect(),
        ..Default::default()
    };
    rules::Rbac {
        action: action.into(),
        policies: BTreeMap::from([(POLICY.to_owned(), policy)]),
        ..Default::default()
    }
}

/// Contour's name (reference 3.20): access logs show it.
const POLICY: &str = "ip-rules";

fn principal(range: &AddressRange) -> rules::Principal {
    // Without a length Envoy takes a prefix for everybody.
    let cidr = CidrRange {
        address_prefix: range.range.addr().to_string(),
        prefix_len: Some(UInt32Value { value: range.range.prefix_len().into() }),
    };
    let identifier = match range.source {
        AddressSource::Peer => Identifier::DirectRemoteIp(cidr),
        AddressSource::Remote => Identifier::RemoteIp(cidr),
    };
    rules::Principal { identifier: Some(identifier) }
}
