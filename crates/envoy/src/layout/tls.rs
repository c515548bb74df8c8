//! A TLS listener: one filter chain and one table for each host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Host, Listener, SecretKey, Settings, Traffic, VirtualHost};

use super::assembly::Assembly;
use super::by_listener::Shape;
use super::fallback::Fallback;
use super::outbox::{Id, Outbox};
use super::scope::Guard;
use super::tables::Tables;
use super::{Before, Form, Output};
use crate::listener::{Chains, FALLBACK_CHAIN, shell};
use crate::route::Style;
use crate::virtual_host::Asked;
use crate::{Resource, ResourceType, XdsMode};

/// The number of `Listener.filter_chains`.
const FILTER_CHAINS: u8 = 3;

/// A listener whose hosts are told apart by SNI.
pub(super) struct Tls {
    listener: Listener,
    settings: Arc<Settings>,
    mode: XdsMode,
    kind: Tables,
    style: Style,
    chains: Assembly,
    tables: Outbox,
    fallback: Fallback,
    /// The certificate of the fallback chain as it stands among the others.
    fallback_chain: Option<SecretKey>,
    /// Whether the settings differ from those that the fallback chain was made with.
    is_stale: bool,
    /// Whether a catch-all host takes what is nobody's: there is no fallback chain then.
    catch_all: bool,
}

impl Tls {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>, mode: XdsMode, kind: Tables) -> Self {
        Self {
            chains: match kind {
                Tables::Routes => chains(listener, &settings).waiting(),
                // A new chain waits for its scope, which may wait for a cluster.
                Tables::Scopes => chains(listener, &settings),
            },
            tables: Outbox::default(),
            fallback: Fallback::new(kind, &listener.id, &settings),
            fallback_chain: None,
            is_stale: false,
            catch_all: false,
            style: Style::of(&listener.id, &settings),
            listener: listener.clone(),
            settings,
            mode,
            kind,
        }
    }

    fn set_chain(&mut self, host: &Host, value: &VirtualHost) {
        let Self { listener, settings, mode, kind, .. } = &*self;
        let guard = Guard::of(value);
        let (key, name) = (kind.key(&value.host, guard), kind.name(&value.host, guard));
        let chains = Chains { listener, settings, mode: *mode };
        let (chain, references) = chains.chain(value, kind.routes(&key), kind.reference(name));
        self.chains.put(host, &chain, references);
    }

    fn set_table(&mut self, host: &Host, value: &VirtualHost) {
        match &value.traffic {
            Traffic::Http(routes) => self.put_table(host, self.kind.table(value, routes, self.style)),
            Traffic::Tcp(_) | Traffic::Udp(_) => {
                self.remove_table(host);
                // Envoy keeps the routes of a table that is removed for the connections that it still has.
                let bar = self.barred(host, Guard::Nothing);
                if let Some(bar) = bar.filter(|_| restricts(value)) {
                    self.tables.put(bar);
                }
            }
        }
    }

    /// Puts the table of a host, and takes care of the names that it does not have: connections of chains that do not
    /// look at all that its chain looks at find nothing there.
    fn put_table(&mut self, host: &Host, table: Resource) {
        let Some((_, guard)) = self.kind.host(&table) else { return };
        for other in Guard::ALL.into_iter().filter(|other| *other != guard) {
            let bar = if other.covers(guard) { None } else { self.barred(host, other) };
            match bar {
                Some(bar) => self.tables.put(bar),
                None => self.tables.remove(self.kind.resource_type(), self.kind.name(host, other)),
            }
        }
        self.tables.put(table);
    }

    fn barred(&self, host: &Host, guard: Guard) -> Option<Resource> {
        self.kind.barred(host, guard, &self.listener.id, Asked::of_all(&self.settings))
    }

    /// Whether this is no table, but what stands in the place of one.
    fn is_bar(&self, table: &Resource) -> bool {
        let name = self.kind.host(table);
        let bar = name.and_then(|(host, guard)| self.barred(&host, guard));
        bar.is_some_and(|bar| bar.body == table.body)
    }

    /// Puts the fallback chain among the others, or takes it away.
    fn put_fallback_chain(&mut self) {
        let certificate = self.fallback.certificate().filter(|_| !self.catch_all).cloned();
        if certificate == self.fallback_chain && !std::mem::take(&mut self.is_stale) {
            return;
        }
        match &certificate {
            Some(certificate) => {
                let Self { listener, settings, mode, .. } = &*self;
                let chains = Chains { listener, settings, mode: *mode };
                let (chain, references) = self.fallback.chain(&chains, certificate);
                self.chains.put(&fallback_place(), &chain, references);
            }
            None => self.chains.remove(&fallback_place()),
        }
        self.fallback_chain = certificate;
    }

    fn remove_table(&mut self, host: &Host) {
        for guard in Guard::ALL {
            self.tables.remove(self.kind.resource_type(), self.kind.name(host, guard));
        }
    }

    fn table_of(&self, host: &Host) -> Option<Resource> {
        self.in_force(host, |name| self.tables.published(self.kind.resource_type(), &name).cloned())
    }

    /// Of what stands under the names of a host, the table; what stands in its place, where connections are carried.
    fn in_force(&self, host: &Host, find: impl Fn(Arc<str>) -> Option<Resource>) -> Option<Resource> {
        let found = Guard::ALL.into_iter().filter_map(|guard| find(self.kind.name(host, guard)));
        let mut found: Vec<_> = found.collect();
        // One that stands alone is in force, whatever it is.
        let is_table = |each: &Resource| found.len() == 1 || !self.is_bar(each);
        let table = found.iter().position(is_table).unwrap_or_default();
        (table < found.len()).then(|| found.swap_remove(table))
    }

    /// Tables that changed, by their hosts; nothing but tables is in the box, and what stands in the place of some.
    fn replaced_tables(&mut self) -> BTreeMap<Host, Option<Resource>> {
        let replaced: BTreeMap<_, _> = self.tables.take_replaced().into_iter().collect();
        let before = |name: Arc<str>| {
            let id = (self.kind.resource_type(), name);
            let published = || self.tables.published(id.0, &id.1).cloned();
            replaced.get(&id).cloned().unwrap_or_else(published)
        };
        // What is new is published, what is gone was there before.
        let host = |((kind, name), before): (&Id, &Option<Resource>)| {
            self.kind.host(before.as_ref().or_else(|| self.tables.published(*kind, name))?)
        };
        let hosts: BTreeSet<_> = replaced.iter().filter_map(host).collect();
        hosts.into_iter().map(|(host, _)| (host.clone(), self.in_force(&host, before))).collect()
    }
}

impl Shape for Tls {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        let value = value.filter(|each| can_be_served(each));
        match value {
            Some(value) => {
                self.set_chain(host, value);
                self.set_table(host, value);
            }
            None => {
                self.chains.remove(host);
                self.remove_table(host);
            }
        }
        self.fallback.set(host, value);
        if host.is_any() {
            self.catch_all = value.is_some();
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = settings.clone();
        self.is_stale = true;
    }

    /// Envoy refuses a listener without filter chains: this one is there while it has any.
    fn flush(&mut self) -> Vec<Output> {
        self.put_fallback_chain();
        let tables = self.tables.flush().into_iter().chain(self.fallback.flush());
        tables.chain(self.chains.flush_unless_empty()).collect()
    }

    /// All hosts have a part in the listener, and each has its table.
    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        if resource_type == ResourceType::Listener && name == self.listener.id.as_str() {
            let fallback = fallback_place();
            return self.chains.hosts().filter(|host| **host != fallback).cloned().collect();
        }
        if let Some(hosts) = self.fallback.members(resource_type, name) {
            return hosts;
        }
        let table = self.tables.published(resource_type, name);
        let host = table.and_then(|table| self.kind.host(table)).map(|(host, _)| host);
        self.chains.hosts().filter(|each| Some(*each) == host.as_ref()).cloned().collect()
    }

    /// A host changes in its chain, its table or elsewhere; what it was is always all of it.
    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let mut chains = self.chains.take_replaced();
        chains.retain(|host, _| host.as_str() != FALLBACK_CHAIN);
        let mut tables = self.replaced_tables();
        let mut fallback = self.fallback.take_replaced();
        let hosts: BTreeSet<_> = chains.keys().chain(tables.keys()).chain(fallback.keys()).cloned().collect();
        let same = hosts.iter().filter(|host| !chains.contains_key(*host)).cloned().collect();
        let mut same_chains = self.chains.fragments(&same);
        let before = |host: Host| {
            let fragment = chains.remove(&host).unwrap_or_else(|| same_chains.remove(&host));
            let resource = tables.remove(&host).unwrap_or_else(|| self.table_of(&host));
            let fallback = fallback.remove(&host).unwrap_or_else(|| self.fallback.part(&host));
            (host, Form { fragment, resource, fallback, ..Form::default() }.into())
        };
        hosts.into_iter().map(before).collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        if host.is_any() {
            self.catch_all = before.fragment.is_some();
        }
        self.chains.restore(host, before.fragment);
        match before.resource {
            Some(table) => self.put_table(host, table),
            None => self.remove_table(host),
        }
        self.fallback.restore(host, before.fallback);
    }

    fn withdraw(&mut self) -> Vec<Output> {
        let others = self.tables.withdraw().into_iter().chain(self.fallback.withdraw());
        others.chain(self.chains.withdraw()).collect()
    }
}

/// Whether connections that were made before must not be served as they were.
fn restricts(value: &VirtualHost) -> bool {
    let asks = value.tls.as_ref().is_some_and(|tls| tls.clients.certificates().is_some());
    asks || !value.policies.is_empty()
}

/// Where the fallback chain stands among those of hosts, none of which is called so.
fn fallback_place() -> Host {
    Host::new(FALLBACK_CHAIN)
}

/// Requests are never routed from a TLS listener where TLS does not end, and no datagram comes by one.
pub(super) fn can_be_served(host: &VirtualHost) -> bool {
    match host.traffic {
        Traffic::Http(_) => host.tls.is_some(),
        Traffic::Tcp(_) => true,
        Traffic::Udp(_) => false,
    }
}

/// A listener that is put together from encoded filter chains.
pub(super) fn chains(listener: &Listener, settings: &Settings) -> Assembly {
    let shell = shell(listener, settings);
    let head =
        proto::Listener { name: shell.name.clone(), address: shell.address.clone(), ..Default::default() };
    let tail = proto::Listener { name: String::new(), address: None, ..shell };
    Assembly::new(listener.id.as_str(), &head, FILTER_CHAINS, &tail)
}
