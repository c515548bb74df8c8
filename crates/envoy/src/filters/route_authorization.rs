//! Services that routes of a Gateway name to be asked whether their requests may pass.
//!
//! A chain of a Gateway serves many hosts, so that nothing of one route can be part of it. All chains have two filters, one
//! for each protocol. Tables say that nobody is asked; a route that wants it says who is. What the filters themselves name
//! is nobody, so that a question to no service would be refused.
//!
//! Which headers are told is the filter's to say, and not a route's. A service that speaks HTTP is told those that it always
//! gets, and a script brings into its question what else the route wants it to know. One that speaks gRPC is told all; where
//! it is to be told some only, the route brings a filter of its own, and a last filter of all chains does what that says.

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy_protos::envoy::config::common::mutation_rules::v3::HeaderMutationRules;
use envoy_protos::envoy::config::core::v3::{ApiVersion, GrpcService, HeaderValue, TypedExtensionConfig};
use envoy_protos::envoy::extensions::filters::http::composite::v3::{
    Composite, CompositePerRoute, ExecuteFilterAction,
};
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::check_settings::ServiceOverride;
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::ext_authz::Services;
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::ext_authz_per_route::Override;
use envoy_protos::envoy::extensions::filters::http::ext_authz::v3::{
    AuthorizationRequest, BufferSettings, CheckSettings, ExtAuthz, ExtAuthzPerRoute, HttpService,
};
use envoy_protos::envoy::extensions::filters::http::lua::v3::{LuaPerRoute, lua_per_route};
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::envoy::r#type::matcher::v3::{ListStringMatcher, RegexMatcher, StringMatcher};
use envoy_protos::google::protobuf::value::Kind;
use envoy_protos::google::protobuf::{Any, ListValue, Struct, Value};
use envoy_protos::xds::core::v3 as matcher;
use envoy_protos::xds::r#type::matcher::v3::Matcher;
use envoy_protos::xds::r#type::matcher::v3::matcher::{OnMatch, on_match};
use model::{RouteAuthorization, RouteAuthorizationProtocol, Timeout};

use super::ext_authz::{self, Service};
use super::script::named_script;
use crate::any::pack;
use crate::asked;
use crate::listener::ConnectionManager;
use crate::names::{NOWHERE, SCOPE_HEADER};

/// The filter that brings headers into the questions by HTTP.
pub(super) const HEADERS: &str = "isobath.route_authorization.headers";
/// The filter that asks by gRPC.
pub(super) const GRPC: &str = "isobath.route_authorization.grpc";
/// The filter that asks by HTTP.
pub(super) const HTTP: &str = "isobath.route_authorization.http";

/// The filter that does what filters of routes say.
pub(super) const OF_ROUTES: &str = "isobath.route_authorization.filter";

/// The name of the script among those of its filter.
const NAME: &str = "headers";

/// The context has a list of headers. The value of each that is there is kept under its place in the list, which is no text
/// of a user: it becomes a part of a format.
const SCRIPT: &str = r#"function envoy_on_request(handle)
  local headers, kept = handle:headers(), handle:streamInfo():dynamicMetadata()
  for index, name in ipairs(handle:filterContext():get("headers")) do
    local value = headers:get(name)
    if value then kept:set("isobath.route_authorization", tostring(index), value) end
  end
end
"#;

/// Headers that say something of the answer itself, which the request is not.
const OF_THE_ANSWER: &str = "connection|content-encoding|content-length|content-type|date|keep-alive|server|te|trailer|\
                             transfer-encoding|upgrade";

pub(super) fn headers_config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| named_script(NAME, SCRIPT))
}

pub(super) fn grpc_config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| {
        let Service { cluster, authority, patience } = NOBODY;
        let nobody = Services::GrpcService(asked::grpc(cluster, authority, patience));
        pack(&filter(nobody, ext_authz::mutations()))
    })
}

/// What it says in its answer may not change where the request goes.
pub(super) fn http_config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| {
        let nobody = Services::HttpService(ext_authz::http(NOBODY, "", None));
        let mutations = HeaderMutationRules {
            disallow_expression: Some(regex(format!("{OF_THE_ANSWER}|{SCOPE_HEADER}"))),
            ..Default::default()
        };
        pack(&filter(nobody, mutations))
    })
}

/// It does nothing where no route brings a filter.
pub(super) fn filter_of_routes(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| pack(&Composite::default()))
}

/// The service of questions that are never asked.
const NOBODY: Service<'static> =
    Service { cluster: NOWHERE, authority: "nobody", patience: Timeout::Default };

/// The route that was chosen stays, whatever the service changes: another one might ask another service.
fn filter(services: Services, mutations: HeaderMutationRules) -> ExtAuthz {
    ExtAuthz {
        services: Some(services),
        transport_api_version: ApiVersion::V3.into(),
        include_peer_certificate: true,
        disallowed_headers: Some(ext_authz::never_told()),
        decoder_header_mutation_rules: Some(mutations),
        ..Default::default()
    }
}

/// What every table says, whose routes may say more.
pub(super) fn silences() -> BTreeMap<String, Any> {
    [GRPC, HTTP].into_iter().map(|name| (name.to_owned(), ext_authz::silence())).collect()
}

/// What a route says, by the names of the filters.
pub(super) fn messages(authorization: &RouteAuthorization) -> BTreeMap<String, Any> {
    let RouteAuthorization { cluster, protocol, authority, timeout, body: _ } = authorization;
    match protocol {
        RouteAuthorizationProtocol::Grpc { request_headers } => {
            let service = asked::grpc(cluster.as_str(), authority, *timeout);
            let message = match request_headers {
                None => (GRPC, question(authorization, ServiceOverride::GrpcService(service))),
                Some(headers) => (OF_ROUTES, own_filter(authorization, service, headers)),
            };
            BTreeMap::from([message].map(|(name, message)| (name.to_owned(), message)))
        }
        RouteAuthorizationProtocol::Http { path_prefix, request_headers, answer_headers } => {
            let service = Service { cluster: cluster.as_str(), authority, patience: *timeout };
            let service = HttpService {
                authorization_request: told(request_headers),
                ..ext_authz::http(service, path_prefix, Some(allowed(answer_headers.as_deref())))
            };
            let question = question(authorization, ServiceOverride::HttpService(service));
            let kept = (!request_headers.is_empty()).then(|| (HEADERS.to_owned(), keep(request_headers)));
            [(HTTP.to_owned(), question)].into_iter().chain(kept).collect()
        }
    }
}

fn question(authorization: &RouteAuthorization, service: ServiceOverride) -> Any {
    let settings = CheckSettings {
        service_override: Some(service),
        with_request_body: body(authorization),
        ..Default::default()
    };
    pack(&ExtAuthzPerRoute { r#override: Some(Override::CheckSettings(settings)) })
}

fn body(authorization: &RouteAuthorization) -> Option<BufferSettings> {
    authorization.body.map(|most| BufferSettings {
        max_request_bytes: most.get().into(),
        allow_partial_message: true,
        pack_as_bytes: false,
    })
}

/// A filter that asks about the requests of one route, and tells these headers only.
fn own_filter(authorization: &RouteAuthorization, service: GrpcService, headers: &[Arc<str>]) -> Any {
    let allowed =
        ListStringMatcher { patterns: headers.iter().map(|name| ext_authz::exactly(name)).collect() };
    let asks = ExtAuthz {
        allowed_headers: Some(allowed),
        with_request_body: body(authorization),
        ..filter(Services::GrpcService(service), ext_authz::mutations())
    };
    let asks = TypedExtensionConfig { name: "ask".to_owned(), typed_config: Some(pack(&asks)) };
    let run = ExecuteFilterAction { typed_config: Some(asks), ..Default::default() };
    let run = matcher::TypedExtensionConfig { name: "run".to_owned(), typed_config: Some(pack(&run)) };
    let always = OnMatch { on_match: Some(on_match::OnMatch::Action(run)), ..Default::default() };
    let always = Matcher { on_no_match: Some(Box::new(always)), ..Default::default() };
    pack(&CompositePerRoute { matcher: Some(always) })
}

/// The headers that the script kept; one that the request does not have is left out.
fn told(headers: &[Arc<str>]) -> Option<AuthorizationRequest> {
    let header = |(index, name): (usize, &Arc<str>)| HeaderValue {
        key: name.to_string(),
        value: format!("%DYNAMIC_METADATA(isobath.route_authorization:{})%", index + 1),
        ..Default::default()
    };
    (!headers.is_empty()).then(|| AuthorizationRequest {
        headers_to_add: headers.iter().enumerate().map(header).collect(),
        ..Default::default()
    })
}

fn keep(headers: &[Arc<str>]) -> Any {
    let text = |name: &Arc<str>| Value { kind: Some(Kind::StringValue(name.to_string())) };
    let list = Kind::ListValue(ListValue { values: headers.iter().map(text).collect() });
    let fields = BTreeMap::from([("headers".to_owned(), Value { kind: Some(list) })]);
    pack(&LuaPerRoute {
        filter_context: Some(Struct { fields }),
        r#override: Some(lua_per_route::Override::Name(NAME.to_owned())),
        ..Default::default()
    })
}

/// Which headers of an answer backends get.
fn allowed(headers: Option<&[Arc<str>]>) -> ListStringMatcher {
    let any = || StringMatcher {
        match_pattern: Some(MatchPattern::SafeRegex(regex(".*".to_owned()))),
        ..Default::default()
    };
    let patterns = headers
        .map_or_else(|| vec![any()], |names| names.iter().map(|name| ext_authz::exactly(name)).collect());
    ListStringMatcher { patterns }
}

fn regex(regex: String) -> RegexMatcher {
    RegexMatcher { regex, ..Default::default() }
}
