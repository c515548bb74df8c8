//! The table of a host that has a filter chain of its own.

use std::sync::Arc;

use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Host, ListenerId, Route, VirtualHost};

use super::route_table;
use super::scope::{self, Class, Guard};
use crate::listener::{Routes, ScopeKey};
use crate::route::Style;
use crate::virtual_host::{Asked, certified, misdirected, virtual_host};
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

    /// What a host's chain finds its table by: its name, or the key of its scope.
    pub(super) fn key(self, host: &Host, guard: Guard) -> Arc<str> {
        match self {
            Self::Routes => [PREFIX, host.as_str(), guard.suffix()].concat().into(),
            Self::Scopes => Class::Own(guard).key(host).into(),
        }
    }

    /// The name of a host's table, by what its chain looks at.
    pub(super) fn name(self, host: &Host, guard: Guard) -> Arc<str> {
        match self {
            Self::Routes => self.key(host, guard),
            Self::Scopes => Class::Own(guard).name(host),
        }
    }

    /// The host of a table, and what its chain looks at.
    pub(super) fn host(self, table: &Resource) -> Option<(Host, Guard)> {
        match self {
            Self::Routes => Guard::told_by(table.name.strip_prefix(PREFIX)?),
            Self::Scopes => {
                let host = |guard| Some((Class::Own(guard).host(table)?, guard));
                Guard::ALL.into_iter().find_map(host)
            }
        }
    }

    /// What stands under a name of a host whose routes are not there any more, because its chain looks at more, or at
    /// something else, or carries connections: 421 for those of the chain that it had before, once the new one is
    /// there. A scope that is gone is answered by the chain itself.
    pub(super) fn barred(
        self,
        host: &Host,
        guard: Guard,
        listener: &ListenerId,
        of_all: Asked,
    ) -> Option<Resource> {
        if self == Self::Scopes {
            return None;
        }
        let whom = if guard.asks() { Asked::Somebody } else { of_all };
        Some(route_table::barred(self.name(host, guard), route_table::every_table(), listener, whom))
    }

    /// Where the chain finds its table, by the [`key`](Self::key) of that.
    pub(super) const fn routes(self, key: &str) -> Routes<'_> {
        match self {
            Self::Routes => Routes::Table(key),
            Self::Scopes => Routes::Scope(ScopeKey::Fixed(key)),
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
    pub(super) fn table(self, value: &VirtualHost, routes: &[Route], style: Style) -> Resource {
        match self {
            Self::Routes => routes_of(self.name(&value.host, Guard::of(value)), value, routes, style),
            Self::Scopes => scope::of_host(Class::Own(Guard::of(value)), value, routes, style),
        }
    }
}

fn routes_of(name: Arc<str>, value: &VirtualHost, routes: &[Route], style: Style) -> Resource {
    let own = certified(virtual_host(value, routes, style.table()), value);
    let mismatch = (!value.host.is_any()).then(|| misdirected(Asked::by(value)));
    let table = RouteConfiguration {
        name: name.to_string(),
        virtual_hosts: [own].into_iter().chain(mismatch).collect(),
        ..route_table::every_table()
    };
    Resource::new(name, &table, References::new(route::references(routes)))
}
