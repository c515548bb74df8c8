//! Scripts of other origins. The filter lets everything through; hosts tell it which origins they know. It looks at
//! requests that have a backend only: redirects and answers of Envoy's own stay as they are.

use envoy_protos::envoy::extensions::filters::http::cors::v3::{Cors, CorsPolicy as Proto};
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::envoy::r#type::matcher::v3::{RegexMatcher, StringMatcher};
use envoy_protos::google::protobuf::{Any, BoolValue};
use model::{CorsOrigin, CorsPolicy};

use crate::any::pack;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(pack(&Cors {}))
}

/// What a host says.
pub(super) fn message(policy: &CorsPolicy) -> Any {
    pack(&Proto {
        allow_origin_string_match: policy.origins.iter().map(origin).collect(),
        allow_methods: policy.methods.join(","),
        allow_headers: policy.allowed_headers.join(","),
        expose_headers: policy.exposed_headers.join(","),
        allow_credentials: Some(BoolValue { value: policy.credentials }),
        max_age: policy.max_age.map(|seconds| seconds.to_string()).unwrap_or_default(),
        allow_private_network_access: Some(BoolValue { value: policy.private_network }),
        // Envoy's own answer is yes.
        forward_not_matching_preflights: policy.answers_others.then_some(BoolValue { value: false }),
        ..Default::default()
    })
}

/// Envoy takes the text `*` for every origin.
fn origin(origin: &CorsOrigin) -> StringMatcher {
    let (pattern, ignore_case) = match origin {
        CorsOrigin::Any => (MatchPattern::Exact("*".to_owned()), false),
        CorsOrigin::Exact(text) => (MatchPattern::Exact(text.to_string()), true),
        CorsOrigin::Regex(regex) => {
            let regex = RegexMatcher { regex: regex.to_string(), ..Default::default() };
            (MatchPattern::SafeRegex(regex), false)
        }
    };
    StringMatcher { match_pattern: Some(pattern), ignore_case }
}
