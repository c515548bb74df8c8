//! Tokens (JWT) that requests must carry. Who issues them is part of the filter, so that a host with providers has a
//! filter chain of its own; which of them a route asks for is the route's.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::core::v3::http_uri::HttpUpstreamType;
use envoy_protos::envoy::config::core::v3::{DataSource, HttpUri};
use envoy_protos::envoy::extensions::filters::http::jwt_authn::v3 as proto;
use envoy_protos::envoy::extensions::filters::http::jwt_authn::v3::jwt_provider::JwksSourceSpecifier;
use envoy_protos::envoy::extensions::filters::http::jwt_authn::v3::jwt_requirement::RequiresType;
use envoy_protos::envoy::extensions::filters::http::jwt_authn::v3::per_route_config::RequirementSpecifier;
use envoy_protos::google::protobuf::Any;
use model::{Jwks, JwtProvider};

use crate::any::pack;
use crate::duration::duration;
use crate::listener::ConnectionManager;
use crate::{Reference, ResourceType};

/// The filter, where a host has providers. Each may be asked for by its name.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    let providers = manager.host.map(|host| &host.jwt_providers).filter(|providers| !providers.is_empty())?;
    let name = |provider: &JwtProvider| provider.name.to_string();
    let requirement = |provider: &JwtProvider| proto::JwtRequirement {
        requires_type: Some(RequiresType::ProviderName(name(provider))),
    };
    Some(pack(&proto::JwtAuthentication {
        providers: providers.iter().map(|each| (name(each), self::provider(each))).collect(),
        requirement_map: providers
            .iter()
            .map(|each| (name(each), requirement(each)))
            .collect::<BTreeMap<_, _>>(),
        ..Default::default()
    }))
}

/// What a route says: the provider whose token it asks for.
pub(crate) fn message(provider: &str) -> Any {
    let specifier = RequirementSpecifier::RequirementName(provider.to_owned());
    pack(&proto::PerRouteConfig { requirement_specifier: Some(specifier) })
}

/// The clusters that keys are asked from. A server that does not answer holds nothing up: tokens are refused until it
/// does.
pub(crate) fn references(providers: &[JwtProvider]) -> impl Iterator<Item = Reference> {
    let servers = providers.iter().filter_map(JwtProvider::key_server);
    servers.map(|cluster| Reference::sent(ResourceType::Cluster, cluster.name()))
}

fn provider(provider: &JwtProvider) -> proto::JwtProvider {
    proto::JwtProvider {
        issuer: provider.issuer.to_string(),
        audiences: provider.audiences.iter().map(|audience| audience.to_string()).collect(),
        forward: provider.forward,
        jwks_source_specifier: Some(keys(&provider.keys)),
        ..Default::default()
    }
}

fn keys(keys: &Jwks) -> JwksSourceSpecifier {
    match keys {
        Jwks::Remote { uri, cluster, timeout, cache } => JwksSourceSpecifier::RemoteJwks(proto::RemoteJwks {
            http_uri: Some(HttpUri {
                uri: uri.to_string(),
                timeout: Some(duration(*timeout)),
                http_upstream_type: Some(HttpUpstreamType::Cluster(cluster.to_string())),
            }),
            cache_duration: Some(duration(*cache)),
            ..Default::default()
        }),
        Jwks::Local(keys) => JwksSourceSpecifier::LocalJwks(DataSource {
            specifier: Some(Specifier::InlineString(keys.as_str().to_owned())),
            ..Default::default()
        }),
    }
}
