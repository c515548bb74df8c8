//! The table of a host that has a filter chain of its own.

use std::sync::Arc;

use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Host, ListenerId, Route, VirtualHost};

use super::route_table;
use super::scope::{self, Class};
use crate::listener::{Routes, ScopeKey};
use crate::route::Table;
use crate::virtual_host::{certified, misdirected, virtual_host};
use crate::{Reference, References, Resource, ResourceType, route};

/// As what the table of a host that has a filter chain of its own travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tables {
    /// A route configuration.
    Routes,
    /// A scope with the table inside.
    Scopes,
}

const PREFIX: &str = "https/";
/// What follows the host in the name of a route configuration of a chain that looks at tokens.
const OF_TOKENS: &str = "/tokens";

impl Tables {
    pub(super) const fn resource_type(self) -> ResourceType {
        match self {
            Self::Routes => ResourceType::RouteConfiguration,
            Self::Scopes => ResourceType::ScopedRouteConfiguration,
        }
    }

    /// The name of a host's table, by whether its chain looks at tokens: see [`Class::of_chain`].
    pub(super) fn name(self, value: &VirtualHost) -> Arc<str> {
        let [usual, of_tokens] = self.names(&value.host);
        match Class::of_chain(value) {
            Class::Token => of_tokens,
            Class::Http | Class::Https | Class::Chain | Class::Fallback => usual,
        }
    }

    /// The names that the table of a host may have: the usual one, then that of a chain that looks at tokens.
    pub(super) fn names(self, host: &Host) -> [Arc<str>; 2] {
        match self {
            Self::Routes => [format!("{PREFIX}{host}").into(), format!("{PREFIX}{host}{OF_TOKENS}").into()],
            Self::Scopes => [Class::Chain.key(host), Class::Token.key(host)],
        }
    }

    /// The host of a name.
    pub(super) fn host(self, name: &str) -> Option<Host> {
        match self {
            Self::Routes => {
                let rest = name.strip_prefix(PREFIX)?;
                Some(Host::new(rest.strip_suffix(OF_TOKENS).unwrap_or(rest)))
            }
            Self::Scopes => Class::Chain.host(name).or_else(|| Class::Token.host(name)),
        }
    }

    /// What stands under the usual name of a host whose routes are not there any more, because its chain looks at
    /// tokens or carries connections: 421 for those of the chain that it had before, once the new one is there. A scope that is gone is answered by the chain itself.
    pub(super) fn barred(self, host: &Host, listener: &ListenerId) -> Option<Resource> {
        let [name, _] = self.names(host);
        let table = RouteConfiguration {
            name: name.to_string(),
            virtual_hosts: vec![misdirected()],
            ..route_table::every_table()
        };
        let after = References::new(vec![Reference::listener(listener.as_str().into())]);
        match self {
            Self::Routes => Some(Resource::new(name, &table, after)),
            Self::Scopes => None,
        }
    }

    /// Where the chain finds its table.
    pub(super) const fn routes(self, name: &str) -> Routes<'_> {
        match self {
            Self::Routes => Routes::Table(name),
            Self::Scopes => Routes::Scope(ScopeKey::Fixed(name)),
        }
    }

    /// That a chain uses its table. Envoy waits for a table that a new chain names, and not for a scope.
    pub(super) fn reference(self, name: Arc<str>) -> Reference {
        match self {
            Self::Routes => Reference::sent(ResourceType::RouteConfiguration, name),
            Self::Scopes => Reference::scope(name),
        }
    }

    /// The table of one host: its routes, and 421 for every other host. The catch-all host has no other.
    pub(super) fn table(self, value: &VirtualHost, routes: &[Route]) -> Resource {
        match self {
            Self::Routes => routes_of(self.name(value), value, routes),
            Self::Scopes => scope::of_host(Class::of_chain(value), value, routes),
        }
    }
}

fn routes_of(name: Arc<str>, value: &VirtualHost, routes: &[Route]) -> Resource {
    let own = certified(virtual_host(value, routes, Table::Shared), value);
    let mismatch = (!value.host.is_any()).then(misdirected);
    let table = RouteConfiguration {
        name: name.to_string(),
        virtual_hosts: [own].into_iter().chain(mismatch).collect(),
        ..route_table::every_table()
    };
    Resource::new(name, &table, References::new(route::references(routes)))
}
