//! Limits that each Envoy keeps by itself. The filter lets everything through; hosts and routes tell it otherwise.

use envoy_protos::envoy::config::core::v3::RuntimeFractionalPercent;
use envoy_protos::envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit as Proto;
use envoy_protos::envoy::r#type::v3::fractional_percent::DenominatorType;
use envoy_protos::envoy::r#type::v3::{FractionalPercent, HttpStatus, TokenBucket};
use envoy_protos::google::protobuf::{Any, UInt32Value};
use model::{Host, LocalRateLimit, Policies};

use crate::any::pack;
use crate::duration::{duration, seconds};
use crate::headers;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(pack(&Proto { stat_prefix: HTTP.to_owned(), ..Default::default() }))
}

/// What a host or a route says. All routes that a host speaks for share its bucket.
pub(super) fn message(host: &Host, policies: &Policies) -> Option<Any> {
    let limit = policies.rate_limit.as_deref()?;
    Some(pack(&Proto {
        stat_prefix: format!("vhost.{host}"),
        status: Some(HttpStatus { code: i32::from(limit.status) }),
        token_bucket: Some(bucket(limit)),
        filter_enabled: Some(always()),
        filter_enforced: Some(always()),
        response_headers_to_add: limit
            .headers
            .iter()
            .map(|(name, value)| headers::set(name, value))
            .collect(),
        ..Default::default()
    }))
}

/// What lets everything through. Envoy wants a bucket here, though nothing is counted.
pub(super) fn silence() -> Any {
    let bucket = TokenBucket { max_tokens: 1, fill_interval: Some(seconds(1)), ..Default::default() };
    pack(&Proto { stat_prefix: HTTP.to_owned(), token_bucket: Some(bucket), ..Default::default() })
}

/// Where everything is counted that is no host's.
const HTTP: &str = "http";

fn bucket(limit: &LocalRateLimit) -> TokenBucket {
    TokenBucket {
        max_tokens: limit.at_once,
        tokens_per_fill: Some(UInt32Value { value: limit.requests }),
        fill_interval: Some(duration(limit.interval)),
    }
}

fn always() -> RuntimeFractionalPercent {
    let all = FractionalPercent { numerator: 100, denominator: DenominatorType::Hundred.into() };
    RuntimeFractionalPercent { default_value: Some(all), runtime_key: String::new() }
}
