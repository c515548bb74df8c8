//! Limits that a service counts. The filter asks about nothing; hosts and routes tell it otherwise. It counts what is
//! forwarded: redirects and answers of Envoy itself pass it by.

use envoy_protos::envoy::config::core::v3::ApiVersion;
use envoy_protos::envoy::config::ratelimit::v3::RateLimitServiceConfig;
use envoy_protos::envoy::config::route::v3 as route;
use envoy_protos::envoy::config::route::v3::rate_limit::Action;
use envoy_protos::envoy::config::route::v3::rate_limit::action::{
    ActionSpecifier, GenericKey, HeaderValueMatch, RemoteAddress, RequestHeaders,
};
use envoy_protos::envoy::extensions::filters::http::ratelimit::v3::rate_limit::XRateLimitHeadersRfcVersion;
use envoy_protos::envoy::extensions::filters::http::ratelimit::v3::rate_limit_per_route::VhRateLimitsOptions;
use envoy_protos::envoy::extensions::filters::http::ratelimit::v3::{RateLimit, RateLimitPerRoute};
use envoy_protos::google::protobuf::{Any, BoolValue};
use model::{DescriptorEntry, Host, Policies};

use crate::any::pack;
use crate::asked::about_all;
use crate::listener::ConnectionManager;
use crate::route::header;

/// The filter, where there is a service.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    let service = manager.settings.rate_limit_service.as_ref()?;
    let headers = match service.limit_headers {
        true => XRateLimitHeadersRfcVersion::DraftVersion03,
        false => XRateLimitHeadersRfcVersion::Off,
    };
    Some(pack(&RateLimit {
        domain: service.domain.to_string(),
        failure_mode_deny: !service.fail_open,
        rate_limited_as_resource_exhausted: service.resource_exhausted,
        enable_x_ratelimit_headers: headers.into(),
        rate_limit_service: Some(RateLimitServiceConfig {
            grpc_service: Some(about_all(&service.asked)),
            transport_api_version: ApiVersion::V3.into(),
        }),
        timeout: crate::duration::timeout(service.asked.timeout),
        ..Default::default()
    }))
}

/// What a host or a route says: that of a route stands in place of that of its host.
pub(super) fn message(_host: &Host, policies: &Policies) -> Option<Any> {
    let limit = policies.global_rate_limit.as_deref()?;
    if limit.descriptors.is_empty() {
        return Some(silence());
    }
    let rate_limits = limit.descriptors.iter().map(|entries| route::RateLimit {
        actions: entries.iter().map(action).collect(),
        ..Default::default()
    });
    Some(pack(&RateLimitPerRoute { rate_limits: rate_limits.collect(), ..Default::default() }))
}

/// What nothing is counted by.
pub(super) fn silence() -> Any {
    let vh_rate_limits = VhRateLimitsOptions::Ignore.into();
    pack(&RateLimitPerRoute { vh_rate_limits, ..Default::default() })
}

fn action(entry: &DescriptorEntry) -> Action {
    let specifier = match entry {
        DescriptorEntry::Generic { key, value } => ActionSpecifier::GenericKey(GenericKey {
            descriptor_key: key.as_deref().unwrap_or_default().to_owned(),
            descriptor_value: value.to_string(),
            ..Default::default()
        }),
        DescriptorEntry::Header { name, key } => ActionSpecifier::RequestHeaders(RequestHeaders {
            header_name: name.to_string(),
            descriptor_key: key.to_string(),
            ..Default::default()
        }),
        DescriptorEntry::HeaderMatch { headers, expected, value } => {
            ActionSpecifier::HeaderValueMatch(HeaderValueMatch {
                descriptor_value: value.to_string(),
                expect_match: Some(BoolValue { value: *expected }),
                headers: headers.iter().map(header).collect(),
                ..Default::default()
            })
        }
        DescriptorEntry::RemoteAddress => ActionSpecifier::RemoteAddress(RemoteAddress {}),
    };
    Action { action_specifier: Some(specifier) }
}
