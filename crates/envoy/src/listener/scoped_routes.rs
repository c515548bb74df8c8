//! Routes that are chosen by a scope: a table for each host, in one map of Envoy's.
//!
//! Envoy makes the key of a scope from headers only, and before any filter has run. So each request is given
//! a header of ours first, in place of whatever a client sent under its name; every scoped table takes it away
//! again before a backend could see it.
//!
//! After an internal redirect Envoy chooses the scope again without making the key again: such routes bring the
//! header back (`route/internal_redirect.rs`).

use envoy_protos::envoy::config::common::mutation_rules::v3::header_mutation::Action;
use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::scoped_routes::scope_key_builder::fragment_builder::header_value_extractor::ExtractType;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::scoped_routes::scope_key_builder::fragment_builder::{
    HeaderValueExtractor, Type,
};
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::scoped_routes::scope_key_builder::FragmentBuilder;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::scoped_routes::{
    ConfigSpecifier, ScopeKeyBuilder,
};

use super::early::early_mutation;
use crate::config_source::config_source;
use crate::names::SCOPE_HEADER;
use crate::{XdsMode, headers};

/// What the key of a request's scope is made from: a class of connections, then a host.
///
/// The class keeps connections apart: every connection manager shares one map of scopes, and a connection that
/// was made under one listener's rules must never reach the table of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeKey<'a> {
    /// This class, and the host that the request asks for.
    Authority(&'a str),
    /// This class, and the host that the connection was opened for.
    ServerName(&'a str),
    /// This key for all requests.
    Fixed(&'a str),
}

impl ScopeKey<'_> {
    /// Whether there may be no such scope.
    pub(crate) const fn may_miss(self) -> bool {
        match self {
            Self::Authority(_) | Self::ServerName(_) => true,
            Self::Fixed(_) => false,
        }
    }

    /// The value of the header; hosts hold no `%`.
    fn format(self) -> String {
        match self {
            Self::Authority(class) => format!("{class}/%REQ(:AUTHORITY)%"),
            Self::ServerName(class) => format!("{class}/%REQUESTED_SERVER_NAME%"),
            Self::Fixed(key) => key.to_owned(),
        }
    }
}

/// What gives each request its header, before anything else is done with it.
pub(super) fn bring_key(key: ScopeKey<'_>) -> TypedExtensionConfig {
    // Envoy appends nothing when a value turns out to be empty: what a client sent must not stay.
    let actions =
        [Action::Remove(SCOPE_HEADER.to_owned()), Action::Append(headers::set(SCOPE_HEADER, &key.format()))];
    early_mutation("isobath.scope", actions.into())
}

/// Where scopes come from, and how the header becomes a key.
pub(super) fn scoped_routes(mode: XdsMode) -> proto::ScopedRoutes {
    proto::ScopedRoutes {
        name: "scopes".to_owned(),
        scope_key_builder: Some(ScopeKeyBuilder { fragments: vec![without_port()] }),
        rds_config_source: Some(config_source(mode)),
        config_specifier: Some(ConfigSpecifier::ScopedRds(proto::ScopedRds {
            scoped_rds_config_source: Some(config_source(mode)),
            ..Default::default()
        })),
    }
}

/// The header up to the first colon: the port counts for the backend and not for the choice. What this makes
/// of an IPv6 address is no key, and the address is looked up among the hosts of the shared table.
fn without_port() -> FragmentBuilder {
    let extractor = HeaderValueExtractor {
        name: SCOPE_HEADER.to_owned(),
        element_separator: ":".to_owned(),
        extract_type: Some(ExtractType::Index(0)),
    };
    FragmentBuilder { r#type: Some(Type::HeaderValueExtractor(extractor)) }
}
