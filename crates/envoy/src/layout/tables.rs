//! The table of a host that has a filter chain of its own.

use std::sync::Arc;

use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Host, Route, VirtualHost};

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

impl Tables {
    pub(super) const fn resource_type(self) -> ResourceType {
        match self {
            Self::Routes => ResourceType::RouteConfiguration,
            Self::Scopes => ResourceType::ScopedRouteConfiguration,
        }
    }

    pub(super) fn name(self, host: &Host) -> Arc<str> {
        match self {
            Self::Routes => format!("{PREFIX}{host}").into(),
            Self::Scopes => Class::Chain.key(host),
        }
    }

    /// The host of a name.
    pub(super) fn host(self, name: &str) -> Option<Host> {
        match self {
            Self::Routes => name.strip_prefix(PREFIX).map(Host::new),
            Self::Scopes => Class::Chain.host(name),
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
            Self::Routes => routes_of(self.name(&value.host), value, routes),
            Self::Scopes => scope::of_host(Class::Chain, value, routes),
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
