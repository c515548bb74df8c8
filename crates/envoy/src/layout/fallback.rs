//! What is served to clients that name no server, or one that nobody serves: the hosts that allow it, under the
//! operator's certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3::FilterChain;
use model::{Host, SecretKey, Traffic, VirtualHost};

use super::assembly::{Assembly, Fragment};
use super::outbox::Outbox;
use super::scope::{self, Class};
use super::scoped_plain::is_shared;
use super::tables::Tables;
use super::{Output, route_table};
use crate::listener::{Chains, FALLBACK_CHAIN, Routes, ScopeKey};
use crate::route::Table;
use crate::virtual_host::virtual_host;
use crate::{Reference, Resource, ResourceType, route};

/// The table of these hosts, or with scopes of those that no scope can be found by; Contour's name.
const TABLE: &str = "ingress_fallbackcert";
/// Contour's name for the chain, where names are Contour's.
const CONTOURS_CHAIN: &str = "fallback-certificate";

/// The hosts that allow it. While there is none, there is nothing.
pub(super) struct Fallback {
    kind: Tables,
    certificates: BTreeMap<Host, SecretKey>,
    table: Assembly,
    scopes: Outbox,
    /// What hosts were before they were touched since the last flush.
    touched: BTreeMap<Host, Option<Part>>,
    replaced: BTreeMap<Host, Option<Part>>,
}

/// What a host is here.
#[derive(Clone, PartialEq)]
pub(super) struct Part {
    certificate: SecretKey,
    /// Its part of the table, or its own scope.
    fragment: Option<Fragment>,
    scope: Option<Resource>,
}

impl Fallback {
    pub(super) fn new(kind: Tables) -> Self {
        let every = match kind {
            Tables::Routes => route_table::every_table(),
            Tables::Scopes => scope::every_table(),
        };
        Self {
            kind,
            certificates: BTreeMap::new(),
            table: route_table::table(TABLE, &every),
            scopes: Outbox::default(),
            touched: BTreeMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    /// Takes what a host is from now on; nothing when it does not allow it.
    pub(super) fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let allowed = value.and_then(|value| Some((value, value.tls.as_ref()?.clients.fallback()?)));
        if allowed.is_none() && !self.certificates.contains_key(host) {
            return;
        }
        self.touch(host);
        match allowed.map(|(value, certificate)| (value, certificate, &value.traffic)) {
            Some((value, certificate, Traffic::Http(routes))) => {
                self.certificates.insert(host.clone(), certificate.clone());
                self.route(value, routes);
            }
            Some((_, _, Traffic::Tcp(_))) | None => self.remove(host),
        }
    }

    fn route(&mut self, value: &VirtualHost, routes: &[model::Route]) {
        let host = &value.host;
        match self.kind {
            Tables::Routes => {
                self.table.put(host, &virtual_host(value, routes, Table::Shared), route::references(routes));
            }
            Tables::Scopes if is_shared(host) => {
                self.table.put(
                    host,
                    &scope::in_shared_table(Class::Fallback, value, routes),
                    route::references(routes),
                );
            }
            Tables::Scopes => self.scopes.put(scope::of_host(Class::Fallback, value, routes)),
        }
    }

    fn remove(&mut self, host: &Host) {
        self.certificates.remove(host);
        self.table.remove(host);
        self.scopes.remove(ResourceType::ScopedRouteConfiguration, Class::Fallback.key(host));
    }

    /// The hosts that allow it, sorted.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.certificates.keys()
    }

    /// The certificate that clients are shown; `None` without hosts. Only one is ever configured.
    pub(super) fn certificate(&self) -> Option<&SecretKey> {
        self.certificates.values().next()
    }

    /// The chain that shows a certificate, with the resources that it names.
    pub(super) fn chain(
        &self,
        chains: &Chains<'_>,
        certificate: &SecretKey,
    ) -> (FilterChain, Vec<Reference>) {
        match self.kind {
            Tables::Routes => {
                let table = Reference::sent(ResourceType::RouteConfiguration, TABLE);
                chains.fallback(CONTOURS_CHAIN, certificate, Routes::Table(TABLE), table)
            }
            Tables::Scopes => {
                let routes = Routes::Scope(ScopeKey::Authority(Class::Fallback.word()));
                let table = Reference::scope(Class::Fallback.key(&Host::any()));
                chains.fallback(FALLBACK_CHAIN, certificate, routes, table)
            }
        }
    }

    /// What a host is here, as it was flushed last.
    pub(super) fn part(&self, host: &Host) -> Option<Part> {
        let certificate = self.certificates.get(host)?.clone();
        let fragment = self.table.fragments(&BTreeSet::from([host.clone()])).remove(host);
        let scope =
            self.scopes.published(ResourceType::ScopedRouteConfiguration, Class::Fallback.key(host)).cloned();
        Some(Part { certificate, fragment, scope })
    }

    /// Makes a host again what it was here.
    pub(super) fn restore(&mut self, host: &Host, before: Option<Part>) {
        self.touch(host);
        let Some(Part { certificate, fragment, scope }) = before else { return self.remove(host) };
        self.certificates.insert(host.clone(), certificate);
        self.table.restore(host, fragment);
        if let Some(scope) = scope {
            self.scopes.put(scope);
        }
    }

    fn touch(&mut self, host: &Host) {
        if !self.touched.contains_key(host) {
            let part = self.part(host);
            self.touched.insert(host.clone(), part);
        }
    }

    pub(super) fn flush(&mut self) -> Vec<Output> {
        if self.kind == Tables::Scopes && !self.touched.is_empty() {
            let shared = scope::sharing(Class::Fallback, &Host::any(), TABLE);
            match self.certificates.is_empty() {
                false => self.scopes.put(shared),
                true => self.scopes.remove(shared.resource_type, shared.name),
            }
        }
        let table = match self.certificates.is_empty() {
            false => self.table.flush(),
            true => self.table.flush_unless_empty(),
        };
        let outputs = self.scopes.flush().into_iter().chain(table).collect();
        for (host, before) in std::mem::take(&mut self.touched) {
            if self.part(&host) != before {
                self.replaced.entry(host).or_insert(before);
            }
        }
        outputs
    }

    /// The hosts whose part changed with a flush, and what that was.
    pub(super) fn take_replaced(&mut self) -> BTreeMap<Host, Option<Part>> {
        // The same, told by resources.
        self.scopes.take_replaced();
        self.table.take_replaced();
        std::mem::take(&mut self.replaced)
    }

    /// The hosts that a resource is made from; `None` when it is none of these.
    pub(super) fn members(&self, resource_type: ResourceType, name: &str) -> Option<Vec<Host>> {
        match resource_type {
            ResourceType::RouteConfiguration if name == TABLE => Some(self.table.hosts().cloned().collect()),
            ResourceType::ScopedRouteConfiguration => {
                let host = Class::Fallback.host(name)?;
                if host.is_any() {
                    return Some(self.table.hosts().cloned().collect());
                }
                Some(self.certificates.contains_key(&host).then_some(host).into_iter().collect())
            }
            ResourceType::RouteConfiguration
            | ResourceType::Secret
            | ResourceType::ClusterLoadAssignment
            | ResourceType::Cluster
            | ResourceType::Listener
            | ResourceType::Runtime => None,
        }
    }

    /// The table that many hosts share.
    pub(super) fn shared() -> (ResourceType, Arc<str>) {
        (ResourceType::RouteConfiguration, TABLE.into())
    }
}
