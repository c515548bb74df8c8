//! Changes to the headers of every request, before anything else is done with it.

use envoy_protos::envoy::config::common::mutation_rules::v3::HeaderMutation;
use envoy_protos::envoy::config::common::mutation_rules::v3::header_mutation::Action;
use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::extensions::http::early_header_mutation::header_mutation::v3 as early;

use crate::any::pack;
use crate::headers;

/// Backends learn when a request arrived. Here rather than in tables, of which each host may have one.
pub(super) fn tell_start() -> TypedExtensionConfig {
    let start = headers::append("x-request-start", "t=%START_TIME(%s.%3f)%");
    early_mutation("isobath.request_start", vec![Action::Append(start)])
}

pub(super) fn early_mutation(name: &str, actions: Vec<Action>) -> TypedExtensionConfig {
    let mutations = actions.into_iter().map(|action| HeaderMutation { action: Some(action) }).collect();
    TypedExtensionConfig {
        name: name.to_owned(),
        typed_config: Some(pack(&early::HeaderMutation { mutations })),
    }
}
