//! Redirects of backends that Envoy follows itself, and only within their host.
//!
//! Envoy looks the new URL up in the table that the old one was found in. The routes of the host are allowed by their
//! names, and no other: neither another host's, nor an answer of ours for what is not found, of which clients would
//! not learn where they were sent.
//!
//! In a scope the key is chosen again, by a header that every table takes away before a backend sees it. So the header
//! comes back with the redirect: a filter behind the router writes it into the answer of the backend, in place of what
//! that may have written itself, and Envoy copies it into the request for the new URL. The client does not see it.

use envoy_protos::envoy::config::common::mutation_rules::v3::HeaderMutation;
use envoy_protos::envoy::config::common::mutation_rules::v3::header_mutation::Action;
use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::extensions::filters::http::header_mutation::v3::{
    HeaderMutationPerRoute, Mutations,
};
use envoy_protos::envoy::extensions::internal_redirect::allow_listed_routes::v3::AllowListedRoutesConfig;
use envoy_protos::envoy::extensions::internal_redirect::previous_routes::v3::PreviousRoutesConfig;
use envoy_protos::envoy::extensions::internal_redirect::safe_cross_scheme::v3::SafeCrossSchemeConfig;
use envoy_protos::google::protobuf::{Any, UInt32Value};
use model::{InternalRedirect, SchemeChange};

use super::Table;
use crate::any::pack;
use crate::filters::SCOPE_AFTER_REDIRECT;
use crate::headers;
use crate::names::SCOPE_HEADER;

/// Makes a route that forwards follow redirects to the routes of these names.
pub(super) fn follow(
    message: &mut proto::Route,
    redirect: &InternalRedirect,
    allowed: &[String],
    table: Table<'_>,
) {
    let Some(proto::route::Action::Route(action)) = &mut message.action else { return };
    let mut policy = policy(redirect, allowed);
    if let Some(key) = table.scope {
        policy.response_headers_to_copy = vec![SCOPE_HEADER.to_owned()];
        message.response_headers_to_remove.push(SCOPE_HEADER.to_owned());
        message.typed_per_filter_config.insert(SCOPE_AFTER_REDIRECT.to_owned(), bring_back(key));
    }
    action.internal_redirect_policy = Some(policy);
}

fn policy(redirect: &InternalRedirect, allowed: &[String]) -> proto::InternalRedirectPolicy {
    let mut predicates = vec![predicate(
        "allow_listed_routes",
        pack(&AllowListedRoutesConfig { allowed_route_names: allowed.to_vec() }),
    )];
    if redirect.each_route_once {
        predicates.push(predicate("previous_routes", pack(&PreviousRoutesConfig {})));
    }
    if redirect.schemes == SchemeChange::SafeOnly {
        predicates.push(predicate("safe_cross_scheme", pack(&SafeCrossSchemeConfig {})));
    }
    proto::InternalRedirectPolicy {
        max_internal_redirects: Some(UInt32Value { value: redirect.count }),
        redirect_response_codes: redirect.statuses.iter().copied().map(Into::into).collect(),
        predicates,
        allow_cross_scheme_redirect: redirect.schemes != SchemeChange::Never,
        ..Default::default()
    }
}

fn predicate(name: &str, config: Any) -> TypedExtensionConfig {
    TypedExtensionConfig {
        name: format!("envoy.internal_redirect_predicates.{name}"),
        typed_config: Some(config),
    }
}

/// What the filter behind the router does with answers; hosts hold no `%`.
fn bring_back(key: &str) -> Any {
    let write = HeaderMutation { action: Some(Action::Append(headers::set(SCOPE_HEADER, key))) };
    let mutations = Mutations { response_mutations: vec![write], ..Default::default() };
    pack(&HeaderMutationPerRoute { mutations: Some(mutations) })
}
