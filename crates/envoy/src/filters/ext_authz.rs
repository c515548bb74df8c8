//! Services that are asked whether requests may pass. Which one it is, is part of the filter, so that a host with its
//! own has a filter chain of its own; one for all hosts is in all other chains. What it is told, and whether it is asked
//! at all, are the host's and the route's.
//!
//! Envoy asks about every request that has a route: what nobody should be asked about has to say so.

use std::sync::Arc;
use std::time::Duration;

use envoy_protos::envoy::config::common::mutation_rules::v3::HeaderMutationRules;
use envoy_protos::envoy::config::core::v3::http_uri::HttpUpstreamType;
use envoy_protos::envoy::config::core::v3::{ApiVersion, HttpUri};
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3 as proto;
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::ext_authz::Services;
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::ext_authz_per_route::Override;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::envoy::r#type::matcher::v3::{ListStringMatcher, RegexMatcher, StringMatcher};
use envoy_protos::google::protobuf::{Any, BoolValue};
use model::{
    Authorization, AuthorizationProtocol, Check, Host, NameMatch, Policies, Question, QuestionBody, Timeout,
    VirtualHost,
};

use crate::Reference;
use crate::any::pack;
use crate::asked::grpc;
use crate::duration::{duration, timeout};
use crate::listener::ConnectionManager;
use crate::names::SCOPE_HEADER;

/// The filter, where the only host has a service of its own, or there is one for all.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    if let Some(own) = manager.only_host().and_then(of_host) {
        return Some(own);
    }
    let of_all = manager.settings.global_authorization.as_ref()?;
    Some(pack(&filter(of_all.asked.extension.cluster().as_str(), &of_all.question())))
}

/// The filter that asks the service of a host, where other hosts may be asked for, too: these may have to ask the one of
/// all.
pub(super) fn config_of_host(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.host.filter(|_| manager.only_host().is_none()).and_then(of_host)
}

fn of_host(host: &VirtualHost) -> Option<Any> {
    let own = host.authorization.as_deref()?;
    Some(pack(&filter(own.cluster.as_str(), &own.question)))
}

/// The cluster that is asked: until it is there, requests would be refused.
pub(crate) fn reference(authorization: &Authorization) -> Reference {
    Reference::cluster(authorization.cluster.name())
}

/// What a host or a route says.
pub(super) fn message(_host: &Host, policies: &Policies) -> Option<Any> {
    match policies.authorization.as_deref()? {
        Check::Skip => Some(silence()),
        Check::Ask { context } => Some(ask(context)),
    }
}

/// What lets everything through.
pub(super) fn silence() -> Any {
    pack(&proto::ExtAuthzPerRoute { r#override: Some(Override::Disabled(true)) })
}

/// What asks where nobody would be.
pub(super) fn question() -> Any {
    ask(&[])
}

fn ask(context: &[(Arc<str>, Arc<str>)]) -> Any {
    let context = context.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let settings = proto::CheckSettings { context_extensions: context.collect(), ..Default::default() };
    pack(&proto::ExtAuthzPerRoute { r#override: Some(Override::CheckSettings(settings)) })
}

fn filter(cluster: &str, question: &Question) -> proto::ExtAuthz {
    let (services, allowed_headers) = match &question.protocol {
        AuthorizationProtocol::Grpc => {
            let service = grpc(cluster, &question.authority, question.timeout);
            (Services::GrpcService(service), None)
        }
        AuthorizationProtocol::Http { path_prefix, request_headers, upstream_headers } => {
            let service = Service { cluster, authority: &question.authority, patience: question.timeout };
            (Services::HttpService(http(service, path_prefix, list(upstream_headers))), list(request_headers))
        }
    };
    proto::ExtAuthz {
        services: Some(services),
        transport_api_version: ApiVersion::V3.into(),
        failure_mode_allow: question.fail_open,
        with_request_body: question.body.as_ref().map(body),
        clear_route_cache: true,
        include_peer_certificate: true,
        allowed_headers,
        disallowed_headers: Some(never_told()),
        decoder_header_mutation_rules: Some(mutations()),
        ..Default::default()
    }
}

/// No service is told which table a request has.
pub(super) fn never_told() -> ListStringMatcher {
    ListStringMatcher { patterns: vec![exactly(SCOPE_HEADER)] }
}

/// What is asked may change any header but the one that chooses the table of a request: it might be that of a host that
/// others guard.
pub(super) fn mutations() -> HeaderMutationRules {
    let yes = || Some(BoolValue { value: true });
    let scope = RegexMatcher { regex: SCOPE_HEADER.to_owned(), ..Default::default() };
    HeaderMutationRules {
        allow_all_routing: yes(),
        allow_envoy: yes(),
        disallow_expression: Some(scope),
        ..Default::default()
    }
}

/// How long Envoy waits for an answer where nothing else is said; over HTTP it has to be said.
const PATIENCE: Duration = Duration::from_millis(200);

/// A service that is asked: its cluster, the host that questions name, and how long an answer may take.
#[derive(Clone, Copy)]
pub(super) struct Service<'a> {
    pub(super) cluster: &'a str,
    pub(super) authority: &'a str,
    pub(super) patience: Timeout,
}

/// A service that speaks HTTP: what stands before paths, and which headers of its answers backends get.
pub(super) fn http(
    Service { cluster, authority, patience }: Service<'_>,
    path_prefix: &str,
    upstream: Option<ListStringMatcher>,
) -> proto::HttpService {
    let patience = match patience {
        Timeout::Default => Some(duration(PATIENCE)),
        said @ (Timeout::Disabled | Timeout::After(_)) => timeout(said),
    };
    let uri = HttpUri {
        uri: format!("http://{authority}"),
        timeout: patience,
        http_upstream_type: Some(HttpUpstreamType::Cluster(cluster.to_owned())),
    };
    let response = upstream.map(|allowed| proto::AuthorizationResponse {
        allowed_upstream_headers: Some(allowed),
        ..Default::default()
    });
    proto::HttpService {
        server_uri: Some(uri),
        path_prefix: path_prefix.to_owned(),
        authorization_response: response,
        ..Default::default()
    }
}

fn list(names: &[NameMatch]) -> Option<ListStringMatcher> {
    (!names.is_empty()).then(|| ListStringMatcher { patterns: names.iter().map(name).collect() })
}

fn name(name: &NameMatch) -> StringMatcher {
    let pattern = match name {
        NameMatch::Exact(text) => MatchPattern::Exact(text.to_string()),
        NameMatch::Prefix(text) => MatchPattern::Prefix(text.to_string()),
        NameMatch::Suffix(text) => MatchPattern::Suffix(text.to_string()),
        NameMatch::Contains(text) => MatchPattern::Contains(text.to_string()),
    };
    StringMatcher { match_pattern: Some(pattern), ..Default::default() }
}

pub(super) fn exactly(name: &str) -> StringMatcher {
    self::name(&NameMatch::Exact(name.into()))
}

fn body(body: &QuestionBody) -> proto::BufferSettings {
    proto::BufferSettings {
        max_request_bytes: body.most,
        allow_partial_message: body.partial,
        pack_as_bytes: body.as_bytes,
    }
}
