//! A TLS listener with one filter chain for most hosts, which fetches certificates when clients ask for them.
//!
//! A host that comes, changes or goes is its scope and its certificate under its own name; the listener stays
//! as it is. A host whose connections differ from those of others (TLS versions of its own, clients that are asked
//! for certificates, issuers of tokens, connections that are carried as they are) has a filter chain of its own,
//! whose scopes are of another class: what came by the shared chain under weaker rules finds 421 there.
//!
//! Once there is a fallback certificate, the listener has to know all names, to tell which are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3 as proto;
use envoy_protos::xds::r#type::matcher::v3::Matcher;
use model::{Host, Listener, SecretContent, SecretKey, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::fallback::Fallback;
use super::outbox::Outbox;
use super::scope::{self, Class, Guard};
use super::scoped_plain::is_shared;
use super::secrets::{Certificate, Secrets};
use super::tables::Tables;
use super::tls::can_be_served;
use super::{Before, Form, Output, route_table};
use crate::listener::{Chain, Chains, Others, matcher, shell};
use crate::route::Style;
use crate::virtual_host::Asked;
use crate::{Reference, References, Resource, ResourceType, XdsMode, asked, route};

/// A listener whose hosts share a filter chain.
pub(super) struct OnDemand {
    listener: Listener,
    settings: Arc<Settings>,
    mode: XdsMode,
    /// The chain that hosts share.
    shared: proto::FilterChain,
    style: Style,
    hosts: BTreeMap<Host, Place>,
    /// Those of them that have a chain of their own.
    apart: BTreeSet<Host>,
    /// Whether a host came, went, or has another chain since the listener was made.
    is_stale: bool,
    /// The certificate of the fallback chain when it was made.
    shown: Option<SecretKey>,
    /// The listener, and the scope of the shared table.
    fixed: Outbox,
    scopes: Outbox,
    /// Wildcards, which no scope can be found by.
    table: Assembly,
    secrets: Secrets,
    fallback: Fallback,
    /// What hosts were before they were touched since the last flush.
    touched: BTreeMap<Host, Form>,
    replaced: BTreeMap<Host, Form>,
}

/// Where a host is, besides its routes.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Place {
    certificates: Box<[Certificate]>,
    /// Its own chain, if it has one.
    chain: Option<OwnChain>,
}

/// A filter chain of one host, and what it names.
#[derive(Clone, PartialEq)]
struct OwnChain {
    message: proto::FilterChain,
    references: Vec<Reference>,
}

impl OnDemand {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode) -> Self {
        let name = listener.id.as_str();
        let mut fixed = Outbox::default();
        fixed.put(scope::sharing(Class::Https, &Host::any(), name));
        let chains = Chains { listener, settings: &settings, mode };
        let shared = chains.shared(Class::Https.word());
        let fallback = Fallback::new(Tables::Scopes, &listener.id, &settings);
        Self {
            shared,
            style: Style::of(&listener.id, &settings),
            listener: listener.clone(),
            settings,
            mode,
            hosts: BTreeMap::new(),
            apart: BTreeSet::new(),
            is_stale: false,
            shown: None,
            fixed,
            scopes: Outbox::default(),
            table: route_table::table(name, &scope::every_table()),
            secrets: Secrets::default(),
            fallback,
            touched: BTreeMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    /// Remembers what a host is before it changes.
    fn touch(&mut self, host: &Host) {
        if !self.touched.contains_key(host) {
            let form = self.form(host);
            self.touched.insert(host.clone(), form);
        }
    }

    /// All that a host was with the last flush.
    fn form(&self, host: &Host) -> Form {
        let one = BTreeSet::from([host.clone()]);
        let fragment = is_shared(host).then(|| self.table.fragments(&one).remove(host)).flatten();
        let own = Guard::ALL.into_iter().map(Class::Own);
        let scope = own.chain([Class::Https]).find_map(|class| {
            self.scopes.published(ResourceType::ScopedRouteConfiguration, &class.name(host))
        });
        let (place, fallback) = (self.hosts.get(host).cloned(), self.fallback.part(host));
        Form { fragment, resource: scope.cloned(), place, fallback, section: None }
    }

    fn place(&self, value: &VirtualHost) -> Place {
        let shares = self.shares_chain(value);
        let own = if shares { Certificate::ByHost } else { Certificate::ByChain };
        let keys = value.tls.iter().flat_map(|tls| &tls.certificates);
        let mut certificates: Vec<_> = keys.cloned().map(own).collect();
        let fallback = value.tls.as_ref().and_then(|tls| tls.clients.fallback());
        let fallback = fallback.map(|key| Certificate::ByChain(key.clone()));
        certificates.extend(fallback.filter(|key| !certificates.contains(key)));
        Place { certificates: certificates.into(), chain: (!shares).then(|| self.make_chain(value)) }
    }

    fn make_chain(&self, value: &VirtualHost) -> OwnChain {
        let Self { listener, settings, mode, .. } = self;
        let guard = Guard::of(value);
        let chains = Chains { listener, settings, mode: *mode };
        let table = Tables::Scopes.reference(Tables::Scopes.name(&value.host, guard));
        let key = Tables::Scopes.key(&value.host, guard);
        let (message, references) = chains.chain(value, Tables::Scopes.routes(&key), table);
        OwnChain { message, references }
    }

    /// Whether a host's connections are as those of all others. Nobody asks for the catch-all by name, and by another
    /// host's name for one certificate.
    fn shares_chain(&self, value: &VirtualHost) -> bool {
        let usual = (self.settings.tls_minimum, self.settings.tls_maximum);
        let is_usual = value.tls.as_ref().is_some_and(|tls| {
            let is_alone = tls.certificates.len() == 1;
            (tls.minimum, tls.maximum) == usual && is_alone && tls.clients.certificates().is_none()
        });
        let is_usual = is_usual && Guard::of(value) == Guard::Nothing;
        is_usual && matches!(value.traffic, Traffic::Http(_)) && !value.host.is_any()
    }

    /// Puts the host where it belongs, or nowhere.
    fn move_to(&mut self, host: &Host, place: Option<Place>) {
        let old = match place.clone() {
            Some(place) => self.hosts.insert(host.clone(), place),
            None => self.hosts.remove(host),
        };
        if self.own_chain(host).is_some() {
            self.apart.insert(host.clone());
        } else {
            self.apart.remove(host);
        }
        self.is_stale |= old.as_ref().map(|old| &old.chain) != place.as_ref().map(|new| &new.chain);
        let certificates = |place: Option<Place>| place.unwrap_or_default().certificates;
        self.secrets.assign(host, &certificates(old), &certificates(place));
    }

    fn own_chain(&self, host: &Host) -> Option<&OwnChain> {
        self.hosts.get(host)?.chain.as_ref()
    }

    /// The routes of a host that shares the chain.
    fn route_shared(&mut self, value: &VirtualHost, routes: &[model::Route]) {
        if is_shared(&value.host) {
            self.table.put(
                &value.host,
                &scope::in_shared_table(Class::Https, value, routes, self.style),
                route::references(routes),
            );
        } else {
            self.scopes.put(scope::of_host(Class::Https, value, routes, self.style));
        }
        self.remove_own_scopes(&value.host);
    }

    /// The routes of a host with a chain of its own, and what bars the shared chain from them.
    fn route_apart(&mut self, value: &VirtualHost) {
        match &value.traffic {
            Traffic::Http(routes) => {
                self.remove_own_scopes(&value.host);
                self.scopes.put(Tables::Scopes.table(value, routes, self.style));
            }
            Traffic::Tcp(_) | Traffic::Udp(_) => self.remove_own_scopes(&value.host),
        }
        self.bar(&value.host);
    }

    /// Connections of the shared chain that were opened for a host before it had a chain of its own live on.
    fn bar(&mut self, host: &Host) {
        let whom = Asked::of_all(&self.settings);
        if is_shared(host) {
            self.table.put(host, &scope::misdirecting_host(host, whom), vec![]);
        } else {
            self.scopes.put(scope::misdirecting(Class::Https, host, &self.listener.id, whom));
        }
    }

    /// The scopes of chains of its own that a host may have.
    fn remove_own_scopes(&mut self, host: &Host) {
        Guard::ALL.into_iter().for_each(|guard| self.remove_scope(Class::Own(guard), host));
    }

    fn remove_scope(&mut self, class: Class, host: &Host) {
        self.scopes.remove(ResourceType::ScopedRouteConfiguration, class.name(host));
    }

    fn unroute(&mut self, host: &Host) {
        self.table.remove(host);
        self.remove_scope(Class::Https, host);
        self.remove_own_scopes(host);
    }

    /// Without a host nothing listens, as in the other layouts. A host that has other routes changes nothing here: what
    /// is made may name all hosts.
    fn put_listener(&mut self) {
        let shown = self.fallback_certificate().cloned();
        if !std::mem::take(&mut self.is_stale) && shown == self.shown {
            return;
        }
        self.shown = shown;
        match self.hosts.is_empty() {
            true => self.fixed.remove(ResourceType::Listener, self.listener.id.as_str().into()),
            false => self.fixed.put(self.make_listener()),
        }
    }

    fn make_listener(&self) -> Resource {
        let Self { listener, settings, mode, .. } = self;
        let chains = Chains { listener, settings, mode: *mode };
        let own = self.apart.iter().filter_map(|host| self.own_chain(host)).map(OwnChain::parts);
        let fallback =
            self.fallback_certificate().map(|certificate| self.fallback.chain(&chains, certificate));
        let (named, references): (Vec<_>, Vec<_>) = own.chain(fallback).unzip();
        let references = [references.concat(), asked::references(settings)].concat();
        let message = proto::Listener {
            filter_chains: named.iter().map(unmatched).chain([self.shared.clone()]).collect(),
            filter_chain_matcher: Some(self.matcher()),
            ..shell(listener, settings)
        };
        let resource = Resource::new(listener.id.as_str().into(), &message, References::new(references));
        Resource { is_shared: true, ..resource }
    }

    /// The certificate for clients that name no host that is served; a catch-all host has its own for them.
    fn fallback_certificate(&self) -> Option<&SecretKey> {
        self.fallback.certificate().filter(|_| !self.apart.contains(&Host::any()))
    }

    fn matcher(&self) -> Matcher {
        match self.fallback_certificate() {
            Some(_) => {
                let chain = |host| if self.apart.contains(host) { Chain::Own } else { Chain::Shared };
                let all = self.hosts.keys().map(|host| (host, chain(host))).collect();
                matcher(&all, Others::Fallback)
            }
            None => matcher(&self.to_be_found(), Others::Shared),
        }
    }

    /// The hosts that have to be found before the shared chain is: those with a chain of their own, and those
    /// below a wildcard that has one.
    fn to_be_found(&self) -> BTreeMap<&Host, Chain> {
        let own = self.apart.iter().map(|host| (host, Chain::Own));
        let parents: Vec<_> = self.apart.iter().filter_map(Host::wildcard_parent).collect();
        let is_below_one = |host: &Host| parents.iter().any(|parent| is_below(host, parent));
        // Without such a parent there is nobody to look for among the many.
        let many = self.hosts.keys().filter(|_| !parents.is_empty());
        let shared = many.filter(|host| is_below_one(host)).map(|host| (host, Chain::Shared));
        shared.chain(own).collect()
    }

    /// Notes which of the touched hosts really changed: another Secret may hold the same.
    fn note_replaced(&mut self, secrets: &[Output]) {
        let renewed: BTreeSet<&str> = secrets.iter().map(|output| &**output.id().1).collect();
        let chain = |form: &Form| form.place.as_ref().and_then(|place| place.chain.clone());
        for (host, before) in std::mem::take(&mut self.touched) {
            let now = self.form(&host);
            let is_same = (&now.fragment, &now.resource, &now.fallback, chain(&now))
                == (&before.fragment, &before.resource, &before.fallback, chain(&before));
            if !is_same || renewed.contains(host.as_str()) {
                self.replaced.entry(host).or_insert(before);
            }
        }
    }
}

impl Shape for OnDemand {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        self.touch(host);
        let value = value.filter(|each| can_be_served(each));
        self.fallback.set(host, value);
        let Some(value) = value else {
            self.move_to(host, None);
            return self.unroute(host);
        };
        let place = self.place(value);
        let is_apart = place.chain.is_some();
        self.move_to(host, Some(place));
        match &value.traffic {
            Traffic::Http(routes) if !is_apart => self.route_shared(value, routes),
            Traffic::Http(_) | Traffic::Tcp(_) | Traffic::Udp(_) => self.route_apart(value),
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        let chains = Chains { listener: &self.listener, settings, mode: self.mode };
        self.shared = chains.shared(Class::Https.word());
        self.settings = settings.clone();
        self.is_stale = true;
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) -> bool {
        self.secrets.set(key, content)
    }

    fn flush(&mut self) -> Vec<Output> {
        self.put_listener();
        let outputs = self.fixed.flush().into_iter().chain(self.scopes.flush()).chain(self.table.flush());
        let mut outputs: Vec<_> = outputs.chain(self.fallback.flush()).collect();
        self.fallback.take_replaced();
        let secrets = self.secrets.flush();
        self.note_replaced(&secrets);
        outputs.extend(secrets);
        outputs
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        let own =
            |host: Option<Host>| host.filter(|host| self.hosts.contains_key(host)).into_iter().collect();
        let is_listener = name == self.listener.id.as_str();
        if let Some(hosts) = self.fallback.members(resource_type, name) {
            return hosts;
        }
        match resource_type {
            ResourceType::Listener if is_listener => {
                let hosts: BTreeSet<_> = self.apart.iter().chain(self.fallback.hosts()).collect();
                hosts.into_iter().cloned().collect()
            }
            ResourceType::RouteConfiguration if is_listener => self.table.hosts().cloned().collect(),
            ResourceType::ScopedRouteConfiguration if *name == *Class::Https.name(&Host::any()) => {
                self.table.hosts().cloned().collect()
            }
            ResourceType::ScopedRouteConfiguration => {
                let host = |scope| Class::Https.host(scope).or_else(|| Some(Tables::Scopes.host(scope)?.0));
                own(self.scopes.published(resource_type, name).and_then(host))
            }
            ResourceType::Secret => own(Some(Host::new(name))),
            ResourceType::ClusterLoadAssignment
            | ResourceType::Cluster
            | ResourceType::RouteConfiguration
            | ResourceType::Listener
            | ResourceType::Runtime => vec![],
        }
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let replaced = std::mem::take(&mut self.replaced);
        replaced.into_iter().map(|(host, form)| (host, form.into())).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        self.touch(host);
        self.unroute(host);
        let is_apart = before.place.as_ref().is_some_and(|place| place.chain.is_some());
        self.move_to(host, before.place);
        if let Some(scope) = before.resource {
            self.scopes.put(scope);
        }
        self.table.restore(host, before.fragment);
        self.fallback.restore(host, before.fallback);
        if is_apart {
            self.bar(host);
        }
    }

    fn withdraw(&mut self) -> Vec<Output> {
        let Self { fixed, scopes, table, secrets, fallback, .. } = self;
        let outputs = fixed.withdraw().into_iter().chain(scopes.withdraw()).chain(table.withdraw());
        outputs.chain(fallback.withdraw()).chain(secrets.withdraw()).collect()
    }
}

impl OwnChain {
    fn parts(&self) -> (proto::FilterChain, Vec<Reference>) {
        (self.message.clone(), self.references.clone())
    }
}

/// Where a matcher chooses chains, Envoy does not look at their own conditions.
fn unmatched(chain: &proto::FilterChain) -> proto::FilterChain {
    proto::FilterChain { filter_chain_match: None, ..chain.clone() }
}

fn is_below(host: &Host, parent: &str) -> bool {
    host.as_str().strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}
