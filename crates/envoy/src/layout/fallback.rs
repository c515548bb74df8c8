//! What is served to clients that name no server, or one that nobody serves: the hosts that allow it, under the
//! operator's certificate.

use std::collections::{BTreeMap, BTreeSet};

use envoy_protos::envoy::config::listener::v3::FilterChain;
use model::{Host, ListenerId, SecretKey, Settings, Traffic, VirtualHost};

use super::assembly::{Assembly, Fragment};
use super::outbox::Outbox;
use super::scope::{self, Class};
use super::scoped_plain::is_shared;
use super::tables::Tables;
use super::{Output, route_table};
use crate::listener::{Chains, FALLBACK_CHAIN, Routes, ScopeKey};
use crate::route::Style;
use crate::virtual_host::{Asked, virtual_host};
use crate::{Reference, Resource, ResourceType, route};

/// The table of these hosts, or with scopes of those that no scope can be found by; Contour's name.
const TABLE: &str = "ingress_fallbackcert";
/// Contour's name for the chain, where names are Contour's.
const CONTOURS_CHAIN: &str = "fallback-certificate";

/// The hosts that allow it. While there is none, there is no chain.
pub(super) struct Fallback {
    kind: Tables,
    style: Style,
    listener: ListenerId,
    /// Whether somebody may be asked about what is misdirected.
    whom: Asked,
    /// Whether hosts may allow it at all.
    is_offered: bool,
    certificates: BTreeMap<Host, SecretKey>,
    /// Exact hosts that are served and do not allow it, by the domain that they are in. A wildcard that allows it must
    /// not answer for them, as it does not elsewhere.
    bystanders: BTreeMap<Box<str>, BTreeSet<Host>>,
    table: Assembly,
    scopes: Outbox,
    /// What hosts were before they were touched since the last flush.
    touched: BTreeMap<Host, Option<Part>>,
    replaced: BTreeMap<Host, Option<Part>>,
}

/// What a host is here.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Part {
    /// If it allows it.
    certificate: Option<SecretKey>,
    stands_by: bool,
    /// Its part of the table, or its own scope.
    fragment: Option<Fragment>,
    scope: Option<Resource>,
}

/// The certificate and the routes of a host that allows it: connections that are carried as they are name their host.
fn allowed(value: &VirtualHost) -> Option<(&SecretKey, &[model::Route])> {
    match &value.traffic {
        Traffic::Http(routes) => Some((value.tls.as_ref()?.clients.fallback()?, routes)),
        Traffic::Tcp(_) | Traffic::Udp(_) => None,
    }
}

/// The domain of an exact host, of which a wildcard may answer for it.
fn domain(host: &Host) -> Option<&str> {
    let is_exact = !host.is_any() && host.wildcard_parent().is_none();
    host.as_str().split_once('.').filter(|_| is_exact).map(|(_, domain)| domain)
}

impl Fallback {
    pub(super) fn new(kind: Tables, listener: &ListenerId, settings: &Settings) -> Self {
        let every = match kind {
            Tables::Routes => route_table::every_table(),
            Tables::Scopes => scope::every_table(),
        };
        Self {
            kind,
            style: Style::of(listener, settings),
            listener: listener.clone(),
            whom: Asked::of_all(settings),
            is_offered: settings.fallback_certificate.is_some(),
            certificates: BTreeMap::new(),
            bystanders: BTreeMap::new(),
            table: route_table::table(TABLE, &every),
            scopes: Outbox::default(),
            touched: BTreeMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    /// Takes what a host is from now on.
    pub(super) fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let allowed = value.and_then(allowed);
        let stands_by = self.is_offered && value.is_some() && allowed.is_none() && domain(host).is_some();
        if allowed.is_none() && !self.certificates.contains_key(host) && stands_by == self.stands_by(host) {
            return;
        }
        self.touch(host);
        self.note_bystander(host, stands_by);
        match (value, allowed) {
            (Some(value), Some((certificate, routes))) => {
                self.certificates.insert(host.clone(), certificate.clone());
                self.route(value, routes);
            }
            (Some(_) | None, None) | (None, Some(_)) => self.remove(host),
        }
        self.bar_below(host);
    }

    fn stands_by(&self, host: &Host) -> bool {
        let hosts = domain(host).and_then(|domain| self.bystanders.get(domain));
        hosts.is_some_and(|hosts| hosts.contains(host))
    }

    fn note_bystander(&mut self, host: &Host, stands_by: bool) {
        let Some(domain) = domain(host) else { return };
        if stands_by {
            self.bystanders.entry(domain.into()).or_default().insert(host.clone());
        } else if let Some(hosts) = self.bystanders.get_mut(domain) {
            hosts.remove(host);
            if hosts.is_empty() {
                self.bystanders.remove(domain);
            }
        }
    }

    /// Answers 421 for the bystanders below a wildcard that allows it, and not below one that has ceased to.
    fn bar_below(&mut self, host: &Host) {
        let below = host.wildcard_parent().and_then(|domain| self.bystanders.get(domain));
        for below in below.cloned().unwrap_or_default() {
            match self.certificates.contains_key(host) {
                true => self.bar(&below),
                false => self.remove_routes(&below),
            }
        }
    }

    fn bar(&mut self, host: &Host) {
        let wildcard = domain(host).map(|domain| Host::new(format!("*.{domain}")));
        if !wildcard.is_some_and(|wildcard| self.certificates.contains_key(&wildcard)) {
            return;
        }
        match self.kind {
            Tables::Routes => self.table.put(host, &scope::misdirecting_host(host, self.whom), vec![]),
            Tables::Scopes => {
                self.scopes.put(scope::misdirecting(Class::Fallback, host, &self.listener, self.whom));
            }
        }
    }

    fn route(&mut self, value: &VirtualHost, routes: &[model::Route]) {
        let host = &value.host;
        match self.kind {
            Tables::Routes => {
                self.table.put(
                    host,
                    &virtual_host(value, routes, self.style.table()),
                    route::references(routes),
                );
            }
            Tables::Scopes if is_shared(host) => {
                self.table.put(
                    host,
                    &scope::in_shared_table(Class::Fallback, value, routes, self.style),
                    route::references(routes),
                );
            }
            Tables::Scopes => {
                self.scopes.put(scope::of_host(Class::Fallback, value, routes, self.style));
            }
        }
    }

    fn remove(&mut self, host: &Host) {
        self.certificates.remove(host);
        self.remove_routes(host);
        if self.stands_by(host) {
            self.bar(host);
        }
    }

    fn remove_routes(&mut self, host: &Host) {
        self.table.remove(host);
        self.scopes.remove(ResourceType::ScopedRouteConfiguration, Class::Fallback.name(host));
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
                let table = Reference::scope(Class::Fallback.name(&Host::any()));
                chains.fallback(FALLBACK_CHAIN, certificate, routes, table)
            }
        }
    }

    /// What a host is here, as it was flushed last. What is answered for a bystander follows from others.
    pub(super) fn part(&self, host: &Host) -> Option<Part> {
        let Some(certificate) = self.certificates.get(host).cloned() else {
            return self.stands_by(host).then(|| Part { stands_by: true, ..Part::default() });
        };
        let fragment = self.table.fragments(&BTreeSet::from([host.clone()])).remove(host);
        let scope = self
            .scopes
            .published(ResourceType::ScopedRouteConfiguration, &Class::Fallback.name(host))
            .cloned();
        Some(Part { certificate: Some(certificate), stands_by: false, fragment, scope })
    }

    /// Makes a host again what it was here.
    pub(super) fn restore(&mut self, host: &Host, before: Option<Part>) {
        self.touch(host);
        let Part { certificate, stands_by, fragment, scope } = before.unwrap_or_default();
        self.note_bystander(host, stands_by);
        match certificate {
            Some(certificate) => {
                self.certificates.insert(host.clone(), certificate);
                self.table.restore(host, fragment);
                if let Some(scope) = scope {
                    self.scopes.put(scope);
                }
            }
            None => self.remove(host),
        }
        self.bar_below(host);
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
        // Envoy keeps the routes of a table that is removed for the connections that it still has: they must find an
        // empty one.
        let outlives_its_hosts = self.kind == Tables::Routes && self.is_offered;
        let table = match outlives_its_hosts || !self.certificates.is_empty() {
            true => self.table.flush(),
            false => self.table.flush_unless_empty(),
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
                let host = Class::Fallback.host(self.scopes.published(resource_type, name)?)?;
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

    /// The withdrawal of all that was published.
    pub(super) fn withdraw(&mut self) -> Vec<Output> {
        self.scopes.withdraw().into_iter().chain(self.table.withdraw()).collect()
    }
}
